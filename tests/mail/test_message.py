"""Messages and addresses: one text in two forms, and no way to slip in a header or a second recipient."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfservice.mail.message import build_message
from tests.domain_helpers import NOW

TEXT = """
Hallo Jan & Oona,

Met deze link kies je
een nieuw wachtwoord:

[Kies een nieuw wachtwoord](https://loket.example/nl/link/a?b=1&c=2)

- één uur geldig
- één keer te gebruiken
"""


def make(**changes: str) -> EmailMessage:
    values = {
        "message_id": "<abc@loket.example>",
        "sender": "KVK <noreply@loket.example>",
        "recipient": "jan@example.org",
        "subject": "Kies een nieuw wachtwoord – één keer",
        "text": TEXT,
        "language": "nl",
    }
    return build_message(**{**values, **changes}, now=NOW)


def part(message: EmailMessage, kind: str) -> str:
    """A body of the message as a mail program reads it, after it travelled."""
    read = message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.default)
    assert isinstance(read, EmailMessage)
    body = read.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_headers() -> None:
    """The mail says who, to whom, when, in which language, and that no person sent it."""
    message = make()
    names = ("Message-ID", "From", "To", "Subject", "Date", "Content-Language", "Auto-Submitted")
    assert [
        "<abc@loket.example>",
        "KVK <noreply@loket.example>",
        "jan@example.org",
        "Kies een nieuw wachtwoord – één keer",
        "Sat, 21 Nov 2026 12:00:00 +0000",
        "nl",
        "auto-generated",
    ] == [message[name] for name in names]


def test_text() -> None:
    """The plain text has each link as a label and the address on a line of its own."""
    assert (
        "Hallo Jan & Oona,\n\nMet deze link kies je\neen nieuw wachtwoord:\n\n"
        "Kies een nieuw wachtwoord:\nhttps://loket.example/nl/link/a?b=1&c=2\n\n"
        "- één uur geldig\n- één keer te gebruiken\n"
    ) == part(make(), "plain").replace("\r\n", "\n")


def test_html() -> None:
    """The HTML says the same: language, title, paragraphs, the link, the list."""
    html = part(make(), "html")
    wanted = [
        '<html lang="nl">',
        "<title>Kies een nieuw wachtwoord – één keer</title>",
        "<p>Hallo Jan &amp; Oona,</p>",
        "<p>Met deze link kies je een nieuw wachtwoord:</p>",
        '<a href="https://loket.example/nl/link/a?b=1&amp;c=2">Kies een nieuw wachtwoord</a>',
        "<ul><li>één uur geldig</li><li>één keer te gebruiken</li></ul>",
    ]
    assert [] == [each for each in wanted if each not in html]


@settings(deadline=None)
@given(st.text())
def test_no_markup_gets_in(name: str) -> None:
    """Whatever stands in a sentence, a person's name for example, stays text."""
    html = part(make(text=f"Hello {name.replace(chr(10), ' ').strip()}, welcome."), "html")
    assert (1, 0) == (html.count("<p>"), html.count("<a "))


@pytest.mark.parametrize("text", ["[x](javascript:alert)", "[x](https://a.example) y", "[a\nb](https://a.example)"])
def test_not_a_link(text: str) -> None:
    """Only a paragraph that is one link to a web address is a link."""
    assert "<a " not in part(make(text=text), "html")


@pytest.mark.parametrize("field", ["recipient", "subject", "sender", "message_id"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_header_injection(field: str, end: str) -> None:
    """A line end in anything that goes into a header is refused."""
    with pytest.raises(ValueError):  # noqa: PT011 (AddressError, or what the email package raises)
        make(**{field: f"jan@example.org{end}Bcc: all@example.org"})

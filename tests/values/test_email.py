"""E-mail addresses as people paste them: one address comes out, or none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfservice.values.email import check_email, email_error, email_key, likely_email, mask_email
from selfservice.values.error import FieldError

PARTS = (
    *("jan", "oona", "@", "＠", "example.org", ".", "。", "<", ">", "mailto:", "MAILTO:", "?subject=", "%0a", "%40"),
    *(" ", "\u00a0", "\u200b", "\u202e", ",", ";", "\n", "\r", "\x00", '"', "xn--"),
)
ADDRESSES = st.from_regex(
    r"[A-Za-z0-9][a-z0-9+_-]{0,20}(\.[a-z0-9]{1,9})?@[a-z0-9]{1,20}\.(nl|org|example)", fullmatch=True
)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("jan@example.org", "jan@example.org"),
        ("  jan@example.org ", "jan@example.org"),
        ("Jan.O'Brien+kvk@Example.ORG", "Jan.O'Brien+kvk@example.org"),
        ("jan@exämple.nl", "jan@xn--exmple-cua.nl"),
        ("jan@example.org\t", "jan@example.org"),
        ("\u00a0jan@example.org\u2009", "jan@example.org"),
        ("\ufeffj\u200ban@exam\u00adple.org\u2060", "jan@example.org"),
        ("\u202ajan@example.org\u202c", "jan@example.org"),
        ("\u2066jan@example.org\u2069\u200f", "jan@example.org"),
        ("mailto:jan@example.org", "jan@example.org"),
        ("MAILTO: jan@example.org", "jan@example.org"),
        ("mailto:jan%2Bkvk@example.org?subject=Code&body=x%0Ay", "jan+kvk@example.org"),
        ("<jan@example.org>", "jan@example.org"),
        ("<mailto:jan@example.org>;", "jan@example.org"),
        ("Jan Visser <jan@example.org>", "jan@example.org"),
        ('"Visser, Jan" <jan@example.org>,', "jan@example.org"),
        ("jan@example.org <mailto:jan@example.org>", "jan@example.org"),
        ("jan@example.org,", "jan@example.org"),
        ("jan@example.org; ", "jan@example.org"),
        ("jan@example.org.", "jan@example.org"),
        ("jan＠example．org", "jan@example.org"),
        ("ｊａｎ@example。org｡", "jan@example.org"),
    ],
)
def test_addresses(typed: str, expected: str) -> None:
    """One address is taken without what was pasted around it, with its domain as computers write it."""
    assert (expected, expected.casefold(), "") == (check_email(typed), email_key(typed), email_error(typed))


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "jan",
        "jan@",
        "@example.org",
        "jan@localhost",
        "jan@example",
        "jan@example.org\n",
        "jan@example.org\r\nBcc: oona@example.org",
        "jan@example.org\x00",
        "jan@example.org\u2028",
        "jan@example.org,oona@example.org",
        "jan@example.org;oona@example.org",
        "jan@example.org oona@example.org",
        "oona@example.org <jan@example.org>",
        "oona＠example.org <jan@example.org>",
        "Jan\r\nBcc: oona@example.org <jan@example.org>",
        "Jan\n<jan@example.org>",
        "<jan@example.org> <oona@example.org>",
        "<jan@example.org>, oona@example.org",
        "<<jan@example.org>>",
        "mailto:jan@example.org,oona@example.org",
        "mailto:jan@example.org%0D%0ABcc:oona@example.org",
        "mailto:jan@example.org%2Coona@example.org",
        "mailto:?to=jan@example.org",
        "mailto:",
        "<>",
        ",",
        '"jan visser"@example.org',
        "jan@[192.0.2.1]",
        "jan(comment)@example.org",
        "jan..visser@example.org",
        "jän@example.org",
        f"{'j' * 65}@example.org",
        f"jan@{'e' * 250}.org",
        "jan@example.org@example.org",
    ],
)
def test_not_one_address(typed: str) -> None:
    """Anything that is not exactly one plain address is refused."""
    with pytest.raises(FieldError):
        check_email(typed)
    assert email_error(typed)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(PARTS)).map("".join)))
def test_address_or_error(text: str) -> None:
    """Whatever is typed is one plain address, which is its own canonical form, or refused."""
    try:
        found = check_email(text)
    except FieldError:
        return
    assert (1, True, [found], found) == (found.count("@"), found.isascii(), found.split(), check_email(found))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("jan@example.org", "j•••@example.org"),
        ("j@example.org", "j•••@example.org"),
        ("jan.visser+kvk@sub.example.org", "j•••@sub.example.org"),
        ("nonsense", "•••"),
        ("", "•••"),
    ],
)
def test_mask(address: str, expected: str) -> None:
    """An address is shown so that its owner knows it and its length is not told."""
    assert expected == mask_email(address)


@settings(deadline=None)
@given(
    ADDRESSES, st.sampled_from(("{}", "{}.", " {},", "<{}>", "Jan <{}>", "mailto:{}", "\u200b{}\u00a0", "“Jan” <{}>;"))
)
def test_copied(address: str, form: str) -> None:
    """An address is known again however a mail program, a page or a letter gives it back."""
    assert (address, email_key(address)) == (check_email(form.format(address)), email_key(form.format(address)))


@pytest.mark.parametrize("text", ["", " ", "jan", "Jan\nBcc", "a@b@c"])
def test_key_of_no_address(text: str) -> None:
    """What is no address has a key that no address has."""
    assert text.strip().casefold() == email_key(text)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("GMAIL.CON", "gmail.com"),
        ("hotmial.nl", "hotmail.nl"),
        ("protonmail.co", "protonmail.com"),
    ]
    + [(domain, "") for domain in ("gmail.com", "mail.com", "mailo.com", "protonmail.ch", "ziggo.com", "example.org")],
)
def test_likely(typed: str, meant: str) -> None:
    """A slip in the domain of a large provider is asked about; another provider whose name is like it is not."""
    assert (f"jan@{meant}" if meant else "") == likely_email(f"jan@{typed}")

"""Building a mail from one text: as plain text and as simple HTML.

The text is paragraphs with blank lines between them. A paragraph that is only `[label](address)` is the link
to follow; lines that begin with `- ` are a list. There is no other markup, so text typed by a person
cannot become markup.
"""

import re
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from selfservice.values.email import check_email

_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^\s()<>\"]+)\)")


def build_message(
    *, message_id: str, sender: str, recipient: str, subject: str, text: str, language: str, now: datetime
) -> EmailMessage:
    """The mail, as text/plain with a text/html alternative. `sender` may have a display name, `recipient` may
    not.

    Raises FieldError for a recipient that is not one address, ValueError for a subject or sender of several
    lines.
    """
    message = EmailMessage()
    message["Message-ID"] = message_id
    message["Date"] = format_datetime(now)
    message["From"] = sender
    message["To"] = check_email(recipient)
    message["Subject"] = subject
    # So that nobody's out-of-office reply comes back (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    paragraphs = [paragraph.strip() for paragraph in re.split(r"\n\s*\n", text.strip()) if paragraph.strip()]
    message.set_content("\n\n".join(_as_text(paragraph) for paragraph in paragraphs) + "\n")
    body = "\n".join(_as_html(paragraph) for paragraph in paragraphs)
    message.add_alternative(
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head>\n<body>\n{body}\n</body>\n</html>\n",
        subtype="html",
    )
    # Only now, since the two bodies take every Content- header that is there with them.
    message["Content-Language"] = language
    return message


def _as_text(paragraph: str) -> str:
    link = _LINK.fullmatch(paragraph)
    return f"{link[1]}:\n{link[2]}" if link else paragraph


def _as_html(paragraph: str) -> str:
    if link := _LINK.fullmatch(paragraph):
        return f'<p><strong><a href="{escape(link[2])}">{escape(link[1])}</a></strong></p>'
    lines = [line.strip() for line in paragraph.splitlines()]
    if all(line.startswith("- ") for line in lines):
        items = "".join(f"<li>{escape(line[2:])}</li>" for line in lines)
        return f"<ul>{items}</ul>"
    return f"<p>{escape(' '.join(lines))}</p>"

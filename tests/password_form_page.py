"""The form `replacement-password` as a browser finds it, for all tests that fill it in."""

from __future__ import annotations

import re
from email.message import EmailMessage

from playwright.sync_api import Page

FORM = "#replacement-password-form"
CODE, EMAIL, PASSWORD = (f"#replacement-password-{name}" for name in ("access_code", "email", "new_password"))
SUBMIT = f"{FORM} .button"
SUMMARY = "#replacement-password .summary"
AGAIN = "#replacement-password form:not([id]) button"
CORRECT = "#replacement-password details form"
# No word of it is in the name of anybody in the demonstration.
GOOD = "zebra teapot umbrella glacier"


def send(page: Page, code: str, email: str) -> None:
    """Fill in the first form and send it."""
    page.fill(CODE, code)
    page.fill(EMAIL, email)
    page.click(SUBMIT)


def link_in(mail: EmailMessage) -> str:
    """The one link in a mail to choose a password with, the same in its text and its HTML."""
    found = []
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        # Besides the one that opens the status of a request.
        found.append(re.findall(r"https?://[^\s\"<>]+(?<!request-status)/link/[^\s\"<>]+", part.get_content()))
    text, html = found
    assert 1 == len(text) == len(html)
    assert text == html
    return str(text[0])

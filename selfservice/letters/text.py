"""The text of a letter, in the language of its addressee. The layout is letter.typ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from selfservice.facts.facts import Facts
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import current_language, using_language
from selfservice.letters.pending import Letter
from selfservice.mail.verification import help_role, verification_line
from selfservice.values.access_code import group_code
from selfservice.values.address import split_envelope
from selfservice.values.reference import group_reference


@dataclass(frozen=True)
class LetterContext:
    """Facts and addresses for a letter. `page_path` gives the path of a help page by its key."""

    facts: Facts
    base_url: str
    page_path: Callable[[str], str]

    def shown_address(self, path: str) -> str:
        """An address to type: without https:// and without a trailing slash."""
        return f"{self.base_url}{path}".removeprefix("https://").removeprefix("http://").removesuffix("/")

    def form_address(self, name: str) -> str:
        """The address of a form, to type."""
        return self.shown_address(f"/{current_language()}/self-service/{name}")

    def page_address(self, key: str) -> str:
        """The address of a help page, to type."""
        return self.shown_address(self.page_path(key))


def letter_text(letter: Letter, code: str, day: date, site: LetterContext) -> dict[str, Any]:
    """All texts of the letter, for letter.typ. `code` is the access code, not grouped; `day` is the date of the letter.

    The greeting uses the addressee's last line on the envelope.
    """
    addressee, _ = split_envelope(letter.lines)
    with using_language(letter.language):
        name, full_name = str(site.facts.get("organisation.name")), str(site.facts.get("organisation.full_name"))
        post = [str(site.facts.get("organisation.post_box")), str(site.facts.get("organisation.post_place"))]
        reference = group_reference(letter.reference)
        return {
            "language": letter.language,
            "title": gettext("Your access code"),
            "sender": {"name": name, "lines": [full_name, *post, site.shown_address("")]},
            "return_line": " · ".join([name, *post]),
            "recipient": list(letter.lines),
            "labels": [
                {"name": gettext("Date"), "value": format_date(day)},
                {"name": gettext("Our reference"), "value": reference},
            ],
            "greeting": gettext("Dear %(name)s,", name=addressee[-1]),
            "opening": gettext("You asked us for an access code. This is your access code:"),
            "code": group_code(code),
            "code_hint": gettext("Capitals and dashes do not matter. A code never has a 0, a 1, an I or an O."),
            "parts": _sections(letter, site, reference),
            "closing": gettext("Kind regards,"),
            "signature": full_name,
            "check": verification_line(letter.check_code, site.page_address(help_role())),
        }


def _sections(letter: Letter, site: LetterContext, reference: str) -> list[dict[str, Any]]:
    """The headings, each with its steps (numbered) or paragraphs."""
    last = format_date(letter.valid_until)
    return [
        {
            "heading": gettext("How to log in"),
            "steps": [
                gettext("Go to %(address)s", address=site.form_address("sign-in")),
                gettext("Type this access code and your password."),
                gettext(
                    "No password yet? Choose one with the link in the e-mail that we sent when you asked for the "
                    "code. If that link no longer works, ask for a new one at %(address)s",
                    address=site.form_address("replacement-password"),
                ),
            ],
        },
        {
            "heading": gettext("Log in by %(day)s", day=last),
            "paragraphs": [
                gettext("If you have not used the code by then, it stops working. Then you have to ask for a new one."),
            ],
        },
        {
            "heading": gettext("Keep this letter to yourself"),
            "paragraphs": [
                gettext(
                    "The code is only for you. We never ask for your code or your password, not by phone and not by "
                    "e-mail. If you did not ask for a code, do not use it, and tell us: %(address)s",
                    address=site.page_address("contact"),
                ),
            ],
        },
        {
            "heading": gettext("Something else?"),
            "paragraphs": [
                gettext(
                    "Follow your request with the reference %(reference)s and your e-mail address: %(address)s",
                    reference=reference,
                    address=site.form_address("request-status"),
                ),
                gettext(
                    "Have you lost the code? We cannot look it up, but you can get a new one: %(address)s",
                    address=site.form_address("lost-access-code"),
                ),
            ],
        },
    ]

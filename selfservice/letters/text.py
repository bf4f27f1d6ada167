"""What a letter says, in the language of its receiver: texts and facts only, no layout (that is letter.typ)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from selfservice.facts.facts import Facts
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import current_language, using_language
from selfservice.letters.characters import printable
from selfservice.letters.pending import Letter
from selfservice.mail.verification import check_line
from selfservice.values.access_code import group_code
from selfservice.values.reference import group_reference


@dataclass(frozen=True)
class Site:
    """What a letter points to. `page_path` gives the path of a help page by its key, in the language in force."""

    facts: Facts
    base_url: str
    page_path: Callable[[str], str]

    def shown(self, path: str) -> str:
        """An address as people type it: without https:// and without a slash at its end."""
        return f"{self.base_url}{path}".removeprefix("https://").removeprefix("http://").removesuffix("/")

    def form(self, name: str) -> str:
        """The address of a form, as people type it."""
        return self.shown(f"/{current_language()}/self-service/{name}")

    def page(self, key: str) -> str:
        """The address of a help page, as people type it."""
        return self.shown(self.page_path(key))


def write(letter: Letter, code: str, day: date, site: Site) -> dict[str, Any]:
    """Everything that stands in the letter, as plain text for letter.typ. `code` is the access code, not grouped; `day`
    is the date that the letter bears.

    The person whom it greets is the third line from below of its envelope (`model.enqueue`).
    """
    with using_language(letter.language):
        fact = {short: str(site.facts.get(f"organisation.{short}")) for short in ("name", "full_name")}
        post = [str(site.facts.get(name)) for name in ("organisation.post_box", "organisation.post_place")]
        reference = group_reference(letter.reference)
        return {
            "language": letter.language,
            "title": gettext("Your access code"),
            "sender": {"name": fact["name"], "lines": [fact["full_name"], *post, site.shown("")]},
            "return_line": " · ".join([fact["name"], *post]),
            "recipient": [printable(line) for line in letter.lines],
            "labels": [
                {"name": gettext("Date"), "value": format_date(day)},
                {"name": gettext("Our reference"), "value": reference},
            ],
            "greeting": gettext("Hello %(name)s,", name=printable(letter.lines[-3])),
            "opening": gettext("You asked us for an access code. This is it:"),
            "code": group_code(code),
            "code_hint": gettext(
                "Capitals and dashes do not matter. The digits 0 and 1 and the letters I and O are not in it."
            ),
            "parts": _parts(letter, site, reference),
            "closing": gettext("Kind regards,"),
            "signature": fact["full_name"],
            "check": check_line(letter.check_code, site.page("recognise-a-message")),
        }


def _parts(letter: Letter, site: Site, reference: str) -> list[dict[str, Any]]:
    """The headings, each with its steps (numbered) or paragraphs."""
    last = format_date(letter.valid_until)
    return [
        {
            "heading": gettext("How to log in"),
            "steps": [
                gettext("Go to %(address)s", address=site.form("sign-in")),
                gettext("Type this access code and your password."),
                gettext(
                    "No password yet? Choose one with the link in the e-mail that we sent when you asked for the code. "
                    "If that link no longer works, get a new one at %(address)s",
                    address=site.form("replacement-password"),
                ),
            ],
        },
        {
            "heading": gettext("Log in by %(day)s", day=last),
            "paragraphs": [
                gettext("If you have not used the code by then, it stops working and you have to ask for a new one."),
            ],
        },
        {
            "heading": gettext("Keep this letter to yourself"),
            "paragraphs": [
                gettext(
                    "The code is for you alone. We never ask for your code or your password, not by phone and not by "
                    "e-mail. Did you not ask for a code? Then do not use it, and tell us: %(address)s",
                    address=site.page("contact"),
                ),
            ],
        },
        {
            "heading": gettext("Something else?"),
            "paragraphs": [
                gettext(
                    "Follow your request, with its reference %(reference)s and your e-mail address: %(address)s",
                    reference=reference,
                    address=site.form("request-status"),
                ),
                gettext(
                    "Lost the code? We cannot look it up, but you can get a new one: %(address)s",
                    address=site.form("lost-access-code"),
                ),
            ],
        },
    ]

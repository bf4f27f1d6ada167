"""A business code by post, as its owner and staff see it: asked for, printed, used, lost, and in with the next."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from selfservice.clock import from_text
from selfservice.config import ROOT
from selfservice.db import Database
from selfservice.i18n.formats import format_timestamp
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.requests import records, states
from tests.fragments.test_browser_access_code import A, L, S, choose, fill_in, go_on, log_in, new_address, start
from tests.live_server import Live
from tests.password_form_page import GOOD, link_in
from tests.visitors import VisitorFactory

# Of the demonstration: both pay by direct debit already, and no other test has a letter sent there.
KVK = {"en": "00031036", "nl": "00016192"}
SEEN = {
    "en": {
        "received": ("We have received your request", ["Received"]),
        "printed": ("The letter with your code is printed", ["Received", "Approved", "Printed"]),
        "posted": ("The letter with your code is in the post", ["Received", "Approved", "Printed", "Posted"]),
    },
    "nl": {
        "received": ("We hebben je aanvraag ontvangen", ["Ontvangen"]),
        "printed": ("De brief met je code is geprint", ["Ontvangen", "Goedgekeurd", "Geprint"]),
        "posted": ("De brief met je code is onderweg", ["Ontvangen", "Goedgekeurd", "Geprint", "Op de post gedaan"]),
    },
}


@dataclass
class Office:
    """Staff at the command line of a running Loket, and the folder that their letters come in."""

    live: Live
    folder: Path

    def loket(self, *arguments: str) -> str:
        """Run one command, as typed; what it says. Fails when the command does."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
        here = {
            "LOKET_DEMO": "1",
            "LOKET_VAR": str(self.live.database.parent),
            "LOKET_BASE_URL": self.live.base,
        }
        done = subprocess.run(
            [sys.executable, "-m", "selfservice", *arguments],
            cwd=ROOT, env=others | here, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert 0 == done.returncode, done.stdout
        return done.stdout

    def print_letters(self) -> str:
        """Print what is ready; the number of the batch."""
        return self.loket("letters", "print", "--to", str(self.folder)).split()[-1]

    def code_for(self, reference: str) -> str:
        """The code in the letter for a request."""
        letter = next(file for file in self.folder.rglob("*.pdf") if reference.replace("-", "") in file.name)
        found = re.search(r"(?:[2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}", PdfReader(letter).pages[0].extract_text())
        assert found
        return found[0]


def look_up(page: Page, live: Live, lang: str, reference: str, email: str) -> tuple[str, list[str]]:
    """The heading and the steps that the status shows, once each step's moment is seen to be when it was."""
    page.goto(f"{live.base}/{lang}/self-service/request-status")
    page.fill(f"{S}-reference", reference)
    page.fill(f"{S}-email", email)
    page.click(f"{S}-form .button")
    page.wait_for_selector(f"{S} .course")
    db = Database(live.database)
    request = records.find_by_reference(db.read(), reference)
    assert request is not None
    with using_language(lang):
        moments = [format_timestamp(from_text(at)) for _, at in states.history(db.read(), request.id)]
    db.close()
    done = page.locator(f"{S} .course .done")
    assert moments == done.locator(".hint").all_inner_texts()
    return page.inner_text(f"{S} h2"), done.evaluate_all("(all) => all.map((one) => one.firstChild.data.trim())")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_code_by_letter(live: Live, visit: VisitorFactory, tmp_path: Path, lang: str) -> None:
    """The code in the letter lets its owner in, until it is lost: then only the code in the next letter does."""
    office, email, seen = Office(live, tmp_path), new_address(), SEEN[lang]
    page = start(visit, lang)
    choose(page, "business")
    page.fill(f"{A}-kvk_number", KVK[lang])
    fill_in(page, email)
    go_on(page, "check")
    go_on(page, "done")
    reference = page.inner_text(f"{A} strong")
    page.goto(link_in(live.mails(email, 1)[0]))
    page.fill(f"{A}-new_password", GOOD)
    page.click(f"{A}-form .button")
    page.wait_for_selector(f"{A}[data-switch$='/confirmed']")
    assert seen["received"] == look_up(page, live, lang, reference, email)

    office.loket("requests", "approve", reference, "--by", "Anna Staff")
    batch = office.print_letters()
    assert seen["printed"] == look_up(page, live, lang, reference, email)
    office.loket("letters", "posted", batch)
    assert seen["posted"] == look_up(page, live, lang, reference, email)
    old = office.code_for(reference)
    page.goto(f"{live.base}/{lang}/self-service/sign-in")
    log_in(page, old)

    page.goto(f"{live.base}/{lang}/self-service/lost-access-code")
    page.fill(f"{L}-email", email)
    page.fill(f"{L}-kvk_number", KVK[lang])
    page.click(f"{L}-form .button")
    page.goto(link_in(live.mails(email, 2)[1]))
    page.click(f"{L} .button")
    page.wait_for_url("**/lost-access-code/done")
    again = re.search(r"\b[2-9A-Y]{4}-[2-9A-Y]{4}\b", page.inner_text(L))
    assert again
    page.goto(f"{live.base}/{lang}/self-service/sign-in")
    page.fill("#sign-in-access_code", old)
    page.fill("#sign-in-password", GOOD)
    page.click("#sign-in-form .button")
    expect(page.locator("#sign-in .summary")).to_be_focused()
    office.print_letters()
    new = office.code_for(again[0])
    assert old != new
    log_in(page, new)

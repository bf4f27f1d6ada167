"""The header: two rows on a phone, whoever is logged in; and a search field to type in, however narrow the screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.i18n.languages import LANGUAGES
from tests.live_server import Live, path
from tests.test_browser_layout import NARROW, SHIFT, TOO_WIDE
from tests.visitors import VisitorFactory

LONG = "Wilhelmina-Alexandrina van Nieuwenhuizen-Oosterhoudt"
# The middle of each part of the header that is seen, from top to bottom, and the bottom of the last.
ROWS = """() => {
    const boxes = [...document.querySelectorAll(".top > :not(.unseen)")].map((e) => e.getBoundingClientRect());
    return [...new Set(boxes.map((box) => Math.round((box.top + box.bottom) / 20)))].length;
}"""
BOX = "(e) => { const box = e.getBoundingClientRect(); return [box.left, box.right, box.top, box.bottom] }"


def log_in(page: Page, base: str, login: tuple[str, str]) -> None:
    """Log in, without the mail."""
    page.goto(f"{base}/en/self-service/sign-in")
    page.fill("#sign-in-access_code", login[0])
    page.fill("#sign-in-password", accounts.DEMO_PASSWORD)
    page.click("#sign-in-form .button:not(.show)")
    page.wait_for_url("**/my")


@pytest.mark.parametrize("width", [390, 360])
def test_two_rows(live: Live, visit: VisitorFactory, width: int) -> None:
    """On a phone name, way out, language and search take two rows, however long the name is; and nothing moves."""
    login = live.login()
    db = Database(live.database)
    with db.write() as conn:
        conn.execute("UPDATE people SET given_name = ?, family_name = 'B' WHERE email = ?", (LONG, login[1]))
    db.close()
    visitor = visit(width=width, has_touch=True, is_mobile=True)
    page = visitor.page
    for who in ("nobody", "somebody"):
        if who == "somebody":
            log_in(page, live.base, login)
        for lang in LANGUAGES:
            for key in ("index", "contact", "cannot-log-in"):
                visitor.go(path(lang, key))
                if who == "somebody":
                    page.wait_for_selector("form.account")
                    assert (page.get_attribute(".account a", "title") or "").endswith(f": {LONG} B")
                assert (1 + (key != "index"), 0, 0) == (
                    page.evaluate(ROWS), page.evaluate(TOO_WIDE), page.evaluate(SHIFT)
                )  # fmt: skip


@pytest.mark.parametrize("key", ["index", "contact"])
def test_search_in_large_letters(visit: VisitorFactory, key: str) -> None:
    """On a narrow screen with letters twice as large the search field has room for words, and its button is whole."""
    page = visit(width=NARROW).go(path("nl", key))
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    field, button = (page.locator(name).evaluate(BOX) for name in ("#q", ".search button"))
    assert (True, True) == (field[1] - field[0] > 170, button[1] <= NARROW)
    assert (True, 0) == (field[1] <= button[0] or field[3] <= button[2], page.evaluate(TOO_WIDE))

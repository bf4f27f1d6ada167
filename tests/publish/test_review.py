"""Who has to review which page by when: `loket review`, and the mail on Monday."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from selfservice import clock, mailer
from selfservice.commands.review import command
from selfservice.config import Config
from selfservice.db import Row
from selfservice.i18n.languages import DEFAULT_LANGUAGE, TIMEZONE
from selfservice.publish.rules.review import due_day, review_of, reviews
from selfservice.publish.rules.review_mail import MOST, ReviewMail
from tests.conftest import new_app_unshared

MONDAY = dt.date(2026, 12, 7)
MORNING = dt.datetime.combine(MONDAY, dt.time(8), TIMEZONE)
EDITORS = ("an@loket.example", "jo@loket.example")


@pytest.mark.parametrize(
    ("reviewed", "months", "due"),
    [
        ("2026-11-30", 12, "2027-11-30"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2026-01-31", 60, "2031-01-31"),
        ("9999-06-01", 12, "9999-12-31"),
    ],
)
def test_due_day(reviewed: str, months: int, due: str) -> None:
    """A page is due on the same day so many months later, or on the last day of a month that has no such day."""
    assert due == due_day(dt.date.fromisoformat(reviewed), months).isoformat()


def test_default() -> None:
    """A page that does not say how often is reviewed once a year; one that does not say when it was, never."""
    one = review_of({"reviewed": dt.date(2026, 11, 30)}, "content/en/page.md")
    assert one is not None
    assert (dt.date(2027, 11, 30), "", None) == (one.due, one.owner, review_of({}, "content/en/page.md"))


@pytest.fixture
def few(copied: Config) -> Config:
    """Settings with content of which some pages are due; of all others the day lies far ahead."""
    for lang in ("en", "nl"):
        for path in (copied.content / lang).glob("*.md"):
            write(path, owner="", reviewed="2030-01-01", review_every="12")
    for lang in ("en", "nl"):
        write(copied.content / lang / "orders.md", owner="team-orders", reviewed="2026-06-20", review_every="6")
    write(copied.content / "en" / "digid.md", owner="team-log-in", reviewed="2026-11-01", review_every="1")
    write(copied.content / "nl" / "privacy.md", owner="", reviewed="2026-01-06", review_every="12")
    return copied


def write(path: Path, **lines: str) -> None:
    """Change, or add, these lines of the front matter; an empty one goes."""
    head, _, body = path.read_text("utf-8").removeprefix("---\n").partition("\n---\n")
    kept = [line for line in head.splitlines() if line.partition(":")[0] not in lines]
    added = [f"{name}: {value}" for name, value in lines.items() if value]
    path.write_text("\n".join(["---", *kept, *added, "---", ""]) + body, "utf-8")


def run(config: Config, *arguments: str) -> Result:
    """The command with these arguments, on the Monday."""
    return new_app_unshared(config).test_cli_runner().invoke(command, arguments)


@pytest.fixture
def on_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the Monday."""
    monkeypatch.setattr(clock, "now", lambda: MORNING)


def test_command(few: Config, on_monday: None) -> None:
    """It prints what is due within 30 days, by owner, what has none last."""
    done = run(few)
    expected = """\
team-log-in
  content/en/digid.md    reviewed 2026-11-01, due 2026-12-01, overdue
team-orders
  content/en/orders.md   reviewed 2026-06-20, due 2026-12-20
  content/nl/orders.md   reviewed 2026-06-20, due 2026-12-20
(nobody: these pages have no 'owner:')
  content/nl/privacy.md  reviewed 2026-01-06, due 2027-01-06
"""
    assert (0, expected) == (done.exit_code, done.output)


def test_command_of_an_owner(few: Config, on_monday: None) -> None:
    """It prints only those of one owner; that nothing is due; and the nearest owner to one that is not there."""
    write(few.content / "en" / "contact.md", owner="team-phone")
    assert 3 == len(run(few, "--owner", "team-orders").output.splitlines())
    nothing = run(few, "--owner", "team-phone")
    assert (0, "Nothing is due within 30 days\n") == (nothing.exit_code, nothing.output)
    near = run(few, "--owner", "team-order")
    line = "loket: no page has 'owner: team-order'; did you mean 'team-orders'?\n"
    assert (1, line) == (near.exit_code, near.output)


def test_nobody_reviews_a_draft(few: Config) -> None:
    """A draft, a page that has ended and one that cannot be read are not due; one to be published is."""
    write(few.content / "en" / "digid.md", status="draft")
    write(few.content / "nl" / "privacy.md", until="2026-12-01")
    write(few.content / "en" / "orders.md", publish="2026-12-20")
    (few.content / "nl" / "orders.md").write_text("---\nreviewed: [\n---\n", "utf-8")
    assert ["content/en/orders.md"] == [one.file for one in reviews(few.content, MONDAY) if one.is_due(MONDAY)]


def queued(app: Flask) -> list[Row]:
    """The mails to editors in the outbox."""
    sql = "SELECT * FROM outbox WHERE kind = 'review.due' ORDER BY idempotency_key"
    return list(app.extensions["services"].db.read().execute(sql).fetchall())


def test_mail(few: Config) -> None:
    """Each editor gets one mail a week, from Monday morning on, however many workers there are and however often they
    start; in the language of the site.
    """
    app = new_app_unshared(dataclasses.replace(few, editors=EDITORS))
    wired = app.extensions["services"]
    first = ReviewMail()
    first.turn(wired, MORNING - dt.timedelta(hours=2))
    assert [] == queued(app)
    for moment in (MORNING, MORNING + dt.timedelta(days=3)):
        for mails in (first, ReviewMail()):
            mails.turn(wired, moment)
    rows = queued(app)
    assert ["review.due:2026-W50:an@loket.example", "review.due:2026-W50:jo@loket.example"] == [
        row["idempotency_key"] for row in rows
    ]
    assert [DEFAULT_LANGUAGE] * 2 == [row["language"] for row in rows]
    subject, text = mailer.render_mail(wired, "review.due", "en", json.loads(rows[0]["payload"]))
    assert "4 pages to review" == subject
    assert "\nteam-log-in\n\n- content/en/digid.md: was due on " in text
    assert "\nPages without an owner\n\n- content/nl/privacy.md: due on " in text
    assert "\n- content/en/orders.md: due on 20 december 2026\n- content/nl/orders.md: due on" in text
    first.turn(wired, MORNING + dt.timedelta(days=7))
    assert 4 == len(queued(app))


def test_no_mail(few: Config) -> None:
    """No mail goes when nothing was due on Monday, whatever is due later in that week, nor to nobody."""
    app = new_app_unshared(few)
    ReviewMail().turn(app.extensions["services"], MORNING)
    for path in few.content.rglob("*.md"):
        write(path, reviewed="2026-12-10", review_every="1")
    app = new_app_unshared(dataclasses.replace(few, editors=EDITORS))
    ReviewMail().turn(app.extensions["services"], MORNING + dt.timedelta(days=5))
    assert [] == queued(app)


def test_long_mail(few: Config) -> None:
    """A mail names a hundred pages, and says how many more there are."""
    for number in range(MOST):
        path = few.content / "en" / f"page-{number}.md"
        path.write_text("---\ntitle: A page\n---\n", "utf-8")
        write(path, reviewed="2026-12-01", review_every="1", owner="aa")
    app = new_app_unshared(dataclasses.replace(few, editors=EDITORS[:1]))
    wired = app.extensions["services"]
    ReviewMail().turn(wired, MORNING)
    text = mailer.render_mail(wired, "review.due", "en", json.loads(queued(app)[0]["payload"]))[1]
    assert (MOST, True) == (text.count("\n- content/"), "And 4 more. The command ‘loket review’ shows all." in text)

"""What the privacy page says is kept, and for how long, is what the program does."""

from __future__ import annotations

from selfservice import downloads
from selfservice.config import ROOT
from selfservice.events import model as events
from selfservice.facts import Facts
from selfservice.letters import model as letters
from selfservice.orders import periods
from selfservice.requests import jobs
from selfservice.visits import drafts, failures
from selfservice.visits import model as anonymous_sessions


def test_text_and_program_agree() -> None:
    """The facts on the page and the limits in the code are the same numbers."""
    facts = Facts.load(ROOT / "content" / "facts.toml")
    said = [facts.get(name).value for name in ("visit.keep_hours", "events.keep_days", "access_code.request_keep_days")]
    assert [anonymous_sessions.LIFE_HOURS, events.KEPT_DAYS, jobs.KEPT_DAYS] == said
    assert failures.KEPT_SECONDS == facts.get("sign_in.failures_keep_hours").value * 3600
    assert anonymous_sessions.LIFE_HOURS == drafts.LIFE_HOURS
    assert letters.OPEN_DAYS == facts.get("letter.every_days").value
    assert downloads.KEPT_SECONDS == facts.get("orders.file_keep_hours").value * 3600
    assert periods.KEPT_YEARS == facts.get("orders.keep_years").value

"""What the privacy page says is kept, and for how long, is what the program does."""

from __future__ import annotations

from selfservice import audit
from selfservice.accounts import anonymous_sessions, login_throttle, saved_forms
from selfservice.config import ROOT
from selfservice.facts.facts import Facts
from selfservice.letters import pending
from selfservice.orders import periods
from selfservice.requests import scheduled
from selfservice.web import downloads


def test_text_and_program_agree() -> None:
    """The facts on the page and the limits in the code are the same numbers."""
    facts = Facts.load(ROOT / "content" / "facts.toml")
    said = [facts.get(name).value for name in ("visit.keep_hours", "events.keep_days", "access_code.request_keep_days")]
    assert [anonymous_sessions.MAX_IDLE_HOURS, audit.KEPT_DAYS, scheduled.KEPT_DAYS] == said
    assert login_throttle.KEPT_SECONDS == facts.get("sign_in.failures_keep_hours").value * 3600
    assert anonymous_sessions.MAX_IDLE_HOURS == saved_forms.KEPT_HOURS
    assert pending.OPEN_DAYS == facts.get("letter.every_days").value
    assert downloads.KEPT_SECONDS == facts.get("orders.file_keep_hours").value * 3600
    assert periods.KEPT_YEARS == facts.get("orders.keep_years").value

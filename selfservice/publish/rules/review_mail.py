"""The mail to editors, each Monday, about the pages that are to be reviewed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import DEFAULT_LANGUAGE, TIMEZONE, using_language
from selfservice.mail import outbox
from selfservice.publish.rules.review import Review, by_owner, reviews
from selfservice.site_config import SITE
from selfservice.web.services import Services
from selfservice.workdays import today

KIND = "review.due"
HOUR = dt.time(7)
MOST = 100  # pages that a mail names


class ReviewMail:
    """Queues the mail of each week once, however many workers there are and however often they start."""

    def __init__(self) -> None:
        self._done: dt.date | None = None  # the Monday of the last week that was looked at

    def turn(self, services: Services, now: dt.datetime) -> None:
        """Queue this week's mails when that is yet to be done: from Monday morning on, as it was on Monday. None when
        nothing is due. To be called often.
        """
        day = today(now)
        monday = day - dt.timedelta(day.weekday())
        # Without forms a site has no facts about mail, and sends none.
        if self._done == monday or not SITE.forms or not services.config.editors:
            return
        if now < dt.datetime.combine(monday, HOUR, TIMEZONE):
            return
        if due := [one for one in reviews(services.config.content, monday) if one.is_due(monday)]:
            _queue(services, due, monday, now)
        self._done = monday


def _queue(services: Services, due: list[Review], monday: dt.date, now: dt.datetime) -> None:
    year, week, _ = monday.isocalendar()
    with services.db.write() as conn:
        for address in services.config.editors:
            outbox.enqueue(
                conn,
                services.context,
                now,
                idempotency_key=f"{KIND}:{year}-W{week:02}:{address}",
                kind=KIND,
                recipient=address,
                language=DEFAULT_LANGUAGE,
                payload=_payload(due, monday),
                earned=True,
            )


def _payload(due: list[Review], monday: dt.date) -> dict[str, Any]:
    with using_language(DEFAULT_LANGUAGE):
        owners = [
            {
                "name": owner,
                "pages": [
                    {"file": one.file, "due": format_date(one.due), "overdue": one.is_overdue(monday)} for one in theirs
                ],
            }
            for owner, theirs in by_owner(due[:MOST]).items()
        ]
    return {"count": len(due), "more": max(0, len(due) - MOST), "owners": owners}

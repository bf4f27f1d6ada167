"""Retention: deleting what is past its retention period. Each domain's migrations.py has the rules."""

from collections.abc import Callable
from datetime import datetime, timedelta

from selfservice import audit
from selfservice.accounts import anonymous_sessions, retention
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.feedback import answers
from selfservice.jobs import queue
from selfservice.letters import pending
from selfservice.limits import rate_limit
from selfservice.mail import outbox, verification
from selfservice.orders.periods import first_kept_day
from selfservice.orders.store import OrderStore
from selfservice.register import closing
from selfservice.requests import scheduled
from selfservice.site_config import SITE

Clean = Callable[[Connection, Context, datetime], int]


def _without_facts(clean_domain: Callable[[Connection, datetime], int]) -> Clean:
    return lambda conn, _, now: clean_domain(conn, now)


CLEANERS: dict[str, Clean] = {
    "events": audit.clean,
    "feedback": answers.clean,
    "jobs": lambda conn, ctx, now: queue.clean(conn, timedelta(hours=ctx.fact("orders.file_keep_hours")), now),
    "letters": _without_facts(pending.clean),
    "limits": _without_facts(rate_limit.clean),
    "members": retention.clean,
    "messages": _without_facts(verification.clean),
    "orders": lambda conn, ctx, now: OrderStore(conn).retain(first_kept_day(ctx, now), now),
    "outbox": _without_facts(outbox.clean),
    "register": _without_facts(closing.clean),
    "requests": scheduled.clean,
    "visits": anonymous_sessions.clean,
}
if "orders" not in SITE.forms:
    del CLEANERS["orders"], CLEANERS["jobs"]  # which make files of orders


def clean(db: Database, ctx: Context, now: datetime) -> dict[str, int]:
    """Delete what is past its retention period; returns how many rows, by domain. Safe to run at any time.

    One transaction for each domain, so that requests never wait long for the write lock.
    """
    gone = {}
    for name, clean_domain in CLEANERS.items():
        with db.write() as conn:
            gone[name] = clean_domain(conn, ctx, now)
    return gone

"""Clearing away what may no longer be kept. Each domain's migrations.py says what goes when."""

from datetime import datetime

from selfservice import audit
from selfservice.accounts import anonymous_sessions, retention
from selfservice.db import Database
from selfservice.jobs import queue
from selfservice.letters import pending
from selfservice.limits import rate_limit
from selfservice.mail import outbox, verification
from selfservice.orders.store import OrderStore
from selfservice.requests import scheduled

DOMAINS = {
    "events": audit.clean,
    "jobs": queue.clean,
    "letters": pending.clean,
    "limits": rate_limit.clean,
    "members": retention.clean,
    "messages": verification.clean,
    "orders": lambda conn, now: OrderStore(conn).retain(now),
    "outbox": outbox.clean,
    "requests": scheduled.clean,
    "visits": anonymous_sessions.clean,
}


def clean(db: Database, now: datetime) -> dict[str, int]:
    """Remove what is too old in every domain; returns how many rows went, by domain. Safe to run at any time.

    A transaction a domain, so that requests never wait long for the write lock.
    """
    gone = {}
    for name, clean_domain in DOMAINS.items():
        with db.write() as conn:
            gone[name] = clean_domain(conn, now)
    return gone

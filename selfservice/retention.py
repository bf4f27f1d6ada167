"""Clearing away what may no longer be kept. Each domain's migrations.py says what goes when."""

from datetime import datetime

from selfservice.db import Database
from selfservice.events import model as events
from selfservice.jobs import model as jobs
from selfservice.letters import model as letters
from selfservice.limits import model as limits
from selfservice.members import model as members
from selfservice.messages import model as messages
from selfservice.orders.store import OrderStore
from selfservice.outbox import model as outbox
from selfservice.requests import model as requests
from selfservice.visits import model as anonymous_sessions

DOMAINS = {
    "events": events.clean,
    "jobs": jobs.clean,
    "letters": letters.clean,
    "limits": limits.clean,
    "members": members.clean,
    "messages": messages.clean,
    "orders": lambda conn, now: OrderStore(conn).retain(now),
    "outbox": outbox.clean,
    "requests": requests.clean,
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

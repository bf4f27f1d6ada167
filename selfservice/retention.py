"""Retention: deleting what is past its period. Each domain says what is kept, in `KEPT` beside its `clean`."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from selfservice import audit
from selfservice.accounts import anonymous_sessions, mandates
from selfservice.accounts import retention as accounts
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.facts.kept import Kept
from selfservice.feedback import answers
from selfservice.jobs import queue
from selfservice.letters import pending
from selfservice.limits import rate_limit
from selfservice.mail import outbox, verification
from selfservice.orders import retention as orders
from selfservice.register import closing
from selfservice.requests import scheduled
from selfservice.site_config import SITE


class Domain(Protocol):
    """A module that removes what it says is kept, and returns how many rows went. Safe to run at any time."""

    @property
    def KEPT(self) -> tuple[Kept, ...]: ...  # noqa: D102, N802

    def clean(self, conn: Connection, ctx: Context, now: datetime, /) -> int: ...  # noqa: D102


# In the order of the privacy page's table (`{{ retention }}`).
DOMAINS: dict[str, Domain] = {
    "requests": scheduled,
    "members": accounts,
    "mandates": mandates,
    "orders": orders,
    "jobs": queue,
    "register": closing,
    "visits": anonymous_sessions,
    "limits": rate_limit,
    "feedback": answers,
    "outbox": outbox,
    "messages": verification,
    "letters": pending,
    "events": audit,
}
# What no visitor's data is in: the products of all orders, keys of shops, what our own secrets and processes are.
IMPERSONAL = frozenset({"delivery_keys", "heartbeats", "order_products", "secret_keys"})
if not SITE.organisation_number:
    del DOMAINS["register"]
if "direct-debit" not in SITE.forms:
    del DOMAINS["mandates"]
if "orders" not in SITE.forms:
    del DOMAINS["orders"]
if not queue.FORMS.intersection(SITE.forms):
    del DOMAINS["jobs"]
if not SITE.forms:
    DOMAINS.clear()  # nothing is sent


def kept() -> Iterator[Kept]:
    """What is kept of people by what is on, and until when."""
    for domain in DOMAINS.values():
        yield from domain.KEPT


def clean(db: Database, ctx: Context, now: datetime) -> dict[str, int]:
    """Delete what is past its retention period; returns how many rows, by domain. Safe to run at any time.

    One transaction for each domain, so that requests never wait long for the write lock.
    """
    gone = {}
    for name, domain in DOMAINS.items():
        with db.write() as conn:
            gone[name] = domain.clean(conn, ctx, now)
    # The journal has what went, too, until somebody writes over it. While somebody reads it that is for the next time.
    db.checkpoint_if_free()
    return gone

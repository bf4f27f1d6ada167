"""Retention of tokens, revoked access codes and mandates."""

from datetime import datetime, timedelta

from selfservice.accounts import mandates
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection

REVOKED_DAYS = 365


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete what is past its retention period (see migrations.py); returns how many rows."""
    # As long as a browser may remember the link: to say that it was used or has expired.
    kept = timedelta(hours=ctx.fact("visit.keep_hours"))
    tokens = conn.execute("DELETE FROM tokens WHERE expires_at < :before", {"before": to_text(now - kept)}).rowcount
    revoked = conn.execute(
        "DELETE FROM access_codes WHERE revoked_at < :before",
        {"before": to_text(now - timedelta(days=REVOKED_DAYS))},
    ).rowcount
    return tokens + revoked + mandates.clean(conn, now)

"""Retention of tokens, revoked access codes and mandates."""

from datetime import datetime, timedelta

from selfservice.accounts import mandates
from selfservice.clock import to_text
from selfservice.db import Connection

REVOKED_DAYS = 365
TOKEN_DAYS = 1


def clean(conn: Connection, now: datetime) -> int:
    """Delete what is past its retention period (see migrations.py); returns how many rows."""
    tokens = conn.execute(
        "DELETE FROM tokens WHERE expires_at < :before", {"before": to_text(now - timedelta(days=TOKEN_DAYS))}
    ).rowcount
    revoked = conn.execute(
        "DELETE FROM access_codes WHERE revoked_at < :before",
        {"before": to_text(now - timedelta(days=REVOKED_DAYS))},
    ).rowcount
    return tokens + revoked + mandates.clean(conn, now)

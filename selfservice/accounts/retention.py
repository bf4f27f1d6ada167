"""How long what belongs to accounts is kept."""

from datetime import datetime, timedelta

from selfservice.accounts import mandates
from selfservice.clock import to_text
from selfservice.db import Connection

REVOKED_DAYS = 365
TOKEN_DAYS = 1


def clean(conn: Connection, now: datetime) -> int:
    """Remove what retention no longer allows (see migrations.py); returns how many rows went."""
    tokens = conn.execute(
        "DELETE FROM tokens WHERE expires_at < :before", {"before": to_text(now - timedelta(days=TOKEN_DAYS))}
    ).rowcount
    revoked = conn.execute(
        "DELETE FROM access_codes WHERE revoked_at < :before",
        {"before": to_text(now - timedelta(days=REVOKED_DAYS))},
    ).rowcount
    return tokens + revoked + mandates.clean(conn, now)

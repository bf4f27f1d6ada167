"""Keys with which a shop delivers orders, or learns which were asked for again, and with which the register is
delivered: shown once, kept as a hash.
"""

from __future__ import annotations

import re
import secrets as random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from selfservice import crypto, workdays
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection, Row

KeyScope = Literal["orders:write", "redeliveries", "register:write"]
SCOPES: tuple[KeyScope, ...] = ("orders:write", "redeliveries", "register:write")
# By which a secret that got into a place where it does not belong is recognised.
PREFIX = "loket_"
MAX_NAME = 60
SOON_DAYS = 30
_KEY = re.compile(r"loket_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class ApiKey:
    """A key as staff see it: by its public id, never by itself. Moments are text as `clock.to_text` writes it."""

    id: int
    public_id: str
    name: str
    scope: str
    created_at: str
    revoked_at: str | None
    last_used_on: date | None
    last_day: date | None

    def has_expired(self, today: date) -> bool:
        """Whether its last day has passed. A key without one never expires."""
        return self.last_day is not None and self.last_day < today

    def expires_soon(self, today: date) -> bool:
        """Whether it works and will not any more in 30 days: time for a new one."""
        return (
            self.revoked_at is None
            and self.last_day is not None
            and timedelta(0) <= self.last_day - today <= timedelta(days=SOON_DAYS)
        )


def create(
    conn: Connection, name: str, scope: KeyScope, now: datetime, *, until: date | None = None
) -> tuple[str, ApiKey]:
    """Make a key (256 random bits): the key itself, which is not kept, and what is. Call inside `write()`. `until` is
    the last day on which it works, in the site's time zone.

    Raises ValueError when the name is empty, over 60 signs, or cannot be printed on one line.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise ValueError(f"a key's name is one line of 1 to {MAX_NAME} signs")
    plain = PREFIX + crypto.new_token()
    row = conn.execute(
        """INSERT INTO delivery_keys (public_id, key_hash, name, scope, created_at, last_day)
           VALUES (:public_id, :key_hash, :name, :scope, :now, :last_day) RETURNING *""",
        {
            "public_id": random.token_hex(4),
            "key_hash": crypto.hash_token(plain),
            "name": name,
            "scope": scope,
            "now": to_text(now),
            "last_day": until and until.isoformat(),
        },
    ).fetchone()
    return plain, _key(row)


def find(conn: Connection, plain: str) -> ApiKey | None:
    """The key that this is, unless it was revoked; also one that has expired. One look-up by its hash, so how long it
    takes tells nothing.
    """
    if not _KEY.fullmatch(plain):
        return None
    row = conn.execute(
        "SELECT * FROM delivery_keys WHERE key_hash = :key_hash AND revoked_at IS NULL",
        {"key_hash": crypto.hash_token(plain)},
    ).fetchone()
    return None if row is None else _key(row)


def record_use(conn: Connection, key: ApiKey, today: date) -> None:
    """Write down on which day the key was used last; once a day."""
    if key.last_used_on != today:
        conn.execute(
            "UPDATE delivery_keys SET last_used_on = :today WHERE id = :id", {"today": today.isoformat(), "id": key.id}
        )


def all_keys(conn: Connection) -> list[ApiKey]:
    """All keys, oldest first, revoked ones too while they are kept."""
    # By name, so that a database that is not migrated yet is told as such; as below.
    rows = conn.execute(
        """SELECT id, public_id, name, scope, created_at, revoked_at, last_used_on, last_day
           FROM delivery_keys ORDER BY id"""
    )
    return [_key(row) for row in rows]


def revoke(conn: Connection, public_id: str, now: datetime) -> ApiKey | None:
    """Revoke the key with this public id: it opens nothing from now on. None when no key that works has it."""
    row = conn.execute(
        """UPDATE delivery_keys SET revoked_at = :now WHERE public_id = :id AND revoked_at IS NULL
           RETURNING id, public_id, name, scope, created_at, revoked_at, last_used_on, last_day""",
        {"id": public_id, "now": to_text(now)},
    ).fetchone()
    return None if row is None else _key(row)


def _key(row: Row) -> ApiKey:
    return ApiKey(
        id=row["id"],
        public_id=row["public_id"],
        name=row["name"],
        scope=row["scope"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        last_used_on=date.fromisoformat(row["last_used_on"]) if row["last_used_on"] else None,
        last_day=date.fromisoformat(row["last_day"]) if row["last_day"] else None,
    )


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete keys that were withdrawn, or whose last day was, over fact api_key.keep_days ago; returns how many."""
    then = now - timedelta(days=ctx.fact("api_key.keep_days"))
    return conn.execute(
        "DELETE FROM delivery_keys WHERE revoked_at < :before OR last_day < :day",
        {"before": to_text(then), "day": workdays.today(then).isoformat()},
    ).rowcount

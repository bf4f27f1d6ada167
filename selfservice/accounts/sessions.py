"""Sessions of signed-in people, kept by the hash of the browser's cookie.

Idle 15 minutes, at most 8 hours (OWASP ASVS 5.0, 7.3; the idle time is DigiD's too). A session also ends with
its access code: once that is withdrawn, nothing is found under the cookie any more.
"""

import json
import secrets as random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from selfservice import crypto
from selfservice.accounts.access_codes import Kind
from selfservice.clock import from_text, to_text
from selfservice.db import Connection, Row

IDLE_MINUTES = 15
ABSOLUTE_HOURS = 8
KEPT_DAYS = 1
TOUCH_SECONDS = 60


# Sessions that are open, as `Session`, the one used last first.
_SELECT_OPEN = """SELECT s.id, s.public_id, s.person_id, s.access_code_id, c.organisation_id, c.kind, p.given_name,
                         p.family_name, p.email, s.device, s.created_at, s.used_at
                  FROM sessions s JOIN access_codes c ON c.id = s.access_code_id AND c.revoked_at IS NULL
                       JOIN people p ON p.id = s.person_id
                  WHERE s.ended_at IS NULL AND s.used_at > :idle_since AND s.created_at > :begun_since AND {which}
                  ORDER BY s.used_at DESC, s.id DESC"""


@dataclass(frozen=True)
class Session:
    """A signed-in person, as the access code that they signed in with shows them. `public_id` names the session
    to its owner.
    """

    id: int
    public_id: str
    person_id: int
    access_code_id: int
    organisation_id: int | None
    kind: Kind
    given_name: str
    family_name: str
    email: str
    device: str
    created_at: datetime
    used_at: datetime

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.given_name} {self.family_name}"

    @property
    def idle_end(self) -> datetime:
        """When it ends if nothing more is done."""
        return self.used_at + timedelta(minutes=IDLE_MINUTES)

    @property
    def last_end(self) -> datetime:
        """When it ends whatever is done."""
        return self.created_at + timedelta(hours=ABSOLUTE_HOURS)

    @property
    def end(self) -> datetime:
        """When it ends if nothing more is done, at the latest."""
        return min(self.idle_end, self.last_end)


def begin(conn: Connection, person_id: int, access_code_id: int, cookie: str, now: datetime, device: str) -> None:
    """Begin a session under the browser's cookie. The cookie must be new, so that a planted one is worth nothing.

    Raises IntegrityError when a session was ever begun under this cookie.
    """
    conn.execute(
        """INSERT INTO sessions (session_hash, public_id, person_id, access_code_id, device, created_at, used_at)
           VALUES (:hash, :public_id, :person_id, :access_code_id, :device, :now, :now)""",
        {
            "hash": crypto.hash_token(cookie),
            "public_id": random.token_hex(8),
            "person_id": person_id,
            "access_code_id": access_code_id,
            "device": device[:60],
            "now": to_text(now),
        },
    )


def find(conn: Connection, cookie: str, now: datetime) -> Session | None:
    """The session under this cookie if it is still open, else None. Only reads."""
    row = conn.execute(
        _SELECT_OPEN.format(which="s.session_hash = :hash"),
        {"hash": crypto.hash_token(cookie), **_since(now)},
    ).fetchone()
    return None if row is None else _session(row)


def touch(conn: Connection, session: Session, now: datetime) -> None:
    """Begin the idle time anew. Never brings back a session that has ended."""
    conn.execute(
        """UPDATE sessions SET used_at = :now
           WHERE id = :id AND ended_at IS NULL AND used_at > :idle_since AND used_at < :now""",
        {"id": session.id, "now": to_text(now), "idle_since": _since(now)["idle_since"]},
    )


def is_stale(session: Session, now: datetime) -> bool:
    """Whether its idle time should be begun anew: at most once a minute, so that reading pages writes little."""
    return now - session.used_at >= timedelta(seconds=TOUCH_SECONDS)


def owner(conn: Connection, cookie: str) -> int | None:
    """Whose session was or is under this cookie, also when it is over; None when there was none. Only reads."""
    row = conn.execute(
        "SELECT person_id FROM sessions WHERE session_hash = :hash", {"hash": crypto.hash_token(cookie)}
    ).fetchone()
    return None if row is None else int(row["person_id"])


def open_sessions(conn: Connection, person_id: int, now: datetime) -> list[Session]:
    """The person's open sessions, the one used last first. Only reads."""
    rows = conn.execute(
        _SELECT_OPEN.format(which="s.person_id = :person_id"),
        {"person_id": person_id, **_since(now)},
    )
    return [_session(row) for row in rows]


def still_open(conn: Connection, ids: Iterable[int], now: datetime) -> set[int]:
    """Which of the sessions with these ids are still open. Only reads."""
    rows = conn.execute(
        """SELECT s.id FROM sessions s JOIN access_codes c ON c.id = s.access_code_id AND c.revoked_at IS NULL
           WHERE s.id IN (SELECT value FROM json_each(:ids)) AND s.ended_at IS NULL AND s.used_at > :idle_since
                 AND s.created_at > :begun_since""",
        {"ids": json.dumps(list(ids)), **_since(now)},
    )
    return {row["id"] for row in rows}


def end(conn: Connection, cookie: str, now: datetime) -> None:
    """End one session: a copy of its cookie is dead from now on."""
    conn.execute(
        "UPDATE sessions SET ended_at = :now WHERE session_hash = :hash AND ended_at IS NULL",
        {"hash": crypto.hash_token(cookie), "now": to_text(now)},
    )


def end_one(conn: Connection, person_id: int, public_id: str, now: datetime) -> bool:
    """End a session of this person's; False when they have no such open session. Another's cannot be ended."""
    changed = conn.execute(
        """UPDATE sessions SET ended_at = :now
           WHERE public_id = :public_id AND person_id = :person_id AND ended_at IS NULL""",
        {"public_id": public_id, "person_id": person_id, "now": to_text(now)},
    ).rowcount
    return bool(changed)


def end_all(conn: Connection, person_id: int, now: datetime, but: int = 0) -> int:
    """End every session of a person (`but` the one with this id), as a new password must; returns how many."""
    return conn.execute(
        """UPDATE sessions SET ended_at = :now
           WHERE person_id = :person_id AND ended_at IS NULL AND id <> :but""",
        {"person_id": person_id, "now": to_text(now), "but": but},
    ).rowcount


def end_code(conn: Connection, access_code_id: int, now: datetime) -> None:
    """End the sessions that were begun with this access code; those with the person's other codes go on."""
    conn.execute(
        "UPDATE sessions SET ended_at = :now WHERE access_code_id = :access_code_id AND ended_at IS NULL",
        {"access_code_id": access_code_id, "now": to_text(now)},
    )


def clean(conn: Connection, now: datetime) -> int:
    """Remove sessions that ended, or could not be used any more, over a day ago."""
    return conn.execute(
        """DELETE FROM sessions
           WHERE ended_at < :before OR used_at < :idle_before OR created_at < :begun_before""",
        {
            "before": to_text(now - timedelta(days=KEPT_DAYS)),
            "idle_before": to_text(now - timedelta(days=KEPT_DAYS, minutes=IDLE_MINUTES)),
            "begun_before": to_text(now - timedelta(days=KEPT_DAYS, hours=ABSOLUTE_HOURS)),
        },
    ).rowcount


def _since(now: datetime) -> dict[str, str]:
    return {
        "idle_since": to_text(now - timedelta(minutes=IDLE_MINUTES)),
        "begun_since": to_text(now - timedelta(hours=ABSOLUTE_HOURS)),
    }


def _session(row: Row) -> Session:
    values = dict(row)
    return Session(**values | {name: from_text(values[name]) for name in ("created_at", "used_at")})

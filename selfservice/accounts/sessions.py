"""Sessions of logged-in people, stored by the hash of the browser's cookie.

Idle for fact `sign_in.idle_minutes`, at most 8 hours (OWASP ASVS 5.0, 7.3). A session also ends with its credential:
once the access code is revoked, or the account deleted, the session is no longer found.
"""

import json
import secrets as random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from selfservice import crypto
from selfservice.accounts.access_codes import CodeKind
from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Row
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.site_config import SITE
from selfservice.values.name import full_name

MAX_HOURS = 8
TOUCH_AFTER_SECONDS = 60
KEPT = (
    Kept(
        what=lazy_gettext("When you were logged in, and with which kind of device"),
        until=lazy_gettext("%(time)s after you log out, or are logged out"),
        tables=("sessions",),
        fact="visit.keep_hours",
    ),
)


SessionKind = Literal[CodeKind, "account"]
# Sessions whose credential still works, as that of an account does while the site has accounts; and which are open.
_FROM_VALID = """FROM sessions s LEFT JOIN access_codes c ON c.id = s.access_code_id AND c.revoked_at IS NULL
                      LEFT JOIN user_accounts a
                      ON a.person_id = s.person_id AND s.credential = 'account' AND :has_accounts"""
_IS_OPEN = """coalesce(c.id, a.person_id) IS NOT NULL AND s.ended_at IS NULL AND s.used_at > :idle_since
              AND s.created_at > :begun_since"""
# With the columns of `Session`, the most recently used first.
_SELECT_OPEN = """SELECT s.id, s.public_id, s.person_id, s.access_code_id, c.organisation_id,
                         coalesce(c.kind, 'account') AS kind, p.given_name, p.family_name, p.email, s.device,
                         s.network, s.created_at, s.used_at
                  {from_valid} JOIN people p ON p.id = s.person_id
                  WHERE {is_open} AND {which} ORDER BY s.used_at DESC, s.id DESC"""
_WITH_COOKIE = "s.session_hash IN (:code_hash, :account_hash)"
_SELECT_OPEN_IDS = """SELECT s.id {from_valid} WHERE {is_open} AND s.id IN (SELECT value FROM json_each(:ids))"""


@dataclass(frozen=True)
class Session:
    """The session of a logged-in person, with the access code used to log in: None with an account. Its owner knows it
    by `public_id`.

    `network` is a keyed hash of the internet connection it began from; empty where that is not known.
    """

    id: int
    public_id: str
    person_id: int
    access_code_id: int | None
    organisation_id: int | None
    kind: SessionKind
    given_name: str
    family_name: str
    email: str
    device: str
    network: str
    created_at: datetime
    used_at: datetime
    idle_minutes: int

    @property
    def name(self) -> str:
        """First and last name, or the only name."""
        return full_name(self.given_name, self.family_name)

    @property
    def idle_timeout_at(self) -> datetime:
        """When it ends without further requests."""
        return self.used_at + timedelta(minutes=self.idle_minutes)

    @property
    def absolute_timeout_at(self) -> datetime:
        """When it ends regardless of use."""
        return self.created_at + timedelta(hours=MAX_HOURS)

    @property
    def ends_at(self) -> datetime:
        """The earlier of the two timeouts."""
        return min(self.idle_timeout_at, self.absolute_timeout_at)


def start(
    conn: Connection,
    person_id: int,
    access_code_id: int | None,
    cookie: str,
    now: datetime,
    device: str,
    network: str = "",
) -> None:
    """Start a session with this cookie, of an access code or (None) of the person's account. The cookie must be new,
    against session fixation.

    Raises IntegrityError if a session was ever started with this cookie.
    """
    conn.execute(
        """INSERT INTO sessions
               (session_hash, public_id, person_id, credential, access_code_id, device, network, created_at, used_at)
           VALUES (:hash, :public_id, :person_id, :credential, :access_code_id, :device, :network, :now, :now)""",
        {
            "hash": _hashes(cookie)["account_hash" if access_code_id is None else "code_hash"],
            # An access code has no 0: what keeps codes out of answers must not take this for one.
            "public_id": "0" + random.token_hex(8)[1:],
            "person_id": person_id,
            "credential": "account" if access_code_id is None else "access_code",
            "access_code_id": access_code_id,
            "device": device[:60],
            "network": network,
            "now": to_text(now),
        },
    )


def find(conn: Connection, ctx: Context, cookie: str, now: datetime) -> Session | None:
    """The open session with this cookie, or None. Only reads."""
    row = conn.execute(
        _SELECT_OPEN.format(
            from_valid=_FROM_VALID, is_open=_IS_OPEN, which="s.session_hash IN (:code_hash, :account_hash)"
        ),
        {**_hashes(cookie), **_bounds(ctx, now)},
    ).fetchone()
    return None if row is None else _session(ctx, row)


def touch(conn: Connection, ctx: Context, session: Session, now: datetime) -> None:
    """Restart the idle timeout. Never reopens a session that has ended."""
    conn.execute(
        """UPDATE sessions SET used_at = :now
           WHERE id = :id AND ended_at IS NULL AND used_at > :idle_since AND used_at < :now""",
        {"id": session.id, "now": to_text(now), "idle_since": _bounds(ctx, now)["idle_since"]},
    )


def needs_touch(session: Session, now: datetime) -> bool:
    """Whether to restart its idle timeout: at most once a minute, so that reading pages writes little."""
    return now - session.used_at >= timedelta(seconds=TOUCH_AFTER_SECONDS)


def owner(conn: Connection, cookie: str) -> tuple[int, int | None] | None:
    """The ids of the person and the access code (None: their account) of the session with this cookie, open or ended;
    None if there was none. Only reads.
    """
    row = conn.execute(
        "SELECT person_id, access_code_id FROM sessions WHERE session_hash IN (:code_hash, :account_hash)",
        _hashes(cookie),
    ).fetchone()
    return None if row is None else (row["person_id"], row["access_code_id"])


def open_sessions(conn: Connection, ctx: Context, person_id: int, now: datetime) -> list[Session]:
    """The person's open sessions, the most recently used first. Only reads."""
    rows = conn.execute(
        _SELECT_OPEN.format(from_valid=_FROM_VALID, is_open=_IS_OPEN, which="s.person_id = :person_id"),
        {"person_id": person_id, **_bounds(ctx, now)},
    )
    return [_session(ctx, row) for row in rows]


def open_ids(conn: Connection, ctx: Context, ids: Iterable[int], now: datetime) -> set[int]:
    """The ids, of those given, whose sessions are still open. Only reads."""
    rows = conn.execute(
        _SELECT_OPEN_IDS.format(from_valid=_FROM_VALID, is_open=_IS_OPEN),
        {"ids": json.dumps(list(ids)), **_bounds(ctx, now)},
    )
    return {row["id"] for row in rows}


def has_other_log_in(conn: Connection, session: Session) -> bool:
    """Whether its owner can log in otherwise too: with an access code beside the account, or the other way round. Only
    reads.
    """
    row = conn.execute(
        """SELECT 1 FROM user_accounts WHERE person_id = :person_id AND :is_code AND :has_accounts
           UNION ALL
           SELECT 1 FROM access_codes WHERE person_id = :person_id AND revoked_at IS NULL AND NOT :is_code""",
        {
            "person_id": session.person_id,
            "is_code": session.access_code_id is not None,
            "has_accounts": SITE.has_accounts,
        },
    ).fetchone()
    return row is not None


def end_by_cookie(conn: Connection, cookie: str, now: datetime) -> None:
    """End the session with this cookie, and so for every copy of it."""
    conn.execute(
        """UPDATE sessions SET ended_at = :now
           WHERE session_hash IN (:code_hash, :account_hash) AND ended_at IS NULL""",
        {**_hashes(cookie), "now": to_text(now)},
    )


def end_by_public_id(conn: Connection, person_id: int, public_id: str, now: datetime) -> bool:
    """End a session of this person; False if they have no such open session. Nobody can end another's."""
    changed = conn.execute(
        """UPDATE sessions SET ended_at = :now
           WHERE public_id = :public_id AND person_id = :person_id AND ended_at IS NULL""",
        {"public_id": public_id, "person_id": person_id, "now": to_text(now)},
    ).rowcount
    return bool(changed)


def end_all_of_person(conn: Connection, person_id: int, now: datetime, except_id: int = 0) -> int:
    """End all sessions of a person (except the one with `except_id`), as after a new password; returns how many."""
    return conn.execute(
        """UPDATE sessions SET ended_at = :now
           WHERE person_id = :person_id AND ended_at IS NULL AND id <> :but""",
        {"person_id": person_id, "now": to_text(now), "but": except_id},
    ).rowcount


def end_all_of_code(conn: Connection, access_code_id: int, now: datetime) -> None:
    """End the sessions started with this access code, but not those with the person's other codes."""
    conn.execute(
        "UPDATE sessions SET ended_at = :now WHERE access_code_id = :access_code_id AND ended_at IS NULL",
        {"access_code_id": access_code_id, "now": to_text(now)},
    )


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete sessions that ended or timed out over fact visit.keep_hours ago: their cookie is forgotten by then too."""
    kept = timedelta(hours=ctx.fact("visit.keep_hours"))
    return conn.execute(
        """DELETE FROM sessions
           WHERE ended_at < :before OR used_at < :idle_before OR created_at < :begun_before""",
        {
            "before": to_text(now - kept),
            "idle_before": to_text(now - kept - timedelta(minutes=_idle_minutes(ctx))),
            "begun_before": to_text(now - kept - timedelta(hours=MAX_HOURS)),
        },
    ).rowcount


def _hashes(cookie: str) -> dict[str, str]:
    """By which the session with this cookie is stored. That of an account has a hash of its own, so that the version
    before, for which each session has an access code, takes its owner for somebody who is not logged in.
    """
    return {"code_hash": crypto.hash_token(cookie), "account_hash": crypto.hash_token(f"account:{cookie}")}


def _idle_minutes(ctx: Context) -> int:
    minutes: int = ctx.fact("sign_in.idle_minutes")
    return minutes


def _bounds(ctx: Context, now: datetime) -> dict[str, str | bool]:
    return {
        "has_accounts": SITE.has_accounts,
        "idle_since": to_text(now - timedelta(minutes=_idle_minutes(ctx))),
        "begun_since": to_text(now - timedelta(hours=MAX_HOURS)),
    }


def _session(ctx: Context, row: Row) -> Session:
    values = dict(row)
    times = {name: from_text(values[name]) for name in ("created_at", "used_at")}
    return Session(**values | times, idle_minutes=_idle_minutes(ctx))

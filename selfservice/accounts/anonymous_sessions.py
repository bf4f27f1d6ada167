"""Anonymous sessions: one row for each opaque cookie. The cookie is 256 random bits; the row keeps its SHA-256."""

from datetime import datetime, timedelta

from selfservice import crypto
from selfservice.accounts import login_throttle, sessions
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext

_TOUCH_AFTER_MINUTES = 10
KEPT = (
    Kept(
        what=lazy_gettext("What you fill in before you send it, and the cookie of the form"),
        until=lazy_gettext("%(time)s after you last used the form"),
        tables=("visits", "drafts"),
        fact="visit.keep_hours",
    ),
    *sessions.KEPT,
    *login_throttle.KEPT,
)


def start(conn: Connection, now: datetime) -> tuple[int, str]:
    """Start an anonymous session; returns its id (for saved forms) and the cookie value."""
    cookie = crypto.new_token()
    row = conn.execute(
        "INSERT INTO visits (cookie_hash, created_at, used_at) VALUES (:hash, :now, :now) RETURNING id",
        {"hash": crypto.hash_token(cookie), "now": to_text(now)},
    ).fetchone()
    return int(row["id"]), cookie


def find(conn: Connection, ctx: Context, cookie: str | None, now: datetime) -> int | None:
    """The id of the anonymous session with this cookie, or None if there is none or it was idle for fact
    visit.keep_hours. Only reads.
    """
    row = conn.execute(
        "SELECT id FROM visits WHERE cookie_hash = :hash AND used_at > :since",
        {"hash": crypto.hash_token(cookie or ""), "since": _since(ctx, now)},
    ).fetchone()
    return None if row is None else int(row["id"])


def touch(conn: Connection, anonymous_session_id: int, now: datetime) -> None:
    """Record that it is in use. Writes at most once in ten minutes, which is enough for an idle time of a day."""
    conn.execute(
        "UPDATE visits SET used_at = :now WHERE id = :id AND used_at < :since",
        {
            "id": anonymous_session_id,
            "now": to_text(now),
            "since": to_text(now - timedelta(minutes=_TOUCH_AFTER_MINUTES)),
        },
    )


def renew(conn: Connection, anonymous_session_id: int, now: datetime) -> str:
    """Give it a new cookie and invalidate the old one, keeping its saved forms: done at every change of privileges.

    Raises LookupError when there is no such anonymous session.
    """
    cookie = crypto.new_token()
    changed = conn.execute(
        "UPDATE visits SET cookie_hash = :hash, used_at = :now WHERE id = :id",
        {"hash": crypto.hash_token(cookie), "now": to_text(now), "id": anonymous_session_id},
    ).rowcount
    if changed != 1:
        raise LookupError("no such anonymous session")
    return cookie


def end(conn: Connection, anonymous_session_id: int) -> None:
    """Delete an anonymous session and its saved forms."""
    conn.execute("DELETE FROM visits WHERE id = :id", {"id": anonymous_session_id})


def end_every_session(conn: Connection, now: datetime) -> int:
    """End all sessions of all people, and delete all anonymous ones; returns how many sessions were open."""
    conn.execute("DELETE FROM visits")
    return conn.execute("UPDATE sessions SET ended_at = :now WHERE ended_at IS NULL", {"now": to_text(now)}).rowcount


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete expired saved forms, sessions and login attempt counts; returns how many rows were deleted."""
    before = {"before": _since(ctx, now)}
    saved_forms = conn.execute("DELETE FROM drafts WHERE saved_at < :before", before).rowcount
    anonymous = conn.execute("DELETE FROM visits WHERE used_at < :before", before).rowcount
    return saved_forms + anonymous + sessions.clean(conn, ctx, now) + login_throttle.clean(conn, now)


def _since(ctx: Context, now: datetime) -> str:
    return to_text(now - timedelta(hours=ctx.fact("visit.keep_hours")))

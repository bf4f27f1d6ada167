"""Message verification: by its check code anybody can find out whether we sent a mail or letter, and what it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.site_config import SITE
from selfservice.values.access_code import normalise_code
from selfservice.values.message_code import group_message_code, looks_like_message_code, new_message_code
from selfservice.values.reference import group_reference

KEPT = (
    Kept(
        what=lazy_gettext("Which message we sent when, with a part of your address"),
        until=lazy_gettext("%(time)s after the message was sent"),
        tables=("messages",),
        fact="message.keep_days",
    ),
)


@dataclass(frozen=True)
class SentMessage:
    """A sent message: its kind (`replacement_password.link`, `access_code.letter`), time and masked recipient."""

    check_code: str
    kind: str
    recipient: str
    language: str
    created_at: datetime


def register(conn: Connection, kind: str, masked: str, language: str, now: datetime) -> str:
    """Write a message down and return its new check code (`values.message_code`). Call inside `write()`.

    `masked` is what `mask_email` or `mask_address` made of the recipient; empty when nothing will be sent.
    """
    while True:
        row = conn.execute(
            """INSERT INTO messages (check_code, kind, recipient, language, created_at)
               VALUES (:check_code, :kind, :recipient, :language, :now)
               ON CONFLICT (check_code) DO NOTHING RETURNING check_code""",
            {
                "check_code": new_message_code(),
                "kind": kind,
                "recipient": masked,
                "language": language,
                "now": to_text(now),
            },
        ).fetchone()
        if row is not None:
            return str(row["check_code"])


def delete(conn: Connection, check_code: str) -> None:
    """Delete the record of a message that was not sent after all, if there is one."""
    conn.execute("DELETE FROM messages WHERE check_code = :check_code", {"check_code": check_code})


def find(conn: Connection, typed: str) -> SentMessage | None:
    """The message with this check code, in any spelling, or None if we sent no such message."""
    row = conn.execute(
        """SELECT check_code, kind, recipient, language, created_at FROM messages
           WHERE check_code = :check_code AND recipient <> ''""",
        {"check_code": normalise_code(typed)},
    ).fetchone()
    return None if row is None else SentMessage(**{**dict(row), "created_at": from_text(row["created_at"])})


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete messages of over fact message.keep_days ago; returns how many went."""
    before = {"before": KEPT[0].before(ctx.facts, now)}
    return conn.execute("DELETE FROM messages WHERE created_at < :before", before).rowcount


def group_check_code(check_code: str) -> str:
    """A check code as it stands in its message: before 30 November 2026 they had the shape of references."""
    return group_message_code(check_code) if looks_like_message_code(check_code) else group_reference(check_code)


def help_role() -> str:
    """The role (site.toml) of the page, or the question, that says what the code of a message is for."""
    return "message-code" if "message-code" in SITE.pages else "recognise-a-message"


def verification_line(check_code: str, address: str) -> str:
    """The line with the check code, in the current language. `address` is that of the page with `help_role`."""
    return gettext(
        "Code of this message: %(code)s. Not sure that it is from us? Contact us and mention this code. More about "
        "this code: %(address)s",
        code=group_check_code(check_code),
        address=address,
    )

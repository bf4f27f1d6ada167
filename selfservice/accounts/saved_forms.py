"""Saved forms: what was typed into a form so far, kept between its steps."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection

MAX_LENGTH = 16_384


class SavedForm:
    """The saved content of one form (`fragment`) in one anonymous session: never a password or token, only its hash."""

    def __init__(self, anonymous_session_id: int, fragment: str) -> None:
        self._key = {"visit_id": anonymous_session_id, "fragment": fragment}

    def load(self, conn: Connection, ctx: Context, now: datetime) -> dict[str, Any]:
        """What was saved within fact visit.keep_hours; an empty dict if nothing was."""
        row = conn.execute(
            """SELECT content FROM drafts
               WHERE visit_id = :visit_id AND fragment = :fragment AND saved_at > :since""",
            {**self._key, "since": to_text(now - timedelta(hours=ctx.fact("visit.keep_hours")))},
        ).fetchone()
        return {} if row is None else dict(json.loads(row["content"]))

    def save(self, conn: Connection, content: Mapping[str, Any], now: datetime) -> None:
        """Replace the saved content. Raises ValueError over 16,384 characters of JSON."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        if len(text) > MAX_LENGTH:
            raise ValueError(f"a form of {len(text)} characters; at most {MAX_LENGTH} are kept")
        conn.execute(
            """INSERT INTO drafts (visit_id, fragment, content, saved_at)
               VALUES (:visit_id, :fragment, :content, :now)
               ON CONFLICT (visit_id, fragment)
               DO UPDATE SET content = excluded.content, saved_at = excluded.saved_at""",
            {**self._key, "content": text, "now": to_text(now)},
        )

    def delete(self, conn: Connection) -> None:
        """Delete the saved content, if there is any."""
        conn.execute("DELETE FROM drafts WHERE visit_id = :visit_id AND fragment = :fragment", self._key)


def delete_all(conn: Connection, anonymous_session_id: int) -> None:
    """Delete all that was saved in an anonymous session."""
    conn.execute("DELETE FROM drafts WHERE visit_id = :id", {"id": anonymous_session_id})

"""Print batches of letters in the database. For their files see printing.py."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from selfservice.clock import from_text, to_text
from selfservice.db import Connection, Row
from selfservice.letters.pending import Letter, withdraw_revoked
from selfservice.seeds import Seed
from selfservice.workdays import today

# Called in the transaction in which a letter is marked as printed or posted, with its id and the time.
LetterHook = Callable[[Connection, int, datetime], object]


class UnknownBatchError(Exception):
    """No batch has this number, or its files are not complete yet."""


@dataclass(frozen=True)
class Batch:
    """Letters that are printed together. Its folder is renamed to `path` when they are marked as printed."""

    id: int
    folder: Path
    created_at: datetime
    printed_at: datetime | None
    released_at: datetime | None
    posted_at: datetime | None

    @property
    def path(self) -> Path:
        """The folder of its files."""
        return self.folder / f"{today(self.created_at).isoformat()}-batch-{self.id}"

    @property
    def partial_path(self) -> Path:
        """The hidden folder in which its files are made."""
        return self.folder / f".{self.path.name}.part"


def get(conn: Connection, batch_id: int) -> Batch:
    """The batch with this number. Raises UnknownBatchError."""
    row = conn.execute("SELECT * FROM letter_batches WHERE id = :id", {"id": batch_id}).fetchone()
    if row is None:
        raise UnknownBatchError
    return _batch(row)


def find_unfinished(conn: Connection) -> Batch | None:
    """The batch whose files are not complete or not released. There is at most one."""
    row = conn.execute("SELECT * FROM letter_batches WHERE released_at IS NULL").fetchone()
    return None if row is None else _batch(row)


def create_batch(conn: Connection, folder: Path, limit: int, now: datetime) -> Batch | None:
    """Create a batch of the oldest ready letters, at most `limit`; None if no letter is ready."""
    withdraw_revoked(conn)
    waiting = conn.execute(
        "SELECT id FROM letters WHERE state = 'ready' AND batch_id IS NULL ORDER BY id LIMIT :limit", {"limit": limit}
    ).fetchall()
    if not waiting:
        return None
    row = conn.execute(
        "INSERT INTO letter_batches (folder, created_at) VALUES (:folder, :now) RETURNING *",
        {"folder": str(folder), "now": to_text(now)},
    ).fetchone()
    for letter in waiting:
        conn.execute("UPDATE letters SET batch_id = :batch WHERE id = :id", {"id": letter["id"], "batch": row["id"]})
    return _batch(row)


def move_folder(conn: Connection, batch: Batch, folder: Path) -> Batch:
    """Set another folder for a batch that was not printed yet."""
    conn.execute(
        "UPDATE letter_batches SET folder = :folder WHERE id = :id AND printed_at IS NULL",
        {"id": batch.id, "folder": str(folder)},
    )
    return get(conn, batch.id)


def letters_to_print(conn: Connection, batch: Batch) -> list[Letter]:
    """The letters of a batch that are still to be printed, in order."""
    rows = conn.execute(
        """SELECT l.* FROM letters l JOIN access_codes c ON c.id = l.access_code_id
           WHERE l.batch_id = :id AND l.state = 'ready' AND c.revoked_at IS NULL ORDER BY l.id""",
        {"id": batch.id},
    )
    return [
        Letter(
            id=row["id"],
            reference=row["reference"],
            check_code=row["check_code"],
            language=row["language"],
            lines=tuple(json.loads(row["address_lines"])),
            seed=Seed("code", row["nonce"], row["key_id"]),
            valid_until=date.fromisoformat(row["valid_until"]),
        )
        for row in rows
    ]


def mark_printed(
    conn: Connection, batch: Batch, made: Sequence[Letter], hooks: Sequence[LetterHook], now: datetime
) -> bool:
    """Mark these letters as printed, and delete their seeds. Returns False, and changes nothing, if the batch has
    changed: a letter was withdrawn or its address corrected meanwhile. Call inside `write()`.
    """
    withdraw_revoked(conn)
    if letters_to_print(conn, batch) != list(made):
        return False
    conn.execute(
        """UPDATE letters SET state = 'printed', nonce = '', key_id = NULL, printed_at = :now
           WHERE batch_id = :id AND state = 'ready'""",
        {"id": batch.id, "now": to_text(now)},
    )
    conn.execute("UPDATE letter_batches SET printed_at = :now WHERE id = :id", {"id": batch.id, "now": to_text(now)})
    for letter in made:
        for hook in hooks:
            hook(conn, letter.id, now)
    return True


def delete_empty(conn: Connection, batch: Batch) -> None:
    """Delete a batch without letters."""
    conn.execute("DELETE FROM letter_batches WHERE id = :id AND printed_at IS NULL", {"id": batch.id})


def mark_released(conn: Connection, batch: Batch, now: datetime) -> Batch:
    """Record that the folder was published; the next batch may begin."""
    conn.execute("UPDATE letter_batches SET released_at = :now WHERE id = :id", {"id": batch.id, "now": to_text(now)})
    return get(conn, batch.id)


def mark_posted(conn: Connection, batch_id: int, hooks: Sequence[LetterHook], now: datetime) -> int:
    """Mark the letters of a batch as posted and delete their addresses; returns how many, 0 if that was done before.

    Raises UnknownBatchError, also for a batch whose files are not complete. Call inside `write()`.
    """
    batch = get(conn, batch_id)
    if batch.released_at is None:
        raise UnknownBatchError
    conn.execute(
        "UPDATE letter_batches SET posted_at = coalesce(posted_at, :now) WHERE id = :id",
        {"id": batch_id, "now": to_text(now)},
    )
    posted = conn.execute(
        """UPDATE letters SET state = 'posted', posted_at = :now, address_lines = '[]'
           WHERE batch_id = :id AND state = 'printed' RETURNING id""",
        {"id": batch_id, "now": to_text(now)},
    ).fetchall()
    for row in posted:
        for hook in hooks:
            hook(conn, row["id"], now)
    return len(posted)


def overview(conn: Connection) -> tuple[int, list[tuple[Batch, int]]]:
    """How many letters wait for a batch, and the batches, newest first, each with its number of letters."""
    waiting = conn.execute("SELECT count(*) AS n FROM letters WHERE state = 'ready' AND batch_id IS NULL").fetchone()[
        "n"
    ]
    rows = conn.execute(
        """SELECT b.*, (SELECT count(*) FROM letters l WHERE l.batch_id = b.id) AS n
           FROM letter_batches b ORDER BY b.id DESC"""
    )
    return waiting, [(_batch(row), row["n"]) for row in rows]


def _batch(row: Row) -> Batch:
    timestamps = {
        name: from_text(row[name]) if row[name] else None for name in ("printed_at", "released_at", "posted_at")
    }
    return Batch(id=row["id"], folder=Path(row["folder"]), created_at=from_text(row["created_at"]), **timestamps)

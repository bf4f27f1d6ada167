"""Printing a batch: its PDFs and manifest appear in a folder if and only if their letters are marked as printed.

The files are made in a hidden folder and synced, then the letters are marked in one transaction, then the folder is
renamed. Killed before the transaction, the next run makes the same batch again; killed after it, the next run renames
the folder. So no letter is lost, and none gets into two folders.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from selfservice import workdays
from selfservice.clock import to_text
from selfservice.crypto import Keys
from selfservice.db import Database, LockedError
from selfservice.letters import batches
from selfservice.letters.batches import Batch, LetterHook
from selfservice.letters.characters import unprintable
from selfservice.letters.pdf import PdfCompiler
from selfservice.letters.pending import Letter
from selfservice.letters.text import LetterContext, letter_text
from selfservice.values.access_code import derive_code
from selfservice.values.reference import group_reference

MAX_LETTERS = 500  # letters; what one transaction marks without making the site wait for the write lock
MANIFEST_NAME = "manifest.json"


class PrintingError(Exception):
    """The letters cannot be printed; the message says why and what to do."""


@dataclass(frozen=True)
class Printer:
    """What letters are printed with. `progress` is called with how many letters are made, of how many."""

    db: Database
    keys: Keys
    site: LetterContext
    on_printed: Sequence[LetterHook] = ()
    progress: Callable[[int, int], object] = lambda *_: None


def print_batch(printer: Printer, folder: Path, limit: int, now: datetime) -> Batch | None:
    """Print the letters that are ready, at most `limit`, into a new folder inside `folder`; None when there are none.

    A batch that was not finished is finished first, and is then the one that is returned. Raises PrintingError,
    MissingKeyError when the secret of a letter's code is not set, and OSError when the folder cannot be written: then
    nothing was marked as printed, or the next run will finish it.
    """
    folder = folder.absolute()
    with _printing_lock(printer.db):
        batch = batches.find_unfinished(printer.db.read())
        if batch is None:
            with printer.db.write() as conn:
                batch = batches.create_batch(conn, folder, limit, now)
        while batch is not None and batch.printed_at is None:
            batch = _print(printer, batch, folder, now)
        return None if batch is None else _publish_folder(printer.db, batch, now)


def _print(printer: Printer, batch: Batch, folder: Path, now: datetime) -> Batch | None:
    """Make the files and mark the letters; returns the updated batch, None if it has no letters any more."""
    shutil.rmtree(batch.partial_path, ignore_errors=True)
    if batch.folder != folder:
        with printer.db.write() as conn:
            batch = batches.move_folder(conn, batch, folder)
    if batch.path.exists():
        raise PrintingError(f"{batch.path} is there already: move it away, or print to another folder")
    made = batches.letters_to_print(printer.db.read(), batch)
    _write_files(printer, batch, made)
    with printer.db.write() as conn:
        if not made:
            batches.delete_empty(conn, batch)
            return None
        batches.mark_printed(conn, batch, made, printer.on_printed, now)
        return batches.get(conn, batch.id)


def _write_files(printer: Printer, batch: Batch, made: Sequence[Letter]) -> None:
    batch.partial_path.mkdir(mode=0o700, parents=True)
    compiler, day, entries = PdfCompiler(), workdays.today(batch.created_at), []
    for number, letter in enumerate(made, 1):
        if missing := unprintable("".join(letter.lines)):
            # Queued by a version that printed question marks.
            raise PrintingError(
                f"the letter of request {group_reference(letter.reference)} has characters that no font of ours has: "
                f"{missing}. Revoke its access code (loket requests show, loket members show, loket codes revoke), "
                "then print again"
            )
        code = derive_code(printer.keys, letter.seed)
        content = compiler.compile_letter(letter_text(letter, code, day, printer.site), batch.created_at)
        name = f"{number:04}-{letter.reference}.pdf"
        _write_file(batch.partial_path / name, content)
        entries.append(
            {
                "file": name,
                "letter": letter.id,
                "reference": letter.reference,
                "check_code": letter.check_code,
                "language": letter.language,
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
        printer.progress(number, len(made))
    manifest = {"batch": batch.id, "created_at": to_text(batch.created_at), "count": len(made), "letters": entries}
    _write_file(batch.partial_path / MANIFEST_NAME, json.dumps(manifest, indent=2).encode() + b"\n")
    _sync_folder(batch.partial_path)
    _sync_folder(batch.folder)


def _publish_folder(db: Database, batch: Batch, now: datetime) -> Batch:
    """Rename the hidden folder to its final name."""
    if batch.partial_path.exists():
        batch.partial_path.rename(batch.path)
        _sync_folder(batch.folder)
    elif not batch.path.exists():
        raise PrintingError(
            f"batch {batch.id} is marked as printed, but its files are not in {batch.folder}: make that folder "
            f"reachable again. If they are lost, make an empty folder {batch.path}; who misses a letter can say that "
            "it never came"
        )
    with db.write() as conn:
        return batches.mark_released(conn, batch, now)


def _write_file(path: Path, content: bytes) -> None:
    """Write and sync a file, readable by its owner only."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Sync a folder, so that its names are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _printing_lock(db: Database) -> Iterator[None]:
    """Allow one printing run for a database at a time."""
    try:
        with db.lock("letters"):
            yield
    except LockedError:
        raise PrintingError("letters are being printed already: wait until that is done") from None

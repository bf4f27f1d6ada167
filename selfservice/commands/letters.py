"""`loket letters`: prints the letters with access codes that wait, and notes which were posted."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.commands.arguments import ROW_ID
from selfservice.db import Connection
from selfservice.i18n.formats import format_timestamp
from selfservice.i18n.languages import SOURCE_LANGUAGE, using_language
from selfservice.letters import batches, printing
from selfservice.letters.text import LetterContext
from selfservice.requests import fulfilment
from selfservice.web.services import Services, services


@click.group("letters")
def command() -> None:
    """Letters with access codes: print those that are ready, in batches, and say which were posted."""


@command.command("print")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where to.")
@click.option("--limit", type=click.IntRange(1, 2000), default=printing.MAX_LETTERS, show_default=True)
@with_appcontext
def print_letters(folder: Path, limit: int) -> None:
    """Make the PDFs of the letters that are ready, with a manifest, in a new folder; its name is printed.

    The codes are in these files only from then on. A run that was stopped half-way is finished by the next.
    """
    wired, bar = services(), _ProgressBar()
    printer = printing.Printer(
        wired.db, wired.keys, site(wired), (_LetterHook(wired, fulfilment.mark_letter_printed),), bar.show
    )
    try:
        batch = printing.print_batch(printer, folder, limit, clock.now())
    except (printing.PrintingError, OSError) as error:
        sys.exit(f"loket: {error}")
    if batch is None:
        click.echo("No letters are ready", err=True)
        return
    click.echo(str(batch.path))
    click.echo(f"When they are in the post: loket letters posted {batch.id}", err=True)


@command.command("posted")
@click.argument("batch", type=ROW_ID)
@with_appcontext
def posted(batch: int) -> None:
    """Note that the letters of this batch were posted."""
    wired = services()
    try:
        with wired.db.write() as conn:
            before = batches.get(conn, batch).posted_at
            count = batches.mark_posted(conn, batch, (_LetterHook(wired, fulfilment.mark_letter_posted),), clock.now())
    except batches.UnknownBatchError:
        sys.exit(f"loket: there is no printed batch {batch}; `loket letters list` shows them")
    if before is not None:
        with using_language(SOURCE_LANGUAGE):
            sys.exit(f"loket: batch {batch} was posted {format_timestamp(before)} already. Nothing was changed")
    click.echo(f"{count} posted")


@command.command("list")
@with_appcontext
def list_letters() -> None:
    """Show how many letters wait, and the batches, newest first."""
    waiting, found = batches.overview(services().db.read())
    click.echo(f"{waiting} waiting to be printed")
    with using_language(SOURCE_LANGUAGE):
        for batch, count in found:
            click.echo(
                f"batch {batch.id}  {count} {'letter ' if count == 1 else 'letters'}  {_state(batch)}  {batch.path}"
            )


def _state(batch: batches.Batch) -> str:
    if batch.posted_at is not None:
        return f"posted {format_timestamp(batch.posted_at)}"
    if batch.released_at is not None:
        return f"printed {format_timestamp(batch.released_at)}"
    return "not finished: run `loket letters print` again"


def site(wired: Services) -> LetterContext:
    """What letters point to, for this site."""
    page_path: Any = wired.templates.globals["page_url"]
    return LetterContext(wired.facts, wired.config.base_url, page_path)


class _LetterHook:
    """A hook that tells the requests what became of a letter of theirs."""

    def __init__(self, wired: Services, tell: Any) -> None:
        self._ctx, self._tell = wired.context, tell

    def __call__(self, conn: Connection, letter_id: int, now: datetime) -> None:
        self._tell(conn, self._ctx, letter_id, now)


class _ProgressBar:
    """A progress bar, once it is known how long it must be; on a terminal only."""

    def __init__(self) -> None:
        self._bar: Any = None

    def show(self, done: int, of: int) -> None:
        """Move it on by one."""
        if self._bar is None:
            self._bar = click.progressbar(length=of, label="Letters", file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(1)
        if done == of:
            self._bar.__exit__(None, None, None)
            self._bar = None

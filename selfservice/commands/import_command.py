"""Running an import from the command line: progress, refused lines, audit events and exit status."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from collections.abc import Callable
from typing import BinaryIO

import click

from selfservice import clock
from selfservice.audit import record
from selfservice.db import Error
from selfservice.importing.parsing import FileError
from selfservice.importing.progress import ProgressReporter
from selfservice.importing.results import ImportCounts, RejectedLine
from selfservice.migrations import pending
from selfservice.web.services import services

Notice = Callable[[str], object]
ImportFunction = Callable[[Callable[[RejectedLine], object], Callable[[ImportCounts], object], Notice], ImportCounts]


def run_import(what: str, file: BinaryIO, importer: ImportFunction) -> None:
    """Run an import that is called with where to tell refused lines, how far it is, and what else is to be known.
    Refused lines go to standard
    output, all else to standard error; begin and end are events named `what`. Ends the program: with status 1 when a
    line was refused, or the file could not be used, or it stopped.
    """
    if pending(services().db):
        sys.exit("loket: the database is not of this version: run `loket migrate` first. Nothing was changed")
    progress = ProgressReporter(sys.stderr, _file_size(file))

    def refuse(refusal: RejectedLine) -> None:
        progress.clear()
        click.echo(f"line {refusal.line}: {refusal.reason}")

    def notice(text: str) -> None:
        progress.clear()
        click.echo(f"loket: {text}", err=True)

    try:
        _record_event(what, "begun")
        totals = importer(refuse, progress.show, notice)
    except FileError as error:
        _record_event(what, "refused")
        progress.clear()
        sys.exit(f"loket: {error}. Nothing was changed")
    except (Error, OSError, KeyboardInterrupt) as error:
        progress.clear()
        why = f": {error}" if str(error) else ""
        sys.exit(f"loket: stopped{why}. What went in stays; run it again for the rest")
    _record_event(what, "partly" if totals.refused else "ok")
    progress.clear()
    closed = f" ({totals.closed:,} of them closed)" if totals.closed else ""
    click.echo(
        f"{totals.lines:,} lines: {totals.new:,} new, {totals.changed:,} changed{closed}, {totals.same:,} the same, "
        f"{totals.refused:,} refused" + (f", {totals.outdated:,} outdated" if totals.outdated else ""),
        err=True,
    )
    sys.exit(1 if totals.refused else 0)


def _record_event(what: str, result: str) -> None:
    """An event of its own, begun and ended, so that a run that was killed is in the log too."""
    with services().db.write() as conn:
        record(conn, services().keys, clock.now(), what, result, who=f"account:{getpass.getuser()}")


def _file_size(file: BinaryIO) -> int | None:
    """How long a file is, in bytes; None for a pipe."""
    try:
        found = os.fstat(file.fileno())
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None

"""`loket register`: the organisations of the register."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from typing import BinaryIO

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.db import OperationalError
from selfservice.migrations import pending
from selfservice.register import model
from selfservice.register.lines import RegisterError
from selfservice.register.progress import Progress
from selfservice.services import services


@click.group("register")
def command() -> None:
    """The organisations of the register: import."""


@command.command("import")
@click.argument("file", type=click.File("rb"))
@with_appcontext
def import_file(file: BinaryIO) -> None:
    """Bring the organisations in FILE (CSV, see docs/register.md; - is standard input) into the database.

    Lines that are refused are printed, with why. Safe to run again, also when it was stopped half-way, and while
    Loket runs. Exit status 1 when a line was refused.
    """
    if pending(services().db):
        sys.exit("loket: the database is not of this version: run `loket migrate` first. Nothing was changed")
    progress = Progress(sys.stderr, _size(file))
    last = model.Totals()

    def show(totals: model.Totals) -> None:
        nonlocal last
        last = totals
        progress.show(totals)

    def refuse(refusal: model.Refusal) -> None:
        progress.clear()
        click.echo(f"line {refusal.line}: {refusal.reason}")

    try:
        _note("begun")
        totals = model.bring_in(services().db, file, clock.now(), refuse=refuse, progress=show)
    except RegisterError as error:
        _note("refused")
        sys.exit(f"loket: {error}. Nothing was changed")
    except (OperationalError, OSError) as error:
        progress.clear()
        sys.exit(f"loket: stopped: {error}. The lines up to {last.last} were dealt with; run it again for the rest")
    _note("partly" if totals.refused else "ok")
    progress.clear()
    click.echo(
        f"{totals.lines:,} lines: {totals.new:,} new, {totals.changed:,} changed, {totals.same:,} the same, "
        f"{totals.refused:,} refused",
        err=True,
    )
    sys.exit(1 if totals.refused else 0)


def _note(result: str) -> None:
    """An event of its own, begun and ended, so that a run that was killed is in the log too."""
    with services().db.write() as conn:
        services().desk.record(conn, clock.now(), "register.import", result, who=f"account:{getpass.getuser()}")


def _size(file: BinaryIO) -> int | None:
    """How long a file is, in bytes; None for a pipe."""
    try:
        found = os.fstat(file.fileno())
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None

"""`loket register`: the organisations of the register."""

from __future__ import annotations

import getpass
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import date, datetime
from typing import BinaryIO

import click
from flask.cli import with_appcontext

from selfservice import clock, workdays
from selfservice.commands import import_command
from selfservice.commands.arguments import STAFF_NAME
from selfservice.importing.results import ImportCounts, RejectedLine
from selfservice.register import closing, importer
from selfservice.web.services import services


@click.group("register")
def command() -> None:
    """The organisations of the register: import, close, reopen."""


@command.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--close-many", is_flag=True, help="Close organisations also when they are far more than a day has.")
@with_appcontext
def import_file(file: BinaryIO, *, close_many: bool) -> None:
    """Bring the organisations in FILE (CSV, see docs/register.md; - is standard input) into the database.

    Lines that are refused are printed, with why. Safe to run again, also when it was stopped half-way, and while
    Loket runs. A file that would close far more organisations than a day has is refused as a whole, unless
    --close-many says that it is right. Exit status 1 when a line was refused.
    """

    def bring_in(
        refuse: Callable[[RejectedLine], object],
        progress: Callable[[ImportCounts], object],
        notice: import_command.Notice,
    ) -> ImportCounts:
        with tempfile.TemporaryFile() as copy:
            source = file
            if not close_many:
                source = _rewindable(file, copy)
                importer.check_closings(services().db, source, clock.now(), notice=notice)
            return importer.import_register(
                services().db,
                services().context,
                source,
                clock.now(),
                on_rejected=refuse,
                progress=progress,
                notice=notice,
                who=f"account:{getpass.getuser()}",
            )

    import_command.run_import("register.import", file, bring_in)


def _rewindable(file: BinaryIO, copy: BinaryIO) -> BinaryIO:
    """The file, or `copy` with what comes through a pipe, which can be read once only."""
    if file.seekable():
        return file
    shutil.copyfileobj(file, copy)
    copy.seek(0)
    return copy


@command.command()
@click.argument("number")
@click.option("--by", type=STAFF_NAME, required=True, help="Your own first and last name.")
@click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it is closed; today, unless another is given."
)
@with_appcontext
def close(number: str, by: str, on: datetime | None) -> None:
    """Close the organisation with this NUMBER: its access codes work no more, requests for one end, and its people are
    told by e-mail. On a day to come that happens when the day begins.
    """
    now = clock.now()
    day = on.date() if on else workdays.today(now)
    name, was, done = _set_day(number, day, by, now)
    if was == day.isoformat():
        click.echo(f"{name} was closed on {day} already. Nothing was changed")
    elif done.organisations:
        click.echo(
            f"{name} is closed since {day}: {_count(done.codes, 'access code')} and {_count(done.requests, 'request')} "
            f"ended, {_count(done.letters, 'letter')} will not be printed, {_count(done.mandates, 'mandate')} ended; "
            f"{_count(done.told, 'person', 'people')} will be told by e-mail"
        )
        if done.printed:
            click.echo(f"{_count(done.printed, 'letter')} with its code lie printed: do not post what is still here")
    elif closing.is_due(day.isoformat(), now):
        click.echo(f"{name} was closed already; the day is {day} now")
    else:
        click.echo(f"{name} will be closed on {day}")


@command.command()
@click.argument("number")
@click.option("--by", type=STAFF_NAME, required=True, help="Your own first and last name.")
@with_appcontext
def reopen(number: str, by: str) -> None:
    """Open the organisation with this NUMBER again, as when it was closed by mistake. Access codes that it had stay
    revoked: its people request new ones.
    """
    name, was, _ = _set_day(number, None, by, clock.now())
    click.echo(f"{name} is open" + (" again: its people can request access codes" if was else ". Nothing was changed"))


def _set_day(number: str, day: date | None, by: str, now: datetime) -> tuple[str, str | None, closing.Closed]:
    """The organisation's name, the day that was known until now, and what ended."""
    wired, who = services(), f"staff:{' '.join(by.split()).casefold()}"
    with wired.db.write() as conn:
        found = closing.set_day(conn, wired.context, number, day, who, now)
    if found is None:
        sys.exit(f"loket: no organisation has the number {number}. Nothing was changed")
    before, done = found
    return before["name"], before["closed_on"], done


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"

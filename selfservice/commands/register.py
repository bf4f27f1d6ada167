"""`loket register`: the organisations of the register."""

from __future__ import annotations

from typing import BinaryIO

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.commands import import_command
from selfservice.register import importer
from selfservice.web.services import services


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
    import_command.run_import(
        "register.import",
        file,
        lambda refuse, progress: importer.import_register(
            services().db, file, clock.now(), on_rejected=refuse, progress=progress
        ),
    )

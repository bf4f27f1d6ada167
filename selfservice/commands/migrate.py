"""`loket migrate`: bring the database up to this version."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from selfservice.commands.build import SlowSteps
from selfservice.migrations import migrate, pending, unknown
from selfservice.web.services import services


@click.command("migrate")
@with_appcontext
def command() -> None:
    """Create the database, or bring it up to this version. Safe to run again, and while Loket runs."""
    db = services().db
    with SlowSteps() as progress:
        applied = migrate(db, services().keys, progress=progress)
    if newer := len(unknown(db)):
        said = f"The database has {newer} migrations of a newer version of Loket; this one goes on with it"
    else:
        said = f"{len(applied)} migrations applied" if applied else "The database is up to date"
    if pending(db):
        said += (
            "; but what was deleted is still in the file, which needs room for twice its size or was in use: run this"
        )
        said += " again"
    click.echo(said, err=True)

"""`loket migrate`: bring the database up to this version."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from selfservice.migrations import migrate
from selfservice.web.services import services


@click.command("migrate")
@with_appcontext
def command() -> None:
    """Create the database, or bring it up to this version. Safe to run again, and while Loket runs."""
    applied = migrate(services().db, services().keys)
    click.echo(f"{len(applied)} migrations applied" if applied else "The database is up to date", err=True)

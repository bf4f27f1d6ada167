"""`loket backup FILE`: a copy of the database, made while Loket runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from selfservice import clock, db, heartbeats
from selfservice.web.services import services


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_appcontext
def command(file: Path) -> None:
    """Copy the database to FILE (which must not exist yet), whole and consistent."""
    if file.exists():
        sys.exit(f"loket: {file} exists already; nothing was written")
    source = services().db
    try:
        # A mistyped LOKET_DATABASE is a new, empty file: a copy of that would pass for a backup.
        if source.is_empty():
            sys.exit(f"loket: there is nothing in {source.path}; is LOKET_DATABASE right? Nothing was written")
        db.backup(source, file)
    except (db.Error, OSError) as error:
        sys.exit(f"loket: the backup of {source.path} to {file} failed, and left nothing behind: {error}")
    try:
        heartbeats.beat(source, heartbeats.BACKUP, clock.now())
    except db.Error as error:
        click.echo(
            f"The copy is whole, but when it was made could not be noted ({error}); see `loket doctor`", err=True
        )
    click.echo(f"Backed up to {file} ({file.stat().st_size:,} bytes)", err=True)

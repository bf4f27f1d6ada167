"""`loket backup FILE`: a copy of the database, made while Loket runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from selfservice import db
from selfservice.services import services


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_appcontext
def command(file: Path) -> None:
    """Copy the database to FILE (which must not exist yet), whole and consistent."""
    if file.exists():
        sys.exit(f"loket: {file} exists already; nothing was written")
    try:
        db.backup(services().db, file)
    except (db.Error, OSError) as error:
        sys.exit(f"loket: the backup failed, {file} cannot be used: {error}")
    click.echo(f"Backed up to {file} ({file.stat().st_size:,} bytes)", err=True)

"""`loket backup`: a copy of the database, made while Loket runs; in a folder, the old ones go."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click
from flask.cli import with_appcontext

from selfservice import backups, clock, db, heartbeats
from selfservice.facts.facts import Facts
from selfservice.web.services import services


@click.command("backup")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--dir",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write it there instead, named by the time in UTC, and remove copies there that are too old: the last of each "
    "of 14 days and 8 weeks stays (fact backup.keep_weeks).",
)
@with_appcontext
def command(file: Path | None, folder: Path | None) -> None:
    """Copy the database to FILE (which must not exist yet) or into a folder, whole and consistent."""
    if (file is None) == (folder is None):
        raise click.UsageError("Name one: FILE, or --dir DIR.")
    wired, now = services(), clock.now()
    source, place = wired.db, file or folder
    if file and file.exists():
        sys.exit(f"loket: {file} exists already; nothing was written")
    try:
        # A mistyped LOKET_DATABASE is a new, empty file: a copy of that would pass for a backup.
        if source.is_empty():
            sys.exit(f"loket: there is nothing in {source.path}; is LOKET_DATABASE right? Nothing was written")
        if folder:
            file = backups.add(source, folder, now)
        elif file:
            db.backup(source, file)
    except (db.Error, OSError, backups.BackupError) as error:
        sys.exit(f"loket: the backup of {source.path} to {place} failed, and left nothing behind: {error}")
    assert file is not None
    try:
        heartbeats.beat(source, heartbeats.BACKUP, now)
    except db.Error as error:
        click.echo(
            f"The copy is whole, but when it was made could not be noted ({error}); see `loket doctor`", err=True
        )
    pruned = _prune(folder, wired.facts, now) if folder else ""
    click.echo(f"Backed up to {file} ({file.stat().st_size:,} bytes){pruned}", err=True)


def _prune(folder: Path, facts: Facts, now: datetime) -> str:
    """Remove what is too old; what to say of it."""
    try:
        kept, gone = backups.prune(folder, now, weeks=backups.keep_weeks(facts))
    except OSError as error:
        sys.exit(f"loket: the copy of now is whole, but old ones in {folder} could not be removed: {error}")
    names = f": {', '.join(path.name for path in gone)}" if gone else ""
    return f"; kept {len(kept)} there, removed {len(gone)}{names}"

"""`loket restore FILE`: put a copy that `loket backup` made in the place of the database."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.restore import Copy, prepared, put_in_place, stopped
from selfservice.web.services import services


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--mail", type=click.Choice(["send", "drop"]), help="What becomes of mail that waits in the copy.")
@click.option("--yes", is_flag=True, help="Do it; without, only look and tell.")
@with_appcontext
def command(file: Path, mail: str | None, yes: bool) -> None:
    """Put the copy in FILE in the place of the database, which is kept beside it.

    The copy is checked first. All who were logged in are logged out, and links that were mailed no longer work. Server
    and worker must be stopped; run it as the account that they run as.
    """
    wired, now = services(), clock.now()
    database = wired.db.path
    if file.samefile(database):
        sys.exit(f"loket: {file} is the database itself; nothing was changed")
    wired.db.close()
    with stopped(database):
        pass
    with prepared(file, database, wired.keys, now, drop_mail=mail == "drop") as copy:
        _tell(copy)
        if copy.waiting and mail is None:
            sys.exit(
                f"loket: {copy.waiting} mails wait in this copy, and may have been sent since it was made: say "
                "--mail drop, or --mail send; nothing was changed"
            )
        if not yes:
            sys.exit(f"loket: say --yes to put it in the place of {database}; nothing was changed")
        aside = put_in_place(copy, database, now)
    if aside:
        click.echo(f"The database before it is {aside}")
    click.echo(f"Restored {database}: start Loket again, and look at `loket doctor`")


def _tell(copy: Copy) -> None:
    held = ", ".join(f"{count:,} {what}" for what, count in copy.held.items())
    click.echo(f"The copy is sound and holds {held}; its last event is of {copy.newest or 'never'}")
    click.echo(f"Sessions that end: {copy.sessions:,}; links that no longer work: {copy.links:,}")
    click.echo(f"Mails that wait: {copy.waiting:,}; of these dropped, since their links no longer work: {copy.dead:,}")
    if copy.ready:
        click.echo(f"Letters to print: {copy.ready:,}; look whether they were printed since")

"""`loket restore FILE`: put a copy that `loket backup` made in the place of the database."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.restore import PreparedCopy, prepared_copy, put_in_place, while_stopped
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
    with while_stopped(database):
        pass
    with prepared_copy(file, database, wired.keys, now, drop_mail=mail == "drop") as copy:
        _print_summary(copy)
        if copy.waiting_mails and mail is None:
            sys.exit(
                f"loket: {copy.waiting_mails} mails wait in this copy, and may have been sent since it was made: say "
                "--mail drop, or --mail send; nothing was changed"
            )
        if not yes:
            sys.exit(f"loket: say --yes to put it in the place of {database}; nothing was changed")
        aside = put_in_place(copy, database, now)
    if aside:
        click.echo(f"The database before it is {aside}")
    click.echo(f"Restored {database}: start Loket again, and look at `loket doctor`")


def _print_summary(copy: PreparedCopy) -> None:
    held = ", ".join(f"{count:,} {what}" for what, count in copy.row_counts.items())
    click.echo(f"The copy is sound and holds {held}; its last event is of {copy.newest or 'never'}")
    click.echo(f"Sessions that end: {copy.ended_sessions:,}; links that no longer work: {copy.ended_links:,}")
    click.echo(
        f"Mails that wait: {copy.waiting_mails:,}; of these dropped, since their links no longer work: "
        f"{copy.dropped_mails:,}"
    )
    if copy.ready_letters:
        click.echo(f"Letters to print: {copy.ready_letters:,}; look whether they were printed since")

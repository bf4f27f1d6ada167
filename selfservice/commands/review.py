"""`loket review`: which pages somebody has to read again, and by when."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.publish.rules.review import by_owner, reviews
from selfservice.site_config import did_you_mean
from selfservice.web.services import services
from selfservice.workdays import today


@click.command("review")
@click.option("--owner", default=None, help="Only those of this owner, as pages name it under 'owner:'.")
@with_appcontext
def command(owner: str | None) -> None:
    """Print which pages are to be reviewed within 30 days, or should have been, by owner."""
    day = today(clock.now())
    every = reviews(services().config.content, day)
    if owner is not None and owner not in (known := {one.owner for one in every if one.owner}):
        sys.exit(f"loket: no page has 'owner: {owner}'{did_you_mean(owner, known)}")
    found = [one for one in every if one.is_due(day) and owner in (None, one.owner)]
    width = max((len(one.file) for one in found), default=0)
    for name, theirs in by_owner(found).items():
        click.echo(name or "(nobody: these pages have no 'owner:')")
        for one in theirs:
            late = ", overdue" if one.is_overdue(day) else ""
            click.echo(f"  {one.file:<{width}}  reviewed {one.reviewed}, due {one.due}{late}")
    if not found:
        click.echo("Nothing is due within 30 days")

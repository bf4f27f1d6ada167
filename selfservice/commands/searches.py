"""`loket searches`: what visitors searched for and did not find."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.commands.arguments import DAYS
from selfservice.feedback import searches
from selfservice.i18n.languages import LANGUAGES
from selfservice.web.services import services


@click.command("searches")
@click.option("--days", type=DAYS, default=30, show_default=True, help="Of so many days up to today.")
@click.option("--lang", type=click.Choice(list(LANGUAGES)), default=None, help="Only of this language.")
@with_appcontext
def command(days: int, lang: str | None) -> None:
    """What visitors searched for and did not find, the most sent first.

    Words only, of searches that were sent three times or more; nothing is known of who sent them.
    """
    listed = searches.most_sent(services().db.read(), clock.now(), days, lang or "")
    for search in listed:
        click.echo(f"{search.times:>6}  {search.language}  {search.words}")
    if not listed:
        click.echo(f"Nothing: no search without result was sent three times or more in {days} days", err=True)
    else:
        click.echo(f"{len(listed)} searches" if len(listed) != 1 else "1 search", err=True)

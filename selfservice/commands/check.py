"""`loket check`: what an editor or a translator has to mend, one line each."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from selfservice.commands import catalogs
from selfservice.publish.checks import check
from selfservice.publish.rules.outside import outside_links
from selfservice.web.services import services


@click.command("check")
@click.option("--links", is_flag=True, help="In the place of that: list all addresses outside this site, to be tried.")
@with_appcontext
def command(*, links: bool) -> None:
    """Check the pages, the facts and the translations. Exit status 1 when something must be mended."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (how Flask names it)
    if links:
        found_outside = outside_links(services().config, services().facts, app.extensions["rights"])
        for address, places in found_outside.items():
            click.echo("\n    ".join([address, *map(str, places)]))
        click.echo(f"{len(found_outside)} addresses; open each, and see that it is the page that is meant", err=True)
        return
    found = check(app, services().config)
    lines = catalogs.problems(catalogs.extract())
    for problem in found:
        click.echo(str(problem))
    for line in lines:
        click.echo(line)
    errors = len(lines) + sum(problem.error for problem in found)
    warnings = sum(not problem.error for problem in found)
    click.echo(f"{errors} to mend, {warnings} to look at" if errors or warnings else "Nothing to mend", err=True)
    sys.exit(1 if errors else 0)

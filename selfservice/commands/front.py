"""`loket front`: the configuration of the web server before Loket."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from selfservice.front import caddyfile
from selfservice.settings import DEFAULT_PORT
from selfservice.web.services import services


@click.command("front")
@click.option("--app", default=f"127.0.0.1:{DEFAULT_PORT}", show_default=True, help="Where `loket serve` listens.")
@with_appcontext
def command(app: str) -> None:
    """Print the Caddyfile for this site's settings."""
    click.echo(caddyfile(current_app, services().config, app), nl=False)

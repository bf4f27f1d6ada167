"""`loket health`: what /health says, for a shell."""

from __future__ import annotations

import json
import sys

import click
from flask.cli import with_appcontext

from selfservice.web.monitoring import report


@click.command("health")
@with_appcontext
def command() -> None:
    """Print how it is; exit status 1 when something is wrong."""
    well, parts = report()
    click.echo(json.dumps(parts, indent=2))
    sys.exit(0 if well else 1)

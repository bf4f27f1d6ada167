"""`loket doctor`: a line for everything that must be right, and what to do where it is not."""

from __future__ import annotations

import sys

import click

from selfservice import doctor
from selfservice.app import create_app
from selfservice.config import ConfigError, load
from selfservice.doctor import Finding
from selfservice.facts.kinds import FactError


@click.command("doctor")
@click.option("--to", metavar="ADDRESS", help="Whom the mail server is asked about; no mail is sent.")
def command(to: str | None) -> None:
    """Look at everything that must be right, one line each; exit status 1 when something is wrong."""
    try:
        # Not the app that other commands get: settings that it cannot be made with are one of our lines.
        app = create_app(load())
    except (ConfigError, FactError, OSError) as error:
        _show(Finding("settings", str(error)))
        sys.exit(1)
    wrong = 0
    with app.app_context():
        for finding in doctor.examine(app.extensions["services"], to):
            _show(finding)
            wrong += bool(finding.problem)
    sys.exit(1 if wrong else 0)


def _show(finding: Finding) -> None:
    mark, said = ("WRONG", finding.problem) if finding.problem else ("ok", finding.detail)
    click.echo(f"{finding.name:<13} {mark:<6} {said}")

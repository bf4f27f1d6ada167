"""`loket doctor`: a line for everything that must be right, and what to do where it is not."""

from __future__ import annotations

import sys

import click

from selfservice.config import ConfigError, load

# All else is imported where it is used: it reads site.toml, whose place is a setting.


@click.command("doctor")
@click.option("--to", metavar="ADDRESS", help="Whom the mail server is asked about; no mail is sent.")
def command(to: str | None) -> None:
    """Look at everything that must be right, one line each; exit status 1 when something is wrong."""
    try:
        load()
        from selfservice import doctor
        from selfservice.app import create_app
        from selfservice.facts.kinds import FactError
    except (ConfigError, OSError) as error:
        for line in str(error).split("\n"):
            _show("settings", line)
        sys.exit(1)
    try:
        # Not the app that other commands get: settings that it cannot be made with are one of our lines.
        app = create_app(load())
    except (ConfigError, FactError, OSError) as error:
        _show("settings", str(error))
        sys.exit(1)
    wrong = 0
    with app.app_context():
        for finding in doctor.examine(app.extensions["services"], to):
            _show(*finding)
            wrong += bool(finding.problem)
    sys.exit(1 if wrong else 0)


def _show(name: str, problem: str, detail: str = "") -> None:
    mark, said = ("WRONG", problem) if problem else ("ok", detail)
    click.echo(f"{name:<13} {mark:<6} {said}")

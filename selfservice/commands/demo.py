"""`loket demo`: invented organisations and people to try Loket with."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from selfservice.members import demo
from selfservice.services import services


def fill() -> bool:
    """Fill an empty database; True when it was empty. Refuses outside demo mode."""
    if not services().config.demo:
        sys.exit("loket: demo data only goes into a demonstration: set LOKET_DEMO=1")
    return demo.fill(services().db, services().keys, demo.DEMO_PASSWORD)


@click.command("demo")
@with_appcontext
def command() -> None:
    """Fill an empty database with demo data, and print a code to try it with."""
    click.echo("Demo data added" if fill() else "There is data already; nothing was added", err=True)
    code, email = demo.DEMO_LOGIN
    click.echo(f"Access code {code}, e-mail address {email}, password {demo.DEMO_PASSWORD}")

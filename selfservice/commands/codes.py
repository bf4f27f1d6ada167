"""`loket codes`: what staff do with access codes."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.commands.arguments import ROW_ID, STAFF_NAME
from selfservice.requests import scheduled
from selfservice.web.services import services


@click.group("codes")
def command() -> None:
    """Access codes: revoke."""


@command.command()
@click.argument("number", type=ROW_ID)
@click.option("--by", type=STAFF_NAME, required=True, help="Your own first and last name.")
@with_appcontext
def revoke(number: int, by: str) -> None:
    """Revoke the code with this number (`loket members show` has it): it works no more, and its owner is told."""
    with services().db.write() as conn:
        done = scheduled.revoke_for_staff(conn, services().context, number, by, clock.now())
    if not done:
        sys.exit(f"loket: there is no active access code {number}. Nothing was changed")
    click.echo(f"Access code {number} is revoked; its owner is told by e-mail")

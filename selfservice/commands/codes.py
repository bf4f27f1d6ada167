"""`loket codes`: what staff do with access codes."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.commands.arguments import ROW_ID, STAFF_NAME
from selfservice.orders import main_code_offer
from selfservice.requests import scheduled
from selfservice.web.services import services


@click.group("codes")
def command() -> None:
    """Access codes: revoke, main."""


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


@command.command()
@click.argument("number", type=ROW_ID)
@click.option("--by", type=STAFF_NAME, required=True, help="Your own first and last name.")
@with_appcontext
def main(number: int, by: str) -> None:
    """Make the code with this number (`loket members show` has it) the main code of its organisation. Its owner is
    told, and who had the main code. For an organisation whose main code no longer works: make sure first who asks.
    """
    with services().db.write() as conn:
        done = main_code_offer.give_for_staff(conn, services().context, number, by, clock.now())
    if not done:
        sys.exit(
            f"loket: {number} is no active access code of an organisation, or has the main code. Nothing was changed"
        )
    click.echo(
        f"Access code {number} is the main code now; its owner is told by e-mail, and who had a main code that works"
    )

"""`loket messages`: for staff who are asked whether a mail or letter is really ours."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from selfservice.messages import model
from selfservice.services import services


@click.group("messages")
def command() -> None:
    """Mails and letters that were sent: look up."""


@command.command()
@click.argument("code")
@with_appcontext
def show(code: str) -> None:
    """Say what was sent under CODE, the code of the message, and to whom (masked). Exit status 1 when nothing was."""
    found = model.find(services().db.read(), code)
    if found is None:
        sys.exit(f"loket: we sent nothing under {code}: do not trust that message")
    click.echo(f"{found.kind}, {found.created_at:%Y-%m-%d %H:%M} UTC, to {found.recipient}, in {found.language}")

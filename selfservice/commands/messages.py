"""`loket messages`: for staff who are asked whether a mail or letter is really ours."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from selfservice.i18n.languages import TIMEZONE
from selfservice.mail import verification
from selfservice.values.reference import is_valid_reference, normalise_reference
from selfservice.web.services import services


@click.group("messages")
def command() -> None:
    """Mails and letters that were sent: look up."""


@command.command()
@click.argument("code")
@with_appcontext
def show(code: str) -> None:
    """Say what was sent under CODE, the code of the message, and to whom (masked). Exit status 1 when nothing was."""
    message = verification.find(services().db.read(), code)
    if message is None:
        sys.exit(_nothing(code))
    moment = message.created_at.astimezone(TIMEZONE)
    click.echo(f"{message.kind}, {moment:%Y-%m-%d %H:%M} in Amsterdam, to {message.recipient}, in {message.language}")


def _nothing(code: str) -> str:
    """A code with a typing mistake in it says nothing about the message: that is told apart by the check symbol."""
    if not is_valid_reference(normalise_reference(code)):
        return (
            f"loket: {code!r} is no code of ours: compare it letter by letter. Does the message say so? Do not trust it"
        )
    return f"loket: we sent nothing under {code} in the last {verification.KEPT_DAYS} days: do not trust that message"

"""`loket messages`: for staff who are asked whether a mail or letter is really ours."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from selfservice.i18n.languages import TIMEZONE
from selfservice.mail import verification
from selfservice.values.access_code import CODE_LENGTH, normalise_code
from selfservice.values.message_code import is_valid_message_code
from selfservice.values.reference import is_valid_reference
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
    """A code with a typing mistake in it says nothing about the message: that is told apart by the check digit, and so
    are codes that are of another kind.
    """
    normalised = normalise_code(code)
    if len(normalised) == CODE_LENGTH:
        return "loket: that looks like an access code, which nobody should tell us. The code of a message has 12 digits"
    days = services().context.fact("message.keep_days")
    nothing = f"loket: we sent nothing under {code} in the last {days} days"
    if is_valid_reference(normalised):
        return f"{nothing}. It may be the reference of a request: loket requests show {code}"
    if not is_valid_message_code(normalised):
        return (
            f"loket: {code!r} is no code of ours: compare it digit by digit. Does the message say so? Do not trust it"
        )
    return f"{nothing}: do not trust that message"

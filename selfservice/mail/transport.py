"""What can send a mail, and how it says that it could not: smtp.py and mailbox.py are such."""

from email.message import EmailMessage
from typing import Protocol


class TemporaryMailError(Exception):
    """Not now: the same may well work later."""


class PermanentMailError(Exception):
    """Never: trying the same again is of no use."""


class MailTransport(Protocol):
    """Hands a message on to where mail goes."""

    def send(self, message: EmailMessage) -> None:
        """Return once somebody else is responsible for the message. Raises Temporary or Permanent."""

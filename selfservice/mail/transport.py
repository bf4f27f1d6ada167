"""What the app needs of the world outside; adapters/ has the parts that provide it."""

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

"""The interface that sends mails, implemented by smtp.py and mailbox.py."""

from email.message import EmailMessage
from typing import Protocol


class TemporaryMailError(Exception):
    """The mail was not sent; the same may work later."""


class PermanentMailError(Exception):
    """The mail was not sent, and a retry is useless."""


class MailTransport(Protocol):
    """Sends messages."""

    def send(self, message: EmailMessage) -> None:
        """Return once the receiver is responsible for the message. Raises Temporary or Permanent."""

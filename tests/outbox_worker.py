"""A worker in a process of its own, for the test that kills it: database, SMTP port."""

import sys
import threading
from email.message import EmailMessage
from pathlib import Path

from selfservice import clock, retention
from selfservice.db import Database
from selfservice.mail.delivery import LeasedMail
from selfservice.mail.message import build_message
from selfservice.mail.smtp import SmtpTransport
from selfservice.mail.worker import Worker
from tests.domain_helpers import CONTEXT


def render(item: LeasedMail) -> EmailMessage:
    return build_message(
        message_id=item.message_id,
        sender="Loket <noreply@loket.example>",
        recipient=item.recipient,
        subject="A test",
        text=f"Number {item.payload['number']}",
        language=item.language,
        now=clock.now(),
    )


if __name__ == "__main__":
    Worker(
        Database(Path(sys.argv[1])),
        render,
        SmtpTransport("127.0.0.1", int(sys.argv[2])),
        lambda db, now: retention.clean(db, CONTEXT, now),
        poll_seconds=0.05,
        lease_seconds=1,
    ).run(threading.Event())

"""The mailbox of a demonstration: mails are kept as files in a folder instead of being sent."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

MAX_MAILS = 200


@dataclass(frozen=True)
class MailboxMail:
    """One mail in the mailbox. `id` is safe in an address; `html` is as it was sent, to be shown in no page
    unescaped.
    """

    id: str
    date: datetime
    sender: str
    recipient: str
    subject: str
    text: str
    html: str


class Mailbox:
    """A MailTransport that keeps the newest 200 mails in a folder. The same Message-ID twice is one mail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Store the message. The file appears complete or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = hashlib.sha256(message["Message-ID"].encode()).hexdigest()[:24]
        part = self._folder / f"{name}.{secrets.token_hex(4)}.part"
        with part.open("xb") as file:
            file.write(message.as_bytes(policy=policy.SMTP))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / f"{name}.eml")
        for old in _files(self._folder)[MAX_MAILS:]:
            old.unlink(missing_ok=True)

    def list(self) -> list[MailboxMail]:
        """All mails, the newest first."""
        return sorted((_read(file) for file in _files(self._folder)), key=lambda mail: mail.date, reverse=True)

    def get(self, mail_id: str) -> MailboxMail:
        """The mail with this id. Raises LookupError when there is none."""
        for file in _files(self._folder):
            # Compared with what is there, so that an id can never lead out of the folder.
            if file.stem == mail_id:
                return _read(file)
        raise LookupError("no such mail")


def _files(folder: Path) -> list[Path]:
    found = ((file.stat().st_mtime_ns, file) for file in folder.glob("*.eml"))
    return [file for _, file in sorted(found, reverse=True)]


def _read(file: Path) -> MailboxMail:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return MailboxMail(
        id=file.stem,
        date=message["Date"].datetime,
        sender=str(message["From"]),
        recipient=str(message["To"]),
        subject=str(message["Subject"]),
        text=text.get_content() if text else "",
        html=html.get_content() if html else "",
    )

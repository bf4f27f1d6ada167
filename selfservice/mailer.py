"""Wiring of the mail worker: renders the templates of queued mails and chooses the transport."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import formataddr
from typing import Any

from selfservice import clock, retention
from selfservice.config import Config
from selfservice.db import Database
from selfservice.i18n.languages import using_language
from selfservice.mail.delivery import LeasedMail
from selfservice.mail.mailbox import Mailbox
from selfservice.mail.message import build_message
from selfservice.mail.transport import MailTransport
from selfservice.mail.verification import help_role, verification_line
from selfservice.mail.worker import Worker
from selfservice.register import closing
from selfservice.requests import scheduled
from selfservice.requests.status_link import status_path
from selfservice.site_config import SITE
from selfservice.web import downloads
from selfservice.web.services import Services

# Files of ended sessions are deleted soon.
SWEEP_INTERVAL = timedelta(minutes=1)


def render_mail(services: Services, kind: str, language: str, payload: dict[str, Any]) -> tuple[str, str]:
    """Subject and text of a mail, in its language.

    The template is named by the kind: `replacement_password.link` is replacement_password/mail_link.txt. Its first
    line is the subject. Every mail ends with its check code.
    """
    fragment, _, name = kind.partition(".")
    # In a text a line's end after a block is part of it: without it paragraphs, and links with them, run together.
    texts = services.templates.overlay(autoescape=False, trim_blocks=False)
    template = texts.get_template(f"{fragment}/mail_{name}.txt")
    with using_language(language):
        text = template.render(
            payload=payload, lang=language, status_path=lambda reference: status_path(services.keys, reference)
        )
        page = services.templates.globals["page_url"](help_role())  # type: ignore[operator]
        # A mail that was queued before there were check codes has none.
        code = payload.get("check_code")
        footer = verification_line(code, services.config.base_url + page) if code else ""
    subject, _, body = text.strip().partition("\n")
    return subject.strip(), f"{body.strip()}\n\n{footer}".strip() + "\n"


def demo_mailbox(config: Config) -> Mailbox:
    """The mailbox of a demonstration."""
    return Mailbox(config.database.parent / "mailbox")


def mail_transport(services: Services) -> MailTransport:
    """The mail transport: SMTP when LOKET_SMTP_URL is set, else, in a demonstration, its mailbox.

    Raises ConfigError when there is none, or the URL is malformed.
    """
    config = services.config
    if config.demo and not config.smtp_url:
        return demo_mailbox(config)
    from selfservice.mail.smtp import smtp_transport  # brings TLS, which no web process of ours speaks

    return smtp_transport(config)


def probe_smtp(services: Services, recipient: str) -> str:
    """Test the mail server with the SMTP dialogue of a mail to the recipient, without sending one; returns its name.
    Raises ConfigError for a wrong setting, PermanentMailError or TemporaryMailError for an error of the server.
    """
    from selfservice.mail.smtp import SmtpTransport

    way = mail_transport(services)
    if not isinstance(way, SmtpTransport):
        return "the demonstration's mailbox"
    way.probe(services.config.sender, recipient)
    return f"{way.host}:{way.port}"


def mail_worker(services: Services, way: MailTransport, jobs: Callable[[datetime], object] = lambda _: None) -> Worker:
    """The mail worker, sending through `way`; `jobs` is called at each turn, and must not block."""
    folder, swept = downloads.folder_of(services), datetime.min.replace(tzinfo=UTC)

    def render(item: LeasedMail) -> EmailMessage:
        subject, text = render_mail(services, item.kind, item.language, item.payload_with_secret(services.keys))
        with using_language(item.language):
            name = str(services.facts.get("organisation.name"))
        return build_message(
            message_id=item.message_id,
            sender=formataddr((name, services.config.sender)),
            recipient=item.recipient,
            subject=subject,
            text=text,
            language=item.language,
            now=clock.now(),
        )

    def hourly(db: Database, now: datetime) -> None:
        if not SITE.forms:
            return
        closing.close_due(db, services.context, now)
        scheduled.run_hourly(db, services.context, now)
        retention.clean(db, services.context, now)

    def often(now: datetime) -> None:
        nonlocal swept
        jobs(now)
        if now - swept >= SWEEP_INTERVAL:
            swept = now
            downloads.delete_expired(folder, services.db, services.context, now)

    return Worker(services.db, render, way, hourly, poll_seconds=0.5, every_turn=often)

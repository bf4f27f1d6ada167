"""Sending mail over SMTP, to the server that LOKET_SMTP_URL names."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from smtplib import (
    SMTP,
    SMTP_SSL,
    SMTPDataError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
)

from selfservice.config import Config, ConfigError
from selfservice.mail.transport import PermanentMailError, TemporaryMailError
from selfservice.setting_kinds import SMTP_TIMEOUT_SECONDS, SMTP_URL, smtp_address

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class SmtpTransport:
    """One SMTP server and how to speak with it; a connection a mail.

    `starttls` is offered (use it when the server has it), require, or never. Certificates are always
    verified, against the system's authorities unless `context` says otherwise.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    implicit_tls: bool = False
    starttls: str = "offered"
    timeout: float = SMTP_TIMEOUT_SECONDS
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)

    @classmethod
    def from_url(cls, url: str, context: ssl.SSLContext | None = None) -> "SmtpTransport":
        """The server that an SMTP address names. Raises ValueError as `smtp_address` does (setting_kinds.py)."""
        return cls(**smtp_address(url)._asdict(), context=context or ssl.create_default_context())

    def send(self, message: EmailMessage) -> None:
        """Hand the message to the server. Returns only after the server took responsibility for it.

        Permanent when the server refuses this sender, recipient or content with a 5xx. Temporary for
        everything that another try may mend: a 4xx, no connection, a dropped one, and whatever is wrong with
        TLS or the log-in.
        """
        with self._session() as server:
            server.send_message(message)

    def probe(self, sender: str, recipient: str) -> None:
        """Speak with the server as for a mail, up to its recipient, and send none. Raises as `send` does."""
        with self._session() as server:
            # As send_message does; each raises what the server answers.
            code, said = server.mail(sender)
            if code != 250:
                raise SMTPSenderRefused(code, said, sender)
            code, said = server.rcpt(recipient)
            if code not in (250, 251):
                raise SMTPRecipientsRefused({recipient: (code, said)})
            server.rset()

    @contextmanager
    def _session(self) -> Iterator[SMTP]:
        try:
            server = self._connect()
            try:
                yield server
            finally:
                # The server has answered for the message by now; how it says goodbye does not matter.
                with suppress(SMTPException, OSError):
                    server.quit()
                server.close()
        except SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise _to_mail_error(code, text) from error
        except (SMTPSenderRefused, SMTPDataError) as error:
            raise _to_mail_error(error.smtp_code, error.smtp_error) from error
        except SMTPNotSupportedError as error:
            raise PermanentMailError("the mail server cannot take this address") from error
        except (SMTPException, OSError) as error:
            raise TemporaryMailError(f"the mail server could not be used: {type(error).__name__}") from error

    def _connect(self) -> SMTP:
        if self.implicit_tls:
            server: SMTP = SMTP_SSL(self.host, self.port, timeout=self.timeout, context=self.context)
        else:
            server = SMTP(self.host, self.port, timeout=self.timeout)
        try:
            self._secure(server)
            if self.user is not None:
                server.login(self.user, self.password or "")
        except BaseException as error:
            server.close()
            # Not supporting the log-in is the server's set-up, not this mail's fault.
            if isinstance(error, SMTPNotSupportedError):
                raise TemporaryMailError("the mail server does not offer the log-in that is set") from error
            raise
        return server

    def _secure(self, server: SMTP) -> None:
        server.ehlo()
        encrypted = self.implicit_tls
        if not encrypted and self.starttls != "never" and server.has_extn("starttls"):
            server.starttls(context=self.context)
            server.ehlo()
            encrypted = True
        if not encrypted and self.starttls == "require":
            raise TemporaryMailError("the mail server does not offer STARTTLS, which is required")
        if not encrypted and self.user is not None and self.host not in _LOOPBACK:
            raise TemporaryMailError("the mail server offers no encryption, so the password was not sent to it")


def _to_mail_error(code: int, text: bytes | str) -> TemporaryMailError | PermanentMailError:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return (PermanentMailError if 500 <= code < 600 else TemporaryMailError)(f"{code} {shown}")


def smtp_transport(config: Config) -> SmtpTransport:
    """The server that LOKET_SMTP_URL names. Raises ConfigError when it names none, or is malformed."""
    if not config.smtp_url:
        raise ConfigError("LOKET_SMTP_URL is not set: without a mail server nobody gets a password link")
    try:
        return SmtpTransport.from_url(config.smtp_url)
    except ValueError as error:
        raise ConfigError(f"LOKET_SMTP_URL must be {SMTP_URL.form}; {error}") from None

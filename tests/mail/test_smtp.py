"""Sending over SMTP against a real server, and its faults; and the mailbox that stands in for it."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import AuthResult

from selfservice.mail.mailbox import MAX_MAILS, Mailbox
from selfservice.mail.message import build_message
from selfservice.mail.smtp import SmtpTransport
from selfservice.mail.transport import MailTransport, PermanentMailError, TemporaryMailError
from tests.domain_helpers import NOW, SmtpServer


def message(number: int = 1, recipient: str = "jan@example.org") -> EmailMessage:
    return build_message(
        message_id=f"<{number}@loket.example>",
        sender="KVK <noreply@loket.example>",
        recipient=recipient,
        subject=f"Één {number}",
        text="Hallo\n\n[Kies](https://loket.example/)",
        language="nl",
        now=NOW + timedelta(minutes=number),
    )


@pytest.fixture
def post() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def authenticate(*_: object) -> AuthResult:
    """The log-in of these tests: user jan, password wachtwoord/1."""
    data = _[-1]
    return AuthResult(
        success=(getattr(data, "login", b""), getattr(data, "password", b"")) == (b"jan", b"wachtwoord/1"),
        handled=False,
    )


def send(url: str, tls: ssl.SSLContext | None = None) -> None:
    SmtpTransport.from_url(url, tls).send(message())


def test_send(post: SmtpServer) -> None:
    """A mail arrives as it was built, from and to the addresses in its headers."""
    send(f"smtp://127.0.0.1:{post.port}")
    (arrived,), (envelope,) = post.messages, post.envelopes
    assert ("<1@loket.example>", "Één 1") == (arrived["Message-ID"], arrived["Subject"])
    assert ("noreply@loket.example", ["jan@example.org"]) == (envelope.mail_from, envelope.rcpt_tos)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("451 try again later", TemporaryMailError),
        ("421 too busy", TemporaryMailError),
        ("drop", TemporaryMailError),
        ("550 looks like spam", PermanentMailError),
        ("552 too large", PermanentMailError),
    ],
)
def test_faults(post: SmtpServer, answer: str, expected: type[Exception]) -> None:
    """A 4xx or a dropped connection is for now, a 5xx for good; afterwards the next mail goes through."""
    post.answers.append(answer)
    with pytest.raises(expected):
        send(f"smtp://127.0.0.1:{post.port}")
    send(f"smtp://127.0.0.1:{post.port}")
    assert 1 == len(post.messages)


@pytest.mark.parametrize(
    ("answer", "expected"), [("450 mailbox busy", TemporaryMailError), ("550 no such user", PermanentMailError)]
)
def test_refused_recipient(post: SmtpServer, answer: str, expected: type[Exception]) -> None:
    """A refused recipient is for now or for good as the server says, and what it said is told."""
    post.recipient_answers.append(answer)
    with pytest.raises(expected, match=answer):
        send(f"smtp://127.0.0.1:{post.port}")


def test_probe(post: SmtpServer) -> None:
    """A conversation up to the recipient says what a mail would meet, and sends none."""
    way = SmtpTransport.from_url(f"smtp://127.0.0.1:{post.port}")
    way.probe("noreply@loket.example", "jan@example.org")
    post.recipient_answers.append("550 no such user")
    with pytest.raises(PermanentMailError, match="550 no such user"):
        way.probe("noreply@loket.example", "jan@example.org")
    assert ([], []) == (post.messages, post.envelopes)


def test_nobody_listens() -> None:
    """No server at all is for now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(TemporaryMailError, match="ConnectionRefusedError"):
            send(f"smtp://127.0.0.1:{port}")


def test_silent_server() -> None:
    """A server that takes the connection and says nothing is given up after the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(TemporaryMailError):
            send(f"smtp://127.0.0.1:{port}?timeout=0.1")


def test_bad_goodbye(post: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail the server accepted is sent, whatever happens at QUIT: it must not be sent twice."""

    def rude(_: smtplib.SMTP) -> None:
        raise smtplib.SMTPResponseException(500, "no manners")

    monkeypatch.setattr(smtplib.SMTP, "quit", rude)
    send(f"smtp://127.0.0.1:{post.port}")
    assert 1 == len(post.messages)


@pytest.mark.parametrize("option", ["", "?starttls=require"])
def test_starttls(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, option: str) -> None:
    """Where the server offers encryption it is used, asked for or not."""
    with SmtpServer(tls_context=server_tls) as post:
        send(f"smtp://127.0.0.1:{post.port}{option}", client_tls)
        (session,) = post.sessions
        assert session.ssl is not None


def test_starttls_required(post: SmtpServer) -> None:
    """Where encryption is required and not offered, nothing is sent."""
    with pytest.raises(TemporaryMailError, match="STARTTLS"):
        send(f"smtp://127.0.0.1:{post.port}?starttls=require")
    assert [] == post.messages


def test_unknown_certificate(server_tls: ssl.SSLContext) -> None:
    """A certificate of an unknown authority is not accepted."""
    with SmtpServer(tls_context=server_tls) as post:
        with pytest.raises(TemporaryMailError, match="SSLCertVerificationError"):
            send(f"smtp://127.0.0.1:{post.port}")
        assert [] == post.messages


def test_smtps(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """smtps:// is encrypted from the first byte."""
    with SmtpServer(ssl_context=server_tls) as post:
        send(f"smtps://127.0.0.1:{post.port}", client_tls)
        assert 1 == len(post.messages)


@pytest.mark.parametrize(("password", "arrives"), [("wachtwoord%2F1", True), ("wrong", False)])
def test_log_in(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, password: str, arrives: bool) -> None:
    """User and password are sent under encryption; a wrong password waits for the operator to mend it."""
    with SmtpServer(tls_context=server_tls, authenticator=authenticate, auth_required=True) as post:
        url = f"smtp://jan:{password}@127.0.0.1:{post.port}"
        if arrives:
            send(url, client_tls)
        else:
            with pytest.raises(TemporaryMailError, match="SMTPAuthenticationError"):
                send(url, client_tls)
        assert arrives == (len(post.messages) == 1)


def test_no_password_in_the_clear(post: SmtpServer) -> None:
    """To another machine a password is never sent without encryption."""
    elsewhere = SmtpTransport("mail.example.org", post.port, user="jan", password="wachtwoord/1")
    with smtplib.SMTP("127.0.0.1", post.port) as server, pytest.raises(TemporaryMailError, match="not sent"):
        elsewhere._secure(server)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 587, None, False, "offered")),
        ("smtps://mail.example.org", ("mail.example.org", 465, None, True, "offered")),
        ("smtp://a%40b:c@h.example:25?starttls=never", ("h.example", 25, "a@b", False, "never")),
        ("smtp://[::1]:2525", ("::1", 2525, None, False, "offered")),
    ],
)
def test_url(url: str, expected: tuple[object, ...]) -> None:
    """An address names scheme, user, host, port and options; what it leaves out is as usual."""
    made = SmtpTransport.from_url(url)
    assert expected == (made.host, made.port, made.user, made.implicit_tls, made.starttls)


@pytest.mark.parametrize(
    "url",
    [
        "http://jan:geheim@mail.example.org",
        "smtp://",
        "mail.example.org",
        "smtp://jan:geheim@mail.example.org?startls=require",
        "smtp://jan:geheim@mail.example.org?starttls=yes",
        "smtp://jan:geheim@mail.example.org?timeout=soon",
        "smtp://jan:geheim@mail.example.org:port",
    ],
)
def test_wrong_url(url: str) -> None:
    """A wrong address is one clear line that does not repeat the password."""
    with pytest.raises(ValueError, match=r"^(it must begin|behind|its timeout|its port)") as raised:
        SmtpTransport.from_url(url)
    assert ([], False) == (str(raised.value).splitlines()[1:], "geheim" in str(raised.value))


def test_password_is_not_shown() -> None:
    """The password does not show when the transport is printed."""
    assert "geheim" not in repr(SmtpTransport.from_url("smtp://jan:geheim@mail.example.org"))


def test_mailbox(tmp_path: Path) -> None:
    """The mailbox keeps each mail, shows the newest first, and finds one by its id."""
    mailbox: MailTransport = Mailbox(tmp_path / "mailbox")
    for number in (1, 2):
        mailbox.send(message(number))
    again = Mailbox(tmp_path / "mailbox")
    newest, oldest = again.list()
    assert ["Één 2", "Één 1"] == [newest.subject, oldest.subject]
    assert ("jan@example.org", "Hallo\n\nKies:\nhttps://loket.example/\n") == (
        newest.recipient,
        newest.text.replace("\r\n", "\n"),
    )
    assert ('<html lang="nl">' in newest.html, oldest) == (True, again.get(oldest.id))


def test_mailbox_twice(tmp_path: Path) -> None:
    """A mail that is sent twice is there once."""
    mailbox = Mailbox(tmp_path)
    for _ in range(2):
        mailbox.send(message())
    assert (1, 1) == (len(mailbox.list()), len(list(tmp_path.iterdir())))


@pytest.mark.parametrize("mail_id", ["", "nothing", "../loket", "*"])
def test_mailbox_unknown(tmp_path: Path, mail_id: str) -> None:
    """An id that no mail has finds nothing, and never another file."""
    (tmp_path / "loket.eml").write_bytes(message().as_bytes())
    with pytest.raises(LookupError):
        Mailbox(tmp_path / "mailbox").get(mail_id)


@pytest.mark.slow
def test_mailbox_is_bounded(tmp_path: Path) -> None:
    """Only the newest mails are kept."""
    mailbox = Mailbox(tmp_path)
    for number in range(MAX_MAILS + 3):
        mailbox.send(message(number))
    subjects = [mail.subject for mail in mailbox.list()]
    assert (MAX_MAILS, f"Één {MAX_MAILS + 2}") == (len(subjects), subjects[0])

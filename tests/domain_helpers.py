"""What the tests of the data core share: a database, counted statements, processes, an SMTP server."""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from selfservice.accounts import access_codes, people
from selfservice.config import ROOT, site_folder
from selfservice.context import Context
from selfservice.crypto import Keys
from selfservice.db import Connection, Database
from selfservice.facts.facts import Facts
from selfservice.mail.delivery import to_leased_mail
from selfservice.migrations import migrate
from selfservice.seeds import new_seed
from selfservice.values.access_code import derive_code

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEYS = Keys(b"a secret of the tests, long enough")
# The demonstration's, or another site that the tests are run on (tests/test_example_site.py).
CONTENT = site_folder({"LOKET_SITE": str(ROOT), **os.environ}) / "content"
FACTS = Facts.load(CONTENT / "facts.toml", date(2026, 11, 21))
CONTEXT = Context(KEYS, FACTS, "loket.example")


@contextmanager
def new_database(folder: Path) -> Iterator[Database]:
    """A migrated database in a file of its own."""
    (folder / "loket.db").write_bytes(_migrated())
    db = Database(folder / "loket.db")
    yield db
    db.close()


@cache
def _migrated() -> bytes:
    """An empty database. Migrating takes a tenth of a second, copying a thousandth."""
    with TemporaryDirectory() as folder:
        db = Database(Path(folder) / "loket.db")
        migrate(db, KEYS)
        db.close()
        return db.path.read_bytes()


def new_code() -> str:
    """An access code that nobody has."""
    return derive_code(KEYS, new_seed(KEYS, "code"))


def add_person(db: Database, email: str = "jip@bakkerij.example", code: str | None = None) -> tuple[int, str]:
    """A person with a private access code; their id, and the code."""
    code = code or new_code()
    with db.write() as conn:
        person = people.add(conn, NOW, given_name="Jip", family_name="van der Zonnestraal", email=email, language="nl")
        access_codes.add(conn, KEYS, NOW, code=code, person_id=person)
    return person, code


@contextmanager
def recorded_statements(db: Database) -> Iterator[list[str]]:
    """The statements that run inside the block, on this thread's connection, in the order they ran."""
    statements: list[str] = []
    db.read().set_trace_callback(statements.append)
    try:
        yield statements
    finally:
        db.read().set_trace_callback(None)


def verbs(statements: list[str]) -> list[str]:
    """The first word of each statement: what was done, without the values."""
    return [statement.split()[0].upper() for statement in statements]


def run_processes(target: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> list[Any]:
    """Run a module's function in as many new processes as there are arguments, all at once; their results."""
    context = multiprocessing.get_context("forkserver")
    # So that the package is imported once, not once a process: the race begins sooner and is closer.
    context.set_forkserver_preload(["tests.domain_helpers"])
    together = context.Barrier(len(arguments))
    with context.Pool(len(arguments), initializer=together.wait) as pool:
        return pool.starmap(target, arguments, chunksize=1)


def filled(row: dict[str, Any]) -> dict[str, Any]:
    """What a queued mail will be filled in with, its link's token or its access code included."""
    return to_leased_mail(row).payload_with_secret(KEYS)


def undo(db: Database, work: Callable[[Connection], object]) -> None:
    """Do something in a `write()` that then fails."""
    with pytest.raises(ZeroDivisionError), db.write() as conn:  # noqa: PT012 (the work belongs inside too)
        work(conn)
        raise ZeroDivisionError


def rows(db: Database, table: str) -> list[dict[str, Any]]:
    """All rows of a table."""
    return [dict(row) for row in db.read().execute(f"SELECT * FROM {table}")]


def dump(db: Database) -> str:
    """The whole database as text, to look for what must not be in it."""
    tables = db.read().execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return "\n".join(str(row) for table in tables for row in rows(db, table["name"]))


class FreePortController(Controller):
    """A controller on a port that is free: it learns which before it makes its first connection to itself."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class SmtpServer:
    """A real SMTP server that keeps what it is given; `answers` says what it answers to the next messages'
    DATA.

    An answer is an SMTP reply, or 'drop' to hang up instead of answering. Without one it accepts.
    """

    def __init__(self, **controller: Any) -> None:
        # What was handed over, answered or not; what was taken; with what.
        self.begun: list[EmailMessage] = []
        self.messages: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []
        self.answers: list[str] = []
        self.recipient_answers: list[str] = []
        self.delay_seconds = 0.0
        self._lock = threading.Lock()
        self._controller = FreePortController(self, hostname="127.0.0.1", port=0, **controller)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_answers:
            return self.recipient_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.begun.append(message)
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "drop":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "421 gone"
        if answer.startswith("250"):
            with self._lock:
                self.messages.append(message)
                self.envelopes.append(envelope)
                self.sessions.append(session)
        return answer

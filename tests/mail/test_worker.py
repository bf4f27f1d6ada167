"""The worker: sends, shares, survives and stops; and kill -9 at any moment loses no mail."""

import logging
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest

from selfservice import clock
from selfservice.db import Database
from selfservice.logs import JsonFormatter
from selfservice.mail import outbox
from selfservice.mail.delivery import claim
from selfservice.mail.outbox import OutboxEntry, status
from selfservice.mail.worker import Worker
from tests.domain_helpers import CONTEXT, NOW, SmtpServer, new_database, rows, run_processes
from tests.outbox_worker import render

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def enqueue(db: Database, number: int, now: datetime = NOW) -> OutboxEntry:
    with db.write() as conn:
        return outbox.enqueue(
            conn,
            CONTEXT,
            now,
            idempotency_key=f"mail {number}",
            kind="test.link",
            recipient=f"{number}@example.org",
            language="en",
            payload={"number": number},
        )


class Fake:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        self.sent.append(message)


def test_worker(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """A worker sends what is there and what comes, cleans once, survives a locked database, and stops when
    told.
    """
    stop, cleaned, transport = threading.Event(), [], Fake()

    def clean_up(_: Database, now: datetime) -> None:
        cleaned.append(now)

    enqueue(db, 1)
    worker = Worker(Database(db.path), render, transport, clean_up, now=lambda: NOW, poll_seconds=0.01)
    thread = threading.Thread(target=worker.run, args=(stop,))
    with caplog.at_level(logging.INFO, "loket.outbox"):
        thread.start()
        until(lambda: len(transport.sent) == 1)
        db.read().execute("ALTER TABLE outbox RENAME TO away")
        until(lambda: any(record.levelname == "WARNING" for record in caplog.records))
        db.read().execute("ALTER TABLE away RENAME TO outbox")
        enqueue(db, 2)
        until(lambda: len(transport.sent) == 2)
        stop.set()
        thread.join(60)
    assert (False, [NOW]) == (thread.is_alive(), cleaned)


def test_broken_database_does_not_fill_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the database cannot be used the worker looks less and less often."""
    pauses: list[float | None] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout)
            if len(pauses) == 9:
                self.set()
            return True

    Worker(Database(tmp_path / "empty.db"), render, Fake(), lambda *_: None, poll_seconds=0.5).run(Stop())
    assert [1, 2, 4, 8, 10, 10, 10, 10, 10] == pauses
    # One a turn, and one for the heartbeat.
    assert 10 == len(caplog.records)


def test_other_work_that_fails(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """What goes wrong in the work of the hour is logged, without what it says; mail goes out all the same, then too."""
    stop, transport = threading.Event(), Fake()

    def clean_up(_: Database, __: datetime) -> None:
        enqueue(db, 2)
        raise ValueError("jan@example.org")

    enqueue(db, 1)
    worker = Worker(Database(db.path), render, transport, clean_up, now=lambda: NOW, poll_seconds=0.01)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    until(lambda: len(transport.sent) == 2)
    stop.set()
    thread.join(60)
    lines = [JsonFormatter().format(record) for record in caplog.records if record.levelname == "ERROR"]
    assert (1, False) == (len(lines), "jan@" in lines[0])


def test_work_of_each_turn_that_fails(db: Database) -> None:
    """What should not wait is called at each turn, between two mails too; when it fails mail goes out all the same."""
    stop, transport, turns = threading.Event(), Fake(), list[int]()

    def often(_: datetime) -> None:
        turns.append(len(transport.sent))
        if len(transport.sent) == 2:
            stop.set()
        raise ValueError("jobs")

    for number in (1, 2):
        enqueue(db, number)
    Worker(Database(db.path), render, transport, lambda *_: None, now=lambda: NOW, every_turn=often).run(stop)
    assert [0, 1, 2] == turns


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.005)


def claim_all(path: Path) -> list[int]:
    db, claimed = Database(path), []
    while item := claim(db, NOW):
        claimed.append(item.id)
    db.close()
    return claimed


def test_workers_share(db: Database) -> None:
    """Four workers at once never get the same mail, and leave none."""
    for number in range(200):
        enqueue(db, number)
    claimed = run_processes(claim_all, [(db.path,)] * 4)
    assert list(range(1, 201)) == sorted(number for each in claimed for number in each)


def has_gone_on(db: Database, post: SmtpServer, enough: int, total: int) -> bool:
    return len(post.messages) >= enough or status(db, clock.now())["sent"] == total


@pytest.mark.slow
def test_killed_worker_loses_nothing(db: Database) -> None:
    """A worker killed again and again at any moment: every mail arrives at least once, always as the same
    mail.
    """
    total = 36
    now = clock.now()
    ids = {enqueue(db, number, now).message_id for number in range(total)}
    kills = 0
    with SmtpServer() as post:
        post.delay_seconds = 0.02
        command = [sys.executable, "-m", "tests.outbox_worker", str(db.path), str(post.port)]
        while status(db, clock.now())["sent"] < total:
            enough = len(post.messages) + random.randint(1, 6)
            worker = subprocess.Popen(command, cwd=ROOT)
            try:
                # After some mails and a moment, not after a time: a slow machine gets as far as a fast one.
                until(partial(has_gone_on, db, post, enough, total))
                time.sleep(random.uniform(0, 0.05))
            finally:
                worker.kill()
                worker.wait()
            kills += 1
    arrived = [message["Message-ID"] for message in post.messages]
    states = {each["state"] for each in rows(db, "outbox")}
    assert (ids, {"sent"}, True) == (set(arrived), states, kills >= 3)

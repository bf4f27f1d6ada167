"""/health: 200 when all is well, 503 with what is not, and nothing secret in either."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from selfservice import clock
from selfservice.db import Database
from selfservice.facts import Facts
from selfservice.ports import Temporary
from tests.clients import HouseClient
from tests.counter import EMAIL, Office, Visitor, location


def test_well(client: HouseClient) -> None:
    """All is well: version, database, migrations and outbox are there."""
    answer = client.get("/health")
    report = answer.get_json()
    assert (200, True, "up to date") == (answer.status_code, report["ok"], report["migrations"])
    assert {"ok", "version", "database", "migrations", "outbox"} == set(report)
    assert report["database"].startswith("SQLite 3.")


def test_migrations_wait(app: Flask, client: HouseClient) -> None:
    """A database that is behind the program is said so."""
    app.extensions["services"].db.path.unlink()
    Database(app.extensions["services"].db.path)
    answer = client.get("/health")
    assert (503, False) == (answer.status_code, answer.get_json()["ok"])


def test_one_migration_waits(app: Flask, client: HouseClient) -> None:
    """One step that was not taken is enough."""
    Office(app).change("DELETE FROM _sqlite_migrations WHERE name = 'create_events'")
    answer = client.get("/health")
    assert (503, "1 waiting") == (answer.status_code, answer.get_json()["migrations"])


def test_no_database(app: Flask, client: HouseClient) -> None:
    """A database that cannot be used is said so, without a crash."""
    path = app.extensions["services"].db.path
    path.write_bytes(b"this is no database, only a file of that name" * 100)
    answer = client.get("/health")
    assert (503, "cannot be used: DatabaseError") == (answer.status_code, answer.get_json()["database"])


def test_mail_waits(app: Flask, client: HouseClient) -> None:
    """Mail that does not get out is said so, without whose it is."""
    location(Visitor(client).ask())
    soon = client.get("/health")
    before = clock.to_text(clock.now() - dt.timedelta(hours=1))
    Office(app).change(f"UPDATE outbox SET created_at = '{before}', next_at = '{before}'")
    late = client.get("/health")
    assert [(200, 1), (503, 1)] == [(one.status_code, one.get_json()["outbox"]["waiting"]) for one in (soon, late)]
    assert EMAIL not in late.text


def test_mail_server_down(app: Flask, client: HouseClient) -> None:
    """When the mail server is down the visitor's answer is the same, the mail waits, and the reason is told."""

    class Down:
        def send(self, message: object) -> None:
            raise Temporary("the mail server could not be used: ConnectionRefusedError")

    from selfservice import mails
    from selfservice.outbox.queue import run_once

    location(Visitor(client).ask())
    worker = mails.worker(app.extensions["services"], Down())
    run_once(worker.db, worker.render, worker.transport, worker.now)
    outbox = client.get("/health").get_json()["outbox"]
    assert (1, "the mail server could not be used: ConnectionRefusedError") == (outbox["waiting"], outbox["last_error"])


@pytest.mark.parametrize(("days", "status"), [(-1, 503), (0, 503), (1, 200)])
def test_facts_changed(app: Flask, client: HouseClient, days: int, status: int) -> None:
    """On the day a fact changes somebody is told to build and start again."""
    facts: Facts = app.extensions["services"].facts
    facts.changes = (clock.now().date() + dt.timedelta(days),)
    assert status == client.get("/health").status_code

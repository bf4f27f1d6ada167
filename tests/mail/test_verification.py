"""Check codes: what we sent can be told from what we did not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from selfservice import mailer
from selfservice.db import Database
from selfservice.mail import outbox, verification
from selfservice.values.address import mask_address
from selfservice.values.reference import group_reference, is_valid_reference, new_reference
from tests.domain_helpers import CONTEXT, NOW, new_database, recorded_statements, rows, verbs


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def queue(db: Database, key: str, *, void: bool = False) -> None:
    with db.write() as conn:
        outbox.enqueue(
            conn,
            CONTEXT,
            NOW,
            idempotency_key=key,
            kind="replacement_password.link",
            recipient="jip@bakkerij.example",
            language="nl",
            payload={"name": "Jip", "token": "t"},
            void=void,
        )


def test_find(db: Database) -> None:
    """A message is found by its check code, however that is typed, with kind, moment and masked recipient."""
    with db.write() as conn:
        code = verification.register(conn, "access_code.letter", "B••• / 0012•••", "nl", NOW)
    expected = verification.SentMessage(code, "access_code.letter", "B••• / 0012•••", "nl", NOW)
    assert [expected] * 3 == [
        verification.find(db.read(), typed)
        for typed in (code, group_reference(code).lower(), f" {code[:4]} – {code[4:]} ")
    ]


def test_find_nothing(db: Database) -> None:
    """A code that we never gave out finds nothing, nor does nonsense."""
    with db.write() as conn:
        verification.register(conn, "a.b", "a•••@b.example", "en", NOW)
    assert [None, None, None] == [verification.find(db.read(), typed) for typed in (new_reference(), "", "k" * 500)]


def test_code_can_be_read_out(db: Database) -> None:
    """Check codes are references: speakable, each with a check symbol, no two the same."""
    with db.write() as conn:
        made = {verification.register(conn, "a.b", "a•••@b.example", "en", NOW) for _ in range(50)}
    assert 50 == len(made)
    assert all(is_valid_reference(code) for code in made)


def test_every_mail_is_registered(db: Database) -> None:
    """A queued mail has a row under the check code in its payload, with its kind, moment and masked address."""
    queue(db, "one")
    payload = json.loads(rows(db, "outbox")[0]["payload"])
    assert {"name": "Jip", "token": "t", "check_code": payload["check_code"]} == payload
    expected = verification.SentMessage(
        payload["check_code"], "replacement_password.link", "j•••@bakkerij.example", "nl", NOW
    )
    assert expected == verification.find(db.read(), payload["check_code"])


def test_once_per_mail(db: Database) -> None:
    """The same idempotency key queues one mail and registers one message."""
    queue(db, "one")
    queue(db, "one")
    assert 1 == len(rows(db, "messages"))


def test_no_address_in_full(db: Database) -> None:
    """The table of messages never holds a whole address."""
    queue(db, "one")
    queue(db, "two", void=True)
    assert "jip@" not in str(rows(db, "messages"))


def test_void_mail_is_no_message(db: Database) -> None:
    """A mail that nobody gets runs the same statements, and cannot be found as a message of ours."""
    with recorded_statements(db) as real:
        queue(db, "real")
    with recorded_statements(db) as void:
        queue(db, "void", void=True)
    assert verbs(real) == verbs(void)
    kept = rows(db, "messages")[1]
    assert ("", None) == (kept["recipient"], verification.find(db.read(), kept["check_code"]))


def test_mask_address() -> None:
    """Of an envelope its receiver recognises the first letters and the postcode's digits; no more is kept."""
    assert "B••• / J••• / M••• / 0012•••" == mask_address(
        ("Bakkerij De Gouden Korst", "Jip", "Meelstraat 3", "0012 AB  TARWEDAM")
    )


def test_clean(db: Database) -> None:
    """A message is kept for 365 days."""
    with db.write() as conn:
        verification.register(conn, "old.one", "a•••@b.example", "en", NOW - timedelta(days=366))
        verification.register(conn, "new.one", "a•••@b.example", "en", NOW - timedelta(days=364))
        gone = verification.clean(conn, NOW)
    assert (1, ["new.one"]) == (gone, [row["kind"] for row in rows(db, "messages")])


@pytest.mark.parametrize("language", ["en", "nl"])
def test_footer(app: Flask, language: str) -> None:
    """A mail ends in its check code, grouped, and the address of the page that tells what is ours."""
    services = app.extensions["services"]
    with app.app_context():
        _, text = mailer.render_mail(
            services, "replacement_password.changed", language, {"name": "Jip", "check_code": "C9YHLGW5"}
        )
    last = text.strip().splitlines()[-1]
    assert "C9YH-LGW5" in last
    assert f" {services.config.base_url}/{language}/" in last


def test_no_footer(app: Flask) -> None:
    """A mail that was queued before there were check codes is still written."""
    with app.app_context():
        _, text = mailer.render_mail(app.extensions["services"], "replacement_password.changed", "en", {"name": "Jip"})
    assert "Code of this message" not in text

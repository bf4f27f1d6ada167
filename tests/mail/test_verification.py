"""Check codes: what we sent can be told from what we did not."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from selfservice import mailer
from selfservice.db import Database
from selfservice.mail import outbox, verification
from selfservice.site_config import SITE
from selfservice.values.address import mask_address
from selfservice.values.message_code import group_message_code, is_valid_message_code, new_message_code
from selfservice.values.reference import new_reference
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
        verification.find(db.read(), typed) for typed in (code, group_message_code(code), f" {code[:4]} – {code[4:]}. ")
    ]


def test_find_nothing(db: Database) -> None:
    """A code that we never gave out finds nothing, nor does nonsense."""
    with db.write() as conn:
        verification.register(conn, "a.b", "a•••@b.example", "en", NOW)
    assert [None, None, None] == [verification.find(db.read(), typed) for typed in (new_message_code(), "", "k" * 500)]


def test_code_can_be_read_out(db: Database) -> None:
    """Check codes have a shape that nothing else of ours has, each with a check digit; no two are the same."""
    with db.write() as conn:
        made = {verification.register(conn, "a.b", "a•••@b.example", "en", NOW) for _ in range(50)}
    assert 50 == len(made)
    assert all(is_valid_message_code(code) for code in made)


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
        gone = verification.clean(conn, CONTEXT, NOW)
    assert (1, ["new.one"]) == (gone, [row["kind"] for row in rows(db, "messages")])


@pytest.mark.parametrize("language", ["en", "nl"])
def test_footer(app: Flask, language: str) -> None:
    """A mail ends in its check code, grouped, and the address of the question that says what that is for; a mail that
    was queued before codes had their own shape has the one it was given.
    """
    services = app.extensions["services"]
    for code, shown in (("482193175224", "482\xa0193\xa0175\xa0224"), ("C9YHLGW5", "C9YH-LGW5")):
        with app.app_context():
            payload = {"name": "Jip", "check_code": code}
            _, text = mailer.render_mail(services, "replacement_password.changed", language, payload)
        last = text.strip().splitlines()[-1]
        assert f": {shown}. " in last
        assert re.search(rf" {services.config.base_url}/{language}/[a-z-]+/#message-code$", last)


def test_former_code(db: Database) -> None:
    """A message that was sent when codes had the shape of references is found under its code as long as it is kept."""
    code = new_reference()
    with db.write() as conn:
        conn.execute(
            "INSERT INTO messages (check_code, kind, recipient, language, created_at) "
            "VALUES (?, 'a.b', 'a•••@b.example', 'en', '2026-11-20T12:00:00.000000Z')",
            (code,),
        )
    found = verification.find(db.read(), f"{code[:4]}-{code[4:]}".lower())
    assert found is not None
    assert code == found.check_code


def test_site_without_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no question is about the code of a message, the page about recognising one is named."""
    pages = {role: page for role, page in SITE.pages.items() if role != "message-code"}
    monkeypatch.setattr(verification, "SITE", dataclasses.replace(SITE, pages=pages))
    assert "recognise-a-message" == verification.help_role()


def test_no_footer(app: Flask) -> None:
    """A mail that was queued before there were check codes is still written."""
    with app.app_context():
        _, text = mailer.render_mail(app.extensions["services"], "replacement_password.changed", "en", {"name": "Jip"})
    assert "Code of this message" not in text

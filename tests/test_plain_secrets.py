"""No mailed link and no access code is ever in the database's files: not waiting, not sent, not in their slack."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
from pathlib import Path

import pytest

from selfservice import clock, crypto
from selfservice.db import Database
from selfservice.members import codes, model, use
from selfservice.migrations import migrate
from selfservice.outbox import queue
from selfservice.secrets import hash_token
from tests.domain_helpers import KEYS, rows

FIXTURE = Path(__file__).parent / "fixtures" / "2026-11-22.sql.gz"
CODE = re.compile(r"\b(?:[2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}\b")
TOKEN = re.compile(r"/link/([\w-]{43})\b")


@pytest.fixture
def old(tmp_path: Path) -> Database:
    """A demonstration that the version of 22 November 2026 filled, not migrated; its journal is empty."""
    conn = sqlite3.connect(tmp_path / "loket.db")
    conn.executescript(gzip.decompress(FIXTURE.read_bytes()).decode("utf-8"))
    conn.close()
    return Database(tmp_path / "loket.db")


def raw(db: Database) -> bytes:
    """All bytes of the database's files: itself, its journal, what goes with that."""
    return b"".join(path.read_bytes() for path in sorted(db.path.parent.glob("loket.db*")))


def in_plain(path: Path) -> tuple[dict[int, str], dict[int, tuple[str, str]]]:
    """What waits in plain in a database that was not migrated: the code of each letter by its code's row, and of each
    mail its kind of secret with the secret.
    """
    conn = sqlite3.connect(path)
    letters = dict(conn.execute("SELECT access_code_id, code FROM letters WHERE state = 'ready'"))
    found: dict[int, tuple[str, str]] = {}
    for number, content in conn.execute("SELECT id, payload FROM outbox WHERE state IN ('waiting', 'leased')"):
        payload = json.loads(content)
        for name in ("token", "code"):
            if payload.get(name):
                found[number] = (name, payload[name])
    conn.close()
    return letters, found


def test_what_waits_is_derived_anew(old: Database) -> None:
    """At the migration each waiting letter and mail gets a derived code or link that works; the one before it does not
    any more, and is in no byte of the files. Nothing is dropped.
    """
    letters, waiting = in_plain(old.path)
    plain = [*letters.values(), *(codes.normalise(text) if kind == "code" else text for kind, text in waiting.values())]
    before = raw(old)
    migrate(old, KEYS)
    after = raw(old)
    now = clock.now()
    assert (True, {"token"}) == (len(letters) > 0, {kind for kind, _ in waiting.values()} - {"code"})
    assert ([True] * len(plain), [False] * len(plain)) == (
        [text.encode() in before or codes.grouped(text).encode() in before for text in plain],
        [text.encode() in after or codes.grouped(text).encode() in after for text in plain],
    )
    for row in rows(old, "letters"):
        if row["state"] == "ready":
            code = codes.derive(KEYS, crypto.Seed("code", row["nonce"], row["key_id"]))
            member = use.find_usable(old.read(), model.hashes_of(KEYS, code), now)
            held = [each for each in rows(old, "access_codes") if each["id"] == row["access_code_id"]]
            assert [(model.hash_code(KEYS, code), code[-3:])] == [(each["code_hash"], each["hint"]) for each in held]
            assert use.find_usable(old.read(), model.hashes_of(KEYS, letters[row["access_code_id"]]), now) is None
            assert member is None or member.access_code_id == row["access_code_id"]
    for row in rows(old, "outbox"):
        if row["id"] in waiting:
            kind, text = waiting[row["id"]]
            made = queue.to_item(row).filled(KEYS)[kind]
            assert (kind, "waiting", False) == (row["secret"], row["state"], made == text)
            if kind == "token":
                hashes = {each["token_hash"] for each in rows(old, "tokens")}
                assert (True, False) == (hash_token(made) in hashes, hash_token(text) in hashes)
    old.close()

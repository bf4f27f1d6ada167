"""The secret: the database knows which it was filled with, and nothing runs on another one unseen."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from selfservice import crypto
from selfservice.config import ROOT, Config
from selfservice.db import Database, IntegrityError
from selfservice.members import codes, model
from selfservice.migrations import migrate
from selfservice.secrets import Keys
from tests.conftest import SECRET, new_app
from tests.domain_helpers import KEYS, NOW, add_person, new_database, rows, run_processes

OTHER = b"another secret of the tests, long"
ROTATED = Keys(OTHER, SECRET)


def health(config: Config) -> tuple[int, str]:
    """The status of /health with these settings, and what it says of the secret."""
    answer = new_app(config).test_client().get("/health")
    return answer.status_code, answer.get_json().get("secret", "")


def loket(config: Config, *arguments: str, **settings: str) -> tuple[int, str]:
    """Run a command of a demonstration on this database: its exit status, and its last line on standard error."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    own = {"LOKET_DEMO": "1", "LOKET_VAR": str(config.database.parent), "LOKET_SECRET_KEY": SECRET.decode()}
    done = subprocess.run(
        [sys.executable, "-m", "selfservice", *arguments],
        env={**given, **own, "PYTHONPATH": str(ROOT), **settings}, cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, (done.stderr.strip().splitlines() or [""])[-1]


@pytest.mark.usefixtures("worker")
def test_health_with_another_secret(config: Config) -> None:
    """/health is not ok on a secret with which no access code can be found, and says which one is missing."""
    right, (status, said) = health(config), health(dataclasses.replace(config, secret=OTHER))
    assert ((200, ""), 503) == (right, status)
    assert [True] * 3 == [part in said for part in (KEYS.id, Keys(OTHER).id, "LOKET_SECRET_KEY_OLD")]


@pytest.mark.parametrize("command", [("serve", "--port", "1"), ("migrate",)])
def test_start_with_another_secret(config: Config, command: tuple[str, ...]) -> None:
    """`loket serve` and `loket migrate` refuse another secret in one line, and change nothing."""
    before = config.database.read_bytes()
    status, said = loket(config, *command, LOKET_SECRET_KEY=OTHER.decode(), LOKET_THREADS="1")
    assert (1, True, before) == (status, KEYS.id in said, config.database.read_bytes())
    assert said.startswith("loket: ")


@pytest.mark.usefixtures("worker")
def test_the_old_secret_beside_the_new(config: Config) -> None:
    """With the old secret beside the new one all is well, and the database knows both."""
    rotated = dataclasses.replace(config, secret=OTHER, old_secret=SECRET)
    status, _ = loket(config, "migrate", LOKET_SECRET_KEY=OTHER.decode(), LOKET_SECRET_KEY_OLD=SECRET.decode())
    db = Database(config.database)
    known = {row["id"] for row in rows(db, "secret_keys")}
    db.close()
    assert (0, (200, ""), {KEYS.id, ROTATED.id}) == (status, health(rotated), known)


def test_a_key_that_nothing_needs_is_not_missed(tmp_path: Path) -> None:
    """As long as no code was given out, the secret may be chosen anew."""
    with new_database(tmp_path) as db:
        migrate(db, Keys(OTHER))
        add = [crypto.missing_keys(db.read(), keys) for keys in (KEYS, Keys(OTHER), ROTATED)]
        add_person(db)
        with pytest.raises(crypto.MissingKeyError):
            migrate(db, Keys(OTHER))
    assert [[]] * 3 == add


def test_rows_are_made_with_known_keys_only(tmp_path: Path) -> None:
    """A code cannot be kept under a secret that the database does not know, also where nobody looked at the start."""
    with new_database(tmp_path) as db:
        person, _ = add_person(db)
        with db.write() as conn:
            model.revoke_access_code(conn, 1, NOW)
        with pytest.raises(IntegrityError, match="FOREIGN KEY"), db.write() as conn:
            model.add_access_code(conn, Keys(OTHER), NOW, code=codes.new(), person_id=person)


def first_start(path: Path) -> list[str]:
    db = Database(path)
    migrate(db, KEYS)
    known = [row["id"] for row in rows(db, "secret_keys")]
    db.close()
    return known


def test_first_starts_at_once(tmp_path: Path) -> None:
    """Several processes that start on a new file at once agree on its one key."""
    assert [[KEYS.id]] * 4 == run_processes(first_start, [(tmp_path / "loket.db",)] * 4)


def test_key_id() -> None:
    """A key's id is the secret's fingerprint: the same each time, another for another secret, and no part of it."""
    assert (Keys(SECRET).id, False, False) == (KEYS.id, KEYS.id == Keys(OTHER).id, KEYS.id in SECRET.hex())

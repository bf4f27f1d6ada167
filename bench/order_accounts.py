"""Databases with many orders, and the cookies of people who are signed in to look at them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from bench import orders_import
from selfservice import clock
from selfservice.accounts import access_codes, anonymous_sessions, organisations, people, sessions
from selfservice.config import ROOT
from selfservice.config import load as load_config
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.migrations import migrate
from selfservice.seeds import new_seed
from selfservice.values.access_code import derive_code

LIST = "/en/self-service/orders"


@contextmanager
def open_database(environment: Mapping[str, str]) -> Iterator[tuple[Database, Keys]]:
    """The database of these settings, migrated, and the keys."""
    with patch.dict(os.environ, environment):
        config = load_config()
    config.database.parent.mkdir(parents=True, exist_ok=True)
    db, keys = Database(config.database), Keys(config.secret)
    migrate(db, keys)
    try:
        yield db, keys
    finally:
        db.close()


def loket(environment: Mapping[str, str], *arguments: str) -> None:
    """Run a `loket` command with these settings; the benchmark ends when it fails."""
    command = [sys.executable, "-m", "selfservice", *arguments]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"bench: loket {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")


def add_account(environment: Mapping[str, str], folder: Path, count: int, people_count: int = 200) -> None:
    """An organisation with so many orders, by so many people; person 1 has its main code."""
    made = []
    with open_database(environment) as (db, keys), db.write() as conn:
        now = clock.now()
        organisation = organisations.add(
            conn, now, kvk_number="00012345", name="Amber and Oak Furniture", email="info@amber-oak.example",
            street="Eikenhof", house_number="8", postcode="0025 ZZ", city="Noestbos",
        )  # fmt: skip
        for number in range(people_count):
            made.append(derive_code(keys, new_seed(keys, "code")))
            person = people.add(
                conn, now, given_name="Wil", family_name=f"Peeters {number}", email=f"{number}@loket.example",
                language="nl",
            )  # fmt: skip
            access_codes.add(conn, keys, now, code=made[-1], person_id=person, organisation_id=organisation)
    file = folder / "account.csv"
    orders_import.write(file, made, count)
    loket(environment, "orders", "import", str(file))
    file.unlink()


def sign_in(environment: Mapping[str, str], person_id: int) -> str:
    """Sign a person in with the active code they have; the Cookie header of that session."""
    with open_database(environment) as (db, _), db.write() as conn:
        # The session's idle time is begun anew once a minute, which a benchmark need not measure.
        now = clock.now() + timedelta(minutes=10)
        code = conn.execute(
            "SELECT id FROM access_codes WHERE person_id = :person AND revoked_at IS NULL", {"person": person_id}
        ).fetchone()
        _, cookie = anonymous_sessions.start(conn, now)
        sessions.start(conn, person_id, code["id"], cookie, now, "bench")
    return f"loket={cookie}"

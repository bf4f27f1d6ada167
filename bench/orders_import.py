"""Orders brought in: a million lines of CSV, beside `sqlite-utils insert` of the same file, in one run."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

from bench.build import demo_settings
from bench.import_timing import HEAD, copy_database, remove_database, table_row
from bench.timing import Contestant, interleave, table
from selfservice import clock
from selfservice.accounts import access_codes, people
from selfservice.config import ROOT
from selfservice.config import load as load_config
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.i18n.languages import TIMEZONE
from selfservice.migrations import migrate
from selfservice.seeds import new_seed
from selfservice.values.access_code import derive_code

COUNT, QUICK = 1_000_000, 100_000
CODES = 20_000
PEER = "sqlite-utils insert"
PEER_OPTIONS = ("--csv", "--pk", "number", "--batch-size", "10000", "--silent")
NEW = "loket orders import"
AGAIN = "the same file again"
PRODUCTS = ("extract", "annual-accounts", "company-profile", "history", "ubo-extract", "filed-documents")
NOTES = f"""
Whole programs, start and all. `sqlite-utils insert` puts the file in a table as it is, with its number as key;
`loket orders import` checks each field, finds whose of {CODES:,} access codes it is, keeps the sums by month and six
indexes, and can be stopped at any moment. 'The same file again' finds that nothing changed. Medians of the rounds.
""".strip()


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The import benchmark, as markdown."""
    count = QUICK if quick else COUNT
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        progress(f"writing a file of {count:,} orders")
        costs = interleave(
            _contestants(Path(scratch), count), 1 if quick else 2, lambda text: progress(f"orders, {text}")
        )
    lines = [table_row(name, count, costs[name], costs[PEER]) for name in (PEER, NEW, AGAIN)]
    return f"## Orders brought in: {count:,} rows\n\n{table(HEAD, lines)}\n\n{NOTES}\n"


def _contestants(folder: Path, count: int) -> list[Contestant]:
    file, empty, peer = folder / "orders.csv", folder / "empty.db", folder / "peer.db"
    settings = demo_settings(folder)
    with patch.dict(os.environ, settings):
        config = load_config()
    write(file, add_code_holders(config.database, Keys(config.secret), CODES), count)
    shutil.copy(config.database, empty)
    ours = [sys.executable, "-m", "selfservice", "orders", "import", str(file)]
    theirs = [sys.executable, "-m", "sqlite_utils", "insert", str(peer), "orders", str(file)]
    environment = {**settings, "PYTHONPATH": str(ROOT)}
    return [
        Contestant(PEER, [*theirs, *PEER_OPTIONS], ROOT, {}, partial(remove_database, peer)),
        Contestant(NEW, ours, ROOT, environment, partial(copy_database, empty, config.database)),
        Contestant(AGAIN, ours, ROOT, environment),
    ]


def add_code_holders(path: Path, keys: Keys, count: int) -> list[str]:
    """A database with so many people, each with a private access code; the codes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db, now, made = Database(path), clock.now(), []
    migrate(db, keys)
    with db.write() as conn:
        for number in range(count):
            made.append(derive_code(keys, new_seed(keys, "code")))
            person = people.add(
                conn, now, given_name="Wil", family_name="Peeters", email=f"{number}@loket.example", language="nl"
            )
            access_codes.add(conn, keys, now, code=made[-1], person_id=person)
    db.read().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return made


def write(file: Path, access_codes: Sequence[str], count: int) -> None:
    """A file of so many orders in the order in which they were made, over five years; half are of 1 % of the codes."""
    first = datetime(2021, 1, 1, tzinfo=TIMEZONE)
    step = timedelta(days=5 * 365) / count
    few = access_codes[: max(1, len(access_codes) // 100)]
    with file.open("w", encoding="utf-8") as out:
        out.write("number,ordered_at,access_code,product,payment,amount,invoice,state\n")
        for at in range(count):
            code = few[at * 7919 % len(few)] if at % 2 else access_codes[at * 104_729 % len(access_codes)]
            product = PRODUCTS[at * 31 % len(PRODUCTS)]
            moment = (first + step * at).isoformat(timespec="seconds")
            amount = f"{'-' if at % 97 == 0 else ''}{at * 17 % 40}.{at * 13 % 100:02d}"
            out.write(f"B{at:09d},{moment},{code},{product},direct_debit,{amount},F{at // 3:08d},delivered\n")

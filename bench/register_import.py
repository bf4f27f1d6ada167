"""The register: 100,000 organisations from a CSV file, beside `sqlite-utils insert` of the same file, in one run."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.import_timing import HEAD, copy_database, remove_database, table_row
from bench.timing import Contestant, interleave, table
from selfservice.config import ROOT
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.migrations import migrate
from selfservice.register.validation import COLUMNS

COUNT = 100_000
PEER = "sqlite-utils insert"
# As many transactions as ours; by itself it makes one of each 100 lines.
PEER_OPTIONS = ("--csv", "--pk", "kvk_number", "--batch-size", "1000", "--silent")
NEW = "loket register import"
AGAIN = "the same file again"
NOTES = """
Whole programs, start and all, on an empty database each. `sqlite-utils insert` puts the file in a table as it is, 1,000
lines a transaction as we do; `loket register import` also checks each field and holds each line against what is known.
'The same file again' finds that nothing changed. Medians of the rounds, ratios pair by pair.
""".strip()


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The import benchmark, as markdown."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        costs = interleave(_contestants(Path(scratch)), 2 if quick else 5, lambda text: progress(f"register, {text}"))
    lines = [table_row(name, COUNT, costs[name], costs[PEER]) for name in (PEER, NEW, AGAIN)]
    return f"## The register: {COUNT:,} rows\n\n{table(HEAD, lines)}\n\n{NOTES}\n"


def _contestants(folder: Path) -> list[Contestant]:
    file, var, empty, peer = folder / "register.csv", folder / "var", folder / "empty.db", folder / "peer.db"
    write(file, COUNT)
    db = Database(empty)
    migrate(db, Keys(b"no row of the register needs a key"))
    db.read().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    var.mkdir()
    ours = [sys.executable, "-m", "selfservice", "register", "import", str(file)]
    theirs = [sys.executable, "-m", "sqlite_utils", "insert", str(peer), "organisations", str(file)]
    settings = {"LOKET_DEMO": "1", "LOKET_VAR": str(var), "PYTHONPATH": str(ROOT)}
    return [
        Contestant(PEER, [*theirs, *PEER_OPTIONS], ROOT, {}, partial(remove_database, peer)),
        Contestant(NEW, ours, ROOT, settings, partial(copy_database, empty, var / "loket.db")),
        Contestant(AGAIN, ours, ROOT, settings),
    ]


def write(file: Path, count: int) -> None:
    """A register file of so many organisations; every fifth has a postal address, every fourth pays by direct debit."""
    with file.open("w", encoding="utf-8") as out:
        out.write(",".join(COLUMNS) + "\n")
        for number in range(count):
            postcode = f"{1000 + number % 8999} {'ABCDEFGHJK'[number % 10]}{'ABCDEFGHJK'[number // 7 % 10]}"
            visiting = f"Meelstraat {number % 3000},{number % 200 + 1},{postcode},Tarwedam"
            postal = f"Postbus,{number % 900 + 1},{1000 + number % 8999} AB,Waterkant" if number % 5 == 0 else ",,,"
            paying = "direct_debit" if number % 4 == 0 else ""
            name = f"Bakkerij Nummer {number},info@bakkerij-{number}.example"
            out.write(f"{number:08d},{name},{visiting},{postal},{paying},,,\n")

"""Letters a second: whole batches on disk, beside typst setting the same letters with nothing around it, in one run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.timing import ratio, table
from selfservice import clock
from selfservice.accounts import access_codes, people
from selfservice.commands.catalogs import compile_stale
from selfservice.config import ROOT
from selfservice.context import Context
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.facts.facts import Facts
from selfservice.letters import pending
from selfservice.letters.pdf import PdfCompiler
from selfservice.letters.printing import Printer, print_batch
from selfservice.letters.text import LetterContext, letter_text
from selfservice.migrations import migrate
from selfservice.seeds import new_seed
from selfservice.values.access_code import derive_code

KEYS = Keys(b"a secret of the benchmarks, long enough")
NOTES = """
'typst' is the time to set the letters as PDF/UA, in one thread, nothing written; 'batch' is `loket letters print`
without the start of the program: choosing the letters, setting them, bringing each file to disk, and marking them in
one transaction. Half of them are in Dutch. Medians of the rounds.
""".strip()


@dataclass(frozen=True)
class _Round:
    batch: float
    typst: float


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The benchmark of letters, as markdown."""
    rounds, count = (2, 50) if quick else (5, 200)
    compile_stale()
    found = []
    for number in range(rounds):
        progress(f"letters, round {number + 1} of {rounds}")
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            found.append(_round(Path(scratch), count))
    row = [
        str(count),
        f"{count / median(one.typst for one in found):.0f}",
        f"{count / median(one.batch for one in found):.0f}",
        f"{ratio([one.typst for one in found], [one.batch for one in found]):.2f}",
    ]
    head = ["letters", "typst a second", "batch a second", "batch / typst"]
    return f"## Letters\n\n{table(head, [row])}\n\n{NOTES}\n"


def _round(folder: Path, count: int) -> _Round:
    site = LetterContext(
        Facts.load(ROOT / "content" / "facts.toml"), "https://help.loket.example", lambda key: f"/en/{key}/"
    )
    made = [_letter(number) for number in range(count)]
    compiler, moment = PdfCompiler(), clock.now()
    # The first reads the fonts.
    compiler.compile_letter(letter_text(made[0], derive_code(KEYS, made[0].seed), moment.date(), site), moment)
    texts = [letter_text(letter, derive_code(KEYS, letter.seed), moment.date(), site) for letter in made]
    started = perf_counter()
    for text in texts:
        compiler.compile_letter(text, moment)
    bare = perf_counter() - started
    db = _database_with(folder, made)
    started = perf_counter()
    print_batch(Printer(db, KEYS, site), folder / "letters", count, moment)
    whole = perf_counter() - started
    db.close()
    return _Round(whole, bare)


def _letter(number: int) -> pending.Letter:
    lines = (f"Bakkerij Nummer {number}", "Jip de Jonge", f"Meelstraat {number + 1}", "0012 AB  TARWEDAM")
    last = date(2027, 1, 20) + timedelta(days=number % 9)
    return pending.Letter(
        number + 1, "K7RM4X9T", "C9YHLGW5", "en" if number % 2 else "nl", lines, new_seed(KEYS, "code"), last
    )


def _database_with(folder: Path, made: list[pending.Letter]) -> Database:
    db, now = Database(folder / "loket.db"), clock.now()
    migrate(db, KEYS)
    with db.write() as conn:
        for letter in made:
            person = people.add(
                conn, now, given_name="Jip", family_name="de Jonge", email=f"p{letter.id}@a.example", language="nl"
            )
            code = access_codes.add(conn, KEYS, now, code=derive_code(KEYS, letter.seed), person_id=person)
            pending.enqueue(
                conn,
                Context(KEYS, Facts.load(ROOT / "content" / "facts.toml"), "loket.example"),
                access_code_id=code,
                reference=letter.reference,
                language=letter.language,
                lines=letter.lines,
                seed=letter.seed,
                valid_until=letter.valid_until,
                now=now,
            )
    return db

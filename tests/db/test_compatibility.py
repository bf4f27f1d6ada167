"""The version before this one goes on while this one's migrations run, and can be gone back to after them.

So a migration only adds: a table, or a column that may be null or has a default. What 0.1.0 has keeps its name, and
takes all that it took; it goes once no version that needs it can be running any more: a release later.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.migrations import migrate
from tests.conftest import SECRET

# 0.1.0, as its own code made and filled it.
FORMER = Path(__file__).parent.parent / "fixtures" / "2026-11-30.sql.gz"
# Columns of 0.1.0 whose definition is another one now, which takes all that it took, and why 0.1.0 can read the rest.
WIDER: dict[tuple[str, str], str] = {
    ("people", "id"): "it is counted on, as before, and only never given twice",
    ("requests", "id"): "as of people",
    ("sessions", "id"): "as of people",
    ("delivery_keys", "scope"): "a key is refused where its scope is not the one that the address asks for",
}
CONSTRAINTS = ("CHECK", "UNIQUE", "PRIMARY", "FOREIGN", "CONSTRAINT")


@pytest.fixture
def former() -> Iterator[sqlite3.Connection]:
    """The database of 0.1.0."""
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.executescript(gzip.decompress(FORMER.read_bytes()).decode("utf-8"))
        yield conn


@pytest.fixture
def migrated(former: sqlite3.Connection, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The same, as this version's migrations leave it."""
    path = tmp_path / "loket.db"
    with closing(sqlite3.connect(path)) as conn:
        former.backup(conn)
    with closing(Database(path)) as db:
        migrate(db, Keys(SECRET))
    with closing(sqlite3.connect(path)) as conn:
        yield conn


def schema(conn: sqlite3.Connection, kind: str) -> dict[str, tuple[str, str]]:
    """Tables, indexes or triggers by name: of which table, and their definition on one line. SQLite's own have none."""
    rows = conn.execute("SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL", (kind,))
    found = {name: (table, " ".join(sql.split())) for name, table, sql in rows}
    return {name: each for name, each in found.items() if not name.startswith("_sqlite_")}


def definitions(sql: str) -> dict[str, str]:
    """What a table's definition says, by column; what is of no column by itself."""
    parts, depth = [""], 0
    for token in re.findall(r"'(?:[^']|'')*'|\"[^\"]*\"|[(),]|[^'\"(),]+", sql.partition("(")[2].rpartition(")")[0]):
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    found = {}
    for part in (" ".join(each.split()) for each in parts):
        first = part.partition(" ")[0].strip('"')
        found[part if first.upper().startswith(CONSTRAINTS) else first] = part
    return found


def breaks(before: sqlite3.Connection, after: sqlite3.Connection) -> list[str]:
    """What the version of `before` could stumble over in `after`, one line each."""
    found = []
    tables, new_tables = schema(before, "table"), schema(after, "table")
    for table, (_, sql) in tables.items():
        if table not in new_tables:
            found.append(f"the table {table} is gone")
            continue
        found += _breaks_in_table(table, sql, new_tables[table][1])
    for kind in ("index", "trigger"):
        old, new = schema(before, kind), schema(after, kind)
        found += [f"the {kind} {name} is gone, or another one" for name in old if new.get(name) != old[name]]
        for name in new.keys() - old.keys():
            table, sql = new[name]
            refuses = sql.upper().startswith("CREATE UNIQUE") or "RAISE" in sql.upper().replace("RAISE(IGNORE)", "")
            if table in tables and refuses:
                found.append(f"the {kind} {name} can refuse what is written in {table}")
    return found


def _breaks_in_table(table: str, old_sql: str, new_sql: str) -> list[str]:
    old, new = definitions(old_sql), definitions(new_sql)
    kind, new_kind = (sql.rpartition(")")[2].strip() for sql in (old_sql, new_sql))
    found = [] if kind == new_kind else [f"{table} is no longer {kind}"]
    for name, definition in old.items():
        if name not in new:
            found.append(f"{table}: {name} is gone")
        elif new[name] != definition and (table, name) not in WIDER:
            found.append(f"{table}: {name} is now {new[name]!r}")
    for name in new.keys() - old.keys():
        words = new[name].upper()
        if words.startswith(CONSTRAINTS):
            found.append(f"{table} has a new constraint, {name}")
        elif ("NOT NULL" in words and "DEFAULT" not in words) or "UNIQUE" in words or "PRIMARY" in words:
            found.append(f"{table}: the new {name} cannot be left out")
    return found


def test_what_0_1_0_has_stays(former: sqlite3.Connection, migrated: sqlite3.Connection) -> None:
    """No migration of this version takes away or narrows what 0.1.0 reads and writes."""
    assert [] == breaks(former, migrated)


def anew(table: str, old: str, new: str) -> str:
    """What makes a table say of itself what it would if it were rebuilt with another definition."""
    old, new = (each.replace("'", "''") for each in (old, new))
    return f"""PRAGMA writable_schema = ON;
               UPDATE sqlite_schema SET sql = replace(sql, '{old}', '{new}') WHERE name = '{table}'"""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DROP TABLE page_remarks", "the table page_remarks is gone"),
        ("ALTER TABLE page_remarks RENAME TO remarks", "the table page_remarks is gone"),
        ("ALTER TABLE people DROP COLUMN telephone", "people: telephone is gone"),
        ("ALTER TABLE people RENAME COLUMN telephone TO phone", "people: telephone is gone"),
        ("ALTER TABLE people ADD COLUMN x TEXT NOT NULL DEFAULT ''", ""),
        ("ALTER TABLE people ADD COLUMN x TEXT CHECK (x IN ('a', 'b'))", ""),
        ("CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT; CREATE UNIQUE INDEX more_id ON more (id)", ""),
        ("CREATE INDEX people_telephone ON people (telephone)", ""),
        ("CREATE UNIQUE INDEX people_telephone ON people (telephone)", "the index people_telephone can refuse"),
        ("DROP INDEX orders_holder", "the index orders_holder is gone"),
        ("DROP TRIGGER organisation_names_added", "the trigger organisation_names_added is gone"),
        (
            "CREATE TRIGGER no BEFORE INSERT ON people BEGIN SELECT raise(ABORT, 'no'); END",
            "the trigger no can refuse what is written in people",
        ),
        ("CREATE TRIGGER kept BEFORE DELETE ON people BEGIN SELECT raise(IGNORE); END", ""),
        (anew("people", ", 'direct_debit'", ""), "people: payment_method is now"),
        (anew("people", "telephone TEXT", "telephone TEXT, x TEXT NOT NULL"), "people: the new x cannot be left out"),
        (anew("people", "telephone TEXT", "telephone TEXT, CHECK (id < 9)"), "people has a new constraint, CHECK"),
        (anew("people", " STRICT", ""), "people is no longer STRICT"),
    ],
)  # fmt: skip
def test_what_it_would_stumble_over(former: sqlite3.Connection, change: str, said: str) -> None:
    """Of each change that the version before could not work with a line says what it is; of the others none does."""
    with closing(sqlite3.connect(":memory:")) as conn:
        former.backup(conn)
        conn.executescript(change)
        first = next(iter(breaks(former, conn)), "")
    assert said == (first[: len(said)] if said else first)


def test_rows_of_0_1_0_can_be_written(former: sqlite3.Connection, tmp_path: Path) -> None:
    """Each row that 0.1.0 wrote can be written in this version's tables by who knows only the columns of 0.1.0."""
    with closing(Database(tmp_path / "new.db")) as db:
        migrate(db, Keys(SECRET))
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as conn:
        conn.execute("PRAGMA foreign_keys = OFF")
        conn.execute("DELETE FROM secret_keys")
        written = {}
        plain = [name for (name,) in former.execute("SELECT name FROM pragma_table_list WHERE type = 'table'")]
        for table in (name for name in plain if not name.startswith(("sqlite_", "_sqlite_"))):
            rows = former.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in rows.description]
            marks = ", ".join("?" * len(names))
            conn.executemany(f'INSERT INTO "{table}" ({", ".join(names)}) VALUES ({marks})', rows)
            written[table] = conn.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        assert [] == conn.execute("PRAGMA foreign_key_check").fetchall()
    counts = {table: former.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in written}
    assert counts == written
    assert len(counts) > 30

"""Migrations: run once, whole, by one process of many; and the schema they make."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlite_utils
from sqlite_utils import Migrations

from selfservice.db import Database, IntegrityError, MigrationError, OperationalError
from selfservice.db import migrations as ledger
from selfservice.migrations import MIGRATIONS, migrate, pending
from tests.domain_helpers import KEYS, NOW, add_person, new_database, rows, run_processes


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def names() -> list[str]:
    return [f"{each.name}:{step.name}" for each in MIGRATIONS for step in each._migrations]


def test_migrate(tmp_path: Path) -> None:
    """A new database gets every migration in order, and says so."""
    db = Database(tmp_path / "loket.db")
    waiting, done, left = pending(db), migrate(db, KEYS), pending(db)
    db.close()
    assert (names(), names(), []) == (waiting, done, left)


def test_migrate_again(db: Database) -> None:
    """Migrating a database that is up to date does nothing."""
    assert [] == migrate(db, KEYS)


def migrate_file(path: Path) -> list[str]:
    db = Database(path)
    done = migrate(db, KEYS)
    db.close()
    return done


def test_migrate_at_once(tmp_path: Path) -> None:
    """Of several processes that start on a new file at once, one migrates it and none fails."""
    results = run_processes(migrate_file, [(tmp_path / "loket.db",)] * 4)
    assert [names(), [], [], []] == sorted(results, key=len, reverse=True)


def test_file_that_cannot_be_written_anew(db: Database) -> None:
    """That is for another time while somebody else writes, or when there is no room."""
    db.read().execute("PRAGMA busy_timeout = 0")
    with Database(db.path).write():
        assert not db.vacuum()
    assert db.vacuum()


def test_migrations_are_all_or_nothing(tmp_path: Path) -> None:
    """When one migration fails, nothing of those before it in the same run stays."""
    broken = Migrations("broken")

    @broken()
    def first(db: sqlite_utils.Database) -> None:
        db.executescript("CREATE TABLE first (n INTEGER) STRICT;")

    @broken()
    def second(db: sqlite_utils.Database) -> None:
        db.executescript("CREATE TABLE second (n INTEGER) STRICT; SELECT nonsense;")

    db = Database(tmp_path / "loket.db")
    with pytest.raises(OperationalError):
        migrate(db, KEYS, (broken,))
    tables = db.read().execute("SELECT name FROM sqlite_master").fetchall()
    waiting = pending(db, (broken,))
    db.close()
    assert ([], ["broken:first", "broken:second"]) == (tables, waiting)


def test_foreign_keys_hold_at_the_end(db: Database) -> None:
    """A migration that would leave rows without what they refer to changes nothing, and says so; foreign keys are
    enforced again after it.
    """
    broken = Migrations("broken")

    @broken()
    def delete_people(db: sqlite_utils.Database) -> None:
        db.executescript("DELETE FROM people;")

    add_person(db)
    with pytest.raises(MigrationError, match="1 rows of access_codes would refer to rows that are not there"):
        migrate(db, KEYS, (broken,))
    with db.write() as conn:
        conn.execute("DELETE FROM people")
    left = db.read().execute("SELECT count(*) FROM access_codes").fetchone()[0]
    assert (0, ["broken:delete_people"]) == (left, pending(db, (broken,)))


def test_rebuild(db: Database) -> None:
    """A rebuilt table has another definition, the same rows, indexes and triggers, and the rows that refer to it."""
    again = Migrations("again")

    @again()
    def rebuild_people(db: sqlite_utils.Database) -> None:
        ledger.rebuild(db, "people", "CHECK (language <> '')", "CHECK (language <> 'xx')")

    def schema() -> list[str]:
        return [row["sql"] for row in db.read().execute("SELECT sql FROM sqlite_schema ORDER BY name") if row["sql"]]

    with db.write() as conn:
        conn.execute("CREATE TRIGGER people_stay BEFORE DELETE ON people BEGIN SELECT raise(ABORT, 'no'); END")
    add_person(db)
    before, people = schema(), rows(db, "people")
    migrate(db, KEYS, (again,))
    after = [sql.replace("language <> 'xx'", "language <> ''") for sql in schema()]
    assert (before, people, 1) == (after, rows(db, "people"), len(rows(db, "access_codes")))


def test_every_migration_can_be_undone() -> None:
    """No migration asks to run outside the transaction."""
    assert {True} == {step.transactional for each in MIGRATIONS for step in each._migrations}


def test_strict_tables(db: Database) -> None:
    """Every table of ours is STRICT."""
    tables = db.read().execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
    loose = {row["name"] for row in tables if not row["strict"]}
    assert {"_sqlite_migrations", "sqlite_schema", "sqlite_sequence"} == loose


def test_foreign_keys_are_indexed(db: Database) -> None:
    """Every foreign key column is the first of an index, so that deleting a row never scans a table. Products are
    never deleted.
    """
    conn = db.read()
    tables = [row["name"] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    missing = []
    for table in tables:
        info = conn.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
        firsts = {row["name"] for row in info if row["pk"] == 1}
        for index in conn.execute("SELECT name FROM pragma_index_list(?)", (table,)).fetchall():
            columns = conn.execute("SELECT name FROM pragma_index_info(?)", (index["name"],)).fetchall()
            firsts.add(columns[0]["name"])
        keys = conn.execute('SELECT "from" FROM pragma_foreign_key_list(?)', (table,)).fetchall()
        missing += [f"{table}.{key['from']}" for key in keys if key["from"] not in firsts | {"product_id"}]
    assert [] == missing


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE people SET created_at = '2026-11-21'",
        "UPDATE people SET language = ''",
        "UPDATE people SET email = 'nobody'",
        "UPDATE access_codes SET kind = 'business'",
        "UPDATE access_codes SET code_hash = 'K5UF838VUJCTM4GP'",
        "UPDATE access_codes SET person_id = 99",
        "INSERT INTO passwords VALUES (1, 'plain', '2026-11-21T12:00:00.000000Z')",
    ],
)
def test_checks(db: Database, statement: str) -> None:
    """The schema itself refuses what cannot be right."""
    add_person(db)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(statement)


@pytest.mark.parametrize("number", ["", "1234567a", "1234 5678", "١٢٣٤٥٦٧٨"])
def test_organisation_number(db: Database, number: str) -> None:
    """An organisation's number is digits; how many is the site's to say (content/site.toml)."""
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(
            """INSERT INTO organisations (kvk_number, name, email, street, house_number, postcode, city, created_at)
               VALUES (:number, 'n', 'a@b.example', 's', '1', 'p', 'c', :now)""",
            {"number": number, "now": NOW.strftime("%Y-%m-%dT%H:%M:%S.%fZ")},
        )


def test_retention_is_written_down() -> None:
    """Each file with migrations says how long its rows are kept."""
    package = Path(__file__).parent.parent.parent / "selfservice"
    files = sorted(file for file in package.rglob("*migrations.py") if file.parent.name != "db")
    assert (11, []) == (len(files), [str(file) for file in files if "Retention" not in file.read_text()])

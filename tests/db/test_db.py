"""The database: its settings, its one way to write, its backup, and the lint that keeps to it."""

import ast
import os
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path

import pysqlite3
import pytest

from selfservice.db import (
    Connection,
    Database,
    DatabaseBusyError,
    Error,
    LockedError,
    NestedWriteError,
    OperationalError,
    backup,
    connect,
)
from selfservice.db.sqlite import wal_is_safe
from tests.domain_helpers import add_person, new_database, recorded_statements, run_processes, undo

PACKAGE = Path(__file__).parent.parent.parent / "selfservice"
# The search index is a file of its own, rebuilt from the site, with one table a language: only there does a
# statement's text depend on anything, and only on our own language codes. A table is rebuilt from its own definition.
TEMPLATES_OF_OUR_OWN = (PACKAGE / "search", PACKAGE / "db" / "migrations.py")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        made.read().execute("CREATE TABLE counter (n INTEGER NOT NULL) STRICT")
        made.read().execute("INSERT INTO counter VALUES (0)")
        yield made


def count(db: Database) -> int:
    return int(db.read().execute("SELECT n FROM counter").fetchone()["n"])


def test_settings(db: Database) -> None:
    """Every connection checks foreign keys, waits five seconds for a lock and keeps what it committed."""
    names = ("foreign_keys", "busy_timeout", "synchronous", "journal_mode")
    settings = [db.read().execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    assert [1, 5000, 2, "wal" if wal_is_safe(pysqlite3.sqlite_version_info) else "truncate"] == settings


def test_separate(db: Database) -> None:
    """A connection apart has the same settings, sees what others commit, and is closed."""
    with db.separate_connection() as conn:
        settings = [conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("foreign_keys", "synchronous")]
        with db.write() as writing:
            writing.execute("UPDATE counter SET n = 7")
        seen = conn.execute("SELECT n FROM counter").fetchone()["n"]
    assert ([1, 2], 7, True) == (settings, seen, conn is not db.read())
    with pytest.raises(Error, match="closed"):
        conn.execute("SELECT 1")


def test_private_file(tmp_path: Path) -> None:
    """The file is made in a folder made for it, and nobody but its owner can read it."""
    db = Database(tmp_path / "new" / "loket.db")
    db.read().execute("CREATE TABLE t (n INTEGER) STRICT")
    modes = {file.stat().st_mode & 0o777 for file in db.path.parent.iterdir()}
    db.close()
    assert {0o600} == modes


def test_write_commits(db: Database) -> None:
    """What a write() did is there for other connections."""
    with db.write() as conn:
        conn.execute("UPDATE counter SET n = 7")
    assert 7 == count(Database(db.path))


def test_write_rolls_back(db: Database) -> None:
    """An exception inside write() undoes all of it, comes out, and leaves the connection usable."""
    undo(db, lambda conn: conn.execute("UPDATE counter SET n = 7"))
    with db.write() as conn:
        conn.execute("UPDATE counter SET n = n + 1")
    assert 1 == count(db)


def test_write_is_not_nested(db: Database) -> None:
    """A write() inside a write() is refused, and the outer one is whole or undone as ever."""

    def nest(conn: Connection) -> None:
        conn.execute("UPDATE counter SET n = 7")
        with pytest.raises(NestedWriteError), db.write():
            pass

    undo(db, nest)
    assert 0 == count(db)


def test_write_locks_at_once(db: Database) -> None:
    """write() holds the write lock before its first statement, so that it cannot fail halfway."""
    other = connect(db.path)
    other.execute("PRAGMA busy_timeout = 0")
    with db.write(), pytest.raises(DatabaseBusyError, match="locked") as refused:
        other.execute("BEGIN IMMEDIATE")
    other.close()
    assert "SQLITE_BUSY" == refused.value.reason


def hold(path: Path, name: str) -> str:
    """Take a lock and end with it, as a process that is killed does; the error, when it is held."""
    try:
        with Database(path).lock(name):
            os._exit(0)
    except LockedError as error:
        return str(error)


def test_locks(db: Database) -> None:
    """A lock is held by one process at a time, each name for itself, and goes with the process that held it."""
    with ProcessPoolExecutor(1) as dying, pytest.raises(BrokenExecutor):
        dying.submit(hold, db.path, "letters").result()
    with db.lock("letters"), db.lock("other"):
        assert ["another process holds the lock letters"] == run_processes(hold, [(db.path, "letters")])
    with db.lock("letters"):
        pass


def add_many(path: Path, times: int) -> int:
    db = Database(path)
    for _ in range(times):
        with db.write() as conn:
            seen = conn.execute("SELECT n FROM counter").fetchone()["n"]
            conn.execute("UPDATE counter SET n = :n", {"n": seen + 1})
    return times


def test_writers_take_turns(db: Database) -> None:
    """Four processes that read and then write lose no update and never meet a 'locked' error."""
    run_processes(add_many, [(db.path, 100)] * 4)
    assert 400 == count(db)


def test_connection_per_thread(db: Database) -> None:
    """Each thread has a connection of its own, always the same."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.extend([db.read(), db.read()]))
    thread.start()
    thread.join()
    assert (True, False) == (found[0] is found[1], found[0] is db.read())


def test_connection_per_process(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was forked opens a connection of its own."""
    before = db.read()
    monkeypatch.setattr(os, "getpid", lambda: 1)
    after = db.read()
    after.close()
    assert before is not after


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 9), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_wal_bug(version: tuple[int, int, int], safe: bool) -> None:
    """The WAL journal is used only by SQLite versions without the bug that can corrupt a file."""
    assert safe == wal_is_safe(version)


def test_note(db: Database) -> None:
    """The line for /health names the version and the journal."""
    assert f"SQLite {pysqlite3.sqlite_version}, journal wal" == db.status_line()


def test_statements_are_seen(tmp_path: Path) -> None:
    """Whoever opens a database can see every statement that runs."""
    seen: list[str] = []
    db = Database(tmp_path / "loket.db", on_statement=seen.append)
    db.read().execute("SELECT 42")
    db.close()
    assert "SELECT 42" in seen


def test_counted(db: Database) -> None:
    """A test can count the statements of one block."""
    with recorded_statements(db) as statements, db.write() as conn:
        conn.execute("UPDATE counter SET n = 1")
    assert ["BEGIN IMMEDIATE", "UPDATE counter SET n = 1", "COMMIT"] == statements


def test_backup_under_load(db: Database, tmp_path: Path) -> None:
    """A backup made while others write is whole, of one moment, private, and can be used."""
    add_person(db)
    stop = threading.Event()
    started = threading.Event()

    def load() -> None:
        while not stop.is_set():
            with db.write() as conn:
                conn.execute("UPDATE counter SET n = n + 1")
            started.set()
        db.close()

    writer = threading.Thread(target=load)
    writer.start()
    started.wait()
    backup(db, tmp_path / "copy.db")
    stop.set()
    writer.join()
    copy = Database(tmp_path / "copy.db")
    checks = [
        copy.read().execute("PRAGMA integrity_check").fetchone()[0],
        copy.read().execute("PRAGMA foreign_key_check").fetchall(),
        copy.read().execute("SELECT count(*) FROM people").fetchone()[0],
        0 < count(copy) <= count(db),
        copy.path.stat().st_mode & 0o777,
    ]
    copy.close()
    assert ["ok", [], 1, True, 0o600] == checks


def test_backup_refuses_to_replace(db: Database, tmp_path: Path) -> None:
    """A backup never replaces a file that is there."""
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(FileExistsError):
        backup(db, target)
    assert "precious" == target.read_text()


def test_failed_backup_leaves_nothing(db: Database, tmp_path: Path) -> None:
    """A backup that fails halfway leaves no file that could be taken for one."""
    with pytest.raises(OperationalError), db.write():
        backup(db, tmp_path / "copy.db")
    assert [] == list(tmp_path.glob("copy*"))


def is_fixed(node: ast.expr, names: dict[str, list[ast.expr]]) -> bool:
    """Whether this expression can only be a text that stands in the source as it is."""
    if isinstance(node, ast.IfExp):
        return is_fixed(node.body, names) and is_fixed(node.orelse, names)
    if isinstance(node, ast.Name):
        values = names.get(node.id, [])
        return bool(values) and all(is_fixed(value, names) for value in values)
    if isinstance(node, ast.Subscript):
        tables = names.get(ast.unparse(node.value), [])
        return bool(tables) and all(
            isinstance(table, ast.Dict) and all(is_fixed(value, names) for value in table.values) for table in tables
        )
    if isinstance(node, ast.Call):
        return is_fixed_template(node, names)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def is_fixed_template(node: ast.Call, names: dict[str, list[ast.expr]]) -> bool:
    """Whether this is `TEMPLATE.format(name="…", **CONSTANTS)`, with nothing in it but what stands in the source."""
    parts = [
        keyword.value if keyword.arg else ast.Subscript(keyword.value, ast.Constant("")) for keyword in node.keywords
    ]
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
        and isinstance(node.func.value, ast.Name)
        and not node.args
        and all(is_fixed(each, names) for each in [node.func.value, *parts])
    )


def statements_made_up(source: str) -> list[int]:
    """The lines where a text that was put together reaches execute, or sqlite-utils' own transactions are
    used.
    """
    tree = ast.parse(source)
    names: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names.setdefault(ast.unparse(target), []).append(node.value)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and (
            call.func.attr in ("atomic", "begin")
            or (call.func.attr in ("execute", "executemany", "executescript") and not is_fixed(call.args[0], names))
        )
        # Our own connection hands on what it was given.
        and ast.unparse(call.func.value) != "super()"
    ]


def test_only_bound_parameters() -> None:
    """No text that was put together reaches the database, and only write() begins transactions."""
    found = {
        str(file.relative_to(PACKAGE)): lines
        for file in sorted(PACKAGE.rglob("*.py"))
        if not any(file.is_relative_to(each) for each in TEMPLATES_OF_OUR_OWN)
        and (lines := statements_made_up(file.read_text()))
    }
    assert {} == found


@pytest.mark.parametrize(
    "source",
    [
        'c.execute(f"SELECT {x}")',
        'c.execute("SELECT " + x)',
        'c.execute("SELECT %s" % x)',
        'c.execute("SELECT {}".format(x))',
        'sql = f"SELECT {x}"\nc.executemany(sql)',
        "c.execute(parameter)",
        "c.execute(TABLE[x])",
        'TABLE = {"a": "SELECT " + x}\nc.execute(TABLE[x])',
        "with db.atomic(): pass",
        "db.begin()",
        'SQL = "SELECT {x}"\nc.execute(SQL.format(x=y))',
        'SQL = "SELECT {x}"\nNAMES = {"x": y}\nc.execute(SQL.format(**NAMES))',
        'SQL = "SELECT {}"\nc.execute(SQL.format(y))',
        'c.execute(parameter.format(x="y"))',
    ],
)
def test_lint_finds(source: str) -> None:
    """The lint sees every way of putting a statement together."""
    assert 1 == len(statements_made_up(source))


@pytest.mark.parametrize(
    "source",
    [
        'c.execute("SELECT 1", x)',
        'SQL = "SELECT 1"\nc.execute(SQL)',
        'SQL = "SELECT {x}"\nNAMES = {"x": "1"}\nTABLE = {1: SQL.format(**NAMES)}\nc.execute(TABLE[y])',
        'PART = "{x}"\nSQL = "SELECT {y}"\nWHOLE = SQL.format(y=PART.format(x="1"))\nc.execute(WHOLE)',
    ],
)
def test_lint_allows(source: str) -> None:
    """The lint allows fixed statements, also under a name, or put together from constants."""
    assert [] == statements_made_up(source)

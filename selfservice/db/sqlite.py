"""The database: one SQLite file, one connection a thread, one way to write.

Everything that writes goes through `Database.write()`, which takes the write lock at once (BEGIN IMMEDIATE).
A deferred BEGIN fails with 'database is locked' as soon as two transactions want to become writers.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfservice.db.errors import LockedError, MigrationError, NestedWriteError
from selfservice.metrics import METERS

if TYPE_CHECKING:
    import sqlite3
else:
    # The same choice sqlite-utils makes, without the price of importing it in every request process.
    try:
        import pysqlite3 as sqlite3
    except ImportError:
        import sqlite3

Row = sqlite3.Row
Error = sqlite3.Error
IntegrityError = sqlite3.IntegrityError
OperationalError = sqlite3.OperationalError

BUSY_TIMEOUT_SECONDS = 5

# Result codes of errors that may pass, or that the operator can mend (sqlite.org/rescode.html).
_TRANSIENT_ERRORS = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_READONLY",
    "SQLITE_CANTOPEN",
)
# What SQLite locks of a database file while anybody has it open (sqlite.org/lockingv3.html; os_unix.c: PENDING_BYTE,
# the reserved byte, and 510 shared ones). Asked of the system itself, since a damaged file cannot be asked with SQL.
_LOCK_START, _LOCK_LENGTH = 0x40000000, 512
# The suffixes of a database's files: itself, its journal and the journal's index.
FILE_SUFFIXES = ("", "-wal", "-shm")


class DatabaseBusyError(OperationalError):
    """The database cannot be used just now: locked by another writer, disk full or not writable. The transaction was
    rolled back; a retry may succeed. `reason` is the engine's error name.
    """

    reason = ""


class Connection(sqlite3.Connection):
    """A connection that raises DatabaseBusyError for transient errors, and any other Error as the engine does."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run one statement, and return its rows."""
        try:
            return super().execute(sql, parameters)
        except OperationalError as error:
            _raise_busy(error)
            raise

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Run one statement for each of these."""
        try:
            return super().executemany(sql, parameters)
        except OperationalError as error:
            _raise_busy(error)
            raise


def _raise_busy(error: Error) -> None:
    reason = str(getattr(error, "sqlite_errorname", ""))
    if any(reason == each or reason.startswith(f"{each}_") for each in _TRANSIENT_ERRORS):
        busy = DatabaseBusyError(*error.args)
        busy.reason = reason
        raise busy from error


def connect(path: str | Path, *, is_immutable: bool = False) -> Connection:
    """A bare connection that autocommits: to a database that is not Loket's own, as a search index, or to ":memory:".

    With `is_fixed` the file must be there and is read without a lock, which is safe while nobody changes it.
    """
    name = f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1" if is_immutable else str(path)
    try:
        return sqlite3.connect(name, BUSY_TIMEOUT_SECONDS, isolation_level=None, factory=Connection, uri=is_immutable)
    except OperationalError as error:
        _raise_busy(error)
        raise


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite version is free of the WAL bug that can corrupt a file.

    Versions up to 3.51.2 have it; it was also mended in 3.44.6 and 3.50.7 (sqlite.org, release notes of
    3.51.3).
    """
    if version >= (3, 51, 3):
        return True
    return version[:2] in ((3, 44), (3, 50)) and version >= {44: (3, 44, 6), 50: (3, 50, 7)}[version[1]]


class Database:
    """The file at `path`, made (readable by its owner only) when it is not there.

    `on_statement` is called with the text of every statement that any connection of this object runs.
    """

    def __init__(self, path: str | Path, on_statement: Callable[[str], object] | None = None) -> None:
        self.path = Path(path)
        self._on_statement = on_statement
        self._local = threading.local()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))

    def read(self) -> Connection:
        """This thread's connection. It autocommits: use it to read, and `write()` to change."""
        held = getattr(self._local, "held", None)
        # A connection must not cross a fork: SQLite's file locks belong to the process that took them.
        if held is None or held[0] != os.getpid():
            held = (os.getpid(), self._open())
            self._local.held = held
        connection: Connection = held[1]
        return connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that takes the write lock at once; it is committed at the end, or rolled back on an exception.

        Waits up to 5 seconds for another writer, then raises DatabaseBusyError. Raises NestedWriteError inside
        another `write()`, because the inner one could not be undone alone. No network call belongs inside.
        """
        connection = self.read()
        if _is_in_transaction(connection):
            raise NestedWriteError("a write() is already open in this thread; pass its connection on instead")
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        METERS.write_waits.observe(time.perf_counter() - began)
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if _is_in_transaction(connection):
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def write_if_free(self) -> Iterator[Connection]:
        """A transaction as of `write()` that waits for no other writer, for what is better lost than waited for. Raises
        DatabaseBusyError when there is one.
        """
        with self._without_waiting() as connection, self.write():
            yield connection

    @contextmanager
    def _without_waiting(self) -> Iterator[Connection]:
        connection = self.read()
        connection.execute("PRAGMA busy_timeout = 0").fetchall()
        try:
            yield connection
        finally:
            # BUSY_TIMEOUT_SECONDS again: a pragma takes no bound parameter.
            connection.execute("PRAGMA busy_timeout = 5000").fetchall()

    @contextmanager
    def write_schema(self) -> Iterator[Connection]:
        """A transaction as of `write()`, for migrations: foreign keys are held only at its end.

        Dropping a table to rebuild it would else empty the tables that refer to it, and inside a transaction that
        cannot be turned off any more (sqlite.org/lang_altertable.html). Raises MigrationError, and changes nothing,
        when a row then refers to one that is not there.
        """
        connection = self.read()
        if _is_in_transaction(connection):
            raise NestedWriteError("a write() is already open in this thread; migrations begin outside of it")
        connection.execute("PRAGMA foreign_keys = OFF")
        try:
            with self.write():
                yield connection
                broken = connection.execute("PRAGMA foreign_key_check").fetchall()
                if broken:
                    tables = ", ".join(sorted({row["table"] for row in broken}))
                    raise MigrationError(
                        f"{len(broken)} rows of {tables} would refer to rows that are not there; nothing was changed"
                    )
        finally:
            connection.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def separate_connection(self) -> Iterator[Connection]:
        """A connection separate from this thread's, closed at the end: for work with temporary tables."""
        connection = self._open()
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """A lock held by one process at a time of all that use this database, and released when that process ends.

        Does not wait: raises LockedError while another holds the lock of this name.
        """
        with self.path.with_name(f"{self.path.name}.{name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockedError(f"another process holds the lock {name}") from None
            yield

    def is_empty(self) -> bool:
        """Whether it has no tables."""
        return self.read().execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None

    def find_damage(self, *, quickly: bool = False) -> str:
        """A description of damage to the file; empty if it is sound. `quickly` skips comparing indexes with tables, and
        foreign keys.
        """
        conn = self.read()
        said = str(conn.execute("PRAGMA quick_check(1)" if quickly else "PRAGMA integrity_check").fetchone()[0])
        if said != "ok":
            return " ".join(said.split())
        broken = [] if quickly else conn.execute("PRAGMA foreign_key_check").fetchall()
        return f"{len(broken)} rows refer to rows that are not there" if broken else ""

    def checkpoint(self) -> bool:
        """Write the journal into the file, and empty it; False while somebody reads it."""
        return not self.read().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def checkpoint_if_free(self) -> bool:
        """As `checkpoint()`, which keeps writers waiting while it waits for readers; this waits for nobody."""
        with self._without_waiting():
            return self.checkpoint()

    def vacuum(self) -> bool:
        """Rebuild the file, so that it contains no remains of overwritten or deleted data; False if that could not be
        done now: somebody reads or writes it, or there is no room on the disk for twice the file.
        """
        try:
            self.read().execute("VACUUM")
        except DatabaseBusyError:
            return False
        return self.checkpoint()

    def close(self) -> None:
        """Close this thread's connection; the next `read()` opens a new one."""
        held = getattr(self._local, "held", None)
        if held is not None and held[0] == os.getpid():
            held[1].close()
        self._local.held = None

    def status_line(self) -> str:
        """One line for /health: the SQLite version, the journal mode, and a problem with them if there is one."""
        version, mode = sqlite3.sqlite_version, str(self.read().execute("PRAGMA journal_mode").fetchone()[0])
        if not wal_is_safe(sqlite3.sqlite_version_info):
            return f"SQLite {version}, journal {mode}, since this version has a WAL bug; 3.51.3 is faster"
        return f"SQLite {version}, journal {mode}" + ("" if mode == "wal" else ", expected wal")

    def _open(self) -> Connection:
        connection = connect(self.path)
        connection.row_factory = Row
        _set_journal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is blanked or deleted is overwritten, also in pages that nothing uses any more: a name or an address must
        # not stay behind in the file (docs/why.md).
        connection.execute("PRAGMA secure_delete = ON").fetchall()
        if self._on_statement is not None:
            connection.set_trace_callback(self._on_statement)
        return connection


def _is_in_transaction(connection: Connection) -> bool:
    # A function, since a type checker takes an attribute that was once False to stay so.
    return connection.in_transaction


def _set_journal(connection: Connection) -> None:
    wanted = "wal" if wal_is_safe(sqlite3.sqlite_version_info) else "truncate"
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
        try:
            # Two literal statements, since a pragma takes no bound parameter.
            connection.execute("PRAGMA journal_mode=WAL" if wanted == "wal" else "PRAGMA journal_mode=TRUNCATE")
        except OperationalError:
            # SQLite does not call its busy handler while it changes the journal, so several processes
            # that open a new file at once have to wait here.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            # Where another journal stays (a file system without shared memory), `status_line()` says so.
            return


@contextmanager
def exclusive_access(path: Path) -> Iterator[None]:
    """Lock the database at `path` against any other use. Raises LockedError if somebody has it open."""
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_LENGTH, _LOCK_START)
        except OSError:
            raise LockedError(f"{path} is open") from None
        yield


def backup(db: Database, to: str | Path) -> None:
    """Write a compact copy of the whole database, a consistent snapshot, to the new file `to`.

    Readers and writers go on meanwhile. The copy appears under its name only when it is whole.
    Raises FileExistsError when `to` is there already.
    """
    target = Path(to)
    part = target.with_name(target.name + ".part")
    # Exclusive creation refuses both a finished copy and another backup that is still being written.
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600))
        db.read().execute("VACUUM INTO ?", (str(part),))
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        raise

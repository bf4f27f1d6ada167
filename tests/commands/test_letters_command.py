"""`loket letters`: batches on disk, which lose no letter and print none twice, whatever stops them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from selfservice.config import ROOT
from selfservice.db import Connection, Database
from selfservice.letters import batches, pending
from selfservice.letters.printing import MANIFEST_NAME, Printer, PrintingError, print_batch
from selfservice.migrations import migrate
from selfservice.values.access_code import group_code
from tests.conftest import SECRET
from tests.domain_helpers import KEYS, NOW, new_database, rows
from tests.letter_helpers import enqueue, files, site, text, waiting_codes


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "letters"


class StoppedError(Exception):
    """Something stops us here."""


def states(db: Database) -> list[str]:
    return [row["state"] for row in db.read().execute("SELECT state FROM letters ORDER BY id")]


def pdfs(folder: Path) -> dict[str, bytes]:
    """The PDFs in the folders that have their name."""
    return {
        name: content for name, content in files(folder).items() if name.endswith(".pdf") and not name.startswith(".")
    }


def test_print(db: Database, to: Path) -> None:
    """Each ready letter becomes one PDF with its code, and the manifest lists them; then they are printed."""
    for number in range(3):
        enqueue(db, number)
    wanted = waiting_codes(db)
    batch = print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert batch is not None
    manifest = json.loads((batch.path / MANIFEST_NAME).read_text())
    made = [(batch.path / each["file"]).read_bytes() for each in manifest["letters"]]
    assert (3, ["nl", "en", "nl"]) == (manifest["count"], [each["language"] for each in manifest["letters"]])
    assert [each["sha256"] for each in manifest["letters"]] == [hashlib.sha256(pdf).hexdigest() for pdf in made]
    assert [True] * 3 == [group_code(code) in text(pdf) for code, pdf in zip(wanted, made, strict=True)]
    assert [each["check_code"] for each in manifest["letters"]] == [row["check_code"] for row in rows(db, "letters")]
    assert ["printed"] * 3 == states(db)
    assert {*(each["file"] for each in manifest["letters"]), MANIFEST_NAME} == set(files(batch.path))


def test_letter_that_no_font_can_print(db: Database, to: Path) -> None:
    """A letter that an earlier version queued with a name that no font has stops the run, which says whose it is; once
    its code is revoked the others are printed.
    """
    number = enqueue(db)
    enqueue(db, 1)
    with db.write() as conn:
        conn.execute("UPDATE letters SET address_lines = replace(address_lines, 'Jip', '東京') WHERE id = ?", (number,))
    with pytest.raises(PrintingError, match="request K7RM-4X9T has characters that no font of ours has: 東京"):
        print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert ["ready", "ready"] == states(db)
    with db.write() as conn:
        conn.execute("UPDATE access_codes SET revoked_at = created_at WHERE id = 1")
    batch = print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert batch is not None
    assert (1, ["withdrawn", "printed"]) == (len(pdfs(batch.path)), states(db))


def test_code_is_nowhere(db: Database, to: Path) -> None:
    """Neither before printing nor after it is a code in the database's files; after it its seed is gone too."""
    for number in range(20):
        enqueue(db, number)
    made = waiting_codes(db)
    before = b"".join(path.read_bytes() for path in db.path.parent.glob("loket.db*"))
    print_batch(Printer(db, KEYS, site()), to, 20, NOW)
    after = b"".join(path.read_bytes() for path in db.path.parent.glob("loket.db*"))
    shown = [text(pdf) for pdf in pdfs(to).values()]
    assert [False] * 20 == [code.encode() in before + after for code in made]
    assert [True] * 20 == [any(group_code(code) in each for each in shown) for code in made]
    assert [("", None)] * 20 == [(row["nonce"], row["key_id"]) for row in rows(db, "letters")]


def test_manifest_without_secrets(db: Database, to: Path) -> None:
    """The manifest has neither codes nor names nor addresses, so that it can be kept."""
    enqueue(db)
    [code] = waiting_codes(db)
    batch = print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert batch is not None
    said = (batch.path / MANIFEST_NAME).read_text()
    assert [False] * 4 == [part in said for part in (code, group_code(code), "Jonge", "Meelstraat")]


def test_only_for_the_owner(db: Database, to: Path) -> None:
    """Nobody else on the machine can read the files."""
    enqueue(db)
    batch = print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert batch is not None
    modes = {stat.S_IMODE(path.stat().st_mode) for path in batch.path.iterdir()}
    assert ({0o600}, 0o700) == (modes, stat.S_IMODE(batch.path.stat().st_mode))


def test_nothing_ready(db: Database, to: Path) -> None:
    """Without letters there is no batch and no folder."""
    assert print_batch(Printer(db, KEYS, site()), to, 10, NOW) is None
    assert not to.exists()


def test_limit(db: Database, to: Path) -> None:
    """At most so many at a time, oldest first; the rest in the next batch."""
    for number in range(5):
        enqueue(db, number)
    found = [print_batch(Printer(db, KEYS, site()), to, 2, NOW) for _ in range(4)]
    assert [1, 2, 3, None] == [batch and batch.id for batch in found]
    assert [1, 1, 2, 2, 3] == [row["batch_id"] for row in rows(db, "letters")]


def test_hooks(db: Database, to: Path) -> None:
    """Whoever wants to know is told of each printed letter, in the transaction that marks them."""
    for number in range(2):
        enqueue(db, number)
    told: list[tuple[int, bool]] = []
    printer = Printer(db, KEYS, site(), (lambda conn, letter_id, _now: told.append((letter_id, conn.in_transaction)),))
    print_batch(printer, to, 10, NOW)
    assert [(1, True), (2, True)] == told


def test_stopped_while_writing(db: Database, to: Path) -> None:
    """Stopped half-way, nothing is printed and nothing has its name; the next run makes the very same batch."""
    for number in range(3):
        enqueue(db, number)

    def stop(done: int, of: int) -> None:
        if done == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        print_batch(Printer(db, KEYS, site(), progress=stop), to, 10, NOW)
    assert (["ready"] * 3, {}) == (states(db), pdfs(to))
    half = {name.rpartition("/")[2]: content for name, content in files(to).items()}
    enqueue(db, 3)
    batch = print_batch(Printer(db, KEYS, site()), to, 10, NOW + timedelta(hours=3))
    assert batch is not None
    made = files(batch.path)
    assert (1, 4) == (batch.id, len(made))
    assert half == {name: content for name, content in made.items() if name in half}
    assert ["printed"] * 3 + ["ready"] == states(db)


def test_stopped_in_the_transaction(db: Database, to: Path) -> None:
    """Stopped while the letters are marked, none is; the next run makes the same files."""
    for number in range(3):
        enqueue(db, number)

    def stop(conn: Connection, letter_id: int, now: object) -> None:
        if letter_id == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        print_batch(Printer(db, KEYS, site(), (stop,)), to, 10, NOW)
    assert (["ready"] * 3, {}) == (states(db), pdfs(to))
    assert all(row["nonce"] and row["key_id"] for row in rows(db, "letters"))
    half = {name.rpartition("/")[2]: content for name, content in files(to).items()}
    batch = print_batch(Printer(db, KEYS, site()), to, 10, NOW + timedelta(hours=1))
    assert batch is not None
    assert half == files(batch.path)


def test_stopped_after_marking(db: Database, to: Path) -> None:
    """Stopped before the folder got its name, the next run only gives it that: the codes are in these files alone."""
    for number in range(3):
        enqueue(db, number)
    batch = print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert batch is not None
    made = files(batch.path)
    # As it is when the power fails between the transaction and the new name.
    batch.path.rename(batch.partial_path)
    with db.write() as conn:
        conn.execute("UPDATE letter_batches SET released_at = NULL")
    enqueue(db, 3)
    again = print_batch(Printer(db, KEYS, site()), to / "elsewhere", 10, NOW)
    assert (batch.path, made, made) == (again and again.path, files(batch.path), files(to / batch.path.name))
    assert "ready" == states(db)[3]


def test_stopped_after_naming(db: Database, to: Path) -> None:
    """Stopped when all but the last note was done, the next run makes that note, and prints nothing twice."""
    enqueue(db)
    batch = print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert batch is not None
    with db.write() as conn:
        conn.execute("UPDATE letter_batches SET released_at = NULL")
    again = print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert (batch.path, 1) == (again and again.path, len(pdfs(to)))


def test_files_lost(db: Database, to: Path) -> None:
    """If the files of a marked batch are gone, it says so and what to do, and prints nothing."""
    enqueue(db)
    batch = print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert batch is not None
    batch.path.rename(to / "taken-away")
    with db.write() as conn:
        conn.execute("UPDATE letter_batches SET released_at = NULL")
    enqueue(db, 1)
    with pytest.raises(PrintingError, match="batch 1 is marked as printed, but its files are not in"):
        print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert "ready" == states(db)[1]
    batch.path.mkdir()
    print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert ["printed", "printed"] == states(db)


def test_another_folder(db: Database, to: Path) -> None:
    """A batch that was stopped can be made elsewhere; nothing with a code stays behind."""
    enqueue(db)

    def stop(done: int, of: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        print_batch(Printer(db, KEYS, site(), progress=stop), to, 10, NOW)
    batch = print_batch(Printer(db, KEYS, site()), to / "other", 10, NOW)
    assert batch is not None
    assert to / "other" == batch.path.parent
    assert [f"other/{batch.path.name}"] == sorted({name.rpartition("/")[0] for name in files(to)})


def test_name_is_taken(db: Database, to: Path) -> None:
    """A folder that is there already is never written into: nothing is printed then."""
    enqueue(db)
    (to / "2026-11-21-batch-1").mkdir(parents=True)
    with pytest.raises(PrintingError, match="is there already"):
        print_batch(Printer(db, KEYS, site()), to, 10, NOW)
    assert ["ready"] == states(db)


def test_changed_while_printing(db: Database, to: Path) -> None:
    """A letter that is withdrawn while the files are made is not in them."""
    enqueue(db)
    enqueue(db, 1)
    other = Database(db.path)
    changes = [1]

    def interfere(done: int, of: int) -> None:
        if not changes:
            return
        with other.write() as conn:
            pending.withdraw(conn, changes.pop(), NOW)

    batch = print_batch(Printer(db, KEYS, site(), progress=interfere), to, 10, NOW)
    other.close()
    assert batch is not None
    assert (1, ["withdrawn", "printed"]) == (len(pdfs(to)), states(db))


def test_all_withdrawn_while_printing(db: Database, to: Path) -> None:
    """When no letter is left of a batch there is no batch, and the next can begin."""
    enqueue(db)
    other = Database(db.path)

    def interfere(done: int, of: int) -> None:
        with other.write() as conn:
            pending.withdraw(conn, 1, NOW)

    assert print_batch(Printer(db, KEYS, site(), progress=interfere), to, 10, NOW) is None
    other.close()
    assert ([], {}) == (rows(db, "letter_batches"), pdfs(to))
    enqueue(db, 1)
    assert print_batch(Printer(db, KEYS, site()), to, 10, NOW) is not None


def test_one_at_a_time(db: Database, to: Path) -> None:
    """While letters are being printed a second run refuses, and changes nothing."""
    enqueue(db)
    other = Database(db.path)

    def second(done: int, of: int) -> None:
        with pytest.raises(PrintingError, match="printed already"):
            print_batch(Printer(other, KEYS, site()), to, 10, NOW)

    print_batch(Printer(db, KEYS, site(), progress=second), to, 10, NOW)
    other.close()
    assert (["printed"], 1) == (states(db), len(pdfs(to)))


# From here on: the real command, in a process of its own.


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


def environment(var: Path) -> dict[str, str]:
    given = {key: value for key, value in os.environ.items() if not key.startswith("LOKET_")}
    own = {"LOKET_DEMO": "1", "LOKET_VAR": str(var), "LOKET_SECRET_KEY": SECRET.decode(), "PYTHONPATH": str(ROOT)}
    return {**given, **own}


def loket(var: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "selfservice", "letters", *arguments],
        env=environment(var),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def fill(var: Path, count: int) -> Database:
    """A database where the command looks for it, with so many letters."""
    db = Database(var / "loket.db")
    migrate(db, KEYS)
    for number in range(count):
        enqueue(db, number)
    return db


@pytest.mark.slow
def test_command(var: Path, to: Path) -> None:
    """print says where the letters are and how to go on, posted counts them, list shows where all stand."""
    db = fill(var, 2)
    printed = loket(var, "print", "--to", str(to))
    folder = Path(printed.stdout.strip())
    assert (0, 3, True) == (printed.returncode, len(files(folder)), "loket letters posted 1" in printed.stderr)
    assert "2 posted\n" == loket(var, "posted", "1").stdout
    again = loket(var, "posted", "1")
    assert (1, True) == (again.returncode, again.stderr.startswith("loket: batch 1 was posted "))
    enqueue(db, 2)
    shown = loket(var, "list").stdout.splitlines()
    assert "1 waiting to be printed" == shown[0]
    assert (1, True, True) == (len(shown[1:]), "batch 1  2 letters  posted " in shown[1], str(folder) in shown[1])
    assert ["posted", "posted", "ready"] == states(db)
    db.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("posted", "9"), "loket: there is no printed batch 9; `loket letters list` shows them"),
        (("print", "--to", "/proc/nowhere"), "loket: [Errno 2]"),
    ],
)
def test_command_fails(var: Path, arguments: tuple[str, ...], says: str) -> None:
    """What cannot be done is one line and exit status 1."""
    db = fill(var, 1)
    found = loket(var, *arguments)
    assert (1, "") == (found.returncode, found.stdout)
    assert says in found.stderr
    assert "Traceback" not in found.stderr
    assert ["ready"] == states(db)
    db.close()


def test_command_nothing_ready(var: Path, to: Path) -> None:
    """With nothing to print it says so, and that is no failure."""
    fill(var, 0).close()
    found = loket(var, "print", "--to", str(to))
    assert (0, "", True) == (found.returncode, found.stdout, "No letters are ready" in found.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 15, 29])
def test_killed(var: Path, to: Path, after: int) -> None:
    """Killed at any moment and run again, each letter is in one folder once, and each is marked as printed."""
    db = fill(var, 30)
    wanted = sorted(group_code(code) for code in waiting_codes(db))
    running = subprocess.Popen(
        [sys.executable, "-m", "selfservice", "letters", "print", "--to", str(to)],
        env=environment(var),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < deadline and len(files_now(to)) < after:
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert 0 == loket(var, "print", "--to", str(to)).returncode
    found = pdfs(to)
    said = [text(content) for content in found.values()]
    shown = sorted(code for each in said for code in wanted if code in each)
    assert (wanted, 30, ["printed"] * 30) == (shown, len(found), states(db))
    assert [1] == [batch.id for batch, _ in batches.overview(db.read())[1]]
    db.close()


def files_now(folder: Path) -> list[Path]:
    """The PDFs made so far, also while they are being renamed."""
    return list(folder.glob(".*/*.pdf")) + list(folder.glob("*/*.pdf"))

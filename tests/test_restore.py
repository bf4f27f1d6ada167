"""`loket restore`: a sound copy takes the database's place whole or not at all, and nothing of the past comes alive."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from selfservice import clock
from selfservice.accounts import anonymous_sessions, sessions, tokens
from selfservice.config import ROOT
from selfservice.db import Database
from selfservice.heartbeats import BACKUP, age_seconds
from selfservice.mail import outbox
from selfservice.mail.delivery import claim
from tests.commands.test_cli import loket
from tests.conftest import SECRET
from tests.docs.pages import blocks
from tests.domain_helpers import CONTEXT, KEYS, rows
from tests.live_server import wait_until
from tests.test_supervisor import health

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("real_clock")]

FOLDER_SETTINGS = {"LOKET_SECRET_KEY": SECRET.decode()}


def restore(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`loket restore` on the database of this folder."""
    return loket(folder, "restore", *arguments, **FOLDER_SETTINGS, **settings)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Path:
    """A folder with both of the below."""
    folder = tmp_path_factory.mktemp("made")
    var = folder / "var"
    var.mkdir()
    shutil.copy(filled, var / "loket.db")
    db = Database(var / "loket.db")
    with db.write() as conn:
        now = clock.now()
        # Those of the demonstration's own requests.
        tokens.revoke_every_token(conn, now)
        _, cookie = anonymous_sessions.start(conn, now)
        sessions.start(conn, 1, 1, cookie, now, "a browser")
        link = tokens.issue(conn, KEYS, "replacement_password", 1, 1, now)
        conn.execute(
            """INSERT INTO account_openings (token_hash, purpose, given_name, family_name, email, email_key, language,
                                             void, created_at, expires_at)
               VALUES (:hash, 'create', 'Oona', 'Kites', 'oona@kites.example', 'oona@kites.example', 'en', 0, :now,
                       :now)""",
            {"hash": "0" * 64, "now": clock.to_text(now)},
        )
        for number, seed in enumerate((None, None, link.seed)):
            outbox.enqueue(
                conn,
                CONTEXT,
                now,
                idempotency_key=f"mail {number}",
                kind="test",
                recipient="jan@example.org",
                language="en",
                payload={},
                seed=seed,
            )
    # One of them is being sent.
    assert claim(db, now) is not None
    db.close()
    assert 0 == loket(folder, "backup", str(folder / "copy.db"), **FOLDER_SETTINGS).returncode
    db = Database(var / "loket.db")
    with db.write() as conn:
        conn.execute("DELETE FROM outbox")
        conn.execute("UPDATE people SET given_name = 'Later' WHERE id = 1")
    db.close()
    return folder


@pytest.fixture
def var(tmp_path: Path, made: Path) -> Path:
    """A folder with the demonstration's database, in which something happened that is in no copy."""
    (tmp_path / "var").mkdir()
    shutil.copy(made / "var" / "loket.db", tmp_path / "var" / "loket.db")
    return tmp_path / "var"


@pytest.fixture
def copy(tmp_path: Path, made: Path) -> Path:
    """A copy in which somebody is logged in, one link works, a form is half filled and three mails wait, one with that
    link.
    """
    shutil.copy(made / "copy.db", tmp_path / "copy.db")
    return tmp_path / "copy.db"


def name(database: Path) -> str:
    """The first person's: 'Later' in the database, another in the copy."""
    db = Database(database)
    found = db.read().execute("SELECT given_name FROM people WHERE id = 1").fetchone()[0]
    db.close()
    return str(found)


def before(var: Path) -> list[Path]:
    """What was set aside."""
    return [path for path in var.iterdir() if re.fullmatch(r"loket\.db\.\d{8}T\d{6}Z", path.name)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "loket: 3 mails wait in this copy, and may have been sent since it was made: say --mail drop, or --mail"),
        (("--yes",), "loket: 3 mails wait in this copy, and may have been sent since it was made: say --mail drop"),
        (("--mail", "drop"), "loket: say --yes to put it in the place of "),
    ],
)
def test_refused(var: Path, copy: Path, words: tuple[str, ...], said: str) -> None:
    """Without --yes, or a word about the mail that waits, it tells what it would do, and changes nothing."""
    done = restore(var.parent, str(copy), *words)
    assert (1, True, True) == (done.returncode, done.stderr.startswith(said), done.stderr.endswith("changed\n"))
    assert ("Later", ["loket.db"]) == (name(var / "loket.db"), sorted(path.name for path in var.iterdir()))
    ended = "Sessions that end: 1; links that no longer work: 2\n"
    mails = "Mails that wait: 3; of these dropped, since their links no longer work: 1\n"
    assert ended + mails in done.stdout


@pytest.mark.parametrize(("mail", "states"), [("drop", ["failed"] * 3), ("send", ["leased", "waiting", "failed"])])
def test_restored(var: Path, copy: Path, mail: str, states: list[str]) -> None:
    """The copy is the database, the one before it stands beside it whole; nobody is logged in, no link works, nothing
    half filled is there, and the mail goes out or not, as was said. The last backup is that copy.
    """
    os.utime(copy, times=(0, clock.now().timestamp() - 3600))
    done = restore(var.parent, str(copy), "--mail", mail, "--yes")
    assert 0 == done.returncode, done.stderr
    db = Database(var / "loket.db")
    assert ("Jip", ["Later"]) == (name(db.path), [name(path) for path in before(var)])
    assert [True] == [row["ended_at"] is not None for row in rows(db, "sessions")]
    assert {True} == {row["used_at"] is not None for table in ("tokens", "account_openings") for row in rows(db, table)}
    assert ([], states) == (rows(db, "visits"), [row["state"] for row in rows(db, "outbox")])
    assert "database.restore" == rows(db, "events")[-1]["what"]
    assert 0o600 == db.path.stat().st_mode & 0o777
    age = age_seconds(db.read(), BACKUP, clock.now())
    assert age is not None
    assert 3600 <= age < 4200
    db.close()
    assert {"loket.db", before(var)[0].name} == {
        path.name for path in var.iterdir() if not path.name.endswith(("-wal", "-shm"))
    }
    assert re.match(r"The copy is sound and holds \d\d people, 20 organisations, \d\d access codes, ", done.stdout)


def test_what_was_only_in_the_log(var: Path, copy: Path) -> None:
    """What a killed server left in the database's log is in the one that is set aside, and not in the restored one."""
    code = (
        "import sys, os; from selfservice.db import Database; db = Database(sys.argv[1])\n"
        "with db.write() as conn: conn.execute(\"UPDATE people SET given_name = 'Logged' WHERE id = 1\")\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(var / "loket.db")], cwd=ROOT, check=False)
    assert (var / "loket.db-wal").stat().st_size > 0
    assert 0 == restore(var.parent, str(copy), "--mail", "drop", "--yes").returncode
    assert ("Jip", ["Logged"]) == (name(var / "loket.db"), [name(path) for path in before(var)])


def test_over_a_damaged_one(var: Path, copy: Path) -> None:
    """A database that is damaged is set aside as it is."""
    (var / "loket.db").write_bytes(b"this is no database, only a file of that name" * 100)
    done = restore(var.parent, str(copy), "--mail", "drop", "--yes")
    assert (0, "Jip") == (done.returncode, name(var / "loket.db")), done.stderr
    assert [True] == [path.read_bytes().startswith(b"this is no database") for path in before(var)]


def test_where_there_was_none(tmp_path: Path, copy: Path) -> None:
    """On a new machine there is nothing to set aside."""
    done = restore(tmp_path / "new", str(copy), "--mail", "drop", "--yes")
    folder = tmp_path / "new" / "var"
    assert (0, "Jip", []) == (done.returncode, name(folder / "loket.db"), before(folder)), done.stderr


@pytest.mark.parametrize("damaged", [True, False])
def test_while_it_runs(var: Path, copy: Path, damaged: bool) -> None:
    """While any process has the database open it refuses, though that one does nothing, and a damaged one too."""
    code = (
        "import sys; from selfservice.db import Database; db = Database(sys.argv[1]); "
        "db.read().execute('SELECT 1 FROM people')"
    )
    command: list[str] = [
        sys.executable,
        "-c",
        f"{code}.fetchall(); print('open', flush=True); sys.stdin.read()",
        str(var / "loket.db"),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout
        user.stdout.readline()
        if damaged:
            with (var / "loket.db").open("r+b") as file:
                file.write(b"x" * 100)
        done = restore(var.parent, str(copy), "--mail", "drop", "--yes")
        user.communicate()
    line = f"loket: Loket is running on {var / 'loket.db'}: stop its server and its worker first\n"
    assert (1, line, []) == (done.returncode, done.stderr, before(var))


def spoil(copy: Path, how: str) -> None:
    """Make the copy unfit."""
    if how == "no database":
        copy.write_bytes(b"this is no database, only a file of that name" * 100)
        return
    if how == "cut off":
        copy.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
        return
    with sqlite3.connect(copy) as conn:
        if how == "orphans":
            conn.execute("PRAGMA foreign_keys = OFF")
            conn.execute("UPDATE tokens SET person_id = 99999 WHERE id = (SELECT max(id) FROM tokens)")
        elif how == "newer":
            conn.execute(
                """INSERT INTO _sqlite_migrations (migration_set, name, applied_at)
                   SELECT 'members', 'of_tomorrow', applied_at FROM _sqlite_migrations LIMIT 1"""
            )
    conn.close()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no database", "cannot be used: file is not a database"),
        ("cut off", "malformed"),
        ("orphans", "the copy is damaged: 1 rows refer to rows that are not there"),
        ("newer", "the copy is of a newer version of Loket (members:of_tomorrow): use that version"),
    ],
)
def test_unfit(var: Path, copy: Path, how: str, said: str) -> None:
    """A copy that is damaged, or of a newer version, is refused in one line, and nothing is changed."""
    spoil(copy, how)
    done = restore(var.parent, str(copy), "--mail", "drop", "--yes")
    assert (1, 1, True) == (done.returncode, len(done.stderr.splitlines()), said in done.stderr), done.stderr
    assert ("Later", ["loket.db"]) == (name(var / "loket.db"), sorted(path.name for path in var.iterdir()))


def test_empty(tmp_path: Path, var: Path) -> None:
    """An empty file, or another program's database, is none of ours."""
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE other (n)")
    done = restore(tmp_path, str(tmp_path / "other.db"), "--yes")
    assert (1, "loket: this is no database of Loket's\n") == (done.returncode, done.stderr)


def test_another_secret(var: Path, copy: Path) -> None:
    """A copy whose codes need another secret is refused: nobody could log in."""
    done = loket(var.parent, "restore", str(copy), "--mail", "drop", "--yes", LOKET_SECRET_KEY="y" * 40)
    assert (1, True) == (done.returncode, "was made with another secret" in done.stderr), done.stderr
    assert ("Later", []) == (name(var / "loket.db"), before(var))


def test_itself(var: Path) -> None:
    """The database does not take its own place."""
    done = restore(var.parent, str(var / "loket.db"), "--yes")
    assert (1, f"loket: {var / 'loket.db'} is the database itself; nothing was changed\n") == (
        done.returncode,
        done.stderr,
    )


def test_backup_notes_its_time(var: Path, copy: Path) -> None:
    """After a backup the database says when it was made; the copy itself says nothing of it."""
    ages = []
    for path in (var / "loket.db", copy):
        db = Database(path)
        ages.append(age_seconds(db.read(), BACKUP, clock.now()))
        db.close()
    assert (True, None) == (ages[0] is not None and 0 <= ages[0] < 600, ages[1])


def test_drill(var: Path, tmp_path: Path) -> None:
    """The restore drill works by the words of docs/operations.md alone, in another folder, while Loket runs, and sends
    nothing; only the port is another here.
    """
    (block,) = [each for each in blocks(ROOT / "docs" / "operations.md") if each.text.startswith("DRILL=")]
    lines = block.text.splitlines()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert "loket serve --no-worker --port 8001" in lines[-1]
    script = "set -eu\n" + "\n".join(lines).replace("8001", str(port)).replace("loket serve", "exec loket serve")
    programs = Path(sys.executable).parent
    own = {
        "LOKET_DEMO": "1",
        "LOKET_VAR": str(var),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_") and name != "PORT"}
    db = Database(var / "loket.db")
    log = tmp_path / "drill.log"
    with log.open("wb") as out:
        db.read().execute("SELECT 1 FROM people").fetchall()
        drill = subprocess.Popen(
            ["bash", "-c", script], env=clean | FOLDER_SETTINGS | own, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: answers(port) or drill.poll() is not None, 60)
        (there,) = tmp_path.glob("tmp.*/loket.db")
        assert (None, name(db.path)) == (drill.poll(), name(there)), log.read_text("utf-8")
        assert ["worker"] == health(f"http://127.0.0.1:{port}")["wrong"]
    finally:
        drill.terminate()
        drill.wait(30)
        db.close()


def answers(port: int) -> bool:
    """Whether somebody answers there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/live", timeout=5):
            return True
    except OSError:
        return False

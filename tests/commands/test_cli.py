"""The `loket` command line: what each command does, and one line instead of a trace when it cannot."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from selfservice.config import ROOT, Config
from selfservice.db import Database
from selfservice.demo import accounts
from tests.clients import HouseClient
from tests.conftest import SECRET
from tests.live_server import processes
from tests.password_form_helpers import PasswordForm, location

pytestmark = pytest.mark.slow

COMMANDS = [
    *(
        "backup",
        "build",
        "catalogs",
        "check",
        "codes",
        "demo",
        "doctor",
        "feedback",
        "front",
        "health",
        "keys",
        "letters",
    ),
    *(
        "members",
        "messages",
        "migrate",
        "new",
        "orders",
        "publish",
        "register",
        "requests",
        "restore",
        "review",
        "search",
        "searches",
        "secrets",
        "serve",
        "settings",
        "trees",
        "worker",
    ),
]


def loket(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a demonstration that keeps everything in the folder."""
    own = {"LOKET_DEMO": "1", "LOKET_VAR": str(folder / "var"), "LOKET_OUTPUT": str(folder / "output")}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    return subprocess.run(
        [sys.executable, "-m", "selfservice", *arguments],
        cwd=ROOT,
        env=clean | own | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help(tmp_path: Path) -> None:
    """Every command is listed with what it does."""
    done = loket(tmp_path, "--help")
    listed = {line.split()[0]: line.split()[1:] for line in done.stdout.partition("Commands:\n")[2].splitlines()}
    assert (0, COMMANDS, []) == (done.returncode, sorted(listed), [name for name, words in listed.items() if not words])
    options = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  -")]
    assert ["--version", "--env-file", "--help"] == options


def test_version(tmp_path: Path) -> None:
    """`loket --version` names the version that is installed, and needs no settings."""
    done = loket(tmp_path, "--version", LOKET_DEMO="", LOKET_ENV_FILE="/nowhere")
    assert (0, f"loket {version('loket')}\n") == (done.returncode, done.stdout)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"LOKET_DEMO": "", "LOKET_SECRET_KEY": SECRET.decode()},
            "loket: LOKET_BASE_URL is not set: ",
        ),
        ({"LOKET_DEMO": "", "LOKET_BASE_URL": "https://help.example.org"}, "loket: LOKET_SECRET_KEY is not set: "),
        ({"LOKET_BASE_URL": "nonsense"}, "loket: LOKET_BASE_URL must be an address without a path"),
        ({"LOKET_OUTPUTS": "x"}, "loket: LOKET_OUTPUTS is not a setting of Loket; did you mean LOKET_OUTPUT?"),
        ({"LOKET_CONTENT": "/nowhere"}, "loket: there is no /nowhere/site.toml; is LOKET_SITE or LOKET_CONTENT right?"),
        (
            {"LOKET_DATABASE": "/dev/null/loket.db"},
            "loket: /dev/null: File exists; is LOKET_DATABASE right, and may this account write there?",
        ),
        (
            {"LOKET_VAR": "/dev/null/var"},
            "loket: /dev/null/var: Not a directory; is LOKET_VAR right, and may this account write there?",
        ),
    ],
)
def test_wrong_settings(tmp_path: Path, settings: dict[str, str], line: str) -> None:
    """A setting that is missing or wrong is one line, and exit status 1."""
    done = loket(tmp_path, "migrate", **settings)
    assert (1, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines())), done.stderr
    assert done.stderr.startswith(line)


def test_port_is_taken(tmp_path: Path) -> None:
    """When the port is taken one line says so, before anything is built."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = loket(tmp_path, "serve", "--port", str(port))
    line = f"loket: port {port} on 127.0.0.1 cannot be used (Address already in use); choose another with PORT=\n"
    assert (1, line, False) == (done.returncode, done.stderr, (tmp_path / "output").exists())


REAL = {
    "LOKET_DEMO": "",
    "LOKET_BASE_URL": "https://help.example.org",
    "LOKET_SECRET_KEY": SECRET.decode(),
}


@pytest.mark.parametrize(
    ("words", "settings", "line"),
    [
        ((), REAL, "loket: LOKET_SMTP_URL is not set: without a mail server nobody gets a password link"),
        ((), {"LOKET_SMTP_URL": "mail.example.org"}, "loket: LOKET_SMTP_URL must be an address such as "),
        (("--port", "99999"), {}, "Error: Invalid value for '--port'"),
        (("--workers", "0"), {}, "Error: Invalid value for '--workers'"),
        ((), {"PORT": "abc"}, "loket: PORT must be a whole number from 1 to 65535, not 'abc'"),
        ((), {"LOKET_THREADS": "many"}, "loket: LOKET_THREADS must be a whole number from 1 to 256, not 'many'"),
    ],
)
def test_serve_cannot_begin(tmp_path: Path, words: tuple[str, ...], settings: dict[str, str], line: str) -> None:
    """What stands in the way is said before anything is built, in one line, and without a trace."""
    port = () if "--port" in words or "PORT" in settings else ("--port", "18099")
    done = loket(tmp_path, "serve", *port, *words, **settings)
    assert (True, False) == (done.returncode > 0, (tmp_path / "output").exists())
    assert [line] == [found[: len(line)] for found in done.stderr.splitlines() if found[: len(line)] == line]
    assert "Traceback" not in done.stderr


def test_port_is_in_the_address(tmp_path: Path) -> None:
    """A demonstration at another port says so in its address. Stopped at that moment it leaves no process behind."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"LOKET_DEMO": "1", "LOKET_VAR": str(tmp_path / "var"), "LOKET_OUTPUT": str(tmp_path / "output")}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_") and name != "PORT"}
    command = [sys.executable, "-m", "selfservice", "serve", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, cwd=ROOT, env=clean | own, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        shown = next(line for line in served.stdout if "Loket is open" in line)
        served.terminate()
        served.communicate(timeout=30)
    assert ([], []) == (processes(tmp_path, "worker"), processes(tmp_path, "serve"))
    assert f"  Loket is open:  http://127.0.0.1:{port}/\n" == shown


@pytest.mark.parametrize(
    "words",
    [
        ("letters", "posted", "9" * 30),
        ("codes", "revoke", "9" * 30, "--by", "Kim"),
        ("codes", "revoke", "0", "--by", "K"),
    ],
)
def test_no_such_number(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A number that no row can have is an error in the argument, not a crash."""
    done = loket(tmp_path, *words)
    assert (2, True) == (done.returncode, done.stderr.splitlines()[-1].startswith("Error: Invalid value for "))


@pytest.mark.parametrize(
    ("content", "advice"),
    [(b"", "`loket migrate` makes it"), (b"this is no database, only a file of that name" * 100, "it is damaged")],
)
def test_what_to_do_about_the_database(tmp_path: Path, content: bytes, advice: str) -> None:
    """What is wrong with the database decides what is advised: migrating mends no damage."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "loket.db").write_bytes(content)
    done = loket(tmp_path, "requests", "list")
    assert (1, 1, True) == (done.returncode, len(done.stderr.splitlines()), advice in done.stderr), done.stderr


def test_another_writes(tmp_path: Path) -> None:
    """While something else holds the database, the advice is to try again."""
    loket(tmp_path, "migrate")
    with Database(tmp_path / "var" / "loket.db").write():
        done = loket(tmp_path, "keys", "create", "--name", "shop")
    assert (1, True) == (done.returncode, done.stderr.endswith("something else is writing in it: try again\n"))


def test_backup_of_nothing(tmp_path: Path) -> None:
    """A database that is not there, as after a mistyped setting, gives no backup that looks like one."""
    done = loket(tmp_path, "backup", str(tmp_path / "copy.db"))
    line = f"loket: there is nothing in {tmp_path / 'var' / 'loket.db'}; is LOKET_DATABASE right? Nothing was written\n"
    assert (1, line, False) == (done.returncode, done.stderr, (tmp_path / "copy.db").exists())


def test_from_nothing(tmp_path: Path) -> None:
    """Migrate, fill, look, and again: the second time nothing changes, and the demonstration's code is the same."""
    first = [loket(tmp_path, name) for name in ("migrate", "demo", "health")]
    second = [loket(tmp_path, name) for name in ("migrate", "demo")]
    assert [0, 0, 1, 0, 0] == [one.returncode for one in first + second]
    assert "The database is up to date\n" == second[0].stderr
    assert ("Demo data added\n", "There is data already; nothing was added\n") == (first[1].stderr, second[1].stderr)
    code, email = accounts.DEMO_LOGIN
    assert (
        first[1].stdout
        == second[1].stdout
        == f"Access code {code}, e-mail address {email}, password {accounts.DEMO_PASSWORD}\n"
    )
    # All is there but a worker, which nobody has started.
    assert ["worker"] == json.loads(first[2].stdout)["wrong"]


def test_health_without_database(tmp_path: Path) -> None:
    """What is wrong is told, with exit status 1."""
    done = loket(tmp_path, "health")
    assert (1, False) == (done.returncode, json.loads(done.stdout)["ok"])


def test_demo_before_migrate(tmp_path: Path) -> None:
    """Without a migrated database one line says what to do."""
    done = loket(tmp_path, "demo")
    assert (1, 1, True) == (done.returncode, len(done.stderr.splitlines()), "`loket migrate`" in done.stderr)


def test_no_demo_data_in_a_real_site(tmp_path: Path) -> None:
    """A real site gets no invented people."""
    settings = {
        "LOKET_DEMO": "",
        "LOKET_BASE_URL": "https://help.example.org",
        "LOKET_SECRET_KEY": SECRET.decode(),
    }
    loket(tmp_path, "migrate", **settings)
    done = loket(tmp_path, "demo", **settings)
    assert (1, "loket: demo data only goes into a demonstration: set LOKET_DEMO=1\n") == (done.returncode, done.stderr)


def test_backup(tmp_path: Path, filled: Path) -> None:
    """A backup is a whole database, and never replaces a file."""
    (tmp_path / "var").mkdir()
    shutil.copy(filled, tmp_path / "var" / "loket.db")
    copy = tmp_path / "copy.db"
    first, before = loket(tmp_path, "backup", str(copy)), copy.read_bytes()
    again = loket(tmp_path, "backup", str(copy))
    after = copy.read_bytes()
    db = Database(copy)
    sound = [
        db.read().execute(statement).fetchone()[0]
        for statement in ("PRAGMA integrity_check", "SELECT count(*) FROM people")
    ]
    assert (0, ["ok", len(Database(filled).read().execute("SELECT id FROM people").fetchall())], before) == (
        first.returncode,
        sound,
        after,
    )
    db.close()
    assert (1, f"loket: {copy} exists already; nothing was written\n") == (again.returncode, again.stderr)


def test_backup_elsewhere(tmp_path: Path) -> None:
    """A place that cannot be written is one line."""
    done = loket(tmp_path, "backup", "/nowhere/copy.db")
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr


def test_backup_folder(tmp_path: Path, filled: Path) -> None:
    """In a folder the old ones go; it says in one line what is kept and what is gone."""
    (tmp_path / "var").mkdir()
    shutil.copy(filled, tmp_path / "var" / "loket.db")
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "loket-2020-02-01T0210.db").write_bytes(b"old")
    done = loket(tmp_path, "backup", "--dir", str(folder))
    (made,) = folder.iterdir()
    said = f"Backed up to {made} ({made.stat().st_size:,} bytes); kept 1 there, removed 1: loket-2020-02-01T0210.db\n"
    assert (0, said) == (done.returncode, done.stderr)


@pytest.mark.parametrize("words", [(), ("copy.db", "--dir", ".")])
def test_backup_to_what(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Neither file nor folder, or both, is a mistake."""
    done = loket(tmp_path, "backup", *words)
    assert (2, "Error: Name one: FILE, or --dir DIR.") == (done.returncode, done.stderr.splitlines()[-1])


def test_backup_folder_missing(tmp_path: Path, filled: Path) -> None:
    """A folder that is not there is one line."""
    (tmp_path / "var").mkdir()
    shutil.copy(filled, tmp_path / "var" / "loket.db")
    done = loket(tmp_path, "backup", "--dir", str(tmp_path / "nowhere"))
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr


def content(folder: Path) -> Path:
    """A copy of the content to spoil."""
    return Path(shutil.copytree(ROOT / "content", folder / "content"))


def test_build(tmp_path: Path) -> None:
    """A build says how many pages it made, and where."""
    done = loket(tmp_path, "build", "--no-compress")
    assert (0, True) == (done.returncode, (tmp_path / "output" / "current" / "site" / "en" / "index.html").exists()), (
        done.stderr
    )
    assert done.stderr.splitlines()[-1].startswith("Built ")


def test_the_front_can_read_it(tmp_path: Path) -> None:
    """All of the built site can be read by others, whatever the account's umask, as the units set it."""
    before = os.umask(0o077)
    try:
        done = loket(tmp_path, "build")
    finally:
        os.umask(before)
    # What begins with a dot is for the next build.
    found = (path for path in (tmp_path / "output").rglob("*") if not path.name.startswith("."))
    made = [tmp_path / "output", *found]
    assert 0 == done.returncode, done.stderr
    assert [] == [path for path in made if path.stat().st_mode & 0o777 != (0o755 if path.is_dir() else 0o644)]


def test_who_reads_what(tmp_path: Path) -> None:
    """What is being edited is read by the editors' commands only; all others, and what they start, read what was
    published. A preview reads what is edited, and publishes nothing.
    """
    folder = content(tmp_path)
    loket(tmp_path, "build", "--no-compress", LOKET_CONTENT=str(folder))
    current = (tmp_path / "output" / "current").readlink()
    (folder / "site.toml").write_text('name = "half', "utf-8")
    done = {word: loket(tmp_path, word, LOKET_CONTENT=str(folder)) for word in ("check", "trees", "front", "demo")}
    previewed = loket(tmp_path, "demo", LOKET_CONTENT=str(folder), LOKET_PREVIEW="1")
    mistake = "content/site.toml:1: "
    told = {word: each.stderr.startswith(mistake) for word, each in done.items()}
    assert {"check": True, "trees": True, "front": False, "demo": False} == told, done
    assert (True, current) == (previewed.stderr.startswith(mistake), (tmp_path / "output" / "current").readlink())


def test_build_stops(tmp_path: Path) -> None:
    """A page that cannot be built is named with its line; the site is not made; exit status 1."""
    folder = content(tmp_path)
    with (folder / "en" / "digid.md").open("a", encoding="utf-8") as file:
        file.write("\n[a](zzz.md)\n")
    lines = (folder / "en" / "digid.md").read_text("utf-8").count("\n")
    done = loket(tmp_path, "build", LOKET_CONTENT=str(folder))
    told = [line for line in done.stderr.splitlines() if not line.startswith("  ")]
    assert (1, []) == (done.returncode, list((tmp_path / "output").iterdir()))
    assert [
        f"content/en/digid.md:{lines}: the link to 'zzz.md' leads nowhere (docs/editing.md#links)",
        "loket: nothing was published: 1 thing to mend, named above; what was served still is",
    ] == told


def test_check(tmp_path: Path) -> None:
    """Problems of the content are printed one a line, errors make exit status 1, warnings alone do not."""
    folder = content(tmp_path)
    page = folder / "en" / "digid.md"
    text = page.read_text("utf-8")
    page.write_text(text + "\nCall 088 585 15 85.\n", "utf-8")
    warned = loket(tmp_path, "check", LOKET_CONTENT=str(folder))
    page.write_text(text + "\n![](/x.png)\n", "utf-8")
    failed = loket(tmp_path, "check", LOKET_CONTENT=str(folder))
    line = f"content/en/digid.md:{text.count(chr(10)) + 2}: "
    assert [(0, f"{line}warning: '088 585 15 85' looks"), (1, f"{line}the image has no description")] == [
        (done.returncode, "".join(one for one in done.stdout.splitlines() if one.startswith(line))[: len(line) + size])
        for done, size in ((warned, 30), (failed, 28))
    ], (warned, failed)
    assert "Traceback" not in warned.stderr + failed.stderr


def test_malformed_facts(tmp_path: Path) -> None:
    """A facts file that cannot be read is one line with its place."""
    folder = content(tmp_path)
    (folder / "facts.toml").write_text('[a.b]\nkind = "colour"\nvalue = 1\nsource = "s"\n', "utf-8")
    done = loket(tmp_path, "check", LOKET_CONTENT=str(folder))
    assert (1, True, 1) == (
        done.returncode,
        done.stderr.startswith("content/facts.toml:1: 'colour' is not a kind of fact"),
        len(done.stderr.splitlines()),
    )


def test_worker_needs_a_mail_server(tmp_path: Path) -> None:
    """A real site's worker without a mail server says so in one line."""
    settings = {
        "LOKET_DEMO": "",
        "LOKET_BASE_URL": "https://help.example.org",
        "LOKET_SECRET_KEY": SECRET.decode(),
    }
    done = loket(tmp_path, "worker", **settings)
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert done.stderr.startswith("loket: LOKET_SMTP_URL is not set")


def test_worker_sends_and_stops(client: HouseClient, config: Config) -> None:
    """The worker sends what waits, and ends when it is asked to."""
    location(PasswordForm(client).ask())
    own = {"LOKET_DEMO": "1", "LOKET_DATABASE": str(config.database), "LOKET_SECRET_KEY": config.secret.decode()}
    own["LOKET_VAR"] = str(config.database.parent)
    command = [sys.executable, "-m", "selfservice", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        # It says so when it has sent one; until then it may still be starting.
        line = json.loads(process.stderr.readline())
        process.terminate()
        assert (0, "mail", "sent") == (process.wait(30), line["what"], line["state"])
    assert 1 == len(list((config.database.parent / "mailbox").glob("*.eml")))

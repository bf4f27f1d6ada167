"""`loket doctor`: a line for each thing that must be right; what is wrong says what to do."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from selfservice import clock, doctor, health, workdays
from selfservice.config import ROOT, Config
from selfservice.db import Database
from selfservice.doctor import examine
from selfservice.heartbeats import BACKUP, WORKER, beat
from selfservice.orders import api_keys
from tests.conftest import SECRET, new_app
from tests.domain_helpers import SmtpServer

NAMES = [
    *("settings", "database", "migrations", "secret", "clock", "disk", "mail", "worker", "renewal", "backup"),
    *("security.txt", "keys", "files"),
]


@pytest.fixture
def post() -> Iterator[SmtpServer]:
    """A mail server."""
    with SmtpServer() as server:
        yield server


@pytest.fixture
def real(config: Config, post: SmtpServer) -> Config:
    """A real site with which all is well."""
    file = config.site / ".well-known" / "security.txt"
    file.parent.mkdir(parents=True)
    file.write_text(f"Contact: x\nExpires: {clock.now() + dt.timedelta(days=300):%Y-%m-%dT00:00:00Z}\n", "utf-8")
    with closing(Database(config.database)) as db:
        for name in (WORKER, BACKUP):
            beat(db, name, clock.now())
    config.database.parent.chmod(0o700)
    config.database.chmod(0o600)
    return dataclasses.replace(
        config, demo=False, base_url="https://help.example.org", proxies=1, smtp_url=f"smtp://127.0.0.1:{post.port}"
    )


def wrong(config: Config, recipient: str | None = None) -> dict[str, str]:
    """What is wrong, by name."""
    app = new_app(config)
    with app.app_context(), closing(app.extensions["services"].db):
        found = list(examine(app.extensions["services"], recipient))
    assert NAMES == [each.name for each in found]
    assert [] == [each for each in found if "\n" in each.problem + each.detail or not each.problem + each.detail]
    return {each.name: each.problem for each in found if each.problem}


def test_well(real: Config, post: SmtpServer) -> None:
    """When all is well nothing is wrong, and no mail was sent."""
    assert ({}, []) == (wrong(real), post.messages)


def change(config: Config, statement: str) -> None:
    with closing(Database(config.database)) as db, db.write() as conn:
        conn.execute(statement)


def earlier(config: Config, name: str, **time: int) -> None:
    with closing(Database(config.database)) as db:
        beat(db, name, clock.now() - dt.timedelta(**time))


def key_ends(config: Config, days: int) -> None:
    with closing(Database(config.database)) as db, db.write() as conn:
        last_day = workdays.today(clock.now()) + dt.timedelta(days=days)
        api_keys.create(conn, "The shop", "orders:write", clock.now(), until=last_day)


def expires(config: Config, days: int) -> None:
    day = clock.now() + dt.timedelta(days=days)
    (config.site / ".well-known" / "security.txt").write_text(f"Expires: {day:%Y-%m-%dT00:00:00Z}\n", "utf-8")


def damage(config: Config) -> None:
    with config.database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 3)


FORGET = "DELETE FROM"
CASES: list[tuple[str, Callable[[Config], object], str]] = [
    ("database", damage, "`loket restore` a copy"),
    (
        "migrations",
        lambda c: change(c, "DELETE FROM _sqlite_migrations WHERE name = 'create_events'"),
        "`loket migrate`",
    ),
    ("clock", lambda c: earlier(c, WORKER, days=-3), "it is 3 days behind what the database has seen"),
    ("worker", lambda c: change(c, f"{FORGET} heartbeats WHERE name = 'worker'"), "it never ran here: start"),
    ("worker", lambda c: earlier(c, WORKER, minutes=10), "not heard of for 10 minutes"),
    (
        "backup",
        lambda c: change(c, "DELETE FROM heartbeats WHERE name = 'backup'"),
        "none was ever made: `loket backup",
    ),
    ("backup", lambda c: earlier(c, BACKUP, hours=30), "the last one was made 30 hours ago"),
    ("security.txt", lambda c: expires(c, 20), "it expires on "),
    ("keys", lambda c: key_ends(c, 30), "(The shop) on "),
    ("security.txt", lambda c: (c.site / ".well-known" / "security.txt").unlink(), "run `loket build`"),
    ("files", lambda c: c.database.chmod(0o644), "chmod 600 "),
    ("files", lambda c: c.database.parent.chmod(0o755), "chmod 700 "),
]


@pytest.mark.parametrize(("name", "spoil", "said"), CASES)
def test_one_thing_is_wrong(real: Config, name: str, spoil: Callable[[Config], object], said: str) -> None:
    """What is wrong is said in its line, with what to do; the other lines are there all the same."""
    spoil(real)
    found = wrong(real)
    assert (True, True) == (said in found[name], len(found) == 1 or name in ("database", "clock")), found


def test_files_with_settings(real: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that settings or secrets come from are private too."""
    for name in ("LOKET_ENV_FILE", "LOKET_MONITOR_KEY_FILE"):
        file = tmp_path / name
        file.touch()
        file.chmod(0o640)
        monkeypatch.setenv(name, str(file))
    assert {} == wrong(real)
    file.chmod(0o644)
    assert {"files": f"others on this machine may read what is private: chmod o= {file}"} == wrong(real)


def test_settings(real: Config) -> None:
    """A real site without a proxy would take all visitors for one."""
    assert "LOKET_PROXIES is 0" in wrong(dataclasses.replace(real, proxies=0))["settings"]


def test_another_secret(real: Config) -> None:
    """A secret that the codes were not made with."""
    found = wrong(dataclasses.replace(real, secret=b"another secret of the tests, long"))
    assert ["secret"] == list(found)


def test_disk(real: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is nearly full."""
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 1 << 62)
    assert "make room" in wrong(real)["disk"]
    assert health.MIN_FREE_BYTES < 1 << 62


@pytest.mark.parametrize(("answer", "sent"), [("550 no such user", 0), ("450 mailbox busy", 0)])
def test_mail_is_refused(real: Config, post: SmtpServer, answer: str, sent: int) -> None:
    """A mail server that does not take the recipient is told with what it said."""
    post.recipient_answers.append(answer)
    assert f"no mail to staff@example.org: {answer}; look at LOKET_SMTP_URL" in wrong(real, "staff@example.org")["mail"]
    assert sent == len(post.messages)


def test_nobody_takes_mail(real: Config) -> None:
    """Nor one that is not there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"smtp://127.0.0.1:{taken.getsockname()[1]}"
        found = wrong(dataclasses.replace(real, smtp_url=address))
    assert "ConnectionRefusedError" in found["mail"]
    assert "LOKET_SMTP_URL is not set" in wrong(dataclasses.replace(real, smtp_url=None))["mail"]


def run(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`loket doctor` with these settings alone."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    return subprocess.run(
        [sys.executable, "-m", "selfservice", "doctor"],
        cwd=ROOT,
        env=clean | {"LOKET_VAR": str(folder)} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("real_clock")
def test_command(real: Config) -> None:
    """Exit status 0 when all lines are ok, 1 when one is not; settings that are missing are a line too."""
    settings = {
        "LOKET_BASE_URL": real.base_url,
        "LOKET_SECRET_KEY": SECRET.decode(),
        "LOKET_DATABASE": str(real.database),
        "LOKET_OUTPUT": str(real.output),
        "LOKET_SMTP_URL": str(real.smtp_url),
    }
    folder = real.database.parent
    well, ill = run(folder, LOKET_PROXIES="1", **settings), run(folder, **settings)
    none = run(folder)
    lines = [line.split()[:2] for line in well.stdout.splitlines()]
    assert (0, [[name, "ok"] for name in NAMES]) == (well.returncode, lines), well.stdout
    assert (1, True) == (ill.returncode, ill.stdout.startswith("settings      WRONG  LOKET_PROXIES is 0, "))
    said = none.stdout.splitlines()
    wanted = [f"settings      WRONG  {name} is not set" for name in ("LOKET_BASE_URL", "LOKET_SECRET_KEY")]
    assert (1, wanted) == (none.returncode, [line.partition(":")[0] for line in said])

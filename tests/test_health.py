"""/health: 200 when all is well, 503 when not; what is wrong is for the operator alone. And /live."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlite_utils
from flask import Flask
from sqlite_utils import Migrations

from selfservice import clock, health, heartbeats
from selfservice.builds import Builds, Notes
from selfservice.commands import cli
from selfservice.config import Config
from selfservice.db import Database
from selfservice.mail.transport import TemporaryMailError
from selfservice.migrations import MIGRATIONS, migrate
from tests.access_code_helpers import AccessCodeForm
from tests.clients import HouseClient
from tests.conftest import new_app
from tests.domain_helpers import CONTENT, run_processes
from tests.live_server import processes, running, wait_until
from tests.password_form_helpers import EMAIL, AppInside, PasswordForm, location
from tests.sign_in_helpers import prepare, sign_in
from tests.test_supervisor import health as ask

KEY = "a key for monitoring, long enough"


# What /health says is of a site whose worker is there.
pytestmark = pytest.mark.usefixtures("worker")


def test_well(client: HouseClient) -> None:
    """All is well: version, database, migrations and outbox are there."""
    answer = client.get("/health")
    report = answer.get_json()
    assert (200, True, "up to date") == (answer.status_code, report["ok"], report["migrations"])
    expected = {"ok", "wrong", "version", "database", "migrations", "worker", "outbox", "backup", "build", "disk"}
    assert (expected, []) == (set(report), report["wrong"])
    assert report["database"].startswith("SQLite 3.")


def test_migrations_wait(app: Flask, client: HouseClient) -> None:
    """A database that is behind the program is said so."""
    app.extensions["services"].db.path.unlink()
    Database(app.extensions["services"].db.path)
    answer = client.get("/health")
    assert (503, False) == (answer.status_code, answer.get_json()["ok"])


def test_one_migration_waits(app: Flask, client: HouseClient) -> None:
    """One step that was not taken is enough."""
    AppInside(app).change("DELETE FROM _sqlite_migrations WHERE name = 'create_events'")
    answer = client.get("/health")
    assert (503, "1 waiting") == (answer.status_code, answer.get_json()["migrations"])


def test_a_newer_version_migrated(app: Flask, client: HouseClient) -> None:
    """What a newer version's migrations add leaves this one well: it reads and writes, and its report says that they
    are there. `loket migrate` says so too, and does nothing.
    """
    newer = Migrations("newer")

    @newer()
    def add(db: sqlite_utils.Database) -> None:
        db.executescript("""
            CREATE TABLE later (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES people (id)) STRICT;
            CREATE INDEX later_person ON later (person_id);
            ALTER TABLE people ADD COLUMN later TEXT NOT NULL DEFAULT '';
            ALTER TABLE requests ADD COLUMN later TEXT;
            ALTER TABLE outbox ADD COLUMN later INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE sessions ADD COLUMN later TEXT;
        """)

    prepare(app)
    wired = app.extensions["services"]
    migrate(wired.db, wired.keys, (*MIGRATIONS, newer))
    form = AccessCodeForm(client)
    form.fill_in()
    assert ("done", 303) == (form.goes("check"), sign_in(client).status_code)
    report = client.get("/health").get_json()
    said = "1 of a newer version, beside which this one goes on"
    assert (True, said) == (report["ok"], report["migrations"])
    done = app.test_cli_runner().invoke(cli.commands["migrate"], [])
    assert (0, "The database has 1 migrations of a newer version of Loket; this one goes on with it\n") == (
        done.exit_code, done.stderr
    )  # fmt: skip


def test_no_database(app: Flask, client: HouseClient) -> None:
    """A database that cannot be used is said so, without a crash."""
    path = app.extensions["services"].db.path
    path.write_bytes(b"this is no database, only a file of that name" * 100)
    answer = client.get("/health")
    assert (503, "cannot be used: DatabaseError") == (answer.status_code, answer.get_json()["database"])


def test_mail_waits(app: Flask, client: HouseClient) -> None:
    """Mail that does not get out is said so, without whose it is."""
    location(PasswordForm(client).ask())
    soon = client.get("/health")
    before = clock.to_text(clock.now() - dt.timedelta(hours=1))
    AppInside(app).change(f"UPDATE outbox SET created_at = '{before}', next_at = '{before}'")
    late = client.get("/health")
    assert [(200, 1), (503, 1)] == [(one.status_code, one.get_json()["outbox"]["waiting"]) for one in (soon, late)]
    assert EMAIL not in late.text


def test_mail_server_down(app: Flask, client: HouseClient) -> None:
    """When the mail server is down the visitor's answer is the same, the mail waits, and the reason is told."""

    class Down:
        def send(self, message: object) -> None:
            raise TemporaryMailError("the mail server could not be used: ConnectionRefusedError")

    from selfservice import mailer
    from selfservice.mail.delivery import send_next

    location(PasswordForm(client).ask())
    worker = mailer.mail_worker(app.extensions["services"], Down())
    send_next(worker.db, worker.render, worker.transport, worker.now)
    outbox = client.get("/health").get_json()["outbox"]
    assert (1, "the mail server could not be used: ConnectionRefusedError") == (outbox["waiting"], outbox["last_error"])


@pytest.mark.parametrize(("minutes", "status"), [(-60, 503), (-1, 200), (60, 200)])
def test_renewal(config: Config, client: HouseClient, minutes: int, status: int) -> None:
    """A site that should have been built anew by itself, and was not, is not well."""
    builds, due = Builds(config.output), clock.now() + dt.timedelta(minutes=minutes)
    with builds.lock():
        builds.switch(builds.finish(builds.start(), clock.now(), Notes(next_change=due.isoformat())))
    answer = client.get("/health")
    assert (status, status == 503) == (answer.status_code, "renewal" in answer.get_json()["wrong"])


def test_build(config: Config) -> None:
    """Which build is served stands there, and that it is well; not so a process that stays at a former one."""
    builds = Builds(config.output)
    former, current = (config.output / name for name in ("1", "2"))
    for build in (former, current):
        build.mkdir(parents=True)
    builds.switch(current)
    assert (200, {"served": "2", "current": "2"}) == build_of(config.at(current))
    assert (200, {"served": "1", "current": "2"}) == build_of(config.at(former))
    os.utime(config.output / "current", (0, 0), follow_symlinks=False)
    assert (503, {"served": "1", "current": "2"}) == build_of(config.at(former))
    assert (200, {"served": "2", "current": "2"}) == build_of(config.at(current))


def build_of(config: Config) -> tuple[int, dict[str, str]]:
    """The status of /health, and what it says of the build, of an app with these settings."""
    app = new_app(dataclasses.replace(config, content=CONTENT))
    answer = app.test_client().get("/health")
    app.extensions["services"].db.close()
    assert (answer.status_code == 503) == ("build" in answer.get_json()["wrong"])
    return answer.status_code, answer.get_json()["build"]


@pytest.fixture
def real(config: Config) -> Iterator[Flask]:
    """A real site, which has a key for its monitoring."""
    made = new_app(
        dataclasses.replace(config, demo=False, base_url="https://help.example.org", monitor_key=KEY.encode())
    )
    yield made
    made.extensions["services"].db.close()


@pytest.mark.parametrize(
    "sent", ["", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", f"Basic {KEY}", "Bearer", "Bearer é", KEY]
)
def test_outside(real: Flask, sent: str) -> None:
    """Who has no key learns whether all is well, and nothing else."""
    client = real.test_client()
    headers = {"Authorization": sent} if sent else {}
    well = client.get("/health", headers=headers)
    AppInside(real).change("DELETE FROM heartbeats WHERE name = 'worker'")
    ill = client.get("/health", headers=headers)
    assert [(200, {"ok": True}), (503, {"ok": False})] == [(one.status_code, one.get_json()) for one in (well, ill)]


def test_with_the_key(real: Flask) -> None:
    """Who has it sees all of it, also on the machine itself, by its own name."""
    headers = {"Authorization": f"Bearer {KEY}", "Host": "127.0.0.1:8000"}
    answer = real.test_client().get("/health", headers=headers)
    assert (200, "up to date") == (answer.status_code, answer.get_json()["migrations"])


def test_no_key_is_set(config: Config) -> None:
    """Where no key is set none fits, the empty one neither."""
    client = new_app(dataclasses.replace(config, demo=False, base_url="https://help.example.org")).test_client()
    for sent in ("Bearer ", "Bearer", "Bearer None"):
        assert {"ok": True} == client.get("/health", headers={"Authorization": sent}).get_json()


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (24, 200), (26, 503), (3600, 503), (-20, 200), (-3600, 503)])
def test_worker_is_dead(app: Flask, client: HouseClient, seconds: int, status: int) -> None:
    """A worker that was not heard of for over 25 seconds is not well, though no mail waits; nor one in the future,
    after the clock was set back.
    """
    heartbeats.beat(app.extensions["services"].db, heartbeats.WORKER, clock.now() - dt.timedelta(seconds=seconds))
    answer = client.get("/health")
    assert (status, ["worker"] if status == 503 else []) == (answer.status_code, answer.get_json()["wrong"])


def test_no_worker_yet(app: Flask, client: HouseClient) -> None:
    """Nor is a site that never had one."""
    AppInside(app).change("DELETE FROM heartbeats")
    answer = client.get("/health")
    assert (503, ["worker"], None) == (
        answer.status_code,
        answer.get_json()["wrong"],
        answer.get_json()["worker"]["seen_seconds_ago"],
    )


def test_disk_is_nearly_full(client: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """When there is little room left it says so, while things still work."""
    monkeypatch.setattr(health, "MIN_FREE_BYTES", 1 << 62)
    answer = client.get("/health")
    assert (503, ["disk"]) == (answer.status_code, answer.get_json()["wrong"])


@pytest.mark.slow
def test_cannot_be_written(tmp_path: Path) -> None:
    """A running server that can write no byte more, as on a full disk, is not well; then it is again."""
    with running(tmp_path, None) as base:
        wait_until(lambda: ask(base)["ok"])
        for process in processes(tmp_path, "serve"):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        wait_until(lambda: "database" in ask(base)["wrong"])
        told = ask(base)["database"]
        for process in processes(tmp_path, "serve"):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_until(lambda: ask(base)["ok"])
    assert told.startswith("cannot be written: ")


def ask_often(path: Path, moment: str) -> int:
    """Ask 50 times whether it can be written; how often it was really tried."""
    db, test, tried = Database(path), health.WriteProbe(), list[str]()
    db.read().set_trace_callback(tried.append)
    for _ in range(50):
        assert test.error(db, clock.from_text(moment)) == ""
    db.close()
    return sum(each.startswith("INSERT") for each in tried)


@pytest.mark.slow
def test_one_write_for_all(config: Config) -> None:
    """However many ask, in however many processes, it is written once in five seconds."""
    now = clock.now()
    for moment in (now, now + dt.timedelta(seconds=6)):
        # Of four that look in the same instant each may find that nobody has.
        assert 1 <= sum(run_processes(ask_often, [(config.database, clock.to_text(moment))] * 4)) <= 4
    assert 0 == ask_often(config.database, clock.to_text(now + dt.timedelta(seconds=7)))


def test_failed_writes_are_not_repeated(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is what fails tried more often, by one process."""
    db, test, tried = Database(config.database), health.WriteProbe(), list[str]()
    db.read().execute("PRAGMA query_only = ON")
    db.read().set_trace_callback(tried.append)
    errors = {test.error(db, clock.now()) for _ in range(50)}
    begun = sum(each.startswith("BEGIN") for each in tried)
    monkeypatch.setattr(health, "WRITE_EVERY_SECONDS", 0)
    db.read().execute("PRAGMA query_only = OFF")
    assert ({"DatabaseBusyError"}, 1, "") == (errors, begun, test.error(db, clock.now()))
    db.close()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "10.0.0.7", "balancer.internal"])
def test_live(config: Config, host: str) -> None:
    """/live answers by any name, without the database, with the headers that all answers have."""
    real = new_app(dataclasses.replace(config, demo=False, base_url="https://help.example.org"))
    config.database.unlink()
    answer = real.test_client().get("/live", headers={"Host": host})
    assert (200, "ok\n", False) == (answer.status_code, answer.text, config.database.exists())

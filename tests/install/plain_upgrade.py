"""From 0.1.0 to this version and back, behind the front, while visitors and a shop use the site: as docs/upgrade.md has
it, with plain processes. `make install-test` runs it after the same with real units; no part of `make test`.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from selfservice.config import ROOT
from selfservice.db import Database
from selfservice.demo import accounts
from tests import caddy
from tests.conftest import SECRET
from tests.install.upgrade import COMMIT, FORMER, ORDER, PEOPLE
from tests.live_server import START_SECONDS, MailServer, ask, free_port, wait_until
from tests.upgrade_load import Browser, Load

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("real_clock")]

BEGUN = 4  # forms half filled in
CALM_SECONDS = 2
NEEDED_FACTS = (
    "mail.give_up_hours", "mail.keep_days", "message.keep_days", "letter.keep_days", "access_code.revoked_keep_days",
    "account.undo_hours", "register.closed_keep_days", "api_key.keep_days", "mandate.keep_days",
)  # fmt: skip


@dataclass(frozen=True)
class Version:
    """A version's program, on the data of one folder."""

    program: Path
    folder: Path
    settings: dict[str, str]

    def environ(self) -> dict[str, str]:
        """This program, these settings, and none of who runs the tests."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
        return others | {"PYTHONPATH": str(self.program), "PYTHONDONTWRITEBYTECODE": "1"} | self.settings

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A command in a process of its own."""
        command = [sys.executable, "-m", "selfservice", *words]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, env=self.environ(), stdout=log, stderr=log)

    def run(self, *words: str) -> str:
        """What a command prints."""
        command = [sys.executable, "-m", "selfservice", *words]
        done = subprocess.run(command, cwd=self.folder, env=self.environ(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def serving(self, port: int) -> Iterator[None]:
        """Server and worker, until they are told to stop; what the server had begun is finished."""
        server, worker = self.start("serve", "--no-worker", "--workers", "1", "--port", str(port)), self.start("worker")

        def answers() -> bool:
            assert server.poll() is None, (self.folder / "log").read_text("utf-8", "replace")[-2000:]
            try:
                return ask(port, "/live").status == 200
            except OSError:
                return False

        try:
            wait_until(answers, START_SECONDS)
            yield
        finally:
            for process in (server, worker):
                process.terminate()
            for process in (server, worker):
                process.wait(START_SECONDS)


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of 0.1.0."""
    archive = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"the history with {FORMER} is not here")
    folder = tmp_path_factory.mktemp(FORMER)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    # It knows its version from what is installed.
    about = folder / f"loket-{FORMER}.dist-info" / "METADATA"
    about.parent.mkdir()
    about.write_text(f"Metadata-Version: 2.1\nName: loket\nVersion: {FORMER}\n", "utf-8")
    return folder


def with_needed_facts(content: Path, copy: Path) -> Path:
    """The same pages, with the facts that a site needs from this version on (docs/upgrade.md)."""
    shutil.copytree(content, copy)
    known = tomllib.loads((copy / "facts.toml").read_text("utf-8"))
    here = (ROOT / "content" / "facts.toml").read_text("utf-8")
    with (copy / "facts.toml").open("a", encoding="utf-8") as file:
        for name in NEEDED_FACTS:
            group, _, key = name.partition(".")
            if key not in known.get(group, {}):
                section = re.search(rf"^\[{re.escape(name)}\]\n(?:.+\n)+", here, re.MULTILINE)
                assert section, name
                file.write(f"\n{section[0]}")
    return copy


def test_nothing_is_dropped(former: Path, tmp_path: Path) -> None:
    """No request fails; forms begun before are finished after, by either version, links mailed before open, and who is
    logged in stays so; each request, order and mail is there once; what 0.1.0 writes in the migrated database stays.
    """
    try:
        caddy.find()
    except caddy.NoCaddyError as error:
        pytest.skip(str(error))
    with MailServer() as mail, ExitStack() as stack:
        port, app = free_port(), free_port()
        settings = {
            "LOKET_DEMO": "1", "LOKET_PROXIES": "1", "LOKET_BASE_URL": f"http://127.0.0.1:{port}",
            "LOKET_SECRET_KEY": SECRET.decode(), "LOKET_SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
            "LOKET_OUTPUT": str(tmp_path / "output"), "LOKET_DATABASE": str(tmp_path / "loket.db"),
            "LOKET_SITE": str(tmp_path),
        }  # fmt: skip
        before, after = former / "content", with_needed_facts(former / "content", tmp_path / "content")
        old, new = (
            Version(program, tmp_path, settings | {"LOKET_CONTENT": str(content)})
            for program, content in ((former, before), (ROOT, after))
        )
        old.run("catalogs")
        old.run("migrate")
        old.run("demo")
        key = old.run("keys", "create", "--name", "shop").split()[-1]
        front, orders = tmp_path / "Caddyfile", tmp_path / "orders.csv"
        front.write_text(old.run("front", "--app", f"127.0.0.1:{app}"), "utf-8")
        orders.write_text(f"number,{','.join(ORDER)}\nFILE-1,{','.join(map(str, ORDER.values()))}\n", "utf-8")
        stack.enter_context(caddy.serving(front, tmp_path / "caddy.log"))
        people = [(accounts.code(number), accounts.DEMO_PASSWORD) for number in PEOPLE]
        load = Load(settings["LOKET_BASE_URL"], people, key, ORDER)
        begun: list[Browser] = []
        staying, sent = load.browser(), list(mail.messages)
        for version, following in ((old, new), (new, old), (old, new), (new, None)):
            with version.serving(app):
                if not begun:
                    load.start()
                    stack.callback(load.stop)
                for browser in begun:
                    load.attempt(load.finish_request, browser)
                if begun:
                    load.attempt(load.download, staying)
                    load.attempt(load.open_link, sent)
                begun = [load.begin_request() for _ in range(BEGUN)]
                time.sleep(CALM_SECONDS)
                staying, sent = load.begin_session(), list(mail.messages)
                if following:
                    new.run("migrate")
                    old.run("orders", "import", str(orders))
                    following.run("build")
                    time.sleep(CALM_SECONDS)
                else:
                    load.stop()
                    assert ([], []) == (load.failures, load.differences(tmp_path / "loket.db", mail.messages))
        with closing(Database(tmp_path / "loket.db")) as db:
            assert 1 == db.read().execute("SELECT count(*) FROM orders WHERE number = 'FILE-1'").fetchone()[0]

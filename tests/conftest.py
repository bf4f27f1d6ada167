"""What all tests share: settings, an app on a database of its own, a client that holds the house rules, the site."""

from __future__ import annotations

import copy
import dataclasses
import functools
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import settings

from selfservice import clock
from selfservice.app import connect, create_app, wire
from selfservice.commands.catalogs import compile_stale
from selfservice.config import ROOT, Config
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.facts.fact import Fact
from selfservice.heartbeats import WORKER, beat
from selfservice.i18n.languages import LANGUAGES
from selfservice.migrations import migrate
from selfservice.publish.build import build
from selfservice.static_files import MOVED_SUFFIX
from selfservice.web.pages import PageInfo
from selfservice.web.services import Services
from tests.clients import HouseClient
from tests.domain_helpers import CONTENT, CONTEXT

# Fixtures of the browser tests.
pytest_plugins = ["tests.live_server", "tests.visitors"]

# The same examples each time, so that a change fails for what it changed; `make explore` looks for new ones.
settings.register_profile("steady", derandomize=True)
settings.register_profile("explore", max_examples=500)
settings.load_profile("steady")

_real_now = clock.now
SECRET = b"a secret of the tests, long enough"


def new_config(folder: Path) -> Config:
    """Settings of a demonstration with everything it writes in one folder."""
    return Config(
        root=ROOT,
        cache=ROOT / ".cache",
        content=CONTENT,
        output=folder / "output",
        database=folder / "loket.db",
        base_url="http://127.0.0.1:8000",
        secret=SECRET,
        demo=True,
        smtp_url=None,
        sender="noreply@loket.example",
        proxies=0,
    )


@functools.cache
def _wired(config: Config) -> tuple[Flask, list[Fact]]:
    """An app that gets no database, and its facts as they are, to see whether a test changed them."""
    app = wire(config)
    return app, copy.deepcopy(list(app.extensions["layout"].facts))


def new_app(config: Config, statements: list[str] | None = None) -> Flask:
    """An app whose client holds the house rules; `statements` gets every SQL statement that it runs.

    It shares routes, templates, facts and pages with all apps of the same settings and content, since making these
    takes longer than most tests. Database, keys and locks are its own. A test that changes what is shared, or asks
    which facts are used, takes `new_app_unshared`.
    """
    if config.content == CONTENT:
        # Where it writes is no part of what is shared.
        shared, facts = _wired(dataclasses.replace(config, output=Path("/nowhere"), database=Path("/nowhere")))
        assert facts == list(shared.extensions["layout"].facts), "a test before this one changed them for good"
        app = copy.copy(shared)
        app.extensions, app.config = dict(shared.extensions), copy.copy(shared.config)
        connect(app, config)
        return _watched(app, config, statements)
    return new_app_unshared(config, statements)


def new_app_unshared(config: Config, statements: list[str] | None = None) -> Flask:
    """The same, but all its own."""
    return _watched(create_app(config), config, statements)


def _watched(app: Flask, config: Config, statements: list[str] | None) -> Flask:
    app.test_client_class = HouseClient
    if statements is not None:
        wired: Services = app.extensions["services"]
        watched = Database(config.database, on_statement=statements.append)
        app.extensions["services"] = dataclasses.replace(wired, db=watched)
    return app


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs a browser, by its fixtures."""
    if "chromium" in getattr(item, "fixturenames", ()):
        item.add_marker("browser")


@pytest.fixture(autouse=True)
def frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still: no test depends on the second it runs in. A test moves it by setting `clock.now`."""
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture
def real_clock(frozen_clock: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes on: for tests with another process or the times of files, which have a clock of their own."""
    monkeypatch.setattr(clock, "now", _real_now)


@pytest.fixture(scope="session", autouse=True)
def catalogs() -> None:
    """The translations as they are now."""
    compile_stale()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with the demonstration's data, to copy."""
    db = Database(tmp_path_factory.mktemp("filled") / "loket.db")
    migrate(db, Keys(SECRET))
    accounts.fill(db, CONTEXT)
    db.read().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return db.path


@pytest.fixture
def config(tmp_path: Path, filled: Path) -> Config:
    """Settings of a demonstration of this test's own, its database filled."""
    shutil.copy(filled, tmp_path / "loket.db")
    return new_config(tmp_path)


@pytest.fixture
def worker(config: Config) -> None:
    """A mail worker was at work on this test's database just now, so that /health is well."""
    db = Database(config.database)
    beat(db, WORKER, clock.now())
    db.close()


@pytest.fixture
def statements() -> list[str]:
    """Every SQL statement that `app` runs, in order."""
    return []


@pytest.fixture
def app(config: Config, statements: list[str]) -> Iterator[Flask]:
    """The app of this test's demonstration."""
    made = new_app(config, statements)
    yield made
    made.extensions["services"].db.close()


@pytest.fixture
def client(app: Flask) -> HouseClient:
    """A visitor's browser, without scripts."""
    made = app.test_client()
    assert isinstance(made, HouseClient)
    return made


@dataclass(frozen=True)
class Site:
    """The site as built, and the app behind it."""

    config: Config
    app: Flask

    @property
    def output(self) -> Path:
        """The folder with its files."""
        return self.config.site

    def text(self, path: str) -> str:
        """A file's text; an address that ends in a slash is its index.html."""
        file = self.output / (path.lstrip("/") + ("index.html" if path.endswith("/") or not path else ""))
        return file.read_text("utf-8")

    def pages(self) -> dict[str, str]:
        """Every help page's HTML by its address, old ones left out. Of the first question of a tree, which has two, the
        tree's own.
        """
        files = [file for code in LANGUAGES for file in sorted((self.output / code).rglob("index.html"))]
        files = [file for file in files if not file.with_name(file.name + MOVED_SUFFIX).exists()]
        found = {f"/{file.parent.relative_to(self.output)}/": file.read_text("utf-8") for file in files}
        for page in self.app.extensions["layout"].pages().values():
            if page.is_tree:
                first = re.search(r"\{#([a-z0-9-]+)}", self.source(page).partition("\n---\n")[2])
                assert first is not None
                assert found[page.path] == found.pop(f"{page.path}{first[1]}/")
        return found

    def source(self, page: PageInfo) -> str:
        """The file of a page, as its editor wrote it."""
        return (self.config.content / page.lang / f"{page.key}.md").read_text("utf-8")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Site:
    """The real content, built once."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(filled, folder / "loket.db")
    config = new_config(folder)
    app = new_app_unshared(config)
    build(app, config)
    return Site(config, app)


@pytest.fixture
def copied(config: Config, tmp_path: Path) -> Config:
    """Settings with a copy of the content to spoil."""
    shutil.copytree(config.content, tmp_path / "content")
    return dataclasses.replace(config, content=tmp_path / "content")

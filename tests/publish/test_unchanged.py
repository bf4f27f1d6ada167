"""That there is nothing to build is found out from what files say of themselves, and never wrongly."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from selfservice import clock
from selfservice.builds import CONTENT, NOTES, PAGES, SEARCH, SITE, Builds
from selfservice.config import ROOT, Config
from selfservice.publish.build import build
from selfservice.publish.inputs import INPUTS, TICK, unchanged
from tests.conftest import new_app_unshared


@pytest.fixture
def own(config: Config, tmp_path: Path) -> Config:
    """Settings of a small site whose content and templates may be changed."""
    root = tmp_path / "root"
    shutil.copytree(ROOT / "site", root / "site")
    (root / "translations").symlink_to(ROOT / "translations")
    shutil.copy(ROOT / "pelicanconf.py", root)
    shutil.copytree(config.content, tmp_path / "content")
    return dataclasses.replace(config, root=root, content=tmp_path / "content")


def make(config: Config) -> Path:
    """Build; returns what is served then, of which nothing is known to have changed."""
    built = build(new_app_unshared(config), config).output
    assert built == Builds(config.output).current()
    assert is_known(config)
    return built


def is_known(config: Config, *, compress: bool = True) -> bool:
    """Whether it is known that there is nothing to build."""
    return unchanged(config, compress=compress) is not None


def spoil(path: Path) -> None:
    """Change one byte, so that the file keeps its size."""
    content = path.read_bytes()
    path.unlink()  # others may be links to the same file
    path.write_bytes(content[:-1] + b"!")


def add(path: Path) -> None:
    """A file that nobody wrote."""
    path.with_name("stray.html").write_text("stray")


def empty(path: Path) -> None:
    """Nothing is in it any more."""
    path.write_bytes(b"")


OUTPUTS: dict[str, Callable[[Path], None]] = {
    f"{SITE}/en/orders/index.html": Path.unlink,
    f"{SITE}/en/orders/index.html.br": Path.unlink,
    f"{SITE}/nl/index.html": spoil,
    f"{SITE}/nl/index.html.gz": spoil,
    f"{SITE}/en/index.html": add,
    f"{SEARCH}/en.db": spoil,
    f"{CONTENT}/facts.toml": spoil,
    f"{CONTENT}/en/orders.md": Path.unlink,
    PAGES: spoil,
    INPUTS: empty,
}


@pytest.mark.slow
def test_a_file_of_the_build(own: Config) -> None:
    """What is served is looked at too: a file that is gone, altered or too many is noticed and mended."""
    served = make(own)
    whole = {place: (served / place).read_bytes() for place in OUTPUTS if place != INPUTS}
    for place, harm in OUTPUTS.items():
        harm(served / place)
        assert not is_known(own), place
        served = make(own)
        assert whole == {each: (served / each).read_bytes() for each in whole}, place
        assert not (served / SITE / "en" / "stray.html").exists()


def test_what_it_is_made_from(own: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a build is made from: another page, setting, program or day is another build."""
    make(own)
    page, moment = own.content / "en" / "orders.md", clock.now()
    text, stat = page.read_bytes(), page.stat()
    page.write_bytes(text + b"More.\n")
    assert not is_known(own)
    page.write_bytes(text)
    assert not is_known(own), "the same text is not looked for"
    os.utime(page, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert not is_known(own), "nor a time that it was given"
    make(own)
    assert is_known(own)
    for name in ("en/new.md", "img/new.png", "addresses.toml"):
        new = own.content / name
        new.parent.mkdir(exist_ok=True)
        before = new.rename(new.with_suffix(".kept")) if new.exists() else None
        new.write_text("new")
        assert not is_known(own), name
        new.unlink()
        if before:
            before.rename(new)
            make(own)
        assert is_known(own), name
    assert not is_known(own, compress=False)
    assert not is_known(dataclasses.replace(own, base_url="https://other.example"))
    assert not is_known(dataclasses.replace(own, demo=not own.demo))
    for name in ("site/templates/page.html", "pelicanconf.py"):
        path = own.root / name
        text, stat = path.read_bytes(), path.stat()
        path.write_bytes(text + b"\n")
        assert not is_known(own), name
        path.write_bytes(text)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert is_known(own), name
    monkeypatch.setattr(clock, "now", lambda: moment + dt.timedelta(days=1))
    assert not is_known(own), "another day"
    served = make(own)
    known = json.loads((served / NOTES).read_text("utf-8"))
    (served / NOTES).write_text(json.dumps(known | {"next_change": clock.now().isoformat()}), "utf-8")
    assert not is_known(own), "it has its day"


def test_saved_within_a_tick(own: Config) -> None:
    """What was saved just before it was read may be saved again without its time saying so: then nothing is known."""
    page = own.content / "en" / "orders.md"
    now = time.time_ns() + 60_000_000_000
    os.utime(page, ns=(now, now))
    app = new_app_unshared(own)
    build(app, own)
    assert not is_known(own)
    earlier = time.time_ns() - 2 * TICK
    os.utime(page, ns=(earlier, earlier))
    make(own)


def test_another_program_meanwhile(own: Config) -> None:
    """What changed in the program since this process was started may be in the build or not: then nothing is known."""
    style = own.root / "site" / "static" / "css" / "loket.css"
    style.write_text(style.read_text("utf-8") + "\n", "utf-8")
    build(new_app_unshared(own), own)
    assert not is_known(own)

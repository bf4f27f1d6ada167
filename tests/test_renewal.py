"""The site changes by itself on the days that pages and facts name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from selfservice import clock, renewal
from selfservice.app import create_app
from selfservice.builds import Builds, Notes, notes_of
from selfservice.config import Config
from selfservice.i18n.languages import TIMEZONE
from selfservice.publish.build import build
from selfservice.renewal import STATE, Renewal, failure_of
from selfservice.workdays import start_of_day
from tests.conftest import _real_now as real_now
from tests.conftest import new_app_unshared

DAY = dt.date(2026, 12, 24)
MIDNIGHT = start_of_day(DAY)
MOMENT = dt.timedelta(seconds=1)
TIMEOUT_SECONDS = 60


def make(builds: Builds, name: str, due: dt.datetime) -> Path:
    """A build, and nothing in it, that is served until this moment."""
    with builds.lock():
        made = builds.finish(builds.start(), clock.now(), Notes(next_change=due.isoformat()))
        made = made.rename(builds.folder / name)
        (made / "content").mkdir()
        builds.switch(made)
    return made


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    """A folder with a build that is right until midnight."""
    found = Builds(tmp_path / "output")
    make(found, "a", MIDNIGHT)
    return found


def renew(builds: Builds, script: str = "") -> Renewal:
    """The clockwork, with this Python in the place of the command that builds."""
    return Renewal(
        builds.folder, [sys.executable, "-c", f"{NOTE}\n{script}"], {**os.environ, "NOTED": str(noted(builds))}
    )


NOTE = "import os; open(os.environ['NOTED'], 'a').write(os.environ['LOKET_CONTENT'] + '\\n')"
# What a build does at its end.
SWITCH = """
import os, pathlib
folder = pathlib.Path(os.environ["LOKET_CONTENT"]).parent.parent
(folder / "b" / "content").mkdir(parents=True)
(folder / "link").symlink_to("b")
(folder / "link").replace(folder / "current")
"""


def noted(builds: Builds) -> Path:
    return builds.folder.parent / "noted"


def runs(builds: Builds) -> list[str]:
    """The builds that were to be made anew, in order."""
    return [Path(line).parent.name for line in noted(builds).read_text().split()] if noted(builds).exists() else []


def work(one: Renewal, now: dt.datetime) -> None:
    """Let it start, and wait for its end."""
    one.turn(now)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while one._child is not None and time.monotonic() < deadline:
        time.sleep(0.01)
        one.turn(now)


def test_at_midnight(builds: Builds) -> None:
    """Nothing happens before the moment; then it is done once, from the content of what is served."""
    one = renew(builds, SWITCH)
    work(one, MIDNIGHT - MOMENT)
    assert [] == runs(builds)
    for after in (0, 1, 3600):
        work(one, MIDNIGHT + after * MOMENT)
    current = builds.current()
    assert (["a"], "b", False) == (runs(builds), current and current.name, (builds.folder / STATE).exists())


def test_late(builds: Builds) -> None:
    """Who was not there at midnight catches up."""
    work(renew(builds, SWITCH), MIDNIGHT + dt.timedelta(days=3))
    assert ["a"] == runs(builds)


def test_several_workers(builds: Builds) -> None:
    """Of several workers one does it."""
    many = [renew(builds, f"import time; time.sleep(.3)\n{SWITCH}") for _ in range(3)]
    for one in many:
        one.turn(MIDNIGHT)
    for one in many:
        work(one, MIDNIGHT)
    assert ["a"] == runs(builds)


def test_failure(builds: Builds, caplog: pytest.LogCaptureFixture) -> None:
    """When it fails the site stays as it was. One line is logged, and it is tried again after growing pauses, by
    whatever worker; `/health` and `loket doctor` have the line.
    """
    script = "import sys; print('content/en/a.md:3: no title: add it', file=sys.stderr); print('other'); sys.exit(1)"
    now, pauses = MIDNIGHT, []
    with caplog.at_level(logging.INFO, "loket.renewal"):
        for number in range(1, 9):
            work(renew(builds, script), now)
            assert number == len(runs(builds))
            failure = failure_of(builds, builds.folder / "a")
            assert failure is not None
            work(renew(builds, script), failure.next_try() - MOMENT)
            pauses.append((failure.next_try() - now).total_seconds() / 60)
            now = failure.next_try()
    assert [1, 2, 4, 8, 16, 32, 60, 60] == pauses
    assert 8 == len(caplog.records)
    fields = caplog.records[0].__dict__["fields"]
    assert ("a", 1, "content/en/a.md:3: no title: add it") == (fields["build"], fields["attempt"], fields["error"])
    said = "the site should have changed on 2026-12-24, and cannot be built: content/en/a.md:3: no title: add it"
    assert said == renewal.problem(builds.folder, MIDNIGHT)
    work(renew(builds, SWITCH), now)
    assert ("", False) == (renewal.problem(builds.folder, now), (builds.folder / STATE).exists())


def test_nothing_changed(builds: Builds) -> None:
    """A build that ends well and changes nothing is not made again and again."""
    one = renew(builds)
    for _ in range(3):
        work(one, MIDNIGHT)
    failure = failure_of(builds, builds.folder / "a")
    assert (["a"], "the build changed nothing") == (runs(builds), failure and failure.error)


def test_nobody_builds(builds: Builds, tmp_path: Path) -> None:
    """It is said, too, when no worker does it, after some minutes; and nothing while there is no build."""
    said = [renewal.problem(builds.folder, MIDNIGHT + dt.timedelta(minutes=after)) for after in (-1, 5, 11)]
    assert ["", "", "the site should have changed on 2026-12-24, and was not built since"] == said
    assert "" == renewal.problem(tmp_path / "none", MIDNIGHT)


def test_published_meanwhile(builds: Builds) -> None:
    """What was published, or gone back to, while it failed has a time of its own."""
    one = renew(builds, "import sys; sys.exit(2)")
    work(one, MIDNIGHT)
    make(builds, "c", MIDNIGHT + dt.timedelta(days=5))
    work(one, MIDNIGHT + dt.timedelta(hours=1))
    assert (["a"], "") == (runs(builds), renewal.problem(builds.folder, MIDNIGHT + dt.timedelta(hours=1)))
    make(builds, "d", MIDNIGHT - dt.timedelta(days=5))
    work(one, MIDNIGHT + dt.timedelta(hours=1))
    assert ["a", "d"] == runs(builds)


def test_stopped(builds: Builds) -> None:
    """A worker that stops ends what it began; the next begins again."""
    one = renew(builds, "import time; time.sleep(60)")
    one.turn(MIDNIGHT)
    one.stop()
    work(renew(builds, SWITCH), MIDNIGHT)
    assert builds.folder / "b" == builds.current()


def test_unreadable_state(builds: Builds) -> None:
    """A file of an earlier version, or a broken one, stands in nobody's way."""
    for text in ("", "{}", "[]", json.dumps({"build": "a"})):
        (builds.folder / STATE).write_text(text)
        assert failure_of(builds, builds.folder / "a") is None


FACT = """
[winter.hours]
kind = "count"
source = "this test"
values = [{ value = 4, until = 2026-12-23 }, { value = 6, from = 2026-12-24 }]
"""
PAGE = """---
title: Winter opening
description: When our offices are open in the last weeks of the year, and where you can go in those weeks.
section: about
order: 99
updated: 2026-11-30
reviewed: 2026-11-30
publish: {day}
---

We are open in winter.
"""


def add(config: Config, day: dt.date) -> None:
    """A page that is there from a day on."""
    for lang in ("en", "nl"):
        (config.content / lang / "winter.md").write_text(PAGE.format(day=day), "utf-8")


def says(app: Flask, name: str) -> str:
    """The value of a fact for an app."""
    return str(app.extensions["layout"].facts.get(name).value)


def test_page_and_fact(copied: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page and a fact with a day come when that day begins, in pages and forms alike, and from what is served: what
    an editor writes meanwhile stays where it is. Until then, also in an app that starts later, both are as they were.
    """
    add(copied, DAY)
    with (copied.content / "facts.toml").open("a", encoding="utf-8") as file:
        file.write(FACT)
    page = copied.content / "en" / "digid.md"
    page.write_text(page.read_text("utf-8") + "\nOpen {{ fact.winter.hours }} hours.\n", "utf-8")
    builds, before = Builds(copied.output), MIDNIGHT - MOMENT
    monkeypatch.setattr(clock, "now", lambda: before)
    first = build(new_app_unshared(copied), copied, compress=False).output
    assert (MIDNIGHT, "2026-12-23") == (renewal.due_at(first), notes_of(first).day)
    page.write_text("An editor is typing.", "utf-8")
    monkeypatch.setattr(clock, "now", lambda: MIDNIGHT + MOMENT)
    assert "4" == says(create_app(copied.at(first)), "winter.hours")
    anew = dataclasses.replace(copied, content=first / "content")
    second = build(new_app_unshared(anew), anew, compress=False).output
    assert (second, True) == (builds.current(), renewal.due_at(second) != MIDNIGHT)
    for made, hours, is_there in ((first, "4", False), (second, "6", True)):
        text = (made / "site" / "en" / "digid" / "index.html").read_text("utf-8")
        assert (f"Open {hours} hours" in text, hours) == (True, says(create_app(copied.at(made)), "winter.hours"))
        assert is_there == (made / "site" / "nl" / "winter" / "index.html").exists()
    # The first comes back to nobody.
    stale = build(new_app_unshared(anew), anew, compress=False)
    assert (False, second) == (stale.is_new, builds.current())


@pytest.mark.slow
def test_worker(copied: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that starts after midnight builds what was served before, beside an editor who is typing."""
    today = real_now().astimezone(TIMEZONE).date()
    add(copied, today)
    monkeypatch.setattr(clock, "now", lambda: start_of_day(today) - MOMENT)
    first = build(new_app_unshared(copied), copied, compress=False).output
    (copied.content / "en" / "winter.md").write_text("An editor is typing.", "utf-8")
    with running_worker(copied) as builds:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while builds.current() == first and time.monotonic() < deadline:
            time.sleep(0.1)
        second = builds.current()
    assert second is not None
    assert ("", True) == (renewal.problem(copied.output, real_now()), (second / "site/en/winter/index.html").exists())


@contextmanager
def running_worker(config: Config) -> Iterator[Builds]:
    """`loket worker` in a process of its own."""
    env = {
        **os.environ,
        "LOKET_DEMO": "1",
        "LOKET_SECRET_KEY": config.secret.decode(),
        "LOKET_CONTENT": str(config.content),
        "LOKET_OUTPUT": str(config.output),
        "LOKET_DATABASE": str(config.database),
        "LOKET_SITE": str(config.output.parent),
    }
    child = subprocess.Popen([sys.executable, "-m", "selfservice", "worker"], env=env, stderr=subprocess.DEVNULL)
    try:
        yield Builds(config.output)
    finally:
        child.terminate()
        child.wait(TIMEOUT_SECONDS)

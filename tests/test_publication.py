"""Twenty publications of growing and shrinking content while pages and forms are asked for, from the server and through
the front: every answer is whole, and of one build.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import pytest

from selfservice import front
from selfservice.config import ROOT
from tests import caddy
from tests.conftest import Site, new_app
from tests.editor import Editor
from tests.live_server import free_port, running, wait_until
from tests.test_front import Answer, ask

pytestmark = pytest.mark.slow

BUILDS = 20
READERS = 2  # of each way
CAUGHT_UP_SECONDS = 10
PAGE, COMING, FORM = "/en/digid/", "/en/coming/", "/en/self-service/replacement-password"
ADDRESSES = (PAGE, FORM, "/en/", "/en/self-service/search?q=edition", COMING, "/en/cannot-log-in/")
ENCODINGS = ("", "gzip", "br, gzip")
EDITION = re.compile(r"[Ee]dition (\d+)")
THEME = re.compile(r"/theme/[\w./-]+\.[0-9a-f]{10}\.\w+")
COMING_TEXT = """---
title: Coming and going
description: "Of edition {number}"
slug: coming
section: log-in
order: 900
updated: 2026-11-30
reviewed: 2026-11-30
---
In edition {number} this page is there.

## What about the next edition? {{#next}}

Then it is gone.
"""


class Publisher(Editor):
    """An editor whose every publication has a number, which stands at the begin and the end of every page and form in
    English.
    """

    def prepare(self, number: int) -> None:
        """Make the content of this edition: longer or shorter than before, with one page more or less, and now and then
        another style sheet.
        """
        self.shown_on("cannot-log-in", number)
        self.shown_on("privacy", number)
        self.shown_on("digid", number)
        page = self.content / "en" / "digid.md"
        text = page.read_text("utf-8").partition("\n\nLine 0 of")[0].rstrip()
        lines = "\n\n".join(f"Line {at} of edition {number}." for at in range((number * 7 % 5) * 300))
        page.write_text(f"{text}\n\n{lines}\n", "utf-8")
        for lang in ("en", "nl"):
            coming = self.content / lang / "coming.md"
            if number % 2:
                addresses = self.content / "addresses.toml"
                addresses.write_text(re.sub(r"\n.*/coming/.*", "", addresses.read_text("utf-8")), "utf-8")
                coming.write_text(COMING_TEXT.format(number=number), "utf-8")
            elif coming.is_file():
                self.take_away("coming", lang)
        if number % 4 == 0:
            sheet = self.config.root / "site" / "static" / "css" / "loket.css"
            sheet.write_text(sheet.read_text("utf-8") + f".edition-{number} {{ color: red }}\n", "utf-8")

    def shown_on(self, key: str, number: int) -> None:
        """The title of a page is the number; it stands in menus."""
        self.edit(f"en/{key}.md", "^title: .*", f"title: Edition {number} of {key}")


@dataclass
class Reader:
    """Somebody who goes on asking at one port; what was wrong with the answers, and how many there were."""

    port: int
    host: int  # the port that the site is known by
    wrong: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    latest: dict[str, int] = field(default_factory=dict)

    def read(self, stop: threading.Event) -> None:
        """Ask for each address in each encoding, form and page in turn, until told to stop."""
        turns = itertools.cycle(itertools.product(ENCODINGS, ADDRESSES))
        while not stop.is_set():
            encoding, path = next(turns)
            try:
                self.look(path, encoding)
                if path == FORM:
                    self.send()
                elif path == PAGE:
                    self.theme(encoding)
            except Exception as error:  # noqa: BLE001 (each is told at the end)
                self.wrong.append(f"{path} {encoding!r}: {error!r}")

    def ask(self, path: str, method: str = "GET", data: bytes | None = None, **headers: str) -> Answer:
        """One request, of a site at this host."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.port, path, method, {"Host": f"127.0.0.1:{self.host}"} | named, data=data)

    def look(self, path: str, encoding: str) -> None:
        """Ask for a page, and for it again with its tag."""
        answer = self.ask(path, Accept_Encoding=encoding)
        number = self.check(path, answer, (200, 404, 410) if path == COMING else (200,))
        if answer.status == 200 and (number % 2 == 0 and path == COMING):
            self.wrong.append(f"{path}: there in edition {number}")
        if tag := answer.headers.get("etag"):
            again = self.ask(path, Accept_Encoding=encoding, If_None_Match=tag)
            # The app, asked by the front for what is gone, has a tag of its own for it.
            if (
                again.status != 304
                and path != COMING
                and self.check(path, again, (200, 404, 410)) == number
                and again.status == 200
            ):
                self.wrong.append(f"{path}: the same edition {number} sent again for {tag}")

    def send(self) -> None:
        """Send a form as it is filled in by nobody, as a page and as htmx does."""
        self.check(FORM, self.ask(FORM, "POST", data=b"access_code=1"), (422,))

    def theme(self, encoding: str) -> None:
        """Ask for all hashed files that any page named, of former builds too: they are what their names say."""
        for path in sorted(self.files):
            answer = self.ask(path, Accept_Encoding=encoding)
            digest = hashlib.sha256(answer.plain).hexdigest()[:10]
            if answer.status != 200 or f".{digest}." not in path:
                self.wrong.append(f"{path}: {answer.status}, {digest}")

    def check(self, path: str, answer: Answer, statuses: tuple[int, ...]) -> int:
        """The edition of an answer, which must be whole and of one."""
        self.asked[path] += 1
        if answer.status not in statuses:
            self.wrong.append(f"{path}: status {answer.status}")
            return -1
        text = answer.text
        found = [int(number) for number in EDITION.findall(text)]
        numbers = set(found)
        is_whole = text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")
        said = int(answer.headers.get("content-length", len(answer.body)))
        # What is said of a page that is not there has the menu alone.
        if (
            not is_whole
            or len(numbers) != 1
            or (len(found) == 1 and answer.status not in (404, 410))
            or said != len(answer.body)
        ):
            self.wrong.append(f"{path}: {answer.status}, {len(text)} characters, of {sorted(numbers)}")
            return -1
        if path == PAGE and len(found) < (found[0] * 7 % 5) * 300:
            self.wrong.append(f"{path}: edition {found[0]} in part")
        # The front has the files from the disk at once; the app, which it asks for what is gone too, within a second.
        of = "app" if self.port == self.host and "etag" not in answer.headers else "files"
        if found[0] < self.latest.get(of, 0) and (path != COMING or self.port != self.host):
            self.wrong.append(f"{path}: edition {found[0]} after {self.latest[of]}")
        self.latest[of] = max(found[0], self.latest.get(of, 0)) if path != COMING else self.latest.get(of, 0)
        self.seen |= numbers
        self.files |= set(THEME.findall(text))
        return found[0]


@dataclass(frozen=True)
class Read:
    """What was read, and who published it; all is still running."""

    readers: dict[str, list[Reader]]
    publisher: Publisher

    def at(self, way: str) -> list[Reader]:
        """The readers there; skips the test when there was none."""
        if way not in self.readers:
            pytest.skip("there is no Caddy: `python -m tests.caddy` gets one")
        return self.readers[way]


@pytest.fixture(scope="module")
def read(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Publish all the builds, with readers at the server and, where there is a Caddy, at the front."""
    folder, port = tmp_path_factory.mktemp("publication"), free_port()
    root = folder / "program"
    for name in ("site", "translations"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "pelicanconf.py", root)
    config = dataclasses.replace(
        site.config, root=root, cache=folder / ".cache", output=folder / "output", proxies=1,
        base_url=f"http://127.0.0.1:{port}", database=folder / "var" / "loket.db",
    )  # fmt: skip
    publisher = Publisher(config)
    publisher.prepare(0)
    with running(folder, None, content=publisher.content, base_url=config.base_url) as base:
        readers = {"server": [Reader(int(base.rpartition(":")[2]), host=port) for _ in range(READERS)]}
        with ExitStack() as stack:
            with suppress(caddy.NoCaddyError):
                caddy.find()
                file = folder / "Caddyfile"
                file.write_text(front.caddyfile(new_app(config), config, base.removeprefix("http://")), "utf-8")
                stack.enter_context(caddy.serving(file, folder / "caddy.log"))
                readers["front"] = [Reader(port, host=port) for _ in range(READERS)]
            stop, everybody = threading.Event(), [one for each in readers.values() for one in each]
            with ThreadPoolExecutor(len(everybody)) as threads:
                reading = [threads.submit(one.read, stop) for one in everybody]
                try:
                    for number in range(1, BUILDS + 1):
                        publisher.prepare(number)
                        publisher.publish(compress=True)
                    # The last is read too.
                    wait_until(lambda: all(BUILDS in one.seen for one in everybody))
                finally:
                    stop.set()
                for each in reading:
                    each.result()
            yield Read(readers, publisher)


@pytest.mark.parametrize("way", ["server", "front"])
def test_every_answer_is_whole(read: Read, way: str) -> None:
    """Pages, forms, what is searched, files of the theme: each whole and of one edition, and never an earlier one than
    before; what is gone is gone, and each edition was read by somebody.
    """
    for one in read.at(way):
        assert [] == sorted(set(one.wrong))[:20]
        assert min(one.asked[path] for path in ADDRESSES) > 0
    seen = set().union(*(one.seen for one in read.at(way)))
    assert len(seen) > BUILDS // 3, seen


@pytest.mark.parametrize("way", ["server", "front"])
def test_going_back(read: Read, way: str) -> None:
    """Who has a page of a later build is sent that of the build that was gone back to, and is told so by no date."""
    reader, builds = read.at(way)[0], read.publisher.builds
    *_, former, last = builds.all()
    later = reader.ask(PAGE)
    builds.switch(former)
    try:
        wait_until(lambda: EDITION.findall(reader.ask(PAGE).text)[0] == str(BUILDS - 1))
        for accepted in ENCODINGS:
            now = reader.ask(PAGE, Accept_Encoding=accepted)
            by_tag = reader.ask(PAGE, Accept_Encoding=accepted, If_None_Match=later.headers["etag"])
            by_date = reader.ask(PAGE, Accept_Encoding=accepted, If_Modified_Since=later.headers["last-modified"])
            same = reader.ask(PAGE, Accept_Encoding=accepted, If_None_Match=now.headers["etag"])
            assert [(200, now.text)] * 2 + [(304, "")] == [(one.status, one.text) for one in (by_tag, by_date, same)]
    finally:
        builds.switch(last)
        wait_until(lambda: EDITION.findall(reader.ask(PAGE).text)[0] == str(BUILDS))

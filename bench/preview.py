"""How long one waits: from saving an edit to the page served anew, and from a first start to the first answer."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

PATIENCE = 300  # seconds
POLL = 0.002
STEADY = 2.0  # seconds without a new build


class Server:
    """A running `loket serve`, with these options more."""

    def __init__(self, environment: Mapping[str, str], *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        own = {"PORT": str(self.port), "LOKET_BASE_URL": f"http://127.0.0.1:{self.port}"}
        self.started = time.perf_counter()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the server is stopped)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "selfservice", "serve", "--port", str(self.port), *options],
            env={**os.environ, **environment, **own},
            stdout=self._said,
            stderr=self._said,
        )

    def get(self, path: str) -> bytes:
        """What is answered with 200, and nothing while there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except OSError:
            body = b""
        else:
            body = body if answer.status == 200 else b""
        finally:
            connection.close()
        return body

    def until(self, path: str, is_there: Callable[[bytes], bool]) -> float:
        """Ask until the answer is this; returns when that was. Ends the benchmark when it does not come."""
        started = time.perf_counter()
        while time.perf_counter() < started + PATIENCE and self._process.poll() is None:
            if is_there(self.get(path)):
                return time.perf_counter()
            time.sleep(POLL)
        self._said.seek(0)
        sys.exit(f"bench: {path} did not come:\n{self._said.read()[-3000:].decode(errors='replace')}")

    def until_steady(self) -> None:
        """Wait until the preview has built all that it wants to."""
        found, since = b"", time.perf_counter()
        while not found or time.perf_counter() < since + STEADY:
            if (new := self.get("/preview.json")) != found:
                found, since = new, time.perf_counter()
            time.sleep(0.1)

    def stop(self) -> None:
        """End it, and all that it started."""
        self._process.terminate()
        self._process.wait(60)
        self._said.close()


@contextmanager
def serving(environment: Mapping[str, str], *options: str) -> Iterator[Server]:
    """A server that is there inside the block."""
    server = Server(environment, *options)
    try:
        yield server
    finally:
        server.stop()


def ready(environment: Mapping[str, str]) -> float:
    """Seconds from the start to the first answer, where nothing was built yet."""
    with serving(environment) as server:
        return server.until("/en/", bool) - server.started


@dataclass(frozen=True)
class Edit:
    """An edit that `make` saves, and a page on which it shows."""

    page: str
    make: Callable[[], object]


def edit_to_visible(
    environment: Mapping[str, str], edits: Mapping[str, Edit], rounds: int, progress: Callable[[str], None]
) -> dict[str, list[float]]:
    """Seconds from saving each edit to seeing it, by the name of the edit."""
    seconds: dict[str, list[float]] = {name: [] for name in edits}
    with serving(environment, "--reload", "--no-worker") as server:
        server.until("/en/", bool)
        server.until_steady()
        for number in range(rounds + 1):
            progress(f"edits in the preview, round {number} of {rounds}" if number else "warming up the preview")
            for name, edit in edits.items():
                before = server.get(edit.page)
                edit.make()
                saved = time.perf_counter()
                seen = server.until(edit.page, partial(_is_another, before))
                if number:
                    seconds[name].append(seen - saved)
                server.until_steady()
    return seconds


def _is_another(before: bytes, body: bytes) -> bool:
    return body not in (b"", before)


def add_sentence(page: Path) -> None:
    """Write one sentence more at the end of a page."""
    page.write_text(page.read_text("utf-8") + "\nOne more sentence.\n", "utf-8")


def change_fact(facts: Path, name: str) -> None:
    """Another number for a fact, and back the next time."""
    text = facts.read_text("utf-8")
    pattern = rf"(?ms)(^\[{re.escape(name)}].*?^value = )(\d+)"
    facts.write_text(re.sub(pattern, lambda found: found[1] + str(int(found[2]) ^ 1), text, count=1), "utf-8")

"""Files too long to hold in memory."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from selfservice import streams
from selfservice.config import ROOT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def failing() -> Iterator[bytes]:
    yield b"number,amount\r\n"
    raise OSError("the disk is gone")


def test_a_short_file_has_its_length() -> None:
    """A file of few rows is whole before it is sent, and says how long it is."""
    response = streams.attachment(iter([b"a\r\n", b"b\r\n"]), streams.HELD_ROWS, "text/csv", "orders.csv")
    assert (b"a\r\nb\r\n", 6) == (response.get_data(), response.content_length)
    assert 'attachment; filename="orders.csv"' == response.headers["Content-Disposition"]


def test_a_short_file_that_fails_is_no_file() -> None:
    """An error in a short file comes before the answer, so that it can be an error page."""
    with pytest.raises(OSError, match="disk"):
        streams.attachment(failing(), 1, "text/csv", "orders.csv")


def test_a_long_file_is_sent_as_it_is_made() -> None:
    """A long file is not made before somebody takes it."""
    response = streams.attachment(failing(), streams.HELD_ROWS + 1, "text/csv", "orders.csv")
    assert response.is_streamed
    assert b"number,amount\r\n" == next(iter(response.iter_encoded()))


def test_a_failure_ends_the_worker() -> None:
    """When the chunks fail, the process is ended before anything could end the answer properly."""
    ended: list[str] = []
    sent = streams.unbroken(failing(), end=lambda: ended.append("ended"))
    assert b"number,amount\r\n" == next(sent)
    with pytest.raises(OSError, match="disk"):
        next(sent)
    assert ["ended"] == ended


def test_who_goes_away_ends_nothing() -> None:
    """A reader that closes the connection half-way is no failure."""
    ended: list[str] = []
    sent = streams.unbroken(iter([b"a", b"b"]), end=lambda: ended.append("ended"))
    next(sent)
    sent.close()  # type: ignore[attr-defined]
    assert [] == ended


def application() -> WSGIApplication:
    """What the server of the next test serves: at /fail a long file that fails half-way."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/csv")])
        return streams.unbroken(failing()) if environ["PATH_INFO"] == "/fail" else [b"open"]

    return answer


def test_a_failure_breaks_the_connection(tmp_path: Path) -> None:
    """On a real server a file that fails half-way arrives as a failed transfer, and the next visitor is answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "2", "--respawn-failed-workers", "tests.test_streams:application"]
    with (tmp_path / "said").open("wb") as said:
        server = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said, start_new_session=True)
    try:
        assert b"open" == fetch(port, "/", tries=200)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            fetch(port, "/fail")
        assert b"open" == fetch(port, "/", tries=200)
    finally:
        # All of its processes at once: asked to stop while it starts a worker, granian forgets that it was asked.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(20)


def fetch(port: int, path: str, tries: int = 1) -> bytes:
    """The whole body at an address, as soon as somebody listens there."""
    for left in reversed(range(tries)):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        except OSError:
            if not left:
                raise
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError("unreachable")

"""Start granian as `loket serve` does, with our app or with the smallest Flask app there is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask import Flask

from selfservice import server
from selfservice.accounts.passwords import Hasher

OURS = "selfservice.server:application"
BARE = "bench.server:hello"
PLAIN = "bench.bare_form:form_app"
HASHING = "bench.server:hashing"


def hello() -> Flask:
    """Flask with one route and nothing else."""
    app = Flask("hello")
    app.add_url_rule("/", "hello", lambda: "hello", methods=["GET", "POST"])
    return app


def hashing() -> Flask:
    """The same, with one password verified for each answer, as costly as ours."""
    app, hasher = Flask("hashing"), Hasher()
    hashed = hasher.hash("a password")
    app.add_url_rule("/", "hello", lambda: str(hasher.verify(hashed, "a password")), methods=["GET", "POST"])
    return app


@contextmanager
def serving(target: str, environment: Mapping[str, str], workers: int, threads: int) -> Iterator[int]:
    """The port of a server that runs inside the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "bench.server", target, str(port), str(workers), str(threads)]
    own = {"PORT": str(port), "LOKET_THREADS": str(threads)}
    process = subprocess.Popen(command, env={**os.environ, **environment, **own}, stderr=subprocess.DEVNULL)
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            # The first worker listens; let the others come up too.
            time.sleep(1)
            return
    sys.exit("bench: the server did not start")


def main() -> None:
    """Serve until told to stop."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    target, port, workers, threads = sys.argv[1:]
    if target == OURS:
        server.run("127.0.0.1", int(port), int(workers))
        return
    Granian(
        target,
        address="127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        factory=True,
        workers=int(workers),
        blocking_threads=int(threads),
        workers_kill_timeout=5,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    main()

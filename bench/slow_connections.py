"""How long others wait beside half-sent forms and unread downloads, and our server beside granian's WSGI."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from statistics import median
from unittest.mock import patch

from bench import peers, wsgi_peer
from bench.build import demo_settings
from bench.load_generator import Client, combined, get, post, run_clients
from bench.password_requests import FORM
from bench.server import OURS, serving
from bench.timing import table
from selfservice import front
from selfservice.app import create_app
from selfservice.builds import CURRENT, SITE
from selfservice.config import load as settings
from tests import caddy
from tests.slow_clients import half_sent_forms, unread_downloads

FORMS, DOWNLOADS = 200, 50
LARGE = 16 * 1024 * 1024
PROBE_PAUSE = 0.005
ASKED = {
    "help page": (get("/en/orders/", {"Accept-Encoding": "br"}), 200),
    "form": (get(FORM), 200),
    "form, wrong input": (post(FORM, {"access_code": "ABC", "email": "nobody"}), 422),
    "search": (get("/en/self-service/search?q=access+code"), 200),
}
NOTES = f"""
First table: p99 in milliseconds of one client for each kind, all at once, beside {FORMS} forms of which the head and 13
of 500 bytes came (begun anew when the server ends them), and beside {DOWNLOADS} files of 16 MiB that nobody reads;
2 workers × 4 threads. Second table: answers a second to two clients, one worker with four threads, our server beside
the same app on granian's WSGI interface behind WhiteNoise, in turn; medians of the rounds, and of the ratios (above
1.00 is faster).
""".strip()


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """Both tables, as markdown."""
    rounds, seconds = (3, 0.7) if quick else (9, 2.0)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        environment = demo_settings(Path(scratch)) | {"LOKET_SECRET_KEY": "of this benchmark, and long enough"}
        for command in ("migrate", "build"):
            subprocess.run(
                [sys.executable, "-m", "selfservice", command],
                env=os.environ | environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        (Path(environment["LOKET_OUTPUT"]) / CURRENT / SITE / "large.txt").write_bytes(b"x" * LARGE)
        waits = _waits(Path(scratch), environment, seconds * 3, progress)
        rates = _rates(environment, rounds, seconds, progress)
    first = table(["p99 ms", *ASKED], waits)
    return f"## Slow clients\n\n{first}\n\n{table(['', 'ours', 'WSGI', 'ours / WSGI'], rates)}\n\n{NOTES}\n"


def _waits(
    scratch: Path, environment: Mapping[str, str], seconds: float, progress: Callable[[str], None]
) -> list[list[str]]:
    rows = []
    clients = [Client([request], pause=PROBE_PAUSE) for request, _ in ASKED.values()]
    with serving(OURS, environment, 2, 4) as app:
        ways: dict[str, AbstractContextManager[int | None]] = {
            "loket serve": nullcontext(app),
            "the front": _front(scratch, environment, app),
        }
        for name, way in ways.items():
            with way as port:
                if port is None:
                    progress("no Caddy: without the front")
                    continue
                attacks: dict[str, AbstractContextManager[None]] = {
                    "alone": nullcontext(),
                    f"{FORMS} half-sent forms": half_sent_forms(port, FORMS, host="127.0.0.1"),
                    f"{DOWNLOADS} unread downloads": unread_downloads(port, "/large.txt", DOWNLOADS, host="127.0.0.1"),
                }
                for beside, held in attacks.items():
                    progress(f"{name}, {beside}")
                    run_clients(port, clients, 0.5)
                    with held:
                        answers = run_clients(port, clients, seconds)
                    for one, (_, status) in zip(answers, ASKED.values(), strict=True):
                        if set(one.statuses) != {status}:
                            sys.exit(f"bench: expected only {status} but got {dict(one.statuses)}")
                    rows.append([f"{name}, {beside}", *(f"{one.percentile(99):.1f}" for one in answers)])
    return rows


@contextmanager
def _front(scratch: Path, environment: Mapping[str, str], app: int) -> Iterator[int | None]:
    """The port of the front that `loket front` configures, before the app at that port; None without a Caddy."""
    try:
        caddy.find()
    except caddy.NoCaddyError:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with patch.dict(os.environ, {**environment, "LOKET_BASE_URL": f"http://127.0.0.1:{port}", "LOKET_PROXIES": "1"}):
        config = settings()
    file = scratch / "Caddyfile"
    file.write_text(front.caddyfile(create_app(config), config, f"127.0.0.1:{app}"), "utf-8")
    with caddy.serving(file, scratch / "caddy.log"):
        yield port


def _rates(
    environment: Mapping[str, str], rounds: int, seconds: float, progress: Callable[[str], None]
) -> list[list[str]]:
    found: dict[str, list[tuple[float, float]]] = {}
    peers.command("python")  # so that they are there
    with serving(OURS, environment, 1, 4) as ours, serving(wsgi_peer.TARGET, environment, 1, 4) as theirs:
        for number in range(rounds + 1):
            progress(f"rates, round {number} of {rounds}" if number else "warming up")
            for name, (request, _) in ASKED.items():
                pair = [
                    combined(run_clients(port, [Client([request])] * 2, seconds)).per_second for port in (ours, theirs)
                ]
                if number:
                    found.setdefault(name, []).append((pair[0], pair[1]))
    return [
        [
            name,
            *(f"{median(pair[at] for pair in pairs):,.0f}" for at in (0, 1)),
            f"{median(one / two for one, two in pairs):.2f}",
        ]
        for name, pairs in found.items()
    ]

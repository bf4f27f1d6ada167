"""Serving: our form beside bare Flask on the same server, and how long others wait while passwords are hashed."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from bench.build import demo_settings
from bench.load_generator import Answers, Client, combined, get, post, run_clients
from bench.password_requests import FORM, link_requests, password_requests
from bench.server import BARE, OURS, serving
from bench.timing import table

SECONDS = 3.0
CLIENTS = 2
LINKS = 500  # below the form's own limit of 600 a minute
SETTINGS = ((1, 1), (1, 2), (1, 4), (1, 8), (2, 1), (2, 2), (2, 4), (2, 8))
HAMMERS = 4
PROBE_PAUSE = 0.005
NOTES = """
Two clients, one worker with one thread, clients and server on the same machine; medians of the rounds, and of the
ratios ours / bare Flask (above 1.00 is faster), round by round. 'right input' goes through the limiter, the database
and the outbox. The second table: one client asks for the form every few milliseconds while four clients send new
passwords without a pause; each password is hashed with argon2id (19 MiB, two passes). 'alone' is without those four.
""".strip()


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """All serve benchmarks, as markdown."""
    rounds, seconds = (1, 1.0) if quick else (3, SECONDS)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        form = _form(Path(scratch), rounds, seconds, progress)
        waiting = [
            _waiting(Path(scratch), workers, threads, rounds, seconds, progress)
            for workers, threads in (SETTINGS if not quick else SETTINGS[4:7])
        ]
    head = ["request", "a second", "p50 ms", "p99 ms", "ours / bare Flask"]
    hashing = [
        "workers × threads",
        "alone p99 ms",
        "p50 ms",
        "p99 ms",
        "worst ms",
        "passwords a second",
        "form GET a second",
    ]
    return f"## Serving\n\n{table(head, form)}\n\n{table(hashing, waiting)}\n\n{NOTES}\n"


def _settings(folder: Path) -> dict[str, str]:
    # One proxy, so that each request can come from an address of its own.
    return demo_settings(folder) | {"LOKET_PROXIES": "1"}


def _form(scratch: Path, rounds: int, seconds: float, progress: Callable[[str], None]) -> list[list[str]]:
    hello, fragment = [get("/")], [get(FORM)]
    wrong = [post(FORM, {"access_code": "ABC", "email": "nobody"})]
    found: dict[str, list[Answers]] = {
        "bare Flask GET": [],
        "form GET": [],
        "form POST, wrong input": [],
        "form POST, right input": [],
    }
    for number in range(rounds):
        progress(f"form and bare Flask: round {number + 1} of {rounds}")
        environment = _settings(scratch / f"form{number}")
        password_requests(environment, 0)
        with serving(BARE, {}, 1, 1) as bare, serving(OURS, environment, 1, 1) as ours:
            for warm, port in ((hello, bare), (fragment, ours), (wrong, ours)):
                run_clients(port, [Client(warm)], 0.3)
            found["bare Flask GET"].append(_load(bare, hello, 200, seconds))
            found["form GET"].append(_load(ours, fragment, 200, seconds))
            found["form POST, wrong input"].append(_load(ours, wrong, 422, seconds))
            links = link_requests(LINKS)
            clients = [Client(links[at::CLIENTS], once=True) for at in range(CLIENTS)]
            found["form POST, right input"].append(_checked(run_clients(ours, clients, seconds), 303))
    bases = [one.per_second for one in found["bare Flask GET"]]
    return [
        [
            name,
            f"{median(one.per_second for one in answers):,.0f}",
            f"{median(one.percentile(50) for one in answers):.1f}",
            f"{median(one.percentile(99) for one in answers):.1f}",
            f"{median(one.per_second / base for one, base in zip(answers, bases, strict=True)):.2f}",
        ]
        for name, answers in found.items()
    ]


def _load(port: int, requests: list[bytes], status: int, seconds: float) -> Answers:
    return _checked(run_clients(port, [Client(requests)] * CLIENTS, seconds), status)


def _checked(answers: Sequence[Answers], status: int) -> Answers:
    """An error is answered fast too; a rate of errors is no result."""
    all_of_them = combined(answers)
    if set(all_of_them.statuses) != {status}:
        sys.exit(f"bench: expected only {status} but got {dict(all_of_them.statuses)}")
    return all_of_them


def _waiting(
    scratch: Path, workers: int, threads: int, rounds: int, seconds: float, progress: Callable[[str], None]
) -> list[str]:
    alone, probed, hammered, rates = [], [], [], []
    for number in range(rounds):
        progress(f"while passwords are hashed, {workers} × {threads}: round {number + 1} of {rounds}")
        environment = _settings(scratch / f"hash{workers}-{threads}-{number}")
        passwords = password_requests(environment, int(120 * seconds))
        probe = Client([get(FORM)], pause=PROBE_PAUSE)
        hammers = [Client(passwords[at::HAMMERS], once=True) for at in range(HAMMERS)]
        with serving(OURS, environment, workers, threads) as port:
            run_clients(port, [Client([get(FORM)])] * 4, 0.3)
            rates.append(_load(port, [get(FORM)], 200, seconds / 2).per_second)
            alone.append(_checked(run_clients(port, [probe], seconds), 200))
            quiet, *busy = run_clients(port, [probe, *hammers], seconds)
            probed.append(_checked([quiet], 200))
            hammered.append(_checked(busy, 204))
    return [
        f"{workers} × {threads}",
        f"{median(one.percentile(99) for one in alone):.1f}",
        *(f"{median(one.percentile(percent) for one in probed):.1f}" for percent in (50, 99, 100)),
        f"{median(one.per_second for one in hammered):.0f}",
        f"{median(rates):,.0f}",
    ]

"""Signing in: sign-ins a second beside what the machine's processors hash with nothing around it, in one run."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter
from unittest.mock import patch

from bench.build import demo_settings
from bench.load_generator import Answers, Client, combined, get, post, run_clients
from bench.server import OURS, serving
from bench.timing import table
from selfservice import clock
from selfservice.accounts import access_codes, passwords, people
from selfservice.accounts.passwords import Hasher
from selfservice.config import load as load_config
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.migrations import migrate
from selfservice.seeds import new_seed
from selfservice.values.access_code import derive_code

FORM = "/en/self-service/sign-in"
PASSWORD = "four yellow ducks swim away"
PEOPLE = 400
SECONDS = 6.0
CLIENTS = 4
PROBE_PAUSE = 0.005
SETTINGS = ((1, 1), (1, 8), (2, 1), (2, 4), (2, 8))
NOTES = """
'bare' is argon2id (19 MiB, two passes) in as many threads as there are workers, with nothing around it; 'sign-ins'
are whole requests with the right password, from four clients on the same machine: limiter, hash, session, cookie and
event log, each in a transaction that is on the disk. Medians of the rounds. 'others' is how long the form takes for
one more client meanwhile. Clients and server share the processors: on two cores a log-in takes a hash of 18 to 20 ms,
some 4 ms around it, and 2 ms for the clients and that form, so about 0.75 is as much as there can be.
""".strip()


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The sign-in benchmark, as markdown."""
    rounds, seconds = (1, 3.0) if quick else (3, SECONDS)
    settings = SETTINGS[-2:] if quick else SETTINGS
    lines = []
    for workers, threads in settings:
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            environment = demo_settings(Path(scratch)) | {"LOKET_PROXIES": "1"}
            requests = _requests(environment)
            found = []
            for number in range(rounds):
                progress(f"signing in, {workers} × {threads}, round {number + 1} of {rounds}")
                before = bare(workers, seconds / 2)
                with serving(OURS, environment, workers, threads) as port:
                    entered, others = _round(port, requests, seconds)
                found.append(((before + bare(workers, seconds / 2)) / 2, entered, others))
        lines.append(_row(f"{workers} × {threads}", found))
    head = [
        "workers × threads",
        "bare a second",
        "sign-ins a second",
        "sign-ins / bare",
        "others p50 ms",
        "others p99 ms",
    ]
    return f"## Signing in\n\n{table(head, lines)}\n\n{NOTES}\n"


def bare(threads: int, seconds: float) -> float:
    """Verifications a second in so many threads, with nothing around them."""
    # Each in a pool of its own, as each worker has.
    hashers = [Hasher() for _ in range(threads)]
    hashed = hashers[0].hash(PASSWORD)

    def work(hasher: Hasher) -> int:
        until, done = perf_counter() + seconds, 0
        while perf_counter() < until:
            hasher.verify(hashed, PASSWORD)
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        begun = perf_counter()
        return sum(pool.map(work, hashers)) / (perf_counter() - begun)


def _requests(environment: Mapping[str, str]) -> list[bytes]:
    """Right codes and passwords of many people, each from an address of their own."""
    with patch.dict(os.environ, environment):
        config = load_config()
    db, keys, now = Database(config.database), Keys(config.secret), clock.now()
    migrate(db, keys)
    hashed, made = Hasher().hash(PASSWORD), []
    with db.write() as conn:
        for number in range(PEOPLE):
            code = derive_code(keys, new_seed(keys, "code"))
            person = people.add(
                conn, now, given_name="Wil", family_name="Peeters", email=f"{number}@loket.example", language="en"
            )
            access_codes.add(conn, keys, now, code=code, person_id=person)
            passwords.store_hash(conn, person, hashed, now)
            made.append(
                post(
                    FORM,
                    {"access_code": code, "password": PASSWORD},
                    {"X-Forwarded-For": f"10.0.{number >> 8}.{number & 255}"},
                )
            )
    db.close()
    return made


def _round(port: int, requests: list[bytes], seconds: float) -> tuple[Answers, Answers]:
    hammers = [Client(requests[number::CLIENTS]) for number in range(CLIENTS)]
    answers = run_clients(port, [*hammers, Client([get(FORM)], pause=PROBE_PAUSE)], seconds)
    entered = combined(answers[:-1])
    # To htmx, as which the load generator asks, a place is 204 (web.go).
    if set(entered.statuses) != {204}:
        sys.exit(f"bench: signing in answered {dict(entered.statuses)}")
    return entered, answers[-1]


def _row(name: str, found: list[tuple[float, Answers, Answers]]) -> list[str]:
    return [
        name,
        f"{median(bare for bare, _, _ in found):.0f}",
        f"{median(entered.per_second for _, entered, _ in found):.0f}",
        f"{median(entered.per_second / bare for bare, entered, _ in found):.2f}",
        f"{median(others.percentile(50) for _, _, others in found):.0f}",
        f"{median(others.percentile(99) for _, _, others in found):.0f}",
    ]

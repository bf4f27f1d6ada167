"""A million orders as CSV over HTTP, beside `sqlite3 -csv` and Datasette; a workbook beside plain XlsxWriter."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import peers, process_memory
from bench.build import demo_settings
from bench.load_generator import Answers, Client, combined, get, run_clients
from bench.order_accounts import LIST, add_account, sign_in
from bench.server import OURS, serving
from bench.timing import table
from bench.workbook import workbook

COUNT, QUICK = 1_000_000, 100_000
BLOCK = 1 << 16
SLOW_SECONDS = 5.0
TURNS = 12
# A workbook of these days is made at once.
BOOK = f"{LIST}.xlsx?from=2025-07-01&to=2025-08-15"
PROBE = "/en/self-service/replacement-password"
# What our file shows, in its order, as the command line program writes it: no format of a spreadsheet's, no safe cells.
SAME = """
SELECT o.number, o.ordered_on, p.names ->> 'en', g.name, g.kvk_number, q.given_name || ' ' || q.family_name, o.payment,
       o.cents, o.invoice, o.state
FROM orders o CROSS JOIN order_products p ON p.id = o.product_id CROSS JOIN order_holders h ON h.id = o.holder_id
     CROSS JOIN people q ON q.id = h.person_id LEFT JOIN organisations g ON g.id = h.organisation_id
WHERE o.account = 1 ORDER BY o.ordered_at DESC, o.number DESC
"""
NOTES = """
One organisation's orders by 200 people, newest first. `sqlite3 -csv` writes the same columns of the same joins to a
file; Datasette streams the table itself, without the joins. Ours is made whole in a file, and goes over HTTP on
loopback to another: safe cells, dates and amounts as the language writes them. 'First byte' and 'others' are of the
spreadsheet CSV: others are people who ask for a form meanwhile, with 2 workers × 4 threads. 'Memory' is a worker's peak
while it makes and sends: to a quick reader, to one that takes 64 KiB ten times a second, and a workbook of some 25,000
of a million orders, nearly the largest made at once; beside its peak under ordinary pages. Medians of the rounds.
""".strip()


@dataclass(frozen=True)
class Download:
    """One download: seconds in all, milliseconds to the first byte of the body, bytes."""

    seconds: float
    first: float
    bytes: int


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The download benchmarks, as markdown."""
    count, rounds = (QUICK, 1) if quick else (COUNT, 3)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        environment = demo_settings(Path(scratch))
        progress(f"making {count:,} orders of one organisation")
        add_account(environment, Path(scratch), count)
        cookie = sign_in(environment, 1)
        times = _times(Path(scratch), environment, cookie, count, rounds, progress)
        progress("others meanwhile, and memory")
        others, memory = _waits_beside_download(environment, cookie), _memory(environment, cookie)
        progress("workbooks")
        book = workbook(environment, rounds)
    head = ["", "seconds", "MB", "time / sqlite3 -csv", "time / Datasette"]
    said = f"First byte after {times.first:.1f} ms. {others} {memory}"
    return f"## Downloads: {count:,} orders\n\n{table(head, times.lines)}\n\n{said}\n\n{book}\n\n{NOTES}\n"


@dataclass(frozen=True)
class Timings:
    """The table's lines, and the milliseconds to the first byte."""

    lines: list[list[str]]
    first: float


def _times(
    folder: Path, environment: Mapping[str, str], cookie: str, count: int, rounds: int, progress: Callable[[str], None]
) -> Timings:
    database = Path(environment["LOKET_DATABASE"])
    file = folder / "taken"
    if shutil.which("sqlite3") is None:
        sys.exit("bench: sqlite3, the command line program, is not installed")
    ours = {"CSV for a spreadsheet": f"{LIST}.csv", "CSV for programs": f"{LIST}-programs.csv"}
    # What takes longer is a job of the worker, which has no part in this.
    if count <= QUICK:
        ours["JSON"] = f"{LIST}.json"
    found: dict[str, list[Download]] = {}
    with serving(OURS, environment, 2, 4) as port:
        _download(port, f"{LIST}.csv", cookie, file)
        for number in range(rounds):
            progress(f"downloads, round {number + 1} of {rounds}")
            found.setdefault("sqlite3 -csv", []).append(_command(database, file))
            for name, path in ours.items():
                found.setdefault(name, []).append(_download(port, path, cookie, file))
    with _datasette(database) as port:
        progress("Datasette")
        path = f"/{database.stem}/orders.csv?_stream=on&_size=max&account=1&_sort_desc=ordered_at"
        found["Datasette"] = [_download(port, path, "", file)] * rounds
    base, data = found["sqlite3 -csv"], found["Datasette"]
    lines = [
        [
            name,
            f"{median(one.seconds for one in each):.2f}",
            f"{each[0].bytes / 1e6:.0f}",
            f"{median(one.seconds / two.seconds for one, two in zip(each, base, strict=True)):.2f}",
            f"{median(one.seconds / two.seconds for one, two in zip(each, data, strict=True)):.2f}",
        ]
        for name, each in found.items()
    ]
    return Timings(lines, median(each.first for each in found["CSV for a spreadsheet"]))


def _command(database: Path, file: Path) -> Download:
    begun = time.perf_counter()
    with file.open("wb") as out:
        subprocess.run(["sqlite3", "-csv", "-header", str(database), SAME], stdout=out, check=True)
    return Download(time.perf_counter() - begun, 0.0, file.stat().st_size)


def _download(port: int, path: str, cookie: str, file: Path, pause: float = 0.0, seconds: float = 600.0) -> Download:
    """Download to a file; with a `pause` between blocks, and at most so many seconds."""
    begun = time.perf_counter()
    first, size = 0.0, 0
    with socket.create_connection(("127.0.0.1", port), 120) as connection, file.open("wb") as out:
        connection.sendall(get(path, {"Cookie": cookie, "Connection": "close"}))
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(BLOCK)
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(f"bench: {path} answered {head[:60]!r}")
        body = head.partition(b"\r\n\r\n")[2]
        while body or not size:
            body = body or connection.recv(BLOCK)
            first = first or time.perf_counter() - begun
            size += len(body)
            out.write(body)
            if not body or time.perf_counter() - begun > seconds:
                break
            time.sleep(pause)
            body = connection.recv(BLOCK)
    return Download(time.perf_counter() - begun, first * 1000, size)


@contextmanager
def _datasette(database: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    limits = ["--setting", "max_csv_mb", "0", "--setting", "sql_time_limit_ms", "600000"]
    command = [peers.command("datasette"), "serve", str(database), "--port", str(port), *limits]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _await(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("bench: Datasette did not start")


def _waits_beside_download(environment: Mapping[str, str], cookie: str) -> str:
    """How long others wait for a form, alone and while somebody downloads, in turn: one download is too short for a
    99th percentile.
    """
    probe = Client([get(PROBE)], pause=0.005)
    found: tuple[list[Answers], list[Answers]] = ([], [])
    with serving(OURS, environment, 2, 4) as port, ThreadPoolExecutor(1) as pool:
        run_clients(port, [probe], 1.0)
        for _ in range(TURNS):
            found[0].extend(run_clients(port, [probe], 1.2))
            download = pool.submit(_download, port, f"{LIST}.csv", cookie, Path(os.devnull))
            found[1].extend(run_clients(port, [probe], 1.2))
            download.result()
    alone, busy = (combined(each).percentile(99) for each in found)
    return f"Others: p99 {busy:.1f} ms against {alone:.1f} ms alone, {busy / alone:.2f} times."


def _memory(environment: Mapping[str, str], cookie: str) -> str:
    """A worker's peak during downloads, beside its peak under ordinary pages."""
    with serving(OURS, environment, 1, 4) as port:
        run_clients(port, [Client([get(PROBE), get(LIST, {"Cookie": cookie})])] * 4, 3.0)
        (worker,) = process_memory.workers(port)
        ordinary = process_memory.peak(worker)
        peaks = []
        for path, pause in ((f"{LIST}.csv", 0.0), (f"{LIST}.csv", 0.1), (BOOK, 0.0)):
            process_memory.forget_peak(worker)
            _download(port, path, cookie, Path(os.devnull), pause, SLOW_SECONDS if pause else 600.0)
            peaks.append(process_memory.peak(worker))
    quick, slow, book = (each / ordinary for each in peaks)
    return (
        f"Memory: ordinary {ordinary:.0f} MiB; {quick:.2f} times that to a quick reader, {slow:.2f} to a slow one, "
        f"{book:.2f} for a workbook."
    )

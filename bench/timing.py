"""Timing whole processes in turn, round by round, so that a machine that drifts drifts for all of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds on the wall and of all processors together, and at most so much memory (MiB)."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Contestant:
    """A command to time. `prepare` runs before each run, outside the clock."""

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    prepare: Callable[[], object] = lambda: None


def run_once(contestant: Contestant) -> Cost:
    """Run it once. Ends the benchmark with what the command said when it fails."""
    contestant.prepare()
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            contestant.command,
            cwd=contestant.folder,
            env={**os.environ, **contestant.environment},
            stdout=said,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"bench: {contestant.name} failed ({process.returncode}):\n{_last_lines(said)}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _last_lines(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read()[-3000:].decode(errors="replace")


def interleave(
    contestants: Sequence[Contestant], rounds: int, progress: Callable[[str], None]
) -> dict[str, list[Cost]]:
    """Each in turn, `rounds` times, after one round that is not counted. Costs by name, in the order of the rounds."""
    costs: dict[str, list[Cost]] = {one.name: [] for one in contestants}
    for number in range(rounds + 1):
        progress(f"round {number} of {rounds}" if number else "warming up")
        for one in contestants:
            cost = run_once(one)
            if number:
                costs[one.name].append(cost)
    return costs


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of ours / theirs, pair by pair: below 1 is faster (for seconds)."""
    return median(one / two for one, two in zip(ours, theirs, strict=True))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table; the first column to the left, numbers to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

"""What is counted for monitoring, in Prometheus' text format, over all processes together.

It is on where PROMETHEUS_MULTIPROC_DIR names a folder, which `loket serve` sees to: each process keeps its numbers in
files there, and /metrics adds them up. Elsewhere nothing is imported, and counting is an empty call. No label holds a
path, a name or anything else that a visitor chose.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

SETTING = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _NoMeter:
    """A meter that counts nothing."""

    def labels(self, *_: str) -> _NoMeter:
        return self

    def inc(self) -> None:
        pass

    def dec(self) -> None:
        pass

    def observe(self, _: float) -> None:
        pass


class _Meters:
    """What is counted: answers by endpoint and status, passwords that are being hashed or wait for it, tries that a
    limit refused, and waits for the database's write lock.
    """

    requests: Any = _NoMeter()
    hashes: Any = _NoMeter()
    refusals: Any = _NoMeter()
    write_waits: Any = _NoMeter()

    def __init__(self) -> None:
        self.on = False
        if os.environ.get(SETTING):
            self.start()

    def start(self) -> None:
        """Count from now on, in this process and in those that it forks."""
        from prometheus_client import Counter, Gauge, Histogram

        self.on = True
        self.requests = Histogram(
            "loket_request_seconds", "Answers of the app.", ["endpoint", "status"], buckets=BUCKETS
        )
        self.hashes = Gauge("loket_password_hashes", "Passwords hashed or waiting for it.", multiprocess_mode="livesum")
        self.refusals = Counter("loket_limiter_refusals", "Tries that a limit refused.", ["limit"])
        self.write_waits = Histogram(
            "loket_write_lock_wait_seconds", "Waits for the database's write lock.", buckets=BUCKETS
        )


METERS = _Meters()
_lock = -1


def start(folder: Path) -> None:
    """Count from here on, with a folder that holds no earlier numbers (the operator's own when the setting names one);
    what else is in it stays. Raises OSError when another server counts there.
    """
    global _lock  # noqa: PLW0603 (open as long as the process, and in those that it forks)
    folder = Path(os.environ.get(SETTING) or folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise BlockingIOError(
            f"another `loket serve` counts in {folder}: stop it, or name another folder in {SETTING}"
        ) from None
    for kind in ("counter", "gauge", "histogram", "summary"):
        for file in folder.glob(f"{kind}_*.db"):
            file.unlink(missing_ok=True)
    os.environ[SETTING] = str(folder)
    if not METERS.on:
        METERS.start()


def exposition(gauges: Iterable[tuple[str, str, dict[str, float]]]) -> tuple[bytes, str]:
    """All numbers of all processes as text, and its content type; `gauges` are measured now: name, what it
    is, and the value by state, or by "" when it has no states.
    """
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
    from prometheus_client.metrics_core import GaugeMetricFamily

    class Now:
        def collect(self) -> Iterator[Metric]:
            for name, help_text, values in gauges:
                family = GaugeMetricFamily(name, help_text, labels=[] if set(values) == {""} else ["state"])
                for state, value in values.items():
                    family.add_metric([state] if state else [], value)
                yield family

    folder = os.environ[SETTING]
    _remove_dead_gauges(Path(folder))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    registry.register(Now())
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _remove_dead_gauges(folder: Path) -> None:
    """What a process that was killed had under way is not under way any more; what it counted stays."""
    for file in folder.glob("gauge_live*.db"):
        try:
            os.kill(int(file.stem.rpartition("_")[2]), 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):
                file.unlink()
        except PermissionError:
            continue

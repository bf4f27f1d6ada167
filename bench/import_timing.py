"""What the import benchmarks share: a fresh database for each run, and the line of the table."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.timing import Cost, ratio

HEAD = ["", "seconds", "rows a second", "processor s", "MiB", "time / sqlite-utils", "processor / sqlite-utils"]


def remove_database(path: Path) -> None:
    """Remove a database, with what SQLite keeps beside it."""
    for each in path.parent.glob(path.name + "*"):
        each.unlink()


def copy_database(empty: Path, path: Path) -> None:
    """Put a copy of the empty database in the place of the other."""
    remove_database(path)
    shutil.copy(empty, path)


def table_row(name: str, rows: int, costs: Sequence[Cost], peer: Sequence[Cost]) -> list[str]:
    """A line of the table under HEAD: medians, and ratios to the peer pair by pair."""
    seconds, work = [each.wall for each in costs], [each.cpu for each in costs]
    return [
        name,
        f"{median(seconds):.1f}",
        f"{rows / median(seconds):,.0f}",
        f"{median(work):.1f}",
        f"{median(each.memory for each in costs):.0f}",
        f"{ratio(seconds, [each.wall for each in peer]):.2f}",
        f"{ratio(work, [each.cpu for each in peer]):.2f}",
    ]

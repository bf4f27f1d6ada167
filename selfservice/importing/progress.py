"""Progress of an import: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TextIO

from selfservice.importing.results import ImportCounts

REPORT_EVERY = 10_000
_WIDTH = 24
_CLEAR = "\r\x1b[K"


class ProgressReporter:
    """Writes to `out` how many lines were read, how many a second, and the time left when the `size` in bytes is known.

    `clock` returns seconds; `what` is the plural noun for what is counted.
    """

    def __init__(
        self, out: TextIO, size: int | None, clock: Callable[[], float] = perf_counter, what: str = "lines"
    ) -> None:
        self._out, self._size, self._clock, self._what = out, size, clock, what
        self._terminal = out.isatty()
        self._started = clock()
        self._next = REPORT_EVERY

    def show(self, totals: ImportCounts) -> None:
        """Write the progress: each time on a terminal, else every 10,000 lines."""
        if self._terminal:
            self._write(_CLEAR + self._text(totals, bar=True))
        elif totals.lines >= self._next:
            self._next = totals.lines - totals.lines % REPORT_EVERY + REPORT_EVERY
            self._write(self._text(totals, bar=False) + "\n")

    def clear(self) -> None:
        """Clear the bar on a terminal, to write another line."""
        if self._terminal:
            self._write(_CLEAR)

    def _text(self, totals: ImportCounts, *, bar: bool) -> str:
        seconds = max(self._clock() - self._started, 1e-9)
        parts = [f"{totals.lines:,} {self._what}", f"{totals.lines / seconds:,.0f} a second"]
        if self._size and totals.bytes:
            part = min(totals.bytes / self._size, 1.0)
            left = round(seconds / part - seconds)
            parts = [f"{part:.0%}", *parts, f"{left // 60}:{left % 60:02d} left"]
            if bar:
                parts.insert(0, "#" * round(part * _WIDTH) + "-" * (_WIDTH - round(part * _WIDTH)))
        return "  ".join(parts)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

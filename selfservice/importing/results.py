"""What became of the lines of a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImportCounts:
    """How many lines there were, and what became of them. `last` is the number of the last line read, `bytes` how
    much of the file that is.
    """

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    last: int = 1
    bytes: int = 0

    @property
    def lines(self) -> int:
        """All lines but a first one that names columns, and empty ones."""
        return self.new + self.changed + self.same + self.refused


@dataclass(frozen=True)
class RejectedLine:
    """A line that did not go in: its number in the file, and why, in plain words."""

    line: int
    reason: str

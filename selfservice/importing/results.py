"""The results of an import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImportCounts:
    """The number of lines by result; an outdated one is older than what is known; `closed` is how many of the changed
    ones closed an organisation. `last` is the number of the last line read, `bytes` the size up to there.
    """

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    closed: int = 0
    outdated: int = 0
    last: int = 1
    bytes: int = 0

    @property
    def lines(self) -> int:
        """All lines except the header and empty ones."""
        return self.new + self.changed + self.same + self.refused + self.outdated


@dataclass(frozen=True)
class RejectedLine:
    """A rejected line: its number in the file, and the reason."""

    line: int
    reason: str

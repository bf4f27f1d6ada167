"""What is wrong with something that an editor or an owner wrote: one line, with the place and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field

GUIDE = "docs/editing.md"
# The section of the guide on each file for the whole site.
_SECTIONS = {"facts.toml": "facts", "searches.toml": "searches", "plain_words.toml": "words"}


@dataclass(frozen=True)
class Problem:
    """Something an editor must mend (an error) or had better look at: where, what, and what to do. `see` is the section
    of docs/editing.md that explains it.
    """

    file: str
    line: int
    message: str
    error: bool = True
    see: str = field(default="", compare=False)

    @property
    def line_alone(self) -> str:
        """Place and message, without the section of the guide."""
        return f"{self.file}:{self.line}: {'' if self.error else 'warning: '}{self.message}"

    def __str__(self) -> str:
        return self.line_alone + (f" ({GUIDE}#{self.see})" if self.see else "")


class ProblemError(Exception):
    """A file for the whole site cannot be used as it is, and nothing can be done without it."""

    def __init__(self, file: str, line: int, message: str) -> None:
        self.problem = Problem(f"content/{file}", line, message, see=_SECTIONS.get(file, "site"))
        super().__init__(str(self.problem))

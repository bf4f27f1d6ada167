"""What Pelican does for us: it runs a generator of ours, which writes the pages that were read before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pelican import signals
from pelican.generators import Generator


class Plugin:
    """One build's generator; hand it to Pelican as a plugin object."""

    __name__ = "loket"

    def __init__(self, write: Callable[[], None]) -> None:
        """`write` is called when Pelican has its generators write."""

        class PagesWriter(Generator):  # type: ignore[misc]
            def generate_output(self, _writer: Any) -> None:
                write()

        self._generator = PagesWriter

    def register(self) -> None:
        """Called by Pelican. The signals keep weak references: this object must outlive the run."""
        signals.get_generators.connect(self._generators)

    def unregister(self) -> None:
        """Take our hands off Pelican's signals, which are global, so that the next build has only its own."""
        signals.get_generators.disconnect(self._generators)

    def _generators(self, _pelican: Any) -> type[Generator]:
        return self._generator

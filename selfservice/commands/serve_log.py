"""Where `loket serve` of a demonstration leaves what it, and all that it starts, would write on the terminal."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

MAX_BYTES = 1_000_000  # then it goes on in a new file, and the one before it stays beside it
JOIN_SECONDS = 5.0
# What the server says itself, and the last line of a traceback. Ours are JSON.
_ERROR = re.compile(r"\[(?:ERROR|CRITICAL)\] |(?:\w+\.)*\w*(?:Error|Exception)\b")


@contextmanager
def log_to_file(path: Path) -> Iterator[IO[str]]:
    """Have all that this process and those it starts write go into a file, meanwhile; what is an error also gives one
    line on the terminal, which is what this hands out.

    One thread writes the file, so that it can be bounded whichever process the lines are of.
    """
    before = os.dup(1), os.dup(2)
    with os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1) as terminal:
        reading, writing = os.pipe()
        for number in (1, 2):
            os.dup2(writing, number)
        os.close(writing)
        thread = threading.Thread(target=_copy, args=(reading, path, terminal), name="log", daemon=True)
        thread.start()
        try:
            yield terminal
        finally:
            for number, saved in enumerate(before, 1):
                os.dup2(saved, number)
                os.close(saved)
            # It ends with the last process that writes.
            thread.join(JOIN_SECONDS)


def _copy(reading: int, path: Path, terminal: IO[str]) -> None:
    file = _BoundedFile(path, terminal)
    with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            text = line.rstrip("\n")
            file.emit(logging.makeLogRecord({"msg": text}))
            if said := error_line(text):
                _say(terminal, f"{said} ({file.name})")
    file.close()


def _say(terminal: IO[str], text: str) -> None:
    """One line; where there is no terminal any more, none: what others write must be read on, or they wait for us."""
    with suppress(OSError):
        os.write(terminal.fileno(), f"loket: {text}\n".encode())


class _BoundedFile(RotatingFileHandler):
    """The file, and the one before it. One that cannot be written is said once, and stops nobody."""

    def __init__(self, path: Path, terminal: IO[str]) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8", delay=True)
        self.name, self._terminal, self._failed = shown(path), terminal, False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 (as logging has it)
        """Not on standard error, which is what is read here."""
        if not self._failed:
            _say(self._terminal, f"the log cannot be written ({self.name})")
        self._failed = True


def error_line(text: str) -> str:
    """What to say on the terminal of a line of the log, and nothing that steers it; empty when it is no error."""
    said = _error(text)
    return "".join(char if char.isprintable() else " " for char in said)


def _error(text: str) -> str:
    if text.startswith("{"):
        try:
            line = json.loads(text)
        except ValueError:
            return ""
        if line.get("level") not in ("error", "critical"):
            return ""
        rest = {name: value for name, value in line.items() if name not in ("when", "level", "what")}
        return f"{line.get('what', '')}: " + ", ".join(f"{name} {value}" for name, value in rest.items())
    return text if _ERROR.match(text) else ""


def shown(path: Path) -> str:
    """A path as one would type it here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)

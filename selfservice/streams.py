"""Files too long to hold in memory, sent so that a part of one can never look whole."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

from flask import Response

from selfservice.logs import LOGGER

# Of so many rows at most the whole file is made first: a few milliseconds, some hundreds of kilobytes.
HELD_ROWS = 2000


def attachment(chunks: Iterator[bytes], rows: int, mimetype: str, name: str) -> Response:
    """A file to download under a name of ours (plain letters, digits, dots and dashes).

    One of few rows is made before it is sent: it has its length, and an error while it is made is an ordinary error
    page. A longer one is sent as it is made (`unbroken`).
    """
    body = b"".join(chunks) if rows <= HELD_ROWS else unbroken(chunks)
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _end_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def unbroken(chunks: Iterator[bytes], end: Callable[[], None] = _end_process) -> Iterator[bytes]:
    """The chunks; when they fail, this worker process ends, so that the connection breaks and the browser says that
    the download failed.

    There is no gentler way: granian (2.8) ends the body of an iterator that raises as if it were complete, and has no
    call that breaks a connection (docs/why.md). The server starts another worker at once.
    """
    try:
        yield from chunks
    except Exception:
        LOGGER.exception("a download failed; this worker ends so that nobody takes a part for the whole")
        end()
        raise

"""Making the search index: of a large site in another process, while the pages are written."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from selfservice.search.index import IndexedQuestion, Pin, Synonyms, build_index

OWN_PROCESS_FROM = 1000  # questions; below this the index takes less time than another process takes to start


class Indexing:
    """One build's search index: `start` when the questions are known, `finish` when the site is to change.

    Until `finish` the index at `path` is the former one. `close` in any case: it ends what still runs.
    """

    def __init__(self, path: Path, large: int = OWN_PROCESS_FROM) -> None:
        self._path = path
        self._large = large
        self._end: Callable[[], None] = lambda: None
        self._open = ExitStack()

    def start(self, questions: list[IndexedQuestion], synonyms: Synonyms, pins: list[Pin] | None = None) -> None:
        """Start making the index, or remember what is to be made of a small site."""
        if len(questions) < self._large:
            self._end = partial(build_index, self._path, questions, synonyms, pins or [])
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # The process may be killed before it has tidied up, so where it works is ours.
        folder = self._open.enter_context(TemporaryDirectory(dir=self._path.parent, prefix=".search-"))
        fresh = Path(folder) / self._path.name
        # Spawned, not forked: the app may have threads and open databases.
        spawn = multiprocessing.get_context("spawn")
        outcome, theirs = spawn.Pipe(duplex=False)
        self._open.enter_context(outcome)
        process = spawn.Process(target=_make, args=(theirs, fresh, questions, synonyms, pins or []), daemon=True)
        # Were the other end open here too, we could not tell that the process has ended.
        with theirs:
            process.start()
        self._open.callback(process.join)
        self._open.callback(process.kill)
        self._end = partial(self._take, fresh, process, outcome)

    def finish(self) -> None:
        """Put the index in its place. Raises what making it raised, ChildProcessError when its process was killed."""
        self._end()

    def close(self) -> None:
        """End the other process if it still runs, and leave nothing about."""
        self._open.close()

    def _take(self, fresh: Path, process: SpawnProcess, outcome: Connection) -> None:
        try:
            error = outcome.recv()
        except EOFError:
            process.join()
            raise ChildProcessError(
                f"the process that made the search index ended with {process.exitcode} (-9 is often want of memory); "
                "the site is as it was: build again"
            ) from None
        if error:
            raise error
        fresh.replace(self._path)


def _make(
    outcome: Connection, path: Path, questions: list[IndexedQuestion], synonyms: Synonyms, pins: list[Pin]
) -> None:
    try:
        build_index(path, questions, synonyms, pins)
    except Exception as error:  # noqa: BLE001 (it is raised in the process that waits for us)
        error.add_note("".join(traceback.format_exception(error)))
        outcome.send(error)
    else:
        outcome.send(None)

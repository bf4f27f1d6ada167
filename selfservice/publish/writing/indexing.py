"""Making the search index: of a large site in a process a language, while the pages are written."""

from __future__ import annotations

import gc
import multiprocessing
import os
import traceback
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from selfservice.publish.children import end_with_parent, without_interrupts
from selfservice.search import schema
from selfservice.search.index import IndexedQuestion, Pin, Source, Synonyms, is_index_of, sources, write_index

WAIT_SECONDS = 0.05
OWN_PROCESS_FROM = 1000  # questions; below this the index takes less time than another process takes to start


class Indexing:
    """One build's search index: `start` when the questions are known, `finish` when the site is to change.

    Until `finish` the index in `folder` is the former one. `close` in any case: it ends what still runs. An index of
    the same questions in `kept`, the folder of a former build, is taken over; it may be the same folder.
    """

    def __init__(self, folder: Path, kept: Path | None = None, large: int = OWN_PROCESS_FROM) -> None:
        self._folder = folder
        self._kept = kept
        self._large = large
        self._ends: list[Callable[[Callable[[], object]], None]] = []
        self._open = ExitStack()

    def start(self, questions: list[IndexedQuestion], synonyms: Synonyms, pins: Iterable[Pin] = ()) -> None:
        """Start making the index, or remember what is to be made of a small site. Raises ValueError for a question in
        a language that the site does not have.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for source in sources(questions, synonyms, pins):
            if self._is_taken_over(source):
                continue
            if len(questions) < self._large:
                self._ends.append(partial(_write, self._folder, source))
            else:
                self._ends.append(self._start_process(source))

    def finish(self, wait: Callable[[], object] = lambda: None) -> None:
        """Put the index in its place, and call `wait` now and then until it is there. Raises what making it raised,
        ChildProcessError when its process was killed.
        """
        for end in self._ends:
            wait()
            end(wait)

    def close(self) -> None:
        """End the other processes if they still run, and leave nothing about."""
        self._open.close()

    def _is_taken_over(self, source: Source) -> bool:
        if not self._kept or not is_index_of(kept := schema.file(self._kept, source.lang), source):
            return False
        if self._kept == self._folder:
            return True
        # Not every file system has links, nor may everyone make one to another account's file.
        with suppress(OSError):
            os.link(kept, schema.file(self._folder, source.lang))
            return True
        return False

    def _start_process(self, source: Source) -> Callable[[Callable[[], object]], None]:
        # The process may be killed before it has tidied up, so where it works is ours.
        folder = Path(self._open.enter_context(TemporaryDirectory(dir=self._folder, prefix=".search-")))
        # In a file, since through the pipe it would come only when the process has started, and we wait for that.
        packed = folder / "source"
        packed.write_bytes(source.packed)
        # Spawned, not forked: the app may have threads and open databases.
        spawn = multiprocessing.get_context("spawn")
        outcome, theirs = spawn.Pipe(duplex=False)
        self._open.enter_context(outcome)
        process = spawn.Process(target=_make, args=(theirs, folder, packed, source.lang, source.key), daemon=True)
        # Were the other end open here too, we could not tell that the process has ended.
        with theirs, without_interrupts():
            process.start()
        self._open.callback(process.join)
        self._open.callback(process.kill)
        return partial(self._take, schema.file(folder, source.lang), process, outcome)

    def _take(self, fresh: Path, process: SpawnProcess, outcome: Connection, wait: Callable[[], object]) -> None:
        while not outcome.poll(WAIT_SECONDS):
            wait()
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
        fresh.replace(self._folder / fresh.name)


def _write(folder: Path, source: Source, _wait: Callable[[], object]) -> None:
    write_index(folder, source)


def _make(outcome: Connection, folder: Path, packed: Path, lang: str, key: str) -> None:
    end_with_parent()
    # It ends before there is much to let go; looking for that took a tenth of its time.
    gc.disable()
    try:
        write_index(folder, Source(lang, packed.read_bytes(), key))
    except Exception as error:  # noqa: BLE001 (it is raised in the process that waits for us)
        error.add_note("".join(traceback.format_exception(error)))
        outcome.send(error)
    else:
        outcome.send(None)

"""Going back to the build that was served before."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

from selfservice import clock
from selfservice.builds import NOTES, Builds, notes_of
from selfservice.config import Config
from selfservice.publish.build import BuildResult
from selfservice.publish.writing.former_files import keep_former_files, link_or_copy


def go_back(config: Config, waiting: Callable[[], object] = lambda: None) -> BuildResult | None:
    """Serve again what was served before what is now; None when there is nothing left to go back to.

    It is a build of its own, made of the same files: so the last build is always the one that is served, and what pages
    that are still open ask for is in it.
    """
    builds, now = Builds(config.output), clock.now()
    with builds.lock(waiting):
        current = builds.current()
        before = builds.named(notes_of(current).before) if current else None
        if current is None or before is None:
            return None
        unfinished = builds.start()
        try:
            shutil.copytree(before, unfinished, copy_function=link_or_copy, dirs_exist_ok=True)
            (unfinished / NOTES).unlink(missing_ok=True)
            known = notes_of(before)
            # What that build kept is kept for as long as it would have been.
            former = keep_former_files(current, unfinished, now) | dict(known.former)
            notes = replace(known, moment=now.isoformat(), went_back=True, former=former)
            fresh = builds.finish(unfinished, now, notes)
            builds.switch(fresh)
            builds.prune()
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return BuildResult(0, fresh, former=current)

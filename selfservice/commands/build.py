"""`loket build`: the site, into output/; and what it has in common with the other commands that build."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import click
from flask import current_app
from flask.cli import with_appcontext

from selfservice.db import Error as DatabaseError
from selfservice.publish.build import BuildError
from selfservice.publish.build import build as build_site
from selfservice.publish.markdown import Problem
from selfservice.web.services import services

QUIET_SECONDS = 1.0


def show_progress(text: str) -> None:
    """Progress, on standard error so that output can be piped."""
    click.echo(f"  {text} …", err=True)


class SlowSteps:
    """Shows a step only when it takes longer than a second."""

    def __init__(self) -> None:
        self._timer = threading.Timer(0, lambda: None)

    def __call__(self, text: str) -> None:
        """The next step begins."""
        self.end()
        self._timer = threading.Timer(QUIET_SECONDS, show_progress, [text])
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """The last one has ended."""
        self._timer.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()


@contextmanager
def reported(*, is_quiet: bool = False) -> Iterator[None]:
    """Around what builds: ends the command when it cannot be done, with the problems, one a line and, unless it is to
    be quiet, a line that nothing was published.
    """
    # What is half-done is removed then, as it is at Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        yield
    except BuildError as error:
        show_problems(error.problems, is_quiet=is_quiet)
    except (OSError, DatabaseError) as error:
        reason = str(error)
        if isinstance(error, OSError) and error.strerror:
            reason = f"{error.strerror} ({error.filename})" if error.filename else error.strerror
        sys.exit(f"loket: nothing was published: {reason}; what was served still is")


def show_problems(problems: list[Problem], *, is_quiet: bool = False) -> None:
    """Print problems, one a line. When one must be mended, that is the end of the command."""
    for problem in problems:
        click.echo(str(problem), err=True)
    count = sum(problem.error for problem in problems)
    if count and is_quiet:
        sys.exit(1)
    if count:
        things = f"{count} {'thing' if count == 1 else 'things'} to mend, named above"
        sys.exit(f"loket: nothing was published: {things}; what was served still is")


@click.command("build")
@click.option("--no-compress", is_flag=True, help="Leave out the .br and .gz copies.")
@click.option("--quiet", is_flag=True, help="Say only what must be mended, and which steps take longer than a second.")
@with_appcontext
def command(no_compress: bool, quiet: bool) -> None:
    """Build the help site from content/, and serve it from then on. `loket publish` does the same, and says what
    could be better and what changed.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (how Flask names it)
    config = services().config
    started = time.perf_counter()
    with SlowSteps() as slow, reported(is_quiet=quiet):
        built = build_site(app, config, compress=not no_compress, progress=slow if quiet else show_progress)
    if not quiet:
        what = f"Built {built.pages} pages" if built.is_new else "Nothing changed"
        click.echo(f"{what} in {time.perf_counter() - started:.2f} s: {built.output}", err=True)

"""`loket build`: the site, into output/; and what it has in common with the other commands that build."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from selfservice.commands import with_app
from selfservice.config import load
from selfservice.problems import Problem
from selfservice.publish import inputs

# All else is imported where it is used: that there is nothing to build is found out in less time than that takes.

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
    from selfservice.db import Error as DatabaseError
    from selfservice.publish.build import BuildError

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


def unchanged(*, compress: bool = True) -> tuple[Path, inputs.Inputs] | None:
    """The build that is served, when nothing changed since it was made. Never with an app that was handed in."""
    return None if click.get_current_context().obj else inputs.unchanged(load(), compress=compress)


@click.command("build")
@click.option("--no-compress", is_flag=True, help="Leave out the .br and .gz copies.")
@click.option("--quiet", is_flag=True, help="Say only what must be mended, and which steps take longer than a second.")
def command(no_compress: bool, quiet: bool) -> None:
    """Build the help site from content/, and serve it from then on. `loket publish` does the same, and says what
    could be better and what changed.
    """
    started = time.perf_counter()
    if found := unchanged(compress=not no_compress):
        what, output = "Nothing changed", found[0]
    else:
        what, output = _build(compress=not no_compress, is_quiet=quiet)
    if not quiet:
        click.echo(f"{what} in {time.perf_counter() - started:.2f} s: {output}", err=True)


@with_app
def _build(*, compress: bool, is_quiet: bool) -> tuple[str, Path]:
    from flask import current_app
    from jinja2 import TemplateSyntaxError

    from selfservice.publish.build import build
    from selfservice.web.layout import compile_templates
    from selfservice.web.services import services

    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (how Flask names it)
    with SlowSteps() as slow, reported(is_quiet=is_quiet):
        built = build(app, services().config, compress=compress, progress=slow if is_quiet else show_progress)
    if not services().config.preview:
        # For the next start, which visitors wait for when it is that of another version.
        with suppress(TemplateSyntaxError):
            compile_templates(app.jinja_env)
    return f"Built {built.pages} pages" if built.is_new else "Nothing changed", built.output

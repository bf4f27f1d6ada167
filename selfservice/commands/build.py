"""`loket build`: the site, into output/."""

from __future__ import annotations

import sys
import threading
import time

import click
from flask import current_app
from flask.cli import with_appcontext

from selfservice.publish.build import BuildError
from selfservice.publish.build import build as build_site
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


def run_build(*, compress: bool = True, quiet: bool = False) -> None:
    """Build with the current app. Ends the command with the problems, one a line, when it cannot be done.

    `quiet`: it says only which steps take longer than a second.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (how Flask names it)
    config = services().config
    started = time.perf_counter()
    slow = SlowSteps()
    try:
        built = build_site(app, config, compress=compress, progress=slow if quiet else show_progress)
    except BuildError as error:
        count = len(error.problems)
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(f"loket: the site was not built: {count} {'thing' if count == 1 else 'things'} to mend, named above")
    finally:
        slow.end()
    if not quiet:
        click.echo(f"Built {built.pages} pages in {time.perf_counter() - started:.2f} s: {built.output}", err=True)


@click.command("build")
@click.option("--no-compress", is_flag=True, help="Leave out the .br and .gz copies.")
@with_appcontext
def command(no_compress: bool) -> None:
    """Build the help site from content/."""
    run_build(compress=not no_compress)

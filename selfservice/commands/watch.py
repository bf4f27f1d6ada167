"""`loket watch`: beside `loket serve --reload`, builds again at each saved edit."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

import click
from flask import Flask
from watchfiles import Change, watch

from selfservice.app import create_app
from selfservice.commands.catalogs import CatalogError, compile_stale
from selfservice.config import PACKAGE, Config, ConfigError, load
from selfservice.facts.kinds import FactError
from selfservice.facts.rights import RightsError
from selfservice.problems import Problem, ProblemError
from selfservice.publish.build import BuildError, build
from selfservice.publish.checks import check
from selfservice.publish.embed import EmbedError

STATUS = "preview.json"  # what the page in the browser asks for (site/static/preview/preview.js)
STEP_MILLISECONDS = 10
DEBOUNCE_MILLISECONDS = 40
POLL_MILLISECONDS = 1000
# What the server's processes have read once and for all.
_KEPT_BY_SERVER = {".py", ".po"}


@click.command("watch", hidden=True)
def command() -> None:
    """Build again whenever something under content/, site/ or the forms' templates is saved."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(stop))
    preview = Preview(load())
    folders = [preview.config.content, PACKAGE, *(preview.config.root / name for name in ("site", "translations"))]
    edits = watch(
        *folders,
        watch_filter=_matters,
        step=STEP_MILLISECONDS,
        debounce=DEBOUNCE_MILLISECONDS,
        stop_event=stop,
        rust_timeout=POLL_MILLISECONDS,
        yield_on_timeout=True,
    )
    for changes in edits:
        # The first time round the watching has begun: what was saved before that is built too.
        if changes or not preview.count:
            preview.rebuild([Path(path) for _, path in changes])


def _end(stop: threading.Event) -> None:
    """Stop, also in the middle of a build."""
    if stop.is_set():
        return
    stop.set()
    sys.exit(0)


def _matters(change: Change, path: str) -> bool:
    suffix = Path(path).suffix
    return suffix in {".md", ".toml", ".html", ".css", ".js", ".po", ".txt", ".py", ".svg", ".png", ".jpg", ".webp"}


class Preview:
    """What the editor sees: the site as it was last without mistakes, and what is wrong with it now."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.count = 0
        self._app: Flask | None = None
        self._problems: list[Problem] = []

    def rebuild(self, changed: Collection[Path] = ()) -> list[Problem]:
        """Build what is in the content folder now, and show it, or what keeps it from being shown. Never raises for
        what an editor wrote.
        """
        self.count += 1
        if any(path.suffix != ".md" for path in changed):
            self._app = None
        if _KEPT_BY_SERVER & {path.suffix for path in changed}:
            os.kill(os.getppid(), signal.SIGHUP)
        errors = self._build()
        self._tell(errors)
        if self._app is not None and not errors:
            # Only now: nobody waits for these.
            self._show([problem for problem in check(self._app, self.config) if not problem.error])
        return errors

    def _build(self) -> list[Problem]:
        try:
            compile_stale()
            self._app = self._app or create_app(self.config)
            build(self._app, self.config, compress=False)
        except BuildError as error:
            return error.problems
        except (ConfigError, FactError, RightsError, CatalogError, EmbedError, OSError) as error:
            self._app = None
            return [_problem(error)]
        return []

    def _tell(self, problems: Sequence[Problem]) -> None:
        """On the terminal: problems, or once that they are mended."""
        for problem in problems:
            click.echo(str(problem), err=True)
        if self._problems and not problems:
            click.echo("Mended: the site shows what you saved", err=True)
        sys.stderr.flush()
        self._problems = list(problems)
        self._show(problems)

    def _show(self, problems: Sequence[Problem]) -> None:
        """In the browser. In one move, since it is asked for all the time."""
        paths = {}
        if self._app is not None:
            pages = self._app.extensions["layout"].pages().values()
            paths = {f"content/{page.lang}/{page.key}.md": page.path for page in pages}
        status = {
            "build": f"{os.getpid()}.{self.count}",
            "problems": [
                {"text": str(problem), "error": problem.error, "path": paths.get(problem.file)} for problem in problems
            ],
        }
        if not self.config.site.is_dir():
            return
        file = self.config.site / STATUS
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(status), "utf-8")
        fresh.replace(file)


def _problem(error: Exception) -> Problem:
    """What keeps an app from being made."""
    return error.problem if isinstance(error, ProblemError) else Problem("content", 1, str(error))

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
from selfservice.builds import SITE as SITE_FILES
from selfservice.builds import Builds
from selfservice.commands.catalogs import CatalogError, compile_stale
from selfservice.config import PACKAGE, Config, ConfigError, load
from selfservice.facts.kinds import FactError
from selfservice.facts.rights import RightsError
from selfservice.problems import Problem, ProblemError
from selfservice.publish.build import BuildError, build
from selfservice.publish.checks import check
from selfservice.publish.embed import EmbedError
from selfservice.site_config import SITE, load_site

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
    """Whether a file is one of those that the site is made from, not of an editor's program or of Python's."""
    name = Path(path).name
    return not name.startswith((".", "#")) and not name.endswith(("~", ".pyc", ".mo", ".new", ".swp", ".tmp", ".orig"))


class Preview:
    """What the editor sees: the site as it was last without mistakes, and what is wrong with it now."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.count = self._restarts = 0
        self._app: Flask | None = None
        self._problems: list[Problem] = []

    def rebuild(self, changed: Collection[Path] = ()) -> list[Problem]:
        """Build what is in the content folder now, and show it, or what keeps it from being shown. Never raises for
        what an editor wrote.
        """
        self.count += 1
        if self._is_other_site():
            self._start_anew()
        if any(path.suffix != ".md" for path in changed):
            self._app = None
        if _KEPT_BY_SERVER & {path.suffix for path in changed}:
            self._restarts += 1
            os.kill(os.getppid(), signal.SIGHUP)
        errors = self._build()
        self._tell(errors)
        if self._app is not None and not errors:
            # Only now: nobody waits for these.
            self._show([problem for problem in check(self._app, self.config) if not problem.error])
        return errors

    def _is_other_site(self) -> bool:
        """Whether site.toml is another than this process was started with, and right."""
        try:
            return load_site(self.config.content) != SITE
        except ConfigError:
            return False

    def _start_anew(self) -> None:
        """A process serves one site. The server's do so by themselves."""
        os.execv(sys.executable, [sys.executable, "-m", "selfservice", "watch"])  # noqa: S606 (ourselves)

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
        current = Builds(self.config.output).current()
        if current is None:
            return
        status = {
            # When it is another, the page in the browser is loaded anew.
            "build": f"{os.getpid()}.{self._restarts}.{current.name}",
            "problems": [
                {"text": str(problem), "error": problem.error, "path": paths.get(problem.file)} for problem in problems
            ],
        }
        file = current / SITE_FILES / STATUS
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(status), "utf-8")
        fresh.replace(file)


def _problem(error: Exception) -> Problem:
    """What keeps an app from being made."""
    return error.problem if isinstance(error, ProblemError) else Problem("content", 1, str(error), see="files")

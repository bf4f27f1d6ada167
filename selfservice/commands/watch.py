"""`loket watch`: beside `loket serve --reload`, builds again at each saved edit."""

from __future__ import annotations

import ast
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import click
from flask import Flask
from jinja2 import TemplateError, TemplateSyntaxError
from watchfiles import Change, watch

from selfservice import clock
from selfservice.app import create_app, succeed
from selfservice.builds import SITE as SITE_FILES
from selfservice.builds import Builds
from selfservice.commands.catalogs import CatalogError, compile_stale
from selfservice.config import PACKAGE, Config, ConfigError, load
from selfservice.facts.kinds import FactError
from selfservice.facts.rights import RightsError
from selfservice.i18n.languages import TIMEZONE
from selfservice.problems import Problem, ProblemError
from selfservice.publish.build import Builder, BuildError, BuildResult
from selfservice.publish.content import in_order
from selfservice.publish.page_advice import PageAdvice
from selfservice.publish.reading.embed import EmbedError
from selfservice.site_config import SITE, load_site

STATUS = "preview.json"  # what the page in the browser asks for (site/static/preview/preview.js)
STEP_MILLISECONDS = 10  # a save is over when nothing more was written for so long
DEBOUNCE_MILLISECONDS = 40
POLL_MILLISECONDS = 200
# Some programs empty or remove a file before they write it: so long we wait for the rest. A mistake is told so much
# later too, since it may be half of an edit.
HALF_SAVED_SECONDS = 0.15
MISTAKE_SECONDS = 0.05
# An edit that is shown already is built when nothing else was saved for so long.
QUIET_SECONDS = 1.0
# What processes have read once and for all.
_KEPT_BY_PROCESSES = {".py", ".po"}


class Edits:
    """The files that were saved and not yet built, from the thread that watches to the one that builds."""

    def __init__(self) -> None:
        self._paths: set[Path] = set()
        self._event, self._lock = threading.Event(), threading.Lock()
        self.has_begun = self.has_ended = False

    def watch(self, folders: Sequence[Path], stop: threading.Event) -> None:
        """Collect what is saved in these folders, until told to stop."""
        try:
            for changes in watch(
                *folders,
                watch_filter=_matters,
                step=STEP_MILLISECONDS,
                debounce=DEBOUNCE_MILLISECONDS,
                stop_event=stop,
                rust_timeout=POLL_MILLISECONDS,
                yield_on_timeout=True,
                raise_interrupt=False,
            ):
                # The first time round the watching has begun: what was saved before that is built too.
                if changes or not self.has_begun:
                    self.has_begun = True
                    self.add(Path(path) for _, path in changes)
        finally:
            self.has_ended = True
            self._event.set()

    def add(self, paths: Iterable[Path]) -> None:
        """These were saved."""
        with self._lock:
            self._paths.update(paths)
            self._event.set()
        # Who builds what is shown already leaves that, wherever it is.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether something was saved that was not taken, at the latest after so many seconds."""
        return self._event.wait(seconds)

    def take(self) -> set[Path]:
        """What was saved since the last time."""
        with self._lock:
            paths, self._paths = self._paths, set()
            if not self.has_ended:
                self._event.clear()
        return paths


@click.command("watch", hidden=True)
def command() -> None:
    """Build again whenever something under content/, site/ or the forms' templates is saved."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(stop))
    edits = Edits()
    preview = Preview(load(), edits.wait)
    signal.signal(signal.SIGUSR1, lambda *_: preview.interrupt())
    content = preview.config.content
    folders = [content, PACKAGE, *(preview.config.root / name for name in ("site", "translations"))]
    threading.Thread(target=edits.watch, args=(folders, stop), daemon=True).start()
    waiting: set[Path] = set()
    while edits.wait() and not edits.has_ended:
        waiting |= edits.take()
        if any(map(_is_half_saved, waiting)) and edits.wait(HALF_SAVED_SECONDS):
            waiting |= edits.take()
        # What some programs make beside a file while they save it.
        changed = {path for path in waiting if path.suffix or path.exists()}
        if changed or not preview.count:
            try:
                preview.rebuild(changed)
            except SupersededError:
                continue
        waiting = set()
    sys.exit("loket: the preview cannot see what is saved")  # it is started again


def _end(stop: threading.Event) -> None:
    """Stop, also in the middle of a build."""
    if stop.is_set():
        return
    stop.set()
    sys.exit(0)


def _matters(change: Change, path: str) -> bool:
    """Whether a file is one of those that the site is made from, not of an editor's program or of Python's."""
    name = Path(path).name
    ours = (".pyc", ".mo", ".new")
    theirs = ("~", ".swp", ".tmp", ".orig", "_")
    return not name.startswith((".", "#")) and not name.isdigit() and not name.endswith(ours + theirs)


def _is_half_saved(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except OSError:
        return True


class SupersededError(Exception):
    """Something else was saved before all was done."""


class Preview:
    """What the editor sees: the site as it was last without mistakes, and what is wrong with it now.

    `is_edited` says whether something else is saved within so many seconds.
    """

    def __init__(self, config: Config, is_edited: Callable[[float], bool] = lambda _: False) -> None:
        self.config = config
        self.count = 0
        self._is_edited = is_edited
        self._builder = Builder(config, compress=False, is_index_later=True)
        self._app: Flask | None = None
        self._is_app_stale = self._may_wait = False
        self._problems: list[Problem] = []
        self._advice = PageAdvice()
        self._advised: list[Problem] = []
        self._session, self._shown = f"{os.getpid()}.{time.time_ns()}", 0

    def rebuild(self, changed: Collection[Path] = ()) -> list[Problem]:
        """Build what is in the content folder now, and show it, or what keeps it from being shown. Never raises for
        what an editor wrote. Raises SupersededError when there is another edit, before all was done for these.
        """
        self.count += 1
        if self._is_other_site():
            self._start_anew()
        if _KEPT_BY_PROCESSES & {path.suffix for path in changed}:
            self._replace_processes(changed)
        self._is_app_stale |= any(path.suffix != ".md" for path in changed)
        is_shown = self._show_at_once(changed)
        # What is shown already need not be built while there is something else to show.
        self._may_wait = is_shown
        try:
            if is_shown and self._is_edited(QUIET_SECONDS):
                raise SupersededError
            errors, result = self._build()
        finally:
            self._may_wait = False
        if errors and self._is_edited(MISTAKE_SECONDS):
            raise SupersededError
        self._tell(errors)
        if result is not None and self._app is not None and result.content is not None:
            # Only now: nobody waits for these.
            with suppress(SupersededError):
                self._builder.make_index(self._go_on)
                today = clock.now().astimezone(TIMEZONE).date()
                advice = self._advice.find(self._app, self.config, result.content, today, self._go_on)
                self._advised = in_order({*result.problems, *advice})
                self._show(self._advised)
        return errors

    def interrupt(self) -> None:
        """Something else was saved: leave a build of what is shown already."""
        if self._may_wait:
            self._may_wait = False
            raise SupersededError

    def _go_on(self) -> None:
        if self._is_edited(0):
            raise SupersededError

    def _is_other_site(self) -> bool:
        """Whether site.toml is another than this process was started with, and right."""
        try:
            return load_site(self.config.content) != SITE
        except ConfigError:
            return False

    def _start_anew(self) -> None:
        """A process serves one site, with one program. The server's know of another site by themselves."""
        os.execv(sys.executable, [sys.executable, "-m", "selfservice", "watch"])  # noqa: S606 (ourselves)

    def _replace_processes(self, changed: Collection[Path]) -> None:
        """Go on with the program and the texts as they are now, unless they are broken."""
        try:
            for path in changed:
                if path.suffix == ".py" and path.exists():
                    ast.parse(path.read_bytes(), path.name)
            compile_stale()
        except (SyntaxError, ValueError) as error:
            click.echo(str(error), err=True)
            return
        except (CatalogError, OSError):  # told when it is built
            return
        os.kill(os.getppid(), signal.SIGHUP)
        self._start_anew()

    def _show_at_once(self, changed: Collection[Path]) -> bool:
        """Show these edits before they are built; returns whether that could be done."""
        if self._app is None or self._is_app_stale or self._problems:
            return False
        try:
            count = self._builder.show_at_once(self._app, changed)
        except TemplateError:  # told when it is built
            return False
        if not count:
            return count is not None
        self._shown += 1
        files = {f"content/{path.parent.name}/{path.name}" for path in changed}
        self._show([problem for problem in self._advised if problem.file not in files])
        return True

    def _build(self) -> tuple[list[Problem], BuildResult | None]:
        is_stale = self._app is None or self._is_app_stale
        try:
            compile_stale()
            if self._app is None or is_stale:
                self._app = succeed(self._app, self.config) if self._app else create_app(self.config)
                self._is_app_stale = False
            result = self._builder.build(self._app)
        except BuildError as error:
            return error.problems, None
        except TemplateError as error:
            return [_template_problem(error)], None
        except (ConfigError, FactError, RightsError, CatalogError, EmbedError, OSError) as error:
            self._is_app_stale = True
            return [_problem(error)], None
        if result.is_new and (is_stale or any(name.startswith(SITE_FILES) for name in result.differing)):
            self._shown += 1
        return [], result

    def _tell(self, problems: Sequence[Problem]) -> None:
        """On the terminal: problems, or once that they are mended."""
        for problem in problems:
            click.echo(str(problem), err=True)
        if self._problems and not problems:
            click.echo("Mended: the site shows what you saved", err=True)
        sys.stderr.flush()
        self._problems = list(problems)
        # What must be mended comes first, and what was advised of the site before may not be so any more.
        self._show(problems or self._advised)

    def _show(self, problems: Sequence[Problem]) -> None:
        """In the browser. In one move, since it is asked for all the time."""
        paths = {}
        if self._app is not None and problems:
            pages = self._app.extensions["layout"].pages().values()
            paths = {f"content/{page.lang}/{page.key}.md": page.path for page in pages}
        current = Builds(self.config.output).current()
        if current is None:
            return
        status = {
            # When it is another, the page in the browser is loaded anew.
            "build": f"{self._session}.{self._shown}",
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
    return error.problem if isinstance(error, ProblemError) else Problem("content", 1, str(error), see="site")


def _template_problem(error: TemplateError) -> Problem:
    name, line = (error.name, error.lineno) if isinstance(error, TemplateSyntaxError) else (None, 1)
    return Problem(f"site/templates/{name or ''}", line, f"{error.message} (a template)", see="site")

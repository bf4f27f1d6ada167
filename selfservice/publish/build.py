"""Building the site: Pelican over the content, and around it what the web expects of a site. A build costs what
changed: the former build and the pages as they were read are its cache.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask import Flask
from pelican import Pelican
from pelican.log import console as pelican_console
from pelican.settings import read_settings

from selfservice import clock
from selfservice.builds import PAGES, SEARCH, SITE, Builds, Notes, notes_of
from selfservice.config import Config
from selfservice.i18n.languages import current_language, using_language
from selfservice.problems import Problem
from selfservice.publish.at_once import LastBuild, show_at_once
from selfservice.publish.changes import SECURITY
from selfservice.publish.content import Content, in_order, read_content
from selfservice.publish.garbage import not_collected
from selfservice.publish.inputs import (
    INPUTS,
    STAMPS,
    Inputs,
    bytes_of,
    digest,
    files_key,
    inputs_key,
    is_as_made,
    scan,
    settings_key,
)
from selfservice.publish.page_cache import PageCache
from selfservice.publish.plugin import Plugin
from selfservice.publish.program import program_version
from selfservice.publish.reading.embed import FormStarts
from selfservice.publish.reading.schedule import next_change
from selfservice.publish.reading.searches import entries_with_wordings, read_searches
from selfservice.publish.rules.staleness import FILE as RECORD
from selfservice.publish.rules.staleness import write_record
from selfservice.publish.site_pages import site_pages
from selfservice.publish.writing import files, page_list
from selfservice.publish.writing.content_copy import copy_content, first_difference
from selfservice.publish.writing.former_files import keep_former_files
from selfservice.publish.writing.indexing import Indexing
from selfservice.publish.writing.outputs import FOLDER_MODE, Outputs
from selfservice.publish.writing.page_writer import PageWriter
from selfservice.publish.writing.redirects import write_redirects
from selfservice.web.moved import FILE as REDIRECTS
from selfservice.web.pages import PageInfo

ATTEMPTS = 3  # while somebody goes on saving
SECURITY_DAYS = 30  # security.txt holds for a year; after so many days it is worth a build


class BuildError(Exception):
    """The site was not built and what was there before is untouched. `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass
class BuildResult:
    """What came of a build."""

    pages: int
    output: Path
    problems: list[Problem] = field(default_factory=list)
    next_change: dt.datetime | None = None  # when it is no longer what it should be
    is_new: bool = True  # not when there is nothing that changed; `output` is then what was served already
    former: Path | None = None  # what was served before
    inputs: str = ""  # the key of what it was made from (inputs.py)
    differing: set[str] = field(default_factory=set)  # files of the build that differ from the former's
    content: Content | None = None  # what was read


class _ErrorCollector(logging.Handler):
    """Pelican logs errors and goes on; a page that silently is not there is worse than a build that stops."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def pelican_settings(config: Config, output: Path, plugin: Plugin) -> dict[str, Any]:
    """Pelican's settings: pelicanconf.py plus what only this build knows."""
    own = {
        "PATH": str(config.content),
        "OUTPUT_PATH": str(output),
        "THEME": str(config.root / "site"),
        "SITEURL": config.base_url,
        "PLUGINS": [plugin],
    }
    read: dict[str, Any] = read_settings(str(config.root / "pelicanconf.py"), own)
    return read


Progress = Callable[[str], None]
Advice = Callable[[Flask, Config, Content, dt.date], list[Problem]]


def build(
    app: Flask,
    config: Config,
    *,
    compress: bool = True,
    progress: Progress = lambda _: None,
    advice: Advice | None = None,
) -> BuildResult:
    """Build the whole site, with all that it was made from beside it, and serve it from then on, in one move. When
    nothing changed, what is served stays. With advice, what could be better in the pages is among the problems.

    Raises BuildError, leaving what is served as it was.
    """
    return Builder(config, compress=compress, advice=advice).build(app, progress)


class Builder:
    """Builds of one site, one after another: what is in memory need not be read again."""

    def __init__(
        self, config: Config, *, compress: bool = True, advice: Advice | None = None, is_index_later: bool = False
    ) -> None:
        """`is_index_later`: builds go on with the former search index until `make_index` is called."""
        self._config = config
        self._compress = compress
        self._advice = advice
        self._is_index_later = is_index_later
        self._start_index: Callable[[Indexing], None] | None = None  # when that was left for later
        self._made: LastBuild | None = None
        self._last: LastBuild | None = None  # the one that is served, when we made it
        self._builds = Builds(config.output)
        self._cache: PageCache | None = None
        self._starts: tuple[Flask, dict[tuple[str, str], PageInfo], FormStarts] | None = None

    def build(self, app: Flask, progress: Progress = lambda _: None) -> BuildResult:
        """Build with this app, whose facts and templates are as they are now. Raises BuildError."""
        config, builds, now = self._config, self._builds, clock.now()
        with builds.lock(lambda: progress("Waiting for another build")):
            former, made_from = builds.current(), builds.holding(config.content)
            if former and made_from not in (None, former):
                # It was to be made anew from what it was made from, and something else was published meanwhile.
                return BuildResult(0, former, is_new=False)
            for _ in range(ATTEMPTS):
                unfinished = builds.start()
                try:
                    result, saved = self._build(app, unfinished, former, progress)
                    if not saved:
                        day = app.extensions["layout"].facts.day
                        self._publish(result, made_from, now, day)
                        if self._made:
                            self._last = replace(self._made, build=result.output)
                        return result
                finally:
                    shutil.rmtree(unfinished, ignore_errors=True)
        message = "was saved while the site was being built, which is as it was: build it again"
        raise BuildError([Problem(f"content/{saved}", 1, message, see="files")])

    def show_at_once(self, app: Flask, paths: Collection[Path]) -> int | None:
        """Show these edits before they are built, in a preview. Returns how many pages are others now, None when that
        cannot be done.
        """
        last = self._last
        if not (paths and self._cache and last and last.app is app and last.build == self._builds.current()):
            return None
        return show_at_once(last, self._cache, self._config, paths)

    def make_index(self, wait: Callable[[], None]) -> None:
        """Make the search index of the last build, if that was left for later. `wait` is called meanwhile; what it
        raises ends that.
        """
        if self._start_index is None or self._last is None:
            return
        folder = self._last.build / SEARCH
        with closing(Indexing(folder, folder)) as indexing:
            self._start_index(indexing)
            indexing.finish(wait)
        self._start_index = None

    def _build(
        self, app: Flask, unfinished: Path, former: Path | None, progress: Progress
    ) -> tuple[BuildResult, str | None]:
        """Build in this folder; returns the first file that was saved meanwhile too."""
        config = self._config
        unfinished.chmod(FOLDER_MODE)  # the front reads it as an account of its own (builds.py)
        started, facts = time.time_ns(), app.extensions["layout"].facts
        # Asked for a form, the app sets the language of the form.
        with using_language(current_language()), not_collected():
            content, problems, differing = self._make(app, unfinished, former, progress)
            if self._cache and not self._is_index_later:  # it takes its time, and what changed since is read in none
                self._cache.save()
        differing |= copy_content(config.content, content.stamps, unfinished, former)
        (unfinished / STAMPS).write_text(json.dumps(content.stamps), "utf-8")
        saved = None if config.preview else first_difference(content.stamps, scan(config.content))
        every = (*content.pages.values(), *content.unseen.values())
        change = next_change((page.publication for page in every), facts)
        result = BuildResult(len(content.pages), unfinished, problems, change, former=former)
        if not config.preview:  # which writes into its builds
            result.inputs = inputs_key(config, content.stamps, started, facts.day, compress=self._compress)
        result.content, result.differing = content, differing
        # What an app has in memory is in no file of the site.
        is_other_app = config.preview and self._last is not None and self._last.app is not app
        result.is_new = former is None or is_other_app or not _is_same(former, differing, clock.now())
        return result, saved

    def _publish(self, result: BuildResult, made_from: Path | None, now: dt.datetime, day: dt.date) -> BuildResult:
        """Serve what was built from now on, unless it is what is served already."""
        former, change = result.former, result.next_change.isoformat() if result.next_change else ""
        notes = Notes(now.isoformat(), program_version(), day.isoformat(), next_change=change)
        if former is not None:
            known = notes_of(former)
            is_over = bool(known.next_change) and now >= dt.datetime.fromisoformat(known.next_change)
            if known.program == notes.program and not is_over and not result.is_new:
                # Nobody need look again until something is saved.
                self._note_inputs(result, former)
                result.output = former
                return result
            # One made from what the current one was made from is the same publication, on another day.
            is_anew = made_from is not None
            notes = replace(
                notes,
                before=known.before if is_anew else former.name,
                went_back=is_anew and known.went_back,
                former=keep_former_files(former, result.output, now),
            )
        self._note_inputs(result, result.output)
        result.output, result.is_new = self._builds.finish(result.output, now, notes), True
        self._builds.switch(result.output)
        self._builds.prune()
        return result

    def _note_inputs(self, result: BuildResult, build: Path) -> None:
        """Let it be found out without us that there is nothing to build."""
        if result.inputs:
            warnings = list(map(str, result.problems)) if self._advice else None
            Inputs(result.inputs, files_key(build), result.pages, warnings).write(build)

    def _make(
        self, app: Flask, build: Path, former: Path | None, progress: Progress
    ) -> tuple[Content, list[Problem], set[str]]:
        """Write the site and its search index into the folder; returns what could be better, and what differs from the
        former.
        """
        config = self._config
        settings = digest(settings_key(config), app.extensions["rights"].all, app.extensions["fragments"])
        progress("Reading pages")
        if self._cache is None:
            self._cache = PageCache(config.output, settings)
        self._cache.set_key(settings)
        content = read_content(app, config, cache=self._cache, starts=self._kept_starts(app))
        if content.errors():
            if content.is_resolved and not config.preview:
                content.resolve(content.pages.values())
            self._advise(app, content)
        self._starts = app, {place: page.info for place, page in content.pages.items()}, content.starts
        pages = site_pages(content)
        writer = PageWriter(app, content, settings)
        is_whole = former is not None and is_as_made(former)
        indexing = Indexing(build / SEARCH, former / SEARCH if former and is_whole else None)
        known = self._last.outputs if self._last and self._last.build == former else None
        with closing(indexing), closing(Outputs(build, former, compress=self._compress, known=known)) as outputs:
            unwritten = writer.unwritten(pages, outputs)
            content.resolve(page.source for page in unwritten)
            site, searches = content.site(app), read_searches(config.content)
            pins, worded = searches.pins(site), searches.worded(site)
            problems = self._advise(app, content, searches.problems)

            def start_index(indexing: Indexing) -> None:
                indexing.start(entries_with_wordings(site, worded), searches.words(), pins)

            is_later = self._is_index_later and former is not None and is_whole and _link_index(former, build)
            if not is_later:
                start_index(indexing)
            progress("Writing pages")
            _run_pelican(config, build, lambda: writer.write_all(unwritten, outputs))
            files.write(app, content, pages, outputs, writer)
            write_redirects(app, content.addresses, build, outputs)
            write_record(content.translations.record, build)
            progress("Making the search index")
            indexing.finish()
            differing = {f"{SITE}/{path}" for path in outputs.finish()}
        if not is_whole:
            differing.add(INPUTS)
        if former is None or scan(build / SEARCH) != scan(former / SEARCH):
            differing.add(SEARCH)
        page_list.write(build, content, preview=config.preview)
        for name in (REDIRECTS, RECORD, PAGES):
            if former is None or bytes_of(build / name) != bytes_of(former / name):
                differing.add(name)
        self._made = LastBuild(app, content, pages, writer, outputs.made, build)
        self._start_index = start_index if is_later else None
        return content, problems, differing

    def _advise(self, app: Flask, content: Content, others: Iterable[Problem] = ()) -> list[Problem]:
        """What is wrong and, if that is asked for, what could be better. Raises BuildError when something must be
        mended; unless advice is asked for, nothing else is named then.
        """
        found = {*content.all_problems(), *others}
        if self._advice is not None and content.is_resolved:
            found.update(self._advice(app, self._config, content, app.extensions["layout"].facts.day))
        problems = in_order(found)
        if errors := [problem for problem in problems if problem.error]:
            raise BuildError(errors if self._advice is None else problems)
        return problems

    def _kept_starts(self, app: Flask) -> FormStarts | None:
        """The start states of the forms, which may show what the pages say of themselves."""
        if self._starts is None or self._starts[0] is not app or self._cache is None:
            return None
        infos = {(page.info.lang, page.info.key): page.info for page in self._cache.pages.values()}
        return self._starts[2] if infos == self._starts[1] else None


def _link_index(former: Path, build: Path) -> bool:
    """Go on with the former search index. Returns whether that could be done."""
    try:
        names = os.listdir(former / SEARCH)  # noqa: PTH208
        (build / SEARCH).mkdir()
        for name in names:
            os.link(former / SEARCH / name, build / SEARCH / name)
    except OSError:
        shutil.rmtree(build / SEARCH, ignore_errors=True)
        return False
    return bool(names)


def _is_same(former: Path, differing: set[str], now: dt.datetime) -> bool:
    """Whether a fresh build is no other than the one that is served."""
    moment = notes_of(former).moment
    is_recent = bool(moment) and now - dt.datetime.fromisoformat(moment) < dt.timedelta(days=SECURITY_DAYS)
    return not differing - ({f"{SITE}/{SECURITY}"} if is_recent else set())


def _run_pelican(config: Config, build: Path, write: Callable[[], None]) -> None:
    plugin, logged = Plugin(write), _ErrorCollector()
    log = logging.getLogger("pelican")
    log.addHandler(logged)
    # What it says of itself is no news: that there is no reader of its own for markdown, and how many pages it wrote.
    log.propagate, pelican_console.quiet = False, True
    try:
        Pelican(pelican_settings(config, build / SITE, plugin)).run()
    finally:
        plugin.unregister()
        log.removeHandler(logged)
    if logged.messages:
        raise BuildError([Problem("content", 1, message, see="files") for message in logged.messages])

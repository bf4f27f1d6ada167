"""Building the site: Pelican over the content, and around it what the web expects of a site."""

from __future__ import annotations

import datetime as dt
import logging
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask import Flask
from pelican import Pelican
from pelican.log import console as pelican_console
from pelican.settings import read_settings

from selfservice import clock
from selfservice.builds import CONTENT, NOTES, SEARCH, SITE, Builds, Notes, notes_of
from selfservice.config import Config
from selfservice.i18n.languages import current_language, using_language
from selfservice.publish import files
from selfservice.publish.changes import SECURITY, differences
from selfservice.publish.content import read_content
from selfservice.publish.content_copy import content_files, copy_content
from selfservice.publish.former_files import keep_former_files
from selfservice.publish.indexing import Indexing
from selfservice.publish.markdown import Problem
from selfservice.publish.page_writer import PageWriter
from selfservice.publish.plugin import Plugin
from selfservice.publish.program import program_version
from selfservice.publish.redirects import write_redirects
from selfservice.publish.schedule import next_change
from selfservice.publish.searches import entries_with_wordings, read_searches
from selfservice.publish.site_pages import site_pages
from selfservice.publish.staleness import write_record

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


def build(app: Flask, config: Config, *, compress: bool = True, progress: Progress = lambda _: None) -> BuildResult:
    """Build the whole site, with all that it was made from beside it, and serve it from then on, in one move. When
    nothing changed, what is served stays.

    Raises BuildError, leaving what is served as it was.
    """
    builds, now = Builds(config.output), clock.now()
    with builds.lock(lambda: progress("Waiting for another build")):
        former, made_from = builds.current(), builds.holding(config.content)
        if former and made_from not in (None, former):
            # It was to be made anew from what it was made from, and something else was published meanwhile.
            return BuildResult(0, former, is_new=False)
        unfinished = builds.start()
        try:
            copied = copy_content(config.content, unfinished / CONTENT, former)
            result = make(app, replace(config, build=unfinished), compress=compress, progress=progress)
            if not config.preview and (saved := copied ^ content_files(config.content)):
                file = min(name for name, *_ in saved)
                message = "was saved while the site was being built, which is as it was: build it again"
                raise BuildError([Problem(f"content/{file}", 1, message)])
            day = app.extensions["layout"].facts.day
            change = result.next_change.isoformat() if result.next_change else ""
            notes = Notes(now.isoformat(), program_version(), day.isoformat(), next_change=change)
            if former is not None:
                known = notes_of(former)
                is_over = bool(known.next_change) and now >= dt.datetime.fromisoformat(known.next_change)
                if known.program == notes.program and not is_over and _is_same(former, known, unfinished, now):
                    return replace(result, output=former, is_new=False)
                # One made from what the current one was made from is the same publication, on another day.
                is_anew = made_from is not None
                notes = replace(
                    notes,
                    before=known.before if is_anew else former.name,
                    went_back=is_anew and known.went_back,
                    former=keep_former_files(former, unfinished, now),
                )
            result.output, result.former = builds.finish(unfinished, now, notes), former
            builds.switch(result.output)
            builds.prune()
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return result


def _is_same(former: Path, known: Notes, fresh: Path, now: dt.datetime) -> bool:
    """Whether a fresh build is no other than the one that is served."""
    kept = [f"{SITE}/{name}{ending}" for name in known.former for ending in ("", ".br", ".gz")]
    found = differences(former, fresh, {NOTES, *kept})
    is_recent = now - dt.datetime.fromisoformat(known.moment) < dt.timedelta(days=SECURITY_DAYS)
    return not found or (is_recent and found == {f"{SITE}/{SECURITY}"})


def make(app: Flask, config: Config, *, compress: bool, progress: Progress) -> BuildResult:
    """Write the site and its search index into the folder `config.build`. Raises BuildError."""
    former = Builds(config.output).current()
    indexing = Indexing(config.search_index, former and former / SEARCH)
    # Asked for a form, the app sets the language of the form.
    with closing(indexing), using_language(current_language()):
        return _make(app, config, indexing, compress=compress, progress=progress)


def _make(app: Flask, config: Config, indexing: Indexing, *, compress: bool, progress: Progress) -> BuildResult:
    fresh = config.site
    progress("Reading pages")
    content = read_content(app, config)
    if errors := content.errors():
        raise BuildError(errors)
    site, searches = content.site(app), read_searches(config.content)
    pins, worded = searches.pins(site), searches.worded(site)
    if searches.problems:
        raise BuildError(searches.problems)
    indexing.start(entries_with_wordings(site, worded), searches.words(), pins)
    pages = site_pages(content)
    plugin = Plugin(lambda: PageWriter(app, content.starts).write(pages, fresh))
    logged = _ErrorCollector()
    log = logging.getLogger("pelican")
    log.addHandler(logged)
    # What it says of itself is no news: that there is no reader of its own for markdown, and how many pages it wrote.
    log.propagate, pelican_console.quiet = False, True
    try:
        progress("Writing pages")
        Pelican(pelican_settings(config, fresh, plugin)).run()
    finally:
        plugin.unregister()
        log.removeHandler(logged)
    if logged.messages:
        raise BuildError([Problem("content", 1, message) for message in logged.messages])
    files.write(app, content, pages, fresh)
    write_redirects(app, content.addresses, config.published, fresh)
    write_record(content.translations.record, config.published)
    progress("Making the search index")
    indexing.finish()
    if compress:
        progress("Compressing")
        files.compress(fresh, config.cache / "compressed")
    every = (*content.pages.values(), *content.unseen.values())
    change = next_change((page.publication for page in every), app.extensions["layout"].facts)
    return BuildResult(len(content.pages), config.published, content.all_problems(), change)

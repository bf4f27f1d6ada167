"""Building the site: Pelican over the content, and around it what the web expects of a site."""

from __future__ import annotations

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
from selfservice.builds import CONTENT, Builds
from selfservice.config import Config
from selfservice.i18n.languages import current_language, using_language
from selfservice.publish import files
from selfservice.publish.checks import misplaced_files
from selfservice.publish.collisions import duplicate_addresses
from selfservice.publish.embed import FormStarts
from selfservice.publish.indexing import Indexing
from selfservice.publish.markdown import Problem
from selfservice.publish.plugin import Plugin
from selfservice.publish.reader import page_reader
from selfservice.publish.search_entries import Site
from selfservice.publish.searches import entries_with_wordings, read_searches
from selfservice.publish.tables import page_tables
from selfservice.publish.usage import demo_contacts, missing_for_code, unused_facts


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


class _ErrorCollector(logging.Handler):
    """Pelican logs errors and goes on; a page that silently is not there is worse than a build that stops."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def pelican_settings(app: Flask, config: Config, output: Path, plugin: Plugin) -> dict[str, Any]:
    """Pelican's settings: pelicanconf.py plus what only this build knows."""
    own = {
        "PATH": str(config.content),
        "OUTPUT_PATH": str(output),
        "THEME": str(config.root / "site"),
        "SITEURL": config.base_url,
        "PLUGINS": [plugin],
        "READERS": {"md": page_reader(plugin.layout.facts, page_tables(app)), "html": None, "rst": None},
    }
    read: dict[str, Any] = read_settings(str(config.root / "pelicanconf.py"), own)
    return read


Progress = Callable[[str], None]


def build(app: Flask, config: Config, *, compress: bool = True, progress: Progress = lambda _: None) -> BuildResult:
    """Build the whole site, with all that it was made from beside it, and serve it from then on, in one move.

    Raises BuildError, leaving what is served as it was.
    """
    builds = Builds(config.output)
    unfinished = builds.start()
    try:
        result = make(app, replace(config, build=unfinished), compress=compress, progress=progress)
        shutil.copytree(config.content, unfinished / CONTENT, ignore=shutil.ignore_patterns(".*"))
        # The front reads it as an account of its own, whatever else of Loket's may be read (builds.py).
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        result.output = builds.finish(unfinished, clock.now())
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    builds.switch(result.output)
    builds.prune()
    return result


def make(app: Flask, config: Config, *, compress: bool, progress: Progress) -> BuildResult:
    """Write the site and its search index into the folder `config.build`. Raises BuildError."""
    with closing(Indexing(config.search_index)) as indexing:
        return _make(app, config, indexing, compress=compress, progress=progress)


def _make(app: Flask, config: Config, indexing: Indexing, *, compress: bool, progress: Progress) -> BuildResult:
    fresh = config.site
    layout = app.extensions["layout"]
    missing = missing_for_code(config, layout.facts, layout.pages())
    missing += misplaced_files(config.content)
    if wrong := missing + duplicate_addresses(config.content, layout.pages().values()):
        raise BuildError(wrong)

    def index(read: Plugin) -> None:
        site, searches = _site(app, read, starts), read_searches(config.content)
        pins, worded = searches.pins(site), searches.worded(site)
        read.problems += searches.problems
        if not any(problem.error for problem in read.problems):
            indexing.start(entries_with_wordings(site, worded), searches.words(), pins)

    starts = FormStarts(app)
    plugin = Plugin(app.extensions["layout"], app.extensions["fragments"], starts, index)
    logged = _ErrorCollector()
    log = logging.getLogger("pelican")
    log.addHandler(logged)
    # What it says of itself is no news: that there is no reader of its own for markdown, and how many pages it wrote.
    log.propagate, pelican_console.quiet = False, True
    try:
        progress("Reading and writing pages")
        with using_language(current_language()):
            Pelican(pelican_settings(app, config, fresh, plugin)).run()
    finally:
        plugin.unregister()
        log.removeHandler(logged)
    problems = plugin.problems + [Problem("content", 1, message) for message in logged.messages]
    problems += unused_facts(config, plugin.layout.facts)
    problems += demo_contacts(config, plugin.layout.facts)
    errors = [problem for problem in problems if problem.error]
    if errors:
        raise BuildError(sorted(errors, key=lambda p: (p.file, p.line)))
    with using_language(current_language()):
        files.write(app, plugin, fresh)
    progress("Making the search index")
    indexing.finish()
    if compress:
        progress("Compressing")
        files.compress(fresh, config.cache / "compressed")
    return BuildResult(len(plugin.pages), config.published, problems)


def _site(app: Flask, plugin: Plugin, starts: FormStarts) -> Site:
    """What the search's entries are made from."""
    pages = [(page.info, page.document) for page in plugin.pages]
    rights = app.extensions["rights"]
    return Site(pages, plugin.links.target, app.extensions["fragments"], starts, rights, plugin.layout.facts)

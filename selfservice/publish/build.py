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
from selfservice.builds import CONTENT, SEARCH, Builds
from selfservice.config import Config
from selfservice.i18n.languages import current_language, using_language
from selfservice.publish import files
from selfservice.publish.content import read_content
from selfservice.publish.indexing import Indexing
from selfservice.publish.markdown import Problem
from selfservice.publish.page_writer import PageWriter
from selfservice.publish.plugin import Plugin
from selfservice.publish.redirects import write_redirects
from selfservice.publish.searches import entries_with_wordings, read_searches
from selfservice.publish.site_pages import site_pages


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
    progress("Making the search index")
    indexing.finish()
    if compress:
        progress("Compressing")
        files.compress(fresh, config.cache / "compressed")
    return BuildResult(len(content.pages), config.published, content.all_problems())

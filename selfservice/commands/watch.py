"""`loket watch`: beside `loket serve --reload`, builds again at each saved edit."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import click
from flask import Flask
from watchfiles import Change, watch

from selfservice.app import create_app
from selfservice.commands.catalogs import CatalogError, compile_stale
from selfservice.config import PACKAGE, Config, ConfigError, load
from selfservice.facts.kinds import FactError
from selfservice.facts.rights import RightsError
from selfservice.publish.build import BuildError, build
from selfservice.publish.embed import EmbedError

STEP_MILLISECONDS = 20
DEBOUNCE_MILLISECONDS = 60
POLL_MILLISECONDS = 1000


@click.command("watch", hidden=True)
def command() -> None:
    """Build again whenever something under content/, site/ or the forms' templates is saved."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    config = load()
    app: Flask | None = create_app(config)
    count, problems = 0, ""
    folders = [config.content, PACKAGE, *(config.root / name for name in ("site", "translations"))]
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
        if count and not changes:
            continue
        # The first time round the watching has begun: what was saved before that is built too.
        count += 1
        is_text = all(Path(path).suffix == ".md" for _, path in changes)
        if not is_text:
            # Facts, templates and code are read by the web server's workers too.
            app = None
            os.kill(os.getppid(), signal.SIGHUP)
        former = problems
        app, problems = rebuild(config, app)
        report_build(config, count, problems, former)


def _matters(change: Change, path: str) -> bool:
    return path.endswith((".md", ".toml", ".html", ".css", ".js", ".po", ".txt", ".py", ".svg"))


def rebuild(config: Config, app: Flask | None) -> tuple[Flask | None, str]:
    """Build, with a new app when none is handed in; returns the app and what is wrong, in lines for an editor."""
    try:
        compile_stale()
        app = app or create_app(config)
        build(app, config, compress=False)
    except (BuildError, ConfigError, FactError, RightsError, CatalogError, EmbedError, OSError) as error:
        return None, str(error)
    return app, ""


def report_build(config: Config, count: int, problems: str = "", former: str = "") -> None:
    """Leave word for the browser (preview.js), and for who watches the terminal: of problems, and that those
    of the build before are mended.
    """
    (config.site / "preview.txt").write_text(f"{os.getpid()}.{count}\n{problems}\n", "utf-8")
    if problems:
        click.echo(problems, err=True)
        sys.stderr.flush()
    elif former:
        click.echo("Mended: the site shows what you saved", err=True)

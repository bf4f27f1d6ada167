"""`loket watch`: beside `loket serve --reload`, builds again at each saved edit."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import click
from watchfiles import Change, watch

from selfservice import create_app
from selfservice.commands.catalogs import CatalogError, compile_stale
from selfservice.config import Config, load
from selfservice.facts import FactError
from selfservice.publish.build import BuildError, build
from selfservice.publish.embed import EmbedError

STEP_MILLISECONDS = 30


@click.command("watch", hidden=True)
def command() -> None:
    """Build again whenever something under content/, site/ or the forms' templates is saved."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    config = load()
    count = 0
    tell(config, count)
    folders = [config.content, config.root / "site", config.root / "selfservice", config.root / "translations"]
    for changes in watch(*folders, watch_filter=_matters, step=STEP_MILLISECONDS, debounce=200, stop_event=stop):
        count += 1
        saved = {Path(path) for _, path in changes}
        tell(config, count, rebuild(config))
        if any(path.suffix != ".md" for path in saved):
            # Facts, templates and code are read by the web server's workers too.
            os.kill(os.getppid(), signal.SIGHUP)


def _matters(change: Change, path: str) -> bool:
    return path.endswith((".md", ".toml", ".html", ".css", ".js", ".po", ".txt", ".py", ".svg"))


def rebuild(config: Config) -> str:
    """Build; returns what is wrong, in lines for an editor, or nothing."""
    try:
        compile_stale()
        build(create_app(config), config, compress=False)
    except BuildError as error:
        return str(error)
    except (FactError, CatalogError, EmbedError, OSError) as error:
        return str(error)
    return ""


def tell(config: Config, count: int, problems: str = "") -> None:
    """Leave word for the browser (preview.js), and for who watches the terminal."""
    (config.output / "preview.txt").write_text(f"{os.getpid()}.{count}\n{problems}\n", "utf-8")
    if problems:
        click.echo(problems, err=True)
        sys.stderr.flush()

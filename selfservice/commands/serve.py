"""`loket serve`: everything at once: database, demo data, site, mail worker and web server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from selfservice.builds import Builds, notes_of
from selfservice.config import Config, load, read_published
from selfservice.settings import DEFAULT_PORT
from selfservice.supervisor import Supervisor

if TYPE_CHECKING:
    from flask import Flask

# All else is imported where it is used: it reads site.toml, and which one is not known before there is a build.

MAX_PROCESSES = 256


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), envvar="PORT", default=DEFAULT_PORT, help="Default: PORT, or 8000."
)
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_PROCESSES),
    default=os.cpu_count() or 1,
    help="Web server processes. Default: one a core.",
)
@click.option("--worker/--no-worker", default=True, help="Without: `loket worker` runs as a service of its own.")
@click.option("--reload", is_flag=True, help="For editors: build again at each saved edit and show it in the browser.")
def command(host: str, port: int, workers: int, worker: bool, reload: bool) -> None:
    """Migrate, build and serve the site with its forms, and send its mail."""
    config = load()
    wanted = {"PORT": str(port), "LOKET_PREVIEW": "1" if reload or config.preview else ""}
    if wanted != {"PORT": os.environ.get("PORT", str(DEFAULT_PORT)), "LOKET_PREVIEW": "1" if config.preview else ""}:
        # Settings are read once, at the start; so start again with these. A demonstration's address has its port.
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, "-m", "selfservice", *sys.argv[1:]])  # noqa: S606 (ourselves)
    # Stopped before the web server listens to that itself, this must not leave the others behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _check_settings(config)
    _check_port_is_free(host, port)
    _begin(config, compress=not reload)

    from selfservice import logs, metrics
    from selfservice.commands.serve_log import log_to_file

    # A preview may run beside the site itself, with the same database.
    metrics.start(config.database.parent / ("metrics-of-preview" if config.preview else "metrics"))
    # For real, its service manager keeps what is written.
    log = config.database.with_name("preview.log" if config.preview else "serve.log") if config.demo else None
    _print_addresses(config, log)
    with log_to_file(log) if log else nullcontext() as terminal:
        logs.to_stderr()
        _serve(host, port, 1 if reload else workers, worker=worker, reload=reload, terminal=terminal)


def _check_settings(config: Config) -> None:
    """The worker would end at once without a way for mail, and the site would go on without it. Raises ConfigError."""
    if config.smtp_url or not config.demo:
        from selfservice.mail.smtp import smtp_transport

        smtp_transport(config)


def _begin(config: Config, *, compress: bool) -> None:
    """Build the site and, meanwhile, make the database ready. When it cannot be built, the last build is served."""
    builds = Builds(config.output)
    before, environment = builds.current(), dict(os.environ)
    read_published(os.environ)
    # What is in content/ is then what was gone back from, until somebody publishes it.
    went_back = before is not None and notes_of(before).went_back
    if went_back:
        environment = dict(os.environ)
    with _build(environment, compress=compress, quiet=config.demo) as building:
        app: Flask | None = None
        with suppress(Exception):  # whatever it is: what is built now is tried below
            app = _app()
        if app is not None:
            _prepare(app)
            if building.poll() is None:
                # The processes that are started next would each do so at once.
                from selfservice.web.layout import compile_templates

                with suppress(Exception):  # a template that cannot be read is told by the build
                    compile_templates(app.jinja_env)
        failed = building.wait()
    while failed and before is None and config.preview:
        _wait_for_an_edit(config.content)
        with _build(environment, compress=compress, quiet=config.demo) as building:
            failed = building.wait()
    read_published(os.environ)
    if failed and before is None:
        sys.exit("loket: there is no earlier build to serve: mend what is named above")
    if failed:
        # With this version of Loket, and as it is on this day.
        with _build(dict(os.environ), compress=compress, quiet=True, stderr=subprocess.DEVNULL) as building:
            building.wait()
        click.echo(f"loket: {_published_when(builds)} is served; mend what is named above, and publish it", err=True)
    elif went_back:
        click.echo(
            f"loket: {_published_when(builds)}, to which you went back, is served; `loket publish` ends that", err=True
        )
    if app is None:
        # What was published by another version may not do for this one, and there is nothing before the first build.
        _prepare(_app())


def _wait_for_an_edit(content: Path) -> None:
    """What has nothing to show yet waits until an editor mends it."""
    from watchfiles import watch

    click.echo("loket: the preview begins when that is mended", err=True)
    next(watch(content, recursive=True))


def _published_when(builds: Builds) -> str:
    current = builds.current()
    moment = notes_of(current).moment if current else ""
    return f"what was published on {moment[:10]} at {moment[11:16]} (UTC)" if moment else "what was published last"


@contextmanager
def _build(
    environment: dict[str, str], *, compress: bool, quiet: bool, stderr: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`loket build` in a process of its own, which is ended when we are. Ctrl-C reaches it through us only."""
    words = ["build", *(() if compress else ("--no-compress",)), *(("--quiet",) if quiet else ())]
    command = [sys.executable, "-m", "selfservice", *words]
    with subprocess.Popen(command, env=environment, stderr=stderr, start_new_session=True) as building:  # noqa: S603 (ourselves)
        try:
            yield building
        finally:
            building.terminate()


def _app() -> Flask:
    from selfservice.app import create_app

    return create_app(load())


def _prepare(app: Flask) -> None:
    """Bring the database up to date, with a demonstration's data."""
    from selfservice.commands.demo import fill
    from selfservice.migrations import migrate
    from selfservice.web.services import services

    with app.app_context():
        migrate(services().db, services().keys)
        if services().config.demo:
            fill()


def _serve(host: str, port: int, workers: int, *, worker: bool, reload: bool, terminal: IO[str] | None) -> None:
    from selfservice import server

    beside = []
    if worker:
        beside.append(Supervisor("worker", lambda: subprocess.Popen([sys.executable, "-m", "selfservice", "worker"])))
    if reload:
        # What it says is for who edits.
        watch = [sys.executable, "-m", "selfservice", "watch"]
        beside.append(Supervisor("watch", lambda: subprocess.Popen(watch, stderr=terminal)))  # noqa: S603 (ourselves)
    try:
        for each in beside:
            each.start()
        server.run(host, port, workers)
    finally:
        # Asked twice, it must still end what it started.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for each in beside:
            each.stop()


def _check_port_is_free(host: str, port: int) -> None:
    """Say so before anything is built when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sys.exit(f"loket: port {port} on {host} cannot be used ({error.strerror}); choose another with PORT=")


def _print_addresses(config: Config, log: Path | None) -> None:
    """Where it is, and what to try, on one small screen."""
    from selfservice.commands.serve_log import shown
    from selfservice.db import Database
    from selfservice.demo import accounts
    from selfservice.demo.tour import account_logins
    from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, SOURCE_LANGUAGE

    click.echo(f"\n  Loket is open:  {config.base_url}/\n")
    if config.demo:
        code, email = accounts.DEMO_LOGIN
        click.echo(f"  To log in:      {code}, {email}, password: {accounts.DEMO_PASSWORD}")
        with closing(Database(config.database)) as db:
            emails = account_logins(db.read())
        if emails:
            click.echo(f"  By e-mail:      {' or '.join(emails)}, password: {accounts.ACCOUNT_PASSWORD}")
        lang = SOURCE_LANGUAGE if SOURCE_LANGUAGE in LANGUAGES else DEFAULT_LANGUAGE
        click.echo(f"  More to try:    {config.base_url}/{lang}/self-service/what-to-try")
    if log:
        click.echo(f"  Its log:        {shown(log)}")
    click.echo("  To stop:        Ctrl-C\n")
    sys.stdout.flush()

"""`loket serve`: everything at once: database, demo data, site, mail worker and web server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import IO

import click
from flask.cli import with_appcontext

from selfservice import logs, metrics, server
from selfservice.commands.build import run_build
from selfservice.commands.demo import fill
from selfservice.commands.serve_log import log_to_file, shown
from selfservice.config import Config, read_published
from selfservice.demo import accounts
from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, SOURCE_LANGUAGE
from selfservice.mailer import mail_transport
from selfservice.migrations import migrate
from selfservice.supervisor import Supervisor
from selfservice.web.services import services

MAX_PROCESSES = 256
PORT = 8000  # of a demonstration whose address is not set (config.py)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", default=PORT, help="Default: PORT, or 8000.")
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_PROCESSES),
    default=os.cpu_count() or 1,
    help="Web server processes. Default: one a core.",
)
@click.option("--worker/--no-worker", default=True, help="Without: `loket worker` runs as a service of its own.")
@click.option("--reload", is_flag=True, help="For editors: build again at each saved edit and show it in the browser.")
@with_appcontext
def command(host: str, port: int, workers: int, worker: bool, reload: bool) -> None:
    """Migrate, build and serve the site with its forms, and send its mail."""
    config = services().config
    wanted = {"PORT": str(port), "LOKET_PREVIEW": "1" if reload or config.preview else ""}
    if wanted != {"PORT": os.environ.get("PORT", str(PORT)), "LOKET_PREVIEW": "1" if config.preview else ""}:
        # Settings are read once, at the start; so start again with these. A demonstration's address has its port.
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, "-m", "selfservice", *sys.argv[1:]])  # noqa: S606 (ourselves)
    # The worker would end at once without a way for mail, and the site would go on without it.
    mail_transport(services())
    _check_port_is_free(host, port)
    metrics.start(config.database.parent / "metrics")
    migrate(services().db, services().keys)
    if config.demo:
        fill()
    run_build(compress=not reload, quiet=config.demo)
    read_published(os.environ)
    # Stopped before the web server listens to that itself, this must not leave the others behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # For real, its service manager keeps what is written.
    log = config.database.with_name("serve.log") if config.demo else None
    _print_addresses(config, log)
    with log_to_file(log) if log else nullcontext() as terminal:
        logs.to_stderr()
        _serve(host, port, 1 if reload else workers, worker=worker, reload=reload, terminal=terminal)


def _serve(host: str, port: int, workers: int, *, worker: bool, reload: bool, terminal: IO[str] | None) -> None:
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
    click.echo(f"\n  Loket is open:  {config.base_url}/\n")
    if config.demo:
        code, email = accounts.DEMO_LOGIN
        click.echo(f"  To log in:      {code}, {email}, password: {accounts.DEMO_PASSWORD}")
        lang = SOURCE_LANGUAGE if SOURCE_LANGUAGE in LANGUAGES else DEFAULT_LANGUAGE
        click.echo(f"  More to try:    {config.base_url}/{lang}/self-service/what-to-try")
    if log:
        click.echo(f"  Its log:        {shown(log)}")
    click.echo("  To stop:        Ctrl-C\n")
    sys.stdout.flush()

"""`loket worker`: sends what waits in the outbox and clears away what may no longer be kept."""

from __future__ import annotations

import signal
import threading

import click
from flask.cli import with_appcontext

from selfservice import logs
from selfservice.mails import transport, worker
from selfservice.services import services


@click.command("worker")
@with_appcontext
def command() -> None:
    """Send waiting mails until stopped (SIGTERM or Ctrl-C)."""
    logs.to_stderr()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker(services(), transport(services())).run(stop)

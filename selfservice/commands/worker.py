"""`loket worker`: sends what waits in the outbox, does jobs, and clears away what may no longer be kept."""

from __future__ import annotations

import signal
import sys
import threading

import click
from flask.cli import with_appcontext

from selfservice import logs
from selfservice.jobs.runner import JobRunner
from selfservice.mailer import mail_transport, mail_worker
from selfservice.web.layout import compile_templates
from selfservice.web.services import services


@click.command("worker")
@with_appcontext
def command() -> None:
    """Send waiting mails and do waiting jobs until stopped (SIGTERM or Ctrl-C)."""
    logs.to_stderr()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    compile_templates(services().templates)
    jobs = JobRunner(services().db, [sys.executable, "-m", "selfservice", "job"])
    try:
        mail_worker(services(), mail_transport(services()), jobs.turn).run(stop)
    finally:
        jobs.stop()

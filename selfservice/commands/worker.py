"""`loket worker`: sends what waits in the outbox, does jobs, and clears away what may no longer be kept."""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import datetime

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from selfservice import logs
from selfservice.following import Following, SiteFile
from selfservice.jobs.runner import JobRunner
from selfservice.mailer import mail_transport, mail_worker
from selfservice.publish.rules.review_mail import ReviewMail
from selfservice.renewal import Renewal
from selfservice.web.layout import compile_templates
from selfservice.web.services import Services, services


@click.command("worker")
@with_appcontext
def command() -> None:
    """Send waiting mails and do waiting jobs until stopped (SIGTERM or Ctrl-C)."""
    logs.to_stderr()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (how Flask names it)
    following, site_file = Following(services().config, app), SiteFile(services().config)
    compile_templates(following.app.jinja_env)
    ends = renews = False
    pause = threading.Event()

    def stop(*_: object) -> None:
        nonlocal ends
        ends = True
        pause.set()

    def turn(now: datetime) -> None:
        nonlocal renews
        jobs.turn(now)
        if not services().config.preview:
            renewal.turn(now)
        reviews.turn(following.app.extensions["services"], now)
        renews = renews or site_file.changed()
        if following.look() or renews:
            pause.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    jobs = JobRunner(services().db, [sys.executable, "-m", "selfservice", "job"])
    reviews, renewal = ReviewMail(), Renewal(services().config.output)
    try:
        # Mails say what the build says that is served.
        while not ends and not renews:
            pause.clear()
            if not ends:
                wired: Services = following.app.extensions["services"]
                mail_worker(wired, mail_transport(wired), turn).run(pause)
    finally:
        jobs.stop()
        renewal.stop()
    if renews and not ends:
        services().db.close()
        os.execv(sys.executable, [sys.executable, "-m", "selfservice", "worker"])  # noqa: S606 (ourselves)

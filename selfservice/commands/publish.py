"""`loket publish`: what editors wrote, checked, built and served, in one move; and back."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from selfservice.commands.build import SlowSteps, reported, show_problems
from selfservice.config import load
from selfservice.publish.build import BuildResult, build
from selfservice.publish.changes import compare
from selfservice.publish.checks import check
from selfservice.publish.undo import go_back
from selfservice.web.services import services


@click.command("publish")
@click.option(
    "--undo", is_flag=True, help="Go back to what was served before the last publication; again: further back."
)
def command(*, undo: bool) -> None:
    """Check, build and serve the help site, and say what changed; or go back. When something must be mended, nothing
    changes.
    """
    _go_back() if undo else _publish()


@with_appcontext
def _publish() -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (how Flask names it)
    config = services().config
    with SlowSteps() as slow, reported():
        slow("Checking")
        found = check(app, config)
        show_problems(found)
        built = build(app, config, progress=slow)
    if built.is_new:
        click.echo(
            f"Published, {built.pages} pages. What changed:" if built.former else f"Published, {built.pages} pages"
        )
        _show_changes(built)
    else:
        click.echo("Nothing changed: what is served is what content/ says")


def _go_back() -> None:
    # As it was published: what is being edited may be what one goes back from.
    with SlowSteps() as slow, reported():
        done = go_back(load(), lambda: slow("Waiting for another build"))
    if done is None:
        sys.exit("loket: there is nothing to go back to: nothing was served before this, or it is no longer kept")
    click.echo("Gone back to what was served before. What changed:")
    _show_changes(done)


def _show_changes(built: BuildResult) -> None:
    if built.former is not None:
        for line in compare(built.former, built.output).lines():
            click.echo(line)

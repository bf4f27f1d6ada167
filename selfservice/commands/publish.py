"""`loket publish`: what editors wrote, checked, built and served, in one move; and back."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from selfservice.builds import Builds, notes_of
from selfservice.commands import with_app
from selfservice.commands.build import SlowSteps, reported, show_problems, unchanged
from selfservice.config import load, read_published

if TYPE_CHECKING:
    from selfservice.publish.build import BuildResult

NOTHING_CHANGED = "Nothing changed: what is served is what content/ says"


@click.command("publish")
@click.option(
    "--undo", is_flag=True, help="Go back to what was served before the last publication; again: further back."
)
def command(*, undo: bool) -> None:
    """Check, build and serve the help site, and say what changed; or go back. When something must be mended, nothing
    changes.
    """
    if undo:
        _go_back()
    elif (found := unchanged()) and found[1].warnings is not None:
        for line in found[1].warnings:
            click.echo(line, err=True)
        click.echo(NOTHING_CHANGED)
    else:
        _publish()


@with_app
def _publish() -> None:
    from flask import current_app

    from selfservice.publish.build import build
    from selfservice.publish.checks import advice
    from selfservice.web.services import services

    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (how Flask names it)
    with SlowSteps() as slow, reported():
        built = build(app, services().config, progress=slow, advice=advice)
    show_problems(built.problems)
    if built.is_new:
        click.echo(
            f"Published, {built.pages} pages. What changed:" if built.former else f"Published, {built.pages} pages"
        )
        _show_changes(built)
    else:
        click.echo(NOTHING_CHANGED)


def _go_back() -> None:
    from selfservice.publish.program import program_version
    from selfservice.publish.undo import go_back

    config = load()
    # As it was published: what is being edited may be what one goes back from.
    with SlowSteps() as slow, reported():
        done = go_back(config, lambda: slow("Waiting for another build"))
    if done is None:
        sys.exit("loket: there is nothing to go back to: nothing was served before this, or it is no longer kept")
    if notes_of(done.output).program != program_version():
        done = _build_anew(done, Builds(config.output))
    click.echo("Gone back to what was served before. What changed:")
    _show_changes(done)


def _build_anew(done: BuildResult, builds: Builds) -> BuildResult:
    """Make what was gone back to with this version of Loket: its processes serve what no other one made."""
    environment = dict(os.environ)
    read_published(environment)
    command = [sys.executable, "-m", "selfservice", "build", "--quiet"]
    if subprocess.run(command, env=environment, check=False).returncode:  # noqa: S603 (ourselves)
        if done.former is not None:
            builds.switch(done.former)
        sys.exit(
            "loket: another version of Loket made what was served before, and this one cannot; nothing was changed"
        )
    return replace(done, output=builds.current() or done.output)


def _show_changes(built: BuildResult) -> None:
    from selfservice.publish.changes import compare

    if built.former is not None:
        for line in compare(built.former, built.output).lines():
            click.echo(line)

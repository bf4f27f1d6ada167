"""The `loket` command line, on Flask's own."""

from __future__ import annotations

import os
import sys

import click
from flask import Flask
from flask.cli import FlaskGroup

from selfservice import create_app
from selfservice.commands import (
    backup,
    build,
    catalogs,
    check,
    codes,
    demo,
    doctor,
    front,
    health,
    job,
    keys,
    letters,
    members,
    messages,
    migrate,
    orders,
    register,
    requests,
    restore,
    secrets,
    serve,
    watch,
    worker,
)
from selfservice.config import ConfigError, load
from selfservice.crypto import MissingKeyError
from selfservice.db import Error as DatabaseError
from selfservice.db import IntegrityError
from selfservice.facts import FactError
from selfservice.publish.embed import EmbedError
from selfservice.restore import RestoreError


def _create() -> Flask:
    catalogs.compile_stale()
    return create_app(load())


@click.group(
    cls=FlaskGroup, create_app=_create, add_default_commands=False, add_version_option=False, load_dotenv=False
)
def cli() -> None:
    """Loket: a bilingual help site with a service counter built in."""


# Flask's own options (another app, a debugger, a file of settings) do nothing here, or harm.
cli.params.clear()

for command in (
    serve, build, check, migrate, demo, worker, watch, backup, restore, health, doctor, front, requests, letters, codes,
    members, messages, register, orders, keys, job, secrets,
):  # fmt: skip
    cli.add_command(command.command)
cli.add_command(catalogs.command)


def main() -> None:
    """Run the command line. What goes wrong for a known reason is one line, and exit status 1."""
    os.environ.setdefault("FLASK_SKIP_DOTENV", "1")
    try:
        cli.main(prog_name="loket")
    except (ConfigError, MissingKeyError, RestoreError, FactError, catalogs.CatalogError, EmbedError, OSError) as error:
        sys.exit(f"loket: {error}")
    except IntegrityError as error:
        sys.exit(f"loket: the database refused a row ({error}); what went in before stays. If it does again, report it")
    except DatabaseError as error:
        sys.exit(f"loket: the database cannot be used ({error}); {_advice(str(error))}")


def _advice(error: str) -> str:
    """What to do about a database that cannot be used, by what SQLite says of it (its result codes' texts)."""
    if error.startswith("no such"):
        return "`loket migrate` makes it, or brings it up to date"
    if "locked" in error:
        return "something else is writing in it: try again"
    if "not a database" in error or "malformed" in error:
        return "it is damaged: stop Loket, and put a copy of `loket backup` in its place"
    return "look whether its disk is full, and whether this account may write there"

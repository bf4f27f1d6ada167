"""The `loket` command line. A command's module is imported when it is asked for, so that a start takes only what it
needs.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from flask import Flask

# Each command's module, and the first sentence of its help, which `loket --help` shows without importing any; a hidden
# command has none.
HELP = {
    "backup": "Copy the database to FILE (which must not exist yet) or into a folder, whole and consistent.",
    "build": "Build the help site from content/, and serve it from then on.",
    "catalogs": "Compile the translations; with --update first bring them up to the source.",
    "check": "Check the pages, the facts and the translations.",
    "codes": "Access codes: revoke, main.",
    "demo": "Fill an empty database with demo data, and print a code to try it with.",
    "doctor": "Look at everything that must be right, one line each; exit status 1 when something is wrong.",
    "feedback": "Which pages visitors found useful, and what they missed.",
    "front": "Print the Caddyfile for this site's settings.",
    "health": "Print how it is; exit status 1 when something is wrong.",
    "job": "",
    "keys": "Keys for a shop: create, list, revoke.",
    "letters": "Letters with access codes: print those that are ready, in batches, and say which were posted.",
    "members": "People with an access code: show.",
    "messages": "Mails and letters that were sent: look up.",
    "migrate": "Create the database, or bring it up to this version.",
    "new": "Begin a new form, or a new site.",
    "orders": "The orders: import, check.",
    "publish": "Check, build and serve the help site, and say what changed; or go back.",
    "register": "The organisations of the register: import, close, reopen.",
    "requests": "Requests for an access code: list, show, check, approve, reject.",
    "restore": "Put the copy in FILE in the place of the database, which is kept beside it.",
    "review": "Print which pages are to be reviewed within 30 days, or should have been, by owner.",
    "search": "Show what a search finds, and why, in the site as it was built last.",
    "searches": "What visitors searched for and did not find, the most sent first.",
    "secrets": "The secret (LOKET_SECRET_KEY) and, while it is being changed, the one before it: status, replace.",
    "serve": "Migrate, build and serve the site with its forms, and send its mail.",
    "settings": "Print all settings: what each is set to, and where.",
    "trees": "Print the question trees, for whoever has to agree with them: all, or that of PAGE (its key).",
    "watch": "",
    "worker": "Send waiting mails and do waiting jobs until stopped (SIGTERM or Ctrl-C).",
}

# Those for editors read content/, as it is being edited; all others what was published. `serve` does the one, builds,
# and then the other.
EDITORS = {"build", "catalogs", "check", "new", "publish", "review", "serve", "settings", "trees", "watch"}


# Those that say themselves which settings are wrong.
TELL_OF_SETTINGS = {"doctor", "settings"}

# Those that often have nothing to do for which Flask is needed, or do something else before.
LIGHT = {"build", "publish", "serve", "settings"}
P = ParamSpec("P")
R = TypeVar("R")


class _Commands(Mapping[str, click.Command]):
    """The commands by name, each imported when it is looked up."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in HELP:
            raise KeyError(name)
        command: click.Command = importlib.import_module(f"selfservice.commands.{name}").command
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(HELP)

    def __len__(self) -> int:
        return len(HELP)


class LazyGroup(click.Group):
    """A group that shows its help without importing its commands (Click's documentation, Complex Applications)."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names and the first lines of those that are not hidden."""
        limit = formatter.width - 6 - max(map(len, HELP))
        stubs = [click.Command(name, help=HELP[name]) for name in self.list_commands(ctx) if HELP[name]]
        shown = [(str(each.name), each.get_short_help_str(limit)) for each in stubs]
        with formatter.section("Commands"):
            formatter.write_dl(shown)


def _create() -> Flask:
    from selfservice.app import create_app
    from selfservice.config import load

    return create_app(load())


@click.group(cls=LazyGroup, commands=_Commands())
@click.version_option(package_name="loket", message="%(prog)s %(version)s")
@click.option(
    "--env-file",
    metavar="FILE",
    expose_value=False,  # main() reads it, before anything reads the settings
    help="Take settings that the environment does not have from FILE, written as for systemd's EnvironmentFile=.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Loket: a bilingual help site with a service counter built in."""
    if ctx.invoked_subcommand not in LIGHT:
        _offer_app(ctx)


def _offer_app(ctx: click.Context) -> None:
    from flask.cli import ScriptInfo

    # What with_appcontext takes the app from; a test hands in its own.
    ctx.obj = ctx.obj or ScriptInfo(create_app=_create)


def with_app(function: Callable[P, R]) -> Callable[P, R]:
    """Flask's with_appcontext for a part of a LIGHT command: makes the app only when it is called."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        from flask.cli import with_appcontext

        _offer_app(click.get_current_context())
        called: Callable[P, R] = with_appcontext(function)
        return called(*args, **kwargs)

    return call


def main() -> None:
    """Run the command line. What goes wrong for a known reason is one line, and exit status 1."""
    try:
        # Not as a hook of Click's: what it imports for a command reads site.toml.
        _take_settings(sys.argv[1:])
        cli.main(prog_name="loket")
    except Exception as error:
        from selfservice.problems import ProblemError

        if isinstance(error, ProblemError):
            sys.exit(str(error))
        reason = _known_reason(error)
        if reason is None:
            raise
        sys.exit("\n".join(f"loket: {line}" for line in reason.split("\n")))


def _take_settings(words: Sequence[str]) -> None:
    """Bring the environment to what the command is to see. Raises ConfigError for settings that are not in their form,
    but to commands that tell of them.
    """
    from selfservice import settings
    from selfservice.config import ConfigError, read_published

    file, command = _split(words)
    if not command:  # only help is asked for, or the version
        return
    if file:
        os.environ["LOKET_ENV_FILE"] = str(Path(file).absolute())
    if given := os.environ.get("LOKET_ENV_FILE"):
        from selfservice import env_file

        env_file.apply(Path(given), os.environ)
    _, errors = settings.read(os.environ)
    if errors and command not in TELL_OF_SETTINGS:
        raise ConfigError("\n".join(errors))
    if not errors and (command not in EDITORS or "--undo" in words):
        read_published(os.environ)


def _split(words: Sequence[str]) -> tuple[str, str]:
    """The file of settings and the command that are named in these words; each may be empty."""
    file, rest = "", iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if name == "--env-file":
            file = value or next(rest, "")
        elif not word.startswith("-"):
            return file, word
    return file, ""


def _known_reason(error: Exception) -> str | None:
    """What to say of an error that has a known reason, a line for each setting that is wrong; None for any other."""
    from selfservice.config import ConfigError

    if isinstance(error, ConfigError):  # before what follows, which is not imported without a site
        return str(error)
    from selfservice.commands.catalogs import CatalogError
    from selfservice.db import Error as DatabaseError
    from selfservice.db import IntegrityError, MigrationError
    from selfservice.facts.kinds import FactError
    from selfservice.facts.rights import RightsError
    from selfservice.publish.reading.embed import EmbedError
    from selfservice.restore import RestoreError
    from selfservice.seeds import MissingKeyError

    known = (MissingKeyError, MigrationError, RestoreError, FactError, RightsError, CatalogError, EmbedError)
    if isinstance(error, known):
        return str(error)
    if isinstance(error, OSError):
        return _told_with_its_setting(error)
    if isinstance(error, IntegrityError):
        return f"the database refused a row ({error}); what went in before stays. If it does again, report it"
    if isinstance(error, DatabaseError):
        return f"the database cannot be used ({error}); {_advice(str(error))}"
    return None


def _told_with_its_setting(error: OSError) -> str:
    """What the system says of a file, and which setting names its place."""
    from selfservice.config import places

    if not isinstance(error.filename, str):
        return str(error)
    path = Path(error.filename).absolute()
    by_rank = {
        (bool(os.environ.get(name)), len(place.parts), name): place for name, place in places(os.environ).items()
    }
    # Those that are set first, and the innermost. Of a place that cannot be made, one above it may be named.
    for (_, _, name), place in sorted(by_rank.items(), reverse=True):
        # In the others are the files that commands are handed.
        if name not in ("LOKET_SITE", "LOKET_CONTENT") and (
            path == place or place in path.parents or path in place.parents
        ):
            return f"{path}: {error.strerror}; is {name} right, and may this account write there?"
    return str(error)


def _advice(error: str) -> str:
    """What to do about a database that cannot be used, by what SQLite says of it (its result codes' texts)."""
    if error.startswith("no such") or "has no column" in error:
        return "`loket migrate` makes it, or brings it up to date"
    if "locked" in error:
        return "something else is writing in it: try again"
    if "not a database" in error or "malformed" in error:
        return "it is damaged: stop Loket, and put a copy of `loket backup` in its place"
    return "look whether its disk is full, and whether this account may write there"

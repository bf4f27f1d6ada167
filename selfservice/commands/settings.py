"""`loket settings`: what is set, and where; and the pages about settings, made from the same table."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from selfservice import config, env_file
from selfservice.settings import (
    CREDENTIALS,
    DEVELOPERS,
    FROM_FILE,
    GROUPS,
    SETTINGS,
    ConfigError,
    Setting,
    credential_name,
    text_of,
)

WIDTH = 98  # of a comment in the example
_PAGE = f"""# Settings

Made by `loket settings --markdown` from `selfservice/settings.py`: change that.

Loket reads its settings from the environment, once, when it is started. A demonstration (`LOKET_DEMO=1`) needs none. A
real site has them in one file, `/etc/loket/loket.env` ([an example](../deploy/loket.env.example)), which the services
and a command by hand are given in the same way:

    loket --env-file /etc/loket/loket.env COMMAND

The file is written as for `EnvironmentFile=` of systemd.exec(5), but a line that systemd would pass over or piece
together, such as one with `export` or with a comment behind a quoted value, is refused. Of a name that stands there
twice the last counts. What the environment has already, even if it is empty, goes before what is in the file, so that
another value can be tried for one command.

`loket settings` prints what is set, and where; `loket doctor` says what is wrong. A setting that is not in its form, or
a `LOKET_` name that is not on this page, keeps Loket from starting, with one line for each. Spaces around a value are
taken away; an empty value is the same as none.

A **secret** can be given in three ways, of which one at a time:

- as the value of its setting;
- in a file that the setting with `{FROM_FILE}` behind its name says, as
  `LOKET_SECRET_KEY{FROM_FILE}=/run/secrets/loket_secret_key`. White space at its end is no part of it;
- as a systemd credential with the name of the setting in small letters (`LoadCredential=loket_secret_key:/…`): a file
  of that name in `${CREDENTIALS}`. A command by hand does not get these, so a file suits it better.

Outside a demonstration a secret of the example, or one with few different characters, is refused.

Kubernetes sets names such as `LOKET_PORT` of its own for a service named `loket`, which are refused: give the service
another name, or set `enableServiceLinks: false`.
"""


@click.command("settings")
@click.option("--markdown", is_flag=True, help="Print docs/settings.md instead: what each is for.")
@click.option("--example", is_flag=True, help="Print deploy/loket.env.example instead: a file to begin with.")
def command(markdown: bool, example: bool) -> None:
    """Print all settings: what each is set to, and where. Of a secret only whether it is set. Exit status 1 when one is
    missing or wrong.
    """
    if markdown or example:
        click.echo("\n".join(page() if markdown else example_file()))
        return
    problems = config.problems(os.environ)
    for name, shown, where in _set(os.environ, config.defaults(os.environ)):
        click.echo(f"{name:<25} {shown}{f'  ({where})' if where else ''}")
    for line in problems:
        click.echo(f"loket: {line}", err=True)
    sys.exit(1 if problems else 0)


def _set(env: Mapping[str, str], defaults: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Each setting with what it is set to and where; of one that is not set, what it is then."""
    file = env.get("LOKET_ENV_FILE")
    of_file = env_file.read(Path(file)) if file else {}
    for name, setting in SETTINGS.items():
        try:
            text, where = text_of(name, env)
        except ConfigError:  # told below
            yield name, "wrong", ""
            continue
        if where == "environment" and of_file.get(name) == env[name]:
            where = str(file)
        if setting.secret:
            yield name, "set" if where else "not set", where
        elif where or setting not in GROUPS[DEVELOPERS]:
            yield name, text or str(defaults.get(name, setting.default)), where or "default"


def page() -> Iterator[str]:
    """The lines of docs/settings.md."""
    yield _PAGE.rstrip("\n")
    for title, group in GROUPS.items():
        yield from ("", f"## {title}")
        for each in group:
            yield from ("", f"### `{each.name}`", "", *textwrap.wrap(each.meaning, 120), "")
            if each.secret:
                yield f"- secret: also `{each.name}{FROM_FILE}`, or the credential `{credential_name(each.name)}`"
            yield f"- form: {each.kind.form}"
            yield f"- default: {each.default}"
            yield f"- example: `{each.example}`"


def example_file() -> Iterator[str]:
    """The lines of deploy/loket.env.example: what a real site must have, and the rest behind a #."""
    yield "# Settings of a real Loket: copy to /etc/loket/loket.env, that only root and Loket's account may read."
    yield "# docs/settings.md says more of each; `loket --env-file /etc/loket/loket.env settings` what is wrong."
    for title in ("Address and mail", "Secrets", "Places", "Web server"):
        yield from ("", f"## {title}")
        for each in GROUPS[title]:
            if each.name != "LOKET_ENV_FILE":
                yield from _example_lines(each)


def _example_lines(setting: Setting) -> Iterator[str]:
    yield ""
    yield from textwrap.wrap(setting.meaning, WIDTH, initial_indent="# ", subsequent_indent="# ")
    yield f"{'' if setting.needed else '#'}{setting.name}={setting.example}"

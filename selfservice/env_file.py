"""A file with settings, as systemd reads one for a service: EnvironmentFile= of systemd.exec(5)."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from pathlib import Path

from selfservice.settings import FROM_FILE, ConfigError

# An empty line or a comment; or NAME=value. A value stands in single quotes, where nothing is special; in double ones,
# where a backslash is before "\`$ and the end of a line; or bare, where it takes the meaning of what follows it. No
# space before a value is given back (*+): a quote that is never closed would then be the middle of a bare one.
_LINE = re.compile(
    r"""[ \t\r]*(?:[#;][^\n]*)?(?:\n|\Z)
    |[ \t]*(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*+(?:
        '(?P<single>[^']*)' | "(?P<double>(?:\\.|[^"\\])*)" | (?P<bare>(?!['"])(?:\\.|[^\\\n])*?)
    )[ \t\r]*(?:\n|\Z)""",
    re.VERBOSE | re.DOTALL,
)


def read(path: Path) -> dict[str, str]:
    """The settings in the file, by name; of a name that stands in it twice, the last. Stricter than systemd, which
    passes over what it does not understand. Raises ConfigError, which names the line and repeats nothing of it.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"the settings in {path} cannot be read: {error.strerror}") from None
    except ValueError:
        text = "\0"
    if "\0" in text:
        raise ConfigError(f"the settings in {path} cannot be read: it is no text in UTF-8")
    if text.startswith("\ufeff"):
        raise ConfigError(f"{path} begins with a byte order mark, which cannot be seen: save it as UTF-8 without one")
    found, at = {}, 0
    while at < len(text):
        line = _LINE.match(text, at)
        if line is None:
            number = text.count("\n", 0, at) + 1
            raise ConfigError(
                f"{path}:{number}: this is no NAME=value (without `export`), nor a comment (#); a quote must "
                "be closed, and nothing may stand behind it"
            )
        if line["name"]:
            found[line["name"]] = _value(line)
        at = line.end()
    return found


def _value(line: re.Match[str]) -> str:
    if line["single"] is not None:
        return line["single"]
    if line["double"] is not None:
        return re.sub(r'\\(?:\n()|(["\\`$]))', r"\2", line["double"])
    return re.sub(r"\\(?:\n|(.))", r"\1", line["bare"])


def apply(path: Path, env: MutableMapping[str, str]) -> None:
    """Take into the environment what it does not have. What it has stays, also when it is empty; and so does a secret
    that it has in the other way, as a value or as a file (`…_FILE`). Raises ConfigError.
    """
    given = set(env)
    for name, value in read(path).items():
        if not {name, name + FROM_FILE, name.removesuffix(FROM_FILE)} & given:
            env[name] = value

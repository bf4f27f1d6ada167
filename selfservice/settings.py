"""Every setting that the environment may hold: SETTINGS, one table, from which docs/settings.md and
deploy/loket.env.example are made. What is not in it, or not in its form, is refused in one line.

By hand, since each process loads this and pydantic-settings takes longer to import than all else of a short command
(docs/why.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from selfservice.setting_kinds import (
    BASE_URL,
    BOOLEAN,
    FILE,
    FOLDER,
    FOLDER_THAT_IS_THERE,
    MAIL_ADDRESS,
    MAIL_ADDRESSES,
    MAX_SHOWN,
    PORT,
    PROGRAM,
    SECRET,
    SMTP_URL,
    Kind,
    whole_number,
)

PREFIX = "LOKET_"
FROM_FILE = "_FILE"  # behind the name of a secret: the file that holds it
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # where systemd puts credentials (systemd.exec(5), LoadCredential=)
MIN_SECRET_DISTINCT = 8
MAX_SECRET_BYTES = 4096
DEFAULT_PORT = 8000
# A request that hashes a password holds its thread meanwhile; with fewer, pages wait behind it: with four, behind four
# log-ins that came to one process (docs/why.md, bench/sign_in.py).
THREADS = 8
CLIENT_SECONDS = 10

_PLACEHOLDER = re.compile(r"replace.?me|change.?(?:me|this)|your.?secret", re.IGNORECASE)


class ConfigError(Exception):
    """Settings are missing or malformed; the message has a line for each, which names it and says what to do, and
    repeats no secret.
    """


class Setting(NamedTuple):
    """One row of the table. `default` is a value, or says what it is when nothing is set; `example` is what
    deploy/loket.env.example has, and in its own line, not behind a #, when a real site must have it (`needed`).
    """

    name: str
    kind: Kind
    meaning: str
    default: str = ""
    example: str = ""
    needed: bool = False
    secret: bool = False


DEVELOPERS = "For developers"
GROUPS: dict[str, tuple[Setting, ...]] = {
    "Address and mail": (
        Setting(
            "LOKET_BASE_URL",
            BASE_URL,
            "Where visitors come. Links in mails and letters begin with it, and no other host is answered. It begins "
            "with https://; a demonstration's may begin with http://, and is of this machine when it begins with "
            "https://.",
            "none: a real site must have it; of a demonstration http://127.0.0.1, with PORT",
            "https://help.example.org",
            needed=True,
        ),
        Setting(
            "LOKET_SMTP_URL",
            SMTP_URL,
            "The mail server: smtps:// is TLS from the start, on port 465; smtp:// is port 587, where starttls= says "
            "whether encryption is used when it is offered, is required, or is never used. timeout= is in seconds. "
            "In user and password / ? # @ : and % are written %2F %3F %23 %40 %3A and %25.",
            "none: `loket serve` and `loket worker` of a real site need it; a demonstration has a mailbox",
            "smtp://user:password@mail.example.org:587?starttls=require",
            needed=True,
            secret=True,
        ),
        Setting(
            "LOKET_MAIL_FROM",
            MAIL_ADDRESS,
            "Whom mails are from. The name before it is the organisation's, from its facts.",
            "noreply@ and the host of LOKET_BASE_URL",
            "noreply@example.org",
            needed=True,
        ),
        Setting(
            "LOKET_EDITORS",
            MAIL_ADDRESSES,
            "Who is mailed, each Monday, which pages are to be reviewed.",
            "nobody",
            "an@example.org,jo@example.org",
        ),
    ),
    "Secrets": (
        Setting(
            "LOKET_SECRET_KEY",
            SECRET,
            "What stored codes, links on their way and cookies depend on. Keep it, apart from the backups: without "
            "it a backup opens nothing. `loket secrets` says how to change it.",
            "none: a real site must have it; a demonstration makes one, in LOKET_VAR",
            "replace-me-with-the-output-of-openssl-rand-hex-32",
            needed=True,
            secret=True,
        ),
        Setting(
            "LOKET_SECRET_KEY_OLD",
            SECRET,
            "The secret before it, only while it is being changed.",
            "none",
            "the-one-that-LOKET_SECRET_KEY-was-until-now",
            secret=True,
        ),
        Setting(
            "LOKET_MONITOR_KEY",
            SECRET,
            "What monitoring sends as `Authorization: Bearer …` to see the particulars of /health, and /metrics.",
            "none: only this machine sees them",
            "replace-me-with-the-output-of-openssl-rand-hex-32",
            secret=True,
        ),
    ),
    "Places": (
        Setting(
            "LOKET_SITE",
            FOLDER_THAT_IS_THERE,
            "The folder of the site: content/ is in it, and translations/ if it has texts of its own. Nothing is "
            "written there when the four places below are elsewhere.",
            "the folder in which `loket` is started",
            "/srv/loket",
            needed=True,
        ),
        Setting(
            "LOKET_VAR",
            FOLDER,
            "What must be kept: the database, unless LOKET_DATABASE says otherwise, and a demonstration's secret.",
            "`var` in LOKET_SITE",
            "/var/lib/loket",
            needed=True,
        ),
        Setting(
            "LOKET_DATABASE",
            FILE,
            "The database. Files that are made to be downloaded, and numbers for monitoring, are in folders beside "
            "it; so are a demonstration's mailbox and log. Only Loket's account may enter that folder.",
            "`loket.db` in LOKET_VAR",
            "/var/lib/loket/loket.db",
            needed=True,
        ),
        Setting(
            "LOKET_OUTPUT",
            FOLDER,
            "The builds of the site, and the link to the one that is served. The web server in front reads it, so it "
            "is not beside the database.",
            "`output` in LOKET_SITE",
            "/var/cache/loket/output",
            needed=True,
        ),
        Setting(
            "LOKET_CACHE",
            FOLDER,
            "What can be made again: compiled templates, and the builds of a preview. What is in it is run: nobody "
            "else may write there.",
            "`.cache` in LOKET_SITE",
            "/var/cache/loket/cache",
            needed=True,
        ),
        Setting(
            "LOKET_CONTENT",
            FOLDER,
            "The pages, facts and site.toml, when they are not in LOKET_SITE. Commands that are not for editors, and "
            "what Loket starts, see the content of the build that is served in its place.",
            "`content` in LOKET_SITE; of a demonstration that has none, the one that comes with Loket",
            "/srv/loket/content",
        ),
        Setting(
            "LOKET_ENV_FILE",
            FILE,
            "A file with settings, as `loket --env-file` takes one.",
            "none",
            "/etc/loket/loket.env",
        ),
    ),
    "Web server": (
        Setting(
            "LOKET_PROXIES",
            whole_number(0, 9),
            "How many web servers stand in front, one behind the other, and are believed about where a visitor comes "
            "from. Too few, and all visitors share one limit; too many, and they can say that they are somebody "
            "else.",
            "0",
            "1",
            needed=True,
        ),
        Setting(
            "PORT",
            PORT,
            "Where `loket serve` listens, unless --port says otherwise.",
            str(DEFAULT_PORT),
            str(DEFAULT_PORT),
        ),
        Setting(
            "LOKET_THREADS",
            whole_number(1, 256),
            "Requests that one process of the web server works on at once. One that hashes a password holds its "
            "thread meanwhile.",
            str(THREADS),
            str(THREADS),
        ),
        Setting(
            "LOKET_CLIENT_SECONDS",
            whole_number(1, 600),
            "How long a visitor's browser may take to send the head of a request, and then again its body.",
            str(CLIENT_SECONDS),
            str(CLIENT_SECONDS),
        ),
        Setting(
            "PROMETHEUS_MULTIPROC_DIR",
            FOLDER,
            "Where processes keep their numbers for /metrics, when another WSGI server than `loket serve` runs "
            "Loket: a folder that is empty at its start.",
            "`metrics` beside the database",
            "/run/loket/metrics",
        ),
    ),
    "Demonstration": (
        Setting(
            "LOKET_DEMO",
            BOOLEAN,
            "A demonstration: invented people and orders, a known password, a mailbox in the place of mail. It needs "
            "no other setting, and lives on this machine: with an https:// address that others can reach it is "
            "refused.",
            "0",
            "0",
        ),
    ),
    DEVELOPERS: (
        Setting(
            "LOKET_PREVIEW",
            BOOLEAN,
            "Builds go to LOKET_CACHE, and show what is being edited. `loket serve --reload` sets it.",
            "0",
            "1",
        ),
        Setting(
            "LOKET_CHROMIUM",
            PROGRAM,
            "The browser of the tests.",
            "one that is found, or fetched by `python -m tests.browser`",
            "/usr/bin/chromium",
        ),
        Setting(
            "LOKET_SOFFICE",
            PROGRAM,
            "The spreadsheet program of the tests.",
            "one that is found, or installed by `python -m tests.soffice`",
            "/usr/bin/soffice",
        ),
        Setting(
            "LOKET_CADDY",
            PROGRAM,
            "The web server in front, of the tests.",
            "one that is found, or fetched by `python -m tests.caddy`",
            "/usr/bin/caddy",
        ),
        Setting(
            "LOKET_TEST_FILE",
            FILE,
            "The file that a server of the tests sends.",
            "none",
            "/var/lib/loket/orders.csv",
        ),
    ),
}
SETTINGS = {setting.name: setting for group in GROUPS.values() for setting in group}


def credential_name(name: str) -> str:
    """The name of the systemd credential that may hold a secret: loket_secret_key for LOKET_SECRET_KEY."""
    return name.lower()


def text_of(name: str, env: Mapping[str, str]) -> tuple[str, str]:
    """What a setting is set to, without spaces around it, and where: "environment", the path of a file, or "" when it
    is not set, which an empty text is not either. Raises ConfigError when a secret is set twice, or cannot be read.
    """
    found = {"environment": text} if (text := env.get(name, "").strip()) else {}
    if SETTINGS[name].secret:
        if file := env.get(name + FROM_FILE, "").strip():
            found[file] = _content(f"{name}{FROM_FILE}", Path(file))
        credential = Path(env.get(CREDENTIALS, "")) / credential_name(name)
        if env.get(CREDENTIALS) and _is_there(credential):
            found[str(credential)] = _content(f"the credential {credential.name}", credential)
    if len(found) > 1:
        raise ConfigError(f"{name} is set {len(found)} times, in {' and '.join(found)}: leave one")
    for where, text in found.items():
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            raise ConfigError(f"{name} stands in quotes, which are taken as part of it: take them away")
        return text, where
    return "", ""


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # it may not be looked at
        return False


def _content(said: str, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_SECRET_BYTES).decode().rstrip()
    except OSError as error:
        raise ConfigError(f"{said} names {file}, which cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{said} names {file}, which is no text") from None
    if not text:
        raise ConfigError(f"{said} names {file}, which is empty")
    return text


def value(name: str, env: Mapping[str, str]) -> Any:
    """What a setting is set to, as its kind makes it; None when it is not set. Raises ConfigError."""
    text, where = text_of(name, env)
    if not where:
        return None
    setting = SETTINGS[name]
    try:
        return setting.kind.read(text)
    except (ValueError, OSError) as error:
        # An address with a password in it may have been pasted anywhere.
        shown = "" if setting.secret or re.search("//.*@", text) else f", not {text[:MAX_SHOWN]!r}"
        said = error.strerror if isinstance(error, OSError) else str(error)
        more = f"; {said}" if said else ""
        raise ConfigError(f"{name} must be {setting.kind.form}{shown}{more}") from None


def read(env: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The values of all settings that are in their form, None for those that are not set; and a line for each other
    one, and for each LOKET_ name that is no setting.
    """
    values, errors = {}, list(_unknown(env))
    for name in SETTINGS:
        try:
            values[name] = value(name, env)
        except ConfigError as error:
            errors.append(str(error))
    return values, errors


def _unknown(env: Mapping[str, str]) -> Iterator[str]:
    known = {*SETTINGS, *(name + FROM_FILE for name, setting in SETTINGS.items() if setting.secret)}
    for name in sorted(env):
        if name.startswith(PREFIX) and name not in known:
            from difflib import get_close_matches  # not needed when all is well

            by_rest = {each.removeprefix(PREFIX): each for each in sorted(known)}
            near = get_close_matches(name.removeprefix(PREFIX), by_rest, 1)
            meant = f"did you mean {by_rest[near[0]]}?" if near else "`loket settings` names them all"
            # In a line that lost its =, what follows the name may be a secret.
            yield f"{re.split(r'[^A-Za-z0-9_]', name)[0]} is not a setting of Loket; {meant}"


def weakness(name: str, env: Mapping[str, str]) -> str:
    """Why a secret that is in its form is none, in one line; "" when it may be one."""
    text, _ = text_of(name, env)
    if "//user:password@" in text:
        return f"{name} still has the user and password of an example: give it those of your mail server"
    if SETTINGS[name].kind is not SECRET or not text:
        return ""
    if _PLACEHOLDER.search(text):
        return f"{name} is still that of an example: `openssl rand -hex 32` makes one"
    if len(set(text)) < MIN_SECRET_DISTINCT:
        return f"{name} can be guessed, with so few different characters: `openssl rand -hex 32` makes one"
    return ""

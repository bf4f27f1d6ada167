"""The kinds of value that a setting may have: what each looks like, and what is made of its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

MIN_SECRET_CHARACTERS = 32
MAX_SHOWN = 80  # characters of a wrong value that a message repeats
STARTTLS = ("offered", "require", "never")
SMTP_TIMEOUT_SECONDS = 20.0
SMTP_PORTS = {"smtp": 587, "smtps": 465}

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\]")
# An address as a server takes it (RFC 5321), without quoted names and without letters that need more than ASCII.
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_MAIL_ADDRESS = re.compile(
    rf"(?!.{{255}})(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]", re.ASCII
)
_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class SmtpAddress(NamedTuple):
    """What an SMTP address says. `starttls` is one of STARTTLS."""

    host: str
    port: int
    user: str | None
    password: str
    implicit_tls: bool
    starttls: str
    timeout: float


class Kind(NamedTuple):
    """A kind of value: what it looks like, for messages and documentation, and what is made of its text. That raises
    ValueError, with what more there is to say, for a text of another form.
    """

    form: str
    read: Callable[[str], Any]


def whole_number(low: int, high: int) -> Kind:
    """Whole numbers from one to another, both included."""

    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return Kind(f"a whole number from {low} to {high}", read)


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise ValueError
    return _TRUTH[text.lower()]


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # which may repeat a password
        raise ValueError("its host must be a name or an address") from None


def _check_host(parts: SplitResult) -> None:
    """Raise ValueError when host and port are not in order."""
    try:
        port = parts.port
    except ValueError:
        port = 0
    # "host:" has a port that is None.
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("its port must be a number from 1 to 65535")
    if not _HOST.fullmatch(parts.netloc.rpartition("@")[2].removesuffix(f":{port}")):
        raise ValueError("its host must be a name or an address, in ASCII (xn--… for other letters)")


def _base_url(text: str) -> str:
    parts = _parts(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError
    _check_host(parts)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def smtp_address(text: str) -> SmtpAddress:
    """Read smtp://user:password@host:587?starttls=require&timeout=20, or smtps://…:465.

    Raises ValueError, which says what is wrong and repeats nothing of it, for anything else.
    """
    parts = _parts(text)
    if parts.scheme not in SMTP_PORTS or not parts.hostname:
        raise ValueError("it must begin with smtp:// or smtps://, and name a host")
    if "#" in text or parts.path.strip("/"):
        raise ValueError("in its user and password / ? # @ : and % are written %2F %3F %23 %40 %3A and %25")
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    starttls = options.pop("starttls", "offered")
    timeout = options.pop("timeout", str(SMTP_TIMEOUT_SECONDS))
    if options or starttls not in STARTTLS:
        raise ValueError(f"behind ? it takes starttls={'|'.join(STARTTLS)} and timeout=seconds only")
    if not re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]+)?", timeout) or not float(timeout):
        raise ValueError("its timeout must be a number of seconds, above 0 and below 1000")
    _check_host(parts)
    return SmtpAddress(
        host=parts.hostname,
        port=parts.port or SMTP_PORTS[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
        implicit_tls=parts.scheme == "smtps",
        starttls=starttls,
        timeout=float(timeout),
    )


def _smtp_url(text: str) -> str:
    smtp_address(text)
    return text


def mail_address(text: str) -> str:
    """A mail address, as it is. Raises ValueError for anything else, also for a name with an address behind it."""
    if not _MAIL_ADDRESS.fullmatch(text):
        raise ValueError
    return text


def _mail_addresses(text: str) -> tuple[str, ...]:
    found = [part.strip() for part in text.split(",") if part.strip()]
    for each in found:
        with suppress(ValueError):
            mail_address(each)
            continue
        raise ValueError(f"{each[:MAX_SHOWN]!r} is none")
    return tuple(dict.fromkeys(found))


def _path(text: str) -> Path:
    if text.startswith("~"):
        raise ValueError("write it in full: ~ means nothing here")
    return Path(text).absolute()


def _folder(text: str) -> Path:
    path = _path(text)
    if path.exists() and not path.is_dir():
        raise ValueError("that is no folder")
    return path


def _folder_that_is_there(text: str) -> Path:
    path = _path(text)
    if not path.is_dir():
        raise ValueError("there is no such folder")
    return path


def _file(text: str) -> Path:
    path = _path(text)
    if path.is_dir():
        raise ValueError("that is a folder")
    return path


def _secret(text: str) -> bytes:
    if len(text) < MIN_SECRET_CHARACTERS:
        raise ValueError("this one is too short")
    if not text.isprintable():
        raise ValueError("this one has a character that cannot be seen, such as the end of a line")
    return text.encode()


BOOLEAN = Kind("1 or 0 (or true, false, yes, no, on, off)", _truth)
BASE_URL = Kind("an address without a path, such as https://help.example.org", _base_url)
MAIL_ADDRESS = Kind("a mail address alone, such as noreply@example.org", mail_address)
MAIL_ADDRESSES = Kind("mail addresses with commas between them", _mail_addresses)
SMTP_URL = Kind("an address such as smtp://user:password@mail.example.org:587?starttls=require", _smtp_url)
SECRET = Kind(
    f"at least {MIN_SECRET_CHARACTERS} characters, as `openssl rand -hex 32` makes them",
    _secret,
)
FOLDER = Kind("a folder", _folder)
FOLDER_THAT_IS_THERE = Kind("a folder that is there", _folder_that_is_there)
FILE = Kind("a file", _file)
PROGRAM = Kind("a program", str)
PORT = whole_number(1, 65535)

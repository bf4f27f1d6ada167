"""What the operator sets, read once from the environment. A wrong or missing setting is one clear line."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from selfservice import builds

PACKAGE = Path(__file__).parent
# The folder with what belongs to the program and is no Python: site/, translations/, pelicanconf.py, and the
# demonstration's content/. They stand beside the package in a clone, and inside it when it was installed (setup.py).
ROOT = PACKAGE if (PACKAGE / "pelicanconf.py").exists() else PACKAGE.parent
# A request that hashes a password holds its thread meanwhile; with fewer, pages wait behind it: with four, behind four
# log-ins that came to one process (docs/why.md, bench/sign_in.py).
THREADS = 8
CLIENT_SECONDS = 10  # for the head of a request to arrive, and then again for its body


# Names that no network knows (RFC 2606): what a demonstration's addresses end in.
INVENTED = re.compile(r"\.(?:example|test|invalid|localhost)(?![\w.-])", re.IGNORECASE)


# A mail address, as far as it must be one to be told from a name or a list with another separator.
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")


class ConfigError(Exception):
    """A setting is missing or malformed; the message says which, and what to do."""


@dataclass(frozen=True)
class Config:
    """All settings of one running Loket. Paths are absolute; base_url has no slash at its end. What is written goes
    into `output`, `cache` and beside `database`, never into `root`, where the program's own files are.
    """

    root: Path
    cache: Path
    content: Path
    output: Path
    database: Path
    base_url: str
    secret: bytes
    demo: bool
    smtp_url: str | None
    sender: str
    proxies: int
    preview: bool = False
    threads: int = THREADS
    client_seconds: int = CLIENT_SECONDS
    old_secret: bytes | None = None
    monitor_key: bytes | None = None
    editors: tuple[str, ...] = ()  # whom the worker mails which pages are to be reviewed
    # One of the builds in `output`; None for the one that is current whenever it is asked for.
    build: Path | None = None
    # In a preview: the folder with the builds that visitors see.
    live: Path | None = None

    @property
    def secure(self) -> bool:
        """Whether visitors come over https, so that the cookie can be a `__Host-` one."""
        return self.base_url.startswith("https://")

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The Host headers that we answer to, in small letters: with the port of the base URL, or without one. A
        demonstration on this machine is also known by its other names.
        """
        parts = urlsplit(self.base_url.lower())
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        names = {parts.netloc.removesuffix(f":{port}"), *(("localhost", "127.0.0.1") if self.demo else ())}
        return frozenset(f"{name}{given}" for name in names for given in ("", f":{port}"))

    @property
    def published(self) -> Path:
        """The build that is served (builds.py)."""
        return self.build or self.output / builds.CURRENT

    @property
    def last_publication(self) -> Path | None:
        """The build that visitors see, while another is made; None before the first."""
        return builds.Builds(self.live or self.output).current()

    @property
    def site(self) -> Path:
        """The files of the built site."""
        return self.published / builds.SITE

    @property
    def search_index(self) -> Path:
        """The search index that belongs to the built site: a folder."""
        return self.published / builds.SEARCH

    def at(self, build: Path) -> Config:
        """The same settings for an app that serves this build, and reads what it was made from."""
        return replace(self, build=build, content=build / builds.CONTENT)

    @property
    def downloads(self) -> Path:
        """The folder of files that were made to be downloaded: beside the database, which whoever makes or sends one
        has too; no backup holds it.
        """
        return self.database.with_name(self.database.name + ".downloads")


def content_folder(env: Mapping[str, str], folder: Path | None = None) -> Path:
    """Where the owner's content is: LOKET_CONTENT, or `content` in the folder of the site. That is the one given,
    LOKET_SITE, or the current one; a demonstration started where there is none has its own.
    """
    content = (folder or site_folder(env)) / "content"
    if _is_demo(env) and not content.exists():
        content = ROOT / "content"
    return Path(env.get("LOKET_CONTENT") or content).absolute()


def output_folder(env: Mapping[str, str], folder: Path | None = None) -> Path:
    """Where the builds are: LOKET_OUTPUT, or `output` in the folder of the site. A preview has builds of its own, so
    that it never publishes.
    """
    folder = folder or site_folder(env)
    if _is_preview(env):
        return folder / ".cache" / "preview"
    return Path(env.get("LOKET_OUTPUT") or folder / "output").absolute()


def read_published(env: MutableMapping[str, str]) -> None:
    """Let this process and those it starts read what the current build was made from, in the place of what editors are
    at work on: pages and forms then agree. Before the first build, and in a preview, that stays what they edit.

    To be called before anything reads site.toml.
    """
    content = output_folder(env) / builds.CURRENT / builds.CONTENT
    if not _is_preview(env) and content.is_dir():
        env["LOKET_CONTENT"] = str(content)


def site_folder(env: Mapping[str, str]) -> Path:
    """The folder of the site: LOKET_SITE, or the current one."""
    return Path(env.get("LOKET_SITE") or Path.cwd()).absolute()


def _is_demo(env: Mapping[str, str]) -> bool:
    return env.get("LOKET_DEMO", "") not in ("", "0")


def _is_preview(env: Mapping[str, str]) -> bool:
    return env.get("LOKET_PREVIEW") == "1"


def load(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Config:
    """Read the settings. Demo mode (LOKET_DEMO=1) needs none; otherwise a secret and a base URL must be given. Places
    that are not set are in the folder, by default that of the site (LOKET_SITE, or the current one).

    Raises ConfigError with one line for the operator.
    """
    env = os.environ if environ is None else environ
    demo = _is_demo(env)
    base_url = env.get("LOKET_BASE_URL") or (f"http://127.0.0.1:{env.get('PORT', '8000')}" if demo else "")
    if not base_url:
        raise ConfigError(
            "LOKET_BASE_URL is not set: give the address visitors use, such as https://help.example.org; with "
            "LOKET_DEMO=1 pages are written, and all can be tried, without it"
        )
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ConfigError(
            f"LOKET_BASE_URL must be an address without a path, such as https://help.example.org, not {base_url}"
        )
    if not demo and parts.scheme != "https":
        raise ConfigError("LOKET_BASE_URL must begin with https:// (only demo mode, LOKET_DEMO=1, may go without)")
    sender = env.get("LOKET_MAIL_FROM") or f"noreply@{parts.hostname if not demo else 'loket.example'}"
    if not demo and INVENTED.search(sender):
        raise ConfigError(f"LOKET_MAIL_FROM is {sender}, which reaches nobody: give it an address of your own")
    folder = folder or site_folder(env)
    var = Path(env.get("LOKET_VAR") or folder / "var").absolute()
    return Config(
        root=ROOT,
        cache=folder / ".cache",
        content=content_folder(env, folder),
        output=output_folder(env, folder),
        live=output_folder({**env, "LOKET_PREVIEW": ""}, folder) if _is_preview(env) else None,
        database=Path(env.get("LOKET_DATABASE") or var / "loket.db").absolute(),
        base_url=base_url.rstrip("/"),
        secret=_secret(env, demo, var),
        demo=demo,
        smtp_url=env.get("LOKET_SMTP_URL") or None,
        sender=sender,
        proxies=_whole(env, "LOKET_PROXIES"),
        preview=_is_preview(env),
        threads=_whole(env, "LOKET_THREADS") or THREADS,
        client_seconds=_whole(env, "LOKET_CLIENT_SECONDS") or CLIENT_SECONDS,
        old_secret=_given(env, "LOKET_SECRET_KEY_OLD"),
        monitor_key=_given(env, "LOKET_MONITOR_KEY"),
        editors=_editors(env, demo=demo),
    )


def _editors(env: Mapping[str, str], *, demo: bool) -> tuple[str, ...]:
    found = [part.strip() for part in env.get("LOKET_EDITORS", "").split(",") if part.strip()]
    for address in found:
        if not _ADDRESS.fullmatch(address):
            raise ConfigError(f"LOKET_EDITORS must be mail addresses with commas between them; {address!r} is none")
        if not demo and INVENTED.search(address):
            raise ConfigError(f"LOKET_EDITORS has {address}, which reaches nobody: give addresses of your own")
    return tuple(dict.fromkeys(found))


def _secret(env: Mapping[str, str], demo: bool, var: Path) -> bytes:
    given = _given(env, "LOKET_SECRET_KEY")
    if given:
        if given == _given(env, "LOKET_SECRET_KEY_OLD"):
            raise ConfigError("LOKET_SECRET_KEY_OLD is the same as LOKET_SECRET_KEY: it is for the secret before it")
        return given
    if not demo:
        raise ConfigError(
            "LOKET_SECRET_KEY is not set: `openssl rand -hex 32` makes one; keep it, the stored codes depend on it"
        )
    return _demo_secret(var / "demo-secret")


def _given(env: Mapping[str, str], name: str) -> bytes | None:
    text = env.get(name, "")
    if text and len(text) < 32:
        raise ConfigError(f"{name} is too short: it needs at least 32 characters; `openssl rand -hex 32` makes one")
    return text.encode() if text else None


def _demo_secret(path: Path) -> bytes:
    """A secret of this folder's own, so that a demonstration survives a restart."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Two first starts at once must end with one secret: link() refuses to replace the other's.
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()


def _whole(env: Mapping[str, str], name: str) -> int:
    text = env.get(name, "0") or "0"
    if not text.isdigit():
        raise ConfigError(f"{name} must be a whole number, not {text!r}")
    return int(text)

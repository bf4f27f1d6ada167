"""What the operator sets, read once from the environment: the values of settings.py, with what they mean together."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selfservice import builds, settings
from selfservice.setting_kinds import mail_address
from selfservice.settings import CLIENT_SECONDS, DEFAULT_PORT, THREADS

PACKAGE = Path(__file__).parent
# The folder with what belongs to the program and is no Python: site/, translations/, pelicanconf.py, and the
# demonstration's content/. They stand beside the package in a clone, and inside it when it was installed (setup.py).
ROOT = PACKAGE if (PACKAGE / "pelicanconf.py").exists() else PACKAGE.parent
# Names that no network knows (RFC 2606): what a demonstration's addresses end in.
INVENTED = re.compile(r"\.(?:example|test|invalid|localhost)(?![\w.-])", re.IGNORECASE)


ConfigError = settings.ConfigError  # with a line for each setting that is missing or wrong


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
    if given := _folder("LOKET_CONTENT", env):
        return given
    content = (folder or site_folder(env)) / "content"
    return ROOT / "content" if settings.value("LOKET_DEMO", env) and not content.exists() else content


def output_folder(env: Mapping[str, str], folder: Path | None = None) -> Path:
    """Where the builds are: LOKET_OUTPUT, or `output` in the folder of the site. A preview has builds of its own, so
    that it never publishes.
    """
    places = _places(env, folder or site_folder(env))
    return places["LOKET_CACHE"] / "preview" if settings.value("LOKET_PREVIEW", env) else places["LOKET_OUTPUT"]


def places(env: Mapping[str, str]) -> dict[str, Path]:
    """The folders and files that are set, by setting; of those that are not, what they are then."""
    folder = site_folder(env)
    return {"LOKET_SITE": folder, "LOKET_CONTENT": content_folder(env, folder), **_places(env, folder)}


def _places(env: Mapping[str, str], folder: Path) -> dict[str, Path]:
    var = _folder("LOKET_VAR", env) or folder / "var"
    return {
        "LOKET_VAR": var,
        "LOKET_DATABASE": _folder("LOKET_DATABASE", env) or var / "loket.db",
        "LOKET_OUTPUT": _folder("LOKET_OUTPUT", env) or folder / "output",
        "LOKET_CACHE": _folder("LOKET_CACHE", env) or folder / ".cache",
    }


def _folder(name: str, env: Mapping[str, str]) -> Path | None:
    found: Path | None = settings.value(name, env)
    return found


def read_published(env: MutableMapping[str, str]) -> None:
    """Let this process and those it starts read what the current build was made from, in the place of what editors are
    at work on: pages and forms then agree. Before the first build, and in a preview, that stays what they edit.

    To be called before anything reads site.toml.
    """
    content = output_folder(env) / builds.CURRENT / builds.CONTENT
    if not settings.value("LOKET_PREVIEW", env) and content.is_dir():
        env["LOKET_CONTENT"] = str(content)


def site_folder(env: Mapping[str, str]) -> Path:
    """The folder of the site: LOKET_SITE, or the current one."""
    return _folder("LOKET_SITE", env) or Path.cwd()


def load(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Config:
    """Read the settings. Demo mode (LOKET_DEMO=1) needs none; otherwise a secret and a base URL must be given. Places
    that are not set are in the folder, by default that of the site (LOKET_SITE, or the current one).

    Raises ConfigError with a line for the operator about each setting that is wrong.
    """
    env = os.environ if environ is None else environ
    values, errors = settings.read(env)
    if errors := [*errors, *_conflicts(values, env)]:
        raise ConfigError("\n".join(errors))
    demo, preview = bool(values["LOKET_DEMO"]), bool(values["LOKET_PREVIEW"])
    base_url = _base_url(values)
    folder = folder or site_folder(env)
    places = _places(env, folder)
    return Config(
        root=ROOT,
        cache=places["LOKET_CACHE"],
        content=content_folder(env, folder),
        output=output_folder(env, folder),
        live=places["LOKET_OUTPUT"] if preview else None,
        database=places["LOKET_DATABASE"],
        base_url=base_url,
        secret=values["LOKET_SECRET_KEY"] or _demo_secret(places["LOKET_VAR"] / "demo-secret"),
        demo=demo,
        smtp_url=values["LOKET_SMTP_URL"],
        sender=_sender(values, base_url),
        proxies=values["LOKET_PROXIES"] or 0,
        preview=preview,
        threads=values["LOKET_THREADS"] or THREADS,
        client_seconds=values["LOKET_CLIENT_SECONDS"] or CLIENT_SECONDS,
        old_secret=values["LOKET_SECRET_KEY_OLD"],
        monitor_key=values["LOKET_MONITOR_KEY"],
        editors=values["LOKET_EDITORS"] or (),
    )


def problems(env: Mapping[str, str]) -> list[str]:
    """A line for each setting that is missing or wrong."""
    values, errors = settings.read(env)
    return [*errors, *_conflicts(values, env)]


def defaults(env: Mapping[str, str]) -> dict[str, object]:
    """What settings are that follow from others, as far as they are not set; none when a setting is wrong."""
    values, errors = settings.read(env)
    if errors or any(_conflicts(values, env)):
        return {}
    base_url = _base_url(values)
    return {**places(env), "LOKET_BASE_URL": base_url, "LOKET_MAIL_FROM": _sender(values, base_url)}


def _base_url(values: Mapping[str, Any]) -> str:
    return values["LOKET_BASE_URL"] or f"http://127.0.0.1:{values['PORT'] or DEFAULT_PORT}"


def _sender(values: Mapping[str, Any], base_url: str) -> str:
    host = "loket.example" if values["LOKET_DEMO"] else urlsplit(base_url).hostname
    return values["LOKET_MAIL_FROM"] or f"noreply@{host}"


def _conflicts(values: Mapping[str, Any], env: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with settings that are in their form: missing, not beside each other, or only for a demonstration.
    Of one that is not in its form, which `values` does not have, nothing is said.
    """
    if "LOKET_DEMO" not in values:
        return
    demo, secret = values["LOKET_DEMO"], values.get("LOKET_SECRET_KEY")
    yield from _conflicts_of_address(values, demo=demo)
    if secret and secret == values.get("LOKET_SECRET_KEY_OLD"):
        yield "LOKET_SECRET_KEY_OLD is the same as LOKET_SECRET_KEY: it is for the secret before it"
    if secret and secret == values.get("LOKET_MONITOR_KEY"):
        yield "LOKET_MONITOR_KEY is the same as LOKET_SECRET_KEY: monitoring must not know that; make another"
    if demo:
        return
    if "LOKET_SECRET_KEY" in values and not secret:
        yield "LOKET_SECRET_KEY is not set: `openssl rand -hex 32` makes one; keep it, the stored codes depend on it"
    # Not the former one, which may be what was refused here.
    for name in ("LOKET_SECRET_KEY", "LOKET_MONITOR_KEY", "LOKET_SMTP_URL"):
        if values.get(name) and (line := settings.weakness(name, env)):
            yield line
    for address in values.get("LOKET_EDITORS") or ():
        if INVENTED.search(address):
            yield f"LOKET_EDITORS has {address}, which reaches nobody: give addresses of your own"


def _conflicts_of_address(values: Mapping[str, Any], *, demo: bool) -> Iterator[str]:
    if "LOKET_BASE_URL" not in values:
        return
    base_url = values["LOKET_BASE_URL"]
    if not base_url:
        if not demo:
            yield (
                "LOKET_BASE_URL is not set: give the address visitors use, such as https://help.example.org; with "
                "LOKET_DEMO=1 pages are written, and all can be tried, without it"
            )
        return
    is_secure, host = base_url.startswith("https://"), urlsplit(base_url).hostname
    if demo:
        if is_secure and not _is_of_this_machine(host):
            yield (
                f"LOKET_DEMO is on, but LOKET_BASE_URL is {base_url}, which others can reach: a demonstration's "
                "password is known; set LOKET_DEMO=0 for a real site, or give it an address of this machine"
            )
        return
    if not is_secure:
        yield "LOKET_BASE_URL must begin with https:// (only demo mode, LOKET_DEMO=1, may go without)"
    if "LOKET_MAIL_FROM" in values:
        sender = _sender(values, base_url)
        try:
            mail_address(sender)
        except ValueError:
            yield f"LOKET_MAIL_FROM is not set: {sender} is no mail address, so give it one"
        if INVENTED.search(sender):
            yield f"LOKET_MAIL_FROM is {sender}, which reaches nobody: give it an address of your own"


def _is_of_this_machine(host: str) -> bool:
    if host == "localhost" or INVENTED.search(host):
        return True
    from ipaddress import ip_address  # for a demonstration over https only

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


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

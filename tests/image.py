"""Follows docs/container.md, and looks whether its containers are what the page says (`make image-test`)."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

from selfservice.config import ROOT
from tests.domain_helpers import SmtpServer
from tests.install.page import blocks
from tests.install.tree import Tree, TreeError
from tests.install.visitor import Visitor
from tests.live_server import wait_until

PAGE = ROOT / "docs" / "container.md"
PROGRAMS = ("debootstrap", "buildah", "podman")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
HOST, PORT = "help.local", 8000
CONTAINERS = ("loket-worker", "loket-web")
START_SECONDS, STOP_SECONDS = 120, 10
PERSON = {"given_name": "Oona", "family_name": "van 't Veld", "email": "oona@example.org", "telephone": ""}


class PlainConnection(HTTPSConnection):
    """To the web container, as a front asks it: what was https to the visitor is http here."""

    def connect(self) -> None:
        self.sock = socket.create_connection(("127.0.0.1", PORT), 30)


class PlainHandler(HTTPSHandler):
    """Opens each address so."""

    def https_open(self, req: Request) -> Any:
        open_: Callable[..., Any] = self.do_open
        return open_(PlainConnection, req)


class Here(Tree):
    """This machine, whose network it is."""

    @contextmanager
    def network(self) -> Iterator[None]:
        """It is in use already."""
        yield


class Caller(Visitor):
    """A visitor whose front is left out."""

    def __init__(self) -> None:
        self._tree = Here(Path("/"))
        self.address, self.text = f"https://{HOST}/", ""
        self._opener = build_opener(PlainHandler, HTTPCookieProcessor(CookieJar()))


class Page:
    """docs/container.md, whose blocks are run here with values of our own for its variables."""

    def __init__(self, folder: Path, mail_port: int) -> None:
        first, *others = blocks(PAGE)
        names = {name: str(folder / name.lower()) for name in ("SETTINGS", "CONTENT", "STATE", "CACHE", "BACKUPS")}
        own = {
            "HOST": HOST, "SMTP_URL": f"smtp://127.0.0.1:{mail_port}", "MAIL_FROM": f"noreply@{HOST}",
            "SECURITY": f"security@{HOST}", "CADDYFILE": str(folder / "Caddyfile"), "VERSION": VERSION, **names,
            # The mail server is on this machine.
            "OPTIONS": "--network host",
        }  # fmt: skip
        asked = set(re.findall("^([A-Z_]+)=", first.script, re.MULTILINE))
        if asked != own.keys():
            sys.exit(f"image-test: the variables of {PAGE.name} are {sorted(asked)}, and known are {sorted(own)}")
        self._values = "".join(f"{name}={value!r}\n" for name, value in own.items())
        self._blocks = others

    def follow(self, *headings: str) -> None:
        """Run the blocks below these headings, in their order; "Start" sets a variable that others may use."""
        for block in self._blocks:
            if block.heading in headings:
                begun = time.monotonic()
                self.run(block.script)
                say(f"{block.heading} ({time.monotonic() - begun:.0f} seconds)")

    def run(self, script: str) -> str:
        """Run lines of shell, stopping at the first that fails; what they print. Ends the test when one does."""
        script = self._values + script
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"image-test: this ended with {done.returncode}:\n{script}\n{done.stdout[-3000:]}")
        return done.stdout


def say(line: str) -> None:
    """One line of the summary."""
    sys.stderr.write(f"  {line}\n")


def expect(expected: object, actual: object, what: str) -> None:
    """End the test when something is not as it should be; else say that it is."""
    if expected != actual:
        sys.exit(f"image-test: {what}: expected {expected!r}, got {actual!r}")
    say(f"ok: {what}")


def answers() -> bool:
    """Whether the web container does."""
    try:
        return bool(Caller().go("/en/self-service/sign-in"))
    except (OSError, TreeError):
        return False


def check_pages() -> None:
    """Pages and forms in both languages."""
    caller = Caller()
    for lang in ("en", "nl"):
        for address in (f"/{lang}/", f"/{lang}/self-service/access-code"):
            expect(True, f'lang="{lang}"' in caller.go(address), address)


def check_mail(mail: SmtpServer) -> str:
    """Somebody asks for an access code; the mail comes from the worker. Its link."""
    caller = Caller()
    caller.go("/en/self-service/access-code")
    caller.send(need="private", **PERSON)
    caller.send(payment_method="credit")
    caller.send()

    def look() -> str:
        texts = [str(body.get_content()) for message in mail.messages if (body := message.get_body(("plain",)))]
        found = re.search(r"https://\S+/access-code/link/[^\s)>]+", " ".join(texts))
        return found[0] if found else ""

    link = wait_until(look, 60)
    say("ok: a form was sent in one container, and the other mailed its link")
    return link


def check_containers(page: Page) -> None:
    """They run as nobody in particular, write in their own folders only, and log to where the container does."""
    for name in CONTAINERS:
        expect("10001", page.run(f"podman exec {name} id -u").strip(), f"{name}: its account")
        places = "/opt/loket/x /srv/loket/x /etc/x"
        written = page.run(f"podman exec {name} sh -c 'touch {places} 2>/dev/null; ls {places} 2>/dev/null || true'")
        expect("", written, f"{name}: nothing can be written but its folders")
    expect(True, "Loket is open" in page.run("podman logs loket-web 2>&1"), "loket-web: it logs there")
    for tool in ("pip", "gcc", "apt-get update"):
        found = page.run(f"podman exec loket-web sh -c '{tool}' >/dev/null 2>&1 && echo yes || echo no").strip()
        expect("no", found, f"{tool} does nothing there")


def check_stop(page: Page) -> None:
    """SIGTERM is enough, also while it starts."""
    for name in CONTAINERS:
        begun = time.monotonic()
        page.run(f"podman stop --time {STOP_SECONDS + 10} {name}")
        seconds = time.monotonic() - begun
        expect(True, seconds < STOP_SECONDS, f"{name} stopped within {STOP_SECONDS} seconds ({seconds:.1f})")
        expect(
            "0",
            page.run(f"podman inspect --format '{{{{.State.ExitCode}}}}' {name}").strip(),
            f"{name}: its exit status",
        )


def main() -> None:
    """Do it, with a line for each step."""
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        sys.exit(f"image-test: this needs Debian's {', '.join(missing)}: apt install {' '.join(missing)}")
    if os.geteuid():
        sys.exit("image-test: this makes a Debian and runs containers, so it must be run by root")
    with tempfile.TemporaryDirectory() as name, SmtpServer() as mail:
        folder = Path(name)
        folder.chmod(0o755)
        page = Page(folder, mail.port)
        try:
            page.follow(*(() if "--as-it-is" in sys.argv else ("The image",)), "Folders and settings", "Start")
            wait_until(answers, START_SECONDS)
            page.follow("The web server", "Is it well?")
            expect(True, "reverse_proxy" in (folder / "Caddyfile").read_text("utf-8"), "the front's configuration")
            page.run("podman healthcheck run loket-web; podman healthcheck run loket-worker")
            check_pages()
            check_containers(page)
            link = check_mail(mail)
            check_stop(page)
            page.follow("Upgrade")
            page.follow("Start")
            wait_until(answers, START_SECONDS)
            expect(True, "new_password" in Caller().go(link), "what was sent before a restart can be finished after it")
            check_stop(page)
        finally:
            subprocess.run(["podman", "rm", "--force", "--ignore", *CONTAINERS], stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    main()

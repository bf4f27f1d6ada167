"""`make attack`: what strangers' tools find on a running demonstration. Loopback only; not part of `make test`.

Slow clients, wapiti, sqlmap and schemathesis go at a `loket serve` of its own in a temporary folder, signed in and not.
The limiter is emptied each second meanwhile, so that the tools get further than any visitor would. Afterwards the
database must be whole and the log without an unexpected error.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench import peers
from selfservice.config import ROOT
from selfservice.db import Database
from selfservice.demo import accounts
from tests import caddy
from tests.live_server import every_page, free_port, running
from tests.slow_clients import FORM, half_sent_forms, unread_downloads

ENVIRONMENT = ROOT / ".cache" / "attack-venv"
REQUIREMENTS = ROOT / "requirements-attack.txt"
# Those that need no host but ours: the others load lists from, or answer to, hosts of the tool's makers.
MODULES = "backup,cookieflags,crlf,csp,exec,file,http_headers,methods,permanentxss,redirect,shellshock,sql,timesql,xss"
LARGE, LARGE_BYTES = "large.txt", 16 * 1024 * 1024
SECONDS = 60  # for each kind of attack that a tool tries; --quick takes a tenth of it
# What the tools say that is not a finding here, and why.
_KNOWN = {
    # A demonstration on http has neither HSTS nor a Secure cookie; test_headers holds both for https.
    "Strict-Transport-Security",
    "Secure Flag cookie",
}
PARAMETERS = (
    "search?q=code",
    "orders?period=year&sort=-date&q=extract",
    "orders?from=2026-01-01&until=2026-11-01",
    "sign-in?next=/en/",
)
FORMS = (
    ("sign-in", {"access_code": "ABCD-EFGH-JKLM-NPQR", "password": "four grey ducks"}),
    ("replacement-password", {"access_code": "ABCD-EFGH-JKLM-NPQR", "email": "a@b.example"}),
    ("account-create", {"given_name": "A", "family_name": "B", "email": "a@b.example", "language": "en"}),
    ("account-password", {"email": "a@b.example"}),
    ("lost-access-code", {"email": "a@b.example", "kvk_number": "00000001"}),
    ("request-status", {"reference": "K7RM4X9T", "email": "a@b.example"}),
    (
        "access-code/need",
        {"need": "business", "kvk_number": "00000001", "given_name": "A", "family_name": "B", "email": "a@b.example"},
    ),
)


@dataclass(frozen=True)
class Target:
    """The Loket under attack: the address of its front, the port of its own server, a signed-in person's cookie."""

    base: str
    app: int
    folder: Path
    cookie: str
    seconds: int


def main() -> None:
    """Run every attack and print a report; exit status 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the time: whether the tools still run")
    seconds = SECONDS // 10 if parser.parse_args().quick else SECONDS
    found: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loket-attack-")))
        front = free_port()
        address = f"http://127.0.0.1:{front}"
        app = urlsplit(stack.enter_context(running(folder, None, base_url=address))).port
        assert app is not None
        (folder / "output" / "current" / "site" / LARGE).write_bytes(b"x" * LARGE_BYTES)
        stack.enter_context(_front(folder, front, app))
        target = Target(address, app, folder, _sign_in(address), seconds)
        with _unlimited(folder / "var" / "loket.db"):
            for attack in (_slow_clients, _wapiti, _sqlmap, _schemathesis):
                found += _timed(attack, target)
        found += _timed(_aftermath, target)
    sys.stdout.write("\n".join(found or ["nothing was found"]) + "\n")
    sys.exit(1 if found else 0)


def _timed(attack: Callable[[Target], list[str]], target: Target) -> list[str]:
    name = attack.__name__.strip("_")
    sys.stderr.write(f"  {name} …\n")
    began = time.monotonic()
    found = attack(target)
    sys.stdout.write(f"{name}: {len(found)} findings in {time.monotonic() - began:.0f} s\n")
    sys.stdout.flush()
    return [f"{name}: {line}" for line in found]


def _tool(name: str) -> str:
    return peers.command(name, ENVIRONMENT, REQUIREMENTS)


@contextmanager
def _unlimited(path: Path) -> Iterator[None]:
    """Nobody is refused for trying too often inside the block."""
    stop = threading.Event()

    def empty() -> None:
        database = Database(path)
        while not stop.wait(1):
            with database.write() as conn:
                conn.execute("DELETE FROM limits")
                conn.execute("DELETE FROM caps")
        database.close()

    thread = threading.Thread(target=empty)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _sign_in(base: str) -> str:
    """Sign the demonstration's person in; the cookie."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
    form = urlencode({"access_code": accounts.DEMO_LOGIN[0], "password": accounts.DEMO_PASSWORD})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": base}
    connection.request("POST", "/en/self-service/sign-in", form, headers)
    answer = connection.getresponse()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    if not cookie:
        sys.exit(f"attack: signing in answered {answer.status} without a cookie")
    return cookie


def _run(command: list[str], log: Path, seconds: int) -> int:
    """The tool's exit status; what it prints goes to a file. Stopped, it has had its time."""
    with log.open("wb") as file:
        try:
            return subprocess.run(
                command, stdout=file, stderr=subprocess.STDOUT, cwd=log.parent, timeout=seconds, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return 0


@contextmanager
def _front(folder: Path, port: int, app: int) -> Iterator[None]:
    """The shipped front at a port, before the server at another."""
    settings = {
        "LOKET_DEMO": "1", "LOKET_VAR": str(folder / "var"), "LOKET_OUTPUT": str(folder / "output"),
        "LOKET_PROXIES": "1", "LOKET_BASE_URL": f"http://127.0.0.1:{port}", "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    command = [sys.executable, "-m", "selfservice", "front", "--app", f"127.0.0.1:{app}"]
    printed = subprocess.run(command, env=settings, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    file = folder / "Caddyfile"
    file.write_text(printed, "utf-8")
    with caddy.serving(file, folder / "caddy.log"):
        yield


def _slow_clients(target: Target) -> list[str]:
    """Half-sent forms, and downloads that nobody reads: everybody else is answered meanwhile, by front and server."""
    host = urlsplit(target.base).netloc
    paths = [f"{page.path}" for page in every_page()] + [FORM, "/en/self-service/search?q=code", "/nl/nothing-here/"]
    found = []
    for name, port in (("front", urlsplit(target.base).port or 80), ("server", target.app)):
        for attack, held in (
            ("200 half-sent forms", half_sent_forms(port, host=host)),
            ("50 unread downloads", unread_downloads(port, f"/{LARGE}", host=host)),
        ):
            took = []
            with held:
                end = time.monotonic() + target.seconds
                while time.monotonic() < end:
                    for path in paths:
                        began = time.monotonic()
                        if (line := _answered(port, host, path)) is not None:
                            found.append(f"{name}, {attack}: {path}: {line}")
                        took.append(time.monotonic() - began)
            took.sort()
            slowest = (
                f"{took[len(took) * 99 // 100] * 1000:.0f} ms at the 99th percentile, {took[-1] * 1000:.0f} at most"
            )
            sys.stdout.write(f"{name}, {attack}, {target.seconds} s: {len(took)} answers, {slowest}\n")
    return found


def _answered(port: int, host: str, path: str) -> str | None:
    """What is wrong with the answer at an address, None when there is one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        whole = answer.read().rstrip().endswith(b"</html>")
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()
    return None if whole and answer.status in (200, 404) else f"{answer.status}, {'whole' if whole else 'cut off'}"


def _wapiti(target: Target) -> list[str]:
    """Crawl as a visitor and as a member, and attack each parameter and form found."""
    found = []
    for who, extra in (("visitor", []), ("member", ["-C", target.cookie])):
        report = target.folder / f"wapiti-{who}.json"
        command = [
            _tool("wapiti"), "-u", f"{target.base}/", "-m", MODULES, "-f", "json", "-o", str(report), "--no-bugreport",
            "--flush-session", "--store-session", str(target.folder / f"wapiti-{who}"),
            "--max-scan-time", str(3 * target.seconds), "--max-attack-time", str(target.seconds), "-v", "0",
            "-x", f"{target.base}/en/self-service/sign-out", "-H", f"Origin: {target.base}", *extra,
        ]  # fmt: skip
        _run(command, target.folder / f"wapiti-{who}.log", 30 * target.seconds)
        if not report.exists():
            log = (target.folder / f"wapiti-{who}.log").read_text("utf-8", "replace")
            found.append(f"{who}: it wrote no report: {log.strip()[-2000:]}")
            continue
        said = json.loads(report.read_text("utf-8"))
        for group in ("vulnerabilities", "anomalies"):
            for kind, rows in said[group].items():
                found += [
                    f"{who}: {kind}: {row['method']} {row['path']} {row.get('parameter') or ''}: {row['info']}"
                    for row in rows
                    if not any(known in f"{kind} {row['info']}" for known in _KNOWN)
                ]
    return found


def _sqlmap(target: Target) -> list[str]:
    """Try to inject SQL through the parameters and fields that there are."""
    found = []
    tries = [[f"-u{target.base}/en/self-service/{path}"] for path in PARAMETERS]
    tries += [[f"-u{target.base}/nl/self-service/{path}", f"--data={urlencode(form)}"] for path, form in FORMS]
    output = target.folder / "sqlmap"
    for number, what in enumerate(tries):
        log = target.folder / f"sqlmap-{number}.log"
        command = [
            _tool("sqlmap"), *what, "--batch", "--level=2", "--risk=2", "--dbms=SQLite", "--flush-session", "--smart",
            f"--cookie={target.cookie}", f"--headers=Origin: {target.base}", f"--output-dir={output}",
            "--ignore-code=*", "--disable-coloring",
        ]  # fmt: skip
        _run(command, log, 3 * target.seconds)
        said = log.read_text("utf-8", "replace")
        found += [
            f"{what[0]}: {line}" for line in re.findall(r".*(?:is vulnerable|injectable$|identified the).*", said)
        ]
        if "testing connection" not in said:
            found.append(f"{what[0]}: it did not run: {said.strip().splitlines()[-1:]}")
    return found


def _schemathesis(target: Target) -> list[str]:
    """Send the API what openapi.json allows, and what it does not."""
    environment = {"LOKET_DEMO": "1", "LOKET_VAR": str(target.folder / "var"), "PATH": "/usr/bin:/bin"}
    found = []
    config = ROOT / "tests" / "api" / "schemathesis.toml"
    for scope, path in (("orders:write", "/api/(?!redeliveries)"), ("redeliveries", "/api/redeliveries")):
        made = subprocess.run(
            [sys.executable, "-m", "selfservice", "keys", "create", "--name", "attack", "--scope", scope],
            env=environment, cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        log = target.folder / f"schemathesis-{scope.partition(':')[0]}.log"
        command = [
            str(Path(sys.executable).with_name("schemathesis")), f"--config-file={config}", "run",
            f"{target.base}/api/openapi.json",
            f"--header=Authorization: Bearer {made.stdout.strip()}", f"--include-path-regex=^{path}",
            f"--max-examples={4 * target.seconds}", "--workers=2", "--no-color",
        ]  # fmt: skip
        if _run(command, log, 10 * target.seconds) != 0:
            found += [f"{scope}: {line}" for line in log.read_text("utf-8", "replace").splitlines()[-40:]]
    return found


def _aftermath(target: Target) -> list[str]:
    """The database is whole, and no request ended in an error that nobody expected."""
    database = Database(target.folder / "var" / "loket.db")
    conn = database.read()
    found = [row[0] for row in conn.execute("PRAGMA integrity_check") if row[0] != "ok"]
    found += [f"foreign key: {tuple(row)}" for row in conn.execute("PRAGMA foreign_key_check")]
    database.close()
    logs = [file.read_text("utf-8", "replace") for file in (target.folder / "var").glob("serve.log*")]
    found += [line for log in logs for line in log.splitlines() if "Traceback" in line or '"level": "error"' in line][
        :20
    ]
    return found


if __name__ == "__main__":
    main()

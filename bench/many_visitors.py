"""Two hundred people at once, each from an address of their own, beside one address that never stops."""

from __future__ import annotations

import http.client
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import perf_counter, sleep
from urllib.parse import urlencode

from bench.build import demo_settings
from bench.server import OURS, serving
from bench.timing import table
from selfservice import clock
from selfservice.accounts import access_codes, passwords, people
from selfservice.accounts.passwords import Hasher
from selfservice.app import create_app
from selfservice.commands.catalogs import compile_stale
from selfservice.config import load as load_config
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.demo import accounts, requests
from selfservice.migrations import migrate
from selfservice.publish.build import build

PEOPLE = 200
FLOODER = "127.0.250.1"
TRIES_A_SECOND = 50
FLOOD_CONNECTIONS = 10
AHEAD_SECONDS = 5
FIRST = 1000  # of the codes that `demo.code` makes: those below belong to the demonstration
NOTES = """
Each of the people has a loopback address (127.0.x.y) and goes through the request form, the form for a lost code, a
request's status, logging in and the search, as fast as the server answers. From five seconds before, one more
address sends the form for a lost code, with another e-mail address each time, 50 times a second. 'refused' is 429; what
is neither that nor an ordinary answer is 'other'.
""".strip()
BASE = "/en/self-service"
HOST = "127.0.0.1:8000"  # as in the settings: the port that the server really has is not known beforehand


class ScriptlessBrowser:
    """A browser without scripts, at a loopback address of its own."""

    def __init__(self, port: int, address: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120, source_address=(address, 0))
        self._cookie = self._about = ""
        self.statuses: Counter[int] = Counter()

    def ask(self, method: str, path: str, **data: str) -> int:
        """The status of one answer; what is sent comes from the page that was seen last."""
        headers = {"Host": HOST, "Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        headers |= {"Sec-Fetch-Site": "same-origin"} if method == "POST" else {}
        sent = {**data, "about": self._about} if self._about else data
        self._connection.request(method, path, urlencode(sent) if method == "POST" else None, headers)
        answer = self._connection.getresponse()
        about = re.search(rb'name="about" value="([^"]+)"', answer.read())
        self._about = about[1].decode() if about else ""
        self._cookie = (answer.getheader("Set-Cookie") or self._cookie).partition(";")[0]
        self.statuses[answer.status] += 1
        return answer.status


def journey(port: int, number: int) -> Counter[int]:
    """Everything once; the statuses of the answers."""
    one = ScriptlessBrowser(port, f"127.0.{1 + number // 100}.{1 + number % 100}")
    email = f"reader{number}@post.example"
    form = f"{BASE}/access-code"
    one.ask("GET", form)
    one.ask("POST", f"{form}/need", need="private")
    one.ask("GET", f"{form}/details")
    one.ask("POST", f"{form}/details", given_name="Oona", family_name="Reader", email=email, telephone="")
    one.ask("GET", f"{form}/preferences")
    one.ask("POST", f"{form}/preferences", payment_method="credit", language="en")
    one.ask("GET", f"{form}/check")
    one.ask("POST", f"{form}/check")
    one.ask("GET", f"{form}/done")
    one.ask("POST", f"{BASE}/lost-access-code", email=email, kvk_number="")
    one.ask("GET", f"{BASE}/lost-access-code/sent")
    # A reference that nobody has is looked up as any other.
    one.ask("POST", f"{BASE}/request-status", reference=requests.reference(number), email=email)
    one.ask("GET", f"{BASE}/request-status/status")
    one.ask("POST", f"{BASE}/sign-in", access_code=accounts.code(FIRST + number), password=accounts.DEMO_PASSWORD)
    one.ask("GET", "/en/self-service/search?q=password")
    return one.statuses


def flood(port: int, line: int, stop: Event) -> Counter[int]:
    """One of the lines over which one address tries 50 times a second, until told to stop."""
    one, number = ScriptlessBrowser(port, FLOODER), 0
    while not stop.is_set():
        number += 1
        one.ask("POST", f"{BASE}/lost-access-code", email=f"x{line}.{number}@post.example", kvk_number="")
        sleep(FLOOD_CONNECTIONS / TRIES_A_SECOND)
    return one.statuses


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The benchmark, as markdown."""
    people = 40 if quick else PEOPLE
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        environment = demo_settings(Path(scratch))
        _fill(environment)
        progress(f"{people} people at once")
        stop = Event()
        with (
            serving(OURS, environment, 2, 4) as port,
            ThreadPoolExecutor(people + FLOOD_CONNECTIONS) as pool,
        ):
            lines = [pool.submit(flood, port, line, stop) for line in range(FLOOD_CONNECTIONS)]
            sleep(AHEAD_SECONDS)
            before = perf_counter()
            found = sum(pool.map(lambda number: journey(port, number), range(people)), Counter[int]())
            took = perf_counter() - before
            stop.set()
            flooded = sum((line.result() for line in lines), Counter[int]())
    rows = [_row(f"{people} people", found), _row("one address", flooded)]
    head = ["who", "answers", "refused", "other"]
    return f"## People at once\n\n{table(head, rows)}\n\nThe people were done after {took:.0f} s.\n\n{NOTES}\n"


def _fill(environment: dict[str, str]) -> None:
    """The site with its index for the search, and people with a code and a password."""
    config = load_config(environment)
    keys, database, now = Keys(config.secret), Database(config.database), clock.now()
    migrate(database, keys)
    hashed = Hasher().hash(accounts.DEMO_PASSWORD)
    with database.write() as conn:
        for number in range(PEOPLE):
            person = people.add(
                conn, now, given_name="Wil", family_name="Peeters", email=f"{number}@loket.example", language="en"
            )
            access_codes.add(conn, keys, now, code=accounts.code(FIRST + number), person_id=person)
            passwords.store_hash(conn, person, hashed, now)
    database.close()
    compile_stale()
    build(create_app(config), config)


def _row(who: str, found: Counter[int]) -> list[str]:
    ordinary = sum(count for status, count in found.items() if status in (200, 303))
    return [who, str(found.total()), str(found[429]), str(found.total() - ordinary - found[429])]

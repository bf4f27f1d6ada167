"""The API as docs/orders.md shows it: each command prints what stands there, and the client does what is said of it, on
a running Loket.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from selfservice import clock, workdays
from selfservice.api.problems import PROBLEMS
from selfservice.db import Database
from selfservice.orders import api_keys, validation
from selfservice.register import validation as register_validation
from tests.docs.pages import CONSOLE, DOCS, Block, blocks
from tests.live_server import Live

pytestmark = pytest.mark.slow

PAGE = DOCS / "orders.md"
BLOCKS = blocks(PAGE)
COMMANDS = [block for block in BLOCKS if block.language == CONSOLE]
(CLIENT,) = [block for block in BLOCKS if block.language == "python"]
# What the page's examples stand for.
DAY, KEY, CODE, SITE = "2027-06-30", "loket_…", "ABCD-EFGH-JKLM-NPQH", "https://help.example.org"
SINCE = "2026-03-01T00:00:00Z"


@dataclass(frozen=True)
class Shop:
    """A shop with a key of its own, at a running Loket."""

    live: Live
    key: str
    code: str

    @property
    def environment(self) -> dict[str, str]:
        """Of a terminal of the shop, and of the staff of this Loket."""
        own = {"API": f"{self.live.base}/api", "KEY": self.key, "LOKET_DEMO": "1"}
        own |= {
            "LOKET_VAR": str(self.live.database.parent),
            "LOKET_OUTPUT": str(self.live.database.parents[1] / "output"),
        }
        own["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")} | own

    def orders(self, *numbers: str) -> dict[str, Any]:
        """What the database has of these, by number."""
        database = Database(self.live.database)
        found = database.read().execute("SELECT * FROM orders").fetchall()
        database.close()
        return {row["number"]: dict(row) for row in found if row["number"] in numbers}

    def use_up_limit(self) -> None:
        """Let the key, which has come, come again after three seconds only."""
        database = Database(self.live.database)
        with database.write() as conn:
            newest = conn.execute("SELECT key FROM limits ORDER BY rowid DESC LIMIT 1").fetchone()["key"]
            at = clock.to_microseconds(clock.now() + timedelta(seconds=63))
            conn.execute("UPDATE limits SET tat = ? WHERE key = ?", (at, newest))
        database.close()


@pytest.fixture
def shop(live: Live) -> Shop:
    """A shop that orders were made in with a code that no other test has."""
    database = Database(live.database)
    with database.write() as conn:
        key = api_keys.create(conn, "The shop", "orders:write", clock.now())[0]
    database.close()
    return Shop(live, key, live.login()[0])


def commands(block: Block) -> list[tuple[str, str]]:
    """Each command of a block, and what it prints by the page."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    found = []
    for part in parts:
        # A text between quotation marks goes on over lines.
        lines, count = part.splitlines(), 1
        while "\n".join(lines[:count]).count("'") % 2:
            count += 1
        found.append(("\n".join(lines[:count]), "\n".join(lines[count:])))
    return found


def pattern(printed: str) -> str:
    """What fits what the page says is printed: … is anything, and a line end may be a space or nothing."""
    return r"\s*".join(".*".join(re.escape(part) for part in word.split("…")) for word in printed.split())


def test_commands(shop: Shop) -> None:
    """Each command prints what the page says, from the first to the last, and the order that it delivers is there."""
    last_day = workdays.today(clock.now()) + timedelta(days=200)
    for command, printed in (each for block in COMMANDS for each in commands(block)):
        if command.startswith("export"):
            assert f"export API={SITE}/api KEY={KEY}" == command
            continue
        done = subprocess.run(
            ["bash", "-c", command.replace(DAY, str(last_day)).replace(CODE, shop.code)],
            env=shop.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=60,
        )
        expected = pattern(printed.replace(DAY, str(last_day)))
        assert re.fullmatch(expected, done.stdout.strip(), re.DOTALL), f"{command}\nprints {done.stdout}\nnot {printed}"
    assert ("ordered", 285) == tuple(shop.orders("B26-1")["B26-1"][name] for name in ("state", "cents"))


def test_client(shop: Shop, tmp_path: Path) -> None:
    """The client of 30 lines waits when it came too often, delivers the rest when an order is refused, says why, says
    what Loket knows otherwise, and finds nothing the second time.
    """
    assert len([line for line in CLIENT.text.splitlines() if line]) <= 30
    order = {
        "ordered_at": "2026-03-01T14:05:00+01:00",
        "access_code": shop.code,
        "product": "extract",
        "payment": "ideal",
        "cents": 500,
        "state": "delivered",
        "updated_at": "2026-03-02T14:05:00Z",
    }
    # Enough for two requests, and for two pages.
    orders = [order | {"number": f"CL-{number:04}"} for number in range(1001)]
    orders[0] |= {"access_code": "2222-2222-2222-2222"}
    orders[1] |= {"payment": "cash", "invoce": "F-1"}
    newer = orders[2] | {"updated_at": "2026-03-03T14:05:00Z", "state": "cancelled"}
    assert ["next time from"] == [line[:14] for line in run_client(shop, tmp_path, [newer])]
    shop.use_up_limit()
    with pytest.raises(HTTPError, match="429"):
        urlopen(Request(f"{shop.live.base}/api/key", headers={"Authorization": f"Bearer {shop.key}"}), timeout=10)
    said = run_client(shop, tmp_path, orders)
    assert [
        "CL-0000 ask who ordered",
        "CL-0001 payment is not one of credit, direct_debit, ideal, credit_card",
        "CL-0001 invoce is not known: not looked at; did you mean 'invoice'?",
        "CL-0000 is not known and should be delivered",
        "CL-0001 is not known and should be delivered",
        "CL-0002 is cancelled and should be delivered",
    ] == said[:-1]
    known = shop.orders(*(f"CL-{number:04}" for number in range(1001)))
    assert (999, "cancelled", {"delivered"}) == (
        len(known),
        known.pop("CL-0002")["state"],
        {each["state"] for each in known.values()},
    )
    assert ["next time from"] == [line[:14] for line in run_client(shop, tmp_path, orders[3:])]


def run_client(shop: Shop, folder: Path, orders: list[dict[str, Any]]) -> list[str]:
    """What the client says of these orders."""
    (folder / "shop.py").write_text(CLIENT.text, "utf-8")
    (folder / "orders.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in orders), "utf-8")
    command = [sys.executable, "shop.py", "orders.jsonl", SINCE]
    done = subprocess.run(
        command, cwd=folder, env=shop.environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.splitlines()


def test_every_code_is_on_the_page() -> None:
    """The page names every code of a problem but those of the register, and no other."""
    of_the_register = {code for code in PROBLEMS if "organisation" in code}
    of_the_register |= set(register_validation.PROBLEM_CODES) - set(validation.PROBLEM_CODES)
    errors = PAGE.read_text("utf-8").partition("### Errors\n")[2].partition("\n### ")[0]
    assert set(PROBLEMS) - of_the_register == set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", errors))

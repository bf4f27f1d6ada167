"""A file of orders that takes long: what is said beforehand, the page that shows how far it is, and the file."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock
from selfservice.config import Config
from selfservice.i18n.languages import LANGUAGES
from selfservice.jobs import queue
from selfservice.jobs.runner import JobRunner
from selfservice.orders import export
from selfservice.orders.export import workbook
from selfservice.orders.models import Query, Scope
from selfservice.orders.periods import Period
from selfservice.web import downloads
from tests import house
from tests.clients import HouseClient
from tests.conftest import SECRET
from tests.domain_helpers import CONTEXT, rows
from tests.orders.factories import buy, clear, days_ago
from tests.sign_in_helpers import COLLEAGUE, MAIN, OTHER, browser, database, prepare, sign_in

ORDERS = "/en/self-service/orders"
Work = Callable[[], None]


@pytest.fixture(autouse=True)
def people(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first person has the main code of ten orders; making a file of even one of them takes long."""
    prepare(app)
    monkeypatch.setattr(downloads, "MAX_REQUEST_SECONDS", 0)
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET main_person_id = 1 WHERE id = 1")
    clear(app)
    for day in range(10):
        buy(app, MAIN, days_ago(day + 1))
    buy(app, OTHER)


@pytest.fixture
def work(app: Flask, config: Config, monkeypatch: pytest.MonkeyPatch) -> Work:
    """Do all jobs that wait, in children as the worker starts them."""
    settings = {
        "LOKET_DEMO": "1", "LOKET_DATABASE": str(config.database), "LOKET_SECRET_KEY": SECRET.decode(),
        "LOKET_BASE_URL": config.base_url,
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    db = database(app)

    def do() -> None:
        runner, deadline = JobRunner(db, [sys.executable, "-m", "selfservice", "job"]), time.monotonic() + 120
        while any(row["state"] in ("waiting", "running") for row in rows(db, "jobs")):
            assert time.monotonic() < deadline
            runner.turn(clock.now())
            time.sleep(0.02)
        runner.stop()

    return do


def place(answer: TestResponse) -> str:
    """Where an answer leads."""
    assert 303 == answer.status_code
    return answer.headers["Location"]


def begun(client: HouseClient, ending: str = ".xlsx", lang: str = "en") -> str:
    """Ask for a file; the address of its page."""
    return place(client.get(f"/{lang}/self-service/orders{ending}"))


def told(app: Flask, done: int, of: int) -> None:
    """Have the first job be so far."""
    with database(app).write() as conn:
        conn.execute(
            """UPDATE jobs SET state = 'running', steps = :of, done = :done, attempts = 1, started_at = created_at,
                               lease_until = '2999-01-01T00:00:00.000000Z'""",
            {"of": of, "done": done},
        )


def content(data: bytes) -> bytes:
    """A file's bytes; of a workbook, which says when it was made, those of its sheet."""
    return ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml") if data.startswith(b"PK") else data


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("ending", [".csv", "-programs.csv", ".xlsx", ".json"])
def test_the_way(
    app: Flask, client: HouseClient, work: Work, monkeypatch: pytest.MonkeyPatch, lang: str, ending: str
) -> None:
    """A file that takes long has a page; when the worker made it, it is there: the very file that is otherwise made at
    once. It can be taken again, and asked for again it is the same one.
    """
    sign_in(client)
    page = begun(client, ending, lang)
    waiting = client.get(page)
    work()
    ready = client.get(page)
    link = re.search(r'class="button" href="([^"]+/download\?[^"]+)"', ready.text)
    assert (200, 200, "<progress" in waiting.text, "<progress" in ready.text) == (
        waiting.status_code, ready.status_code, True, False,
    )  # fmt: skip
    assert link
    taken = [client.get(link[1]) for _ in range(2)]
    monkeypatch.setattr(downloads, "MAX_REQUEST_SECONDS", 3)
    at_once = client.get(f"/{lang}/self-service/orders{ending}")
    for answer in taken:
        assert (200, len(answer.data)) == (answer.status_code, answer.content_length)
        assert answer.headers["Content-Disposition"] == at_once.headers["Content-Disposition"]
        assert content(at_once.data) == content(answer.data)
    monkeypatch.setattr(downloads, "MAX_REQUEST_SECONDS", 0)
    assert page == begun(client, ending, lang)
    assert 2 == len([row for row in rows(database(app), "events") if row["what"] == "orders.download"])


def test_asked_twice(app: Flask, client: HouseClient) -> None:
    """Asked for in two tabs it is one job, with one page."""
    sign_in(client)
    assert begun(client) == begun(client)
    assert 1 == len(rows(database(app), "jobs"))


def test_another_meanwhile(app: Flask, client: HouseClient) -> None:
    """Another large file meanwhile is 429, with when to try again, on the page of the one that is being made."""
    sign_in(client)
    begun(client)
    answer = client.get(f"{ORDERS}.csv")
    assert (429, "5") == (answer.status_code, answer.headers["Retry-After"])
    assert ("one large file at a time" in answer.text, "orders-all.xlsx, with 10 orders" in answer.text) == (True, True)
    assert 1 == len(rows(database(app), "jobs"))


@pytest.mark.parametrize("who", [MAIN, COLLEAGUE, OTHER])
def test_anothers_is_as_nobodys(app: Flask, client: HouseClient, work: Work, who: int) -> None:
    """For another person, and in another session of the same person, a file is as one that there is not, byte for byte,
    ready or not.
    """
    sign_in(client)
    page = begun(client)
    name = page.partition("id=")[2]
    other = browser(app)
    sign_in(other, who)
    for ready in (False, True):
        if ready:
            work()
        for step in ("file", "download"):
            theirs, none = (other.get(f"{ORDERS}/{step}?id={each}") for each in (name, "f" * 32))
            found = [
                (each.status_code, re.sub(f'{name}|{"f" * 32}|data-session="[0-9]+"', "", each.text))
                for each in (theirs, none)
            ]
            assert found[0] == found[1]
            assert (404 if step == "file" else 303) == theirs.status_code
        gone = [other.fragment(f"{ORDERS}/progress?id={each}") for each in (name, "f" * 32)]
        assert [204, 204] == [each.status_code for each in gone]
    assert "Download the file" in client.get(page).text


def test_progress(app: Flask, client: HouseClient) -> None:
    """The part that changes comes again and again by itself; what is read aloud is said once a quarter, not each time;
    without a script a link shows the same.
    """
    sign_in(client)
    page = begun(client)
    told(app, 30, 100)
    shown = client.get(page).text
    poll = re.search(r'data-hx-get="([^"]+)" data-hx-trigger="every 2s"', shown)
    assert poll
    assert ('value="30"' in shown, "30 of 100 orders" in shown, f'<a href="{page}">See if' in shown) == (True,) * 3
    address = poll[1].replace("&amp;", "&")
    said = []
    for done in (30, 31, 49, 50, 55):
        told(app, done, 100)
        part = client.fragment(address).text
        said.append(re.findall(r'id="orders-said"[^>]*>([^<]*)<', part))
        again = re.search(r'data-hx-get="([^"]+)"', part)
        assert again
        assert f'value="{done}"' in part
        address = again[1].replace("&amp;", "&")
    assert [[], [], [], ["50% of your file is ready."], []] == said
    assert page == place(client.get(address))


def test_looking_on_does_not_keep_anybody_logged_in(app: Flask, client: HouseClient) -> None:
    """What the page asks for by itself does not begin the idle time anew; whoever looks at the page does."""
    sign_in(client)
    page = begun(client)
    with database(app).write() as conn:
        conn.execute("UPDATE sessions SET used_at = created_at, created_at = created_at")
        before = clock.to_text(clock.now() - timedelta(minutes=5))
        conn.execute("UPDATE sessions SET used_at = :before, created_at = :before", {"before": before})
    client.fragment(page.replace("/file?", "/progress?"))
    assert [before] == [row["used_at"] for row in rows(database(app), "sessions")]
    client.get(page)
    assert [before] != [row["used_at"] for row in rows(database(app), "sessions")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switch(client: HouseClient, lang: str) -> None:
    """The language switch keeps the file that is being made."""
    sign_in(client)
    page = begun(client, lang=lang)
    other = {"en": "nl", "nl": "en"}[lang]
    assert f'href="{page.replace(f"/{lang}/", f"/{other}/")}"' in client.get(page).text
    assert "<progress" in client.get(page.replace(f"/{lang}/", f"/{other}/")).text


@pytest.mark.parametrize(("lang", "said"), [("en", "does not answer"), ("nl", "geeft geen antwoord")])
def test_no_worker(app: Flask, client: HouseClient, lang: str, said: str) -> None:
    """When nobody makes the file the page says so after a while, and not before."""
    sign_in(client)
    page = begun(client, lang=lang)
    before = said in client.get(page).text
    with database(app).write() as conn:
        late = clock.to_text(clock.now() - timedelta(seconds=queue.OVERDUE_SECONDS))
        conn.execute("UPDATE jobs SET created_at = :late", {"late": late})
    assert (False, True) == (before, said in client.get(page).text)


@pytest.mark.slow
def test_given_up(app: Flask, client: HouseClient, work: Work) -> None:
    """What fails three times is said, with what to do; asked for again it is made anew. Nothing is left of it."""
    sign_in(client)
    page = begun(client)
    db = database(app)
    with db.write() as conn:
        conn.execute("ALTER TABLE order_products RENAME TO gone")
    try:
        work()
    finally:
        with db.write() as conn:
            conn.execute("ALTER TABLE gone RENAME TO order_products")
    failed = client.get(page)
    again = re.search(r'class="button" href="([^"]+xlsx[^"]*)"', failed.text)
    assert ("could not be made" in failed.text, again is not None) == (True, True)
    assert [] == list(app.extensions["services"].config.downloads.glob("*"))
    assert again
    fresh = place(client.get(again[1]))
    work()
    assert (True, True) == (fresh != page, "Download the file" in client.get(fresh).text)


def test_log_out_ends_it(app: Flask, client: HouseClient, work: Work) -> None:
    """Logging out deletes the job and what was made; who logs in again finds neither."""
    sign_in(client)
    page = begun(client)
    work()
    client.send("/en/self-service/sign-in/out", {})
    assert ([], []) == (rows(database(app), "jobs"), list(app.extensions["services"].config.downloads.glob("*")))
    sign_in(client)
    assert 404 == client.get(page).status_code


def test_a_session_that_ends_ends_its_job(app: Flask, config: Config, client: HouseClient) -> None:
    """A job of a session that ended otherwise goes at the next sweep."""
    sign_in(client)
    begun(client)
    db, folder = database(app), downloads.folder_of(app.extensions["services"])
    downloads.delete_expired(folder, db, CONTEXT, clock.now())
    assert 1 == len(rows(db, "jobs"))
    downloads.delete_expired(folder, db, CONTEXT, clock.now() + timedelta(minutes=16))
    assert [] == rows(db, "jobs")


def test_what_is_no_longer_in_sight(app: Flask, client: HouseClient, work: Work) -> None:
    """A file of all the organisation's orders is not for whoever no longer has the main code."""
    sign_in(client)
    page = begun(client)
    work()
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET main_person_id = 2 WHERE id = 1")
    assert (404, 303) == (
        client.get(page).status_code,
        client.get(page.replace("/file?", "/download?")).status_code,
    )


@pytest.mark.parametrize(
    ("lang", "wait", "most"),
    [("en", "takes about 3 minutes to make", "a sheet holds"), ("nl", "maken duurt ongeveer 3 minuten", "passen er")],
)
def test_said_beforehand(client: HouseClient, monkeypatch: pytest.MonkeyPatch, lang: str, wait: str, most: str) -> None:
    """The list says how long a file takes, if that is long, and when there are more orders than a sheet holds."""
    sign_in(client)
    page = client.get(f"/{lang}/self-service/orders").text
    monkeypatch.setitem(export._RATES, "xlsx", (10 / 180, 1))
    monkeypatch.setattr(downloads, "MAX_REQUEST_SECONDS", 3)
    monkeypatch.setattr(workbook, "MOST_ROWS", 10)
    fits = client.get(f"/{lang}/self-service/orders").text
    monkeypatch.setattr(workbook, "MOST_ROWS", 9)
    full = client.get(f"/{lang}/self-service/orders").text
    assert [(False, False), (True, False), (True, True)] == [
        (wait in each, most in each) for each in (page, fits, full)
    ]
    assert 1 == len([one for one in house.elements(house.parse(full), "span") if one.get("class") == "wait"])


@pytest.mark.parametrize(
    ("kind", "orders", "is_long"),
    [("csv", 1_000_000, False), ("programs", 1_000_000, False), ("xlsx", 30_000, False), ("xlsx", 50_000, True),
     ("xlsx", 1_000_000, True), ("json", 600_000, False), ("json", 1_000_000, True)],
)  # fmt: skip
def test_what_is_long(monkeypatch: pytest.MonkeyPatch, kind: str, orders: int, is_long: bool) -> None:
    """By what was measured: a million lines of CSV are made at once, a workbook of as many is a job."""
    monkeypatch.undo()
    assert is_long == (
        export.estimated_seconds(orders, Query(Scope(1, None), Period(), "en"), kind) > downloads.MAX_REQUEST_SECONDS
    )

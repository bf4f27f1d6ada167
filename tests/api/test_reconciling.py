"""What a shop can ask of its orders: one by number, and all that changed since a moment, in pages."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from selfservice import clock
from selfservice.api import routes
from selfservice.orders.store import OrderStore
from selfservice.orders.store.sqlite import reconcile
from tests.api.test_api import ORDER, bearer, deliver, found, new_key, problem
from tests.clients import HouseClient
from tests.sign_in_helpers import browser, database

KNOWN = {
    "number": "B26-1",
    "ordered_at": "2026-03-01T13:05:00Z",
    "product": "extract",
    "product_en": "Extract from the Business Register",
    "product_nl": "Uittreksel Handelsregister",
    "payment": "direct_debit",
    "cents": 285,
    "invoice": None,
    "state": "delivered",
    "updated_at": "2026-03-02T08:00:00.123456Z",
}
SENT = ORDER | {"updated_at": "2026-03-02T09:00:00.123456+01:00"}


@pytest.fixture
def shop(app: Flask) -> HouseClient:
    """A program, of whose orders none was delivered yet."""
    with database(app).write() as conn:
        conn.execute("DELETE FROM order_redeliveries")
        conn.execute("DELETE FROM orders")
        conn.execute("DELETE FROM order_account_months")
        conn.execute("DELETE FROM order_holder_months")
    client = browser(app)
    client.own_site = False
    return client


def ask(shop: HouseClient, plain: str, address: str = "") -> dict[str, Any]:
    """The answer at /api/orders… to this key."""
    answer = shop.get(f"/api/orders{address}", headers=bearer(plain))
    assert (200, "application/json") == (answer.status_code, answer.mimetype)
    assert answer.json is not None
    return dict(answer.json)


def walk(shop: HouseClient, plain: str, query: str = "") -> list[str]:
    """The numbers of all orders, page by page."""
    page = ask(shop, plain, query)
    numbers = [each["number"] for each in page["orders"]]
    return numbers + (walk(shop, plain, f"?cursor={page['next']}") if page["next"] else [])


def test_one(app: Flask, shop: HouseClient) -> None:
    """What is known of an order has the members with which it was sent, never its access code; sent again as it is, it
    is the same.
    """
    plain = new_key(app)
    deliver(shop, plain, SENT)
    assert [KNOWN, KNOWN] == [ask(shop, plain, address) for address in ("/B26-1", "/b26-1")]
    again = deliver(shop, plain, KNOWN).json
    assert {"number": "B26-1", "result": "same"} == (again or {})["orders"][0]
    assert KNOWN == ask(shop, plain, "/B26-1")


def test_names_are_the_products_own(app: Flask, shop: HouseClient) -> None:
    """A name that stands in for another language's is not told: sent back it would become that language's own."""
    plain = new_key(app)
    deliver(shop, plain, SENT | {"product": "new", "product_en": "New"})
    known = ask(shop, plain, "/B26-1")
    assert ("New", None) == (known["product_en"], known["product_nl"])
    deliver(shop, plain, known)
    assert known == ask(shop, plain, "/B26-1")


@pytest.mark.parametrize("number", ["B26-2", "%C3%9F", "b26_1", "x" * 33, "%00", "%20B26-1"])
def test_unknown(app: Flask, shop: HouseClient, number: str) -> None:
    """A number that no order has, or that none can have, is not there; the answer says that it is the order."""
    plain = new_key(app)
    deliver(shop, plain, [SENT, SENT | {"number": "SS"}])
    answer = shop.get(f"/api/orders/{number}", headers=bearer(plain))
    assert (404, "application/problem+json", 404) == problem(answer)
    assert "order-unknown" == (answer.json or {})["code"]


@pytest.mark.parametrize("address", ["", "/B26-1"])
def test_who_may_ask(app: Flask, shop: HouseClient, address: str) -> None:
    """Only a key that may write orders reads them."""
    for headers, status in (({}, 401), (bearer(new_key(app, "redeliveries")), 403)):
        assert status == shop.get(f"/api/orders{address}", headers=headers).status_code


def test_pages(app: Flask, shop: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """All orders come once, by when they were written; those of before that was told first, of one moment by number."""
    monkeypatch.setattr(routes, "MAX_LISTED", 2)
    plain = new_key(app)
    days = {"E": 1, "D": 1, "B": 2, "C": 3, "A": 4, "F": 5, "G": 5}
    for number, day in days.items():
        monkeypatch.setattr(clock, "now", lambda day=day: datetime(2026, 3, day, tzinfo=UTC))
        deliver(shop, plain, SENT | {"number": number, "ordered_at": "2026-03-01T00:00:00Z", "updated_at": None})
    with database(app).write() as conn:
        conn.execute("UPDATE orders SET updated_at = 0, stored_at = 0 WHERE number IN ('F', 'G')")
    assert ["F", "G", "D", "E", "B", "C", "A"] == walk(shop, plain)
    assert ["B", "C", "A"] == walk(shop, plain, "?updated_since=2026-03-01T00:00:00.000001Z")
    assert ["D", "E", "B", "C", "A"] == walk(shop, plain, "?updated_since=2026-03-01T01:00:00%2B01:00")
    assert [] == walk(shop, plain, "?updated_since=2026-03-05T00:00:00Z")
    assert [None, None] == [each["updated_at"] for each in ask(shop, plain)["orders"]]


def test_next_time(app: Flask, shop: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page says from when on to ask the next time: an hour before the first one was asked for."""
    monkeypatch.setattr(routes, "MAX_LISTED", 1)
    plain, before = new_key(app), clock.now()
    deliver(shop, plain, [SENT | {"number": each} for each in "AB"])
    first = ask(shop, plain)
    pages = [first, ask(shop, plain, f"?cursor={first['next']}")]
    told = {clock.from_text(page["next_updated_since"]) + timedelta(hours=1) for page in pages}
    assert (1, True) == (len(told), before <= min(told) <= clock.now())


def test_changed_meanwhile(app: Flask, shop: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two pages orders are changed and come in: each that was there is seen, and each change that is newer."""
    monkeypatch.setattr(routes, "MAX_LISTED", 2)
    plain = new_key(app)

    def send(number: str, minute: int, cents: int = 285) -> None:
        # Sent hours after it was changed: what counts is when it came in.
        moment = clock.now() + timedelta(minutes=1)
        monkeypatch.setattr(clock, "now", lambda: moment)
        order = SENT | {"number": number, "updated_at": f"2026-03-01T00:{minute:02}:00Z", "cents": cents}
        assert 200 == deliver(shop, plain, order).status_code

    for minute, number in enumerate("ABCDEF"):
        send(number, minute)
    page = ask(shop, plain)
    # One that was seen, one on the page's end, one that was not yet seen; and a new one.
    for minute, number in enumerate("ABDN", start=10):
        send(number, minute, cents=1)
    seen = [(each["number"], each["cents"]) for each in page["orders"]]
    while page["next"]:
        page = ask(shop, plain, f"?cursor={page['next']}")
        seen += [(each["number"], each["cents"]) for each in page["orders"]]
    assert [("A", 285), ("B", 285), ("C", 285), ("E", 285), ("F", 285), ("A", 1), ("B", 1), ("D", 1), ("N", 1)] == seen


@pytest.mark.parametrize(
    "query",
    [
        "updated_since=", "updated_since=yesterday", "updated_since=2026-02-30T00:00:00Z", "cursor=", "cursor=1.A",
        "cursor=1.%C3%9F.1", "cursor=1.a.1", "cursor=999999999999999999.A.999999999999999999",
        "cursor=1.A.1&cursor=1.A.1",
        "updated_since=2026-03-01T00:00:00+01:00",
    ],
)  # fmt: skip
def test_wrong_parameters(app: Flask, shop: HouseClient, query: str) -> None:
    """A moment or a place that is none is refused, also a + that an address reads as a space, and the answer says how
    to write one.
    """
    answer = shop.get(f"/api/orders?{query}", headers=bearer(new_key(app)))
    assert (400, "application/problem+json", 400) == problem(answer)
    assert ("parameter-invalid", "updated_since" in query) == (
        (answer.json or {})["code"],
        "+ is written as %2B" in (answer.json or {})["detail"],
    )


def test_a_page_is_a_walk_along_an_index(app: Flask) -> None:
    """However many orders there are, a page is found and put in order by an index."""
    read = database(app).read()
    plans = [
        [row["detail"] for row in read.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        for statement, values in (
            (reconcile._ONE, {"number": "A"}),
            (reconcile._AFTER, {"stored_at": 1, "number": "A", "most": 500}),
        )
    ]
    product = "SEARCH p USING INTEGER PRIMARY KEY (rowid=?)"
    assert [
        ["SEARCH o USING INDEX sqlite_autoindex_orders_1 (number=?)", product],
        ["SEARCH o USING INDEX orders_stored ((stored_at,number)>(?,?))", product],
    ] == plans


def test_older_message(app: Flask, shop: HouseClient) -> None:
    """A message that is older than what is known changes nothing, whatever it says, and is no error."""
    plain = new_key(app)
    deliver(shop, plain, SENT)
    older = SENT | {"updated_at": "2026-03-02T08:00:00.123455Z", "state": "ordered", "cents": 1, "product_en": "Old"}
    answer = deliver(shop, plain, older)
    assert (200, {"number": "B26-1", "result": "outdated"}, 1) == (
        answer.status_code,
        (answer.json or {})["orders"][0],
        (answer.json or {})["outdated"],
    )
    assert KNOWN == ask(shop, plain, "/B26-1")


def test_at_the_same_time(app: Flask, shop: HouseClient) -> None:
    """Of versions of one order that are delivered at the same time the newest stays, and the sums are right."""
    plain = new_key(app)
    minutes = [minute * 7 % 20 for minute in range(20)]

    def send(part: list[int]) -> None:
        client = browser(app)
        client.own_site = False
        for minute in part:
            sent = SENT | {"updated_at": f"2026-03-01T00:{minute:02}:00Z", "cents": minute}
            statuses.append(deliver(client, plain, sent).status_code)

    statuses: list[int] = []
    threads = [threading.Thread(target=send, args=(minutes[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ([200] * 20, 19, []) == (statuses, (found(app) or {})["cents"], OrderStore(database(app).read()).check())


def test_sent_again_after_a_time_out(app: Flask, shop: HouseClient) -> None:
    """Who does not know whether a list arrived sends it again: nothing changes, and nothing is there twice."""
    plain, sent = new_key(app), [SENT | {"number": each} for each in "ABC"]
    answers = [deliver(shop, plain, sent).json or {} for _ in range(2)]
    assert [(3, 0), (0, 3)] == [(each["new"], each["same"]) for each in answers]
    assert ["A", "B", "C"] == walk(shop, plain)

"""The API for a shop: whom it lets in, what it takes and answers, and that a browser's visit counts for nothing there.

That it does what openapi.json says is held by test_api_described.py.
"""

from __future__ import annotations

import dataclasses
import io
import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock, workdays
from selfservice.api import problems, request_body
from selfservice.demo import accounts
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import using_language
from selfservice.limits import table
from selfservice.limits.rate_limit import RateLimit
from selfservice.orders import api_keys, redelivery
from selfservice.orders.store import OrderStore
from selfservice.values.access_code import group_code
from tests.clients import HouseClient
from tests.domain_helpers import rows
from tests.orders.factories import buy
from tests.sign_in_helpers import MAIN, PRIVATE, browser, database, person_id, prepare, sign_in

ORDER = {
    "number": "B26-1",
    "ordered_at": "2026-03-01T14:05:00+01:00",
    "access_code": group_code(accounts.code(MAIN)),
    "product": "extract",
    "payment": "direct_debit",
    "cents": 285,
    "state": "delivered",
}
# As in a route: <int:number>.
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}


def new_key(app: Flask, scope: api_keys.KeyScope = "orders:write", until: date | None = None) -> str:
    with database(app).write() as conn:
        return api_keys.create(conn, "The shop", scope, clock.now(), until=until)[0]


def bearer(plain: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {plain}"}


@pytest.fixture
def shop(app: Flask) -> HouseClient:
    """A program: it says nothing of where it comes from."""
    client = browser(app)
    client.own_site = False
    return client


def deliver(shop: HouseClient, plain: str, sent: Any, **headers: str) -> TestResponse:
    return shop.post(
        "/api/orders", data=json.dumps(sent), content_type="application/json", headers=bearer(plain) | headers
    )


def found(app: Flask, number: str = "B26-1") -> dict[str, Any] | None:
    row = database(app).read().execute("SELECT * FROM orders WHERE number = ?", (number,)).fetchone()
    return None if row is None else dict(row)


def problem(answer: TestResponse) -> tuple[int, str, int]:
    assert answer.json
    return answer.status_code, str(answer.mimetype), int(answer.json["status"])


def test_one(app: Flask, shop: HouseClient) -> None:
    """One order goes in, once; the same again is the same, another amount a change, and the sums are right."""
    plain = new_key(app)
    changed = ORDER | {"cents": -285, "invoice": "F-9"}
    answers = [deliver(shop, plain, sent).json or {} for sent in (ORDER, ORDER, changed)]
    assert [[{"number": "B26-1", "result": result}] for result in ("new", "same", "changed")] == [
        each["orders"] for each in answers
    ]
    assert [("new", 1), ("same", 1), ("changed", 1)] == [
        (name, count) for each in answers for name, count in each.items() if name != "orders" and count
    ]
    row = found(app)
    assert row is not None
    assert (1, "2026-03-01", -285, "F-9", []) == (
        row["account"],
        row["ordered_on"],
        row["cents"],
        row["invoice"],
        OrderStore(database(app).read()).check(),
    )


def test_many(app: Flask, shop: HouseClient) -> None:
    """Each of a list is answered in its place; one that cannot go in is refused by itself with every reason."""
    sent = [
        ORDER,
        ORDER | {"number": "B26-2", "access_code": "2222-2222-2222-2222"},
        ORDER | {"number": "b26-3"},
        {"number": 7},
        {"number": "\ud800", "payment": "cash"},
        ORDER | {"number": "B26-1", "cents": 300},
    ]
    answer = deliver(shop, new_key(app), sent)
    assert answer.json is not None
    answers = answer.json["orders"]
    assert (200, ["new", "refused", "new", "refused", "refused", "new"]) == (
        answer.status_code,
        [each["result"] for each in answers],
    )
    assert ["B26-1", "B26-2", "B26-3", None, "\ud800", "B26-1"] == [each["number"] for each in answers]
    assert ["access_code is not one that we gave out", "number is not a text"] == [
        answers[place]["reason"] for place in (1, 3)
    ]
    assert {"new": 3, "changed": 0, "same": 0, "outdated": 0, "refused": 3} == {
        name: count for name, count in answer.json.items() if name != "orders"
    }
    assert ([True, None, True], 300) == (
        [found(app, number) and True for number in ("B26-1", "B26-2", "B26-3")],
        (found(app) or {})["cents"],
    )


def test_one_that_is_refused(app: Flask, shop: HouseClient) -> None:
    """One order that cannot go in is a problem, with every reason and what was not looked at; a list of it is not."""
    plain = new_key(app)
    sent = ORDER | {"access_code": "2222-2222-2222-2222", "invoce": "F-1"}
    alone, listed = deliver(shop, plain, sent), deliver(shop, plain, [sent])
    reason = {
        "type": "/api/problems/access-code-unknown",
        "code": "access-code-unknown",
        "field": "access_code",
        "detail": "access_code is not one that we gave out",
    }
    assert alone.json is not None
    assert listed.json is not None
    ignored = alone.json["ignored"]
    assert (422, "application/problem+json", 422) == problem(alone)
    assert ("order-refused", "/api/problems/order-refused", [reason], reason["detail"]) == tuple(
        alone.json[name] for name in ("code", "type", "errors", "detail")
    )
    assert [("unknown-field", "invoce", True)] == [
        (each["code"], each["field"], "did you mean 'invoice'?" in each["detail"]) for each in ignored
    ]
    assert (200, 1, None) == (listed.status_code, listed.json["refused"], found(app))
    assert [
        {
            "number": "B26-1", "result": "refused", "reason": reason["detail"],
            "errors": [reason], "ignored": ignored,
        }
    ] == listed.json["orders"]  # fmt: skip


def test_unknown_members(app: Flask, shop: HouseClient) -> None:
    """An order with a member that is not known goes in, and the answer names the member."""
    answer = deliver(shop, new_key(app), ORDER | {"invoce": "F-1", "customer": {"id": 7}}).json or {}
    assert ("new", ["invoce", "customer"]) == (
        answer["orders"][0]["result"],
        [each["field"] for each in answer["orders"][0]["ignored"]],
    )


def test_reasons_are_explained(app: Flask, shop: HouseClient) -> None:
    """The type of a problem, and of each reason, is an address that explains it to everybody."""
    plain = new_key(app)
    answers = [
        shop.post("/api/orders", json=ORDER),
        shop.get("/api/redeliveries", headers=bearer(plain)),
        shop.get("/api/redeliveries?x=1", headers=bearer(plain)),
        deliver(shop, plain, []),
        deliver(shop, plain, {"number": "?", "payment": 7}),
    ]
    told = [answer.json or {} for answer in answers]
    told += told[-1]["errors"]
    explained = [shop.get(each["type"]).json or {} for each in told]
    assert [each["code"] for each in told] == [each["code"] for each in explained]
    assert [problems.PROBLEMS[each["code"]] for each in told] == [each["explanation"] for each in explained]
    assert 404 == shop.get("/api/problems/nothing").status_code


def test_events(app: Flask, shop: HouseClient) -> None:
    """Each delivery is in the log by its key, and so is when the key was used last."""
    plain = new_key(app)
    deliver(shop, plain, ORDER)
    deliver(shop, plain, [ORDER, {}])
    deliver(shop, plain, {})
    events = [row for row in rows(database(app), "events") if row["what"] == "orders.deliver"]
    assert [(result, "delivery_key:1") for result in ("ok", "partly", "refused")] == [
        (row["result"], row["on_what"]) for row in events
    ]
    assert [1, [10]] == [len({row["who"] for row in events}), [len(each["last_used_on"]) for each in key_rows(app)]]


def key_rows(app: Flask) -> list[dict[str, Any]]:
    return rows(database(app), "delivery_keys")


@pytest.mark.parametrize(
    ("headers", "status", "code", "challenge"),
    [
        ({}, 401, "key-missing", 'Bearer realm="loket"'),
        ({"Authorization": "Basic abc"}, 401, "key-missing", 'Bearer realm="loket"'),
        (bearer("loket_" + "x" * 43), 401, "key-unknown", 'Bearer realm="loket", error="invalid_token"'),
        (bearer(""), 401, "key-unknown", 'Bearer realm="loket", error="invalid_token"'),
        ("revoked", 401, "key-unknown", 'Bearer realm="loket", error="invalid_token"'),
        ("expired", 401, "key-expired", 'Bearer realm="loket", error="invalid_token"'),
        (
            "other",
            403,
            "scope-insufficient",
            'Bearer realm="loket", error="insufficient_scope", scope="orders:write"',
        ),
    ],
)
def test_keys(
    app: Flask, shop: HouseClient, headers: dict[str, str] | str, status: int, code: str, challenge: str
) -> None:
    """Without a key that works, and is for this, nothing goes in, and the answer says what is asked for."""
    if headers == "revoked":
        headers = bearer(new_key(app))
        with database(app).write() as conn:
            api_keys.revoke(conn, api_keys.all_keys(conn)[0].public_id, clock.now())
    elif headers == "expired":
        headers = bearer(new_key(app, until=workdays.today(clock.now()) - timedelta(days=1)))
    elif headers == "other":
        headers = bearer(new_key(app, "redeliveries"))
    assert isinstance(headers, dict)
    answer = shop.post("/api/orders", json=ORDER, headers=headers)
    assert (status, "application/problem+json", status) == problem(answer)
    assert code == (answer.json or {})["code"]
    assert (challenge, None) == (answer.headers["WWW-Authenticate"], found(app))


def test_key(app: Flask, shop: HouseClient) -> None:
    """Whoever has a key can ask what it is for, until when it works, and how often it may come; on its last day too."""
    today = workdays.today(clock.now())
    answers = [shop.get("/api/key", headers=bearer(plain)).json for plain in (new_key(app, until=today), new_key(app))]
    numbers = [each.public_id for each in api_keys.all_keys(database(app).read())]
    assert [
        {
            "id": number,
            "name": "The shop",
            "scope": "orders:write",
            "last_day": last_day,
            "limit": {"requests": 300, "seconds": 60},
        }
        for number, last_day in zip(numbers, (today.isoformat(), None), strict=True)
    ] == answers
    assert 401 == shop.get("/api/key").status_code


def test_two_keys_at_once(app: Flask, shop: HouseClient) -> None:
    """While a key is replaced the old one and the new one both work, until the old one is revoked."""
    old, new = new_key(app), new_key(app)
    before = [deliver(shop, plain, ORDER).status_code for plain in (old, new)]
    with database(app).write() as conn:
        api_keys.revoke(conn, api_keys.all_keys(conn)[0].public_id, clock.now())
    assert [200, 200, 401, 200] == before + [deliver(shop, plain, ORDER).status_code for plain in (old, new)]


def test_no_cookie_counts(app: Flask, client: HouseClient) -> None:
    """Who is signed in may do nothing here without a key, and with one gets no cookie: only that is why another site's
    page need not be refused.
    """
    prepare(app)
    sign_in(client, MAIN)
    client.own_site = False
    addresses = ("/api/orders", "/api/redeliveries/1/done")
    refused = [client.post(address, json=ORDER, headers=FOREIGN) for address in addresses]
    assert [401, 401] == [answer.status_code for answer in refused]
    taken = deliver(client, new_key(app), ORDER, **FOREIGN)
    assert (200, [], []) == (
        taken.status_code,
        taken.headers.getlist("Set-Cookie"),
        taken.headers.getlist("Access-Control-Allow-Origin"),
    )


@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"number": "\xe9"}', "application/json", 400),
        (b'{"number": NaN}', "application/json", 400),
        (b'{"number": "a", "number": "b"}', "application/json", 400),
        (b"[" * 20_000, "application/json", 400),
        (b'"a"', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"[{}, 1]", "application/json", 422),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"number=a", "application/x-www-form-urlencoded", 415),
    ],
)
def test_wrong_bodies(app: Flask, shop: HouseClient, sent: bytes, kind: str, status: int) -> None:
    """What is not one object or a list of them in JSON is answered with a problem, and nothing goes in."""
    before = len(rows(database(app), "orders"))
    answer = shop.post("/api/orders", data=sent, content_type=kind, headers=bearer(new_key(app)))
    assert (status, "application/problem+json", status) == problem(answer)
    assert before == len(rows(database(app), "orders"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Content-Type": "application/json", "Content-Encoding": "identity"}, 200),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json-seq"}, 415),
        ({}, 415),
    ],
)
def test_how_it_is_sent(app: Flask, shop: HouseClient, headers: dict[str, str], status: int) -> None:
    """JSON goes in with or without what names its characters, also behind a byte order mark; compressed, or named
    otherwise, it is told how to send it.
    """
    body = b"\xef\xbb\xbf" + json.dumps(ORDER).encode()
    answer = shop.post("/api/orders", data=body, headers=bearer(new_key(app)) | headers)
    assert (status, status == 200) == (answer.status_code, found(app) is not None)
    assert ("Content-Encoding" in (answer.json or {}).get("detail", "")) == ("Accept-Encoding" in answer.headers)


def test_size(app: Flask, shop: HouseClient) -> None:
    """A list of 1,000 goes in, up to a megabyte; a byte more is refused, however it comes. Elsewhere the small limit
    stays.
    """
    plain = new_key(app)
    many = [ORDER | {"number": f"M{number}", "product_en": "x" * 100} for number in range(request_body.MAX_ORDERS)]
    answer = deliver(shop, plain, many)
    assert answer.json is not None
    assert (200, {"new"}) == (answer.status_code, {each["result"] for each in answer.json["orders"]})
    padded = json.dumps(ORDER).encode()
    sizes = [request_body.MAX_BYTES, request_body.MAX_BYTES + 1]
    answers = [
        shop.post("/api/orders", data=padded.ljust(size), content_type="application/json", headers=bearer(plain))
        for size in sizes
    ]
    in_pieces = [
        shop.post(
            "/api/orders",
            input_stream=io.BytesIO(padded.ljust(size)),
            content_type="application/json",
            headers=bearer(plain),
            environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
        )
        for size in sizes
    ]
    assert [200, 413] * 2 == [each.status_code for each in answers + in_pieces]
    assert "application/problem+json" == answers[1].mimetype
    shop.own_site = True
    assert 413 == shop.send("/en/self-service/replacement-password", {"access_code": "x" * 70_000}).status_code


def test_limit(app: Flask, shop: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key may come so often and no more, with when to come back; another key still may."""
    # So few and so slowly given back that none comes free while the test runs.
    monkeypatch.setattr(table, "API_KEY", RateLimit("api", 3, 3600))
    plain, other = new_key(app, "redeliveries"), new_key(app, "redeliveries")
    got = [shop.get("/api/redeliveries", headers=bearer(plain)) for _ in range(4)]
    assert [200, 200, 200, 429] == [each.status_code for each in got]
    assert (429, "application/problem+json", 429) == problem(got[-1])
    assert 1 <= int(got[-1].headers["Retry-After"]) <= 1200
    assert [2, 1, 0, 0] == [remaining(each) for each in got]
    assert f'"api";r=0;t={got[-1].headers["Retry-After"]}' == got[-1].headers["RateLimit"]
    assert 200 == shop.get("/api/redeliveries", headers=bearer(other)).status_code


def remaining(answer: TestResponse) -> int:
    told = re.fullmatch(r'"api";r=([0-9]+);t=[1-9][0-9]*', answer.headers["RateLimit"])
    assert told
    return int(told[1])


def test_every_answer_to_a_key_tells_the_limit(app: Flask, shop: HouseClient) -> None:
    """Whatever the answer to a key is, it says how many more may come; one to nobody's key does not."""
    headers = bearer(new_key(app))
    got = [
        deliver(shop, headers["Authorization"][7:], ORDER),
        deliver(shop, headers["Authorization"][7:], {}),
        shop.post("/api/orders", data=b"{", content_type="application/json", headers=headers),
        shop.post("/api/orders", data=b"{}", content_type="text/plain", headers=headers),
        shop.post("/api/orders", data=b"x" * 1_100_000, content_type="application/json", headers=headers),
        shop.get("/api/redeliveries", headers=headers),
        shop.get("/api/key", headers=bearer(new_key(app, until=date(2020, 1, 1)))),
    ]
    assert [200, 422, 400, 415, 413, 403, 401] == [each.status_code for each in got]
    assert [299, 298, 297, 296, 295, 294, 299] == [remaining(each) for each in got]
    assert {'"api";q=300;w=60'} == {each.headers["RateLimit-Policy"] for each in got}
    others = [shop.get("/api/key"), shop.get("/api/key", headers=bearer("x")), shop.get("/api/openapi.json")]
    assert [None] * 3 == [each.headers.get("RateLimit") for each in others]


def test_wrong_keys_are_limited(app: Flask, shop: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """So often may a wrong key come from one address; a right one from there still works."""
    monkeypatch.setattr(
        table, "WRONG_KEY", dataclasses.replace(table.WRONG_KEY, network=RateLimit("api-wrong", 3, 3600))
    )
    wrong = bearer("loket_" + "x" * 43)
    got = [shop.get("/api/redeliveries", headers=wrong).status_code for _ in range(4)]
    assert [401, 401, 401, 429] == got
    assert 200 == shop.get("/api/redeliveries", headers=bearer(new_key(app, "redeliveries"))).status_code


def ask_again(app: Flask, number: str, who: int = MAIN) -> None:
    with database(app).write() as conn:
        conn.execute(
            "INSERT INTO order_redeliveries (number, person_id, asked_at) VALUES (:number, :person_id, :now)",
            {"number": number, "person_id": person_id(app, who), "now": clock.to_text(clock.now())},
        )


def test_redeliveries(app: Flask, shop: HouseClient) -> None:
    """What is to be delivered again is listed, oldest first, until it is done; done twice is done once."""
    headers = bearer(new_key(app, "redeliveries"))
    numbers = [buy(app, who, product="history") for who in (MAIN, PRIVATE, MAIN)]
    for number in numbers:
        ask_again(app, number)
    listed = shop.get("/api/redeliveries", headers=headers).json
    assert listed is not None
    assert [(1, numbers[0], "history"), (2, numbers[1], "history"), (3, numbers[2], "history")] == [
        (each["id"], each["number"], each["product"]) for each in listed["redeliveries"]
    ]
    assert (None, True) == (listed["next"], all(len(each["asked_at"]) == 27 for each in listed["redeliveries"]))
    first, again = [shop.post("/api/redeliveries/2/done", headers=headers) for _ in range(2)]
    assert first.json is not None
    assert (200, 2, numbers[1], first.json) == (first.status_code, first.json["id"], first.json["number"], again.json)
    left = [shop.get(f"/api/redeliveries{query}", headers=headers).json for query in ("", "?after=1", "?after=3")]
    assert [[1, 3], [3], []] == [[each["id"] for each in (one or {})["redeliveries"]] for one in left]


def test_redeliveries_in_pages(app: Flask, shop: HouseClient) -> None:
    """A full page says what to ask for next; with it every redelivery comes once."""
    headers = bearer(new_key(app, "redeliveries"))
    for _ in range(redelivery.MOST + 1):
        ask_again(app, buy(app, MAIN))
    first = shop.get("/api/redeliveries", headers=headers).json or {}
    second = shop.get(f"/api/redeliveries?after={first['next']}", headers=headers).json or {}
    assert ([*range(1, 102)], None) == (
        [each["id"] for page in (first, second) for each in page["redeliveries"]],
        second["next"],
    )


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=", "after=9007199254740992", "after=1&after=2", "a=1"])
def test_wrong_parameters(app: Flask, shop: HouseClient, query: str) -> None:
    """A parameter that is not one, is unknown or comes twice is refused, so that a mistyped one does no harm."""
    answer = shop.get(f"/api/redeliveries?{query}", headers=bearer(new_key(app, "redeliveries")))
    assert (400, "application/problem+json", 400) == problem(answer)
    assert ("parameter-unknown" if query == "a=1" else "parameter-invalid") == (answer.json or {})["code"]


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("POST", "/api/nothing", 404),
        ("PUT", "/api/orders", 405),
        ("DELETE", "/api/redeliveries", 405),
        ("POST", "/api/redeliveries/9007199254740993/done", 404),
        ("POST", "/api/redeliveries/1/done", 404),
    ],
)
def test_no_such_thing(app: Flask, shop: HouseClient, method: str, address: str, status: int) -> None:
    """What is not there is a problem in JSON, and a wrong method says which are right, wherever it comes from."""
    answer = shop.open(address, method=method, headers=bearer(new_key(app, "redeliveries")) | FOREIGN)
    assert (status, "application/problem+json", status) == problem(answer)
    assert (status == 405) == ("Allow" in answer.headers)


@pytest.mark.parametrize(
    ("accepts", "language", "title"),
    [
        (None, "en", "There is nothing at this address"),
        ("en-GB", "en", "There is nothing at this address"),
        ("nl", "nl", None),
    ],
)
def test_language(shop: HouseClient, accepts: str | None, language: str, title: str | None) -> None:
    """A title is in the language that is accepted, and in English when none is named."""
    answer = shop.get("/api/nothing", headers={"Accept-Language": accepts} if accepts else {})
    assert answer.json is not None
    assert (language, title or answer.json["title"]) == (answer.headers["Content-Language"], answer.json["title"])


@pytest.mark.parametrize(("accepts", "language"), [("", "en"), ("*", "en"), ("de, *;q=0.5", "en"), ("nl-BE", "nl")])
def test_detail_in_the_language_of_the_title(app: Flask, shop: HouseClient, accepts: str, language: str) -> None:
    """What is to be mended is said in the language of the title: Dutch to who accepts that, English to others, also
    to programs that accept anything.
    """
    headers = bearer(new_key(app)) | ({"Accept-Language": accepts} if accepts else {})
    answer = shop.post("/api/orders", data=b"[]", content_type="application/json", headers=headers)
    assert answer.json is not None
    with using_language(language):
        says = gettext("It is one object, or a list of 1 to %(most)s of them.", most=request_body.MAX_ORDERS)
        title = gettext("The request is not valid")
    assert (language, title, says) == (
        answer.headers["Content-Language"],
        answer.json["title"],
        answer.json["detail"],
    )


def test_description(app: Flask, shop: HouseClient) -> None:
    """openapi.json is there for everybody, and names every address, method and code of the API and no other."""
    described = shop.get("/api/openapi.json").json
    assert described is not None
    known = {
        (PLACEHOLDER.sub(r"{\1}", str(rule)).replace("redeliveries/{number}", "redeliveries/{id}"), method.lower())
        for rule in app.url_map.iter_rules()
        if str(rule).startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert known == {(path, method) for path, methods in described["paths"].items() for method in methods}
    listed = described["paths"]["/api/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert request_body.MAX_ORDERS == listed[1]["maxItems"]
    assert list(problems.PROBLEMS) == [each["const"] for each in described["components"]["schemas"]["Code"]["oneOf"]]

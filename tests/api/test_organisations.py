"""The register by the API: it does what a file does, all or nothing, and closes what the register closes."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from selfservice import clock
from selfservice.commands import cli
from selfservice.demo import accounts
from selfservice.importing.parsing import LineError
from selfservice.register import closing
from selfservice.register.importer import import_register, upsert
from selfservice.register.validation import COLUMNS, OPTIONAL, reject_repeated, row_of_object
from selfservice.web.services import Services
from tests.api.test_api import bearer, new_key
from tests.clients import HouseClient
from tests.docs.pages import ROOT, blocks
from tests.domain_helpers import CONTEXT, NOW, new_database, rows
from tests.register.test_register import GOOD, POSTAL, known, text
from tests.sign_in_helpers import MAIN, browser, database, sign_in

ADDRESS = "/api/organisations"
EMPTY = dict.fromkeys(COLUMNS)
OPEN = EMPTY | GOOD
# The demonstration's first.
BAKERY = "00010007"


@pytest.fixture
def shop(app: Flask) -> HouseClient:
    """A program: it says nothing of where it comes from."""
    client = browser(app)
    client.own_site = False
    return client


@pytest.fixture
def plain(app: Flask) -> str:
    """A key for the register."""
    with database(app).write() as conn:
        # The demonstration's belong to no place.
        conn.execute("UPDATE organisations SET postcode = '1010 ZZ'")
        conn.execute(
            "UPDATE organisations SET postal_postcode = '1010 ZZ', postal_country = 'NL' WHERE postal_city IS NOT NULL"
        )
    return new_key(app, "register:write")


def deliver(shop: HouseClient, plain: str, sent: Any) -> TestResponse:
    return shop.post(ADDRESS, data=json.dumps(sent), content_type="application/json", headers=bearer(plain))


def results(answer: TestResponse) -> list[tuple[str | None, str]]:
    assert answer.json
    return [(each["kvk_number"], each["result"]) for each in answer.json["organisations"]]


def held(shop: HouseClient, plain: str, number: str) -> Any:
    answer = shop.get(f"{ADDRESS}/{number}", headers=bearer(plain))
    return answer.json if answer.status_code == 200 else (answer.status_code, (answer.json or {}).get("code"))


def test_one(app: Flask, shop: HouseClient, plain: str) -> None:
    """One organisation goes in, once; the same again is the same, another name a change; what is held can be asked."""
    answers = [deliver(shop, plain, sent) for sent in (OPEN, OPEN, OPEN | {"name": "Anders"})]
    assert [[(GOOD["kvk_number"], result)] for result in ("new", "same", "changed")] == list(map(results, answers))
    assert {"new": 0, "changed": 1, "same": 0, "closed": 0, "refused": 0} == {
        name: count for name, count in (answers[2].json or {}).items() if name != "organisations"
    }
    expected = OPEN | {"name": "Anders", "visiting_postcode": "1234 AB", "visiting_country": "NL"}
    assert expected == held(shop, plain, GOOD["kvk_number"])
    logged = [(row["what"], row["result"]) for row in rows(database(app), "events") if row["what"].startswith("reg")]
    assert [("register.deliver", "ok")] * 3 == logged


def test_sending_back_what_is_held(app: Flask, shop: HouseClient, plain: str) -> None:
    """Whatever is held of an organisation, sending that changes nothing; members of other names are only named."""
    numbers = [row["kvk_number"] for row in rows(database(app), "organisations")]
    deliver(shop, plain, OPEN | POSTAL | {"postal_country": "BE", "postal_postcode": "1000"})
    sent = [held(shop, plain, number) for number in [*numbers, GOOD["kvk_number"]]]
    before = rows(database(app), "organisations")
    answer = deliver(shop, plain, [each | {"nmae": "x"} for each in sent])
    assert [(each["kvk_number"], "same") for each in sent] == results(answer)
    assert before == rows(database(app), "organisations")
    [ignored] = (answer.json or {})["organisations"][0]["ignored"]
    assert ("unknown-field", "nmae is not known: not looked at; did you mean 'name'?") == (
        ignored["code"], ignored["detail"],
    )  # fmt: skip


@pytest.mark.parametrize("member", [column for column in COLUMNS if column not in OPTIONAL])
def test_every_member_is_sent(app: Flask, shop: HouseClient, plain: str, member: str) -> None:
    """What is left out is not taken for empty: it is refused, and says which member it is."""
    before = rows(database(app), "organisations")
    answer = deliver(shop, plain, {name: value for name, value in OPEN.items() if name != member})
    assert answer.json
    assert (422, "organisation-refused", [("member-missing", member)]) == (
        answer.status_code,
        answer.json["code"],
        [(each["code"], each["field"]) for each in answer.json["errors"] if each["code"] == "member-missing"],
    )
    assert before == rows(database(app), "organisations")


def test_many(app: Flask, shop: HouseClient, plain: str) -> None:
    """Each of a list is answered in its place; those that cannot go in are refused by themselves with every reason."""
    sent = [
        OPEN,
        OPEN | {"name": "Second of that number"},
        OPEN | {"kvk_number": 7},
        {},
        OPEN | {"kvk_number": "00000002", "email": "x", "name": "y" * 201, "closed_on": "gisteren"},
        OPEN | {"kvk_number": "00000003", "name": "a\x1b[2J"},
        OPEN | {"kvk_number": "00000004"},
    ]
    answer = deliver(shop, plain, sent)
    assert answer.json
    assert ["new", "refused", "refused", "refused", "refused", "refused", "new"] == [
        result for _, result in results(answer)
    ]
    codes = [[(each["code"], each["field"]) for each in one.get("errors", [])] for one in answer.json["organisations"]]
    assert [("number-repeated", "kvk_number")] == codes[1]
    assert [("field-not-text", "kvk_number")] == codes[2]
    assert len(COLUMNS) - len(OPTIONAL) == len(codes[3])
    assert [("field-too-long", "name"), ("field-invalid", "email"), ("field-invalid", "closed_on")] == codes[4]
    assert [("character-not-allowed", "name")] == codes[5]
    assert (2, 5) == (answer.json["new"], answer.json["refused"])
    assert GOOD["name"] == held(shop, plain, GOOD["kvk_number"])["name"]


@pytest.mark.parametrize(
    ("sent", "status", "code"), [([], 422, "body-not-organisations"), (7, 422, "body-not-organisations")]
)
def test_shape(shop: HouseClient, plain: str, sent: Any, status: int, code: str) -> None:
    """What is no object or list of objects is refused whole."""
    answer = deliver(shop, plain, sent)
    assert (status, code) == (answer.status_code, (answer.json or {})["code"])


def test_keys(app: Flask, shop: HouseClient, plain: str) -> None:
    """Only a key for the register delivers or sees it; and that key does nothing with orders."""
    orders = new_key(app)
    assert (403, (403, "scope-insufficient")) == (
        deliver(shop, orders, OPEN).status_code, held(shop, orders, BAKERY),
    )  # fmt: skip
    answer = shop.post("/api/orders", data="{}", content_type="application/json", headers=bearer(plain))
    assert (403, 401) == (answer.status_code, shop.get(f"{ADDRESS}/{BAKERY}").status_code)


def test_unknown(shop: HouseClient, plain: str) -> None:
    """What nobody has is a problem with a code, whatever stands in the address."""
    assert [(404, "organisation-unknown")] * 3 == [held(shop, plain, each) for each in ("99999990", "x", "0" * 30)]


def test_closing(app: Flask, shop: HouseClient, plain: str) -> None:
    """With the day that it was closed its codes stop, at once and in every browser; its people get one mail; said again
    nothing happens; with null it is open again, and the codes stay as they are.
    """
    main = browser(app)
    sign_in(main, MAIN)
    sent = held(shop, plain, BAKERY)
    today = clock.now().date().isoformat()
    assert [(BAKERY, "closed")] == results(deliver(shop, plain, sent | {"closed_on": today}))
    assert 'name="password"' in main.get("/en/self-service/orders").text
    mails = [row["recipient"] for row in rows(database(app), "outbox") if row["kind"] == "access_code.closed"]
    assert sorted(mails) == sorted({accounts.email(0), accounts.email(1)})
    assert [(BAKERY, "same")] == results(deliver(shop, plain, sent | {"closed_on": today}))
    without = {name: value for name, value in sent.items() if name != "closed_on"}
    assert [(BAKERY, "changed")] == results(deliver(shop, plain, without | {"name": "De Korst"}))
    assert today == held(shop, plain, BAKERY)["closed_on"]
    assert [(BAKERY, "changed")] == results(deliver(shop, plain, sent))
    assert sorted(mails) == sorted(
        row["recipient"] for row in rows(database(app), "outbox") if row["kind"] == "access_code.closed"
    )
    query = "SELECT count(*) FROM access_codes WHERE organisation_id = 1 AND revoked_at IS NULL"
    assert 0 == database(app).read().execute(query).fetchone()[0]


def some(count: int, **changes: str) -> list[dict[str, Any]]:
    """So many organisations."""
    return [OPEN | {"kvk_number": f"{number:08}"} | changes for number in range(90_000_000, 90_000_000 + count)]


def refusals(answer: TestResponse) -> set[tuple[str, str]]:
    assert answer.json is not None
    return {(each["code"], each["field"]) for one in answer.json["organisations"] for each in one.get("errors", [])}


def test_most_that_a_request_closes(app: Flask, shop: HouseClient, plain: str) -> None:
    """Of more than 200 none is closed, and the others go in; not counted are those that are closed on a day to come, or
    were before.
    """
    for count in (1000, 400):
        deliver(shop, plain, some(1000)[:count])
    with database(app).write() as conn:
        # So that it is a small part of all.
        conn.executemany(
            """INSERT INTO organisations (kvk_number, name, email, street, house_number, postcode, city, created_at)
               VALUES (?, 'x', 'x@y.example', 's', '1', '1234 AB', 'c', '2026-01-01T00:00:00.000000Z')""",
            [(f"{number:08}",) for number in range(70_000_000, 70_010_000)],
        )
    closed = some(201, closed_on="2026-01-01")
    answer = deliver(shop, plain, [*closed, OPEN])
    assert {("closings-per-request", "closed_on")} == refusals(answer)
    assert ["refused"] * 201 + ["new"] == [result for _, result in results(answer)]
    assert ["closed"] * 200 == [result for _, result in results(deliver(shop, plain, closed[:200]))]
    assert ["same"] * 200 + ["closed"] == [result for _, result in results(deliver(shop, plain, closed))]


@pytest.mark.parametrize("day", ["2026-01-01", "2099-01-01"])
def test_most_in_a_day(app: Flask, shop: HouseClient, plain: str, monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    """Those that make it more than a register closes in a day are refused, one by one too, and what is closed stays so;
    the others go in.
    """
    monkeypatch.setattr(closing, "MOST_IN_A_DAY", 2)
    deliver(shop, plain, some(4))
    closed = some(4, closed_on=day)
    answer = deliver(shop, plain, [*closed[:3], OPEN])
    assert ({("closings-per-day", "closed_on")}, ["refused"] * 3 + ["new"]) == (
        refusals(answer), [result for _, result in results(answer)],
    )  # fmt: skip
    assert [200, 200, 422] == [deliver(shop, plain, each).status_code for each in closed[:3]]
    answer = deliver(shop, plain, closed)
    assert ["same"] * 2 + ["refused"] * 2 == [result for _, result in results(answer)]
    assert [day, day, None, None] == [held(shop, plain, each["kvk_number"])["closed_on"] for each in closed]


def test_nothing_by_half(app: Flask, shop: HouseClient, plain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last of what a request does fails, nothing of it stays."""
    wired: Services = app.extensions["services"]
    before = {name: rows(wired.db, name) for name in ("organisations", "access_codes", "outbox", "requests")}
    sent = [held(shop, plain, BAKERY) | {"closed_on": "2026-01-01"}, OPEN]
    with wired.db.write() as conn:
        conn.execute(
            """CREATE TEMP TRIGGER broken BEFORE INSERT ON main.events WHEN new.what = 'register.deliver' BEGIN
                   SELECT raise(ABORT, 'broken');
               END"""
        )
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert 500 == deliver(shop, plain, sent).status_code
    assert before == {name: rows(wired.db, name) for name in before}


# The same rules as for a file

TEXTS = st.sampled_from(
    ["", " ", "Meelstraat", "12-A", "12B-3", "1234ab", "1234 AB", "1000", "Tarwedam", "BE", "nl", "Holland", "x" * 61,
     "\u200bPostbus", "direct_debit", "Direct_Debit", "cash", "2026-11-20", "2099-01-01", "20261120"]
)  # fmt: skip
RARE = {
    "kvk_number": st.sampled_from(["01234567", "00000002", "00000003", "1234567", " 00000002 ", ""]),
    "name": st.sampled_from(["Korst", "Kruimel", "x" * 201, "\u200b"]),
    "email": st.sampled_from(["info@bakkerij.example", "INFO@Bakkerij.example", "x", "a@b.example, c@d.example"]),
    "payment_method": st.sampled_from(["", "direct_debit", "cash"]),
    "closed_on": st.sampled_from(["", "", "2026-11-20", "2026-11-21", "2026-11-22", "21-11-2026"]),
}
GOOD_OR_RARE = {
    column: st.one_of(st.just(OPEN[column] or ""), RARE.get(column, TEXTS), *([TEXTS] if column in POSTAL else []))
    for column in COLUMNS
}
# Anything in a line is one field: what parts lines and fields is the file's own.
ROWS = st.lists(st.fixed_dictionaries(GOOD_OR_RARE), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(st.lists(ROWS, min_size=1, max_size=2))
def test_as_a_file(tmp_path_factory: pytest.TempPathFactory, deliveries: list[list[dict[str, str]]]) -> None:
    """The same rows by a file and by the API, one delivery after the other, leave the same tables, and as many refused
    with the same reasons.
    """
    found = []
    for way in (by_file, by_api):
        with new_database(tmp_path_factory.mktemp("way")) as db:
            reasons = [way(db, each) for each in deliveries]
            events = [(row["what"], row["on_what"]) for row in rows(db, "events")]
            found.append((known(db), reasons, events))
    assert found[0] == found[1]


def by_file(db: Any, sent: list[dict[str, str]]) -> list[tuple[int, str]]:
    lines = [";".join(row[column] for column in COLUMNS) for row in sent]
    refused: list[tuple[int, str]] = []
    import_register(
        db, CONTEXT, io.BytesIO(text(*lines)), NOW,
        on_rejected=lambda each: refused.append((each.line - 2, each.reason)),
    )  # fmt: skip
    return refused


def by_api(db: Any, sent: list[dict[str, str]]) -> list[tuple[int, str]]:
    refused, good, seen = [], [], dict[str, int]()
    for place, row in enumerate(sent):
        try:
            made = row_of_object({name: value or None for name, value in row.items()})
            reject_repeated(seen, made, place + 2, "line")
        except LineError as error:
            refused.append((place, str(error)))
        else:
            good.append(made)
    with db.write() as conn:
        upsert(conn, CONTEXT, good, NOW, "")
    return refused


def test_the_page(app: Flask, shop: HouseClient, tmp_path: Path) -> None:
    """What docs/register.md types in a shell works as it stands there: the key is made, the organisation goes in with
    the answer that the page shows, and what is held can be asked.
    """
    page = ROOT / "docs" / "register.md"
    typed = [block for block in blocks(page) if block.heading == "By the API"]
    create, put, organisation, answer, get = (block.text for block in typed)
    made = app.test_cli_runner().invoke(cli, shlex.split(create)[1:])
    assert 0 == made.exit_code, made.output
    (tmp_path / "key.txt").write_text(f"Authorization: Bearer {made.stdout.split()[0]}\n")
    (tmp_path / "organisation.json").write_text(organisation)
    with serving(app) as base:
        said = [
            subprocess.run(
                [*shlex.split(command.replace("http://127.0.0.1:8000", base)), "-H", "Host: 127.0.0.1:8000"],
                cwd=tmp_path, capture_output=True, check=True, text=True, timeout=30,
            ).stdout
            for command in (put, get)
        ]  # fmt: skip
    assert json.loads(answer) == json.loads(said[0])
    assert json.loads(organisation) | {"visiting_country": "NL", "postal_country": None, "closed_on": None} == (
        json.loads(said[1])
    )


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The app behind a port of its own."""
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()

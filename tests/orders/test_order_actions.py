"""From the list of orders on: an order again, a problem with one, the main code, the files."""

from __future__ import annotations

import datetime as dt
import json
from html import escape
from urllib.parse import urlencode

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock
from selfservice.config import ROOT
from selfservice.demo import accounts
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES, TIMEZONE
from selfservice.orders import main_code, redelivery
from selfservice.orders.models import Order
from tests import house
from tests.clients import HTMX_HEADERS, HouseClient, leads_to
from tests.domain_helpers import rows
from tests.orders.factories import buy, clear, days_ago
from tests.sign_in_helpers import (
    COLLEAGUE,
    MAIN,
    OTHER,
    PRIVATE,
    age_sessions,
    browser,
    database,
    person_id,
    prepare,
    shown_to,
    sign_in,
    waiting_mails,
)

ORDERS = "/en/self-service/orders"
KINDS = (".csv", "-programs.csv", ".xlsx", ".json")


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)
    clear(app)


def order(**changes: object) -> Order:
    """An order of noon on the day before the clock goes back, by direct debit."""
    made = dt.datetime(2026, 10, 24, 12, tzinfo=TIMEZONE)
    known: dict[str, object] = {
        "number": "A", "ordered_at": made, "ordered_on": made.date(), "product": "x", "product_code": "x",
        "organisation": None, "kvk_number": None, "ordered_by": "J", "code_hint": None, "holder_id": 1,
        "payment": "direct_debit", "cents": 285, "invoice": None, "state": "delivered",
    }  # fmt: skip
    return Order(**{**known, **changes})  # type: ignore[arg-type]


FACTS = Facts.load(ROOT / "content" / "facts.toml")


@pytest.mark.parametrize(
    ("now", "free"),
    [
        ("2026-10-24T11:59:59+02:00", False),
        ("2026-10-24T12:00:00+02:00", True),
        ("2026-10-24T23:59:59+02:00", True),
        ("2026-10-25T00:00:00+02:00", False),
        ("2026-10-24T22:00:00+00:00", False),
    ],
)
def test_until_midnight(now: str, *, free: bool) -> None:
    """An order can be had again from when it was made until midnight in Amsterdam."""
    assert free == redelivery.is_allowed(order(), FACTS, dt.datetime.fromisoformat(now))


@pytest.mark.parametrize(
    ("changes", "free"),
    [
        ({}, True),
        ({"payment": "credit"}, True),
        ({"payment": "ideal"}, False),
        ({"payment": "credit_card"}, False),
        ({"cents": 0}, True),
        ({"cents": -285}, False),
        ({"state": "cancelled"}, False),
        ({"state": "failed"}, False),
        ({"state": "ordered"}, False),
    ],
)
def test_which_orders(changes: dict[str, object], *, free: bool) -> None:
    """Paid with an access code and delivered, and not money back."""
    assert free == redelivery.is_allowed(order(**changes), FACTS, dt.datetime(2026, 10, 24, 13, tzinfo=TIMEZONE))


def button(app: Flask, number: str, who: int = MAIN, code: int = 0) -> str:
    """What a page says that showed this person a button to have an order again."""
    return shown_to(app, who, "orders/again", number, code=code)


def press(app: Flask, client: HouseClient, number: str, *, htmx: bool = False, **more: str) -> TestResponse:
    """Send the button; of a page that showed it to the first person, if not said otherwise."""
    data = {"number": number, "about": button(app, number), **more}
    return client.post(f"{ORDERS}/again", data=data, headers=HTMX_HEADERS if htmx else {})


@pytest.mark.parametrize("htmx", [False, True])
def test_again(app: Flask, client: HouseClient, *, htmx: bool) -> None:
    """One press is one redelivery and one mail; the second says that it was asked for, and changes nothing."""
    number = buy(app, MAIN)
    sign_in(client)
    assert "Send again (free)" in client.get(ORDERS).text
    answers = [press(app, client, number, htmx=htmx, list="period=this-year") for _ in range(3)]
    place = f"{ORDERS}/again?number={number}&list=period%3Dthis-year"
    assert [(204 if htmx else 303, place)] * 3 == [(each.status_code, leads_to(each)) for each in answers]
    redeliveries = rows(database(app), "order_redeliveries")
    assert [(number, person_id(app, MAIN), None)] == [
        (row["number"], row["person_id"], row["done_at"]) for row in redeliveries
    ]
    assert [("orders.again", accounts.email(MAIN))] == waiting_mails(app)
    page = client.get(place).text
    assert ("This order was asked for again: " in page, f'href="{ORDERS}?period=this-year#orders"' in page) == (
        True,
        True,
    )
    listed = client.get(ORDERS).text
    assert ("Asked for again at" in listed, "Send again" in listed) == (True, False)
    results = [row["result"] for row in rows(database(app), "events") if row["what"] == "orders.again"]
    assert ["asked", "asked_before", "asked_before"] == results


def test_delivered_again(app: Flask, client: HouseClient) -> None:
    """Once the shop said that it was delivered again, the order is no longer on its way."""
    number = buy(app, MAIN)
    sign_in(client)
    press(app, client, number)
    with database(app).write() as conn:
        redelivery.mark_delivered(conn, 1, dt.datetime(2026, 11, 22, 10, 30, tzinfo=dt.UTC))
    page = client.get(f"{ORDERS}/again?number={number}").text
    assert ("It was sent again: 22 November 2026 at 11:30." in page, "on its way" in page) == (True, False)


def test_main_may_ask_for_a_colleague(app: Flask, client: HouseClient) -> None:
    """Who sees an order can have it come again; the mail goes to who asked."""
    number = buy(app, COLLEAGUE)
    sign_in(client)
    press(app, client, number)
    assert [("orders.again", accounts.email(MAIN))] == waiting_mails(app)


@pytest.mark.parametrize(
    "changes",
    [{"when": days_ago(1)}, {"payment": "ideal"}, {"payment": "credit_card"}, {"cents": -5}, {"state": "ordered"}],
)
def test_too_late(app: Flask, client: HouseClient, changes: dict[str, object]) -> None:
    """Of yesterday, paid without a code, or not delivered yet: no redelivery, and contact with the order filled in."""
    number = buy(app, MAIN, **changes)  # type: ignore[arg-type]
    sign_in(client)
    assert "with this order: " in house.text_of(house.parse(client.get(ORDERS).text))
    first = press(app, client, number)
    page = client.follow(first).text
    assert all(each in page for each in (number, "Extract", "Bakkerij De Gouden Korst", "question form"))
    said = "That is possible only on the day of the order, until midnight."
    assert [True, False] == [
        said in client.get(f"{ORDERS}/{step}?number={number}").text for step in ("again", "problem")
    ]
    assert ([], []) == (rows(database(app), "order_redeliveries"), waiting_mails(app))


def test_a_problem_today(app: Flask, client: HouseClient) -> None:
    """Who wants to contact us about an order of today is told that it can be had again at once."""
    number = buy(app, MAIN)
    sign_in(client)
    assert "Send again (free)" in client.get(f"{ORDERS}/problem?number={number}").text
    press(app, client, number)
    assert "Send again" not in client.get(f"{ORDERS}/problem?number={number}").text


def test_the_list_is_kept(app: Flask, client: HouseClient) -> None:
    """From an order asked for again to contact about it, and from contact to asking: the list is still the way back."""
    number, typed = buy(app, MAIN), "words=" + "%F0%9F%8C%8D" * 100
    sign_in(client)
    for query in ("period=this-year&sort=-amount", typed):
        kept = {"number": number, "list": query}
        page = client.get(f"{ORDERS}/problem?{urlencode(kept)}").text
        form = next(one for one in house.elements(house.parse(page), "form") if one.get("action") == f"{ORDERS}/again")
        sent = {one.get("name"): one.get("value") for one in house.elements(form, "input")}
        assert kept | {"about": button(app, number)} == sent
    press(app, client, number)
    page = client.get(f"{ORDERS}/again?{urlencode(kept)}").text
    assert f'href="{escape(f"{ORDERS}/problem?{urlencode(kept)}")}"' in page


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("step", ["again", "problem"])
def test_session_over(app: Flask, client: HouseClient, step: str, *, htmx: bool) -> None:
    """Whose session ended, or who comes from a mail, logs in where they are and goes on with the order and the list;
    nothing was asked for meanwhile.
    """
    number = buy(app, MAIN)
    place = f"{ORDERS}/{step}?number={number}&list=period%3Dthis-year"
    if step == "again":
        answer = press(app, client, number, htmx=htmx, list="period=this-year")
        assert (303, place) == (answer.status_code, answer.headers["Location"])
    answer = client.get(place, headers={"HX-Request": "true"} if htmx else {})
    page = house.parse(answer.text, fragment=htmx)
    after = next(one.get("value", "") for one in house.elements(page, "input") if one.get("name") == "next")
    assert (200, place) == (answer.status_code, after)
    # A wrong password is told in the same place.
    assert 'id="orders"' in sign_in(client, password="wrong", next=after, place="orders").text
    assert place == leads_to(sign_in(client, next=after, place="orders"))
    assert number in client.get(place).text
    assert [] == rows(database(app), "order_redeliveries")


@pytest.mark.parametrize("who", [COLLEAGUE, PRIVATE])
def test_anothers_order_is_none(app: Flask, client: HouseClient, who: int) -> None:
    """Another's order answers the same bytes as one that does not exist, wherever it is named; nothing happens."""
    theirs = [buy(app, OTHER), buy(app, MAIN)]
    sign_in(client, who)
    found = [
        [
            client.get(f"{ORDERS}/problem?number={number}"),
            client.get(f"{ORDERS}/again?number={number}"),
            client.follow(press(app, client, number, about=button(app, number, who))),
            press(app, client, number),
            press(app, client, number, htmx=True),
            client.get(f"{ORDERS}?words={number}"),
            client.get(f"{ORDERS}.csv?words={number}"),
        ]
        for number in (*theirs, "T999999")
    ]
    known = [
        [(each.status_code, each.text.replace(number, "")) for each in answers]
        for number, answers in zip((*theirs, "T999999"), found, strict=True)
    ]
    assert [known[0]] * 3 == known
    assert [404, 404, 404, 409, 409] == [each.status_code for each in found[0][:5]]
    assert ([], []) == (rows(database(app), "order_redeliveries"), waiting_mails(app))


def test_without_a_number(client: HouseClient) -> None:
    """A step without an order leads back to the list."""
    sign_in(client)
    answers = [client.get(f"{ORDERS}/problem"), client.get(f"{ORDERS}/again")]
    assert [(303, ORDERS)] * 2 == [(each.status_code, leads_to(each)) for each in answers]


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("another", ["person", "account", "order", "nothing"])
def test_sent_by_another_page(app: Flask, client: HouseClient, another: str, *, htmx: bool) -> None:
    """A page of another person, of one's other access code, or about another order: nothing is asked for, and the list
    of whoever is logged in comes, and says why.
    """
    number, theirs = buy(app, MAIN), buy(app, OTHER)
    about = {
        "person": button(app, number, COLLEAGUE),
        "account": button(app, number, code=2),
        "order": button(app, theirs),
        "nothing": "",
    }[another]
    sign_in(client)
    answer = press(app, client, number, htmx=htmx, about=about)
    page = house.parse(answer.text, fragment=htmx)
    notices = [house.text_of(one) for one in house.elements(page) if one.get("class") == "notice bad"]
    told = "in another tab" if another == "order" else "somebody else was logged in, or you used another access code"
    assert (409, [True]) == (answer.status_code, [told in each for each in notices])
    shown = [house.text_of(one) for one in house.elements(page) if one.get("class") == "number"]
    assert ([number], [], []) == (shown, rows(database(app), "order_redeliveries"), waiting_mails(app))


@pytest.mark.parametrize("htmx", [False, True])
def test_another_has_the_main_code(app: Flask, client: HouseClient, *, htmx: bool) -> None:
    """A question goes to the person whom the page showed: not to who got the main code since, and not for who logged in
    since.
    """
    sign_in(client, COLLEAGUE)
    about = client.about_of(f"{ORDERS}/main")
    with database(app).write() as conn:
        conn.execute(
            """UPDATE access_codes SET organisation_id = 1 WHERE person_id = :person""",
            {"person": person_id(app, OTHER)},
        )
        conn.execute("UPDATE organisations SET main_person_id = ? WHERE id = 1", (person_id(app, OTHER),))
    moved = client.send(f"{ORDERS}/main", {"about": about}, htmx=htmx)
    sign_in(client, PRIVATE)
    other = client.send(f"{ORDERS}/main", {"about": about}, htmx=htmx)
    assert (409, 409, []) == (moved.status_code, other.status_code, waiting_mails(app))
    assert ("T••• " in moved.text, "Send them my question" in moved.text) == (True, True)
    assert "somebody else was logged in" in other.text


def test_file_of_another_page(app: Flask, client: HouseClient) -> None:
    """A link to a file on a page of somebody else gives no file: the same address is about others' orders now."""
    buy(app, MAIN)
    mine = buy(app, OTHER)
    sign_in(client)
    page = house.parse(client.get(f"{ORDERS}?period=this-year").text)
    links = [one.get("href", "") for one in house.elements(page, "a") if "about=" in one.get("href", "")]
    assert [200] * 4 == [client.get(each).status_code for each in links]
    sign_in(client, OTHER)
    answers = [client.get(each) for each in links]
    assert [409] * 4 == [each.status_code for each in answers]
    assert [(True, True)] * 4 == [("somebody else was logged in" in each.text, mine in each.text) for each in answers]
    assert 200 == client.get(f"{ORDERS}.csv?period=this-year").status_code


def test_the_way_back_is_ours(app: Flask, client: HouseClient) -> None:
    """The list that a step leads back to is one of ours, whatever was sent; what is strange is refused."""
    number = buy(app, MAIN)
    sign_in(client)
    page = client.get(f"{ORDERS}/problem?number={number}&list=period%3Dlast-year%26next%3D%2F%2Fevil.example").text
    assert (True, False) == (f'href="{ORDERS}?period=last-year#orders"' in page, "evil" in page.partition("<main")[2])
    assert 400 == client.get(f"{ORDERS}/problem?number={number}&list=period%3Dx").status_code


def test_mask() -> None:
    """A name shows the first letter of each of its parts."""
    assert "J••• v••• d••• Z•••" == main_code.mask_name("Jip van der Zonnestraal")


@pytest.mark.parametrize("htmx", [False, True])
def test_ask_the_main_person(app: Flask, client: HouseClient, *, htmx: bool) -> None:
    """A colleague sees a part of the name, and one mail a day goes to the main person, in their language."""
    sign_in(client, COLLEAGUE)
    assert f'href="{ORDERS}/main"' in client.get(ORDERS).text
    page = client.get(f"{ORDERS}/main").text
    for shown in ("J••• v••• d••• Z•••", "j•••@bakkerij-goudenkorst.example", accounts.email(COLLEAGUE)):
        assert shown in page
    for hidden in ("Jip", "Zonnestraal", accounts.email(MAIN)):
        assert hidden not in page
    about = client.about_of(f"{ORDERS}/main")
    answers = [client.send(f"{ORDERS}/main", {"about": about}, htmx=htmx) for _ in range(2)]
    status = 204 if htmx else 303
    assert [(status, f"{ORDERS}/main")] * 2 == [(each.status_code, leads_to(each)) for each in answers]
    assert [("orders.main", accounts.email(MAIN))] == waiting_mails(app)
    sent = rows(database(app), "outbox")[0]
    assert ("nl", accounts.email(COLLEAGUE)) == (sent["language"], json.loads(sent["payload"])["asker_email"])
    after = client.get(f"{ORDERS}/main").text
    assert ("We sent them your question" in after, "Send them my question" in after) == (True, False)
    results = [row["result"] for row in rows(database(app), "events") if row["what"] == "orders.ask_main"]
    assert ["ok", "limited"] == results


def test_asking_from_another_browser(app: Flask, client: HouseClient) -> None:
    """Asking again elsewhere on the same day sends no other mail, and says from when it can be asked again."""
    sign_in(client, COLLEAGUE)
    client.send(f"{ORDERS}/main", {})
    other = browser(app)
    sign_in(other, COLLEAGUE)
    other.send(f"{ORDERS}/main", {})
    page = other.get(f"{ORDERS}/main").text
    assert (1, True, True) == (
        len(waiting_mails(app)),
        "You or a colleague asked them a short time ago" in page,
        "You can ask again from" in page,
    )


def test_colleagues_together(app: Flask) -> None:
    """All colleagues together cannot use up the mails that may go to the main person."""
    now, ctx = clock.now(), app.extensions["services"].context
    with database(app).write() as conn:
        waits = [
            main_code.ask_holder(conn, ctx, 1, redelivery.Requester(number, "A", "a@b.example", "en", "10.0.0.1"), now)
            for number in range(100, 105)
        ]
    limit = FACTS.get("orders.ask_main_per_day").value
    assert [0] * limit == waits[:limit]
    assert all(wait > 0 for wait in waits[limit:])


def test_no_main_person(app: Flask, client: HouseClient) -> None:
    """Where nobody has a main code that works, one is led to contact, and no mail can be sent."""
    sign_in(client, COLLEAGUE)
    with database(app).write() as conn:
        conn.execute("UPDATE access_codes SET revoked_at = created_at WHERE person_id = ?", (person_id(app, MAIN),))
    page = client.get(f"{ORDERS}/main").text
    assert ("Nobody at your organisation has a main code" in page, "Send them" in page) == (True, False)
    assert (409, []) == (client.send(f"{ORDERS}/main", {}).status_code, waiting_mails(app))


@pytest.mark.parametrize("who", [MAIN, PRIVATE])
def test_nothing_to_ask(app: Flask, client: HouseClient, who: int) -> None:
    """Who has the main code, or a private one, has nobody to ask."""
    sign_in(client, who)
    answers = [client.get(f"{ORDERS}/main"), client.send(f"{ORDERS}/main", {})]
    assert [303, 409] == [each.status_code for each in answers]
    assert (ORDERS, []) == (client.get(f"{ORDERS}/main").headers["Location"], waiting_mails(app))
    assert "which is our main code" not in client.get(ORDERS).text


@pytest.mark.parametrize(
    ("lang", "query", "name"),
    [
        ("en", "", "orders-all"),
        ("en", "?from=2026-01-01&to=31-3-2026", "orders-2026-01-01--2026-03-31"),
        ("en", "?from=2026-01-01", "orders-from-2026-01-01"),
        ("en", "?to=2026-01-01&words=extract", "orders-until-2026-01-01-selection"),
        ("en", "?by=1", "orders-all-selection"),
    ],
)
@pytest.mark.parametrize("ending", KINDS)
def test_file_names(app: Flask, client: HouseClient, lang: str, query: str, name: str, ending: str) -> None:
    """A file says what it holds, is no page, and is kept nowhere on its way."""
    buy(app, MAIN, "2026-02-01T12:00")
    sign_in(client)
    answer = client.get(f"/{lang}/self-service/orders{ending}{query}")
    assert (200, f"attachment; filename={name}{ending}", "nosniff", "no-store, no-transform") == (
        answer.status_code,
        answer.headers["Content-Disposition"],
        answer.headers["X-Content-Type-Options"],
        answer.headers["Cache-Control"],
    )
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("lang", LANGUAGES)
def test_files_are_the_list(app: Flask, client: HouseClient, lang: str) -> None:
    """A file has the orders of the list that it is linked from, in the list's order, and nobody else's."""
    for day in range(40):
        buy(app, (MAIN, COLLEAGUE, OTHER)[day % 3], days_ago(day), cents=day * 37 % 11)
    sign_in(client)
    query = "?sort=-amount&from=2020-01-01"
    page = house.parse(client.get(f"/{lang}/self-service/orders{query}").text)
    shown = [house.text_of(one) for one in house.elements(page) if "number" in one.get("class", "").split()]
    links = {
        link.get("href", "").partition("?")[0].rpartition("orders")[2]: link.get("href", "")
        for link in house.elements(page, "a")
        if link.get("href", "").partition("?")[0].endswith(KINDS)
    }
    assert set(KINDS) == set(links)
    listed = json.loads(client.get(links[".json"]).text)
    # Else a browser would save whatever comes as the file, the page to log in too.
    assert "download" not in {name for link in house.elements(page, "a") for name in link.attrib}
    assert (27, shown) == (len(listed), [each["number"] for each in listed][: len(shown)])


def test_file_without_session(app: Flask, client: HouseClient) -> None:
    """Whoever is not signed in is led to the list that the file is of, and so to logging in; a wrong date too."""
    buy(app, MAIN)
    answer = client.get(f"{ORDERS}.csv?period=last-year&sort=date")
    assert (303, f"{ORDERS}?period=last-year&sort=date") == (answer.status_code, answer.headers["Location"])
    sign_in(client)
    answer = client.get(f"{ORDERS}.csv?from=x")
    assert (303, f"{ORDERS}?from=x") == (answer.status_code, answer.headers["Location"])
    age_sessions(app, minutes=15)
    assert 303 == client.get(f"{ORDERS}.csv").status_code


def test_nobodys_file(app: Flask, client: HouseClient) -> None:
    """A colleague cannot be named in a file's address by who does not see them."""
    buy(app, MAIN)
    buy(app, COLLEAGUE)
    sign_in(client, COLLEAGUE)
    assert [400, 400, 400] == [client.get(f"{ORDERS}.csv?by={number}").status_code for number in (1, 2, 99)]

"""`orders`: the list by period, its order, pages and words; who sees what; what stands where there is nothing."""

from __future__ import annotations

import re
import sys
from types import FrameType
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree.ElementTree import Element

import pytest
from flask import Flask

from selfservice import orders
from selfservice.demo import accounts
from selfservice.fragments import orders as pages
from selfservice.i18n.languages import LANGUAGES
from tests import house
from tests.clients import HouseClient, leads_to
from tests.domain_helpers import recorded_statements, rows
from tests.orders.factories import buy, clear, days_ago
from tests.sign_in_helpers import (
    COLLEAGUE,
    MAIN,
    OTHER,
    PASSWORD,
    PRIVATE,
    browser,
    database,
    person_id,
    prepare,
    sign_in,
)

ORDERS = "/en/self-service/orders"
MY = "/en/self-service/my"
STATE = "period=last-year&words=extract&sort=-amount&by=2"


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)
    clear(app)


def tree(client: HouseClient, query: str = "", lang: str = "en", status: int = 200) -> Element:
    """The page of a list, which must have this status."""
    answer = client.get(f"/{lang}/self-service/orders{query}")
    assert status == answer.status_code
    return house.parse(answer.text)


def by_class(page: Element, name: str) -> list[Element]:
    return [one for one in house.elements(page) if name in one.get("class", "").split()]


def numbers(page: Element) -> list[str]:
    """The order numbers in the list, from above."""
    return [house.text_of(one) for one in by_class(page, "number")]


def said(page: Element) -> str:
    """The number of orders, the total and the period in words."""
    return house.text_of(by_class(page, "sum")[0])


def text(page: Element) -> str:
    return house.text_of(next(one for one in house.elements(page, "section") if one.get("id") == "orders"))


def links(page: Element, words: str) -> list[str]:
    """Where the links with these words lead."""
    return [one.get("href", "") for one in house.elements(page, "a") if words in house.text_of(one)]


def test_main_and_colleague(app: Flask, client: HouseClient) -> None:
    """The main code sees the orders of all codes and who made them; another code its own; another organisation none of
    them. Number and total are those of what is seen.
    """
    mine, theirs = buy(app, MAIN, days_ago(3), cents=285), buy(app, COLLEAGUE, days_ago(2), cents=1895)
    other = buy(app, OTHER)
    found = []
    for number in (MAIN, COLLEAGUE, OTHER):
        visitor = browser(app)
        sign_in(visitor, number)
        page = tree(visitor)
        found.append((numbers(page), said(page)))
    assert [
        ([theirs, mine], "2 orders €21.80 Everything"),
        ([theirs], "1 order €18.95 Everything"),
        ([other], "1 order €2.85 Everything"),
    ] == found


def test_what_a_row_says(app: Flask, client: HouseClient) -> None:
    """A row has number, date, product, organisation, who ordered, payment, invoice, state and amount, in words."""
    buy(app, COLLEAGUE, "2026-03-29T03:30", product="accounts", cents=-1250, invoice="26030000001", state="failed",
        number="0004100001")  # fmt: skip
    sign_in(client)
    row = next(one for one in house.elements(tree(client), "tr") if by_class(one, "number"))
    cells = [house.text_of(cell) for cell in house.elements(row, "td", "th")]
    assert [
        "29 Mar 2026 03:30", "0004100001", "Accounts", "Bakkerij De Gouden Korst",
        f"Amira Merrywind …{accounts.code(1)[-3:]}",
        "direct debit", "26030000001", "failed", "-€12.50", "Help with this order: 0004100001",
    ] == cells  # fmt: skip


def test_same_in_all(app: Flask, client: HouseClient) -> None:
    """What all orders of a page have alike is said once above them, and in no row; of one order it is in its row."""
    buy(app, MAIN, days_ago(1), number="A")
    sign_in(client)
    assert ([], 10) == (
        by_class(tree(client), "same"),
        len(by_class(tree(client), "orders")[0].findall(".//thead//th")),
    )
    buy(app, COLLEAGUE, days_ago(2), number="B", invoice="26030000001")
    page = tree(client)
    said_once = "Organisation: Bakkerij De Gouden Korst · Payment method: direct debit · Status: delivered"
    assert f"For all orders below: {said_once}" == house.text_of(by_class(page, "same")[0])
    heads = [house.text_of(one) for one in by_class(page, "orders")[0].findall(".//thead//th")]
    assert ["Ordered by", "Invoice number"] == heads[3:5]
    assert (7, "orders-same") == (len(heads), by_class(page, "orders")[0].get("aria-describedby"))
    page = tree(client, "?by=1")
    assert ([], 10) == (by_class(page, "same"), len(by_class(page, "orders")[0].findall(".//thead//th")))


def test_same_name(app: Flask, client: HouseClient) -> None:
    """Two people of one name are two: who ordered is not said once for both."""
    buy(app, MAIN, number="A")
    buy(app, COLLEAGUE, number="B")
    with database(app).write() as conn:
        conn.execute("UPDATE people SET given_name = 'Jip', family_name = 'Jansen'")
    sign_in(client)
    assert 2 == len(by_class(tree(client), "by"))


def test_what_counts(app: Flask, client: HouseClient) -> None:
    """Cancelled and failed orders count in number, total and chart, as the page says."""
    for state, day in (
        ("cancelled", "2026-01-05T12:00"),
        ("failed", "2026-02-05T12:00"),
        ("delivered", "2026-02-06T12:00"),
    ):
        buy(app, MAIN, day, state=state, cents=100)
    sign_in(client)
    page = tree(client)
    assert (True, "3 orders €3.00 Everything") == ("Cancelled and failed orders count too." in text(page), said(page))
    bars = [house.text_of(one) for one in page.iter("{http://www.w3.org/2000/svg}a")]
    assert ["January 2026: €1.00", "February 2026: €2.00"] == bars


@pytest.mark.parametrize(("query", "is_first"), [("", False), ("?words=extract", True), ("?by=1", True)])
def test_what_was_looked_for_comes_first(app: Flask, client: HouseClient, query: str, *, is_first: bool) -> None:
    """Whoever searches sees orders before the chart and the files; who looks at a period sees those first."""
    buy(app, MAIN, days_ago(1))
    buy(app, MAIN, days_ago(99))
    sign_in(client)
    shown = client.get(ORDERS + query).text
    assert is_first == (shown.index('id="orders-list"') < shown.index('id="orders-chart"'))


def test_private(app: Flask, client: HouseClient) -> None:
    """Privately one sees one's own orders, by the page's language."""
    number = buy(app, PRIVATE, payment="credit")
    sign_in(client, PRIVATE)
    assert ([number], True) == (numbers(tree(client)), "Extract (nl)" in text(tree(client, lang="nl")))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?from=1-3-2026&to=31+mrt+2026", ["B", "A"]),
        ("?from=2026-03-02", ["C", "B"]),
        ("?to=1+March+2026", ["A"]),
        ("?from=1.3.2026&to=01/03/2026", ["A"]),
        ("?words=accounts", ["C"]),
        ("?words=+b+", ["B"]),
        ("?sort=date", ["A", "B", "C"]),
        ("?sort=-amount", ["B", "C", "A"]),
        ("?sort=product", ["C", "B", "A"]),
        ("?words=accounts&from=1-3-2026&to=31-3-2026", []),
    ],
)
def test_address(app: Flask, client: HouseClient, query: str, expected: list[str]) -> None:
    """The address alone says which orders are shown, in which order."""
    buy(app, MAIN, "2026-03-01T00:00", cents=100, number="A")
    buy(app, MAIN, "2026-03-31T23:59", cents=300, number="B")
    buy(app, MAIN, "2026-04-01T00:00", cents=200, number="C", product="accounts")
    sign_in(client)
    assert expected == numbers(tree(client, query))


def test_preset(app: Flask, client: HouseClient) -> None:
    """A preset is counted from today, whatever day that is."""
    number = buy(app, MAIN)
    sign_in(client)
    shown = [numbers(tree(client, f"?period={name}")) for name in ("this-year", "last-year", "this-month", "all")]
    assert [[number], [], [number], [number]] == shown


def test_period_in_words(app: Flask, client: HouseClient) -> None:
    """The period always stands in words beside the number and the total, in the page's language; what was searched for
    too.
    """
    buy(app, MAIN, "2026-03-01T00:00")
    sign_in(client)
    found = [
        said(tree(client, query)).partition("€2.85 ")[2]
        for query in ("", "?from=1-3-2026&to=31-3-2026", "?from=1-3-2026&to=2-4-2026", "?from=1-3-2026", "?to=1-3-2026",
                      "?from=1-1-2026&to=31-12-2026", "?words=extract")
    ]  # fmt: skip
    assert [
        "Everything", "March 2026", "1 March 2026 to 2 April 2026", "since 1 March 2026",
        "up to and including 1 March 2026", "2026", "Everything, ‘extract’",
    ] == found  # fmt: skip


@pytest.mark.parametrize(
    ("query", "wrong", "typed"),
    [
        ("?from=31-2-2026", {"from"}, "31-2-2026"),
        ("?from=soon&to=later", {"from", "to"}, "soon"),
        ("?to=x&words=extract&by=2", {"to"}, "x"),
        ("?from=2-3-2026&to=1-3-2026", {"to"}, "2 March 2026"),
    ],
)
def test_wrong_date(app: Flask, client: HouseClient, query: str, wrong: set[str], typed: str) -> None:
    """A date that cannot be is told at its field, with all that was typed kept; nothing is shown that was not asked."""
    buy(app, MAIN)
    buy(app, COLLEAGUE)
    sign_in(client)
    page = tree(client, query, status=422)
    fields = {one.get("name"): one for one in house.elements(page, "input")}
    assert wrong == {name for name, one in fields.items() if one.get("aria-invalid") == "true"}
    assert typed in [one.get("value") for one in fields.values()]
    assert ([], []) == (by_class(page, "sum"), numbers(page))
    assert ("extract" in query) == (fields["words"].get("value") == "extract")


def test_why_wrong(app: Flask, client: HouseClient) -> None:
    """A day that is not in the calendar is told apart from what is no date at all."""
    buy(app, MAIN)
    sign_in(client)
    page = tree(client, "?from=3/31/2026&to=soon", status=422)
    told = [house.text_of(one) for one in house.elements(by_class(page, "summary")[0], "li")]
    assert [
        "First day: This date does not exist. Type the day first, and then the month: 1-3-2026 is 1 March 2026.",
        "Last day: We cannot read this date. Type it like 1-3-2026 or 1 March 2026.",
    ] == told


@pytest.mark.parametrize("typed", ["'0012-A", "’0012-A", " 0012-a. ", "“0012-A”", "#0012-A", "00 12-A"])
def test_copied_number(app: Flask, client: HouseClient, typed: str) -> None:
    """An order is found by its number as it stands in our files or in somebody's mail, with what stands around it."""
    for number in ("0012-A", "0012-B"):
        buy(app, MAIN, number=number)
    sign_in(client)
    assert ["0012-A"] == numbers(tree(client, f"?{urlencode({'words': typed})}"))


@pytest.mark.parametrize("query", ["?period=x", "?sort=x", "?by=x", "?by=77", "?by=-1", "?by=%C2%B2", "?from=1&from=2"])
def test_strange(app: Flask, client: HouseClient, query: str) -> None:
    """What no page of ours leads to is refused."""
    buy(app, MAIN)
    sign_in(client)
    assert 400 == client.get(ORDERS + query).status_code


def test_by(app: Flask, client: HouseClient) -> None:
    """The main code can look at one colleague's orders; who is not in sight cannot be named by anybody else."""
    buy(app, MAIN)
    theirs = buy(app, COLLEAGUE)
    sign_in(client)
    page = tree(client, "?by=2")
    chosen = [house.text_of(one) for one in house.elements(page, "option") if "selected" in one.attrib]
    assert ([theirs], ["Newest first", f"Amira Merrywind (…{accounts.code(1)[-3:]})"]) == (numbers(page), chosen)
    assert [theirs] == numbers(tree(client, links(tree(client), "Amira")[0].partition("#")[0].removeprefix(ORDERS)))
    other = browser(app)
    sign_in(other, COLLEAGUE)
    assert [400, 400] == [other.get(f"{ORDERS}?by={number}").status_code for number in (1, 2)]
    assert [] == [one for one in house.elements(tree(other), "select") if one.get("name") == "by"]


def test_sort_links(app: Flask, client: HouseClient) -> None:
    """The heading that the list is sorted by says so; pressing it again turns it round, and the rest stays."""
    buy(app, MAIN)
    sign_in(client)
    page = tree(client, "?period=this-year&sort=amount")
    sorted_ = {one.get("class"): one.get("aria-sort") for one in house.elements(page, "th") if one.get("aria-sort")}
    assert {"amount": "ascending"} == sorted_
    query = parse_qs(urlsplit(links(page, "Amount")[0]).query)
    assert {"period": ["this-year"], "sort": ["-amount"]} == query


@pytest.mark.parametrize("sort", ["", "&sort=date", "&sort=-amount", "&sort=product"])
def test_pages(app: Flask, client: HouseClient, sort: str) -> None:
    """Page by page, forwards and back, every order is seen once, also when new ones arrive in between."""
    made = {buy(app, MAIN, days_ago(day), cents=day % 7 * 100) for day in range(1, 61)}
    sign_in(client)
    page = tree(client, f"?words=extract{sort}")
    seen = [numbers(page)]
    while forward := [one.get("href", "") for one in house.elements(page, "a") if one.get("rel") == "next"]:
        if not sort:
            buy(app, MAIN)
        page = tree(client, forward[0].partition("#")[0].removeprefix(ORDERS))
        seen.append(numbers(page))
    assert ([25, 25, 10], made) == ([len(each) for each in seen], {one for each in seen for one in each})
    back = next(one.get("href", "") for one in house.elements(page, "a") if one.get("rel") == "prev")
    assert seen[1] == numbers(tree(client, back.partition("#")[0].removeprefix(ORDERS)))


def test_another_accounts_place(app: Flask, client: HouseClient) -> None:
    """A place in another's list is no place: the first page comes, as for one that does not exist."""
    theirs = buy(app, OTHER)
    buy(app, MAIN)
    sign_in(client)
    pages = [client.get(f"{ORDERS}?after={place}").text.replace(place, "") for place in (theirs, "T999999", "x" * 500)]
    assert [pages[0]] * 2 == pages[:2]
    assert ["1 order €2.85 Everything"] * 3 == [said(house.parse(page)) for page in pages]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switch_keeps_everything(app: Flask, client: HouseClient, lang: str) -> None:
    """The language switch keeps period, words, order, colleague and the place in the list."""
    for day in range(30):
        buy(app, MAIN, days_ago(day + 1))
        buy(app, COLLEAGUE, days_ago(day + 1))
    sign_in(client)
    place = f"/{lang}/self-service/orders"
    first = client.get(f"{place}?words=extract&by=2&sort=date").text
    onward = re.search(r'href="([^"]+)#orders-list" rel="next"', first)
    assert onward
    address = onward[1].replace("&amp;", "&")
    page = house.parse(client.get(address).text)
    button = by_class(page, "switch")[0]
    form = next(one for one in house.elements(page, "form") if one.get("id") == button.get("form"))
    sent = {one.get("name", ""): one.get("value", "") for one in house.elements(form, "input")}
    sent |= {"by": "2", "sort": "date", button.get("name", ""): button.get("value", "")}
    query = {name: value for name, value in sent.items() if name}
    other = next(code for code in LANGUAGES if code != lang)
    assert f"/{other}/self-service/orders" == button.get("formaction", "").partition("?")[0]
    answer = client.get(f"/{other}/self-service/orders", query_string=query)
    assert (303, parse_qs(urlsplit(address).query)) == (
        answer.status_code,
        parse_qs(urlsplit(answer.headers["Location"]).query),
    )
    assert numbers(page) == numbers(house.parse(client.get(answer.headers["Location"].partition("#")[0]).text))


def test_switch_with_something_typed(app: Flask, client: HouseClient) -> None:
    """What was typed and not sent stays as it is, without complaints; errors that were told are told again."""
    buy(app, MAIN)
    sign_in(client)
    for more, status in (("", 200), ("&checked=1", 422)):
        page = tree(client, f"?from=31-2&words=x&switch_language=1{more}", "nl", status)
        values = {one.get("name"): one.get("value") for one in house.elements(page, "input")}
        assert ("31-2", "x") == (values["from"], values["words"])


def test_sign_in_leads_on(app: Flask, client: HouseClient) -> None:
    """Whoever opens a kept address without a session logs in first, and then sees what it asks for."""
    buy(app, MAIN, "2025-06-01T12:00")
    buy(app, COLLEAGUE, "2025-06-01T12:00")
    page = tree(client, f"?{STATE}")
    after = next(one.get("value", "") for one in house.elements(page, "input") if one.get("name") == "next")
    assert f"{ORDERS}?{STATE}" == after
    wrong = sign_in(client, password="wrong", next=after, place="orders")
    assert (422, True) == (wrong.status_code, 'id="orders"' in wrong.text)
    answer = sign_in(client, next=after, place="orders")
    assert (303, after) == (answer.status_code, leads_to(answer))
    assert 200 == client.get(after).status_code


def test_style(client: HouseClient) -> None:
    """The list's page has the list's style sheet; others do not fetch it."""
    before = client.get(ORDERS).text
    sign_in(client)
    found = ["/theme/css/orders." in page for page in (before, client.get(ORDERS).text, client.get(MY).text)]
    assert [False, True, False] == found


def test_on_a_help_page(app: Flask, client: HouseClient) -> None:
    """A help page says who is logged in and leads to the list, which has its own page; to nobody it says nothing."""
    number = buy(app, MAIN)
    assert 204 == client.fragment(f"{ORDERS}/mine").status_code
    sign_in(client)
    answer = client.fragment(f"{ORDERS}/mine")
    page = house.parse(answer.text, fragment=True)
    assert [ORDERS] == links(page, "Go to your orders")
    assert (True, False) == ("You are logged in as Jip van der Zonnestraal" in text(page), number in answer.text)


@pytest.mark.parametrize(
    ("who", "query", "heading", "leads"),
    [
        (OTHER, "", "No orders yet", "/en/orders/#place"),
        (MAIN, "?period=last-year", "No orders in this period", f"{ORDERS}#orders"),
        (MAIN, "?period=last-year&by=2", "This colleague ordered nothing", f"{ORDERS}?period=last-year#orders"),
        (MAIN, "?words=zebra", "No order in this list fits ‘zebra’", f"{ORDERS}#orders"),
        (MAIN, "?words=zebra&period=this-year", "Nothing found", f"{ORDERS}?words=zebra#orders"),
    ],
)
def test_empty(app: Flask, client: HouseClient, who: int, query: str, heading: str, leads: str) -> None:
    """Where there is nothing, it says why and leads to where there is something."""
    buy(app, MAIN)
    buy(app, COLLEAGUE)
    sign_in(client, who)
    page = tree(client, query)
    notice = by_class(page, "notice")[0]
    assert heading in house.text_of(notice)
    assert leads in [one.get("href") for one in house.elements(notice, "a")]


def test_earlier_code(app: Flask, client: HouseClient) -> None:
    """Orders of a code that was revoked are in the list of the code that came in its place, and it says so."""
    number = buy(app, COLLEAGUE, days_ago(150))
    sign_in(client, COLLEAGUE)
    page = tree(client)
    assert ([number], True) == (
        numbers(page),
        f"which ended in {accounts.code(accounts.PEOPLE + 1)[-3:]}" in text(page),
    )
    other = browser(app)
    sign_in(other, PRIVATE)
    assert "You had another access code" not in text(tree(other))


def test_elsewhere(app: Flask, client: HouseClient) -> None:
    """Orders for an organisation whose code was revoked are not in one's private list, and it says where they are."""
    buy(app, MAIN)
    with database(app).write() as conn:
        conn.execute("UPDATE access_codes SET revoked_at = created_at WHERE person_id = ?", (person_id(app, MAIN),))
        conn.execute(
            "UPDATE access_codes SET person_id = ? WHERE person_id = ?", (person_id(app, MAIN), person_id(app, PRIVATE))
        )
    sign_in(client, PRIVATE)
    page = tree(client)
    assert "You also ordered for Bakkerij De Gouden Korst, with a code that was withdrawn." in text(page)
    assert links(page, "Request an access code")


def test_own_registration(app: Flask, client: HouseClient) -> None:
    """Whoever looks for their own registration among the orders is led to it."""
    sign_in(client, PRIVATE)
    assert ["/en/which-log-in/#own-details"] == links(tree(client), "See your own registration")


def test_chart(app: Flask, client: HouseClient) -> None:
    """Each month has a bar, empty ones too, that leads to its orders; below it the same stands as a table."""
    buy(app, MAIN, "2025-12-15T12:00", cents=1000, number="A")
    buy(app, MAIN, "2026-02-15T12:00", cents=-500, number="B")
    sign_in(client)
    page = tree(client)
    bars = list(page.iter("{http://www.w3.org/2000/svg}a"))
    names = [house.text_of(one) for one in bars]
    assert ["December 2025: €10.00", "January 2026: €0.00", "February 2026: -€5.00"] == names
    assert ["B"] == numbers(tree(client, bars[2].get("href", "").partition("#")[0].removeprefix(ORDERS)))
    table = by_class(page, "months")[0]
    cells = [[house.text_of(cell) for cell in house.elements(row, "th", "td")] for row in house.elements(table, "tr")]
    months = [["December 2025", "1", "€10.00"], ["January 2026", "0", "€0.00"], ["February 2026", "1", "-€5.00"]]
    assert months == cells[1:]
    assert [] == by_class(tree(client, "?from=1-2-2026"), "chart")


def test_chart_is_that_of_the_list(app: Flask, client: HouseClient) -> None:
    """The chart, which is kept, is that of the orders there are now, in this language, leading to this list."""
    buy(app, MAIN, "2025-12-15T12:00", cents=1000, number="A")
    buy(app, MAIN, "2026-02-15T12:00", cents=500, number="B")
    sign_in(client)

    def bars(query: str = "", lang: str = "en") -> list[tuple[str, str]]:
        found = tree(client, query, lang).iter("{http://www.w3.org/2000/svg}a")
        return [(house.text_of(bar), bar.get("href", "")) for bar in found]

    first = [bars()[-1], bars("?sort=amount")[-1], bars(lang="nl")[-1]]
    month = "from=2026-02-01&to=2026-02-28#orders-found"
    assert first == [
        ("February 2026: €5.00", f"{ORDERS}?{month}"),
        ("February 2026: €5.00", f"{ORDERS}?sort=amount&{month}"),
        ("februari 2026: € 5,00", f"/nl/self-service/orders?{month}"),
    ]
    buy(app, MAIN, "2026-02-16T12:00", cents=700, number="C")
    assert ("February 2026: €12.00", f"{ORDERS}?{month}") == bars()[-1]


def test_form_is_that_of_the_list(app: Flask, client: HouseClient) -> None:
    """The form above the list, which is kept, has what this list was asked for, in this language, and who ordered."""
    buy(app, MAIN, number="A")
    sign_in(client)

    def form(query: str = "", lang: str = "en") -> tuple[str, str, list[str]]:
        page = tree(client, query, lang)
        words = next(one for one in house.elements(page, "input") if one.get("name") == "words")
        label = next(one for one in house.elements(page, "label") if one.get("for") == words.get("id"))
        choice = [one for one in house.elements(page, "select") if one.get("name") == "by"]
        people = [house.text_of(one) for one in choice for one in house.elements(one, "option")]
        return house.text_of(label), words.get("value", ""), [name.partition(" ")[0] for name in people]

    label, dutch = "Order number or product", form(lang="nl")
    assert [(label, "", []), (label, "a", []), (label, '"<b>', [])] == [
        form(),
        form("?words=a"),
        form("?words=%22%3Cb%3E"),
    ]
    assert dutch[0] != label
    buy(app, COLLEAGUE, number="B")
    assert (label, "", ["Everybody", "Jip", "Amira"]) == form()
    assert ["Iedereen", "Jip", "Amira"] == form(lang="nl")[2]


def events(app: Flask, what: str) -> list[tuple[str, str]]:
    return [(row["on_what"], row["result"]) for row in rows(database(app), "events") if row["what"] == what]


def test_looks_are_noted(app: Flask, client: HouseClient) -> None:
    """Who looked at which account and days is in the event log; the same list again, or its next page, is one look."""
    for day in range(30):
        buy(app, COLLEAGUE, days_ago(day))
    sign_in(client)
    for query in ("", "", "?sort=date", "?from=1-3-2026&to=31-3-2026", "?by=1"):
        tree(client, query)
    holder = rows(database(app), "order_holders")[0]["id"]
    looks = ["organisation:1:0:0", "organisation:1:20260301:20260331", f"order_holder:{holder}:0:0"]
    assert [(each, "ok") for each in looks] == events(app, "orders.look")
    client.get(f"{ORDERS}.csv")
    client.get(f"{ORDERS}.csv")
    assert [(looks[0], "ok")] * 2 == events(app, "orders.download")


def test_no_look_no_note(app: Flask, client: HouseClient) -> None:
    """A look that shows nothing, since a date was wrong or nobody is signed in, is no event."""
    buy(app, MAIN)
    tree(client)
    sign_in(client, password=PASSWORD)
    tree(client, "?from=x", status=422)
    assert [] == events(app, "orders.look")


@pytest.mark.parametrize("number", [MAIN, COLLEAGUE, PRIVATE])
def test_nothing_is_read_whole(app: Flask, number: int) -> None:
    """No statement of the list's page goes through all of a table that grows, whoever asks."""
    buy(app, number, days_ago(40))
    buy(app, number)
    visitor = browser(app)
    sign_in(visitor, number)
    with recorded_statements(database(app)) as statements:
        tree(visitor)
    asked = {each for each in statements if each.lstrip().startswith("SELECT")}
    plans = [
        (step["detail"], each) for each in asked for step in database(app).read().execute(f"EXPLAIN QUERY PLAN {each}")
    ]
    grows = r"SCAN (access_codes|organisations|people|orders|order_holders|order_redeliveries|sessions|visits|[a-z])$"
    assert ([], True) == ([one for one in plans if re.match(grows, one[0])], len(asked) > 5)


def test_few_modules(app: Flask, client: HouseClient) -> None:
    """To follow one look at the list, nobody has to open more than eleven modules about orders, with its form.py."""
    buy(app, MAIN, days_ago(3))
    buy(app, COLLEAGUE, days_ago(40))
    sign_in(client)
    client.get(ORDERS)
    called = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        called.add(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        assert 200 == client.get(f"{ORDERS}?period=this-year&words=extract").status_code
    finally:
        sys.setprofile(None)
    modules = {name for name in called if name.endswith(".py")}
    ours = {name for name in modules for package in (orders, pages) if name.startswith(package.__path__[0])}
    assert (True, True) == (len(ours) <= 11, len(ours) >= 8), sorted(ours)

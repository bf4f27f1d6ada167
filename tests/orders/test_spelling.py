"""Words with a slip in them still find orders, of what somebody sees and of nothing else; the page says so."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from flask import Flask

from tests import house
from tests.clients import HouseClient
from tests.orders.factories import buy, clear
from tests.orders.test_list_page import ORDERS, by_class, links, numbers, said, text, tree
from tests.sign_in_helpers import COLLEAGUE, MAIN, OTHER, browser, database, prepare, sign_in


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    """An organisation with two products, and another with a third."""
    prepare(app)
    clear(app)
    buy(app, MAIN, number="0004100598", product="uittreksel")
    buy(app, MAIN, number="0004100612", product="jaarrekening")
    buy(app, COLLEAGUE, number="0004100700", product="bedrijfsprofiel")
    buy(app, OTHER, number="0004100599", product="concernrelaties")


def found(client: HouseClient, words: str, lang: str = "en", **more: str) -> list[str]:
    return numbers(tree(client, f"?{urlencode({'words': words, **more})}", lang))


@pytest.mark.parametrize("lang", ["en", "nl"])
@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("uitreksel", "0004100598"),
        ("Uittrekssel", "0004100598"),
        ("uittreksels", "0004100598"),
        ("jaarekening", "0004100612"),
        ("een jaarekening van mijn", "0004100612"),
        ("jaarreknei", "0004100612"),
        ("(nl) uitreksel", "0004100598"),
        ("4100598", "0004100598"),
        ("OOO41OO598", "0004100598"),
        ("0004100589", "0004100598"),
        ("000410612", "0004100612"),
        ("00041006123", "0004100612"),
        ("0004100812", "0004100612"),
        ("0004-100-612", "0004100612"),
    ],
)
def test_slips(app: Flask, client: HouseClient, lang: str, typed: str, number: str) -> None:
    """A product or a number is found with a slip in it, whatever the page's language."""
    sign_in(client)
    assert [number] == found(client, typed, lang)


@pytest.mark.parametrize("typed", ["zebra", "uit reksl", "1", "uitreksel jaarekening", "()", "een", "0009999999", "xx"])
def test_nothing_near(app: Flask, client: HouseClient, typed: str) -> None:
    """What is near to nothing, or near to two that no product has together, finds nothing."""
    sign_in(client)
    page = tree(client, f"?{urlencode({'words': typed})}")
    assert ([], True) == (numbers(page), "Nothing found" in text(page))


def test_said(app: Flask, client: HouseClient) -> None:
    """The page says what was not found and what is shown, with a link to what was typed; files are of what is shown."""
    sign_in(client)
    page = tree(client, "?words=uitreksel&sort=date")
    told = next(one for one in house.elements(page, "p") if one.get("id") == "orders-typed")
    assert "No orders found with ‘uitreksel’. You now see the orders with ‘uittreksel’." in house.text_of(told)
    assert "1 order €2.85 Everything, ‘uittreksel’" == said(page)
    assert "orders-typed" == by_class(page, "sum")[0].get("aria-describedby")
    [file] = [each for each in links(page, "JSON") if ".json" in each]
    assert "words=uittreksel&" in file
    [exactly] = links(page, "Search for ‘uitreksel’ only")
    assert f"{ORDERS}?words=uitreksel&sort=date&exact=1#orders-found" == exactly
    page = tree(client, exactly.partition("#")[0].removeprefix(ORDERS))
    assert ([], True) == (numbers(page), "No order in this list fits ‘uitreksel’" in text(page))


def test_words_as_they_are_go_first(app: Flask, client: HouseClient) -> None:
    """Where the words find anything, nothing else is looked for; and the names of every language count."""
    buy(app, MAIN, number="B", product="uitreksel")
    sign_in(client)
    page = tree(client, "?words=uitreksel")
    assert (["B"], []) == (numbers(page), [one for one in house.elements(page, "p") if one.get("id") == "orders-typed"])
    assert ["0004100598"] == found(client, "Uittreksel (nl)")


def test_several_numbers(app: Flask, client: HouseClient) -> None:
    """Of several orders that may have been meant none is shown as if it were the one: each can be chosen."""
    buy(app, MAIN, number="0004100597")
    sign_in(client)
    page = tree(client, "?words=0004100590")
    assert ([], "0004100597, 0004100598?") == (numbers(page), text(page).partition("Did you mean ")[2][:23])
    assert ["0004100598"] == numbers(tree(client, "?words=0004100598"))


@pytest.mark.parametrize("typed", ["concernrelatis", "0004100589", "0004100590", "0004100701", "bedrijfsprofil"])
def test_nothing_of_others(app: Flask, typed: str) -> None:
    """Another's products and numbers are no hint: the answer is the same bytes, whether they are there or not."""
    answers = []
    for _ in range(2):
        visitor = browser(app)
        sign_in(visitor, COLLEAGUE)
        own = typed in ("bedrijfsprofil", "0004100701")
        page = visitor.get(f"{ORDERS}?{urlencode({'words': typed})}")
        answers.append(page.text)
        assert own == ("0004100700" in page.text)
        with database(app).write() as conn:
            conn.execute("DELETE FROM orders WHERE number IN ('0004100598', '0004100599', '0004100612')")
    assert answers[0] == answers[1]


def test_in_the_period(app: Flask, client: HouseClient) -> None:
    """A slip finds nothing outside the period that was asked for; there it leads to all periods, which do."""
    buy(app, MAIN, "2020-05-05T12:00", number="0004000001", product="historie")
    sign_in(client)
    for typed in ("histroie", "0004000010"):
        page = tree(client, f"?words={typed}&period=this-year")
        assert [] == numbers(page)
        [everything] = links(page, "Search in all periods")
        assert ["0004000001"] == numbers(tree(client, everything.partition("#")[0].removeprefix(ORDERS)))

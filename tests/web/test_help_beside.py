"""Beside a form stands what to know: the help page that has it, with the questions nearest to it."""

from __future__ import annotations

import pytest
from flask import Flask

from selfservice.fragments import DEMO_FRAGMENTS, FRAGMENTS
from selfservice.i18n.languages import LANGUAGES
from selfservice.web.layout import LayoutContext
from selfservice.web.pages import page_info
from tests import house
from tests.clients import HouseClient
from tests.domain_helpers import CONTENT, CONTEXT
from tests.sign_in_helpers import MAIN, prepare, sign_in

SOURCE = """---
title: A page
---
Lead.

## First {#first}

You can [start with two](selfservice:two) too.

## Second {#second}

[One](selfservice:one)

## Third {#third}

[Two](selfservice:two)

## Fourth {#fourth}

Or open [three](selfservice:three).

## Fifth {#fifth}
"""


def links(client: HouseClient, address: str) -> list[str]:
    """Where what stands beside the form at this address leads."""
    asides = house.elements(house.parse(client.get(address).text), "aside")
    return [link.get("href", "") for aside in asides for link in house.elements(aside, "a")]


def test_questions_nearest() -> None:
    """The question that has the form, or else leads to it, comes first; four are named where there are as many."""
    page = page_info("en", "page", {}, CONTEXT.facts, SOURCE)
    near = {form: [each.id for each in page.questions_near(form)] for form in ("one", "two", "three", "none")}
    second = ["second", "third", "fourth", "fifth"]
    expected = {"one": second, "two": second, "three": second, "none": ["first", "second", "third", "fourth"]}
    assert expected == near


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_form_of_a_page(app: Flask, client: HouseClient, lang: str) -> None:
    """The page of a form leads to the help page that has it, and to questions that are on that page."""
    layout: LayoutContext = app.extensions["layout"]
    wrong = {}
    for page in layout.pages().values():
        for form in page.forms:
            found = links(client, f"/{lang}/self-service/{form}")
            if page.lang != lang or page.is_tree:
                continue
            source = (CONTENT / lang / f"{page.key}.md").read_text("utf-8")
            ids = [link.partition("#")[2] for link in found[1:]]
            if found[0] != page.path or not ids or any(f"{{#{id_}}}" not in source for id_ in ids):
                wrong[form] = found
    assert {} == wrong


@pytest.mark.parametrize("lang", LANGUAGES)
def test_descriptions(client: HouseClient, lang: str) -> None:
    """Every page of the app says in its head what it is about."""
    without = []
    for name in (*FRAGMENTS, *DEMO_FRAGMENTS):
        tree = house.parse(client.get(f"/{lang}/self-service/{name}").text)
        said = [one.get("content", "") for one in house.elements(tree, "meta") if one.get("name") == "description"]
        if len(said) != 1 or not said[0].strip():
            without.append(name)
    assert [] == without


def test_logged_in(app: Flask, client: HouseClient) -> None:
    """The list of orders of somebody has it too, below the list. Beside a form that no page has stands the page that
    leads to it most, logged in or not: also before one logs in, and at the end of a mailed link.
    """
    prepare(app)
    sign_in_client = app.test_client()
    assert isinstance(sign_in_client, HouseClient)
    sign_in(sign_in_client, MAIN)
    page = sign_in_client.get("/en/self-service/orders").text
    expected = {
        "my": "logged-in",
        "devices": "logged-in",
        "change-password": "logged-in",
        "organisation-codes": "orders",
        "account": "kvk-account",
        "account-data": "kvk-account",
        "account-email": "kvk-account",
        "account-email/too-late": "kvk-account",
        "account-password/expired": "kvk-account",
    }
    for each in (sign_in_client, client):
        assert expected == {form: links(each, f"/en/self-service/{form}")[0].split("/")[2] for form in expected}
    assert (True, True) == ('<meta name="description"' in page, page.index("<aside") > page.index('class="orders"'))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_about_a_page(client: HouseClient, lang: str) -> None:
    """Beside the question whether a page was useful, which stands alone where there are no scripts, nothing is said of
    logging in.
    """
    steps = ("", "/missing", "/thanks")
    assert [[], [], []] == [links(client, f"/{lang}/self-service/useful{step}") for step in steps]

"""The contract that every fragment keeps in every language; a new fragment is held to it by being in FRAGMENTS."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from flask import Flask

from selfservice.config import Config
from selfservice.fragments import ALL, DEMO_FRAGMENTS, FRAGMENTS
from selfservice.i18n.languages import LANGUAGES, using_language
from tests import house
from tests.clients import HTMX_HEADERS, HouseClient
from tests.conftest import new_app

EVERYTHING = [(lang, name) for name in (*FRAGMENTS, *DEMO_FRAGMENTS) for lang in LANGUAGES]
BAKED = [(lang, name) for name in FRAGMENTS for lang in LANGUAGES]
# Every address there is; `loket new form` adds those of a new one.
ROUTES = Path(__file__).with_name("routes.txt")


def address(lang: str, name: str) -> str:
    return f"/{lang}/self-service/{name}"


def is_here(route: str) -> bool:
    """Whether an address is of a form that this site has, or of none: of `account` and `account-data` the longer name
    tells.
    """
    first = route.removeprefix("/<lang:lang>/self-service/").partition("/")[0]
    form = max((name for name in ALL if first.startswith(name)), key=len, default="")
    return (not form or form in FRAGMENTS) and (not route.startswith("/api/") or "orders" in FRAGMENTS)


def test_routes(app: Flask) -> None:
    """No address disappears or appears unnoticed: people have bookmarks, and mails hold links."""
    here = [route for route in ROUTES.read_text("utf-8").splitlines() if is_here(route)]
    there = {str(rule) for rule in app.url_map.iter_rules()}
    assert (set(), set()) == (there - set(here), set(here) - there), "add to, or take from, tests/routes.txt"
    assert here == sorted(here)


def test_names(app: Flask) -> None:
    """A fragment's name, address, package and template folder are one name."""
    root = Path(app.root_path) / "fragments"
    wrong = [
        name
        for name, blueprint in (FRAGMENTS | DEMO_FRAGMENTS).items()
        if blueprint.name != name.replace("-", "_") or not (root / blueprint.name).is_dir()
    ]
    assert [] == wrong


@pytest.mark.parametrize(("lang", "name"), EVERYTHING)
def test_start(client: HouseClient, lang: str, name: str) -> None:
    """The whole page holds the fragment byte for byte; both answer 200 and set no cookie."""
    page, part = client.get(address(lang, name)), client.fragment(address(lang, name))
    body = re.sub(r"^<title>.*</title>\n", "", part.text)
    assert (200, 200, True) == (page.status_code, part.status_code, body in page.text)
    assert client.cookie_value() is None


@pytest.mark.parametrize(("lang", "name"), EVERYTHING)
def test_titles(client: HouseClient, lang: str, name: str) -> None:
    """Page and fragment have the same title, so that the browser's tab says the same either way."""
    page, part = client.get(address(lang, name)), client.fragment(address(lang, name))
    titles = [house.title_of(house.parse(page.text)), house.title_of(house.parse(part.text, fragment=True))]
    assert [titles[0]] * 2 == titles


@pytest.mark.parametrize(("lang", "name"), BAKED)
def test_start_needs_nothing(app: Flask, client: HouseClient, statements: list[str], lang: str, name: str) -> None:
    """A start view touches no database: it is baked into pages, also where there is none yet."""
    app.extensions["services"].db.path.unlink()
    assert (200, []) == (client.get(address(lang, name)).status_code, statements)


@pytest.mark.parametrize(("lang", "name"), BAKED)
def test_start_is_the_same_for_all(client: HouseClient, lang: str, name: str) -> None:
    """A start view is the same at any time and for anyone, with any cookie and in any order of languages."""
    first = client.fragment(address(lang, name)).data
    client.set_cookie("loket", "something", domain="127.0.0.1")
    headers = HTMX_HEADERS | {"Accept-Language": "de", "User-Agent": "other"}
    assert first == client.get(address(lang, name), headers=headers).data


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
@pytest.mark.parametrize(("lang", "name"), EVERYTHING)
def test_whole_page(client: HouseClient, lang: str, name: str, header: str) -> None:
    """htmx gets a whole page when it restores one from history, or follows a boosted link."""
    page = client.get(address(lang, name), headers=HTMX_HEADERS | {header: "true"})
    assert client.get(address(lang, name)).data == page.data


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("rest", ["nothing", "replacement-password/nothing", "search/a/b", "mailbox/nothing", ""])
def test_unknown_address(client: HouseClient, lang: str, rest: str, *, htmx: bool) -> None:
    """An address that is not there answers 404, as a page and as a fragment."""
    answer = client.get(address(lang, rest), headers=HTMX_HEADERS if htmx else {})
    assert (404, htmx) == (answer.status_code, "<html" not in answer.text)


def test_unknown_language(client: HouseClient) -> None:
    """There is no German: not another language's page under its address."""
    assert 404 == client.get("/de/self-service/search").status_code


@pytest.mark.parametrize(("lang", "name"), BAKED)
def test_forms_stay_in_their_language(client: HouseClient, lang: str, name: str) -> None:
    """Every address that a fragment leads to is in the fragment's own language."""
    tree = house.parse(client.fragment(address(lang, name)).text, fragment=True)
    found = [one.get(key, "") for one in house.elements(tree) for key in ("href", "action", "data-hx-post")]
    assert [] == [one for one in found if one.startswith("/") and not one.startswith((f"/{lang}/", "/theme/"))]


@pytest.mark.parametrize(("lang", "name"), BAKED)
def test_language_switch(client: HouseClient, lang: str, name: str) -> None:
    """The language switch of a fragment's page leads to the same fragment in the other language, or sends its form to
    where that goes there; which must take it.
    """
    tree = house.parse(client.get(address(lang, name)).text)
    other = next(code for code in LANGUAGES if code != lang)
    switch = next(one for one in house.elements(tree, "a", "button") if "switch" in one.get("class", "").split())
    form = next((one for one in house.elements(tree, "form") if one.get("id") == switch.get("form", "-")), None)
    target = switch.get("href") or switch.get("formaction") or ""
    actions = {form.get("action", "").replace(f"/{lang}/", f"/{other}/")} if form is not None else set()
    assert target in {address(other, name), *actions}
    if form is not None:
        assert client.send(target, {"switch_language": "1"}).status_code in (200, 303, 422)


@pytest.mark.parametrize(("lang", "name"), BAKED)
def test_names_of_languages(client: HouseClient, lang: str, name: str) -> None:
    """What is in the other language says so, for a voice that reads it."""
    tree = house.parse(client.get(address(lang, name)).text)
    marked = {one.get("lang") for one in house.elements(tree, "a", "button") if "switch" in one.get("class", "")}
    assert set(LANGUAGES) - {lang} == marked


def test_demo_fragments_only_in_demo(config: Config) -> None:
    """What only a demonstration may have is not there otherwise."""
    real = dataclasses.replace(config, demo=False, base_url="https://help.example.org")
    rules = {rule.endpoint.partition(".")[0] for rule in new_app(real).url_map.iter_rules()}
    assert set() == rules & {blueprint.name for blueprint in DEMO_FRAGMENTS.values()}


def test_demo_line(config: Config) -> None:
    """A demonstration says so on its pages; a real site does not."""
    with using_language("en"):
        real = new_app(dataclasses.replace(config, demo=False, base_url="https://help.example.org"))
        texts = [app.test_client().get("/en/self-service/search").text for app in (new_app(config), real)]
    assert [True, False] == ['class="demo"' in text for text in texts]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_kept_start_is_nobodys(app: Flask, client: HouseClient, lang: str) -> None:
    """A start view that is kept is the same the second time, in each shape; who has a cookie gets their own."""
    place = address(lang, "replacement-password")
    first = [client.get(place).data, client.fragment(place).data]
    again = [client.get(place).data, client.fragment(place).data]
    before = dict(app.extensions["same_for_all"])
    app.extensions["same_for_all"].update(dict.fromkeys(before, b"somebody's"))
    client.set_cookie("loket", "theirs", domain="127.0.0.1")
    theirs = client.get(place).data
    assert (first, True, first[0]) == (again, first[0] != first[1], theirs)

"""The pages that a 404 offers: the nearest by address and words, in the language of the address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from flask import Flask

from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.search.query import SearchHit, search
from selfservice.web import error_pages
from selfservice.web import nearest_pages as nearest
from selfservice.web.layout import LayoutContext
from selfservice.web.nearest_pages import NearPage, nearest_pages
from tests import house
from tests.clients import HTMX_HEADERS, HouseClient
from tests.conftest import Site


@pytest.fixture(autouse=True)
def built(app: Flask, site: Site) -> Iterator[None]:
    """The site is built: its search index is there."""
    place: Path = app.extensions["services"].config.search_index
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(site.config.search_index)
    yield
    place.unlink()


def near(app: Flask, path: str, lang: str) -> list[NearPage]:
    layout: LayoutContext = app.extensions["layout"]
    return nearest_pages(path, layout.pages(), app.extensions["services"].config.search_index, lang)


def offered(text: str) -> list[Element]:
    """The links of the list on a page that says that there is none."""
    main = next(house.elements(house.parse(text), "main"))
    return [link for item in house.elements(main, "li") for link in house.elements(item, "a")]


@pytest.mark.parametrize(
    ("path", "first"),
    [
        pytest.param("/nl/toegangkode/", "/nl/toegangscode/", id="a mistyped address"),
        pytest.param("/en/privcy/", "/en/privacy/", id="a letter that is missing"),
        pytest.param("/nl/access-code/", "/nl/toegangscode/", id="an English address below Dutch"),
        pytest.param("/en/toegangscode", "/en/access-code/", id="a Dutch address below English"),
        pytest.param("/en/acces-code/", "/en/access-code/", id="mistyped"),
        pytest.param("/en/Order/", "/en/orders/", id="a capital"),
        pytest.param("/en/ORDRES", "/en/orders/", id="capitals, and no slash"),
        pytest.param("/NL/TOEGANGSKODE", "/nl/toegangscode/", id="all in capitals"),
        pytest.param("/nl/DigiD_Problemen.html", "/nl/digid-problemen/", id="as a file"),
        pytest.param("/en/help/orders/", "/en/orders/", id="below another folder"),
        pytest.param("/en/self-service/change-pasword", "/en/self-service/change-password", id="a form's address"),
    ],
)
def test_nearest_is_first(app: Flask, client: HouseClient, path: str, first: str) -> None:
    """The nearest page stands first, with its title, at most five in all, each of them there and in that language."""
    answer = client.get(path)
    links = offered(answer.text)
    assert (404, first) == (answer.status_code, links[0].get("href"))
    assert len({link.get("href") for link in links}) == len({house.text_of(link) for link in links}) == len(links) <= 5
    assert all((link.get("href") or "").startswith(path[:4].lower()) for link in links)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/nl/wachtwoord-vergeten", "wachtwoord vergeten"),
        ("/en/access-code-request/", "access code request"),
        ("/en/log_in", "log in"),
    ],
)
def test_what_search_finds(app: Flask, path: str, words: str) -> None:
    """Where no page has nearly that address, it is what search finds for its words, in that order."""
    found = search(app.extensions["services"].config.search_index, path[1:3], words, 5).hits
    offered_urls = [page.url for page in near(app, path, path[1:3])]
    assert offered_urls
    assert [hit.url for hit in found if hit.url in offered_urls] == offered_urls


def test_in_the_accepted_language(app: Flask, client: HouseClient) -> None:
    """Where the address has no language, the pages are those of the language that the browser likes best."""
    found = {lang: offered(client.get("/access-code", headers={"Accept-Language": lang}).text) for lang in LANGUAGES}
    assert {"en": "/en/access-code/", "nl": "/nl/toegangscode/"} == {
        lang: links[0].get("href") for lang, links in found.items()
    }


def test_words_of_another_language(app: Flask) -> None:
    """Words that only another language has lead to the pages in one's own that they stand for."""
    found = near(app, "/nl/how-do-i-change-my-password/", "nl")
    assert "/nl/ingelogd/#change-password" in [page.url for page in found]
    assert all(page.url.startswith("/nl/") for page in found)


@pytest.mark.parametrize("path", ["/en/zzzzqqq/", "/favicon.ico", "/en/orders.json", "/wp-login.php", "/en/-/", "/xx/"])
def test_nothing_near(app: Flask, client: HouseClient, path: str) -> None:
    """What comes near to nothing, and a file that is no page, is answered as ever."""
    answer = client.get(path)
    assert (404, []) == (answer.status_code, offered(answer.text))


@pytest.mark.parametrize("strange", ["<xyz>", '"xyz"', "xyz'--", "<b>xyz", "xyz&"])
def test_nothing_of_the_address_is_shown(client: HouseClient, strange: str) -> None:
    """What stands in the address stands nowhere in the answer, while its words are searched for."""
    answer = client.get(f"/en/download-my-orders-to-excel-{strange}/")
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    assert (404, True, False) == (answer.status_code, "orders/#" in main, "xyz" in main)
    assert "<xyz>" not in answer.text


def test_odd_addresses_are_bounded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever address is asked for, search gets at most eight words, none of them longer than words are."""
    asked: list[str] = []

    def find_nothing(_index: Path, _lang: str, words: str) -> list[SearchHit]:
        asked.append(words)
        return []

    monkeypatch.setattr(nearest, "_search", find_nothing)
    for path in ("/en/" + "a" * 5000, "/en/" + "-".join(["abcdefg"] * 900), "/en/" + "/".join("é" * 3000), "/" * 5000):
        assert [] == near(app, path, "en")
    assert 2 == len(asked)
    assert {8} == {len(words.split()) for words in asked}


def test_before_the_first_build(app: Flask, client: HouseClient) -> None:
    """Without an index the pages with nearly that address are offered all the same."""
    app.extensions["services"].config.search_index.unlink()
    app.extensions["services"].config.search_index.symlink_to("/nowhere")
    assert ["/en/privacy/"] == [link.get("href") for link in offered(client.get("/en/privcy/").text)]


def test_with_an_index_of_another_version(app: Flask, client: HouseClient, tmp_path: Path) -> None:
    """Nor does an index that cannot be read keep the page from being answered."""
    app.extensions["services"].config.search_index.unlink()
    (tmp_path / "en.db").write_bytes(b"")
    app.extensions["services"].config.search_index.symlink_to(tmp_path)
    assert ["/en/privacy/"] == [link.get("href") for link in offered(client.get("/en/privcy/").text)]


def test_the_page_for_who_has_no_app(app: Flask) -> None:
    """The page that the build makes to stand in for the app offers none: it is for whatever is asked for."""
    with app.test_request_context("/en/orders.html"), using_language("en"):
        assert [] == offered(error_pages.error_response(404, offers_nearest=False).get_data(as_text=True))


def test_only_on_a_page_for_reading(client: HouseClient) -> None:
    """A fragment, and the answer to something that was sent, offers none."""
    assert "/en/orders/" not in client.get("/en/ordrs/", headers=HTMX_HEADERS).text
    assert [] == offered(client.post("/en/ordrs/").text)


def test_what_a_view_does_not_find(client: HouseClient) -> None:
    """What an address of ours says is not there has no pages near it: the answer tells nothing."""
    assert [] == offered(client.get("/en/self-service/mailbox/orders").text)

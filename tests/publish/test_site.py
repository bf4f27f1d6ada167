"""The site as built from the real content: what every page has, and the files beside them."""

from __future__ import annotations

import datetime as dt
import gzip
import re
import tomllib
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import brotli
import pytest

from selfservice import clock
from selfservice.fragments import FRAGMENTS
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import LANGUAGES, language_of, using_language
from selfservice.web.theme import HASHED_NAME
from tests import house
from tests.clients import other_language
from tests.conftest import Site
from tests.house import elements

BASE = "http://127.0.0.1:8000"
MAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(scope="module")
def pages(site: Site) -> dict[str, str]:
    """Each help page's HTML by its address."""
    return site.pages()


@pytest.fixture(scope="module")
def trees(pages: dict[str, str]) -> dict[str, ET.Element]:
    """Each help page, parsed."""
    return {path: house.parse(text) for path, text in pages.items()}


def is_of_tree(page: ET.Element) -> bool:
    """Whether it is a page of a question tree."""
    return "tree" in next(elements(page, "main")).get("class", "").split()


def is_beside(path: str) -> bool:
    """Whether a page is one of the further pages of a question tree."""
    return path.count("/") > "/en/tree/".count("/")


def test_house_rules(pages: dict[str, str]) -> None:
    """Every page is valid and keeps the house rules."""
    found = {path: house.broken_html(text, lang=path[1:3]) for path, text in pages.items()}
    assert {} == {path: lines for path, lines in found.items() if lines}


def test_as_many_pages_as_sources(site: Site, pages: dict[str, str]) -> None:
    """Each source file became one page, but for those of drafts."""
    sources = [file.read_text("utf-8") for lang in LANGUAGES for file in (site.config.content / lang).glob("*.md")]
    shown = [source for source in sources if "\nstatus: draft\n" not in source]
    assert len(shown) == len([path for path in pages if not is_beside(path)])


def links(tree: ET.Element, rel: str) -> dict[str | None, str]:
    """Addresses of the head's links of a kind, by their language."""
    found = [one for one in elements(tree, "link") if one.get("rel") == rel]
    return {one.get("hreflang"): one.get("href", "") for one in found}


def test_alternates(trees: dict[str, ET.Element]) -> None:
    """Each page names itself and its twin, which names it back, and Dutch as the default."""
    for path, tree in trees.items():
        found = links(tree, "alternate")
        assert {"en", "nl", "x-default"} == set(found)
        assert (BASE + path, found["nl"]) == (found[path[1:3]], found["x-default"])
        other = found[other_language(path[1:3])].removeprefix(BASE)
        assert found == links(trees[other], "alternate")


def test_canonical(trees: dict[str, ET.Element]) -> None:
    """Each page's one canonical address is its own."""
    assert {path: {None: BASE + path} for path in trees} == {p: links(t, "canonical") for p, t in trees.items()}


def meta(tree: ET.Element, key: str) -> dict[str, str]:
    """The head's meta values by name or property."""
    return {one.get(key, ""): one.get("content", "") for one in elements(tree, "meta") if one.get(key)}


def test_open_graph(trees: dict[str, ET.Element]) -> None:
    """Each page can be shared: title, description, address, language."""
    for path, tree in trees.items():
        found = meta(tree, "property")
        heading = house.text_of(next(elements(tree, "h1")))
        locale = language_of(path[1:3]).locale
        assert ("website", BASE + path, locale) == (found["og:type"], found["og:url"], found["og:locale"])
        assert (True, meta(tree, "name")["description"]) == (heading == found["og:title"], found["og:description"])


def test_titles_are_unique(trees: dict[str, ET.Element]) -> None:
    """No two pages of one language have one title or description."""
    titles = [(path[1:3], house.title_of(tree)) for path, tree in trees.items()]
    texts = [(path[1:3], meta(tree, "name")["description"]) for path, tree in trees.items()]
    assert (len(trees), len(trees)) == (len(set(titles)), len(set(texts)))


def by_class(tree: ET.Element, name: str) -> list[ET.Element]:
    return [one for one in elements(tree) if name in one.get("class", "").split()]


WORDS = {"en": ("updated", "checked on"), "nl": ("bijgewerkt", "gecontroleerd op")}


def test_around_a_page(trees: dict[str, ET.Element]) -> None:
    """Each page but the home page has breadcrumbs from home by section, when it was updated and checked (one date when
    that is the same day), a way on.
    """
    for path, tree in trees.items():
        if path.count("/") == 2:
            continue
        trail = by_class(tree, "trail")[0]
        home, section, *above = (a.get("href", "") for a in elements(trail, "a"))
        assert (f"/{path[1:3]}/", True) == (home, section.startswith(f"{home}#pages-"))
        assert above == (["/".join([*path.split("/")[:3], ""])] if is_beside(path) else [])
        days = {dt.date.fromisoformat(one.get("datetime", "")): house.text_of(one) for one in elements(tree, "time")}
        with using_language(path[1:3]):
            assert {day: format_date(day) for day in days} == days
            shown = " ".join(map(house.text_of, by_class(tree, "meta"))).lower()
        assert [True, True] == [word in shown for word in WORDS[path[1:3]]]
        contact = "contact" in path
        assert contact is not bool(by_class(tree, "unanswered"))


def test_no_answer_knows_the_page(trees: dict[str, ET.Element]) -> None:
    """'No answer yet?' carries the page along to contact."""
    link = next(elements(by_class(trees["/en/cannot-log-in/"], "unanswered")[0], "a"))
    assert "/en/contact/?about=cannot-log-in" == link.get("href")


def test_contents_and_anchors(trees: dict[str, ET.Element]) -> None:
    """The contents list each question in order; each question has a link to itself, named after it, that is no
    stop for the keyboard.
    """
    for path, tree in trees.items():
        article = by_class(tree, "text")[0]
        questions = [one.get("id") for one in elements(article, "h2") if one.find("a[@class='anchor']") is not None]
        listed = [a.get("href", "#")[1:] for nav in by_class(tree, "contents") for a in elements(nav, "a")]
        assert listed in ([], questions), path
        links = by_class(article, "anchor")
        assert questions == [a.get("href", "#")[1:] for a in links]
        titles = [
            house.text_of(one).removesuffix(house.text_of(link)).strip()
            for one in elements(article, "h2")
            for link in by_class(one, "anchor")
        ]
        assert [(title, "-1") for title in titles] == [
            (a.get("aria-label", "")[-len(title) - 1 : -1], a.get("tabindex"))
            for a, title in zip(links, titles, strict=True)
        ]


def test_same_questions(trees: dict[str, ET.Element]) -> None:
    """A page and its twin have the same questions in the same order, so the language switch can keep the question."""
    for tree in trees.values():
        twins = [links(tree, "alternate")[lang].removeprefix(BASE) for lang in LANGUAGES]
        english, dutch = ([a.get("href") for a in by_class(trees[path], "anchor")] for path in twins)
        assert english == dutch


def test_language_switch(trees: dict[str, ET.Element]) -> None:
    """The switch leads to the twin."""
    for path, tree in trees.items():
        twin = links(tree, "alternate")[other_language(path[1:3])]
        assert twin.removeprefix(BASE) == by_class(tree, "switch")[0].get("href")


def test_neighbours(trees: dict[str, ET.Element]) -> None:
    """Who goes on from page to page sees all pages of a language once, and can go back the same way."""
    ways = {
        path: {a.get("rel"): a.get("href", "") for nav in by_class(tree, "turn") for a in elements(nav, "a")}
        for path, tree in trees.items()
        if path.count("/") > 2 and not is_of_tree(tree)
    }
    assert [] == [(p, way["next"]) for p, way in ways.items() if "next" in way and ways[way["next"]].get("prev") != p]
    firsts = [path for path, way in ways.items() if "prev" not in way]
    walked = []
    for path in firsts:
        while path:
            walked.append(path)
            path = ways[path].get("next", "")  # noqa: PLW2901 (a walk)
    assert (2, sorted(ways)) == (len(firsts), sorted(walked))


def test_current_page(trees: dict[str, ET.Element]) -> None:
    """Among the pages that every foot names, those about the site, the present one says so."""
    current = {p: [a.get("href") for a in elements(t, "a") if a.get("aria-current")] for p, t in trees.items()}
    named = {a.get("href", "") for tree in trees.values() for a in elements(by_class(tree, "foot")[0], "a")}
    assert {path: [path] if path in named else [] for path in trees} == current
    assert set(LANGUAGES) == {path[1:3] for path in named & set(trees) if path.count("/") > 2}


def test_home_page_names_all_pages(site: Site, trees: dict[str, ET.Element]) -> None:
    """The home page has each other page of its language, once, under the heading of its section."""
    for lang in LANGUAGES:
        listed = [a.get("href", "") for a in elements(by_class(trees[f"/{lang}/"], "map")[0], "a")]
        wanted = [p for p, t in trees.items() if p.startswith(f"/{lang}/") and p != f"/{lang}/" and not is_of_tree(t)]
        assert sorted(wanted) == sorted(listed)


def test_do_it_here(trees: dict[str, ET.Element]) -> None:
    """Under the lead of a page with forms stands a press to each of them, in order; without forms nothing does."""
    found = {
        path: [a.get("href") for row in by_class(t, "here") for a in elements(row, "a")] for path, t in trees.items()
    }
    forms = {path: [f"#{panel.get('id')}" for panel in by_class(tree, "panel")] for path, tree in trees.items()}
    assert (forms, True) == (found, any(len(links) > 1 for links in found.values()))
    labels = [house.text_of(a) for a in elements(by_class(trees["/en/access-code/"], "here")[0], "a")]
    assert "Request an access code" == labels[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_back_from_a_form(site: Site, trees: dict[str, ET.Element], lang: str) -> None:
    """Above a form's own page, at whatever step, stands the help page that has it, or else the only one that
    leads to it; where several do, home.
    """
    client = site.app.test_client()
    pages = {info.path: info for info in site.app.extensions["layout"].pages().values() if info.lang == lang}
    holders = {panel.get("id"): pages[path] for path in pages for panel in by_class(trees[path], "panel")}
    holders.update(("devices", page) for page in pages.values() if page.key == "logged-in")
    steps = {"request-status": "", "lost-access-code": "/expired", "access-code": "", "devices": "", "sign-in": ""}
    for name, step in steps.items():
        answer = client.get(f"/{lang}/self-service/{name}{step}", follow_redirects=True)
        trail = by_class(house.parse(answer.text), "trail")[0]
        page = holders.get(name)
        wanted = [f"/{lang}/", f"/{lang}/#pages-{page.section}", page.path] if page else [f"/{lang}/"]
        assert wanted == [a.get("href") for a in elements(trail, "a")], name
    assert {"request-status", "lost-access-code", "access-code"} <= set(holders)


def test_embedded_forms(site: Site, pages: dict[str, str]) -> None:
    """A form in a page is byte for byte what the app answers, and stands in a page of each language."""
    client = site.app.test_client()
    found = set()
    for name in FRAGMENTS:
        for lang in LANGUAGES:
            answer = client.get(f"/{lang}/self-service/{name}", headers={"HX-Request": "true"})
            body = re.sub(r"^<title>.*</title>\n", "", answer.text)
            found |= {(name, lang) for path, text in pages.items() if path[1:3] == lang and body in text}
    assert {("replacement-password", lang) for lang in LANGUAGES} <= found


def test_scripts(trees: dict[str, ET.Element]) -> None:
    """No page fetches htmx by itself, and only one with a form what forms need."""
    for tree in trees.values():
        names = [one.get("src", "").rpartition("/")[2].partition(".")[0] for one in elements(tree, "script")]
        assert ["loket", "forms"][: 1 + bool(by_class(tree, "panel"))] == names


def test_sitemap(site: Site, trees: dict[str, ET.Element]) -> None:
    """The sitemap lists every page with its twins and when it was updated, and nothing else: no whole tree, which is
    its pages once more.
    """
    root = ET.fromstring(site.text("sitemap.xml"))
    listed = {}
    for url in root.findall(f"{MAPS}url"):
        place = url.findtext(f"{MAPS}loc", "").removeprefix(BASE)
        listed[place] = {one.get("hreflang"): one.get("href") for one in url.findall(f"{XHTML}link[@rel='alternate']")}
        dt.date.fromisoformat(url.findtext(f"{MAPS}lastmod", ""))
    twins = {p: {k: v for k, v in links(t, "alternate").items() if k != "x-default"} for p, t in trees.items()}
    assert {path: theirs for path, theirs in twins.items() if not path.endswith("/all/")} == listed


def test_robots(site: Site) -> None:
    """Robots find the sitemap, and leave pages of search results alone."""
    lines = site.text("robots.txt").splitlines()
    wanted = {"User-agent: *", "Disallow: /en/self-service/search", "Disallow: /nl/self-service/search"}
    assert {*wanted, f"Sitemap: {BASE}/sitemap.xml"} == set(filter(None, lines))


def test_security_txt(site: Site) -> None:
    """RFC 9116: a contact, an expiry within a year, the languages, and its own address."""
    fields = dict(line.split(": ", 1) for line in site.text(".well-known/security.txt").splitlines())
    left = dt.datetime.fromisoformat(fields["Expires"]) - clock.now()
    assert {"Contact", "Expires", "Preferred-Languages", "Canonical"} == set(fields)
    assert (True, ", ".join(LANGUAGES)) == (fields["Contact"].startswith("mailto:"), fields["Preferred-Languages"])
    assert f"{BASE}/.well-known/security.txt" == fields["Canonical"]
    assert dt.timedelta(days=360) < left <= dt.timedelta(days=365)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_not_found_page(site: Site, lang: str) -> None:
    """Each language has a 404 page of its own, not to be found by search engines."""
    text = site.text(f"{lang}/404.html")
    assert ([], True) == (house.broken_html(text, lang=lang, status=404), 'content="noindex"' in text)


def test_language_choice(site: Site) -> None:
    """Where only files are served, / lets the visitor choose."""
    text = site.text("index.html")
    found = {a.get("href"): a.get("lang") for a in elements(by_class(house.parse(text), "cards")[0], "a")}
    assert ([], {"/en/": "en", "/nl/": "nl"}) == (house.broken_html(text, lang="nl"), found)


def test_no_feeds_and_nothing_of_pelican(site: Site) -> None:
    """No feeds, archives, tags or authors; old addresses without a language have a folder."""
    listed = site.config.content / "addresses.toml"
    moved = tomllib.loads(listed.read_text("utf-8"))["moved"] if listed.exists() else {}
    old = {name.strip("/") for name in moved}
    kinds = {file.suffix for file in site.output.rglob("*") if file.is_file()}
    names = {path.name for path in site.output.iterdir()}
    assert {"en", "nl", "theme", "sitemap.xml", "robots.txt", "index.html", ".well-known"} == {
        name for name in names - old if not name.endswith((".br", ".gz"))
    }
    assert set() == kinds & {".atom", ".rss", ".md", ".py"}


def test_compressed_copies(site: Site) -> None:
    """Each .br and .gz holds exactly the file beside it, and each text file of size has both."""
    for file in [one for one in site.output.rglob("*") if one.suffix in (".html", ".css", ".js", ".xml", ".svg")]:
        if file.stat().st_size < 200:
            continue
        content = file.read_bytes()
        assert content == brotli.decompress(Path(f"{file}.br").read_bytes())
        assert content == gzip.decompress(Path(f"{file}.gz").read_bytes())


def test_assets(site: Site, trees: dict[str, ET.Element]) -> None:
    """What pages and styles fetch is there, under a name with the hash of what it holds."""
    wanted = {
        one.get("src", "") or one.get("href", "")
        for tree in trees.values()
        for one in elements(tree, "link", "script", "img")
        if one.tag != "link" or one.get("rel") in house.RESOURCES
    }
    for style in [path for path in wanted if path.endswith(".css")]:
        wanted |= {urljoin(style, url) for url in re.findall(r"url\([\"']?([^\"')]+)", site.text(style))}
    assert [] == [
        path for path in sorted(wanted) if not HASHED_NAME.search(path) or not (site.output / path[1:]).is_file()
    ]


def test_no_preview(site: Site) -> None:
    """What only editors' preview needs is not published."""
    assert ([], False) == (list(site.output.rglob("*preview*")), "preview" in site.text("/en/"))


def test_every_link_leads_somewhere(site: Site, pages: dict[str, str]) -> None:
    """No link or anchor is broken, on the pages, on the 404s, and on what the app answers to links."""
    client = site.app.test_client()
    texts = pages | {f"/{lang}/404.html": site.text(f"{lang}/404.html") for lang in LANGUAGES}
    texts["/"] = site.text("index.html")
    todo = set(texts)
    known: dict[str, set[str]] = {}
    broken = []
    wanted: list[tuple[str, str, str]] = []
    while todo:
        path = todo.pop()
        tree = house.parse(texts[path])
        known[path] = {one.get("id", "") for one in elements(tree)}
        for one in elements(tree, "a", "form", "button"):
            link = one.get("href") or one.get("action") or one.get("formaction") or ""
            parts = urlsplit(urljoin(path, link))
            if not link or parts.scheme or parts.netloc:
                continue
            wanted.append((path, parts.path, parts.fragment))
            if parts.path not in known and parts.path not in texts:
                answer = client.get(parts.path)
                texts[parts.path] = answer.text if answer.status_code == 200 else "<!doctype html><title></title>"
                todo |= {parts.path} if answer.status_code == 200 else set()
                if answer.status_code not in (200, 303):
                    broken.append((path, link, answer.status_code))
    assert ([], []) == (broken, [row for row in wanted if row[2] and row[2] not in known.get(row[1], set())])


def test_outside_links_are_https(trees: dict[str, ET.Element]) -> None:
    """Whoever leaves us does so by https."""
    places = {a.get("href", "") for tree in trees.values() for a in elements(tree, "a")}
    assert set() == {place for place in places if place.startswith("http:")}


def weight(site: Site, tree: ET.Element, path: str) -> int:
    """Bytes of HTML, CSS and JavaScript of a page's first view, compressed by brotli."""
    files = [path + "index.html"]
    files += [one.get("href", "") for one in elements(tree, "link") if one.get("rel") == "stylesheet"]
    files += [one.get("src", "") for one in elements(tree, "script")]
    return sum((site.output / (name.lstrip("/") + ".br")).stat().st_size for name in files)


def test_weight(site: Site, trees: dict[str, ET.Element]) -> None:
    """A first view is at most 10 KB, with a form at most 25 KB; the font at most 35 KB more."""
    limits = {path: 25_000 if by_class(tree, "panel") else 10_000 for path, tree in trees.items()}
    found = {path: weight(site, tree, path) for path, tree in trees.items()}
    assert {} == {path: size for path, size in found.items() if size > limits[path]}
    assert [] == [font for font in site.output.rglob("*.woff2") if font.stat().st_size > 35_000]


def test_style_sheets_are_small(site: Site) -> None:
    """One style sheet of at most 12 KB for all pages, one of 4 KB for pages with a form, one of 4 KB for the home page,
    and at most one more of 8 KB for a form that needs its own.
    """
    sheets = sorted((site.config.root / "site" / "static" / "css").glob("*.css"))
    assert ["forms.css", "home.css", "loket.css", "orders.css"] == [sheet.name for sheet in sheets]
    assert [True] * 4 == [
        sheet.stat().st_size <= limit * 1024 for sheet, limit in zip(sheets, (4, 4, 12, 8), strict=True)
    ]


def test_nothing_of_the_machine(site: Site, pages: dict[str, str]) -> None:
    """No page tells where it was built."""
    places = ("localhost", str(site.config.root), str(site.output.parent))
    assert [] == [(path, place) for path, text in pages.items() for place in places if place in text]

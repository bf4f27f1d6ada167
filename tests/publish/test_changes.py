"""What a publication is said to have changed, on builds made by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from selfservice.builds import CONTENT, NOTES, SITE
from selfservice.publish.changes import compare

HASHES = {"css": "0123456789", "js": "abcdef0123"}
TWINS = {"orders": "bestellingen", "digid": "digid", "": ""}  # each page's address in English and in Dutch


def write(path: Path, text: str) -> None:
    """Write a file in a folder that need not be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def page(build: Path, lang: str, slug: str, text: str, css: str = HASHES["css"]) -> None:
    """A page as it is served."""
    html = f'<link href="/theme/css/loket.{css}.css"><script src="/theme/js/a.{HASHES["js"]}.js"></script>{text}'
    write(build / SITE / lang / slug / "index.html", html)


def sitemap(build: Path, twins: dict[str, str]) -> None:
    """The sitemap of these pages."""
    rows = []
    for english, dutch in twins.items():
        places = {"en": f"/en/{english}/".replace("//", "/"), "nl": f"/nl/{dutch}/".replace("//", "/")}
        links = "".join(f'<xhtml:link hreflang="{lang}" href="https://x.example{at}"/>' for lang, at in places.items())
        rows += [f"<url><loc>https://x.example{at}</loc>\n{links}\n</url>" for at in places.values()]
    write(build / SITE / "sitemap.xml", "\n".join(rows))


@pytest.fixture
def builds(tmp_path: Path) -> tuple[Path, Path]:
    """Two builds that are the same."""
    old, new = tmp_path / "old", tmp_path / "new"
    for english, dutch in TWINS.items():
        for lang, slug in (("en", english), ("nl", dutch)):
            page(old, lang, slug, f"Text of {slug}")
            write(old / CONTENT / lang / f"{english or 'index'}.md", f"---\ntitle: a\nslug: {slug}\n---\nText")
    sitemap(old, TWINS)
    write(old / CONTENT / "facts.toml", "1")
    for ending, digest in HASHES.items():
        write(old / SITE / "theme" / ending / f"{'loket' if ending == 'css' else 'a'}.{digest}.{ending}", ending)
    write(old / NOTES, json.dumps({"program": "1"}))
    shutil.copytree(old, new)
    return old, new


def told(builds: tuple[Path, Path]) -> list[str]:
    """What is said."""
    return list(compare(*builds).lines())


def test_nothing(builds: tuple[Path, Path]) -> None:
    """Two builds that are the same."""
    assert ["  No page changed"] == told(builds)


def test_a_text(builds: tuple[Path, Path]) -> None:
    """A page whose text was edited is named by its address; one edited in each language is one line."""
    _, new = builds
    page(new, "nl", "bestellingen", "Another text")
    write(new / CONTENT / "nl" / "orders.md", "---\nslug: bestellingen\n---\nAnother text")
    assert ["  changed  /nl/bestellingen/"] == told(builds)
    page(new, "en", "orders", "Another text")
    write(new / CONTENT / "en" / "orders.md", "---\nslug: orders\n---\nAnother text")
    assert ["  changed  /en/orders/  /nl/bestellingen/"] == told(builds)


def test_new_and_gone(builds: tuple[Path, Path]) -> None:
    """Pages that came and went, and how many others name them."""
    _, new = builds
    for lang, former, slug in (("en", "orders", "refunds"), ("nl", "bestellingen", "terugbetalen")):
        shutil.rmtree(new / SITE / lang / former)
        page(new, lang, slug, "Refunds")
        page(new, lang, "digid", "See also: refunds")
    sitemap(new, {"refunds": "terugbetalen", "digid": "digid", "": ""})
    assert [
        "  new      /en/refunds/  /nl/terugbetalen/",
        "  gone     /en/orders/  /nl/bestellingen/",
        "  changed  2 other pages, which name these",
    ] == told(builds)


def test_what_is_not_shown(builds: tuple[Path, Path]) -> None:
    """Pages that were written and that visitors do not see: from when on, or that they are drafts or have ended."""
    _, new = builds
    write(new / NOTES, json.dumps({"program": "1", "day": "2026-11-30"}))
    for name, line in (("a", "publish: 2026-12-01"), ("b", "status: draft"), ("c", "until: 2026-11-29")):
        write(new / CONTENT / "en" / f"{name}.md", f"---\ntitle: a\nslug: {name}\n{line}\n---\nText")
    write(new / CONTENT / "nl" / "a.md", "---\ntitle: a\npublish: 2026-12-01\n---\nText")
    assert [
        "  from 2026-12-01 /en/a/  /nl/a/",
        "  draft           /en/b/",
        "  ended           /en/c/",
    ] == sorted(told(builds), key=lambda line: line.split("/")[2])


def test_old_addresses_are_no_cause(builds: tuple[Path, Path]) -> None:
    """What stands in addresses.toml changes no page: those changed by what was taken away."""
    _, new = builds
    write(new / CONTENT / "addresses.toml", "1")
    assert ["  No page changed, only addresses.toml"] == told(builds)
    for lang, slug in (("en", "orders"), ("nl", "bestellingen")):
        shutil.rmtree(new / SITE / lang / slug)
        page(new, lang, "digid", "No longer: orders")
    sitemap(new, {"digid": "digid", "": ""})
    assert ["  gone     /en/orders/  /nl/bestellingen/", "  changed  2 other pages, which name these"] == told(builds)


def test_moved(builds: tuple[Path, Path]) -> None:
    """A page that got another address, which the former one leads to, is neither new nor gone."""
    _, new = builds
    shutil.rmtree(new / SITE / "en" / "orders")
    page(new, "en", "my-orders", "Text of orders")
    sitemap(new, {"my-orders": "bestellingen", "digid": "digid", "": ""})
    table = {"moved": {"/en/orders": {"en": "/en/my-orders/"}}, "gone": {}}
    write(new / "redirects.json", json.dumps(table))
    assert ["  moved    /en/orders/ to /en/my-orders/"] == told(builds)


def test_a_fact(builds: tuple[Path, Path]) -> None:
    """Where a fact stands is listed while it is little; then it is a number, in one line."""
    _, new = builds
    write(new / CONTENT / "facts.toml", "2")
    page(new, "en", "digid", "2")
    page(new, "nl", "digid", "2")
    assert ["  changed  /en/digid/  /nl/digid/  by facts.toml"] == told(builds)
    many = {f"page-{number}": f"pagina-{number}" for number in range(11)}
    for build in builds:
        sitemap(build, many)
        for english, dutch in many.items():
            page(build, "en", english, build.name)
            page(build, "nl", dutch, build.name)
    assert ["  changed  22 pages, by facts.toml"] == told(builds)


def test_the_layout(builds: tuple[Path, Path]) -> None:
    """A line for all pages when what is around them changed."""
    _, new = builds
    for english, dutch in TWINS.items():
        page(new, "en", english, "Another layout")
        page(new, "nl", dutch, "Another layout")
    assert ["  changed  6 pages, by the layout or a setting"] == told(builds)
    write(new / NOTES, json.dumps({"program": "2"}))
    assert "  changed  /en/digid/  /nl/digid/  by another version of Loket" in told(builds)


def test_a_style_sheet(builds: tuple[Path, Path]) -> None:
    """Every page has the name of a style sheet in it, and is the same page when that is another. What is kept of former
    builds is no change.
    """
    _, new = builds
    for english, dutch in TWINS.items():
        page(new, "en", english, f"Text of {english}", css="9876543210")
        page(new, "nl", dutch, f"Text of {dutch}", css="9876543210")
    write(new / SITE / "theme" / "css" / "loket.9876543210.css", "other")
    kept = f"theme/css/loket.{HASHES['css']}.css"
    write(new / NOTES, json.dumps({"program": "1", "former": {kept: "2026-11-30T00:00:00+00:00"}}))
    assert ["  files    /theme/css/loket.css"] == told(builds)
    assert ["  files    /theme/css/loket.css"] == told(builds[::-1])


def test_only_what_no_page_shows(builds: tuple[Path, Path]) -> None:
    """What only the search or the forms know of is named too."""
    _, new = builds
    write(new / CONTENT / "searches.toml", "2")
    assert ["  No page changed, only searches.toml"] == told(builds)

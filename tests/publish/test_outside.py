"""`loket check --links`: the addresses outside this site that visitors are led to, for an editor to try."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner

from selfservice.commands.check import command
from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.facts.rights import load_rights
from selfservice.publish.rules.outside import outside_links
from tests.conftest import Site
from tests.house import elements, parse

FACTS = """[owner.name]
kind = "text"
value = "Us"
source = "a test"

[shop.website]
kind = "url"
value = { en = "https://shop.example/en/", nl = "https://shop.example/" }
source = "a test"
"""
RIGHTS = """[buy]
kinds = ["private"]
title = { en = "Buy", nl = "Kopen" }
where = "shop.website"
"""


@pytest.fixture
def small(config: Config, tmp_path: Path) -> Config:
    """Settings with a content folder of one page in each language, and templates of its own."""
    for file, text in {
        "content/facts.toml": FACTS,
        "content/rights.toml": RIGHTS,
        "content/site.toml": 'text = { en = "[A]({{ fact.shop.website }})", nl = "[B]({{ fact.shop.website }})" }\n',
        "content/en/page.md": "One [shop of {{ fact.owner.name }}]({{ fact.shop.website }}).\n\n[Map](https://map.example/).\n",
        "content/nl/page.md": "{{ fact.shop.website }} https://no-link.example/ <https://map.example/>\n",
        "site/templates/layout.html": '\n<a href="{{ fact.shop.website.href }}">{{ fact.owner.name }}</a>',
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, "utf-8")
    return dataclasses.replace(config, content=tmp_path / "content", root=tmp_path)


def test_places(small: Config) -> None:
    """Each address stands there once, with every file and line of it, in which languages, and the words of the link."""
    facts, rights = Facts.load(small.content / "facts.toml"), load_rights(small.content / "rights.toml")
    found = {address: [str(one) for one in places] for address, places in outside_links(small, facts, rights).items()}
    assert {
        "https://map.example/": ["content/en/page.md:3: en: Map", "content/nl/page.md:1: nl"],
        "https://shop.example/": [
            "content/facts.toml:6: nl: shop.website",
            "content/nl/page.md:1: nl",
            "content/rights.toml:4: nl: Kopen",
            "content/site.toml:1: nl: B",
            "layout.html:2: nl",
        ],
        "https://shop.example/en/": [
            "content/en/page.md:1: en: shop of Us",
            "content/facts.toml:6: en: shop.website",
            "content/rights.toml:4: en: Buy",
            "content/site.toml:1: en: A",
            "layout.html:2: en",
        ],
    } == found


@pytest.fixture
def listed(site: Site) -> list[str]:
    """The addresses that `loket check --links` prints for the real content."""
    with site.app.app_context():
        done = CliRunner().invoke(command, ["--links"], catch_exceptions=False)
    assert 0 == done.exit_code
    return [line for line in done.stdout.splitlines() if not line.startswith(" ")]


def test_all_that_pages_hold(site: Site, listed: list[str]) -> None:
    """No address outside this site that a built page leads to is missing."""
    links = [one.get("href", "") for text in site.pages().values() for one in elements(parse(text), "a")]
    assert set() == {link for link in links if link.startswith("http")} - set(listed)


def test_no_page_below_digid(listed: list[str]) -> None:
    """Links to DigiD lead to its root, in each language (Logius, checklist DigiD, C3)."""
    assert ["https://www.digid.nl/"] == [address for address in listed if "digid.nl" in address]

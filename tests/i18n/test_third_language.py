"""A third language: each text of pages, forms, mails, letters and files is in the catalog or is the owner's; and links
to other languages, search and sitemap have it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import html5lib
import pytest

from selfservice.config import ROOT
from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES
from selfservice.static_files import MOVED_SUFFIX
from tests.i18n import third_site

ALL = {*LANGUAGES, third_site.CODE}


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was read of a site with a third language, and where it was built."""
    folder = tmp_path_factory.mktemp("third")
    third_site.make_site(folder)
    own = {"LOKET_SITE": str(folder), "LOKET_DEMO": "1", "LOKET_VAR": str(folder / "var"), "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "-m", "tests.i18n.third_site_walk", str(folder)]
    done = subprocess.run(run, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


@pytest.mark.slow
def test_everything_can_be_translated(walked: dict[str, Any]) -> None:
    """Nothing that anybody reads is without a mark, but for data."""
    assert [] == walked["unmarked"]


@pytest.mark.slow
def test_everything_was_read(walked: dict[str, Any]) -> None:
    """Every template was used on the way, but for those of files that take the worker a while, and of the mail to
    editors, which is in the language of the site.
    """
    assert ["orders/file.html", "orders/progress.html", "review/mail_due.txt"] == walked["unused"]


@pytest.mark.slow
def test_search_in_every_language(walked: dict[str, Any]) -> None:
    """Search finds in each language, also in one that has no stemmer."""
    assert (ALL, True) == (set(walked["hits"]), all(walked["hits"].values()))


@pytest.mark.slow
def test_every_page_names_its_twins(walked: dict[str, Any]) -> None:
    """Each page has its address in every language, and for who asks for none; the sitemap too."""
    output = Path(walked["output"])
    built = [file for code in ALL for file in (output / code).rglob("index.html")]
    # At an old address stands only the way to the new one.
    pages = [file for file in built if not file.with_name(f"{file.name}{MOVED_SUFFIX}").exists()]
    sitemap = (output / "sitemap.xml").read_text("utf-8")
    for page in pages:
        tree = html5lib.parse(page.read_text("utf-8"), namespaceHTMLElements=False)
        twins = {link.get("hreflang"): link.get("href") for link in tree.iter("link") if link.get("rel") == "alternate"}
        assert ({*ALL, "x-default"}, twins["x-default"]) == (set(twins), twins[DEFAULT_LANGUAGE]), page
        switches = {link.get("lang") for link in tree.iter() if link.get("class") == "switch"}
        assert {page.relative_to(output).parts[0]} == ALL - switches, page
        # A whole tree on one page is its questions once more.
        is_listed = page.parent.name != "all"
        assert all((f'hreflang="{code}" href="{twins[code]}"' in sitemap) is is_listed for code in ALL), page
    folders = Counter(page.relative_to(output).parts[0] for page in pages)
    assert (ALL, 1) == (set(folders), len(set(folders.values())))


@pytest.mark.slow
def test_products_in_every_language(walked: dict[str, Any]) -> None:
    """An order may name its product in that language; the list is searched by it, programs get it after the names that
    they had, and the description says so.
    """
    columns = ["product_en", "product_nl", f"product_{third_site.CODE}"]
    names = dict.fromkeys(columns, "Tredde")
    assert {"file": names, "columns": columns, "described": columns} == walked["product"]


@pytest.mark.slow
def test_days_in_every_language(walked: dict[str, Any]) -> None:
    """A day may be typed with the month's name in that language."""
    assert "2026-05-01" == walked["day"]

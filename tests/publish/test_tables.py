"""Tables that a page takes from data."""

from __future__ import annotations

import re

import pytest

from selfservice.facts import rights
from selfservice.i18n.languages import LANGUAGES
from tests.conftest import Site


@pytest.mark.parametrize("lang", LANGUAGES)
def test_rights(site: Site, lang: str) -> None:
    """The help page's table is content/rights.toml: each right of an access code in order, with yes where that kind of
    use has it; and the list below it has those of an account.
    """
    table = rights.load_rights(site.config.content / "rights.toml")
    slug = {"en": "logged-in", "nl": "ingelogd"}[lang]
    page = (site.config.site / lang / slug / "index.html").read_text("utf-8")
    yes = {"en": "Yes", "nl": "Ja"}[lang]
    rows = re.findall(r'<tr><td><a href="[^"]+">([^<]+)</a></td><td>(\w+)</td><td>(\w+)</td></tr>', page)
    of_codes = [right for right in table.listed if {*right.kinds} & {*rights.CODE_KINDS}]
    expected = [(right.title(lang), *(kind in right.kinds for kind in rights.CODE_KINDS)) for right in of_codes]
    assert {"en": "Business", "nl": "Zakelijk"}[lang] in page
    assert expected == [(title, *(cell == yes for cell in cells)) for title, *cells in rows]
    listed = re.findall(r'<li><a href="[^"]+">([^<]+)</a></li>', page)
    assert [right.title(lang) for right in table.of_kind("account")] == [
        title for title in listed if title in {right.title(lang) for right in table.listed}
    ]

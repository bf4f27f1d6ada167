"""The question that leads to the right form."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from selfservice.i18n.languages import LANGUAGES
from tests.access_code_helpers import AccessCodeForm
from tests.clients import HouseClient

ANSWERS = ["replacement-password", "lost-access-code", "access-code", "which-situation/checklist"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_answers(client: HouseClient, lang: str) -> None:
    """Each of the four answers is a link that works by itself; only the checklist takes the question's place."""
    page = AccessCodeForm(client, "which-situation", lang).see().text
    panel = page[page.index('id="which-situation"') : page.index('class="beside"')]
    wanted = [f"/{lang}/self-service/{answer}" for answer in ANSWERS]
    assert wanted == re.findall(r'href="([^"]+)"', panel)
    assert wanted[3:] == re.findall(r'data-hx-get="([^"]+)" data-hx-target="#which-situation"', panel)
    assert [200] * 4 == [client.get(address).status_code for address in wanted]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_checklist(client: HouseClient, lang: str) -> None:
    """The checklist stands in the same place, leads back, and knows its address in the other language."""
    page = AccessCodeForm(client, "which-situation", lang, htmx=True).see("checklist").text
    assert 'id="which-situation"' in page
    assert f'data-switch="/{lang}/self-service/which-situation/checklist"' in page
    assert f'href="/{lang}/self-service/which-situation"' in page


@pytest.mark.parametrize(("lang", "days"), [("en", "60 days"), ("nl", "60 dagen")])
def test_late_code_leads_to_a_request(client: HouseClient, lang: str, days: str) -> None:
    """A code that was not used in time no longer works, so that nothing can replace it: one asks for a new one."""
    page = AccessCodeForm(client, "which-situation", lang).see("checklist").text
    [late] = [part for part in page.split("<li>") if days in part]
    assert f'href="/{lang}/self-service/access-code"' in late


def test_needs_nothing(app: Flask, client: HouseClient, statements: list[str]) -> None:
    """Neither question nor checklist looks at the database, or sets a cookie."""
    person = AccessCodeForm(client, "which-situation")
    assert [200, 200] == [person.see(step).status_code for step in ("", "checklist")]
    assert ([], None) == (statements, client.cookie_value())

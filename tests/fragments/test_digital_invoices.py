"""`digital-invoices`: an organisation's invoices by e-mail and back to paper, for organisations only."""

from __future__ import annotations

import pytest
from flask import Flask

from selfservice import mailer
from selfservice.demo import accounts
from tests import house
from tests.clients import HouseClient
from tests.domain_helpers import rows
from tests.sign_in_helpers import COLLEAGUE, MAIN, PRIVATE, age_sessions, browser, database, prepare, sign_in
from tests.sign_in_helpers import waiting_mails as waiting
from tests.tabs import Tab

ADDRESS = "/en/self-service/digital-invoices"
INVOICES = "administratie@bakkerij.example"


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)


def kept(app: Flask) -> list[str]:
    return [row["invoices_email"] for row in rows(database(app), "organisations") if row["invoices_email"]]


def test_by_mail(app: Flask, client: HouseClient) -> None:
    """Invoices go to the address; a mail confirms it there and to the person; the page says so."""
    sign_in(client)
    answer = client.send(ADDRESS, {"email": f" {INVOICES} "})
    page = client.get(answer.headers["Location"]).text
    assert (303, [INVOICES], True) == (answer.status_code, kept(app), INVOICES in page)
    assert [("digital_invoices.on", accounts.email(MAIN)), ("digital_invoices.on", INVOICES)] == waiting(app)


def test_on_paper_again(app: Flask, client: HouseClient) -> None:
    """It can be undone, by any code of the organisation; the page says that it was, and both addresses are told."""
    sign_in(client)
    client.send(ADDRESS, {"email": INVOICES})
    colleague = browser(app)
    sign_in(colleague, COLLEAGUE)
    pages = [
        colleague.get(colleague.send(f"{ADDRESS}/paper", {}).headers["Location"]).text,
        colleague.get(ADDRESS).text,
    ]
    assert [True, False] == ["on paper again. We confirmed" in page for page in pages]
    off = [recipient for kind, recipient in waiting(app) if kind == "digital_invoices.off"]
    assert ([], [accounts.email(COLLEAGUE), INVOICES]) == (kept(app), off)


def test_twice(app: Flask, client: HouseClient) -> None:
    """The same again changes nothing and sends nothing."""
    sign_in(client)
    counts = []
    for path, data in ((ADDRESS, {"email": INVOICES}), (f"{ADDRESS}/paper", {})):
        for _ in range(2):
            client.send(path, data)
        counts.append(len(waiting(app)))
    assert [2, 4] == counts


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example"])
@pytest.mark.parametrize("htmx", [False, True])
def test_wrong_input(app: Flask, client: HouseClient, email: str, *, htmx: bool) -> None:
    """What is no single address is told at the field and stays; nothing is written."""
    sign_in(client)
    answer = client.send(ADDRESS, {"email": email}, htmx=htmx)
    tree = house.parse(answer.text, fragment=htmx)
    wrong = [one.get("name") for one in house.elements(tree, "input") if one.get("aria-invalid") == "true"]
    assert (422, ["email"], []) == (answer.status_code, wrong, kept(app))


@pytest.mark.parametrize(("path", "data"), [(ADDRESS, {"email": INVOICES}), (f"{ADDRESS}/paper", {})])
def test_private(app: Flask, client: HouseClient, path: str, data: dict[str, str]) -> None:
    """With a private code it is not possible, and the answer says why."""
    sign_in(client, PRIVATE)
    answers = [client.get(ADDRESS), client.send(path, data)]
    assert ([403, 403], []) == ([each.status_code for each in answers], kept(app))
    assert [True, True] == ["only for organisations" in each.text for each in answers]
    assert 200 == client.fragment(f"{ADDRESS}/mine").status_code


def test_own_organisation_only(app: Flask, client: HouseClient) -> None:
    """A field that names another organisation does nothing."""
    sign_in(client)
    client.send(ADDRESS, {"email": INVOICES, "organisation_id": "2", "kvk_number": "00011244"})
    changed = [row["id"] for row in rows(database(app), "organisations") if row["invoices_email"]]
    assert [1] == changed


def test_time_out_loses_nothing(app: Flask, client: HouseClient) -> None:
    """An address typed when the session had ended is there again after signing in."""
    sign_in(client)
    tab = Tab(client).open(ADDRESS)
    age_sessions(app, minutes=15)
    tab.send(ADDRESS, {"email": INVOICES})
    sign_in(client)
    assert INVOICES in client.get(ADDRESS).text


@pytest.mark.parametrize("kind", ["digital_invoices.on", "digital_invoices.off", "sign_in.after_failures"])
@pytest.mark.parametrize("lang", ["en", "nl"])
def test_mails(app: Flask, kind: str, lang: str) -> None:
    """The mails are whole in both languages."""
    payload = {"name": "Jip", "organisation": "Bakkerij", "email": INVOICES, "day": "1 May", "failed": 5}
    subject, body = mailer.render_mail(app.extensions["services"], kind, lang, payload)
    assert (True, True, False) == (bool(subject), "Jip" in body, "{" in body)


def test_too_often(app: Flask, client: HouseClient) -> None:
    """Over the limit nothing changes and nothing is sent; what was typed stays, and it says when to try again."""
    sign_in(client)
    for number in range(6):
        client.send(ADDRESS, {"email": f"{number}@bakkerij.example"})
    told = len(waiting(app))
    answer = client.send(ADDRESS, {"email": INVOICES})
    assert (429, True, ["5@bakkerij.example"], told) == (
        answer.status_code,
        f'value="{INVOICES}"' in answer.text and "Try again in" in answer.text,
        kept(app),
        len(waiting(app)),
    )

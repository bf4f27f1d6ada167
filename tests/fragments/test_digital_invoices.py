"""`digital-invoices`: an organisation's invoices by e-mail, once the address is confirmed, and back to paper."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock, mailer
from selfservice.accounts import tokens
from selfservice.demo import accounts
from tests import house
from tests.access_code_helpers import token
from tests.clients import HouseClient, leads_to
from tests.domain_helpers import rows
from tests.sign_in_helpers import COLLEAGUE, MAIN, OTHER, PRIVATE, age_sessions, browser, database, prepare, sign_in
from tests.sign_in_helpers import waiting_mails as waiting
from tests.tabs import Tab

ADDRESS = "/en/self-service/digital-invoices"
INVOICES = "administratie@bakkerij.example"
REGISTERED = "info@bakkerij-goudenkorst.example"


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)


def kept(app: Flask) -> list[str]:
    return [row["invoices_email"] for row in rows(database(app), "organisations") if row["invoices_email"]]


def ask(app: Flask, client: HouseClient, email: str = INVOICES) -> str:
    """Ask for invoices at an address; the address of the link that is mailed there."""
    assert client.send(ADDRESS, {"email": email}).status_code == 303
    return f"{ADDRESS}/link/{token(app, 'digital_invoices.confirm')}"


def confirm(app: Flask, link: str) -> Tab:
    """Open a link in a browser of its own, and press the button behind it."""
    tab = Tab(browser(app)).open(link)
    tab.send(f"{ADDRESS}/confirm", {})
    return tab


def text(answer: TestResponse) -> str:
    return house.text_of(house.parse(answer.text))


def by_mail(app: Flask, client: HouseClient, email: str = INVOICES) -> None:
    """An organisation that gets its invoices by mail."""
    confirm(app, ask(app, client, email))


def test_by_mail(app: Flask, client: HouseClient) -> None:
    """A link is mailed to the address. Until somebody uses it, who need not log in, all stays as it was; then invoices
    go there, and who asked is told, and the organisation.
    """
    sign_in(client)
    link = ask(app, client, f" {INVOICES} ")
    said = text(client.get(ADDRESS))
    assert ([("digital_invoices.confirm", INVOICES)], []) == (waiting(app), kept(app))
    assert (True, True) == ("gets its invoices on paper now" in said, f"Waiting for confirmation of {INVOICES}" in said)
    accounts_department = browser(app)
    page = accounts_department.get(leads_to(accounts_department.get(link)))
    assert ("Bakkerij De Gouden Korst to a•••@bakkerij.example" in text(page), INVOICES in page.text) == (True, False)
    assert [] == kept(app)
    done = accounts_department.send(f"{ADDRESS}/confirm", {"about": about(page)})
    assert "a•••@bakkerij.example from" in text(accounts_department.get(leads_to(done)))
    told = [("digital_invoices.on", email) for email in (accounts.email(MAIN), REGISTERED)]
    assert ([INVOICES], told) == (kept(app), waiting(app)[-2:])
    assert f"gets its invoices by e-mail at {INVOICES}" in text(client.get(ADDRESS))


def about(page: TestResponse) -> str:
    inputs = house.elements(house.parse(page.text), "input")
    return next(one.get("value", "") for one in inputs if one.get("name") == "about")


def test_link_works_once(app: Flask, client: HouseClient) -> None:
    """A used link opens nothing more, in no browser; where it was used, that is said."""
    sign_in(client)
    link = ask(app, client)
    tab = confirm(app, link)
    client.send(f"{ADDRESS}/paper", {})
    answers = [other.get(leads_to(other.get(link))) for other in (browser(app), tab.client)]
    assert ([410, 410], []) == ([each.status_code for each in answers], kept(app))
    assert "The address is confirmed" in tab.client.get(f"{ADDRESS}/confirmed").text


@pytest.mark.parametrize(
    "how", ["cancelled", "sent again", "another address", "too late", "code withdrawn", "restored"]
)
def test_link_that_opens_nothing(app: Flask, client: HouseClient, how: str) -> None:
    """A link that was cancelled or replaced, is too old, or whose asker has no code any more, changes nothing: neither
    opened now nor from a page of before.
    """
    sign_in(client)
    link = ask(app, client)
    tab = Tab(browser(app)).open(link)
    with database(app).write() as conn:
        if how == "too late":
            conn.execute("UPDATE tokens SET expires_at = '2026-01-01T00:00:00.000000Z'")
        elif how == "code withdrawn":
            conn.execute("UPDATE access_codes SET revoked_at = '2026-01-01T00:00:00.000000Z' WHERE person_id = 1")
        elif how == "restored":
            tokens.revoke_every_token(conn, clock.now())
    if how == "cancelled":
        answer = client.send(f"{ADDRESS}/cancel", {})
        assert "The change is cancelled" in client.follow(answer).text
    elif how == "sent again":
        client.send(f"{ADDRESS}/again", {})
    elif how == "another address":
        client.send(ADDRESS, {"email": "else@bakkerij.example"})
    other = browser(app)
    statuses = [other.get(leads_to(other.get(link))).status_code, tab.send(f"{ADDRESS}/confirm", {}).status_code]
    assert ([410, 410], []) == (statuses, kept(app))
    if how in ("cancelled", "too late", "restored"):
        assert "Waiting for" not in client.get(ADDRESS).text


def test_send_again(app: Flask, client: HouseClient) -> None:
    """The link is sent once more, by anybody of the organisation; the newest works. The page says so."""
    sign_in(client)
    ask(app, client)
    colleague = browser(app)
    sign_in(colleague, COLLEAGUE)
    assert "We sent the e-mail again" not in colleague.get(ADDRESS).text
    assert "We sent the e-mail again" in colleague.follow(colleague.send(f"{ADDRESS}/again", {})).text
    assert [("digital_invoices.confirm", INVOICES)] * 2 == waiting(app)
    confirm(app, f"{ADDRESS}/link/{token(app, 'digital_invoices.confirm')}")
    assert [INVOICES] == kept(app)


def test_a_later_mail_is_said(app: Flask, client: HouseClient) -> None:
    """Where many mails went to an address, the page says that the link leaves later."""
    sign_in(client)
    client.send(ADDRESS, {"email": INVOICES})
    said = []
    for _ in range(3):
        said.append("so we send this one later: before" in client.get(ADDRESS).text)
        client.send(f"{ADDRESS}/again", {})
    assert ([False] * 3, True) == (said, "so we send this one later: before" in client.get(ADDRESS).text)


def test_old_address_is_told(app: Flask, client: HouseClient) -> None:
    """Until the new address is confirmed invoices go to the old one; then that is told, and not where they go now."""
    sign_in(client)
    by_mail(app, client)
    link = ask(app, client, "boekhouding@else.example")
    assert [INVOICES] == kept(app)
    confirm(app, link)
    assert ["boekhouding@else.example"] == kept(app)
    told = {"on": accounts.email(MAIN), "moved": INVOICES}
    assert [*((f"digital_invoices.{kind}", email) for kind, email in told.items())] == waiting(app)[-3:-1]
    payload = json.loads(rows(database(app), "outbox")[-2]["payload"])
    assert "b•••@else.example" == payload["email"]


@pytest.mark.parametrize("path", ["", "/paper"])
def test_registered_address_is_told(app: Flask, client: HouseClient, path: str) -> None:
    """Whoever has a code could take the invoices without anybody knowing: the organisation hears of each change at its
    registered address, which is not shown the whole new one.
    """
    if path:
        with database(app).write() as conn:
            conn.execute("UPDATE organisations SET invoices_email = ?", (INVOICES,))
    colleague = browser(app)
    sign_in(colleague, COLLEAGUE)
    colleague.send(ADDRESS + path, {} if path else {"email": accounts.email(COLLEAGUE)})
    told = [row for row in rows(database(app), "outbox") if row["recipient"] == REGISTERED]
    assert [f"digital_invoices.{'off' if path else 'on'}"] == [row["kind"] for row in told]
    assert accounts.email(COLLEAGUE) not in told[0]["payload"]


def test_own_address(app: Flask, client: HouseClient) -> None:
    """One's own address was proven when the password was chosen: it is used at once, as it is known; what waited for
    another address does no longer.
    """
    sign_in(client)
    link = ask(app, client)
    client.send(ADDRESS, {"email": accounts.email(MAIN).upper()})
    assert ([accounts.email(MAIN)], ("digital_invoices.on", accounts.email(MAIN))) == (kept(app), waiting(app)[-2])
    assert 410 == client.get(leads_to(client.get(link))).status_code


def test_on_paper_again(app: Flask, client: HouseClient) -> None:
    """It can be undone, by any code of the organisation; the page says that it was, and everybody concerned is told."""
    sign_in(client)
    by_mail(app, client)
    colleague = browser(app)
    sign_in(colleague, COLLEAGUE)
    pages = [
        colleague.get(colleague.send(f"{ADDRESS}/paper", {}).headers["Location"]).text,
        colleague.get(ADDRESS).text,
    ]
    assert [True, False] == ["on paper again. We confirmed" in page for page in pages]
    off = [recipient for kind, recipient in waiting(app) if kind == "digital_invoices.off"]
    assert ([], [accounts.email(COLLEAGUE), INVOICES, REGISTERED]) == (kept(app), off)


def test_twice(app: Flask, client: HouseClient) -> None:
    """The same again changes nothing and sends nothing."""
    sign_in(client)
    by_mail(app, client)
    counts = []
    for path, data in ((ADDRESS, {"email": INVOICES}), (f"{ADDRESS}/paper", {}), (f"{ADDRESS}/paper", {})):
        client.send(path, data)
        counts.append(len(waiting(app)))
    assert [3, 6, 6] == counts


def test_two_organisations(app: Flask, client: HouseClient) -> None:
    """Using the link for one organisation leaves that for another alone."""
    other = browser(app)
    sign_in(client)
    sign_in(other, OTHER)
    links = [ask(app, client), ask(app, other, "post@else.example")]
    with database(app).write() as conn:
        conn.execute("UPDATE invoice_addresses SET person_id = 1")
        conn.execute("UPDATE tokens SET person_id = 1 WHERE kind LIKE 'invoices%'")
        conn.execute(
            """UPDATE access_codes SET person_id = 1
               WHERE organisation_id = 2 AND person_id = (SELECT id FROM people WHERE email = ?)""",
            (accounts.email(OTHER),),
        )
    for link in links:
        confirm(app, link)
    assert [INVOICES, "post@else.example"] == kept(app)


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
    assert [True, True] == ["log in with an access code of an organisation" in each.text for each in answers]
    assert 200 == client.fragment(f"{ADDRESS}/mine").status_code


def test_own_organisation_only(app: Flask, client: HouseClient) -> None:
    """A field that names another organisation does nothing."""
    sign_in(client)
    client.send(ADDRESS, {"email": INVOICES, "organisation_id": "2", "kvk_number": "00011244"})
    assert [1] == [row["organisation_id"] for row in rows(database(app), "invoice_addresses")]


def test_time_out_loses_nothing(app: Flask, client: HouseClient) -> None:
    """An address typed when the session had ended is there again after signing in."""
    sign_in(client)
    tab = Tab(client).open(ADDRESS)
    age_sessions(app, minutes=15)
    tab.send(ADDRESS, {"email": INVOICES})
    sign_in(client)
    assert INVOICES in client.get(ADDRESS).text


@pytest.mark.parametrize(
    "kind", [*(f"digital_invoices.{name}" for name in ("confirm", "on", "moved", "off")), "sign_in.after_failures"]
)
@pytest.mark.parametrize("lang", ["en", "nl"])
def test_mails(app: Flask, kind: str, lang: str) -> None:
    """The mails are whole in both languages."""
    payload = {"name": "Jip", "organisation": "Bakkerij", "email": INVOICES, "day": "1 May", "failed": 5, "token": "x"}
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
        [row["email"] for row in rows(database(app), "invoice_addresses")],
        len(waiting(app)),
    )

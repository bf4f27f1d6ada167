"""`direct-debit`: the mandate, the day from which it holds, undoing it, and the mail that confirms it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from flask import Flask

from selfservice import clock, mailer, workdays
from selfservice.accounts import mandates
from selfservice.demo import accounts
from selfservice.facts.facts import Facts
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import using_language
from tests import house
from tests.access_code_helpers import NAME, AccessCodeForm
from tests.clients import HouseClient, leads_to
from tests.domain_helpers import rows
from tests.sign_in_helpers import COLLEAGUE, MAIN, OTHER, PRIVATE, age_sessions, browser, database, prepare, sign_in
from tests.sign_in_helpers import waiting_mails as waiting
from tests.tabs import Tab

ADDRESS = "/en/self-service/direct-debit"
IBAN = "NL91ABNA0417164300"
OTHER_IBAN = "NL02ABNA0123456789"
RIGHT = {"iban": "nl91 abna 0417 1643 00", "holder": "J. van der Zonnestraal", "mandate": "yes"}


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)


def next_day() -> dt.date:
    return workdays.add(workdays.today(clock.now()), 1)


def in_force(app: Flask) -> None:
    """Let the day of every mandate have come."""
    with database(app).write() as conn:
        conn.execute("UPDATE mandates SET effective_on = '2026-01-05'")


def open_ibans(app: Flask) -> list[str]:
    return [row["iban"] for row in rows(database(app), "mandates") if row["ended_at"] is None]


@pytest.mark.parametrize("number", [MAIN, PRIVATE])
def test_agree(app: Flask, client: HouseClient, number: int) -> None:
    """A mandate holds from the next working day; the page says so, with the account in groups."""
    sign_in(client, number)
    answer = client.send(ADDRESS, RIGHT)
    page = client.get(answer.headers["Location"]).text
    mandate = rows(database(app), "mandates")[0]
    expected = (IBAN, "J. van der Zonnestraal", next_day().isoformat(), 1 if number == MAIN else None)
    assert (303, expected) == (
        answer.status_code,
        (mandate["iban"], mandate["holder"], mandate["effective_on"], mandate["organisation_id"]),
    )
    with using_language("en"):
        for shown in (format_date(next_day()), "NL91 ABNA 0417 1643 00", "Undo the change", "Before "):
            assert shown in page


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (MAIN, [accounts.email(MAIN), "info@bakkerij-goudenkorst.example"]),
        (PRIVATE, [accounts.email(PRIVATE)]),
    ],
)
def test_mail(app: Flask, client: HouseClient, number: int, told: list[str]) -> None:
    """The person is told, and the organisation at its registered address; the account stands in it masked."""
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET email = 'info@bakkerij-goudenkorst.example' WHERE id = 1")
    sign_in(client, number)
    client.send(ADDRESS, RIGHT)
    assert [("direct_debit.agreed", recipient) for recipient in told] == waiting(app)
    payload = {"name": "Jip", "organisation": "Bakkerij", "iban": "NL91 •••• 4300", "holder": "J", "day": "1 May 2026"}
    for kind in ("direct_debit.agreed", "direct_debit.undone"):
        for lang in ("en", "nl"):
            subject, body = mailer.render_mail(app.extensions["services"], kind, lang, payload)
            assert (True, True, False) == (bool(subject), "NL91 •••• 4300" in body, "%(" in body)


@pytest.mark.parametrize(
    ("iban", "holder", "fields"),
    [
        ("", "", {"iban", "holder"}),
        ("NL91 ABNA 0417 1643 01", "J", {"iban"}),
        ("hello", "J", {"iban"}),
        (IBAN, " ", {"holder"}),
        (IBAN, "x" * 71, {"holder"}),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_wrong_input(app: Flask, client: HouseClient, iban: str, holder: str, fields: set[str], *, htmx: bool) -> None:
    """What is wrong is told at its field; what was typed stays as it was typed; nothing is written."""
    sign_in(client)
    answer = client.send(ADDRESS, RIGHT | {"iban": iban, "holder": holder}, htmx=htmx)
    tree = house.parse(answer.text, fragment=htmx)
    inputs = {one.get("name"): one for one in house.elements(tree, "input")}
    wrong = {name for name, one in inputs.items() if one.get("aria-invalid") == "true"}
    kept = (inputs["iban"].get("value"), inputs["holder"].get("value"))
    assert (422, fields, (iban, holder), []) == (answer.status_code, wrong, kept, rows(database(app), "mandates"))


def test_twice(app: Flask, client: HouseClient) -> None:
    """Sending the same twice makes one mandate and one mail."""
    sign_in(client, PRIVATE)
    for _ in range(2):
        client.send(ADDRESS, RIGHT)
    assert (1, 1) == (len(rows(database(app), "mandates")), len(waiting(app)))


def test_undo(app: Flask, client: HouseClient) -> None:
    """While its day has yet to come the change is undone, and a mail confirms that; a second press does nothing."""
    sign_in(client, PRIVATE)
    client.send(ADDRESS, RIGHT)
    page = {"about": client.about_of(f"{ADDRESS}/undo")}
    answers = [client.send(f"{ADDRESS}/undo", page).status_code for _ in range(2)]
    kinds = [kind for kind, _ in waiting(app)]
    assert ([303, 409], [], ["direct_debit.agreed", "direct_debit.undone"]) == (answers, open_ibans(app), kinds)


def test_undone_is_said(client: HouseClient) -> None:
    """After undoing it the page says so, and no longer when something else was sent."""
    sign_in(client, PRIVATE)
    client.send(ADDRESS, RIGHT)
    address = leads_to(client.send(f"{ADDRESS}/undo", {}))
    said = ["The change is undone" in client.get(address).text]
    client.send(ADDRESS, RIGHT)
    said.append("The change is undone" in client.get(address).text)
    assert [True, False] == said


def test_too_late(app: Flask, client: HouseClient) -> None:
    """From its day on it cannot be undone, and the page no longer offers that; the account is shown masked."""
    sign_in(client, PRIVATE)
    client.send(ADDRESS, RIGHT)
    in_force(app)
    client.send(f"{ADDRESS}/undo", {})
    page = client.get(ADDRESS).text
    assert ([IBAN], False, True, False) == (
        open_ibans(app),
        "Undo the change" in page,
        "NL91 •••• 4300" in page,
        "0417" in page.replace("Such as NL91 ABNA 0417 1643 00", ""),
    )


@pytest.mark.parametrize("changes", [1, 2])
def test_another_account(app: Flask, client: HouseClient, changes: int) -> None:
    """Another account comes in place of the one in force; undone, the old one is there again, after any changes."""
    sign_in(client, PRIVATE)
    client.send(ADDRESS, RIGHT)
    in_force(app)
    for iban in (OTHER_IBAN, "DE89370400440532013000")[:changes]:
        client.send(ADDRESS, {**RIGHT, "iban": iban})
        assert [iban] == open_ibans(app)
    client.send(f"{ADDRESS}/undo", {})
    assert [IBAN] == open_ibans(app)


def test_button_when_arranged(app: Flask, client: HouseClient) -> None:
    """Who pays by direct debit already gives another account; only who does not yet changes to it."""
    button = re.compile(r"<button[^>]*>\s*(Change to direct debit|Use another account)\s*</button>")
    sign_in(client, PRIVATE)
    assert ["Change to direct debit"] == button.findall(client.get(ADDRESS).text)
    client.send(ADDRESS, RIGHT)
    in_force(app)
    assert ["Use another account"] == button.findall(client.get(ADDRESS).text)


def test_each_their_own(app: Flask, client: HouseClient) -> None:
    """A colleague neither sees the account nor can undo the change."""
    colleague = browser(app)
    sign_in(client)
    client.send(ADDRESS, RIGHT)
    sign_in(colleague, COLLEAGUE)
    colleague.send(f"{ADDRESS}/undo", {})
    page = colleague.get(ADDRESS).text.replace("Such as NL91 ABNA 0417 1643 00", "")
    assert ([IBAN], False) == (open_ibans(app), "0417" in page)


def test_time_out_loses_nothing(app: Flask, client: HouseClient) -> None:
    """What was typed when the session had ended is there again after signing in, and gone once it is sent."""
    sign_in(client)
    tab = Tab(client).open(ADDRESS)
    age_sessions(app, minutes=15)
    sent = tab.send(ADDRESS, RIGHT)
    sign_in(client, next=sent.headers["Location"])
    again = client.get(ADDRESS).text
    client.send(ADDRESS, RIGHT)
    drafts = rows(database(app), "drafts")
    assert (True, True, []) == (RIGHT["iban"] in again, "still here" in again, drafts)


def test_time_out_with_far_too_much(app: Flask, client: HouseClient) -> None:
    """Who sends far too much after the session ended signs in like anybody; as much is kept as fits any field."""
    sign_in(client)
    tab = Tab(client).open(ADDRESS)
    age_sessions(app, minutes=15)
    sent = tab.send(ADDRESS, {"iban": IBAN, "holder": "x" * 20_000})
    sign_in(client, next=sent.headers["Location"])
    tree = house.parse(client.get(ADDRESS).text, fragment=False)
    kept = {one.get("name"): one.get("value") for one in house.elements(tree, "input")}
    assert (303, IBAN, "x" * 300) == (sent.status_code, kept["iban"], kept["holder"])


def test_language_switch(client: HouseClient) -> None:
    """The switch keeps what was typed and the errors, and writes nothing."""
    sign_in(client)
    data = {"iban": "NL91", "holder": "J", "switch_language": "1"}
    plain = client.send("/nl/self-service/direct-debit", data)
    checked = client.send("/nl/self-service/direct-debit", {**data, "checked": "1"})
    assert (200, 422) == (plain.status_code, checked.status_code)
    assert [True, True] == ['value="NL91"' in page.text for page in (plain, checked)]


def test_methods_are_facts(app: Flask, client: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the facts do not have direct debit for a kind of use, the form is not there and not taken."""
    import dataclasses

    services = app.extensions["services"]
    fact = services.facts.get("payment.methods")
    facts = Facts(
        {each.name: each for each in services.facts}
        | {fact.name: dataclasses.replace(fact, by_group={**fact.by_group, "private": ["credit"]})},
        services.facts.day,
    )
    sign_in(client, PRIVATE)
    tab = Tab(client).open(ADDRESS)
    app.extensions["services"] = dataclasses.replace(services, facts=facts)
    page, answer = client.get(ADDRESS).text, tab.send(ADDRESS, RIGHT)
    assert (False, 409, []) == ('name="iban"' in page, answer.status_code, rows(database(app), "mandates"))
    assert "direct debit is not possible at this moment" in answer.text


def test_masked() -> None:
    """A mail shows of an account what its holder knows it by."""
    mandate = mandates.Mandate(1, 1, None, IBAN, "J", dt.date(2026, 1, 5))
    assert "NL91 •••• 4300" == mandate.masked_iban


@pytest.mark.parametrize("has_come", [False, True], ids=["to come", "in force"])
def test_arranged_for_the_organisation(app: Flask, client: HouseClient, *, has_come: bool) -> None:
    """Who asks for another code of an organisation that changed to direct debit sees so and fills in no account, also
    while its day has yet to come; once it was undone, it is asked again.
    """
    sign_in(client)
    client.send(ADDRESS, RIGHT)
    if has_come:
        in_force(app)
    asking = AccessCodeForm(browser(app))
    asking.fill_in("business", until="preferences")
    page = asking.see("preferences").text
    assert ("check", True) == (asking.goes("preferences", language="en"), f"{NAME} already pays this way" in page)
    assert "check" == asking.leads(asking.see("mandate"))
    client.send(f"{ADDRESS}/undo", {})
    assert ("check" if has_come else "mandate") == asking.goes("preferences", language="en")


def test_arranged_privately_is_nobody_elses(app: Flask, client: HouseClient) -> None:
    """A private mandate, and one of another organisation, arrange nothing for this one."""
    for number in (PRIVATE, OTHER):
        sign_in(client, number)
        client.send(ADDRESS, RIGHT)
    asking = AccessCodeForm(browser(app))
    asking.fill_in("business", until="preferences")
    assert (2, "mandate") == (len(open_ibans(app)), asking.goes("preferences", language="en"))


def test_too_often(app: Flask, client: HouseClient) -> None:
    """Over the limit nothing changes and nothing is sent; what was typed stays, and it says when to try again."""
    sign_in(client)
    for number in range(6):
        client.send(ADDRESS, {**RIGHT, "holder": f"Bakkerij {number}"})
    told = len(waiting(app))
    answer = client.send(ADDRESS, {**RIGHT, "holder": "De zevende"})
    holders = [row["holder"] for row in rows(database(app), "mandates") if row["ended_at"] is None]
    assert (429, True, ["Bakkerij 5"], told) == (
        answer.status_code,
        'value="De zevende"' in answer.text and "Try again in" in answer.text,
        holders,
        len(waiting(app)),
    )

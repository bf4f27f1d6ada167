"""`direct-debit`: the mandate, its day, ending it, undoing either, and the mails that confirm it."""

from __future__ import annotations

import datetime as dt
import json
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
from tests.domain_helpers import filled, rows
from tests.sign_in_helpers import COLLEAGUE, MAIN, OTHER, PRIVATE, age_sessions, browser, database, prepare, sign_in
from tests.sign_in_helpers import waiting_mails as waiting
from tests.tabs import Tab

ADDRESS = "/en/self-service/direct-debit"
IBAN = "NL91ABNA0417164300"
OTHER_IBAN = "NL02ABNA0123456789"
# In the hint, of which no account is meant.
EXAMPLE = "NL91 ABNA 0417 1643 00</span>. Spaces"
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
    texts = [
        mailer.render_mail(app.extensions["services"], row["kind"], "en", filled(row))[1]
        for row in rows(database(app), "outbox")
    ]
    first = accounts.GIVEN_NAMES[number]
    # The organisation's is a copy, which says whose it is.
    assert [True] * len(told) == [text.startswith(f"Hello {first},\n") for text in texts]
    assert [False, True][: len(told)] == [f"our e-mail to {first} " in text for text in texts]
    payload = {"name": "Jip", "organisation": "Bakkerij", "iban": "NL91 •••• 4300", "holder": "J", "day": "1 May 2026"}
    for kind in ("agreed", "undone", "ended", "kept"):
        for lang in ("en", "nl"):
            subject, body = mailer.render_mail(app.extensions["services"], f"direct_debit.{kind}", lang, payload)
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
        "0417" in page.replace(EXAMPLE, ""),
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
    page = colleague.get(ADDRESS).text.replace(EXAMPLE, "")
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


def paying(app: Flask, client: HouseClient, number: int) -> None:
    """Somebody who logs in and pays by direct debit, since some time."""
    sign_in(client, number)
    client.send(ADDRESS, RIGHT)
    in_force(app)
    with database(app).write() as conn:
        conn.execute("DELETE FROM outbox")


def tomorrow() -> str:
    with using_language("en"):
        return format_date(workdays.today(clock.now()) + dt.timedelta(days=1))


def pass_time(app: Flask, time: dt.timedelta = dt.timedelta(days=1)) -> None:
    """Have all that was ended be ended so much earlier."""
    with database(app).write() as conn:
        for row in conn.execute("SELECT id, ended_at FROM mandates WHERE ended_at IS NOT NULL").fetchall():
            ended = clock.from_text(row["ended_at"]) - time
            conn.execute("UPDATE mandates SET ended_at = ? WHERE id = ?", (clock.to_text(ended), row["id"]))


def payment(client: HouseClient) -> str:
    """What `my` says of how is paid."""
    found = re.search(r"<dt>Payment</dt>\s*<dd>(.*?)</dd>", client.get("/en/self-service/my").text, re.DOTALL)
    assert found
    return found[1].strip()


@pytest.mark.parametrize(
    ("number", "after"),
    [(PRIVATE, "you pay from your credit"), (MAIN, "nobody can order for Bakkerij De Gouden Korst, until")],
    ids=["private", "business"],
)
def test_end(app: Flask, client: HouseClient, number: int, after: str) -> None:
    """Direct debit in force ends from the next day. Before and after pressing, and in the mail, it says what is still
    collected and how is paid from then on; until then nothing changes.
    """
    paying(app, client, number)
    page = client.get(f"{ADDRESS}/end").text
    shown = client.get(leads_to(client.send(f"{ADDRESS}/end", {}))).text
    assert [("direct_debit.ended", accounts.email(number))] == waiting(app)[:1]
    payload = json.loads(rows(database(app), "outbox")[0]["payload"])
    mail = " ".join(mailer.render_mail(app.extensions["services"], "direct_debit.ended", "en", payload)[1].split())
    for text in (page, shown, mail):
        for said in (f"before {tomorrow()} is still collected", after, f"Before {tomorrow()} you can undo this"):
            assert said in text
    assert ([], f"By direct debit, but no longer from {tomorrow()}") == (open_ibans(app), payment(client))
    pass_time(app)
    assert ("By credit" if number == PRIVATE else "Not known yet") == payment(client)
    assert "Change to direct debit" in client.get(ADDRESS).text


def test_end_by_mistake(app: Flask, client: HouseClient) -> None:
    """A look at the page that asks ends nothing; what was ended is undone on the same day only, and both are mailed."""
    paying(app, client, PRIVATE)
    client.get(f"{ADDRESS}/end")
    assert [IBAN] == open_ibans(app)
    client.send(f"{ADDRESS}/end", {})
    said = client.get(leads_to(client.send(f"{ADDRESS}/undo", {}))).text
    assert ([IBAN], True, "By direct debit") == (open_ibans(app), "Direct debit continues" in said, payment(client))
    client.send(f"{ADDRESS}/end", {})
    assert ["ended", "kept", "ended"] == [kind.partition(".")[2] for kind, _ in waiting(app)]
    tab = Tab(client).open(ADDRESS)
    pass_time(app)
    assert (409, []) == (tab.send(f"{ADDRESS}/undo", {}).status_code, open_ibans(app))


def test_nothing_to_end(app: Flask, client: HouseClient) -> None:
    """Without a mandate in force, or before its day, there is no such page, and nothing is ended."""
    sign_in(client, PRIVATE)
    for iban in ([], [IBAN]):
        assert (303, ADDRESS) == ((answer := client.get(f"{ADDRESS}/end")).status_code, leads_to(answer))
        assert (409, iban) == (client.send(f"{ADDRESS}/end", {"about": "x"}).status_code, open_ibans(app))
        client.send(ADDRESS, RIGHT)


def test_end_for_an_organisation(app: Flask, client: HouseClient) -> None:
    """Who ends their mandate ends no colleague's: the organisation goes on paying with that, and it says so. The
    organisation is told at its registered address.
    """
    colleague = browser(app)
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET email = 'info@bakkerij-goudenkorst.example' WHERE id = 1")
    paying(app, colleague, COLLEAGUE)
    assert (303, ADDRESS) == (client.get(f"{ADDRESS}/end").status_code, leads_to(client.get(f"{ADDRESS}/end")))
    paying(app, client, MAIN)
    page = client.get(f"{ADDRESS}/end").text
    client.send(f"{ADDRESS}/end", {})
    told = [accounts.email(MAIN), "info@bakkerij-goudenkorst.example"]
    assert (True, [IBAN], "By direct debit") == ("arranged separately" in page, open_ibans(app), payment(client))
    assert [("direct_debit.ended", each) for each in told] == waiting(app)


def test_another_account_after_the_end(app: Flask, client: HouseClient) -> None:
    """Who ended it may give an account again, from the next working day on; that undone, the end stays."""
    paying(app, client, PRIVATE)
    client.send(f"{ADDRESS}/end", {})
    pass_time(app, dt.timedelta(minutes=1))
    client.send(ADDRESS, {**RIGHT, "iban": OTHER_IBAN})
    assert ([OTHER_IBAN], True) == (open_ibans(app), payment(client).startswith("By direct debit, and from "))
    client.send(f"{ADDRESS}/undo", {})
    assert ([], f"By direct debit, but no longer from {tomorrow()}") == (open_ibans(app), payment(client))


def test_ends_after_many_changes(app: Flask, client: HouseClient) -> None:
    """Ending is counted by itself: many changes of account do not keep anybody from it, and it is limited too."""
    paying(app, client, PRIVATE)
    for number in range(7):
        client.send(ADDRESS, {**RIGHT, "holder": f"Sjoerd {number}"})
    in_force(app)
    statuses = []
    for _ in range(7):
        statuses.append(client.send(f"{ADDRESS}/end", {}).status_code)
        client.send(f"{ADDRESS}/undo", {})
    assert ([303] * 6 + [429], 1) == (statuses, len(open_ibans(app)))


def test_title_when_arranged(app: Flask, client: HouseClient) -> None:
    """Who pays by direct debit already sees what it is about; who does not, what can be done."""
    sign_in(client, PRIVATE)
    heading = re.compile(r'<h2 class="state"[^>]*>([^<]*)<')
    titles = heading.findall(client.get(ADDRESS).text)
    client.send(ADDRESS, RIGHT)
    in_force(app)
    assert ["Arrange direct debit", "Direct debit"] == [*titles, *heading.findall(client.get(ADDRESS).text)]


def test_withdrawn_before_its_day(app: Flask, client: HouseClient) -> None:
    """Who asked for a code to pay by direct debit, and undoes the mandate, pays from credit."""
    with database(app).write() as conn:
        conn.execute("UPDATE people SET payment_method = 'direct_debit'")
    sign_in(client, PRIVATE)
    client.send(ADDRESS, RIGHT)
    client.send(f"{ADDRESS}/undo", {})
    assert "By credit" == payment(client)


def asked_of(page: str) -> list[str]:
    """The labels, hints and messages of the fields of a mandate, as they are read."""
    tree = house.parse(page)
    found = [one for one in house.elements(tree, "div") if one.get("class", "").startswith("field")]
    return [house.text_of(one) for one in found if list(one.iter("input"))]


@pytest.mark.parametrize("typed", [{}, {"iban": "NL91", "holder": "x" * 71}, {"iban": IBAN, "holder": "J"}])
def test_one_form(app: Flask, client: HouseClient, typed: dict[str, str]) -> None:
    """In a request a mandate is asked in the same words as after logging in, and a mistake has the same error."""
    sign_in(client)
    request = AccessCodeForm(browser(app))
    request.fill_in("business", until="mandate")
    answers = [asked_of(client.send(ADDRESS, typed).text), asked_of(request.send("mandate", **typed).text)]
    assert (3, answers[0]) == (len(answers[1]), answers[1])

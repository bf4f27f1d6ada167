"""A page sends what it shows: nothing that another tab, another person or another record did is taken for it.

Every form that acts on something is tried here; a new one fails until it has a scenario, or a reason not to have one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from selfservice.accounts import user_accounts
from selfservice.crypto import Keys
from selfservice.demo import accounts, requests
from selfservice.migrations import migrate
from tests.access_code_helpers import KVK, PERSON, AccessCodeForm, change, token
from tests.clients import HouseClient
from tests.conftest import SECRET
from tests.domain_helpers import rows
from tests.orders.factories import buy
from tests.sign_in_helpers import (
    ACCOUNT_PASSWORD,
    COLLEAGUE,
    MAIN,
    OTHER,
    PASSWORD,
    PRIVATE,
    at_once,
    browser,
    database,
    give_account,
    person_id,
    prepare,
    sign_in,
    sign_in_to_account,
)
from tests.tabs import Tab
from tests.test_matrix import kinds_of

BASE = "/en/self-service"
# Forms that act on nothing that a page shows, each with the reason; besides start views, which are the same for all.
ABOUT_NOTHING = {
    "sign_in.sign_out": "ends the session of whoever is logged in, which is the safe side",
    "sign_in.stay": "begins the idle time of whoever is logged in anew, and shows who that is",
    "useful.send": "says what was missed on a page that its own field names; nothing is changed by it",
    "mailbox.hurry": "for the demonstration: the clock of its worker",
}
# What may change without anything having been done: looking at a page is noted, and tries are counted.
NOTED = {"audit", "events", "limits", "sessions", "visits", "drafts", "sqlite_sequence", "heartbeats"}


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)


def state(app: Flask) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table in which something that a form does would be seen."""
    conn = database(app).read()
    tables = [row["name"] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: rows(database(app), name) for name in tables if name not in NOTED and not name.startswith("_")}


# What was opened, what is sent from it, and what is typed there.
Shown = tuple[Tab, str, dict[str, str]]
Show = Callable[[Flask, HouseClient], Shown]


def _direct_debit(_app: Flask, client: HouseClient) -> Shown:
    typed = {"iban": "NL91ABNA0417164300", "holder": "J", "mandate": "yes"}
    return Tab(client).open(f"{BASE}/direct-debit"), f"{BASE}/direct-debit", typed


def _undo(app: Flask, client: HouseClient) -> Shown:
    tab, action, typed = _direct_debit(app, client)
    tab.send(action, typed)
    return tab, f"{action}/undo", {}


def _end(app: Flask, client: HouseClient) -> Shown:
    tab, action, typed = _direct_debit(app, client)
    tab.send(action, typed)
    change(app, "UPDATE mandates SET effective_on = '2026-01-05'")
    return tab.open(f"{action}/end"), f"{action}/end", {}


def _invoices(_app: Flask, client: HouseClient) -> Shown:
    return Tab(client).open(f"{BASE}/digital-invoices"), f"{BASE}/digital-invoices", {"email": "a@b.example"}


def _paper(app: Flask, client: HouseClient) -> Shown:
    change(app, "UPDATE organisations SET invoices_email = 'a@b.example' WHERE id = 1")
    tab, action, _ = _invoices(app, client)
    return tab, f"{action}/paper", {}


def _waiting(to: str) -> Show:
    def show(app: Flask, client: HouseClient) -> Shown:
        tab, action, typed = _invoices(app, client)
        tab.send(action, typed)
        return tab, f"{action}/{to}", {}

    return show


def _invoices_link(number: int) -> Show:
    """The link that was mailed to an address for the invoices of this person's organisation."""

    def show(app: Flask, client: HouseClient) -> Shown:
        asking = browser(app)
        sign_in(asking, number)
        asking.send(f"{BASE}/digital-invoices", {"email": f"{number}@b.example"})
        tab = _link(app, "digital_invoices.confirm", "digital-invoices", client)
        return tab, f"{BASE}/digital-invoices/confirm", {}

    return show


def _password(_app: Flask, client: HouseClient) -> Shown:
    typed = {"password": PASSWORD, "new_password": "seven marbles under a purple stair"}
    return Tab(client).open(f"{BASE}/change-password"), f"{BASE}/change-password", typed


def _setting(step: str, typed: dict[str, str]) -> Show:
    def show(_app: Flask, client: HouseClient) -> Shown:
        return Tab(client).open(f"{BASE}/account/{step}"), f"{BASE}/account/{step}", typed

    return show


def _data(_app: Flask, client: HouseClient) -> Shown:
    return Tab(client).open(f"{BASE}/account-data"), f"{BASE}/account-data", {"password": PASSWORD}


def _delete(_app: Flask, client: HouseClient) -> Shown:
    return Tab(client).open(f"{BASE}/account-delete"), f"{BASE}/account-delete", {"password": PASSWORD}


def _devices(app: Flask, client: HouseClient) -> Shown:
    sign_in(browser(app))
    return Tab(client).open(f"{BASE}/devices"), f"{BASE}/devices/end", {}


def _again(app: Flask, client: HouseClient) -> Shown:
    number = buy(app, MAIN)
    return Tab(client).open(f"{BASE}/orders/again?number={number}"), f"{BASE}/orders/again", {}


def _main(app: Flask, client: HouseClient) -> Shown:
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET main_person_id = (SELECT id FROM people WHERE id <> 1 LIMIT 1)")
    return Tab(client).open(f"{BASE}/orders/main"), f"{BASE}/orders/main", {}


def _of_colleague(step: str) -> Show:
    def show(_app: Flask, client: HouseClient) -> Shown:
        action = f"{BASE}/organisation-codes/{step}"
        return Tab(client).open(f"{action}?code=2"), action, {}

    return show


def _offered(step: str) -> Show:
    def show(app: Flask, client: HouseClient) -> Shown:
        tab, action, typed = _of_colleague("hand-over")(app, client)
        tab.send(action, typed)
        return Tab(client).open(f"{BASE}/organisation-codes"), f"{BASE}/organisation-codes/{step}", {}

    return show


def _accept(app: Flask, client: HouseClient) -> Shown:
    """The colleague has the main code, and offers it to whoever is logged in."""
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET main_person_id = 2 WHERE id = 1")
    colleague = browser(app)
    sign_in(colleague, COLLEAGUE)
    action = f"{BASE}/organisation-codes/hand-over"
    Tab(colleague).open(f"{action}?code=1").send(action, {})
    return _link(app, "organisation_codes.offer", "organisation-codes", client), f"{BASE}/organisation-codes/accept", {}


def _email(_app: Flask, client: HouseClient) -> Shown:
    typed = {"email": "a@b.example", "password": ACCOUNT_PASSWORD}
    return Tab(client).open(f"{BASE}/account-email"), f"{BASE}/account-email", typed


def _waiting_email(to: str) -> Show:
    def show(app: Flask, client: HouseClient) -> Shown:
        tab, action, typed = _email(app, client)
        tab.send(action, typed)
        return tab, f"{action}/{to}", {}

    return show


def _email_link(number: int, kind: str) -> Show:
    """The link that was mailed to this person's new address, or to the old one."""

    def show(app: Flask, client: HouseClient) -> Shown:
        asking = browser(app)
        log_in_for(app, asking, "account_email.ask", number)
        _, action, typed = _email(app, asking)
        Tab(asking).open(action).send(action, {**typed, "email": f"{number}@b.example"})
        step = "confirm" if kind == "email_confirm" else "undo"
        tab = Tab(client).open(f"{action}/{'link' if step == 'confirm' else step}/{token(app, f'account.{kind}')}")
        return tab, f"{action}/{step}", {}

    return show


def log_in_for(app: Flask, client: HouseClient, endpoint: str, number: int = MAIN) -> None:
    """Log in as this person with what the form is for: their access code, or their account."""
    if kinds_of(app, endpoint) != {"account"}:
        sign_in(client, number)
        return
    if not user_accounts.find_hash(database(app).read(), person_id(app, number)):
        give_account(app, number)
    sign_in_to_account(client, accounts.email(number))


# The form as whoever is logged in sees it: what was opened, what is sent, and what is typed.
PERSONAL: dict[str, Show] = {
    "account.save_language": _setting("language", {"language": "en"}),
    "account.save_name": _setting("name", {"given_name": "Joanna", "family_name": "Doorn"}),
    "account_data.make": _data,
    "account_delete.delete": _delete,
    "account_email.ask": _email,
    "account_email.cancel": _waiting_email("cancel"),
    "account_email.send_again": _waiting_email("again"),
    "change_password.change": _password,
    "devices.end": _devices,
    "digital_invoices.ask": _invoices,
    "digital_invoices.cancel": _waiting("cancel"),
    "digital_invoices.paper": _paper,
    "digital_invoices.send_again": _waiting("again"),
    "direct_debit.agree": _direct_debit,
    "direct_debit.end": _end,
    "direct_debit.undo": _undo,
    "orders.ask_again": _again,
    "orders.ask_main": _main,
    "organisation_codes.cancel": _offered("cancel"),
    "organisation_codes.do_accept": _accept,
    "organisation_codes.do_withdraw": _of_colleague("withdraw"),
    "organisation_codes.offer": _of_colleague("hand-over"),
    "organisation_codes.send_again": _offered("again"),
}


@pytest.mark.parametrize("endpoint", PERSONAL)
@pytest.mark.parametrize("other", [OTHER, COLLEAGUE], ids=["another organisation", "a colleague"])
def test_another_person(app: Flask, client: HouseClient, endpoint: str, other: int) -> None:
    """A form that was shown to one person, sent when another is logged in, does nothing and says so."""
    log_in_for(app, client, endpoint)
    tab, action, typed = PERSONAL[endpoint](app, client)
    log_in_for(app, client, endpoint, other)
    before = state(app)
    answer = tab.send(action, typed)
    assert (409, before) == (answer.status_code, state(app))
    assert not any(text in answer.text for text in typed.values() if len(text) > 3), (
        "what one typed is shown to another"
    )


@pytest.mark.parametrize("endpoint", PERSONAL)
def test_done_as_shown(app: Flask, client: HouseClient, endpoint: str) -> None:
    """The same form, sent by whom it was shown to, does something: else the tests here would prove nothing."""
    log_in_for(app, client, endpoint)
    tab, action, typed = PERSONAL[endpoint](app, client)
    before = state(app), rows(database(app), "sessions")
    answer = tab.send(action, typed)
    assert (True, True) == (answer.status_code < 400, before != (state(app), rows(database(app), "sessions")))


def test_sent_twice_while_the_secret_changes(app: Flask, client: HouseClient) -> None:
    """What a page of before the change handed in is still what it handed in when it is sent once more."""
    AccessCodeForm(client).fill_in()
    page, again = (Tab(client).open(f"{BASE}/access-code/check") for _ in range(2))
    keys, before = Keys(b"another secret of the tests, long", SECRET), len(rows(database(app), "requests"))
    migrate(database(app), keys)
    app.extensions["services"] = dataclasses.replace(app.extensions["services"], keys=keys)
    answers = [tab.send(f"{BASE}/access-code/check", {}).status_code for tab in (page, again)]
    assert ([303, 303], before + 1) == (answers, len(rows(database(app), "requests")))


@pytest.mark.parametrize("endpoint", ["digital_invoices.ask", "digital_invoices.paper", "direct_debit.agree"])
def test_changed_elsewhere(app: Flask, client: HouseClient, endpoint: str) -> None:
    """What was changed in another tab since is not changed by a page of before; what was typed stays."""
    log_in_for(app, client, endpoint)
    tab, action, typed = PERSONAL[endpoint](app, client)
    page, _, _ = PERSONAL[endpoint.replace("paper", "ask")](app, client)
    answers = {"email": "new@b.example"} if "invoices" in endpoint else {**typed, "iban": "NL02ABNA0123456789"}
    assert page.send(action.removesuffix("/paper"), answers).status_code < 400
    before = state(app)
    answer = tab.send(action, typed)
    assert (409, before) == (answer.status_code, state(app))
    assert all(f'value="{text}"' in answer.text for text in typed.values())


@pytest.mark.parametrize(
    "endpoint", [each for each in PERSONAL if each.startswith(("account.", "account_email", "digital_", "direct_"))]
)
def test_changed_at_once(app: Flask, client: HouseClient, endpoint: str) -> None:
    """Of two presses that come at the same moment the second is not done to what the first made of it."""
    log_in_for(app, client, endpoint)
    tab, action, typed = PERSONAL[endpoint](app, client)
    pressed = action, {**tab.fields(action), **typed}
    assert [303, 409] == sorted(each.status_code for each in at_once(app, client, pressed, pressed))


def _link(app: Flask, kind: str, form: str, client: HouseClient) -> Tab:
    """The page behind the link in the newest mail of a kind."""
    return Tab(client).open(f"{BASE}/{form}/link/{token(app, kind)}")


def _requested(app: Flask, email: str) -> None:
    """Somebody asks for a code, in another browser."""
    other = AccessCodeForm(browser(app))
    other.fill_in(email=email)
    other.send("check")


def _step(step: str, typed: dict[str, str]) -> tuple[Show, Show]:
    def show(_app: Flask, client: HouseClient) -> Shown:
        AccessCodeForm(client).fill_in()
        return Tab(client).open(f"{BASE}/access-code/{step}"), f"{BASE}/access-code/{step}", typed

    def again(_app: Flask, client: HouseClient) -> Shown:
        tab, action = Tab(client).open(f"{BASE}/access-code"), f"{BASE}/access-code/need"
        for _ in range(2):  # the start view, and the page that asks which request to go on with
            tab.send(action, {"need": "private", **PERSON, "given_name": "Bo", "email": "another@example.org"})
        return tab, f"{BASE}/access-code/{step}", typed

    return show, again


def _request_link(number: int, to: str = "confirm") -> Show:
    """The link in the mail about a request of this person, who has a password but no code."""

    def show(app: Flask, client: HouseClient) -> Shown:
        change(app, "UPDATE access_codes SET revoked_at = '2026-11-01T00:00:00.000000Z'")
        _requested(app, accounts.email(number))
        tab = _link(app, "access_code.received", "access-code", client)
        return tab, f"{BASE}/access-code/{to}", {} if to.endswith("forgotten") else {"password": PASSWORD}

    return show


def _lost(number: int, to: str) -> Show:
    def show(app: Flask, client: HouseClient) -> Shown:
        asked = {"email": accounts.email(number), "kvk_number": "" if number == PRIVATE else KVK}
        tab = Tab(client).open(f"{BASE}/lost-access-code")
        tab.send(f"{BASE}/lost-access-code", asked)
        if to == "confirm":
            tab = _link(app, "lost_access_code.link", "lost-access-code", client)
        return tab, f"{BASE}/lost-access-code/{to}", {}

    return show


def _forgot(number: int, to: str) -> Show:
    def show(app: Flask, client: HouseClient) -> Shown:
        tab = Tab(client).open(f"{BASE}/replacement-password")
        asked = {"access_code": accounts.code(number), "email": accounts.email(number)}
        tab.send(f"{BASE}/replacement-password", asked)
        if to == "sent":
            return tab, f"{BASE}/replacement-password/sent", {}
        tab = _link(app, "replacement_password.link", "replacement-password", client)
        return tab, f"{BASE}/replacement-password/{to}", {"new_password": "seven marbles under a purple stair"}

    return show


def _account(form: str, to: str, number: int) -> Show:
    """A link for an account was asked for: of somebody new, or for another password."""

    def show(app: Flask, client: HouseClient) -> Shown:
        email = f"oona{number}@kites.example" if form == "account-create" else accounts.email(number)
        tab = Tab(client).open(f"{BASE}/{form}")
        tab.send(f"{BASE}/{form}", {"given_name": "Oona", "family_name": "Kites", "email": email, "language": "en"})
        if to == "sent":
            return tab, f"{BASE}/{form}/sent", {}
        tab = _link(app, "account.link", "account-password", client)
        return tab, f"{BASE}/account-password/{to}", {"new_password": "seven marbles under a purple stair"}

    return show


def _looked_up(number: int, to: str, typed: dict[str, str]) -> Show:
    def show(_app: Flask, client: HouseClient) -> Shown:
        asked = {"reference": requests.reference(number), "email": requests.email(number)}
        tab = Tab(client).open(f"{BASE}/request-status")
        tab.send(f"{BASE}/request-status", asked)
        return tab.open(f"{BASE}/request-status/{to}"), f"{BASE}/request-status/{to}", typed

    return show


MOVED = {"street": "Kade", "house_number": "12a", "postcode": "1234 AB", "city": "Zandhoven"}
# The form as one tab shows it, and what another tab of the same browser opens after it.
ANYBODY: dict[str, tuple[Show, Show]] = {
    "access_code.answer": _step("preferences", {"payment_method": "direct_debit"}),
    "access_code.send": _step("check", {}),
    "access_code.agree": (_request_link(MAIN), _request_link(OTHER)),
    "access_code.forgotten": (_request_link(MAIN, "confirm/forgotten"), _request_link(OTHER)),
    "account_create.send_again": (_account("account-create", "sent", 1), _account("account-create", "sent", 2)),
    "account_password.change_password": (
        _account("account-create", "new-password", 1),
        _account("account-create", "new-password", 2),
    ),
    "account_password.send_again": (
        _account("account-password", "sent", MAIN),
        _account("account-password", "sent", OTHER),
    ),
    "account_email.do_confirm": (_email_link(MAIN, "email_confirm"), _email_link(OTHER, "email_confirm")),
    "account_email.do_undo": (_email_link(MAIN, "email_announce"), _email_link(OTHER, "email_announce")),
    "digital_invoices.agree": (_invoices_link(MAIN), _invoices_link(OTHER)),
    "lost_access_code.replace": (_lost(MAIN, "confirm"), _lost(PRIVATE, "confirm")),
    "lost_access_code.send_again": (_lost(MAIN, "sent"), _lost(PRIVATE, "sent")),
    "replacement_password.change_password": (_forgot(MAIN, "new-password"), _forgot(OTHER, "new-password")),
    "replacement_password.send_again": (_forgot(MAIN, "sent"), _forgot(OTHER, "sent")),
    "request_status.do_withdraw": (_looked_up(0, "withdraw", {}), _looked_up(2, "withdraw", {})),
    "request_status.do_correct": (_looked_up(0, "address", MOVED), _looked_up(2, "address", MOVED)),
    "request_status.do_never_came": (
        _looked_up(requests.NOT_RECEIVED[0], "never-came", {}),
        _looked_up(requests.NOT_RECEIVED[1], "never-came", {}),
    ),
}


@pytest.mark.parametrize("endpoint", ANYBODY)
def test_another_record(app: Flask, client: HouseClient, endpoint: str) -> None:
    """A form that was shown for one record, sent when another was opened in another tab, does nothing to either."""
    first, second = ANYBODY[endpoint]
    tab, action, typed = first(app, client)
    second(app, client)
    before = state(app), rows(database(app), "drafts")
    answer = tab.send(action, typed)
    assert (409, before) == (answer.status_code, (state(app), rows(database(app), "drafts")))


@pytest.mark.parametrize("endpoint", ANYBODY)
def test_its_record(app: Flask, client: HouseClient, endpoint: str) -> None:
    """The same form does something when nothing else was opened: else the test above would prove nothing."""
    tab, action, typed = ANYBODY[endpoint][0](app, client)
    before = state(app), rows(database(app), "drafts")
    answer = tab.send(action, typed)
    assert (True, True) == (answer.status_code < 400, before != (state(app), rows(database(app), "drafts")))


@pytest.mark.parametrize("about", ["", "0" * 20 + "." + "0" * 32, "é\u0416"], ids=["none", "made up", "no ASCII"])
@pytest.mark.parametrize("endpoint", [*PERSONAL, *ANYBODY])
def test_about_nothing(app: Flask, client: HouseClient, endpoint: str, about: str) -> None:
    """A form that does not say what it is about, or says what we never signed, does nothing."""
    if endpoint in PERSONAL:
        log_in_for(app, client, endpoint)
    show = PERSONAL[endpoint] if endpoint in PERSONAL else ANYBODY[endpoint][0]
    tab, action, typed = show(app, client)
    before = state(app), rows(database(app), "drafts")
    answer = tab.send(action, {**typed, "about": about})
    assert (409, before) == (answer.status_code, (state(app), rows(database(app), "drafts")))


def test_every_form_is_tried(app: Flask) -> None:
    """Each form has a scenario here, or a reason not to have one. A start view that anybody may send has one."""
    posts = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    starts = {name for name, rule in posts.items() if rule.count("/") == 3 and not kinds_of(app, name)}
    tried = {*PERSONAL, *ANYBODY, *ABOUT_NOTHING}
    forms = {name for name, rule in posts.items() if rule.startswith("/<lang") and name not in starts}
    assert set() == forms - tried, "these act on something: give each a scenario in PERSONAL or ANYBODY"
    assert set() == tried - forms, "these are no forms any more"

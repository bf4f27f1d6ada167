"""`account-email`: another address for an account, by a link; and undoing it, by the links to the old address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock
from selfservice.demo import accounts
from tests import house
from tests.access_code_helpers import token
from tests.clients import HTMX_HEADERS, HouseClient, leads_to
from tests.domain_helpers import rows
from tests.sign_in_helpers import (
    ACCOUNT_PASSWORD,
    MAIN,
    at_once,
    browser,
    database,
    give_account,
    prepare,
    sign_in,
    sign_in_to_account,
    waiting_mails,
)
from tests.tabs import Tab

ADDRESS = "/en/self-service/account-email"
OLD, NEW = accounts.email(MAIN), "jip@new.example"
WANTED = {"email": NEW, "password": ACCOUNT_PASSWORD}


@pytest.fixture(autouse=True)
def account(app: Flask) -> None:
    prepare(app)
    give_account(app)


def text(answer: TestResponse) -> str:
    return house.text_of(house.parse(answer.text))


def email(app: Flask) -> str:
    return str(rows(database(app), "people")[MAIN]["email"])


def changes(app: Flask) -> list[str]:
    return [row["state"] for row in rows(database(app), "email_changes")]


def test_errors_in_the_order_of_the_fields(client: HouseClient) -> None:
    """What is wrong is named from the top of the page down: the address, and then the password."""
    sign_in_to_account(client)
    page = house.parse(Tab(client).open(ADDRESS).send(ADDRESS, {}).text)
    fields = [
        each.get("id", "") for each in house.elements(page, "input") if each.get("id", "").startswith("account-e")
    ]
    wrong = [each.get("href", "")[1:] for each in house.elements(page, "a")]
    assert fields == [each for each in wrong if each in fields] == [f"account-email-{name}" for name in WANTED]


def ask(client: HouseClient, wanted: str = NEW) -> Tab:
    """Log in and ask for a change; the page as it is after that."""
    sign_in_to_account(client)
    tab = Tab(client).open(ADDRESS)
    assert tab.send(ADDRESS, {**WANTED, "email": wanted}).status_code == 303
    return tab


def link(app: Flask, kind: str = "email_confirm") -> str:
    """The address of the link in the newest mail of this kind."""
    return f"{ADDRESS}/{'link' if kind == 'email_confirm' else 'undo'}/{token(app, f'account.{kind}')}"


def press(app: Flask, address: str, step: str = "confirm") -> Tab:
    """Open a link in a browser of its own, and press the button behind it."""
    tab = Tab(browser(app)).open(address)
    tab.send(f"{ADDRESS}/{step}", {})
    return tab


def test_change(app: Flask, client: HouseClient) -> None:
    """The new address waits until its link was used, in any browser; then one logs in with it and who was logged in
    still is, under the new address.
    """
    tab = ask(client)
    assert f"Waiting for confirmation of {NEW}" in text(tab.answer)
    assert [("account.email_confirm", NEW), ("account.email_announce", OLD)] == waiting_mails(app)
    other = Tab(browser(app)).open(link(app))
    assert (OLD, True, False) == (email(app), NEW in text(other.answer), OLD in other.answer.text)
    other.send(f"{ADDRESS}/confirm", {})
    assert "From now on you log in to your account with jip@new.example" in text(other.answer)
    assert (NEW, True) == (email(app), f"The e-mail address of your account is {NEW}" in text(client.get(ADDRESS)))
    assert [422, 303] == [sign_in_to_account(browser(app), each).status_code for each in (OLD, NEW)]


def test_undo(app: Flask, client: HouseClient) -> None:
    """The owner, who is logged in nowhere, presses the button behind the link in the mail to the old address."""
    ask(client)
    press(app, link(app))
    before = Tab(browser(app)).open(link(app, "email_announce"))
    assert NEW == email(app)
    assert "changed from" in text(before.answer)
    assert "Your old e-mail address is back" in text(press(app, link(app, "email_changed"), "undo").answer)
    assert (OLD, ("account.email_undone", OLD)) == (email(app), waiting_mails(app)[-1])
    assert 204 == client.get(f"{ADDRESS}/mine", headers={"HX-Request": "true"}).status_code
    assert [422, 422] == [sign_in_to_account(browser(app), each).status_code for each in (OLD, NEW)]
    link_to_choose = f"/en/self-service/account-password/link/{token(app, 'account.email_undone')}"
    chosen = {"new_password": "seven marbles under a purple stair"}
    Tab(owner := browser(app)).open(link_to_choose).send("/en/self-service/account-password/new-password", chosen)
    assert 303 == sign_in_to_account(owner, OLD, chosen["new_password"]).status_code
    # A page of before, and both links, say that it is over.
    assert 410 == before.send(f"{ADDRESS}/undo", {}).status_code
    for each in (link(app), link(app, "email_announce"), link(app, "email_changed")):
        visitor = browser(app)
        assert 410 == visitor.get(leads_to(visitor.get(each))).status_code


def test_links_only_show(app: Flask, client: HouseClient) -> None:
    """Opening a link changes nothing, leaves the token out of the address, and works without logging in."""
    ask(client)
    for kind, page in (("email_confirm", "confirm"), ("email_announce", "undo")):
        before = rows(database(app), "people"), rows(database(app), "email_changes"), rows(database(app), "tokens")
        answer = browser(app).get(link(app, kind))
        assert (303, f"{ADDRESS}/{page}?begun=1") == (answer.status_code, answer.headers["Location"])
        now = rows(database(app), "people"), rows(database(app), "email_changes"), rows(database(app), "tokens")
        assert before == now


def test_no_cookies(app: Flask, client: HouseClient) -> None:
    """A browser that keeps no cookies changes nothing."""
    ask(client)
    for kind, page in (("email_confirm", "confirm"), ("email_announce", "undo")):
        browser(app).get(link(app, kind))
        answer = browser(app).post(f"{ADDRESS}/{page}", data={})
        assert (303, OLD, ["asked"]) == (answer.status_code, email(app), changes(app))


@pytest.mark.parametrize("to", ["confirm", "undo"])
def test_pressed_twice(app: Flask, client: HouseClient, to: str) -> None:
    """Two presses at the same moment do it once, and both say that it was done."""
    ask(client)
    visitor = browser(app)
    tab = Tab(visitor).open(link(app, "email_confirm" if to == "confirm" else "email_announce"))
    sent = f"{ADDRESS}/{to}", tab.fields(f"{ADDRESS}/{to}")
    answers = at_once(app, visitor, sent, sent)
    done = "confirmed" if to == "confirm" else "undone"
    assert [f"{ADDRESS}/{done}"] * 2 == [leads_to(each) for each in answers]
    assert [done] == changes(app)


def test_link_expired(app: Flask, client: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too late, the page of the link to the new address leads to asking anew, and that to the old one to contact."""
    ask(client)
    confirming, undoing, now = link(app), link(app, "email_announce"), clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=25))
    for each, leads in ((confirming, ADDRESS), (undoing, "/en/contact/")):
        visitor = browser(app)
        answer = visitor.get(leads_to(visitor.get(each)))
        hrefs = [one.get("href") for one in house.elements(house.parse(answer.text), "a")]
        assert (410, True) == (answer.status_code, leads in hrefs)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": OLD.upper()}, "This is already the e-mail address of your account"),
        ({"email": ""}, "Fill in your e-mail address"),
        ({"password": ""}, "Fill in the password that you log in with"),
        ({"password": "another password, of somebody"}, "This is not the password that you are logged in with"),
    ],
)
def test_wrong(app: Flask, client: HouseClient, typed: dict[str, str], said: str) -> None:
    """What is wrong is said, and nothing is sent."""
    sign_in_to_account(client)
    answer = client.send(ADDRESS, {**WANTED, **typed})
    assert (422, True, [], []) == (answer.status_code, said in text(answer), changes(app), waiting_mails(app))


def test_wrong_passwords_wait(app: Flask, client: HouseClient) -> None:
    """After some wrong passwords the next waits; the right one is not taken before either, and is after it."""
    sign_in_to_account(client)
    answers = [client.send(ADDRESS, {**WANTED, "password": "wrong"}) for _ in range(7)]
    assert 429 == answers[-1].status_code
    assert 429 == client.send(ADDRESS, WANTED).status_code
    assert [] == changes(app)


def test_again_and_cancel(app: Flask, client: HouseClient) -> None:
    """The mail is sent again, with another link; and the change is cancelled, after which no link works."""
    tab = ask(client)
    first = link(app)
    tab.send(f"{ADDRESS}/again", {})
    assert "We sent the e-mail again" in text(tab.answer)
    second = link(app)
    tab.send(f"{ADDRESS}/cancel", {})
    assert ("The change is cancelled" in text(tab.answer), ["cancelled"]) == (True, changes(app))
    for each in (first, second, link(app, "email_announce")):
        visitor = browser(app)
        assert 410 == visitor.get(leads_to(visitor.get(each))).status_code
    assert OLD == email(app)


def test_too_often(app: Flask, client: HouseClient) -> None:
    """Who asks very often waits, and is told how long."""
    tab = ask(client)
    answers = [tab.send(f"{ADDRESS}/again", {}).status_code for _ in range(6)]
    assert [303] * 5 + [429] == answers


def test_taken(app: Flask, client: HouseClient) -> None:
    """An address of somebody else gives the very page that a free one does."""
    pages = [text(ask(client, wanted).answer).replace(wanted, "") for wanted in (NEW, accounts.email(2))]
    assert pages[0] == pages[1]
    assert ("account.email_taken", accounts.email(2)) in waiting_mails(app)


def test_also_for_the_access_code(app: Flask, client: HouseClient) -> None:
    """Who has an access code too is told that mails about it move along."""
    sign_in_to_account(client)
    assert "You have an access code too" in text(client.get(ADDRESS))
    with database(app).write() as conn:
        conn.execute("UPDATE access_codes SET revoked_at = '2026-01-01T00:00:00.000000Z'")
    assert "You have an access code too" not in text(client.get(ADDRESS))


def test_not_with_an_access_code(app: Flask, client: HouseClient) -> None:
    """Who logged in with an access code changes no address."""
    sign_in(client)
    assert 403 == client.send(ADDRESS, WANTED).status_code
    assert [] == changes(app)


def test_sent_after_logging_out_in_another_tab(client: HouseClient) -> None:
    """Nothing was done, and with the form to log in comes the header of a page on which nobody is logged in."""
    sign_in_to_account(client)
    tab = Tab(client).open(ADDRESS)
    sent = {**tab.fields(ADDRESS), **WANTED}
    client.post("/en/self-service/sign-in/out")
    place = leads_to(client.post(ADDRESS, data=sent, headers=HTMX_HEADERS))
    tree = house.parse(client.get(place, headers=HTMX_HEADERS).text, fragment=True)
    brought = [each for each in house.elements(tree) if each.get("data-hx-swap-oob") == "outerHTML:.account"]
    assert ["Log in"] == [house.text_of(each) for each in brought]

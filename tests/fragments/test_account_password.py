"""Another password for an account: the form, its mails, and what ends with the old password."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from selfservice import mailer
from selfservice.accounts import user_accounts
from selfservice.demo import accounts
from tests.access_code_helpers import AccessCodeForm, rows, services, token
from tests.clients import HouseClient
from tests.domain_helpers import filled
from tests.fragments.test_account_create import LINK, NEW, PASSWORD, behind
from tests.password_form_helpers import value_of
from tests.sign_in_helpers import (
    ACCOUNT_PASSWORD,
    COLLEAGUE,
    MAIN,
    at_once,
    browser,
    give_account,
    person_id,
    prepare,
    sign_in,
    sign_in_to_account,
)

EMAIL = accounts.email(MAIN)


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)
    give_account(app)


@pytest.fixture(params=[("en", False), ("nl", True)], ids=["en-page", "nl-htmx"])
def visitor(request: pytest.FixtureRequest, client: HouseClient) -> AccessCodeForm:
    """Somebody in each language, with and without htmx (which of the two goes with which makes no difference)."""
    lang, htmx = request.param
    return AccessCodeForm(client, "account-password", lang, htmx=htmx)


@pytest.fixture
def one(client: HouseClient) -> AccessCodeForm:
    """Somebody, for what does not depend on language or scripts."""
    return AccessCodeForm(client, "account-password")


def mails(app: Flask) -> list[tuple[str, str]]:
    """Kind and recipient of each mail."""
    return [(row["kind"], row["recipient"]) for row in rows(app, "outbox")]


def test_changed(app: Flask, visitor: AccessCodeForm) -> None:
    """Asked, mailed, followed, chosen: the old password opens nothing any more, nor does any session."""
    signed_in = [browser(app), browser(app)]
    sign_in_to_account(signed_in[0])
    sign_in(signed_in[1])
    assert "sent" == visitor.goes(email=EMAIL.upper())
    assert "1" in visitor.see("sent").text
    page = behind(visitor, token(app, LINK))
    assert 303 == sign_in_to_account(browser(app)).status_code
    assert "done" == page.goes("new-password", new_password=PASSWORD)
    assert 200 == page.see("done").status_code
    assert [("account.link", EMAIL), ("account.changed", EMAIL)] == mails(app)
    assert [422, 303] == [
        sign_in_to_account(browser(app), EMAIL, password).status_code for password in (ACCOUNT_PASSWORD, PASSWORD)
    ]
    assert [False, False] == ["Log out" in each.get("/en/self-service/my").text for each in signed_in]
    # That of the access code is another one.
    assert 303 == sign_in(browser(app)).status_code


@pytest.mark.parametrize("email", [NEW["email"], accounts.email(COLLEAGUE)], ids=["nobody", "code only"])
def test_no_account(app: Flask, visitor: AccessCodeForm, email: str) -> None:
    """An address without an account gets a mail that says so, with the form to create one, and no link that works."""
    assert "sent" == visitor.goes(email=email)
    mail = rows(app, "outbox")[-1]
    _, text = mailer.render_mail(services(app), mail["kind"], visitor.lang, json.loads(mail["payload"]))
    assert ("account.none", email) == (mail["kind"], mail["recipient"])
    assert (True, False) == (f"/{visitor.lang}/self-service/account-create" in text, "/link/" in text)


@pytest.mark.parametrize("typed", ["", "jip", "jip@", "a@b.example, c@d.example", "x" * 5000, "a@b.example\r\nX: y"])
def test_mistakes(app: Flask, visitor: AccessCodeForm, typed: str) -> None:
    """What is no address is a 422 at its field; nothing is sent or kept."""
    answer = visitor.send(email=typed)
    assert (422, True, []) == (answer.status_code, 'id="account-password-email-error"' in answer.text, mails(app))
    assert visitor.client.cookie_value() is None


def test_policy(app: Flask, one: AccessCodeForm) -> None:
    """The password must be good enough, for this person; a bad one uses nothing up."""
    one.send(email=EMAIL)
    page = behind(one, token(app, LINK))
    calls = services(app).hasher.calls
    refused = ["", "short", "wachtwoord wachtwoord", f"x {EMAIL} x", f"my code is {accounts.code(MAIN)}", "x" * 2000]
    assert [422] * 6 == [page.send("new-password", new_password=each).status_code for each in refused]
    assert calls == services(app).hasher.calls
    assert "done" == page.goes("new-password", new_password=PASSWORD)


def test_links_of_before(app: Flask, one: AccessCodeForm) -> None:
    """Once a password was chosen, no other link to the address works: not that of a thief who asked first either."""
    links = []
    for _ in range(2):
        one.send(email=EMAIL)
        links.append(token(app, LINK))
    assert "done" == behind(one, links[1]).goes("new-password", new_password=PASSWORD)
    other = behind(one, elsewhere=True)
    assert "expired" == other.leads(other.see(f"link/{links[0]}"))


def test_two_at_once(app: Flask, one: AccessCodeForm) -> None:
    """Sent twice at the same moment from one browser, one of them chooses the password and both say so."""
    one.send(email=EMAIL)
    page = behind(one, token(app, LINK))
    about = value_of(page.see("new-password").text, "about")
    sent = [(page.address("new-password"), {"new_password": f"{PASSWORD} {number}", "about": about}) for number in "12"]
    answers = at_once(app, one.client, *sent)
    assert ["done", "done"] == [page.leads(answer) for answer in answers]
    assert 1 == mails(app).count(("account.changed", EMAIL))


def test_link_opened_in_between(app: Flask, one: AccessCodeForm) -> None:
    """The button is for the link whose page it stands on, not for one opened in another tab since."""
    one.send(email=EMAIL)
    first = token(app, LINK)
    create = AccessCodeForm(one.client, "account-create")
    create.send(**NEW)
    page = behind(one, first)
    about = value_of(page.see("new-password").text, "about")
    behind(one, token(app, LINK))
    before = rows(app, "user_accounts")
    answer = page.send("new-password", new_password=PASSWORD, about=about)
    assert (409, before) == (answer.status_code, rows(app, "user_accounts"))
    assert NEW["email"] not in answer.text


def test_account_deleted_in_between(app: Flask, visitor: AccessCodeForm) -> None:
    """A link to an account that is gone works no more, nor does its page."""
    visitor.send(email=EMAIL)
    page = behind(visitor, token(app, LINK))
    about = value_of(page.see("new-password").text, "about")
    with services(app).db.write() as conn:
        user_accounts.delete(conn, person_id(app, MAIN))
    answers = [page.see("new-password"), page.send("new-password", new_password=PASSWORD, about=about)]
    assert [410, 410] == [answer.status_code for answer in answers]
    assert [] == rows(app, "user_accounts")


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("form", ["account-create", "account-password"])
def test_too_often(app: Flask, form: str, *, htmx: bool) -> None:
    """An address can be tried only so often, from anywhere: then a wait, said when, and nothing lost; with the other
    form it still can.
    """
    typed = NEW | {"email": EMAIL}
    for number in range(7):
        asking = AccessCodeForm(browser(app), form, htmx=htmx)
        asking.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        answer = asking.send(**typed)
        assert (429 if number == 6 else 303) == answer.status_code
    assert int(answer.headers["Retry-After"]) > 0
    assert htmx or EMAIL in answer.text
    other = "account-password" if form == "account-create" else "account-create"
    assert 303 == AccessCodeForm(browser(app), other).send(**typed).status_code


def test_one_network(app: Flask, one: AccessCodeForm) -> None:
    """From one network address twenty addresses can be tried, and others still can."""
    statuses = [one.send(email=f"oona{number}@kites.example").status_code for number in range(21)]
    one.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert [303] * 20 + [429, 303] == [*statuses, one.send(email=EMAIL).status_code]


def test_owner_is_not_kept_out(app: Flask, one: AccessCodeForm) -> None:
    """However often others asked: the owner's mail has a link that works, and logging in goes on meanwhile."""
    for number in range(20):
        one.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        one.send(email=EMAIL)
    found = [filled(row)["token"] for row in rows(app, "outbox") if row["next_at"] == row["created_at"]]
    assert (3, 303) == (len(found), sign_in_to_account(browser(app)).status_code)
    page = behind(one, elsewhere=True)
    assert "new-password" == page.leads(page.see(f"link/{found[0]}"))
    assert "done" == page.goes("new-password", new_password=PASSWORD)

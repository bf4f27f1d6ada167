"""Logging in with an e-mail address: the same form, and what is typed decides."""

from __future__ import annotations

import pytest
from flask import Flask

from selfservice.demo import accounts
from selfservice.facts.rights import CODE_KINDS, KINDS, Rights
from selfservice.site_config import SiteConfig
from tests.clients import HouseClient
from tests.domain_helpers import rows, verbs
from tests.sign_in_helpers import (
    ADDRESS,
    MAIN,
    OTHER,
    PASSWORD,
    browser,
    database,
    give_account,
    prepare,
    sign_in,
    sign_in_to_account,
)

EMAIL = accounts.email(MAIN)
BASE = "/en/self-service"


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)
    give_account(app)


@pytest.mark.parametrize("typed", [EMAIL, f" {EMAIL.upper()} ", EMAIL.replace("@", "\N{FULLWIDTH COMMERCIAL AT}")])
def test_log_in(app: Flask, client: HouseClient, typed: str) -> None:
    """An e-mail address logs in to the account, in any spelling; the personal page shows it, and no access code."""
    answer = sign_in_to_account(client, typed)
    assert (303, "/en/self-service/my?begun=1") == (answer.status_code, answer.headers["Location"])
    page = client.get("/en/self-service/my").text
    assert (True, False) == (EMAIL in page, "The code that ends in" in page)
    assert rows(database(app), "user_accounts")[0]["used_at"] is not None
    assert "loket-in=account" in str(answer.headers)


def test_accounts_were_turned_off(client: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is logged in to an account when the site has none any more is logged out, and reads of it no more."""
    sign_in_to_account(client)
    monkeypatch.setattr(SiteConfig, "has_accounts", False)
    assert 'name="access_code"' in client.get("/en/self-service/my").text
    sign_in(client)
    assert "You also have an account" not in client.get("/en/self-service/my").text


def test_two_passwords(client: HouseClient) -> None:
    """The password of the access code does not open the account, and the other way round."""
    assert 422 == sign_in_to_account(client, password=PASSWORD).status_code
    assert 422 == sign_in(client, MAIN, "groene kikkers drinken thee").status_code


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Fill in your access code or your e-mail address."),
        ("jip", "This is neither an access code nor an e-mail address."),
        ("jip@", "This e-mail address is not complete."),
        ("K5UF-838V-UJCT-M4GQ", "There is a mistake in this code."),
        ("ABCD2345", "This looks like the reference of a request."),
    ],
)
def test_shapes(client: HouseClient, typed: str, said: str) -> None:
    """What is neither an access code nor an address gets a message that names both."""
    answer = sign_in_to_account(client, typed)
    assert (422, True) == (answer.status_code, said in answer.text)


def test_after_failures(app: Flask, client: HouseClient) -> None:
    """After five wrong passwords the owner of the account is told of it, with the form for this password."""
    with database(app).write() as conn:
        conn.execute("DELETE FROM failures")
    for _ in range(5):
        sign_in_to_account(client, password="wrong")
        with database(app).write() as conn:
            conn.execute("UPDATE failures SET free_at = 0")
    assert 303 == sign_in_to_account(client).status_code
    mail = rows(database(app), "outbox")[-1]
    assert ("sign_in.after_failures", EMAIL, True) == (mail["kind"], mail["recipient"], '"account"' in mail["payload"])


@pytest.mark.parametrize("email", [accounts.email(OTHER), "nobody@nowhere.example"], ids=["code only", "nobody"])
def test_same_for_everybody(app: Flask, statements: list[str], email: str) -> None:
    """Who has no account gets the same answer as who has one and types a wrong password, for the same statements."""
    shapes = []
    for typed in (EMAIL, email):
        client = browser(app)
        statements.clear()
        answer = sign_in_to_account(client, typed, "wrong")
        shapes.append((answer.status_code, answer.data.replace(typed.encode(), b"*"), verbs(statements)))
    assert shapes[0] == shapes[1]
    assert 2 == app.extensions["services"].hasher.calls


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("orders", "an access code"),
        ("direct-debit", "an access code"),
        ("digital-invoices", "an access code of an organisation"),
    ],
)
def test_refused(client: HouseClient, form: str, code: str) -> None:
    """What an account is not for says with what one logs in for it, before and after, and that nothing was changed. The
    button there logs out and leads back, to log in with that.
    """
    address = f"{BASE}/{form}"
    before = f"For this you log in with {code}. Then you can go on."
    assert before in client.get(address).text
    sign_in_to_account(client, place=form)
    answer = client.get(address)
    said = f"For this you log in with {code}, and you are logged in with your e-mail address. Nothing was changed."
    assert (403, True, True) == (answer.status_code, said in answer.text, f"{BASE}/access-code" in answer.text)
    out = client.send(f"{BASE}/sign-in/out", {"next": address})
    assert (303, address) == (out.status_code, out.headers["Location"])
    assert before in client.get(address).text
    assert all(row["ended_at"] for row in rows(database(client.application), "sessions"))
    sign_in(client, place=form)
    assert 200 == client.get(address).status_code


def test_refused_to_a_code(client: HouseClient) -> None:
    """The settings of the account are not for who logged in with an access code."""
    sign_in(client)
    answer = client.get(f"{BASE}/account")
    said = "For this you log in with your e-mail address, and you are logged in with an access code of an organisation."
    assert (403, True) == (answer.status_code, said in answer.text)


@pytest.mark.parametrize("there", ["https://elsewhere.example/en/self-service/my", "//elsewhere.example/self-service/"])
def test_log_out_to_elsewhere(client: HouseClient, there: str) -> None:
    """Logging out leads nowhere but to a form of ours."""
    sign_in_to_account(client)
    assert f"{BASE}/sign-in/out" == client.send(f"{BASE}/sign-in/out", {"next": there}).headers["Location"]


def test_what_each_log_in_is_for(client: HouseClient) -> None:
    """The page to log in says what can be done with each log-in, by the table of rights, and where to find other ways;
    a form in whose place it stands says only what is needed there.
    """
    page = client.get(ADDRESS).text
    codes, account = page.partition("What each log-in is for")[2].split("<dt>E-mail address</dt>")
    table: Rights = client.application.extensions["rights"]
    for right in table.listed:
        told = [f"<li>{right.title('en')}</li>" in part for part in (codes, account)]
        kinds = {*right.kinds} if {*right.kinds} | table.kinds_of(right.where) < {*KINDS} else set()
        assert [not kinds.isdisjoint(CODE_KINDS), "account" in kinds] == told
    assert "See which log-in you need." in account
    assert "What each log-in is for" not in client.get(f"{BASE}/orders").text


@pytest.mark.parametrize("form", ["sign-in", "orders", "account"])
def test_field(client: HouseClient, form: str) -> None:
    """One field for both, for a password manager the user name, and beside it the password."""
    page = client.get(f"{BASE}/{form}").text
    assert "Access code or e-mail address" in page
    assert "Your access code (16 letters and digits), or the e-mail address of your account." in page
    assert [1, 1] == [page.count(f'autocomplete="{name}"') for name in ("username", "current-password")]

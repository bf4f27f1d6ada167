"""What a demonstration says can be tried: it is true, and nothing of it is there in a site that is none."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask

from selfservice import clock
from selfservice.accounts.organisations import find_by_name
from selfservice.config import Config
from selfservice.demo import accounts, tour
from selfservice.i18n.languages import LANGUAGES
from selfservice.requests.progress import find_status
from selfservice.requests.submission import find_organisation
from selfservice.web.services import Services
from tests.clients import HouseClient
from tests.conftest import new_app
from tests.sign_in_helpers import browser, fast_hasher, prepare, sign_in, sign_in_to_account

ADDRESS = "/en/self-service/what-to-try"


@pytest.fixture
def told(app: Flask) -> tour.Tour:
    """What there is to try in a demonstration as it starts."""
    services: Services = app.extensions["services"]
    with services.db.write() as conn:
        accounts.settle_payments(conn)
        accounts.close_organisation(conn, services.context)
        accounts.add_accounts(conn, fast_hasher().hash(accounts.ACCOUNT_PASSWORD))
    found = tour.tour(services.db.read())
    assert found is not None
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_is_on_the_page(client: HouseClient, told: tour.Tour, lang: str) -> None:
    """The page holds each code, reference, number, address and the password, and leads to the mailbox."""
    text = client.get(f"/{lang}/self-service/what-to-try").text
    assert told.requesting is not None
    wanted = [
        told.password,
        told.account_password,
        *told.accounts,
        *told.requesting,
        f'href="/{lang}/self-service/mailbox"',
    ]
    wanted += [part for pair in (*told.codes.values(), *told.requests.values()) for part in pair]
    assert [] == [part for part in wanted if part not in text]


def test_codes_show_what_is_said(app: Flask, told: tour.Tour) -> None:
    """All orders of the organisation, those of a colleague, none, and those paid from credit; each of these opens."""
    prepare(app)
    found = {}
    for name, number in (("main", tour.MAIN), ("colleague", tour.COLLEAGUE), ("none", tour.WITHOUT_ORDERS)):
        assert accounts.email(number) == told.codes[name].email
        client = browser(app)
        sign_in(client, number)
        rows = client.get("/en/self-service/orders.json?period=all").json
        assert isinstance(rows, list)
        found[name] = len(rows)
    assert (True, 0) == (found["main"] > found["colleague"] > 0, found["none"])


def test_code_that_stopped(app: Flask, told: tour.Tour) -> None:
    """The code of the closed organisation does not work, and no form finds the organisation; no mail waits."""
    prepare(app)
    code, _ = told.codes["closed"]
    answer = browser(app).send("/en/self-service/sign-in", {"access_code": code, "password": told.password})
    services: Services = app.extensions["services"]
    mails = services.db.read().execute("SELECT 1 FROM outbox WHERE kind = 'access_code.closed'").fetchall()
    assert (422, "do not belong together" in answer.text, []) == (answer.status_code, True, mails)
    assert [] == find_by_name(services.db.read(), accounts.CLOSED[0])


def test_accounts(app: Flask, told: tour.Tour) -> None:
    """One is of somebody without a code, one of somebody with one; with its own password, not that of the codes."""
    prepare(app)
    conn = app.extensions["services"].db.read()
    query = "SELECT count(*) FROM access_codes c JOIN people p ON p.id = c.person_id WHERE p.email = ?"
    assert [0, 1] == [conn.execute(query, (email,)).fetchone()[0] for email in told.accounts]
    for email in told.accounts:
        wrong = sign_in_to_account(browser(app), email, told.password)
        right = sign_in_to_account(browser(app), email, told.account_password)
        assert (422, True) == (wrong.status_code, "/my?" in right.headers["Location"])


def test_requests_are_in_the_state_that_is_said(app: Flask, told: tour.Tour) -> None:
    """Each reference opens, is what the page says of it, and can be done with what it says."""
    services: Services = app.extensions["services"]
    conn, now = services.db.read(), clock.now()
    found = {name: find_status(conn, services.context, *pair, now) for name, pair in told.requests.items()}
    states = {name: status.state for name, status in found.items() if status}
    assert {"checking": "checking", "rejected": "rejected", "letter": "posted", "email": "sent"} == states
    may = {name: {"withdraw", "never_came"} & status.allowed_actions for name, status in found.items() if status}
    assert {"checking": {"withdraw"}, "rejected": set(), "letter": {"never_came"}, "email": {"never_came"}} == may


def test_somebody_can_request(app: Flask, told: tour.Tour) -> None:
    """The organisation to request for is known, nobody has a code of it, and no payment is arranged."""
    assert told.requesting is not None
    conn = app.extensions["services"].db.read()
    found = find_organisation(conn, told.requesting.number)
    assert found is not None
    codes = conn.execute("SELECT 1 FROM access_codes WHERE organisation_id = ?", (found.id,)).fetchall()
    assert (told.requesting.email, None, []) == (found.email, found.payment_method, codes)


def test_payments_agree(app: Flask, told: tour.Tour) -> None:
    """Whoever has orders is said to pay as these were paid, but for what was paid at once."""
    assert told
    conn = app.extensions["services"].db.read()
    pairs = conn.execute(
        """SELECT DISTINCT o.payment, coalesce(a.payment_method, p.payment_method) AS method
           FROM orders o JOIN order_holders h ON h.id = o.holder_id
           LEFT JOIN organisations a ON a.id = h.organisation_id JOIN people p ON p.id = h.person_id
           WHERE o.payment IN ('credit', 'direct_debit')"""
    ).fetchall()
    assert {("credit", "credit"), ("direct_debit", "direct_debit")} == {
        (row["payment"], row["method"]) for row in pairs
    }


def test_another_database(app: Flask, client: HouseClient) -> None:
    """Where the invented people are not, as in a copy of a real database, no code is named."""
    with app.extensions["services"].db.write() as conn:
        conn.execute("UPDATE people SET email_key = id || '@elsewhere.example'")
    text = client.get(ADDRESS).text
    assert (True, False) == ("not in this database" in text, accounts.DEMO_PASSWORD in text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_not_in_a_real_site(config: Config, lang: str) -> None:
    """A site that is no demonstration has neither the page nor the link to it."""
    real = new_app(dataclasses.replace(config, demo=False, base_url="https://help.example.org")).test_client()
    headers = {"Host": "help.example.org"}
    page = real.get(f"/{lang}/self-service/what-to-try", headers=headers)
    other = real.get(f"/{lang}/self-service/search", headers=headers)
    assert (404, 200, False) == (page.status_code, other.status_code, "what-to-try" in other.text)

"""`account-delete`: what somebody has here goes, and of what must stay no more stays than the page said beforehand."""

from __future__ import annotations

import dataclasses
import threading
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock, forgetting, retention
from selfservice.accounts import (
    access_codes,
    email_changes,
    invoice_addresses,
    login_throttle,
    mandates,
    people,
    user_accounts,
)
from selfservice.accounts.passwords import HasherBusyError
from selfservice.clock import to_text
from selfservice.commands import cli
from selfservice.demo import accounts
from selfservice.forgetting import Held
from selfservice.fragments.sign_in import form as signing_in
from selfservice.i18n.languages import LANGUAGES
from selfservice.mail.delivery import fail_overdue
from selfservice.orders import organisation_codes
from selfservice.orders.importer import Importer
from selfservice.orders.store import OrderStore
from selfservice.orders.validation import values_of_object
from selfservice.values.email import email_key
from selfservice.web import downloads
from tests import house
from tests.access_code_helpers import KVK, token
from tests.clients import HouseClient
from tests.domain_helpers import CONTEXT, dump, filled, new_code, rows
from tests.orders.factories import buy, clear, days_ago
from tests.request_helpers import BUSINESS, IBAN, approve, confirm, hand_in, print_letters
from tests.sign_in_helpers import (
    ACCOUNT_PASSWORD,
    COLLEAGUE,
    MAIN,
    OTHER,
    PASSWORD,
    PRIVATE,
    account_hashed,
    at_once,
    browser,
    database,
    give_account,
    person_id,
    prepare,
    sign_in,
    sign_in_to_account,
    waiting_mails,
)

BASE = "/en/self-service"
FORM = f"{BASE}/account-delete"
NEWCOMER = "wies@planted.example"
# Stands in each column of a person, to be looked for afterwards.
PLANTED = "Qwertzu"
LINKS = (("digital-invoices", "digital_invoices.confirm"), ("lost-access-code", "lost_access_code.link"))


@pytest.fixture(autouse=True)
def everybody(app: Flask) -> None:
    prepare(app)


def delete(client: HouseClient, password: str = PASSWORD) -> TestResponse:
    """Send the form as the page has it now."""
    return client.send(FORM, {"password": password})


def text(answer: TestResponse) -> str:
    """What a page says."""
    return house.text_of(house.parse(answer.text))


def held(app: Flask, who: int) -> Held:
    return forgetting.find(database(app).read(), CONTEXT, who, clock.now())


def person(app: Flask, who: int) -> dict[str, Any]:
    """The row of a person; nothing when there is none."""
    return next((row for row in rows(database(app), "people") if row["id"] == who), {})


def add_account(app: Flask, email: str = NEWCOMER) -> int:
    """Somebody with an account, and nothing else."""
    with database(app).write() as conn:
        who = people.add(conn, clock.now(), given_name="Wies", family_name=PLANTED, email=email, language="nl")
        user_accounts.add(conn, who, account_hashed(), clock.now())
    return who


def fill(app: Flask, number: int, *, printed: bool = False) -> int:
    """Give somebody of everything that there is; who that is."""
    db, who, email = database(app), person_id(app, number), accounts.email(number)
    with db.write() as conn:
        conn.execute("UPDATE organisations SET email = 'info' || id || '@register.example'")
        for organisation in (None, 1) if number in (MAIN, COLLEAGUE) else (None,):
            mandates.add(
                conn, days_ago(9), person_id=who, organisation_id=organisation, iban=IBAN, holder="H. Holder",
                effective_on=date(2026, 1, 5),
            )  # fmt: skip
        conn.execute(
            "UPDATE people SET given_name = ?, family_name = ?, telephone = ? WHERE id = ?",
            (f"{PLANTED}given", f"{PLANTED}family", f"{PLANTED}phone", who),
        )
        invoice_addresses.add(
            conn, CONTEXT, organisation_id=1, person_id=who, email=f"{PLANTED}@invoices.example", now=clock.now()
        )
    numbers = [row["kvk_number"] for row in rows(db, "organisations")]
    asked = {"given_name": f"{PLANTED}a", "family_name": f"{PLANTED}b", "email": email, "telephone": "020 123 4567"}
    references = [hand_in(db, BUSINESS, days_ago(1), kvk_number=kvk, **asked) for kvk in numbers[5:8]]
    for reference in references[:2]:
        confirm(db, reference, days_ago(1))
    approve(db, references[0], days_ago(1))
    if printed:
        print_letters(db, clock.now())
    return who


def close_dropped(app: Flask) -> None:
    """Have the worker close the mails that were cancelled."""
    fail_overdue(database(app), clock.now())


# An account


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("htmx", [False, True])
def test_an_account(app: Flask, client: HouseClient, lang: str, htmx: bool) -> None:
    """Whoever has an account alone is gone at once: nothing of theirs is left but the mail that says so."""
    who = add_account(app)
    sign_in_to_account(client, NEWCOMER)
    before = client.cookie_value()
    address = f"/{lang}/self-service/account-delete"
    answer = client.send(address, {"password": ACCOUNT_PASSWORD}, htmx=htmx)
    assert f"{address}/done" == answer.headers.get("HX-Redirect", answer.headers.get("Location"))
    assert '"cache"' == answer.headers["Clear-Site-Data"]
    assert (None, None) == (client.cookie_value(), client.get_cookie("loket-in", "127.0.0.1"))
    assert {} == person(app, who)
    assert [] == rows(database(app), "user_accounts")
    assert [("account.deleted", NEWCOMER)] == waiting_mails(app)
    event = rows(database(app), "events")[-1]
    assert ("person.delete", "account") == (event["what"], event["result"])
    for _ in range(2):
        assert 200 == client.get(f"{address}/done").status_code
    # A copied cookie opens nothing.
    copied = browser(app)
    copied.set_cookie("loket", before or "", domain="127.0.0.1")
    assert 'name="access_code"' in copied.get(f"{BASE}/my").text
    with database(app).write() as conn:
        conn.execute("DELETE FROM outbox")
    assert PLANTED not in dump(database(app))


def test_the_address_is_free(app: Flask, client: HouseClient) -> None:
    """Whoever comes back with the same address is somebody new; what was mailed before opens nothing."""
    who = add_account(app)
    with database(app).write() as conn:
        conn.execute(
            """INSERT INTO account_openings (token_hash, purpose, given_name, family_name, email, email_key, language,
                                             void, created_at, expires_at)
               VALUES (?, 'password', '', '', ?, ?, 'nl', 0, ?, ?)""",
            ("a" * 64, NEWCOMER, email_key(NEWCOMER), to_text(clock.now()), to_text(clock.now() + timedelta(days=1))),
        )
    sign_in_to_account(client, NEWCOMER)
    delete(client, ACCOUNT_PASSWORD)
    assert [] == rows(database(app), "account_openings")
    again = add_account(app)
    assert who < again, "what the log says of an id is of one person"
    assert held(app, again) == Held(again, True, (), False, (), 0, 0, (), (), 0, None, None)


# Both log-ins


def test_from_the_account(app: Flask, client: HouseClient) -> None:
    """Whoever has access codes too deletes the account alone, and the codes work as before; the page says how those go.
    With the codes gone as well the person is forgotten.
    """
    give_account(app, MAIN)
    sign_in_to_account(client)
    shown = text(client.get(FORM))
    assert ("Log in with an access code" in shown, "Your access code for" in shown) == (True, False)
    assert 303 == delete(client, ACCOUNT_PASSWORD).status_code
    assert [] == rows(database(app), "user_accounts")
    after = browser(app)
    assert (303, accounts.email(MAIN)) == (sign_in(after, MAIN).status_code, person(app, 1)["email"])
    assert 303 == delete(after).status_code
    assert people.NO_EMAIL == person(app, 1)["email"]


def test_from_a_code(app: Flask, client: HouseClient) -> None:
    """Logged in with a code one has the codes alone deleted, and still logs in to the account; then that, and all is
    gone.
    """
    give_account(app, PRIVATE)
    who, email = person_id(app, PRIVATE), accounts.email(PRIVATE)
    sign_in(client, PRIVATE)
    assert "Log in with your e-mail address" in text(client.get(FORM))
    elsewhere = browser(app)
    sign_in_to_account(elsewhere, email)
    assert 303 == delete(client).status_code
    assert 422 == sign_in(browser(app), PRIVATE).status_code
    assert ('name="access_code"' in elsewhere.get(f"{BASE}/my").text, email) == (False, person(app, who)["email"])
    assert not [row for row in rows(database(app), "passwords") if row["person_id"] == who]
    assert 303 == delete(elsewhere, ACCOUNT_PASSWORD).status_code
    assert people.NO_EMAIL == person(app, who)["email"]


def test_what_no_log_in_is_left_for(app: Flask, client: HouseClient) -> None:
    """What there is of a code that no longer works goes with the account: nobody can log in to that any more."""
    give_account(app, PRIVATE)
    code = held(app, person_id(app, PRIVATE)).codes[0].id
    with database(app).write() as conn:
        access_codes.revoke(conn, code, clock.now())
    sign_in_to_account(client, accounts.email(PRIVATE))
    assert 303 == delete(client, ACCOUNT_PASSWORD).status_code
    assert not [row for row in rows(database(app), "people") if row["email"] == accounts.email(PRIVATE)]


def dump_of(app: Flask, *tables: str) -> list[list[dict[str, Any]]]:
    return [rows(database(app), table) for table in tables]


# What goes, and what stays


@pytest.mark.parametrize("number", [MAIN, PRIVATE])
@pytest.mark.parametrize("orders", [False, True])
def test_nothing_is_left(app: Flask, client: HouseClient, number: int, orders: bool) -> None:
    """Of all that was planted only the name is left, where the page said so; of the address not even that."""
    clear(app)
    who, email = fill(app, number), accounts.email(number)
    if orders:
        buy(app, number)
    else:
        with database(app).write() as conn:
            conn.execute("DELETE FROM mandates")
    sign_in(client, number)
    assert orders == ("with your name" in text(client.get(FORM)))
    assert 303 == delete(client).status_code
    close_dropped(app)
    with database(app).write() as conn:
        # What tells of it, to the person and to the organisation that they paid for.
        told = conn.execute("DELETE FROM outbox WHERE state = 'waiting' RETURNING kind, recipient").fetchall()
        conn.execute("UPDATE organisations SET main_person_id = NULL")
    ended = [("direct_debit.ended", "info1@register.example")] if orders and number == MAIN else []
    assert sorted([("account.deleted", email), *ended]) == sorted((row["kind"], row["recipient"]) for row in told)
    left = dump(database(app))
    assert email not in left
    assert [f"{PLANTED}given", f"{PLANTED}family"] * orders == sorted(
        {word for word in _words(left) if PLANTED in word}, reverse=True
    )
    row = person(app, who)
    assert (people.NO_EMAIL, f"forgotten:{who}", None, None) == (
        row["email"], row["email_key"], row["telephone"], row["payment_method"],
    )  # fmt: skip
    assert (f"{PLANTED}given" if orders else people.NAMELESS) == row["given_name"]
    for table in ("requests", "tokens", "passwords", "sessions", "invoice_addresses"):
        assert not [one for one in rows(database(app), table) if one.get("person_id") == who], table


@pytest.mark.parametrize("first", ["account", "codes"])
def test_both_receipts(app: Flask, client: HouseClient, first: str) -> None:
    """Whoever deletes both gets both mails, also when none could be sent in between."""
    clear(app)
    give_account(app, PRIVATE)
    for step in (first, {"account": "codes", "codes": "account"}[first]):
        if step == "account":
            sign_in_to_account(client, accounts.email(PRIVATE))
        else:
            sign_in(client, PRIVATE)
        assert 303 == delete(client, ACCOUNT_PASSWORD if step == "account" else PASSWORD).status_code
    close_dropped(app)
    assert ["account.deleted"] * 2 == [kind for kind, _ in waiting_mails(app)]


def test_mails_to_others(app: Flask, client: HouseClient) -> None:
    """A mail to another address that waits does not go with their name, and a link that opens nothing."""
    clear(app)
    sign_in(client, MAIN)
    for name in ("first", "second"):
        client.send(f"{BASE}/digital-invoices", {"email": f"{name}@other.example"})
    delete(client)
    close_dropped(app)
    assert ["account.deleted"] == [kind for kind, _ in waiting_mails(app)]


@pytest.mark.parametrize("number", [MAIN, COLLEAGUE])
def test_invoices(app: Flask, client: HouseClient, number: int) -> None:
    """Invoices to one's own address come on paper again, and the organisation is told; to another's they go on."""
    clear(app)
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET email = 'info@register.example' WHERE id = 1")
    sign_in(client, MAIN)
    client.send(f"{BASE}/digital-invoices", {"email": accounts.email(MAIN).upper()})
    assert accounts.email(MAIN) == rows(database(app), "organisations")[0]["invoices_email"]
    leaving = browser(app)
    sign_in(leaving, number)
    assert (number == MAIN) == ("the invoices of Bakkerij De Gouden Korst" in text(leaving.get(FORM)))
    delete(leaving)
    goes_on = number != MAIN
    assert goes_on == (accounts.email(MAIN) == rows(database(app), "organisations")[0]["invoices_email"])
    assert goes_on != (("digital_invoices.off", "info@register.example") in waiting_mails(app))


def _words(said: str) -> list[str]:
    return said.replace("'", " ").replace('"', " ").replace(",", " ").split()


@pytest.mark.parametrize("number", [MAIN, COLLEAGUE, PRIVATE])
def test_as_the_page_said(app: Flask, client: HouseClient, number: int) -> None:
    """What the page promises is what happens, in each table; what stays goes on the day that it names, not before."""
    who, db = fill(app, number), database(app)
    buy(app, number, "2024-05-05 12:00")
    sign_in(client, number)
    said, shown = held(app, who), text(client.get(FORM))
    orders = [row for row in rows(db, "orders") if row["holder_id"] in _holders(app, who)]
    assert (len(orders), 3, 3) == (said.orders, len(said.requests), said.open_requests)
    for code in said.codes:
        assert f"which ends in {code.hint}" in shown
    assert f"{said.orders} orders, with your name, the last until 1 January 2034" in shown
    assert "Your 3 requests for an access code" in shown
    assert delete(client).status_code == 303
    assert orders == [row for row in rows(db, "orders") if row["holder_id"] in _holders(app, who)]
    assert {each.id for each in said.codes} <= {row["id"] for row in rows(db, "access_codes") if row["revoked_at"]}
    now_open = [row["person_id"] for row in rows(db, "mandates") if row["ended_at"] is None]
    assert who not in now_open
    assert len(said.mandates) == len([row for row in rows(db, "mandates") if row["person_id"] == who])
    last = max(each.kept_until for each in said.mandates)
    for day, is_there in ((last - timedelta(days=1), True), (last + timedelta(days=1), False)):
        _clean(app, day)
        assert is_there == any(row["person_id"] == who for row in rows(db, "mandates")), day
    assert said.orders_until == said.name_until == date(2034, 1, 1)
    for day, is_there in ((date(2033, 12, 31), True), (date(2034, 1, 1), False)):
        _clean(app, day)
        assert is_there == bool(person(app, who)), day


def _holders(app: Flask, who: int) -> set[int]:
    return {row["id"] for row in rows(database(app), "order_holders") if row["person_id"] == who}


def _clean(app: Flask, day: date) -> None:
    """Clean as on this day; twice, since people go after what refers to them."""
    for _ in range(2):
        with database(app).write() as conn:
            for name, domain in retention.DOMAINS.items():
                if name != "events":  # it keeps a year of real time
                    domain.clean(conn, CONTEXT, datetime.combine(day, time(12), UTC))


def test_colleagues(app: Flask, client: HouseClient) -> None:
    """The orders of the organisation stay whole, with who ordered them, for whoever has the main code."""
    buy(app, COLLEAGUE, cents=12345)
    sign_in(client, MAIN)
    orders = f"{BASE}/orders?period=all"

    def figures() -> tuple[Any, ...]:
        conn = database(app).read()
        sums = [dict(row) for row in conn.execute("SELECT * FROM order_account_months")]
        return sums, OrderStore(conn).check(), rows(database(app), "orders")

    before, listed = figures(), client.get(orders).text
    leaving = browser(app)
    sign_in(leaving, COLLEAGUE)
    assert "main code" not in text(leaving.get(FORM)), "a colleague's is not"
    delete(leaving)
    assert before == figures()
    after = client.get(orders).text
    assert ("Amira Merrywind" in listed, "Amira Merrywind" in after) == (True, True)
    file = client.get(f"{BASE}/orders/file?period=all&format=csv")
    assert file.status_code in (200, 303)
    assert "Amira" not in text(client.get(f"{BASE}/organisation-codes"))


def test_the_main_code(app: Flask, client: HouseClient) -> None:
    """Who has it is told beforehand what that means; afterwards nobody has it, until staff give it to somebody."""
    sign_in(client, MAIN)
    assert "You have the main code of Bakkerij De Gouden Korst" in text(client.get(FORM))
    delete(client)
    colleague = browser(app)
    sign_in(colleague, COLLEAGUE)
    shown = text(colleague.get(f"{BASE}/organisation-codes"))
    assert "Nobody at your organisation has a main code that works now" in shown
    done = app.test_cli_runner().invoke(cli.commands["codes"], ["main", "2", "--by", "Ann Other"])
    assert 0 == done.exit_code, done.output
    assert 1 == organisation_codes.count_codes(database(app).read(), 1)
    assert "Access codes of your organisation" in text(colleague.get(f"{BASE}/organisation-codes"))


def test_the_main_code_later(app: Flask, client: HouseClient) -> None:
    """When cleaning takes the last that was kept of who had it, nobody new gets it before the colleagues."""
    clear(app)
    sign_in(client, MAIN)
    delete(client)
    with database(app).write() as conn:
        conn.execute("DELETE FROM mandates")
        conn.execute("UPDATE access_codes SET revoked_at = ? WHERE person_id = 1", (to_text(days_ago(999)),))
    for _ in ("codes", "people without"):
        retention.clean(database(app), CONTEXT, clock.now())
    assert {} == person(app, 1)
    new, now = add_account(app), clock.now()
    with database(app).write() as conn:
        access_codes.add(conn, CONTEXT.keys, now, code=new_code(), person_id=new, organisation_id=1)
    assert rows(database(app), "organisations")[0]["main_person_id"] is None


def test_without_a_name(app: Flask, client: HouseClient) -> None:
    """An order that comes in late, of somebody whose name went, still goes to the organisation."""
    clear(app)
    sign_in(client, COLLEAGUE)
    delete(client)
    assert people.NAMELESS == person(app, 2)["given_name"]
    deliver(app, COLLEAGUE)
    main = browser(app)
    sign_in(main, MAIN)
    assert "LATE-1" in main.get(f"{BASE}/orders?period=all").text
    assert 200 == main.get(f"{BASE}/orders?number=LATE-1").status_code


def deliver(app: Flask, number: int, first: Importer | None = None) -> None:
    """An order by the code of this person, that the shop sends now; `first` has read it already."""
    adding = first or Importer(CONTEXT, clock.now())
    with database(app).write() as conn:
        if first is None:
            adding.add(conn, late(number))
        for batch in adding.batches(10):
            adding.write(conn, batch)


def late(number: int) -> Any:
    return values_of_object(
        {
            "number": "LATE-1", "ordered_at": clock.now().isoformat(), "access_code": accounts.code(number),
            "product": "extract", "payment": "credit", "state": "delivered", "amount": "1.00",
        }
    )  # fmt: skip


@pytest.mark.parametrize("printed", [False, True])
def test_a_letter_on_its_way(app: Flask, client: HouseClient, printed: bool) -> None:
    """A letter that waits is withdrawn; of one that is printed the page says that it still comes, without use. Printing
    and posting go on.
    """
    fill(app, PRIVATE, printed=printed)
    sign_in(client, PRIVATE)
    assert printed == ("A letter with an access code is on its way to you" in text(client.get(FORM)))
    delete(client)
    letter = rows(database(app), "letters")[-1]
    assert ("printed" if printed else "withdrawn") == letter["state"]
    codes = [row for row in rows(database(app), "access_codes") if row["id"] == letter["access_code_id"]]
    assert (1, True) == (len(codes), all(row["revoked_at"] for row in codes))
    print_letters(database(app), clock.now(), posted=True)


def test_links_from_before(app: Flask, client: HouseClient) -> None:
    """A link that was mailed about anything of theirs answers as one that was used."""
    sign_in(client)
    client.send(f"{BASE}/digital-invoices", {"email": "invoices@b.example"})
    other = browser(app)
    other.send(f"{BASE}/lost-access-code", {"email": accounts.email(MAIN), "kvk_number": KVK})
    links = [(form, token(app, kind)) for form, kind in LINKS]
    delete(client)
    for form, link in links:
        assert 410 == other.follow(other.get(f"{BASE}/{form}/link/{link}")).status_code, form
    close_dropped(app)
    assert ("lost_access_code.link", accounts.email(MAIN)) not in waiting_mails(app)


def test_files(app: Flask, client: HouseClient) -> None:
    """What was made for them to download goes too, on whichever device."""
    sign_in(client, PRIVATE)
    with app.test_request_context():
        folder = downloads.folder_of(app.extensions["services"])
    session = rows(database(app), "sessions")[-1]["id"]
    folder.path.mkdir(exist_ok=True)
    (folder.path / f"{session}-file").write_text(PLANTED)
    delete(client)
    assert [] == list(folder.path.iterdir())


def test_the_mail(app: Flask, client: HouseClient) -> None:
    """The receipt says the same as the page did, with the day, in its language."""
    fill(app, PRIVATE)
    buy(app, PRIVATE)
    sign_in(client, PRIVATE)
    address = "/nl/self-service/account-delete"
    page = client.get(address)
    listed = [house.text_of(one) for one in house.elements(house.parse(page.text), "li")]
    client.send(address, {"password": PASSWORD})
    row = next(row for row in rows(database(app), "outbox") if row["kind"] == "account.deleted")
    payload = filled(row)
    said = [" ".join(each.split()) for each in (*payload["gone"], *payload["kept"])]
    assert (True, "nl") == (len(said) > 5, row["language"])
    assert [each for each in listed if each in said] == said
    assert payload["day"].endswith("2026")


# When it is refused


def change_address(app: Flask, *, confirmed: bool) -> None:
    """Have the account of MAIN another address, or wait for that."""
    with database(app).write() as conn:
        email_changes.ask(conn, CONTEXT, 1, "new@b.example", "192.0.2.7", clock.now())
        change = email_changes.pending(conn, 1, clock.now())
        assert change
        if confirmed:
            assert email_changes.confirm(conn, CONTEXT, change.confirm_hash, "192.0.2.7", clock.now())


@pytest.mark.parametrize("kind", ["account", "code"])
def test_while_an_address_can_be_undone(app: Flask, client: HouseClient, kind: str) -> None:
    """Whoever took an account over cannot delete what its owner can still win back: not until that is over."""
    give_account(app, MAIN)
    sign_in_to_account(client) if kind == "account" else sign_in(client)
    password = ACCOUNT_PASSWORD if kind == "account" else PASSWORD
    about = client.about_of(FORM)
    change_address(app, confirmed=True)
    shown = client.get(FORM)
    assert ("that can be undone" in text(shown), 'name="password"' in shown.text) == (True, False)
    sent = {"about": about, "password": password}
    assert FORM == client.post(FORM, data=sent).headers["Location"]
    delete(client, password)
    assert "new@b.example" == person(app, 1)["email"]
    with database(app).write() as conn:
        conn.execute("UPDATE email_changes SET expires_at = ?", (to_text(clock.now()),))
    assert 303 == delete(client, password).status_code
    assert (kind == "account") == (rows(database(app), "email_changes") == [])


def test_a_change_that_waits(app: Flask, client: HouseClient) -> None:
    """One that was only asked for stops nothing: it goes too, its links open nothing, and its mails are not sent."""
    give_account(app, MAIN)
    change_address(app, confirmed=False)
    link = token(app, "account.email_confirm")
    sign_in_to_account(client)
    assert 303 == delete(client, ACCOUNT_PASSWORD).status_code
    close_dropped(app)
    assert ([], [("account.deleted", accounts.email(MAIN))]) == (
        rows(database(app), "email_changes"),
        waiting_mails(app),
    )
    other = browser(app)
    assert 410 == other.follow(other.get(f"{BASE}/account-email/link/{link}")).status_code


def test_a_change_that_waits_is_of_the_account(app: Flask, client: HouseClient) -> None:
    """Deleting the codes leaves both its links: the one to confirm it, and the one with which its owner undoes it."""
    give_account(app, MAIN)
    change_address(app, confirmed=False)
    sign_in(client)
    assert 303 == delete(client).status_code
    for link in (f"link/{token(app, 'account.email_confirm')}", f"undo/{token(app, 'account.email_announce')}"):
        other = browser(app)
        assert 200 == other.follow(other.get(f"{BASE}/account-email/{link}")).status_code


def test_a_change_that_no_longer_works(app: Flask, client: HouseClient) -> None:
    """What was mailed of one, before there was another password, is not sent either once the account is gone."""
    give_account(app, MAIN)
    change_address(app, confirmed=False)
    with database(app).write() as conn:
        user_accounts.store_hash(conn, 1, account_hashed(), clock.now() + timedelta(seconds=1))
    sign_in_to_account(client)
    assert 303 == delete(client, ACCOUNT_PASSWORD).status_code
    close_dropped(app)
    assert [("account.deleted", accounts.email(MAIN))] == waiting_mails(app)


@pytest.mark.parametrize("first", ["confirm", "delete"])
def test_beside_a_confirmation(app: Flask, client: HouseClient, first: str) -> None:
    """Of deleting and confirming another address at once the one that comes second finds that it cannot."""
    give_account(app, MAIN)
    change_address(app, confirmed=False)
    change = email_changes.pending(database(app).read(), 1, clock.now())
    sign_in_to_account(client)
    sent = {"about": client.about_of(FORM), "password": ACCOUNT_PASSWORD}
    if first == "delete":
        client.post(FORM, data=sent)
    with database(app).write() as conn:
        assert change
        done = email_changes.confirm(conn, CONTEXT, change.confirm_hash, "192.0.2.7", clock.now())
    if first == "confirm":
        client.post(FORM, data=sent)
    assert (first == "confirm", first == "confirm") == (done is not None, rows(database(app), "user_accounts") != [])


def test_a_wrong_password(app: Flask, client: HouseClient) -> None:
    """It is said, and makes the next try wait; nothing is locked and nothing went."""
    sign_in(client)
    before = dump_of(app, "people", "access_codes", "orders")
    statuses = [delete(client, "something else than mine").status_code for _ in range(5)]
    assert ([422] * login_throttle.FREE_ATTEMPTS, 429) == (statuses[: login_throttle.FREE_ATTEMPTS], statuses[-1])
    assert before == dump_of(app, "people", "access_codes", "orders")
    assert 303 == sign_in(browser(app)).status_code


def test_a_busy_hasher(app: Flask, client: HouseClient) -> None:
    """While too many passwords are being hashed nothing is done, and no try is counted."""
    sign_in(client)

    class Busy:
        def verify(self, *_: object) -> bool:
            raise HasherBusyError("taken")

    wired = app.extensions["services"]
    app.extensions["services"] = dataclasses.replace(wired, hasher=Busy())
    assert 503 == delete(client).status_code
    app.extensions["services"] = wired
    assert not [row for row in rows(database(app), "failures") if row["count"] > 1]
    assert 303 == delete(client).status_code


def test_what_came_in_between(app: Flask, client: HouseClient) -> None:
    """What the page did not show does not go: it is shown again, with what there is now."""
    sign_in(client, OTHER)
    about = client.about_of(FORM)
    buy(app, OTHER)
    answer = client.post(FORM, data={"about": about, "password": PASSWORD})
    assert (409, True) == (answer.status_code, "Something changed after you opened this page" in text(answer))
    assert accounts.email(OTHER) == person(app, person_id(app, OTHER))["email"]


# At once


@pytest.mark.parametrize("kind", ["account", "code"])
def test_pressed_twice(app: Flask, client: HouseClient, kind: str) -> None:
    """Of two presses at once the second says that it is done, and so does one with the cookie of before."""
    give_account(app, MAIN)
    sign_in_to_account(client) if kind == "account" else sign_in(client)
    password = ACCOUNT_PASSWORD if kind == "account" else PASSWORD
    sent = {"about": client.about_of(FORM), "password": password}
    cookie = client.cookie_value()
    for answer in at_once(app, client, (FORM, sent), (FORM, sent)):
        assert (303, f"{FORM}/done") == (answer.status_code, answer.headers["Location"])
    late_press = browser(app)
    late_press.set_cookie("loket", cookie or "", domain="127.0.0.1")
    assert f"{FORM}/done" == late_press.post(FORM, data=sent).headers["Location"]
    assert [("account.deleted", accounts.email(MAIN))] == waiting_mails(app)


@pytest.mark.parametrize("kind", ["account", "code"])
def test_beside_a_log_in(app: Flask, client: HouseClient, kind: str) -> None:
    """A log-in whose password was being hashed meanwhile is refused: no session begins."""
    give_account(app, MAIN)
    wired, typed = app.extensions["services"], accounts.email(MAIN) if kind == "account" else accounts.code(MAIN)
    name = signing_in.login_name(wired.keys, typed)
    known = signing_in.find_credentials(database(app).read(), name, clock.now())
    assert known
    sign_in_to_account(client) if kind == "account" else sign_in(client)
    delete(client, ACCOUNT_PASSWORD if kind == "account" else PASSWORD)
    with database(app).write() as conn:
        assert not signing_in.record_success(conn, CONTEXT, name, known, None, "192.0.2.7", clock.now())
    assert [] == [row for row in rows(database(app), "sessions") if row["person_id"] == 1]


def test_beside_a_delivery(app: Flask, client: HouseClient) -> None:
    """An order that was read before, and is written after, is kept, and adds up."""
    clear(app)
    reading = Importer(CONTEXT, clock.now())
    with database(app).write() as conn:
        reading.add(conn, late(PRIVATE))
    sign_in(client, PRIVATE)
    delete(client)
    deliver(app, PRIVATE, reading)
    assert ["LATE-1"] == [row["number"] for row in rows(database(app), "orders")]
    assert [] == OrderStore(database(app).read()).check()
    who = rows(database(app), "order_holders")[0]["person_id"]
    assert people.NAMELESS == person(app, who)["given_name"]


def test_at_one_moment(app: Flask) -> None:
    """Both of a person's devices delete at once, beside a delivery of their order: one does, and the sums are right."""
    clear(app)
    devices = [browser(app) for _ in range(2)]
    for each in devices:
        sign_in(each, PRIVATE)
    about = devices[0].about_of(FORM)
    answers: list[int] = []

    def press(device: HouseClient) -> None:
        answers.append(device.post(FORM, data={"about": about, "password": PASSWORD}).status_code)

    threads = [threading.Thread(target=press, args=(each,)) for each in devices]
    threads.append(threading.Thread(target=deliver, args=(app, PRIVATE)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {*answers} <= {303, 409, 422}
    assert [] == OrderStore(database(app).read()).check()
    assert 1 == len(rows(database(app), "orders"))


# Staff


def test_for_staff(app: Flask, client: HouseClient) -> None:
    """Whoever asks by the address finds nobody; the code is known as one that stopped."""
    sign_in(client, OTHER)
    code = rows(database(app), "sessions")[-1]["access_code_id"]
    delete(client)
    run = app.test_cli_runner().invoke
    assert "nobody has the e-mail address" in run(cli.commands["members"], ["show", accounts.email(OTHER)]).output
    assert 0 != run(cli.commands["codes"], ["revoke", str(code), "--by", "Ann Other"]).exit_code


@pytest.mark.parametrize(
    ("of_account", "heading"), [(True, "Delete your account"), (False, "Delete your data")]
)  # fmt: skip
def test_heading(app: Flask, client: HouseClient, *, of_account: bool, heading: str) -> None:
    """The page, its link on the personal page and the one in the settings call it what it is for that log-in."""
    prepare(app)
    give_account(app)
    sign_in_to_account(client) if of_account else sign_in(client)
    called = [house.title_of(house.parse(client.get("/en/self-service/account-delete").text)).partition(" – ")[0]]
    for place in ("my", "account")[: 1 + of_account]:
        page = house.parse(client.get(f"/en/self-service/{place}").text)
        called += [
            house.text_of(each) for each in house.elements(page, "a")
            if each.get("href") == "/en/self-service/account-delete"
        ]  # fmt: skip
    assert [heading] * (2 + of_account) == called

"""Signing in and out: what is asked, who gets in, and that nobody learns whose code is whose."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock
from selfservice.accounts import access_codes, passwords
from selfservice.accounts.passwords import Hasher
from selfservice.demo import accounts
from selfservice.limits import table
from selfservice.limits.rate_limit import RateLimit
from selfservice.values.access_code import group_code, with_check_character
from selfservice.web.cookies import MARKER
from tests import house
from tests.access_code_helpers import PERSON
from tests.clients import HTMX_HEADERS, HouseClient, leads_to
from tests.domain_helpers import rows, verbs
from tests.password_form_helpers import GOOD_PASSWORD, AppInside, PasswordForm
from tests.sign_in_helpers import (
    ADDRESS,
    COLLEAGUE,
    MAIN,
    OTHER,
    PASSWORD,
    PRIVATE,
    age_sessions,
    all_taken,
    browser,
    database,
    fast_hasher,
    person_id,
    prepare,
    sign_in,
    waiting_mails,
)
from tests.tabs import Tab

MY = "/en/self-service/my"
DEBIT = "/en/self-service/direct-debit"
TYPED = {"iban": "NL91 ABNA 0417 1643 00", "holder": "A. Rekeninghouder"}
WRONG = "groene giraffe zwemt naar huis"
UNKNOWN = with_check_character("ABCDEFGHJKLMNPQ")


@pytest.fixture(autouse=True)
def hasher(app: Flask) -> Hasher:
    return prepare(app)


def send(client: HouseClient, code: str, password: str = WRONG, place: str = "sign-in", **more: Any) -> Any:
    return client.send(ADDRESS, {"access_code": code, "password": password, "place": place}, **more)


def test_enter(client: HouseClient) -> None:
    """The right code and password lead to `my`, which says who is signed in."""
    answer = sign_in(client)
    page = client.follow(answer)
    assert (303, MY, True) == (answer.status_code, leads_to(answer), "Jip van der Zonnestraal" in page.text)


@pytest.mark.parametrize(
    "typed", [accounts.code(MAIN).lower(), group_code(accounts.code(MAIN)), f" {accounts.code(MAIN)} "]
)
def test_code_as_typed(client: HouseClient, typed: str) -> None:
    """Lower case, spaces and dashes do not matter."""
    assert 303 == send(client, typed, PASSWORD).status_code


def test_password_is_composed(app: Flask, client: HouseClient) -> None:
    """A password typed with separate accents is the same password."""
    with database(app).write() as conn:
        passwords.store_hash(conn, person_id(app, MAIN), fast_hasher().hash("vijf caf\u00e9s op een rij"), clock.now())
    assert 303 == sign_in(client, password="vijf cafe\u0301s op een rij").status_code


@pytest.mark.parametrize(
    ("code", "password", "fields"),
    [
        ("", "", {"access_code", "password"}),
        ("ABCD", WRONG, {"access_code"}),
        (UNKNOWN[:-1] + "2", WRONG, {"access_code"}),
        (accounts.code(MAIN), "", {"password"}),
        (accounts.code(MAIN), "é" * 513, {"password"}),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_wrong_input(
    client: HouseClient,
    hasher: Hasher,
    statements: list[str],
    code: str,
    password: str,
    fields: set[str],
    *,
    htmx: bool,
) -> None:
    """What cannot be right is told at its field, without a hash or a look in the database; the code stays."""
    answer = send(client, code, password, htmx=htmx)
    tree = house.parse(answer.text, fragment=htmx)
    wrong = {one.get("name") for one in house.elements(tree, "input") if one.get("aria-invalid") == "true"}
    kept = next(one.get("value") for one in house.elements(tree, "input") if one.get("name") == "access_code")
    assert (422, fields, code, 0, []) == (answer.status_code, wrong, kept, hasher.calls, statements)
    assert not password or password not in answer.text


def outcome(app: Flask, hasher: Hasher, statements: list[str], code: str, number: int) -> tuple[Any, ...]:
    """Everything that the world or a stopwatch could see of a wrong try."""
    client = browser(app)
    before = hasher.calls
    statements.clear()
    answer = send(client, code, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
    text = answer.text.replace(code, "CODE")
    return answer.status_code, sorted(answer.headers.items()), text, hasher.calls - before, verbs(statements)


def test_uniform(app: Flask, hasher: Hasher, statements: list[str]) -> None:
    """Known, unknown, withdrawn, lapsed and without a password: the same status, headers, bytes, one hash and the same
    statements.
    """
    now = clock.to_text(clock.now())
    with database(app).write() as conn:
        access_codes.revoke(conn, 2, clock.now())
        conn.execute("UPDATE access_codes SET valid_until = ? WHERE id = 3", (now,))
        conn.execute("DELETE FROM passwords WHERE person_id = 4")
    tried = [accounts.code(0), UNKNOWN, accounts.code(1), accounts.code(2), accounts.code(3)]
    found = [outcome(app, hasher, statements, code, number) for number, code in enumerate(tried)]
    assert [found[0]] * 5 == found
    assert (422, 1, 2) == (found[0][0], found[0][3], found[0][4].count("BEGIN"))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE access_codes SET revoked_at = '2026-01-01T00:00:00.000000Z' WHERE id = 1",
        "UPDATE access_codes SET valid_until = '2026-01-01T00:00:00.000000Z' WHERE id = 1",
        "DELETE FROM passwords WHERE person_id = 1",
    ],
)
def test_shut_out(app: Flask, client: HouseClient, change: str) -> None:
    """A withdrawn code, one not used in time, and a person without a password: the right password does not help."""
    with database(app).write() as conn:
        conn.execute(change)
    assert (422, []) == (sign_in(client).status_code, rows(database(app), "sessions"))


def test_used_in_time(app: Flask, client: HouseClient) -> None:
    """The first use is written down; a code used in time stays good after its last day."""
    sign_in(client)
    used = rows(database(app), "access_codes")[0]["first_used_at"]
    with database(app).write() as conn:
        conn.execute("UPDATE access_codes SET valid_until = '2026-01-01T00:00:00.000000Z' WHERE id = 1")
    again = sign_in(browser(app))
    assert (True, 303, used) == (bool(used), again.status_code, rows(database(app), "access_codes")[0]["first_used_at"])


@pytest.mark.parametrize("code", [accounts.code(MAIN), UNKNOWN])
@pytest.mark.parametrize("htmx", [False, True])
def test_wait(client: HouseClient, hasher: Hasher, code: str, *, htmx: bool) -> None:
    """After four wrong tries on one name, anybody's or nobody's, one has to wait; no hash is computed then."""
    for _ in range(4):
        assert 422 == send(client, code).status_code
    answer = send(client, code, PASSWORD, htmx=htmx)
    assert (429, "30", 4) == (answer.status_code, answer.headers["Retry-After"], hasher.calls)


def test_right_after_the_wait(app: Flask, client: HouseClient) -> None:
    """After the wait the right password works, and then the failures are forgotten."""
    for _ in range(4):
        sign_in(client, password=WRONG)
    with database(app).write() as conn:
        conn.execute("UPDATE failures SET free_at = 0")
    assert (303, []) == (sign_in(client).status_code, rows(database(app), "failures"))


def test_another_name_does_not_wait(client: HouseClient) -> None:
    """Failures on one name hold up no other."""
    for _ in range(5):
        sign_in(client, MAIN, WRONG)
    assert 303 == sign_in(client, COLLEAGUE).status_code


@pytest.mark.parametrize(("failed", "told"), [(4, []), (5, [("sign_in.after_failures", accounts.email(MAIN))])])
def test_owner_is_told(app: Flask, client: HouseClient, failed: int, told: list[tuple[str, str]]) -> None:
    """After five failures and a success the owner gets a mail."""
    for _ in range(failed):
        sign_in(client, password=WRONG)
        with database(app).write() as conn:
            conn.execute("UPDATE failures SET free_at = 0")
    sign_in(client)
    assert told == waiting_mails(app)


def test_owner_is_told_over_the_cap(app: Flask, client: HouseClient) -> None:
    """Who asks for passwords in the owner's name first cannot keep that mail from them: it goes later."""
    for _ in range(4):
        client.send(
            "/en/self-service/replacement-password", {"access_code": accounts.code(MAIN), "email": accounts.email(MAIN)}
        )
    for _ in range(5):
        sign_in(client, password=WRONG)
        with database(app).write() as conn:
            conn.execute("UPDATE failures SET free_at = 0")
    sign_in(client)
    assert ("sign_in.after_failures", accounts.email(MAIN)) == waiting_mails(app)[-1]


@pytest.mark.parametrize("limit", ["network", "submitted"])
def test_limits(app: Flask, client: HouseClient, hasher: Hasher, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """Tries from one address, and on one name, are limited before any hash is computed."""
    changes: dict[str, Any] = {limit: RateLimit(limit, 2, 3600)}
    monkeypatch.setattr(table, "SIGN_IN", dataclasses.replace(table.SIGN_IN, **changes))
    statuses = [sign_in(client).status_code for _ in range(3)]
    assert ([303, 303, 429], 2) == (statuses, hasher.calls)


def test_limited_try_is_no_failure(app: Flask, client: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is over the limit of their address cannot make somebody else wait."""
    few = dataclasses.replace(table.SIGN_IN, network=RateLimit("sign-in-address", 1, 3600))
    monkeypatch.setattr(table, "SIGN_IN", few)
    for _ in range(6):
        sign_in(client, password=WRONG)
    assert [1] == [row["count"] for row in rows(database(app), "failures")]


def test_busy(app: Flask, client: HouseClient, hasher: Hasher) -> None:
    """When all places for hashing are taken, it says to try again, and the try did not count as failed."""
    hasher._wait_seconds = 0.01
    sign_in(client, password=WRONG)
    with all_taken(hasher):
        statuses = [sign_in(client).status_code for _ in range(3)]
    assert ([503] * 3, 303) == (statuses, sign_in(client).status_code)


def test_rehash(app: Flask, client: HouseClient) -> None:
    """A hash made with weaker parameters is made anew at sign-in; the same password goes on working."""
    with database(app).write() as conn:
        old = Hasher(memory_kib=32, passes=1).hash(PASSWORD)
        conn.execute("UPDATE passwords SET hash = ? WHERE person_id = 1", (old,))
    sign_in(client)
    kept = rows(database(app), "passwords")[0]["hash"]
    assert (True, False, 303) == (kept != old, fast_hasher().is_outdated(kept), sign_in(browser(app)).status_code)


def test_new_cookie(app: Flask, client: HouseClient) -> None:
    """Signing in gives a new cookie; one planted before is worth nothing, and the session before it ends."""
    client.set_cookie("loket", "planted", domain="127.0.0.1")
    sign_in(client)
    first = client.cookie_value()
    sign_in(client)
    open_rows = [row for row in rows(database(app), "sessions") if row["ended_at"] is None]
    assert (3, 1) == (len({"planted", first, client.cookie_value()}), len(open_rows))


def test_changed_meanwhile(app: Flask, client: HouseClient, hasher: Hasher) -> None:
    """A password that is changed, or a code that is withdrawn, while the hash is computed lets nobody in."""
    verify = hasher.verify

    def slow(hashed: str | None, password: str) -> bool:
        with database(app).write() as conn:
            access_codes.revoke(conn, 1, clock.now())
        return verify(hashed, password)

    hasher.verify = slow  # type: ignore[method-assign]
    assert (422, []) == (sign_in(client).status_code, rows(database(app), "sessions"))


def test_out(app: Flask, client: HouseClient) -> None:
    """Signing out ends the session, clears the browser's cache and cookie; a copied cookie is dead."""
    sign_in(client)
    copied = client.cookie_value()
    answer = client.send(f"{ADDRESS}/out", {})
    thief = browser(app)
    thief.set_cookie("loket", copied or "", domain="127.0.0.1")
    assert (303, '"cache"', None) == (answer.status_code, answer.headers["Clear-Site-Data"], client.cookie_value())
    assert (204, []) == (thief.fragment(f"{MY}/mine").status_code, rows(database(app), "visits"))


def test_out_with_htmx(client: HouseClient) -> None:
    """htmx is told to load the whole page, since the page around the form said who was signed in."""
    sign_in(client)
    answer = client.send(f"{ADDRESS}/out", {}, htmx=True)
    assert (204, f"{ADDRESS}/out") == (answer.status_code, leads_to(answer))
    assert '"cache"' == answer.headers["Clear-Site-Data"]
    assert "You are logged out" in client.follow(answer).text


def test_out_twice(client: HouseClient) -> None:
    """Signing out when nobody is signed in is fine."""
    assert [303, 303] == [client.send(f"{ADDRESS}/out", {}).status_code for _ in range(2)]


@pytest.mark.parametrize(("name", "value"), [("minutes", 15), ("hours", 8)])
def test_time_out(app: Flask, client: HouseClient, name: str, value: int) -> None:
    """After 15 minutes without use, and after 8 hours, the sign-in form is back."""
    sign_in(client)
    age_sessions(app, **{name: value})
    assert 'name="password"' in client.get(MY).text


def test_use_prolongs(app: Flask, client: HouseClient) -> None:
    """Each page begins the 15 minutes anew; it writes at most once a minute."""
    sign_in(client)
    shown = []
    for minutes in (14, 14, 14):
        age_sessions(app, minutes=minutes)
        shown.append("Jip van der Zonnestraal" in client.get(MY).text)
    assert [True] * 3 == shown


def test_reading_writes_little(client: HouseClient, statements: list[str]) -> None:
    """Reading pages while signed in writes nothing within a minute, and asks for the session once a page."""
    sign_in(client)
    statements.clear()
    client.get("/en/self-service/search")
    assert ["SELECT"] == [verb for verb in verbs(statements) if verb != "PRAGMA"]


def test_stay(app: Flask, client: HouseClient) -> None:
    """'Stay logged in' begins the time anew and answers the line about it alone; without htmx it leads back."""
    sign_in(client)
    age_sessions(app, minutes=14)
    data = {"place": "direct-debit"}
    part = client.send(f"{ADDRESS}/stay", data, htmx=True)
    left = re.search(r'id="direct-debit-session" data-session="(\d+)"', part.text)
    assert left
    assert (200, True) == (part.status_code, int(left[1]) > 800)
    assert "/en/self-service/direct-debit" == client.send(f"{ADDRESS}/stay", data).headers["Location"]


def test_stay_too_late(app: Flask, client: HouseClient) -> None:
    """After the time-out it says so, and that what was typed is kept."""
    sign_in(client)
    age_sessions(app, minutes=15)
    assert "You are logged out now" in client.send(f"{ADDRESS}/stay", {"place": "my"}, htmx=True).text


def test_warning_is_there(client: HouseClient) -> None:
    """The line says until when, without a script; the button to stay waits for the script to show it."""
    sign_in(client)
    tree = house.parse(client.get(MY).text)
    bar = next(one for one in house.elements(tree, "div") if one.get("id") == "my-session")
    stay = next(one for one in house.elements(bar, "form") if one.get("action") == f"{ADDRESS}/stay")
    assert (True, True, "120") == (
        "log you out at" in house.text_of(bar),
        "hidden" in stay.attrib,
        bar.get("data-warn"),
    )


@pytest.mark.parametrize(
    ("then", "place"),
    [
        ("/en/self-service/direct-debit", "/en/self-service/direct-debit"),
        ("/nl/self-service/direct-debit", "/en/self-service/direct-debit"),
        ("/en/self-service/orders?words=a#orders", "/en/self-service/orders?words=a"),
        ("/en/orders/?next=/self-service/", MY),
        ("//elsewhere.example/", MY),
        ("https://elsewhere.example/", MY),
        ("/\\elsewhere.example", MY),
        ("//[", MY),
        ("", MY),
    ],
)
def test_next(client: HouseClient, then: str, place: str) -> None:
    """Signing in leads on to a form of this site in one's language, and to nowhere else."""
    assert place == leads_to(sign_in(client, next=then))


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("place", ["sign-in", "my", "orders", "direct-debit", "nothing"])
def test_leads_to_a_place(client: HouseClient, place: str, *, htmx: bool) -> None:
    """Signing in leads to the page of the form in whose place it was: the whole page, so that it begins at its top."""
    answer = send(client, accounts.code(MAIN), PASSWORD, htmx=htmx, place=place)
    there = MY if place in ("sign-in", "nothing") else f"/en/self-service/{place}"
    assert (204 if htmx else 303, there) == (answer.status_code, leads_to(answer))
    assert "Jip van der Zonnestraal" in client.follow(answer).text


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("more", [{}, {"place": "orders"}, {"next": "/en/self-service/orders?period=last-year"}])
def test_no_cookies(app: Flask, more: dict[str, str], *, htmx: bool) -> None:
    """A right password in a browser that keeps no cookies: at once it says that they are needed, and not the form."""
    client = app.test_client(use_cookies=False)
    data = {"access_code": accounts.code(MAIN), "password": PASSWORD, **more}
    answer = client.post(ADDRESS, data=data, headers=HTMX_HEADERS if htmx else {})
    page = client.get(answer.headers["HX-Redirect" if htmx else "Location"])
    assert (200, True, False) == (page.status_code, "Allow cookies" in page.text, 'name="password"' in page.text)


def test_next_in_address(client: HouseClient) -> None:
    """An address of the form can say where to go on."""
    page = client.get(f"{ADDRESS}?next=/en/self-service/devices")
    inputs = house.elements(house.parse(page.text), "input")
    assert ["/en/self-service/devices"] == [one.get("value") for one in inputs if one.get("name") == "next"]


def test_error_stays_in_its_place(client: HouseClient) -> None:
    """A wrong password typed in another form's place is told in that place."""
    answer = send(client, accounts.code(MAIN), htmx=False)
    there = send(client, "", "", place="direct-debit", htmx=True)
    assert [True, True] == ['<section id="sign-in"' in answer.text, '<section id="direct-debit"' in there.text]


def test_language_switch(client: HouseClient) -> None:
    """The switch keeps the code, the errors and where to go on, and never the password."""
    data = {"access_code": "ABCD", "password": WRONG, "next": "/en/self-service/devices", "switch_language": "1"}
    plain = client.send("/nl/self-service/sign-in", data)
    checked = client.send("/nl/self-service/sign-in", {**data, "checked": "1"})
    assert (200, 422) == (plain.status_code, checked.status_code)
    for page in (plain, checked):
        values = {one.get("name"): one.get("value", "") for one in house.elements(house.parse(page.text), "input")}
        assert ("ABCD", "", "/nl/self-service/devices") == (values["access_code"], values["password"], values["next"])


@pytest.mark.parametrize("name", ["sign-in", "my", "devices", "change-password", "direct-debit", "digital-invoices"])
def test_personal_forms(client: HouseClient, name: str) -> None:
    """Opened by a stranger, a personal form asks to sign in, in its own place; signed in, it shows itself.

    A page that held it baked stays as it is for a stranger.
    """
    address = f"/en/self-service/{name}"
    start, load = client.get(address).text, client.fragment(f"{address}/mine")
    assert ('name="password"' in start, 204, "") == (True, load.status_code, load.text)
    assert f'data-hx-get="{address}/mine" data-hx-trigger="load"' in start
    sign_in(client)
    shown = client.fragment(f"{address}/mine")
    assert (200, True, True) == (shown.status_code, f'<section id="{name}"' in shown.text, "-session" in shown.text)
    assert address == client.get(f"{address}/mine").headers["Location"]


def test_loading_takes_no_focus(client: HouseClient) -> None:
    """What a page loads by itself takes no focus; what follows on a press does."""
    sign_in(client)
    texts = [client.fragment(address).text for address in (f"{MY}/mine", MY)]
    assert [False, True] == ["autofocus" in text for text in texts]


def test_header(client: HouseClient) -> None:
    """Every page of the app says who is signed in, and has a way out; others have a link that fits."""
    before = client.get("/en/self-service/search").text
    sign_in(client)
    after = [client.get(path).text for path in ("/en/self-service/search", "/en/nothing", "/en/self-service/my")]
    assert [True] * 3 == ["Jip van der Zonnestraal" in text and f'action="{ADDRESS}/out"' in text for text in after]
    assert (True, False) == (f'href="{MY}"' in before, f"{ADDRESS}/out" in before)


def test_somebody_else_on_this_browser(app: Flask, client: HouseClient) -> None:
    """What one person typed is kept for them after a time-out, and gone when somebody else signs in."""
    kept = []
    for number in (MAIN, PRIVATE):
        sign_in(client)
        tab = Tab(client).open(DEBIT)
        age_sessions(app, minutes=15)
        tab.send(DEBIT, TYPED)
        assert "What you typed is kept" in client.get(DEBIT).text
        sign_in(client, number)
        kept.append(TYPED["holder"] in client.get(DEBIT).text)
    assert ([True, False], []) == (kept, rows(database(app), "drafts"))


def test_page_of_who_was_here_before(app: Flask, client: HouseClient) -> None:
    """What is sent from the page of one person, after the session of the next has ended too, is kept for neither."""
    sign_in(client)
    tab = Tab(client).open(DEBIT)
    sign_in(client, PRIVATE)
    age_sessions(app, minutes=15)
    tab.send(DEBIT, TYPED)
    said = "nothing was changed" in tab.answer.text
    sign_in(client, PRIVATE)
    assert (True, False, []) == (said, TYPED["holder"] in client.get(DEBIT).text, rows(database(app), "drafts"))


def test_typed_with_another_code(app: Flask, client: HouseClient) -> None:
    """What a person typed with one of their codes is not filled in for the organisation of the other."""
    with database(app).write() as conn:
        mine, other = (person_id(app, number) for number in (MAIN, OTHER))
        conn.execute("UPDATE access_codes SET person_id = ? WHERE person_id = ?", (mine, other))
    shown = []
    for number in (OTHER, MAIN):
        sign_in(client)
        tab = Tab(client).open(DEBIT)
        age_sessions(app, minutes=15)
        tab.send(DEBIT, TYPED)
        sign_in(client, number)
        shown.append(TYPED["holder"] in client.get(DEBIT).text)
    assert [False, True] == shown


def test_logged_out_in_another_tab(client: HouseClient) -> None:
    """What is sent after logging out elsewhere is not kept, and that it was not done is said."""
    sign_in(client)
    tab = Tab(client).open(DEBIT)
    client.send(f"{ADDRESS}/out", {})
    tab.send(DEBIT, TYPED)
    assert "nothing was changed" in tab.answer.text


def test_stranger_leaves_nothing(app: Flask, client: HouseClient) -> None:
    """A form sent by nobody is not kept, and starts no visit."""
    answer = client.send("/en/self-service/direct-debit", {"iban": "NL91", "holder": "J"})
    assert (303, None, []) == (answer.status_code, client.cookie_value(), rows(database(app), "visits"))


def test_events(app: Flask, client: HouseClient) -> None:
    """Signing in, failing and signing out are written down."""
    sign_in(client, password=WRONG)
    sign_in(client)
    client.send(f"{ADDRESS}/out", {})
    events = [(row["what"], row["result"]) for row in rows(database(app), "events")]
    assert [("sign_in", "refused"), ("sign_in", "ok"), ("sign_out", "ok")] == events


def test_new_password_ends_sessions(app: Flask, client: HouseClient) -> None:
    """A password chosen through a mailed link ends every session, and one signs in with the new one."""
    sign_in(client)
    elsewhere = PasswordForm(browser(app))
    elsewhere.ask()
    elsewhere.follow(AppInside(app).token())
    elsewhere.choose()
    entered = [sign_in(browser(app), password=each).status_code for each in (PASSWORD, GOOD_PASSWORD)]
    assert (204, [422, 303]) == (client.fragment(f"{MY}/mine").status_code, entered)


def test_extra_fields_change_nothing(app: Flask, client: HouseClient) -> None:
    """A field that the form does not have does nothing; one sent twice is refused."""
    sign_in(client, person_id="2", kind="business", organisation_id="3")
    session = rows(database(app), "sessions")[0]
    twice = client.post(ADDRESS, data="access_code=a&access_code=b", content_type="application/x-www-form-urlencoded")
    assert (person_id(app, MAIN), 400) == (session["person_id"], twice.status_code)


def test_parameters() -> None:
    """The real hasher's parameters are the ones that security asks for."""
    assert (19456, 2, 1) == (passwords.MEMORY_KIB, passwords.PASSES, passwords.LANES)


def test_htmx_header_is_asked(client: HouseClient) -> None:
    """The fragment alone comes to htmx."""
    assert "<html" not in client.get(ADDRESS, headers=HTMX_HEADERS).text


def brought(answer: TestResponse) -> list[tuple[str, str]]:
    """What a fragment brings along for the header around it: where it goes, and its text."""
    found = house.elements(house.parse(answer.text, fragment=True))
    return [(one.get("data-hx-swap-oob", ""), house.text_of(one)) for one in found if "data-hx-swap-oob" in one.attrib]


def test_header_follows(client: HouseClient) -> None:
    """What a page loads of a form brings along who is signed in, for the header; a page has its one header."""
    then = "/en/self-service/direct-debit"
    assert [] == brought(client.fragment(then))
    sign_in(client, next=then)
    for address in (then, f"{then}/mine"):
        [(where, said)] = brought(client.fragment(address))
        assert ("outerHTML:.account", True) == (where, said.startswith("Jip van der Zonnestraal"))
    page = client.get(then).text
    assert (1, False) == (page.count('class="account"'), "swap-oob" in page)


@pytest.mark.parametrize("how", ["form", "stay"])
def test_header_follows_the_time_out(app: Flask, client: HouseClient, how: str) -> None:
    """After the time-out the header no longer says who was signed in."""
    then = "/en/self-service/direct-debit"
    sign_in(client)
    age_sessions(app, minutes=15)
    answer = (
        client.fragment(then) if how == "form" else client.send(f"{ADDRESS}/stay", {"place": "direct-debit"}, htmx=True)
    )
    assert [("outerHTML:.account", "Log in")] == brought(answer)


def test_header_of_strangers_stays(app: Flask, client: HouseClient) -> None:
    """Who was never signed in is brought nothing, also with a cookie: a start view is the same for all."""
    client.send("/en/self-service/access-code/need", {"need": "private", **PERSON})
    answers = [client.fragment(MY), send(client, UNKNOWN, htmx=True), send(client, "", htmx=True)]
    assert ([[], [], []], True) == ([brought(one) for one in answers], client.cookie_value() is not None)


HEADER = f"{ADDRESS}/header"


def mark(client: HouseClient) -> tuple[str, str] | None:
    """The mark in the browser: what it says, and its SameSite; if there is one."""
    cookie = client.get_cookie(MARKER, "127.0.0.1")
    return (cookie.value, str(cookie.same_site)) if cookie else None


@pytest.mark.parametrize(("number", "kind"), [(MAIN, "business"), (PRIVATE, "private")])
def test_mark(client: HouseClient, number: int, kind: str) -> None:
    """Logging in leaves a mark that scripts can read, as long as the session's cookie; logging out takes both away."""
    assert None is mark(client)
    given = [each for each in sign_in(client, number).headers.getlist("Set-Cookie") if each.startswith(f"{MARKER}=")]
    assert ([f"{MARKER}={kind}; Path=/; SameSite=Lax"], (kind, "Lax")) == (given, mark(client))
    client.send(f"{ADDRESS}/out", {})
    assert (None, None) == (mark(client), client.cookie_value())


def test_no_mark_for_nobody(client: HouseClient) -> None:
    """A cookie of a form, a wrong password and a page leave no mark."""
    client.send("/en/self-service/access-code/need", {"need": "private", **PERSON})
    send(client, accounts.code(MAIN))
    client.get(ADDRESS)
    assert (None, True) == (mark(client), client.cookie_value() is not None)


def test_mark_is_no_credential(app: Flask, client: HouseClient, statements: list[str]) -> None:
    """A mark that is made up opens nothing: every answer is a stranger's, no row is read, and it is taken away."""
    sign_in(client)
    addresses = [MY, f"{MY}/mine", DEBIT, HEADER, f"{ADDRESS}/mine", "/en/self-service/orders"]
    stranger, forger = browser(app), browser(app)
    forger.set_cookie(MARKER, "business", domain="127.0.0.1")
    statements.clear()
    for address in addresses:
        answers = [each.fragment(address) for each in (stranger, forger)]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].data == answers[1].data
    assert ([], None) == (statements, mark(forger))


def test_header_alone(client: HouseClient) -> None:
    """A page that is the same for all gets its header's words: the way in, or who is logged in and the way out."""
    before = client.fragment(HEADER)
    sign_in(client)
    after = client.fragment(HEADER)
    tree = house.parse(after.text, fragment=True)
    [form] = house.elements(tree, "form")
    [link] = house.elements(tree, "a")
    [way] = house.elements(house.parse(before.text, fragment=True), "a")
    assert ("Log in", MY) == (house.text_of(way), way.get("href"))
    assert (f"{ADDRESS}/out", "account", None) == (form.get("action"), form.get("class"), form.get("data-hx-post"))
    assert ("Jip van der Zonnestraal", "Your personal page: Jip van der Zonnestraal") == (
        house.text_of(link),
        link.get("title"),
    )
    assert leads_to(client.get(HEADER)) == MY


def test_header_prolongs_nothing(app: Flask, client: HouseClient) -> None:
    """However often it is asked for, the session ends when nothing else is done; the mark goes with it."""
    sign_in(client)
    age_sessions(app, minutes=14)
    before = rows(database(app), "sessions")
    said = client.fragment(HEADER).text
    assert (before, True, ("business", "Lax")) == (rows(database(app), "sessions"), "Jip" in said, mark(client))
    age_sessions(app, minutes=1)
    assert (True, None) == ("Log in" in client.fragment(HEADER).text, mark(client))


def test_mark_comes_back(client: HouseClient) -> None:
    """A browser that lost its mark gets it again with the header, as after a change of password."""
    sign_in(client)
    client.delete_cookie(MARKER, domain="127.0.0.1")
    client.fragment(HEADER)
    assert ("business", "Lax") == mark(client)


@pytest.mark.parametrize("sql", ["DELETE FROM sessions", "UPDATE access_codes SET revoked_at = created_at"])
def test_mark_after_the_session_is_gone(app: Flask, client: HouseClient, sql: str) -> None:
    """Where the session is gone (a copy put back, a code withdrawn, somebody deleted), header and mark go too."""
    sign_in(client)
    with database(app).write() as conn:
        conn.execute(sql)
    assert (True, None) == ("Log in" in client.fragment(HEADER).text, mark(client))

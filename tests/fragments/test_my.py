"""`my`, `devices` and `change-password`: what an access code is for, where one is signed in, another password."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from selfservice import clock
from selfservice.accounts import passwords
from selfservice.accounts.passwords import Hasher
from selfservice.demo import accounts
from selfservice.limits import table
from selfservice.limits.rate_limit import RateLimit
from tests import house
from tests.clients import HouseClient
from tests.domain_helpers import rows
from tests.sign_in_helpers import (
    COLLEAGUE,
    MAIN,
    OTHER,
    PASSWORD,
    PRIVATE,
    age_sessions,
    browser,
    database,
    fast_hasher,
    person_id,
    prepare,
    shown_to,
    sign_in,
    waiting_mails,
)

MY = "/en/self-service/my"
DEVICES = "/en/self-service/devices"
CHANGE = "/en/self-service/change-password"
NEW = "groene giraffe zwemt langzaam weg"


@pytest.fixture(autouse=True)
def hasher(app: Flask) -> Hasher:
    return prepare(app)


def text(client: HouseClient, address: str = MY) -> str:
    return house.text_of(house.parse(client.fragment(address).text, fragment=True))


def set_main(app: Flask, number: int) -> None:
    with database(app).write() as conn:
        conn.execute(
            """UPDATE organisations SET main_person_id = :person
               WHERE id = (SELECT organisation_id FROM access_codes WHERE person_id = :person)""",
            {"person": person_id(app, number)},
        )


def test_business(app: Flask, client: HouseClient) -> None:
    """A business code shows the person, the organisation and whether it is the main code."""
    set_main(app, MAIN)
    sign_in(client)
    other = browser(app)
    sign_in(other, COLLEAGUE)
    shown = [text(client), text(other)]
    for expected in ("Jip van der Zonnestraal", "Bakkerij De Gouden Korst, KVK number 00010007", "ends in"):
        assert expected in shown[0]
    assert [True, False] == ["Yes: with this code" in each for each in shown]


def test_private(client: HouseClient) -> None:
    """A private code says so, and shows no main code."""
    sign_in(client, PRIVATE)
    shown = text(client)
    assert (True, False) == ("Private use" in shown, "Main code" in shown)


@pytest.mark.parametrize(
    ("number", "titles"),
    [
        (
            MAIN,
            [
                "Order products",
                "File annual",
                "Arrange direct debit",
                "Ask for digital",
                "See your orders",
                "See and withdraw access codes",
                "Change your pass",
                "Download your data",
                "Delete your data",
            ],
        ),
        (
            PRIVATE,
            [
                "Order products",
                "Deposit credit",
                "Arrange direct debit",
                "See your orders",
                "Change your password",
                "Download your data",
                "Delete your data",
            ],
        ),
    ],
)
def test_what_can_be_done(client: HouseClient, number: int, titles: list[str]) -> None:
    """The list is that of content/rights.toml for the kind of use, in its order; every link leads somewhere; what is
    done elsewhere to the page for it, with the name of that site.
    """
    sign_in(client, number)
    tree = house.parse(client.fragment(MY).text, fragment=True)
    links = [one for item in house.elements(tree, "li") for one in house.elements(item, "a")]
    found = [house.text_of(one) for one in links]
    assert [True] * len(titles) == [text.startswith(title) for text, title in zip(found, titles, strict=False)]
    assert len(titles) + 1 == len(found)
    ours = [one.get("href", "") for one in links if one.get("href", "").startswith("/")]
    assert [200] * len(ours) == [client.get(address).status_code for address in ours]
    pages = {
        MAIN: ["ordering-products/", "filing/filing-financial-statements-yourself/"],
        PRIVATE: ["ordering-products/", "mijn-account/"],
    }[number]
    elsewhere = [one.get("href", "") for one in links if one.get("href", "") not in ours]
    assert pages == [address.split("www.kvk.nl/")[1].removeprefix("en/") for address in elsewhere]
    assert len(elsewhere) == sum(one.endswith("(at www.kvk.nl)") for one in found)


@pytest.mark.parametrize(
    ("method", "day", "shown"),
    [
        (None, None, "Not known yet"),
        ("direct_debit", None, "By direct debit"),
        (None, "2020-01-01", "By direct debit"),
        (None, "2999-01-01", "From 1 January 2999 by direct debit"),
        ("direct_debit", "2999-01-01", "By direct debit, and from 1 January 2999 by direct debit"),
    ],
)
def test_payment(app: Flask, client: HouseClient, method: str | None, day: str | None, shown: str) -> None:
    """How is paid: as the register says, and from its day on as the mandate says, whoever gave it."""
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET payment_method = ? WHERE id = 1", (method,))
        if day:
            conn.execute(
                """INSERT INTO mandates (person_id, organisation_id, iban, holder, agreed_at, effective_on)
                   VALUES (?, 1, 'NL91ABNA0417164300', 'J', '2026-01-01T00:00:00.000000Z', ?)""",
                (person_id(app, COLLEAGUE), day),
            )
    sign_in(client)
    assert f"Payment {shown} What" in text(client)


def test_private_payment(app: Flask, client: HouseClient) -> None:
    """Privately it is one's own method that counts."""
    with database(app).write() as conn:
        conn.execute("UPDATE people SET payment_method = 'credit' WHERE id = ?", (person_id(app, PRIVATE),))
        conn.execute("UPDATE organisations SET payment_method = 'direct_debit'")
    sign_in(client, PRIVATE)
    assert "Payment By credit What" in text(client)


def test_devices(app: Flask, client: HouseClient) -> None:
    """The list shows one's own open sessions, and which one this is."""
    sign_in(client)
    sign_in(browser(app))
    sign_in(browser(app), OTHER)
    shown = text(client, DEVICES)
    assert (2, 1) == (len(re.findall(r"Logged in with your access code: \d", shown)), shown.count("(this one)"))


def test_devices_are_told_apart(app: Flask, client: HouseClient) -> None:
    """Each says what it is in words, and whether it is on the connection of who looks; no address is kept of it."""
    phone = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
    for agent, address in ((phone, "198.51.100.7"), (phone.replace(" Mobile", ""), "127.0.0.1")):
        other = browser(app)
        other.environ_base.update(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
        sign_in(other)
    sign_in(client)
    shown = text(client, DEVICES)
    assert re.search(r"Phone: Chrome on Android Logged in.{60,110}? On a different internet connection", shown)
    assert re.search(
        r"Tablet: Chrome on Android Logged in.{60,110}? On the internet connection that you use",
        shown,
    )
    assert "198.51.100" not in shown + str(rows(database(app), "sessions"))


def end_buttons(client: HouseClient) -> list[str]:
    return re.findall(r'name="device" value="(\w+)"', client.get(DEVICES).text)


def test_end_a_device(app: Flask, client: HouseClient) -> None:
    """A session is ended from another one, and the page says so."""
    other = browser(app)
    sign_in(client)
    sign_in(other)
    answer = client.send(f"{DEVICES}/end", {"device": end_buttons(client)[0]})
    assert "That device is logged out" in client.follow(answer).text
    assert ([204, 200], []) == (
        [each.fragment(f"{MY}/mine").status_code for each in (other, client)],
        end_buttons(client),
    )


def test_end_all_others(app: Flask, client: HouseClient) -> None:
    """All others end at once; this one and other people's stay."""
    others, stranger = [browser(app), browser(app)], browser(app)
    for each in (client, *others):
        sign_in(each)
    sign_in(stranger, OTHER)
    answer = client.send(f"{DEVICES}/end", {})
    assert "logged out everywhere else" in client.follow(answer).text
    assert [200, 204, 204, 200] == [each.fragment(f"{MY}/mine").status_code for each in (client, *others, stranger)]


def test_somebody_elses_device(app: Flask, client: HouseClient) -> None:
    """Another's session cannot be ended, and the answer is the same as for one that is not there."""
    stranger = browser(app)
    sign_in(client)
    sign_in(stranger, OTHER)
    theirs = rows(database(app), "sessions")[1]["public_id"]
    for number, status in ((OTHER, 409), (MAIN, 303)):
        answers = [
            client.send(f"{DEVICES}/end", {"device": each, "about": shown_to(app, number, "devices/end", each)})
            for each in (theirs, "0" * 16)
        ]
        assert answers[0].data == answers[1].data
        assert [status] * 2 == [each.status_code for each in answers]
    assert 200 == stranger.fragment(f"{MY}/mine").status_code


@pytest.mark.parametrize("htmx", [False, True])
def test_device_of_another_page(app: Flask, client: HouseClient, *, htmx: bool) -> None:
    """A page of somebody else, or with a button for another device, ends nothing; it shows where one is logged in."""
    other, stranger = browser(app), browser(app)
    sign_in(client)
    sign_in(other)
    device, about = end_buttons(client)[0], client.about_of(f"{DEVICES}/end", {})
    sign_in(stranger, OTHER)
    for who, data, told in (
        (client, {"device": device, "about": about}, "in another tab"),
        (stranger, {"about": about}, "or you used another access code"),
    ):
        answer = who.send(f"{DEVICES}/end", data, htmx=htmx)
        assert (409, True, True) == (answer.status_code, told in answer.text, "Logged in with" in answer.text)
    assert [200, 200, 200] == [each.fragment(f"{MY}/mine").status_code for each in (client, other, stranger)]


def test_change(app: Flask, client: HouseClient) -> None:
    """A new password is set, all other sessions end, this one goes on under a new cookie, and a mail says so."""
    other = browser(app)
    sign_in(client)
    sign_in(other)
    before = client.cookie_value()
    answer = client.send(CHANGE, {"password": PASSWORD, "new_password": NEW})
    copied = browser(app)
    copied.set_cookie("loket", before or "", domain="127.0.0.1")
    states = [each.fragment(f"{MY}/mine").status_code for each in (client, other, copied)]
    entered = [sign_in(browser(app), password=each).status_code for each in (PASSWORD, NEW)]
    assert (f"{CHANGE}/done", [200, 204, 204], [422, 303]) == (answer.headers["Location"], states, entered)
    assert ["replacement_password.changed"] == [kind for kind, _ in waiting_mails(app)]
    assert "Your password has been changed" in client.get(f"{CHANGE}/done").text


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ("", NEW, {"password"}),
        ("wrong " * 4, NEW, {"password"}),
        (PASSWORD, "short", {"new_password"}),
        (PASSWORD, PASSWORD, {"new_password"}),
        (PASSWORD, "Jip van der Zonnestraal 1", {"new_password"}),
        ("", "", {"password", "new_password"}),
    ],
)
def test_refused(app: Flask, client: HouseClient, old: str, new: str, fields: set[str]) -> None:
    """The present password must be right and the new one good; what is wrong is told at its field, nothing changes."""
    sign_in(client)
    before = rows(database(app), "passwords")
    answer = client.send(CHANGE, {"password": old, "new_password": new})
    tree = house.parse(answer.text)
    wrong = {one.get("name") for one in house.elements(tree, "input") if one.get("aria-invalid") == "true"}
    filled = [
        one.get("value") for one in house.elements(tree, "input") if one.get("type") == "password" and one.get("value")
    ]
    assert (422, fields, [], before) == (answer.status_code, wrong, filled, rows(database(app), "passwords"))


@pytest.mark.parametrize("htmx", [False, True])
def test_guessing(client: HouseClient, monkeypatch: pytest.MonkeyPatch, *, htmx: bool) -> None:
    """A session in wrong hands is no way to guess the password."""
    monkeypatch.setattr(table, "CHANGE_PASSWORD", RateLimit("change-password", 2, 3600))
    sign_in(client)
    data = {"password": "wrong " * 4, "new_password": NEW}
    statuses = [client.send(CHANGE, data, htmx=htmx).status_code for _ in range(3)]
    assert [422, 422, 429] == statuses


def test_change_changed_meanwhile(
    app: Flask, client: HouseClient, hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sets another password while this one is being hashed is not overruled, and nobody is told of a change."""
    sign_in(client)
    other, hash_it = fast_hasher().hash("oranje kameel slaapt op zolder"), hasher.hash

    def hash_slowly(password: str) -> str:
        with database(app).write() as conn:
            passwords.store_hash(conn, person_id(app, MAIN), other, clock.now())
        return hash_it(password)

    monkeypatch.setattr(hasher, "hash", hash_slowly)
    answer = client.send(CHANGE, {"password": PASSWORD, "new_password": NEW})
    kept = passwords.find_hash(database(app).read(), person_id(app, MAIN))
    assert (CHANGE, other, []) == (answer.headers["Location"], kept, waiting_mails(app))


def test_change_after_time_out(app: Flask, client: HouseClient) -> None:
    """Passwords typed after the time-out are not kept, and change nothing; the page never said otherwise, and says so
    then. After logging in the form is there.
    """
    sign_in(client)
    promised = "What you filled in stays here" in client.get(CHANGE).text
    age_sessions(app, minutes=15)
    answer = client.send(CHANGE, {"password": PASSWORD, "new_password": NEW})
    asked = client.get(answer.headers["Location"])
    after = house.elements(house.parse(asked.text, fragment=False), "input")
    assert (f"{CHANGE}?unsent=1", [], False) == (answer.headers["Location"], rows(database(app), "drafts"), promised)
    assert (True, ["change-password"]) == (
        "so nothing was changed. Log in" in asked.text,
        [one.get("value") for one in after if one.get("name") == "place"],
    )


def test_end_after_time_out(app: Flask, client: HouseClient) -> None:
    """Who ends a device when their own time is over is told that it did not happen."""
    sign_in(client)
    age_sessions(app, minutes=15)
    answer = client.get(client.send(f"{DEVICES}/end", {}).headers["Location"])
    assert "so nothing was changed. Log in" in answer.text


def test_payments_before_its_day(app: Flask) -> None:
    """Until a new mandate's day the one that it came in place of holds."""
    from selfservice.accounts import mandates, payment_methods
    from selfservice.workdays import today

    now = clock.now()
    who = person_id(app, PRIVATE)
    with database(app).write() as conn:
        for iban, day in (("NL91ABNA0417164300", "2020-01-01"), ("NL02ABNA0123456789", "2999-01-01")):
            mandates.add(
                conn,
                now,
                person_id=who,
                organisation_id=None,
                iban=iban,
                holder="T",
                effective_on=today(now).fromisoformat(day),
            )
    paying = payment_methods.current(database(app).read(), who, None, today(now))
    assert ("direct_debit", "2999-01-01") == (paying.method, str(paying.direct_debit_from))


def test_nobody_keeps_it_from_the_owner(app: Flask, client: HouseClient) -> None:
    """Who has other mails sent up to the cap first, then changes the password: the owner hears of it all the same."""
    sign_in(client)
    for iban in ("NL91ABNA0417164300", "NL02ABNA0123456789", "BE68539007547034", "NL91ABNA0417164300"):
        client.send(
            "/en/self-service/direct-debit", {"iban": iban, "holder": "J. van der Zonnestraal", "mandate": "yes"}
        )
    client.send("/en/self-service/digital-invoices", {"email": accounts.email(MAIN)})
    client.send(CHANGE, {"password": PASSWORD, "new_password": NEW})
    mine = [kind for kind, recipient in waiting_mails(app) if recipient == accounts.email(MAIN)]
    assert [*["direct_debit.agreed"] * 4, "digital_invoices.on", "replacement_password.changed"] == mine


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_stands_below_the_personal_page(client: HouseClient, lang: str) -> None:
    """Above a form for who is logged in stands the personal page, by its own name; above that only home."""
    sign_in(client)
    for name, wanted in (("devices", ["", "self-service/my"]), ("direct-debit", ["", "self-service/my"]), ("my", [""])):
        page = house.parse(client.get(f"/{lang}/self-service/{name}").text)
        trail = next(each for each in house.elements(page, "nav") if each.get("class") == "trail")
        links = {a.get("href"): house.text_of(a) for a in house.elements(trail, "a")}
        assert [f"/{lang}/{address}" for address in wanted] == list(links), name

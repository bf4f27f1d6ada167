"""`account-data`: one file with all that is kept of whoever is logged in, and with nothing of anybody else."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock, personal_data, seeds
from selfservice.accounts import mandates, sessions, user_accounts
from selfservice.accounts import people as holders
from selfservice.clock import to_text
from selfservice.config import Config
from selfservice.crypto import Keys
from selfservice.demo import accounts
from selfservice.fragments.account_data import files
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.mail import outbox
from selfservice.orders import personal_data as orders
from selfservice.web import downloads
from tests import house
from tests.clients import HouseClient
from tests.domain_helpers import CONTEXT, rows
from tests.orders.factories import add_many, buy, clear, days_ago
from tests.request_helpers import BUSINESS, IBAN, approve, confirm, hand_in, print_letters
from tests.sign_in_helpers import (
    ACCOUNT_PASSWORD,
    COLLEAGUE,
    MAIN,
    OTHER,
    PASSWORD,
    PRIVATE,
    account_hashed,
    age_sessions,
    browser,
    database,
    give_account,
    person_id,
    prepare,
    shown_to,
    sign_in,
    sign_in_to_account,
    waiting_mails,
)

BASE = "/en/self-service"
FORM = f"{BASE}/account-data"
HOSTILE = ('=cmd()|"x"', "\u202eشركة الخليج <b>&amp;", "😀" * 20, "x" * 100, "</td><script>alert(1)</script>")


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)


def make(client: HouseClient, lang: str = "en", password: str = PASSWORD, **more: Any) -> TestResponse:
    """Fill in the password."""
    return client.send(f"/{lang}/self-service/account-data", {"password": password}, **more)


def fetch(client: HouseClient, lang: str = "en") -> dict[str, str]:
    """Make the file and take it: what is in it, by name."""
    answer = make(client, lang)
    assert (303, f"/{lang}/self-service/account-data/done") == (answer.status_code, answer.headers["Location"])
    return taken(client, lang)


def taken(client: HouseClient, lang: str = "en") -> dict[str, str]:
    """What is in the file that was made, by name."""
    with ZipFile(BytesIO(client.get(f"/{lang}/self-service/account-data/download").data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def data_of(made: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The records of a file, by section."""
    found: dict[str, list[dict[str, Any]]] = json.loads(made["data.json"])["data"]
    return found


def text_of(made: Mapping[str, str]) -> str:
    """What the page of a file says."""
    return house.text_of(house.parse(made["data.html"]))


def fill(app: Flask, number: int = PRIVATE) -> str:
    """Somebody with something of everything: a request that became a letter, orders, a mandate; its reference."""
    db, email, then = database(app), accounts.email(number), clock.now() - timedelta(days=3)
    kvk = rows(db, "organisations")[5]["kvk_number"]
    reference = hand_in(db, BUSINESS, then, email=email, kvk_number=kvk, telephone="020 123 4567")
    confirm(db, reference, then)
    approve(db, reference, then)
    print_letters(db, clock.now(), posted=True)
    with db.write() as conn:
        who = person_id(app, number)
        mandates.add(
            conn,
            then,
            person_id=who,
            organisation_id=None,
            iban=IBAN,
            holder="J. Holder",
            effective_on=date(2026, 1, 5),
        )
        conn.execute("UPDATE people SET telephone = '010 765 4321' WHERE id = ?", (who,))
    buy(app, number, days_ago(1), cents=-1250, invoice="F-1")
    return reference


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("kind", ["business", "private", "account"])
def test_the_way(app: Flask, client: HouseClient, lang: str, htmx: bool, kind: str) -> None:
    """The password of what one logged in with leads to a page with the link to a ZIP of two files, in the language of
    the page. The owner is told, and it is written down.
    """
    number, password = PRIVATE if kind == "private" else MAIN, PASSWORD
    if kind == "account":
        give_account(app, MAIN)
        sign_in_to_account(client)
        assert 422 == make(client, lang).status_code
        password = ACCOUNT_PASSWORD
    else:
        sign_in(client, number)
    answer = make(client, lang, password, htmx=htmx)
    done = client.follow(answer)
    assert (303, 200, True) == (answer.status_code, done.status_code, "/account-data/download" in done.text)
    file = client.get(f"/{lang}/self-service/account-data/download")
    name = {"en": "my-data", "nl": "mijn-gegevens"}[lang]
    assert ("application/zip", True) == (file.mimetype, f"filename={name}-20" in file.headers["Content-Disposition"])
    with ZipFile(BytesIO(file.data)) as archive:
        assert ["data.json", "data.html"] == archive.namelist()
        assert f'<html lang="{lang}">' in archive.read("data.html").decode()
    assert [("account_data.downloaded", accounts.email(number))] == waiting_mails(app)
    assert [("data.download", "ok")] == [(row["what"], row["result"]) for row in rows(database(app), "events")][-1:]


def test_what_the_page_says(client: HouseClient) -> None:
    """Before the password is asked for it says what is in the file, and that it is to be kept to oneself."""
    sign_in(client)
    shown = house.text_of(house.parse(client.get(FORM).text))
    for expected in ("your own orders", "only the end of each", "Keep it to yourself", "Your password"):
        assert expected in shown


@pytest.mark.parametrize("number", [MAIN, PRIVATE])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_say_the_same(app: Flask, client: HouseClient, lang: str, number: int) -> None:
    """The page is valid, has nothing to run or to fetch, and says in words what JSON keeps exact."""
    fill(app, number)
    sign_in(client, number)
    made = fetch(client, lang)
    tree = house.parse(made["data.html"])
    found = [line for rule in house.RULES for line in rule(tree)]
    assert ["there is an inline style"] == found
    assert [] == list(house._frame(tree, lang))
    assert not re.search(r"https?:|//\w|url\(|@import", made["data.html"])
    assert [] == list(house.elements(tree, "script", "img", "link", "form", "iframe"))
    for key, records in data_of(made).items():
        [section] = [one for one in house.elements(tree, "section") if one.get("id") == key]
        said = house.text_of(section)
        for value in (each for record in records for each in record.values() if each not in (None, [])):
            for words in _in_words(value, lang):
                assert words in said, (key, value)


def _in_words(value: Any, lang: str) -> list[str]:
    """What must be read of a value; nothing for a code, which has words of its own."""
    if isinstance(value, list):
        return [line for each in value for line in _in_words(each, lang)]
    if isinstance(value, bool) or re.fullmatch(r"[a-z_.-]*", value):
        return []
    with using_language(lang):
        if re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", value):
            return [files.shown(datetime.fromisoformat(value)).replace("\xa0", " ")]
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return [files.shown(date.fromisoformat(value))]
    if re.fullmatch(r"-?\d+\.\d\d", value):
        return [value.lstrip("-").replace(".", "," if lang == "nl" else ".")]
    return [] if value == "Chrome, Linux" else [" ".join(value.split())]


def test_as_the_screens(app: Flask, client: HouseClient) -> None:
    """What the personal page, the orders, the devices and a request's status show is in it."""
    reference = fill(app)
    client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"
    sign_in(client, PRIVATE)
    personal = house.text_of(house.parse(client.get(f"{BASE}/my").text))
    listed = house.parse(client.get(f"{BASE}/orders?period=all").text)
    devices = house.text_of(house.parse(client.get(f"{BASE}/devices").text))
    asked = {"reference": reference, "email": accounts.email(PRIVATE)}
    status = house.parse(client.follow(client.send(f"{BASE}/request-status", asked)).text)
    made = fetch(client)
    data, tree = data_of(made), house.parse(made["data.html"])
    person, code = data["person"][0], data["access_codes"][-1]
    assert f"{person['given_name']} {person['family_name']}" in personal
    assert f"ends in {code['code_end'].removeprefix('…')}" in personal
    assert (True, "direct_debit") == ("By direct debit" in personal, code["payment_method"])
    shown = {row[0]: " ".join(row) for row in _rows(tree, "orders")}
    there = _rows(listed, "orders-list")
    assert len(there) > 5
    for row in there:
        number = next(cell for cell in row if cell in shown)
        amount = next(cell for cell in row if "€" in cell)
        assert amount in shown[number]
    assert "Computer: Firefox on Linux" in devices
    assert ["Computer: Firefox on Linux"] == [row[0] for row in _rows(tree, "sessions")]
    course = [house.text_of(one) for one in house.elements(status, "li") if one.get("class") == "done"]
    assert len(course) >= 4
    history = [" ".join(row) for row in _rows(tree, "request_history")]
    for step in course:
        name, _, when = step.partition(" (done)")
        assert any(name in line and when.strip() in line for line in history), (step, history)


def _rows(tree: Any, place: str) -> list[list[str]]:
    """The rows of the tables in the section or element of this id, cell by cell."""
    [found] = [one for one in house.elements(tree) if one.get("id") == place]
    lines = [[house.text_of(cell) for cell in house.elements(row, "td", "th")] for row in house.elements(found, "tr")]
    return lines[1:]


def test_account(app: Flask, client: HouseClient) -> None:
    """Of an account: since when, its log-ins, the links for its password but not what was typed for them, the change of
    its address, and the mails to the former one.
    """
    give_account(app, MAIN)
    email, now = accounts.email(MAIN), to_text(clock.now())
    with database(app).write() as conn:
        conn.execute(
            """INSERT INTO account_openings (token_hash, purpose, given_name, family_name, email, email_key, language,
                                             void, created_at, expires_at)
               SELECT x, 'password', 'Stranger', 'Stranger', :email, :email, 'nl', void, :now, :now
               FROM (SELECT hex(randomblob(32)) AS x, 0 AS void UNION SELECT hex(randomblob(32)), 1)""",
            {"email": email, "now": now},
        )
        conn.execute(
            """INSERT INTO email_changes (person_id, old_email, old_key, new_email, confirm_hash, state, asked_at,
                                          expires_at, confirmed_at)
               VALUES (1, 'former@b.example', 'former@b.example', :email, hex(randomblob(32)), 'confirmed', :now,
                       :later, :now)""",
            {"email": email, "now": now, "later": to_text(clock.now() + timedelta(hours=1))},
        )
        for recipient in ("former@b.example", "other@b.example"):
            outbox.enqueue(
                conn, CONTEXT, clock.now(), idempotency_key=recipient, kind="replacement_password.changed",
                recipient=recipient, language="nl", payload={},
            )  # fmt: skip
    sign_in_to_account(client)
    assert 303 == make(client, password=ACCOUNT_PASSWORD).status_code
    made = taken(client)
    data = data_of(made)
    assert ([1] * 3, "Stranger" in text_of(made)) == (
        [len(data[key]) for key in ("account", "account_links", "email_changes")], False,
    )  # fmt: skip
    assert (["account"], [None]) == tuple(
        [each[key] for each in data["sessions"]] for key in ("logged_in_with", "code_end")
    )
    assert ["f•••@b.example"] == [mail["recipient"] for mail in data["mails"]]


@pytest.mark.parametrize("number", [MAIN, COLLEAGUE, PRIVATE])
def test_nothing_of_others(app: Flask, client: HouseClient, number: int) -> None:
    """Whatever is kept of anybody else, at the same organisation too, is in neither file: names, addresses, numbers,
    and what they did. Staff is in neither either.
    """
    for each in (MAIN, COLLEAGUE, OTHER, PRIVATE):
        fill(app, each)
    me, db = person_id(app, number), database(app)
    with db.write() as conn:
        conn.execute("UPDATE organisations SET main_person_id = 1 WHERE id = 1")
        conn.execute("UPDATE organisations SET email = 'planted-o' || id || '@x.example', invoices_email = email")
        conn.execute(
            """UPDATE people SET given_name = 'PlantedG' || id, family_name = 'PlantedF' || id,
                                 telephone = 'planted-t' || id WHERE id <> ?""",
            (me,),
        )
        conn.execute(
            """UPDATE requests SET given_name = 'PlantedG' || id, family_name = 'PlantedF' || id, iban = 'PLANTEDI',
                                   holder = 'PlantedH', letter_lines = replace(letter_lines, '[', '["PlantedL",')
               WHERE person_id <> ?""",
            (me,),
        )
        conn.execute("UPDATE requests SET approved_by = 'PlantedStaff'")
        conn.execute("UPDATE mandates SET iban = 'PLANTED0000000000', holder = 'PlantedH' WHERE person_id <> ?", (me,))
        conn.execute("UPDATE sessions SET device = 'PlantedD' WHERE person_id <> ?", (me,))
        conn.execute("UPDATE order_redeliveries SET number = 'x' WHERE 0")
    others = {row["email"] for row in rows(db, "people") if row["id"] != me}
    mine = {row["id"] for row in rows(db, "order_holders") if row["person_id"] == me}
    numbers = {row["number"] for row in rows(db, "orders") if row["holder_id"] not in mine}
    hints = {f"…{row['hint']}" for row in rows(db, "access_codes") if row["person_id"] != me}
    references = {
        f"{row['reference'][:4]}-{row['reference'][4:]}" for row in rows(db, "requests") if row["person_id"] != me
    }
    sign_in(client, number)
    made = fetch(client)
    assert len(data_of(made)["requests"]) == 1
    for name, text in made.items():
        assert "planted" not in text.casefold(), name
        found = {each for each in others | numbers | hints | references if each in text}
        own = {f"…{row['hint']}" for row in rows(db, "access_codes") if row["person_id"] == me}
        assert found <= own, name


def test_what_others_typed(app: Flask, client: HouseClient) -> None:
    """Who asks for a code with somebody else's address leaves nothing of their own in that person's file, but that
    there was a request.
    """
    hand_in(
        database(app), BUSINESS, email=accounts.email(PRIVATE), given_name="Stranger", family_name="Other",
        telephone="020 999 9999", iban="NL02ABNA0123456789", holder="Stranger Holder",
    )  # fmt: skip
    sign_in(client, PRIVATE)
    made = fetch(client)
    [request] = data_of(made)["requests"]
    assert [None] * 5 == [request[key] for key in ("name", "telephone", "payment_method", "iban", "holder")]
    for text in made.values():
        assert not re.search(r"Stranger|Holder|999 9999|0123 4567 89", text)


def test_mails_to_an_address_that_changed_hands(app: Flask, client: HouseClient) -> None:
    """A mail to an address is of whoever had it then: not of who had it before, once they cannot have it back, nor of
    somebody new who has it now.
    """
    me, then = person_id(app, PRIVATE), clock.now() - timedelta(days=4)
    with database(app).write() as conn:
        conn.execute("UPDATE people SET created_at = ? WHERE id = ?", (to_text(then + timedelta(days=1)), me))
        for email, moment, kind in (
            (accounts.email(PRIVATE), then, "access_code.code"),
            ("given-up@b.example", clock.now(), "access_code.expired"),
            ("had-until-now@b.example", clock.now(), "account.email_changed"),
        ):
            outbox.enqueue(
                conn, CONTEXT, moment, idempotency_key=kind, kind=kind, recipient=email, language="nl", payload={}
            )
        for email, until in (("given-up@b.example", -1), ("had-until-now@b.example", 1)):
            conn.execute(
                """INSERT INTO email_changes (person_id, old_email, old_key, new_email, confirm_hash, state, asked_at,
                                              expires_at, confirmed_at)
                   VALUES (?, ?, ?, 'x@b.example', ?, 'confirmed', ?, ?, ?)""",
                (me, email, email, f"{until:064}", to_text(then), to_text(clock.now() + timedelta(hours=until)),
                 to_text(then)),
            )  # fmt: skip
    sign_in(client, PRIVATE)
    assert ["account.email_changed"] == [mail["kind"] for mail in data_of(fetch(client))["mails"]]


def test_no_secrets(app: Flask, client: HouseClient) -> None:
    """No access code, link, hash, nonce or key is in it: nothing that opens anything."""
    fill(app)
    sign_in(client, PRIVATE)
    cookie, made = client.cookie_value(), fetch(client)
    kept = {
        str(value)
        for table in ("access_codes", "passwords", "tokens", "sessions", "outbox", "letters", "events", "requests")
        for row in rows(database(app), table)
        for name, value in row.items()
        if re.search(r"hash|nonce|key|source|network|who|public_id|message_id|idempotency", name) and value
    }
    assert len(kept) > 30
    code = accounts.code(PRIVATE)
    for text in made.values():
        assert [] == [value for value in {*kept, str(cookie), code} if value in text]
        assert not re.search(r"[0-9a-f]{32}|\$argon2", text)
        assert not [match for match in house.CODES.findall(house.REFERENCE.sub("-", text)) if code in match]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(app: Flask, client: HouseClient, name: str) -> None:
    """A name that is a formula or HTML, from right to left, long, or all signs is in both as it is, and inert."""
    with database(app).write() as conn:
        conn.execute("UPDATE people SET given_name = ?, family_name = ? WHERE id = 1", (name, name))
        conn.execute("UPDATE organisations SET name = ? WHERE id = 1", (name,))
    sign_in(client)
    made = fetch(client)
    tree = house.parse(made["data.html"])
    assert [] == list(house.elements(tree, "script", "b"))
    isolated = {"".join(one.itertext()) for one in house.elements(tree, "bdi")}
    person = data_of(made)["person"][0]
    assert (name, name, True) == (person["given_name"], person["family_name"], name in isolated)
    assert {"data.json", "data.html"} == made.keys()


def test_many_orders(app: Flask, client: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more orders than it holds the newest are in it, of all accounts together, and a link to all of them."""
    monkeypatch.setattr(orders, "MOST_ORDERS", 3)
    clear(app)
    numbers = [buy(app, PRIVATE, days_ago(day)) for day in range(5)]
    sign_in(client, PRIVATE)
    made = fetch(client)
    link = f"{app.config['BASE_URL']}/en/self-service/orders?period=all"
    assert (numbers[:3], {"orders": link}) == (
        [order["number"] for order in data_of(made)["orders"]], json.loads(made["data.json"])["whole_list"],
    )  # fmt: skip
    assert "newest 3 of your 5 orders" in text_of(made)
    assert [link] == [one.get("href") for one in house.elements(house.parse(made["data.html"]), "a")][-1:]
    monkeypatch.setattr(orders, "MOST_ORDERS", 5)
    assert (5, {}) == (len(data_of(made := fetch(client))["orders"]), json.loads(made["data.json"])["whole_list"])


@pytest.mark.slow
def test_as_many_as_it_holds(app: Flask, client: HouseClient) -> None:
    """With as many orders as it holds, all of the longest, it is far from 50 MB, and made within seconds."""
    add_many(database(app), PRIVATE, orders.MOST_ORDERS + 10)
    with database(app).write() as conn:
        conn.execute("UPDATE order_products SET names = json_object('en', :name, 'nl', :name)", {"name": "é" * 200})
    sign_in(client, PRIVATE)
    began = time.monotonic()
    made = fetch(client)
    assert (orders.MOST_ORDERS, True) == (len(data_of(made)["orders"]), time.monotonic() - began < 15)
    assert sum(len(text.encode()) for text in made.values()) < 50_000_000
    assert len(client.get(f"{FORM}/download").data) < 5_000_000


def test_wrong_password(app: Flask, client: HouseClient) -> None:
    """A wrong password is 422, and nothing is made or told; after some one waits, and then the right one works."""
    sign_in(client)
    answers = [make(client, password="not this one at all") for _ in range(6)]
    assert ([422, 429], False) == (sorted({each.status_code for each in answers}), "Retry-After" in answers[0].headers)
    assert "Retry-After" in answers[-1].headers
    assert 429 == make(client).status_code
    assert ([], 303) == (waiting_mails(app), client.get(f"{FORM}/done").status_code)
    assert "data.download" not in {row["what"] for row in rows(database(app), "events")}
    with database(app).write() as conn:
        conn.execute("UPDATE failures SET free_at = 0")
    assert 303 == make(client).status_code


@pytest.mark.parametrize("htmx", [False, True])
def test_no_room(app: Flask, client: HouseClient, monkeypatch: pytest.MonkeyPatch, htmx: bool) -> None:
    """When there is no room, or too many files are being made, that is said, and nothing is made, told or noted."""
    sign_in(client)
    monkeypatch.setattr(downloads, "MAX_DISK_SHARE", 0)
    answers = [make(client, htmx=htmx)]
    monkeypatch.undo()
    for _ in range(downloads.MAX_CONCURRENT):
        assert app.extensions["downloads"].acquire(blocking=False)
    answers.append(make(client, htmx=htmx))
    assert ([503, 429], [True, True]) == (
        [each.status_code for each in answers], ["Retry-After" in each.headers for each in answers],
    )  # fmt: skip
    assert ([], 303) == (waiting_mails(app), client.get(f"{FORM}/done").status_code)
    assert "data.download" not in {row["what"] for row in rows(database(app), "events")}


def test_nobody_elses(app: Flask, client: HouseClient, config: Config) -> None:
    """Only the session in which it was made gets it, and only while that lasts."""
    sign_in(client)
    make(client)
    second, other = browser(app), browser(app)
    sign_in(second)
    sign_in(other, OTHER)
    for each in (second, other, browser(app)):
        for page in ("done", "download"):
            assert (303, FORM) == ((answer := each.get(f"{FORM}/{page}")).status_code, answer.headers["Location"])
    assert 200 == client.get(f"{FORM}/download").status_code
    client.send(f"{BASE}/sign-in/out", {})
    assert ([], 303) == (list(config.downloads.iterdir()), client.get(f"{FORM}/download").status_code)


def test_after_the_session(app: Flask, client: HouseClient, config: Config) -> None:
    """When the session ends by itself nothing is sent any more, and the file goes."""
    sign_in(client)
    make(client)
    age_sessions(app, minutes=60)
    assert (303, FORM) == ((answer := client.get(f"{FORM}/download")).status_code, answer.headers["Location"])
    wired = app.extensions["services"]
    with app.app_context():
        downloads.delete_expired(downloads.folder_of(wired), wired.db, wired.context, clock.now())
    assert [] == list(config.downloads.iterdir())


def test_deleted_while_it_is_made(app: Flask, client: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever logs in next does not get the file of somebody whose session was deleted while it was made."""
    give_account(app)
    sign_in_to_account(client)
    collect = personal_data.collect

    def delete_first(*arguments: Any) -> Any:
        with database(app).write() as conn:
            user_accounts.delete(conn, person_id(app, MAIN))
        return collect(*arguments)

    monkeypatch.setattr(personal_data, "collect", delete_first)
    make(client, password=ACCOUNT_PASSWORD)
    sign_in(other := browser(app), OTHER)
    assert 303 == other.get(f"{FORM}/download").status_code


def test_another_person_meanwhile(app: Flask, client: HouseClient) -> None:
    """A form that somebody else opened makes nothing."""
    sign_in(client)
    theirs = shown_to(app, OTHER, "account-data")
    answer = client.post(FORM, data={"password": PASSWORD, "about": theirs})
    assert (409, 303) == (answer.status_code, client.get(f"{FORM}/done").status_code)


def test_after_the_secret_changed(app: Flask, client: HouseClient) -> None:
    """What was written down and mailed under the old secret is found under the new one."""
    sign_in(client, PRIVATE)
    fetch(client)
    wired = app.extensions["services"]
    keys = Keys(b"another secret of the tests, long enough", wired.config.secret)
    with wired.db.write() as conn:
        seeds.register_keys(conn, keys, clock.now())
    app.extensions["services"] = dataclasses.replace(wired, keys=keys)
    sign_in(client, PRIVATE)
    data = data_of(fetch(client))
    done = [event["what"] for event in data["events"]]
    assert (["sign_in", "data.download", "sign_in"], ["account_data.downloaded"]) == (
        done, [mail["kind"] for mail in data["mails"]],
    )  # fmt: skip
    assert all("•" in mail["recipient"] for mail in data["mails"])


def test_logged_out_devices_are_in_it(app: Flask, client: HouseClient) -> None:
    """A session that has ended is in it as long as it is kept."""
    second = browser(app)
    sign_in(second)
    sign_in(client)
    with database(app).write() as conn:
        sessions.end_all_of_person(conn, 1, clock.now(), except_id=2)
    found = data_of(fetch(client))["sessions"]
    assert [True, False] == [each["logged_out_at"] is None for each in found]


@pytest.mark.parametrize(("module", "step"), [(personal_data, "collect"), (files, "write")])
def test_deleted_meanwhile(
    app: Flask, client: HouseClient, config: Config, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> None:
    """A file that was being made while its owner was deleted is nobody's: not of whoever logs in next, either."""
    with database(app).write() as conn:
        who = holders.add(conn, clock.now(), given_name="Wies", family_name="", email="w@b.example", language="nl")
        user_accounts.add(conn, who, account_hashed(), clock.now())
    sign_in_to_account(client, "w@b.example")
    beside, following, done = browser(app), browser(app), getattr(module, step)
    beside.set_cookie("loket", client.cookie_value() or "", domain="127.0.0.1")

    def delete_first(*given: Any) -> Any:
        beside.send(f"{BASE}/account-delete", {"password": ACCOUNT_PASSWORD})
        sign_in(following, OTHER)
        return done(*given)

    monkeypatch.setattr(module, step, delete_first)
    made = make(client, password=ACCOUNT_PASSWORD)
    assert (303, FORM) == ((answer := following.get(f"{FORM}/download")).status_code, answer.headers["Location"])
    assert ((303, FORM), []) == ((made.status_code, made.headers["Location"]), list(config.downloads.iterdir()))

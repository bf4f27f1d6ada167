"""`organisation-codes`: the codes of an organisation, withdrawing one, handing over the main code by a mailed link."""

from __future__ import annotations

import multiprocessing
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask

from selfservice import clock, mailer, workdays
from selfservice.accounts import access_codes, sessions
from selfservice.crypto import hash_token
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.orders import main_code_offer
from selfservice.requests import scheduled
from tests.access_code_helpers import token
from tests.clients import HouseClient, leads_to
from tests.domain_helpers import CONTEXT, dump, rows
from tests.orders.factories import buy
from tests.sign_in_helpers import (
    COLLEAGUE,
    MAIN,
    OTHER,
    PRIVATE,
    at_once,
    browser,
    database,
    prepare,
    sign_in,
    waiting_mails,
)
from tests.tabs import Tab

ADDRESS = "/en/self-service/organisation-codes"
OFFER = "organisation_codes.offer"
# The ids of the codes of the demonstration's people.
CODES = {number: number + 1 for number in (MAIN, COLLEAGUE, OTHER, PRIVATE)}


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)


def main_person(app: Flask) -> int:
    return int(rows(database(app), "organisations")[0]["main_person_id"])


def active(app: Flask, number: int) -> bool:
    return next(row["revoked_at"] is None for row in rows(database(app), "access_codes") if row["id"] == CODES[number])


def offer(app: Flask, client: HouseClient, lang: str = "en") -> str:
    """The main code's holder offers it to the colleague; the token in the mail."""
    tab = Tab(client).open(f"/{lang}/self-service/organisation-codes/hand-over?code={CODES[COLLEAGUE]}")
    assert 303 == tab.send(f"/{lang}/self-service/organisation-codes/hand-over", {}).status_code
    return token(app, OFFER)


def accept(app: Flask, found: str) -> tuple[HouseClient, Tab]:
    """The colleague opens the link, logs in, and sees what it means."""
    client = browser(app)
    client.follow(client.get(f"{ADDRESS}/link/{found}"))
    sign_in(client, COLLEAGUE)
    return client, Tab(client).open(f"{ADDRESS}/accept")


# The list


def test_list(app: Flask, client: HouseClient) -> None:
    """The main code sees whose each code is, a part of code and address, and when it was last used; no other
    organisation's, none that was revoked, and no whole code or address.
    """
    sign_in(client)
    page = client.get(ADDRESS).text
    names = re.findall("<strong>(.*?)</strong>", page)
    assert ["Jip van der Zonnestraal", "Amira Merrywind"] == names
    assert ("last used 21 May" in page, "2 access codes" in page) == (True, True)
    secret = [accounts.code(MAIN), accounts.code(COLLEAGUE), accounts.email(COLLEAGUE)]
    assert [] == [text for text in secret if text in page.replace("-", "")]
    assert 1 == page.count("/withdraw?code=")


def test_states_in_the_list(app: Flask, client: HouseClient) -> None:
    """A code that was not sent, not used, or used before this was noted says so; requests are a number, no names."""
    sign_in(client)
    said = []
    for sent, used in (("NULL", "NULL"), ("created_at", "NULL"), ("created_at", "created_at")):
        with database(app).write() as conn:
            conn.execute(
                f"""UPDATE access_codes SET handed_over_at = {sent}, first_used_at = {used}, last_used_on = NULL
                    WHERE id = 2"""
            )
        page = client.get(ADDRESS).text
        said.append([text for text in ("on its way", "sent, not used yet", "last use not known") if text in page])
    assert [["on its way"], ["sent, not used yet"], ["last use not known"]] == said
    with database(app).write() as conn:
        conn.execute(
            """UPDATE requests SET organisation_id = 1, given_name = 'Xerxes'
               WHERE kind = 'business' AND state = 'checking'"""
        )
    page = client.get(ADDRESS).text
    assert (True, False) == ("requested for your organisation" in page, "Xerxes" in page)


def test_last_use_is_a_day(app: Flask, client: HouseClient) -> None:
    """Logging in notes the day, and no moment, of the last time; the first stays."""
    sign_in(client, COLLEAGUE)
    first = rows(database(app), "access_codes")[1]
    now = clock.now()
    with database(app).write() as conn:
        access_codes.record_use(conn, CODES[COLLEAGUE], now + timedelta(days=3), date(2027, 3, 1))
    last = rows(database(app), "access_codes")[1]
    assert workdays.today(now).isoformat() == first["last_used_on"]
    assert (first["first_used_at"], "2027-03-01") == (last["first_used_at"], last["last_used_on"])


def test_many(app: Flask, client: HouseClient) -> None:
    """More than fit on a page are on further pages; no address shows a page that is not there."""
    with database(app).write() as conn:
        conn.execute(
            "UPDATE access_codes SET organisation_id = 1, kind = 'business' WHERE revoked_at IS NULL AND id <= 40"
        )
        for number in range(30):
            conn.execute(
                """INSERT INTO people (given_name, family_name, email, email_key, language, created_at)
                   SELECT 'Zed', 'Nr' || :number, 'z' || :number || '@b.example', 'z' || :number, 'en', created_at
                   FROM people WHERE id = 1""",
                {"number": number},
            )
            conn.execute(
                """INSERT INTO access_codes (code_hash, hint, person_id, organisation_id, kind, created_at)
                   SELECT substr(hex(randomblob(32)), 1, 64), 'ABC', max(p.id), 1, 'business', max(p.created_at)
                   FROM people p"""
            )
    sign_in(client)
    seen = [len(re.findall("<strong>", client.get(f"{ADDRESS}?page={page}").text)) for page in ("1", "2", "3", "x")]
    assert [50, 20, 20, 50] == seen


@pytest.mark.parametrize("number", [COLLEAGUE, PRIVATE])
def test_without_the_main_code(app: Flask, client: HouseClient, number: int) -> None:
    """Another code of the organisation sees who has the main code, in part, and no list; a private one is refused."""
    sign_in(client, number)
    answer = client.get(ADDRESS)
    assert ("J••• v••• d••• Z•••" in answer.text) == (number == COLLEAGUE)
    assert (200 if number == COLLEAGUE else 403, [], False) == (
        answer.status_code,
        re.findall("<strong>", answer.text),
        "Zonnestraal" in answer.text,
    )


def test_nobody_has_it(app: Flask, client: HouseClient) -> None:
    """Where nobody has a main code that works, the page leads to contact."""
    with database(app).write() as conn:
        access_codes.revoke(conn, CODES[MAIN], clock.now())
    sign_in(client, COLLEAGUE)
    assert "Nobody at your organisation has a main code" in client.get(ADDRESS).text


def test_alone(app: Flask, client: HouseClient) -> None:
    """With one code there is nothing to withdraw, and how to hand over begins with a code for the colleague."""
    with database(app).write() as conn:
        access_codes.revoke(conn, CODES[COLLEAGUE], clock.now())
    sign_in(client)
    page = client.get(ADDRESS).text
    assert (True, False) == ("your colleague must first request an access code" in page, "/withdraw?code=" in page)


# Withdrawing


@pytest.mark.parametrize("htmx", [False, True])
def test_withdraw(app: Flask, client: HouseClient, *, htmx: bool) -> None:
    """Asked once; then the code and its log-ins stop at once, and its owner and who did it get a mail."""
    colleague = browser(app)
    sign_in(colleague, COLLEAGUE)
    buy(app, COLLEAGUE)
    sign_in(client)
    page = client.get(f"{ADDRESS}/withdraw?code={CODES[COLLEAGUE]}")
    assert (200, True, "Amira Merrywind" in page.text) == (page.status_code, active(app, COLLEAGUE), True)
    assert ">Withdraw the access code</button>" in page.text
    answer = client.send(f"{ADDRESS}/withdraw", {"code": str(CODES[COLLEAGUE])}, htmx=htmx)
    assert f"{ADDRESS}?done=withdrawn" == leads_to(answer)
    assert (False, True) == (active(app, COLLEAGUE), "is withdrawn" in client.follow(answer).text)
    assert 'name="password"' in colleague.get(ADDRESS).text
    assert {
        ("organisation_codes.withdrawn", accounts.email(COLLEAGUE)),
        ("organisation_codes.withdrew", accounts.email(MAIN)),
    } == set(waiting_mails(app))
    assert "Amira Merrywind" in client.get("/en/self-service/orders?period=all").text
    assert "access_code.withdraw" in [row["what"] for row in rows(database(app), "events")]


def test_not_the_own(app: Flask, client: HouseClient) -> None:
    """The main code is not withdrawn: no page asks it, and sending it does nothing."""
    sign_in(client)
    mine = str(CODES[MAIN])
    answers = [client.get(f"{ADDRESS}/{step}?code={mine}").status_code for step in ("withdraw", "hand-over")]
    about = client.about_of(f"{ADDRESS}/withdraw", {"code": str(CODES[COLLEAGUE])})
    sent = client.post(f"{ADDRESS}/withdraw", data={"code": mine, "about": about})
    assert ([404, 404], 409, True) == (answers, sent.status_code, active(app, MAIN))


@pytest.mark.parametrize("step", ["withdraw", "hand-over"])
def test_another_organisation(app: Flask, client: HouseClient, step: str) -> None:
    """A code of another organisation answers byte for byte as one that is not there, also to who has no main code."""
    for number in (MAIN, COLLEAGUE):
        sign_in(client, number)
        pages = [client.get(f"{ADDRESS}/{step}?code={code}") for code in (CODES[OTHER], 99_999, "9" * 30, "x")]
        assert 1 == len({(page.status_code, page.data) for page in pages})
        sent = [client.post(f"{ADDRESS}/{step}", data={"code": str(code)}) for code in (CODES[OTHER], 99_999)]
        assert [(409, sent[0].data)] * 2 == [(answer.status_code, answer.data) for answer in sent]
    assert (True, []) == (active(app, OTHER), waiting_mails(app))


@pytest.mark.parametrize("step", ["withdraw", "hand-over"])
def test_only_with_the_main_code(app: Flask, client: HouseClient, step: str) -> None:
    """Without the main code a colleague's code is as one that is not there, and nothing can be done with it; also from
    a page that was shown while one had it.
    """
    with database(app).write() as conn:
        conn.execute("UPDATE access_codes SET organisation_id = 1 WHERE id = :id", {"id": CODES[OTHER]})
        conn.execute("UPDATE organisations SET main_person_id = 2 WHERE id = 1")
    sign_in(client, COLLEAGUE)
    tab = Tab(client).open(f"{ADDRESS}/{step}?code={CODES[OTHER]}")
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET main_person_id = 1 WHERE id = 1")
    pages = [client.get(f"{ADDRESS}/{step}?code={code}") for code in (CODES[OTHER], 99_999)]
    assert [(404, pages[1].data)] * 2 == [(page.status_code, page.data) for page in pages]
    sent = tab.send(f"{ADDRESS}/{step}", {}).status_code
    assert (409, True, []) == (sent, active(app, OTHER), waiting_mails(app))


def test_in_two_tabs(app: Flask, client: HouseClient) -> None:
    """A page of before is not taken for another: what was withdrawn, offered or handed over since changes that."""
    sign_in(client)
    code = CODES[COLLEAGUE]
    pages = [Tab(client).open(f"{ADDRESS}/withdraw?code={code}") for _ in range(2)]
    over = [Tab(client).open(f"{ADDRESS}/hand-over?code={code}") for _ in range(2)]
    assert 303 == over[0].send(f"{ADDRESS}/hand-over", {}).status_code
    assert 409 == over[1].send(f"{ADDRESS}/hand-over", {}).status_code
    assert 303 == pages[0].send(f"{ADDRESS}/withdraw", {}).status_code
    answer = pages[1].send(f"{ADDRESS}/withdraw", {})
    assert (409, True) == (answer.status_code, 'role="alert"' in answer.text)


def test_too_many(app: Flask, client: HouseClient) -> None:
    """So many offers a day and no more; the page says from when, and the earlier offer stays. Of each mail that was
    sent again it says so.
    """
    sign_in(client)
    answers = [offer(app, client)]
    for _ in range(6):
        answer = Tab(client).open(ADDRESS).send(f"{ADDRESS}/again", {})
        answers.append(str(answer.status_code))
    assert "We sent the e-mail again" in client.get(f"{ADDRESS}?done=again").text
    assert ["303"] * 5 + ["429"] == answers[1:]
    assert "You offered the main code to Amira Merrywind" in client.get(ADDRESS).text


# Handing over


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_hand_over(app: Flask, client: HouseClient, lang: str) -> None:
    """Offered, mailed, opened, accepted: then the colleague sees all orders, the former holder their own, at once, in
    the session that each has; both get a mail.
    """
    sign_in(client)
    mine, theirs = buy(app, MAIN), buy(app, COLLEAGUE)
    base = f"/{lang}/self-service"
    found = offer(app, client, lang)
    assert found not in dump(database(app))
    other, tab = accept(app, found)
    seen = [
        [number in each.get(f"{base}/orders?period=all").text for number in (mine, theirs)] for each in (client, other)
    ]
    assert (1, [[True, True], [False, True]]) == (main_person(app), seen)
    assert 303 == tab.send(f"{ADDRESS}/accept", {}).status_code
    assert "You have the main code now" in tab.answer.text
    seen = [
        [number in each.get(f"{base}/orders?period=all").text for number in (mine, theirs)] for each in (client, other)
    ]
    assert (2, [[True, False], [True, True]]) == (main_person(app), seen)
    assert [
        ("organisation_codes.handed_over", accounts.email(MAIN)),
        ("organisation_codes.accepted", accounts.email(COLLEAGUE)),
    ] == [each for each in waiting_mails(app) if each[0] != OFFER]
    assert [True, False] == ["<strong>" in each.get(ADDRESS).text for each in (other, client)]


def test_link_alone_changes_nothing(app: Flask, client: HouseClient) -> None:
    """Opening the link does nothing, however often and logged in or not; without logging in nothing is accepted.
    The form to log in says for which code the link is, after a wrong password too.
    """
    sign_in(client)
    found = offer(app, client)
    stranger = browser(app)
    for _ in range(3):
        answer = stranger.get(f"{ADDRESS}/link/{found}")
        assert f"{ADDRESS}/accept" == leads_to(answer)
    page = stranger.get(f"{ADDRESS}/accept")
    assert (200, True, False) == (page.status_code, 'name="password"' in page.text, found in page.text)
    hint = rows(database(app), "access_codes")[COLLEAGUE]["hint"]
    tab = Tab(stranger).open(f"{ADDRESS}/accept")
    wrong = tab.send("/en/self-service/sign-in", {"access_code": accounts.code(COLLEAGUE), "password": "not this one!"})
    assert [True] * 2 == [f"your access code that ends in {hint}" in each.text for each in (page, wrong)]
    answer = stranger.post(f"{ADDRESS}/accept")
    assert (f"{ADDRESS}?unsent=1", 1) == (leads_to(answer), main_person(app))


@pytest.mark.parametrize("number", [MAIN, OTHER])
def test_another_cannot_accept(app: Flask, client: HouseClient, number: int) -> None:
    """Who opens the link with another code, even of the same organisation, is told so and accepts nothing."""
    sign_in(client)
    found = offer(app, client)
    other = browser(app)
    sign_in(other, number)
    other.follow(other.get(f"{ADDRESS}/link/{found}"))
    page = other.get(f"{ADDRESS}/accept").text
    hint = rows(database(app), "access_codes")[COLLEAGUE]["hint"]
    assert (True, True, False) == (hint in page, "another code" in page, "Accept the main code</button>" in page)
    with database(app).write() as conn:
        session = sessions.find(conn, app.extensions["services"].context, other.cookie_value() or "", clock.now())
        assert session
        assert not main_code_offer.accept(conn, CONTEXT, session, hash_token(found), "192.0.2.1", clock.now())
    assert 1 == main_person(app)


def _given(app: Flask, number: int) -> bool:
    with database(app).write() as conn:
        context = app.extensions["services"].context
        return main_code_offer.give_for_staff(conn, context, CODES[number], "Vera", clock.now())


def test_staff_give_the_main_code(app: Flask, client: HouseClient) -> None:
    """Staff make a code the main code of its organisation: at once, with a mail to both; an offer of the former one
    ends for good. Of a code of no organisation, a revoked one, or the main code itself nothing comes.
    """
    sign_in(client)
    found = offer(app, client)
    assert [False, False] == [_given(app, number) for number in (PRIVATE, MAIN)]
    assert (True, 2) == (_given(app, COLLEAGUE), main_person(app))
    assert [
        ("organisation_codes.taken", accounts.email(MAIN)),
        ("organisation_codes.given", accounts.email(COLLEAGUE)),
    ] == [each for each in waiting_mails(app) if each[0] != OFFER]
    assert (True, 1) == (_given(app, MAIN), main_person(app))
    assert f"{ADDRESS}/expired" == leads_to(browser(app).get(f"{ADDRESS}/link/{found}"))
    logged = [row["result"] for row in rows(database(app), "events") if row["what"] == "main_code.give"]
    assert ["unknown", "unknown", "ok", "ok"] == logged


def test_staff_help_without_a_main_code(app: Flask, client: HouseClient) -> None:
    """Where the main code was revoked, staff give it to a colleague; who has no code left gets no mail about it."""
    _main_revoked(app, client)
    assert (True, False) == (_given(app, COLLEAGUE), _given(app, MAIN))
    assert (2, ["organisation_codes.given"]) == (
        main_person(app), [kind for kind, _ in waiting_mails(app) if kind.startswith("organisation_codes")]
    )  # fmt: skip
    sign_in(client, COLLEAGUE)
    assert "/withdraw?code=" not in client.get(ADDRESS).text
    assert "There is one access code" in client.get(ADDRESS).text


# What happens between the offer and the link.
def _again(app: Flask, client: HouseClient) -> None:
    Tab(client).open(ADDRESS).send(f"{ADDRESS}/again", {})


def _cancelled(app: Flask, client: HouseClient) -> None:
    Tab(client).open(ADDRESS).send(f"{ADDRESS}/cancel", {})


def _withdrawn(app: Flask, client: HouseClient) -> None:
    client.send(f"{ADDRESS}/withdraw", {"code": str(CODES[COLLEAGUE])})


def _main_revoked(app: Flask, _: HouseClient) -> None:
    with database(app).write() as conn:
        scheduled.revoke_for_staff(conn, app.extensions["services"].context, CODES[MAIN], "Vera", clock.now())


def _main_elsewhere(app: Flask, _: HouseClient) -> None:
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET main_person_id = 7 WHERE id = 1")


def _late(app: Flask, _: HouseClient) -> None:
    with database(app).write() as conn:
        conn.execute("UPDATE tokens SET expires_at = created_at")


@pytest.mark.parametrize("before", [_again, _cancelled, _withdrawn, _main_revoked, _main_elsewhere, _late])
def test_dead_links(app: Flask, client: HouseClient, before: object) -> None:
    """An older link, a cancelled one, one to a withdrawn code or from a main code that is no more, one too late: 410,
    also for who had opened it before, and the main code stays.
    """
    sign_in(client)
    found = offer(app, client)
    _, tab = accept(app, found)
    was = main_person(app)
    before(app, client)  # type: ignore[operator]
    was = main_person(app) if before is _main_elsewhere else was
    answer = browser(app).get(f"{ADDRESS}/link/{found}")
    assert f"{ADDRESS}/expired" == leads_to(answer)
    assert 410 == client.get(f"{ADDRESS}/expired").status_code
    sent = tab.send(f"{ADDRESS}/accept", {})
    assert (303 if before is _withdrawn else 410, was) == (sent.status_code, main_person(app))


def test_sent_twice(app: Flask, client: HouseClient) -> None:
    """A double press of Accept says what the first did; the link works no more."""
    sign_in(client)
    found = offer(app, client)
    other, tab = accept(app, found)
    fields = tab.fields(f"{ADDRESS}/accept")
    answers = [leads_to(other.post(f"{ADDRESS}/accept", data=fields)) for _ in range(2)]
    assert [f"{ADDRESS}?done=accepted"] * 2 == answers
    assert (2, 2) == (main_person(app), sum(kind != OFFER for kind, _ in waiting_mails(app)))
    assert f"{ADDRESS}/expired" == leads_to(browser(app).get(f"{ADDRESS}/link/{found}"))


def test_sent_twice_at_once(app: Flask, client: HouseClient) -> None:
    """Two presses that wait for each other, as by a double click, lead to the same: none is told that the link no
    longer works.
    """
    sign_in(client)
    other, tab = accept(app, offer(app, client))
    pressed = f"{ADDRESS}/accept", tab.fields(f"{ADDRESS}/accept")
    answers = at_once(app, other, pressed, pressed)
    assert [f"{ADDRESS}?done=accepted"] * 2 == [leads_to(each) for each in answers]


def test_used_for_good(app: Flask, client: HouseClient) -> None:
    """A link that was used stays used, also when the main code came back to who sent it."""
    sign_in(client)
    found = offer(app, client)
    _, tab = accept(app, found)
    tab.send(f"{ADDRESS}/accept", {})
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET main_person_id = 1 WHERE id = 1")
    assert f"{ADDRESS}/expired" == leads_to(browser(app).get(f"{ADDRESS}/link/{found}"))


def test_one_offer(app: Flask, client: HouseClient) -> None:
    """There is one offer at a time: another colleague's takes its place, and no two can be accepted."""
    with database(app).write() as conn:
        conn.execute("UPDATE access_codes SET organisation_id = 1 WHERE id = 3")
    sign_in(client)
    first = offer(app, client)
    Tab(client).open(f"{ADDRESS}/hand-over?code=3").send(f"{ADDRESS}/hand-over", {})
    second = token(app, OFFER)
    page = client.get(ADDRESS).text
    assert (f"{ADDRESS}/expired", f"{ADDRESS}/accept") == tuple(
        leads_to(browser(app).get(f"{ADDRESS}/link/{each}")) for each in (first, second)
    )
    assert (1, True) == (page.count("You offered the main code"), "to Thijs" in page)


def _race(path: Path, gate: object, token_hash: str, results: object) -> None:
    db = Database(path)
    session = sessions.Session(
        id=1, public_id="0", person_id=2, access_code_id=2, organisation_id=1, kind="business", given_name="A",
        family_name="", email="a@b.example", device="", network="", created_at=clock.now(), used_at=clock.now(),
        idle_minutes=15,
    )  # fmt: skip
    gate.wait()  # type: ignore[attr-defined]
    with db.write() as conn:
        results.put(main_code_offer.accept(conn, CONTEXT, session, token_hash, "192.0.2.1", clock.now()))  # type: ignore[attr-defined]


@pytest.mark.slow
def test_race(app: Flask, client: HouseClient) -> None:
    """Of four processes that accept with one link at once, one does."""
    sign_in(client)
    found = hash_token(offer(app, client))
    context = multiprocessing.get_context("fork")
    gate, results = context.Barrier(4), context.Queue()
    racers = [context.Process(target=_race, args=(database(app).path, gate, found, results)) for _ in range(4)]
    for racer in racers:
        racer.start()
    won = [results.get(timeout=30) for _ in racers]
    for racer in racers:
        racer.join()
    assert (1, 2) == (sum(won), main_person(app))


@pytest.mark.parametrize("name", ["withdrawn", "withdrew", "offer", "handed_over", "accepted", "given", "taken"])
@pytest.mark.parametrize("lang", ["en", "nl"])
def test_mails(app: Flask, name: str, lang: str) -> None:
    """The mails are whole in both languages, and none but the offer has a link with a token."""
    payload = {"name": "Jip", "colleague": "Amira", "organisation": "Bakkerij", "hint": "X7K", "token": "t" * 43}
    subject, body = mailer.render_mail(app.extensions["services"], f"organisation_codes.{name}", lang, payload)
    assert (True, True, name != "given", False) == (bool(subject), "Jip" in body, "Amira" in body, "{" in body)
    assert (name == "offer") == ("t" * 43 in body)

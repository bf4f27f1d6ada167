"""Looking a request up, without a browser: what is shown to whom, and what can still be done."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from selfservice import clock, mailer
from selfservice.crypto import Keys
from selfservice.demo import accounts, requests
from selfservice.fragments.request_status.form import duration_text
from selfservice.i18n.formats import format_date, format_timestamp
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.requests import review, status_link
from selfservice.values.reference import group_reference, new_reference
from selfservice.web.security import NO_TRANSFORM
from tests.access_code_helpers import (
    KVK,
    PERSON,
    AccessCodeForm,
    change,
    made,
    rows,
    saved_form,
    services,
    token,
    writes,
)
from tests.clients import HouseClient, leads_to, other_language
from tests.domain_helpers import filled
from tests.live_server import path
from tests.password_form_page import GOOD
from tests.sign_in_helpers import browser

EMAIL = PERSON["email"]
ADDRESS = {"street": "Kade", "house_number": "12 a", "postcode": "1234ab", "city": "Dorp"}


@pytest.fixture(params=[("en", False), ("nl", True)], ids=["en-page", "nl-htmx"])
def person(request: pytest.FixtureRequest, client: HouseClient) -> AccessCodeForm:
    """Somebody in each language, with and without htmx (which of the two goes with which makes no difference)."""
    lang, htmx = request.param
    return AccessCodeForm(client, "request-status", lang, htmx=htmx)


def ask(app: Flask, kind: str = "business") -> str:
    """Make a request in another browser; its reference as people read it."""
    other = AccessCodeForm(browser(app))
    other.fill_in(kind)
    other.send("check")
    return other.reference()


def approve(app: Flask, reference: str) -> None:
    """As staff do."""
    with services(app).db.write() as conn:
        review.approve(conn, services(app).context, reference, "Kim Voorbeeld", clock.now())


def test_received(person: AccessCodeForm, app: Flask) -> None:
    """Reference in any spelling and address show state, moment, place in the queue, and where the letter goes."""
    reference = ask(app)
    assert "status" == person.goes(reference=reference.lower().replace("-", " "), email=EMAIL.upper())
    page = person.see("status").text
    [request] = made(app)
    with using_language(person.lang):
        wanted = [
            reference,
            "Meelstraat 3",
            "Bakkerij De Gouden Korst",
            format_timestamp(clock.from_text(request["created_at"])),
        ]
    assert [True] * 4 == [part in page for part in wanted]
    waiting = [
        row for row in rows(app, "requests") if row["kind"] == "business" and row["state"] in ("received", "checking")
    ]
    assert str(len(waiting) - 1) in re.sub(r"<[^>]+>", " ", page)
    assert ["address", "withdraw"] == re.findall(rf'<li><a href="{person.base}/([a-z-]+)"', page)


def test_unknown_is_uniform(app: Flask, statements: list[str]) -> None:
    """A wrong reference and a wrong address get the same answers for the same writes; sending the right ones too."""
    reference = ask(app)
    answers, counts = [], []
    for typed, email in (
        (reference, "wrong@example.org"),
        (group_reference(new_reference()), EMAIL),
        (reference, EMAIL),
    ):
        other = AccessCodeForm(browser(app), "request-status")
        statements.clear()
        sent = other.send(reference=typed, email=email)
        counts.append(writes(statements))
        answers.append((sent.status_code, sent.data, other.see("status").data))
    assert answers[0] == answers[1]
    assert answers[0][:2] == answers[2][:2]
    assert counts[0] == counts[1] == counts[2]


@pytest.mark.parametrize(
    ("field", "typed"),
    [("reference", ""), ("reference", "K7RM-4X9"), ("reference", "K7RM-4X9S"), ("email", ""), ("email", "oona")],
)
def test_mistakes(person: AccessCodeForm, field: str, typed: str) -> None:
    """What cannot be a reference or address is a 422 at its field, with what was typed; nothing is kept."""
    data = {"reference": group_reference(new_reference()), "email": EMAIL} | {field: typed}
    answer = person.send(**data)
    assert (422, True) == (answer.status_code, f'id="request-status-{field}-error"' in answer.text)
    assert [True] * 2 == [f'value="{value}"' in answer.text for value in data.values()]
    assert person.client.cookie_value() is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switch_language(client: HouseClient, lang: str) -> None:
    """The switch keeps what was typed, and errors that were shown."""
    other = AccessCodeForm(client, "request-status", other_language(lang))
    plain = other.send(reference="K7", email="oo", switch_language="1")
    wrong = other.send(reference="K7", email="oo", switch_language="1", checked="1")
    assert [(200, False), (422, True)] == [(one.status_code, 'class="message"' in one.text) for one in (plain, wrong)]
    assert 'value="K7"' in plain.text
    assert 'value="K7"' in wrong.text


@pytest.mark.parametrize("step", ["status", "withdraw", "address", "never-came"])
def test_nothing_looked_up(person: AccessCodeForm, step: str) -> None:
    """Without a reference each state leads to the form."""
    assert "" == person.leads(person.see(step))
    if step != "status":
        assert "" == person.goes(step, **ADDRESS)


def test_withdraw(person: AccessCodeForm, app: Flask) -> None:
    """Withdrawing is asked once more, then done; after that it is neither offered nor possible. A new request is."""
    reference = ask(app)
    person.send(reference=reference, email=EMAIL)
    assert "received" == made(app)[0]["state"]
    assert reference in person.see("withdraw").text
    assert "received" == made(app)[0]["state"]
    assert "status" == person.goes("withdraw")
    assert "withdrawn" == made(app)[0]["state"]
    page, new = person.see("status").text, f'href="/{person.lang}/self-service/access-code"'
    assert (False, True) == ("/withdraw" in page, new in page)
    assert "status" == person.leads(person.see("withdraw"))


@pytest.mark.parametrize("step", ["withdraw", "never-came"])
def test_sent_twice(person: AccessCodeForm, step: str) -> None:
    """A double click is no mistake: the page says what was done, not that it could not be done."""
    number = {"withdraw": 0, "never-came": requests.NOT_RECEIVED[1]}[step]
    person.send(reference=requests.reference(number), email=requests.email(number))
    about = person.client.about_of(person.address(step))
    assert ["status"] * 2 == [person.goes(step, about=about) for _ in range(2)]
    page = person.see("status").text
    assert (False, step == "never-came") == ('class="notice bad"' in page, 'class="notice good"' in page)


def test_leads_to_logging_in(person: AccessCodeForm, app: Flask) -> None:
    """When the code is on its way, the page says what to do with it; before that it does not."""
    for asked in ((ask(app), EMAIL), (requests.reference(number := requests.NOT_RECEIVED[1]), requests.email(number))):
        person.send(reference=asked[0], email=asked[1])
        panel = person.see("status").text.partition('id="request-status"')[2].partition("</section>")[0]
        assert (asked[1] != EMAIL) == (f'href="/{person.lang}/self-service/sign-in"' in panel)


def test_too_late(person: AccessCodeForm, app: Flask) -> None:
    """What was done elsewhere meanwhile can no longer be done here, and the answer says how it stands now."""
    reference = ask(app)
    other = AccessCodeForm(browser(app), "request-status")
    for one in (person, other):
        one.send(reference=reference, email=EMAIL)
    about = person.client.about_of(person.address("address"))
    other.send("withdraw")
    before = made(app)
    answer = person.send("address", about=about, **ADDRESS)
    heading = {"en": "Your request is withdrawn", "nl": "Je aanvraag is ingetrokken"}[person.lang]
    assert (409, True, True) == (answer.status_code, 'class="notice bad"' in answer.text, heading in answer.text)
    assert before == made(app)


def test_changed_elsewhere(person: AccessCodeForm, app: Flask) -> None:
    """An address that was corrected in another tab is not overwritten unseen: the page shows it, and what was typed."""
    person.send(reference=ask(app), email=EMAIL)
    about = person.client.about_of(person.address("address"))
    person.send("address", **ADDRESS)
    before = made(app)
    answer = person.send("address", about=about, **ADDRESS | {"street": "Plein"})
    assert (409, True, True) == (answer.status_code, "Kade 12a" in answer.text, 'value="Plein"' in answer.text)
    assert before == made(app)
    assert "status" == person.goes("address", **ADDRESS | {"street": "Plein"})


@pytest.mark.parametrize("step", ["withdraw", "address", "never-came"])
def test_two_tabs(person: AccessCodeForm, app: Flask, step: str) -> None:
    """What a page asked of one request is not done to another that was looked up since, in another tab."""
    first, second = [requests.NOT_RECEIVED[0], requests.NOT_RECEIVED[1]] if step == "never-came" else [0, 2]
    person.send(reference=requests.reference(first), email=requests.email(first))
    about = person.client.about_of(person.address(step))
    assert about
    person.send(reference=requests.reference(second), email=requests.email(second))
    before = rows(app, "requests")
    answer = person.send(step, about=about, **(ADDRESS if step == "address" else {}))
    shown = group_reference(requests.reference(second))
    assert (409, True, False) == (answer.status_code, shown in answer.text, "<form" in panel_of(answer.text))
    assert before == rows(app, "requests")
    assert "status" == person.goes(step, **(ADDRESS if step == "address" else {}))


def test_without_cookies(person: AccessCodeForm, app: Flask) -> None:
    """Who keeps no cookie hears at once that one is needed, not that there is no such request."""
    led = person.send(reference=ask(app), email=EMAIL).headers["Location"]
    other = AccessCodeForm(browser(app), person.form, person.lang, htmx=person.htmx)
    assert 'id="cookies-needed"' in other.see(led.rpartition("/")[2]).text


def panel_of(page: str) -> str:
    """The form's part of a page or fragment."""
    return page[page.index('<section id="request-status"') : page.index("</section>")]


def test_correct_address(person: AccessCodeForm, app: Flask) -> None:
    """A letter that is not printed goes elsewhere once the address is right; the name stays; staff look again."""
    reference = ask(app)
    approve(app, reference)
    person.send(reference=reference, email=EMAIL)
    wrong = person.send("address", **ADDRESS | {"postcode": "12"})
    assert (422, True, True) == (
        wrong.status_code,
        'id="request-status-postcode-error"' in wrong.text,
        'value="Kade"' in wrong.text,
    )
    assert "status" == person.goes("address", **ADDRESS)
    [request] = made(app)
    lines = ["Bakkerij De Gouden Korst", "Oona van 't Veld", "Kade 12a", "1234 AB  DORP"]
    assert (lines, "checking") == (json.loads(request["letter_lines"]), request["state"])
    page = person.see("status").text
    assert ("Kade 12a" in page, 'class="notice good"' in page) == (True, True)


def test_address_abroad(client: HouseClient, app: Flask) -> None:
    """A letter can go to another country, named in English on its last line; the page promises no days for that."""
    one = AccessCodeForm(client, "request-status")
    one.send(reference=ask(app), email=EMAIL)
    assert 'value="FR">France' in one.see("address").text
    abroad = {"country": "FR", "street": "1 rue de la Paix", "house_number": "", "postcode": "75002", "city": "Paris"}
    assert 422 == one.send("address", **abroad | {"country": "XX"}).status_code
    assert 422 == one.send("address", **abroad | {"city": "東京"}).status_code
    one.send("address", **abroad)
    lines = json.loads(made(app)[0]["letter_lines"])
    assert ["1 rue de la Paix", "75002  PARIS", "FRANCE"] == lines[2:]
    page = one.see("status").text
    assert (True, False) == ("cannot say how long" in page, "between" in page)


@pytest.mark.parametrize(
    ("field", "typed"),
    [("street", ""), ("house_number", "x"), ("postcode", "1234"), ("city", "y" * 61)],
)
def test_wrong_address(client: HouseClient, app: Flask, field: str, typed: str) -> None:
    """Each part of an address is checked; the language switch keeps it."""
    one = AccessCodeForm(client, "request-status")
    one.send(reference=ask(app), email=EMAIL)
    answer = one.send("address", **ADDRESS | {field: typed})
    assert (422, 1) == (answer.status_code, answer.text.count('class="message"'))
    other = AccessCodeForm(client, "request-status", "nl")
    switched = [
        other.send("address", **ADDRESS | {field: typed}, switch_language="1", checked=flag) for flag in ("", "1")
    ]
    assert [200, 422] == [one.status_code for one in switched]
    assert all(f'value="{typed}"' in one.text for one in switched)


def test_never_came(person: AccessCodeForm, app: Flask) -> None:
    """After the last day a code that was not used is made worthless, and a new one sent; not before."""
    other = AccessCodeForm(browser(app))
    other.fill_in("business", email="info@bakkerij-goudenkorst.example")
    other.send("check")
    reference, email = other.reference(), "info@bakkerij-goudenkorst.example"
    approve(app, reference)
    person.send(reference=reference, email=email)
    assert "status" == person.leads(person.see("never-came"))
    change(
        app, "UPDATE requests SET expected_from = '2026-01-02', expected_until = '2026-01-02' WHERE email = ?", email
    )
    assert "/never-came" in person.see("status").text
    assert 200 == person.see("never-came").status_code
    before = made(app, email)[0]["access_code_id"]
    assert "status" == person.goes("never-came")
    after = made(app, email)[0]["access_code_id"]
    revoked = [row["id"] for row in rows(app, "access_codes") if row["revoked_at"]]
    assert (True, True) == (after != before, before in revoked)
    assert 'class="notice good"' in person.see("status").text


@pytest.mark.parametrize("number", requests.NOT_RECEIVED)
def test_never_came_can_be_tried(app: Flask, client: HouseClient, number: int) -> None:
    """Of two requests in the demonstration the code should have come: it can be said that it never did. Another is then
    on its way as the first was, and only that one works.
    """
    before = codes_of(app, number)
    assert [requests.code(number)[-3:]] == [row["hint"] for row in before if not row["revoked_at"]]
    one = AccessCodeForm(client, "request-status")
    one.send(reference=requests.reference(number), email=requests.email(number))
    assert "/never-came" in one.see("status").text
    assert "status" == one.goes("never-came")
    after = codes_of(app, number)
    [request] = made(app, requests.email(number))
    assert [True, False] == [bool(row["revoked_at"]) for row in after]
    assert (after[1]["id"], "letter" if request["letter_id"] else "sent") == (
        request["access_code_id"],
        {"letter": "letter", "email": request["state"]}[request["delivery"]],
    )


@pytest.mark.parametrize("number", requests.NOT_RECEIVED)
def test_wait_is_said_before(person: AccessCodeForm, app: Flask, number: int) -> None:
    """That a new letter may have to wait for another stands on the page before the code is made worthless."""
    person.send(reference=requests.reference(number), email=requests.email(number))
    page = person.see("never-came").text
    by_letter = made(app, requests.email(number))[0]["delivery"] == "letter"
    assert by_letter == ({"en": "14 days", "nl": "14 dagen"}[person.lang] in page)


@pytest.mark.parametrize(
    ("number", "said", "expected"),
    [(4, "", True), (requests.NOT_RECEIVED[0], "should have come by", False), (3, "Yours is next", False)],
    ids=["printed", "late", "waits"],
)
def test_days_that_hold(client: HouseClient, number: int, said: str, expected: bool) -> None:
    """Days are promised while they can be kept: not of a letter that is late, nor of one that waits for another."""
    one = AccessCodeForm(client, "request-status")
    one.send(reference=requests.reference(number), email=requests.email(number))
    page = one.see("status").text
    assert (True, expected) == (said in page, "still to come: between" in page or "now: between" in page)


@pytest.mark.parametrize("number", [0, 2, 3], ids=["received", "checking", "approved"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_days_that_are_over(client: HouseClient, app: Flask, number: int, lang: str) -> None:
    """Days that are over are no longer promised: the page says that it takes longer, and whom to ask."""
    change(
        app,
        "UPDATE requests SET expected_from = '2026-01-05', expected_until = '2026-01-07' WHERE email = ?",
        requests.email(number),
    )
    # The letter of an approved one is ready; in the demonstration the worker would see to that.
    change(app, "UPDATE requests SET letter_id = coalesce(letter_id, 1) WHERE state = 'approved'")
    one = AccessCodeForm(client, "request-status", lang)
    one.send(reference=requests.reference(number), email=requests.email(number))
    page = one.see("status").text
    panel = page[page.index('class="panel"') : page.index("</main>")]
    with using_language(lang):
        since, until = (format_date(date(2026, 1, day)) for day in (5, 7))
    assert (False, True, True) == (since in panel, until in panel, f'<a href="{path(lang, "contact")}">' in panel)


@pytest.mark.parametrize(("hours", "lapsed"), [(23, False), (25, True)])
def test_link_that_lapsed(person: AccessCodeForm, app: Flask, hours: int, *, lapsed: bool) -> None:
    """Who is told to use the link of a private request hears when its hours are over, and then where to ask again; that
    depends on the request's age alone, so it tells nothing of who has a password or a code.
    """
    reference = ask(app, "private")
    made_at = clock.to_text(clock.now() - timedelta(hours=hours))
    until = clock.to_text(clock.now() + timedelta(hours=24 - hours))
    change(app, "UPDATE requests SET created_at = ?, link_until = ? WHERE email = ?", made_at, until, EMAIL)
    person.send(reference=reference, email=EMAIL)
    assert lapsed == (f'<a href="/{person.lang}/self-service/access-code">' in person.see("status").text)


def test_steps_in_order_of_time(client: HouseClient) -> None:
    """What happened stands in order of time, also when a letter never came and a new code was made after it; what
    comes after that stands below it.
    """
    one = AccessCodeForm(client, "request-status")
    one.send(reference=requests.reference(requests.NOT_RECEIVED[0]), email=requests.email(requests.NOT_RECEIVED[0]))
    one.send("never-came")
    wanted = [
        "Received", "Approved", "Printed", "Posted", "New code made",
        "now We print the letter", "to come Posted", "to come Delivered",
    ]  # fmt: skip
    assert wanted == course(one.see("status").text)


def test_nobody_approves_a_private_request(client: HouseClient) -> None:
    """A private request is received and sent; that it never came gives a new code, sent again."""
    number = next(at for at, (_, row, story) in enumerate(requests.HISTORIES) if row == 0 and story[-1][0] == "sent")
    one = AccessCodeForm(client, "request-status")
    one.send(reference=requests.reference(number), email=requests.email(number))
    assert ["Received", "Confirmed by you", "Sent by e-mail"] == course(one.see("status").text)


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (0, ["Received", "now We check your request", "to come Printed", "to come Posted", "to come Delivered"]),
        (2, ["Received", "now We check your request", "to come Printed", "to come Posted", "to come Delivered"]),
        (4, ["Received", "Approved", "Printed", "now We post the letter", "to come Delivered"]),
        (5, ["Received", "Approved", "Printed", "Posted"]),
        (6, ["Received", "Approved", "Sent by e-mail"]),
        (7, ["Received", "Not approved"]),
        (8, ["Received", "Withdrawn"]),
        (10, ["Received", "now You confirm your request", "to come Sent by e-mail"]),
    ],
)  # fmt: skip
def test_what_comes_next(client: HouseClient, number: int, wanted: list[str]) -> None:
    """The page shows what was done, what happens now and what is still to come; nothing more comes of what is closed,
    was sent, or should be there by now. Each says so in words.
    """
    one = AccessCodeForm(client, "request-status")
    one.send(reference=requests.reference(number), email=requests.email(number))
    assert wanted == course(one.see("status").text)


def test_one_measure_of_time(client: HouseClient, app: Flask) -> None:
    """Beside the promised days stands how long it usually takes only where that is quicker, and the days once."""
    change(app, "UPDATE request_states SET at = '2026-01-01T10:00:00.000000Z' WHERE state IN ('sent', 'posted')")
    change(app, "UPDATE requests SET created_at = '2026-01-01T08:00:00.000000Z' WHERE state IN ('sent', 'posted')")
    one = AccessCodeForm(client, "request-status")
    one.send(reference=requests.reference(0), email=requests.email(0))
    page = one.see("status").text
    assert (1, True) == (page.count("between"), "Usually it is quicker: half of the people" in page)
    change(app, "UPDATE requests SET created_at = '2025-11-01T08:00:00.000000Z' WHERE state IN ('sent', 'posted')")
    assert "half of the people" not in one.see("status").text


def course(page: str) -> list[str]:
    """The steps that a page shows, those that are not done with what is said of them."""
    items = re.findall(
        r"<li( class=\"done\"| aria-current=\"step\"|)>([^<]+)<span class=\"(?:hint|unseen)\">([^<]+)", page
    )
    said = {"": "to come ", ' aria-current="step"': "now ", ' class="done"': ""}
    wanted = {"": "still to come", ' aria-current="step"': "now", ' class="done"': "(done)"}
    assert all(words.startswith(wanted[kind]) for kind, _, words in items)
    return [f"{said[kind]}{name.strip()}" for kind, name, _ in items]


def codes_of(app: Flask, number: int) -> list[dict[str, Any]]:
    """The access codes of who made this demo request."""
    [request] = made(app, requests.email(number))
    return [row for row in rows(app, "access_codes") if row["person_id"] == request["person_id"]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_state(client: HouseClient, app: Flask, lang: str) -> None:
    """Each state of the demonstration's requests has a page of its own, with its moments."""
    titles = set()
    for row in rows(app, "requests"):
        one = AccessCodeForm(client, "request-status", lang)
        one.send(reference=row["reference"], email=row["email"])
        page = one.see("status")
        assert 200 == page.status_code
        titles.add(re.findall(r"<title>(.*?)</title>", page.text)[0])
    assert len({row["state"] for row in rows(app, "requests")} - {"duplicate"}) == len(titles)


@pytest.mark.parametrize("htmx", [False, True])
def test_too_often(app: Flask, *, htmx: bool) -> None:
    """One reference can be tried only so often, from anywhere; what was typed stays."""
    typed = {"reference": group_reference(new_reference()), "email": EMAIL}
    for _ in range(21):
        answer = AccessCodeForm(browser(app), "request-status", htmx=htmx).send(**typed)
    assert 429 == answer.status_code
    assert int(answer.headers["Retry-After"]) > 0
    assert htmx or EMAIL in answer.text


def test_acting_too_often(client: HouseClient, app: Flask) -> None:
    """What is done with a request counts too."""
    one = AccessCodeForm(client, "request-status")
    one.send(reference=ask(app), email=EMAIL)
    statuses = [one.send("address", **ADDRESS | {"house_number": str(at + 1)}).status_code for at in range(20)]
    assert ({303}, 429) == (set(statuses[:19]), statuses[19])


def test_switch_has_an_address(client: HouseClient, app: Flask) -> None:
    """How it stands is shown in any page, and says at which address it is: there the language can be switched."""
    one = AccessCodeForm(client, "request-status", htmx=True)
    one.send(reference=ask(app), email=EMAIL)
    assert 'data-switch="/en/self-service/request-status/status"' in one.see("status").text


def mailed_link(app: Flask, kind: str = "access_code.received") -> str:
    """The path of the link to the status in the newest mail of a kind."""
    row = [each for each in rows(app, "outbox") if each["kind"] == kind][-1]
    text = mailer.render_mail(services(app), kind, row["language"], filled(row))[1]
    return str(re.findall(r"http://127\.0\.0\.1:8000(/\w+/self-service/request-status/link/\w+)", text)[0])


def lose(app: Flask) -> str:
    """Have the code of the demonstration's first person replaced by a letter; the page that says so."""
    other = AccessCodeForm(browser(app), "lost-access-code")
    other.send(email=accounts.email(0), kvk_number=KVK)
    other.see(f"link/{token(app, 'lost_access_code.link')}")
    other.replace(other.see("confirm").text)
    return other.see("done").text


@pytest.mark.parametrize("kind", ["access_code.received", "lost_access_code.replaced"])
def test_link_opens_the_status(app: Flask, client: HouseClient, kind: str) -> None:
    """The link in each mail about a request opens its status; it changes nothing of it, leaves the address, and is in
    no row. What can be done there can be done as after looking it up.
    """
    if kind == "access_code.received":
        ask(app)
    else:
        lose(app)
    where, before = mailed_link(app, kind), rows(app, "requests")
    answer = client.get(where)
    assert (303, f"{where.partition('/link/')[0]}/status") == (answer.status_code, leads_to(answer))
    page = client.follow(answer)
    assert (200, True) == (page.status_code, group_reference(before[-1]["reference"]) in page.text)
    assert before == rows(app, "requests")
    tables = services(app).db.read().execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    kept = [str(rows(app, each["name"])) for each in tables]
    assert [] == [each for each in kept if where.rpartition("/")[2] in each]
    one = AccessCodeForm(client, "request-status")
    assert "status" == one.goes("withdraw", about=client.about_of(one.address("withdraw")))
    assert "withdrawn" == rows(app, "requests")[-1]["state"]


def test_links_that_open_nothing(app: Flask, client: HouseClient, statements: list[str]) -> None:
    """A link that was altered, of a request that is not there, of too long ago, and garbage get the same answer;
    it leads to the empty form. Nothing is written.
    """
    ask(app)
    where = mailed_link(app)
    other = f"{new_reference()}{where[-32:]}"
    answers = []
    for sent in (f"{where[-40:-1]}{'1' if where[-1] == '0' else '0'}", other, "x" * 40, "é", where[-40:]):
        if sent == where[-40:]:
            clock_back = clock.to_text(clock.now() - timedelta(days=90))
            change(app, "UPDATE requests SET created_at = ? WHERE email = ?", clock_back, EMAIL)
        statements.clear()
        answer = client.get(f"/en/self-service/request-status/link/{sent}")
        answers.append((answer.status_code, leads_to(answer), answer.data, sorted(answer.headers), writes(statements)))
    assert [answers[0]] * 5 == answers
    assert [] == answers[0][-1]
    assert (303, "/en/self-service/request-status/expired") == answers[0][:2]
    page = client.get(answers[0][1])
    assert (410, True, None) == (page.status_code, 'value=""' in page.text, client.cookie_value())
    assert "request-status-reference" in page.text


def test_links_use_nothing_up(app: Flask) -> None:
    """However often programs that look at mail follow the link, its owner can look the request up."""
    reference, where = ask(app), mailed_link(app)
    for number in range(25):
        scanner = browser(app)
        scanner.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        assert 303 == scanner.get(where).status_code
    assert "status" == AccessCodeForm(browser(app), "request-status").goes(reference=reference, email=EMAIL)


def test_link_too_often(app: Flask) -> None:
    """From one place links are opened only as often as requests are looked up."""
    ask(app)
    answers = [browser(app).get(mailed_link(app)).status_code for _ in range(61)]
    assert ({303}, 429) == (set(answers[:60]), answers[60])


def test_link_without_cookies(app: Flask) -> None:
    """Where cookies are blocked the link says that one is needed, not that it opens nothing."""
    ask(app)
    other = app.test_client(use_cookies=False)
    page = other.get(other.get(mailed_link(app)).headers["Location"])
    assert (200, True) == (page.status_code, 'id="cookies-needed"' in page.text)


def test_link_of_before_a_rotation(app: Flask) -> None:
    """A link that was mailed with the old secret opens the request as long as that secret is set beside the new one."""
    ask(app)
    wired = services(app)
    token, old = mailed_link(app).rpartition("/")[2], wired.context.keys
    both, new = Keys(b"n" * 32, b"o" * 32), Keys(b"n" * 32)
    found = []
    for keys in (replace(wired.context, keys=both), replace(wired.context, keys=new)):
        keys.keys.old = old if keys.keys is both else None
        found.append(status_link.find_request(wired.db.read(), keys, token, clock.now()) is not None)
    assert [True, False] == found


def test_pages_open_the_status(app: Flask) -> None:
    """The page after a request, after its link was used, and after a code was replaced open the status at once; the
    answer is not compressed, as one with a mailed link is not.
    """
    other = AccessCodeForm(browser(app))
    other.fill_in("business")
    other.send("check")
    done = other.see("done")
    other.see(f"link/{token(app, 'access_code.received')}")
    other.send("confirm", about=other.client.about_of(other.address("confirm")), new_password=GOOD)
    confirmed = other.see("confirmed")
    other.client.delete_cookie("loket", domain="127.0.0.1")
    used = other.client.follow(other.see(f"link/{token(app, 'access_code.received')}"))
    assert [NO_TRANSFORM] * 3 == [page.headers["Cache-Control"] for page in (done, confirmed, used)]
    for page in (done.text, confirmed.text, used.text, lose(app)):
        [where] = set(re.findall(r'href="(/en/self-service/request-status/link/\w+)"', page))
        one = browser(app)
        shown = one.follow(one.get(where))
        assert (200, True) == (
            shown.status_code,
            "Reference:" in shown.text,
        )


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "1 minute"),
        (119, "119 minutes"),
        (120, "2 hours"),
        (47 * 60, "47 hours"),
        (48 * 60, "2 days"),
        (83 * 60, "3 days"),
    ],
)
def test_duration(minutes: int, text: str) -> None:
    """Waiting times are said in the unit that people would use."""
    import datetime as dt

    with using_language("en"):
        assert text == duration_text(dt.timedelta(minutes=minutes))


def test_another(client: HouseClient, app: Flask) -> None:
    """Looking another request up forgets what was done with the one before."""
    one = AccessCodeForm(client, "request-status")
    one.send(reference=ask(app), email=EMAIL)
    one.send("withdraw")
    one.send(reference=group_reference(new_reference()), email=EMAIL)
    assert {"reference", "email"} == set(saved_form(app, "request-status"))

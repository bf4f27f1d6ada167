"""Replacing a lost access code, without a browser: from the form over the mailed link to the new code."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask

from selfservice import mailer
from selfservice.demo import accounts
from selfservice.i18n.languages import LANGUAGES
from tests.access_code_helpers import KVK, AccessCodeForm, change, rows, services, token, writes
from tests.clients import HouseClient, other_language
from tests.sign_in_helpers import age_sessions, browser, prepare, sign_in

# Of the demonstration: somebody of the first organisation, and somebody with a private code.
BUSINESS = {"email": accounts.email(0), "kvk_number": KVK}
PRIVATE = {"email": accounts.email(4), "kvk_number": ""}
LINK = "lost_access_code.link"


@pytest.fixture(params=[("en", False), ("nl", True)], ids=["en-page", "nl-htmx"])
def person(request: pytest.FixtureRequest, client: HouseClient) -> AccessCodeForm:
    """Somebody in each language, with and without htmx (which of the two goes with which makes no difference)."""
    lang, htmx = request.param
    return AccessCodeForm(client, "lost-access-code", lang, htmx=htmx)


@pytest.fixture
def one(client: HouseClient) -> AccessCodeForm:
    """Somebody, for what does not depend on language or scripts."""
    return AccessCodeForm(client, "lost-access-code")


def active(app: Flask, email: str) -> list[int]:
    """The codes of this address that were not revoked."""
    conn = services(app).db.read()
    found = conn.execute(
        """SELECT c.id FROM access_codes c JOIN people p ON p.id = c.person_id
           WHERE p.email = ? AND c.revoked_at IS NULL ORDER BY c.id""",
        (email,),
    )
    return [row["id"] for row in found]


@pytest.mark.parametrize("typed", [PRIVATE, BUSINESS], ids=["private", "business"])
def test_replaced(person: AccessCodeForm, app: Flask, typed: dict[str, str]) -> None:
    """Asked, mailed, followed and confirmed: the old code is revoked, a new one made, and how it comes is said."""
    [old] = active(app, typed["email"])
    assert "sent" == person.goes(**typed)
    shown = re.sub(r"<[^>]+>", "", person.see("sent").text)
    assert (False, True) == (typed["email"] in shown, typed["email"].partition("@")[2] in shown)
    found = token(app, LINK)
    assert "confirm" == person.leads(person.see(f"link/{found}"))
    page = person.see("confirm").text
    assert (False, True) == (found in page, [old] == active(app, typed["email"]))
    assert "done" == person.leads(person.replace())
    [new] = active(app, typed["email"])
    assert new != old
    done = person.see("done").text
    assert re.search(r"[2-9A-Y]{4}-[2-9A-Y]{4}", done)
    assert ("Meelstraat" in done) == ("Meelstraat" in page)


def test_letter_abroad(one: AccessCodeForm, app: Flask) -> None:
    """Of a letter to another country neither the page nor the mail promises days: they say why."""
    change(app, "UPDATE organisations SET country = 'BE', postal_city = NULL")
    one.send(**BUSINESS)
    one.see(f"link/{token(app, LINK)}")
    one.replace()
    mail = rows(app, "outbox")[-1]
    _, text = mailer.render_mail(services(app), mail["kind"], "en", json.loads(mail["payload"]))
    found = [("cannot say how long" in page, " between " in page) for page in (one.see("done").text, text)]
    assert [(True, False)] * 2 == found


@pytest.mark.parametrize("blank", ["-", " ‐ ", ".", "\N{ZERO WIDTH SPACE}"])
def test_a_dash_is_no_number(one: AccessCodeForm, app: Flask, blank: str) -> None:
    """Who fills the field that may stay empty with a dash means the private code."""
    assert "sent" == one.goes(**{**PRIVATE, "kvk_number": blank})
    assert token(app, LINK)


@pytest.mark.parametrize(("typed", "said"), [(PRIVATE, False), (BUSINESS, True)], ids=["private", "business"])
def test_wait_is_said_before(person: AccessCodeForm, app: Flask, typed: dict[str, str], *, said: bool) -> None:
    """That a letter may have to wait for another stands on the page before the old code is made worthless."""
    person.send(**typed)
    person.see(f"link/{token(app, LINK)}")
    page = person.see("confirm").text
    assert said == ({"en": "14 days", "nl": "14 dagen"}[person.lang] in page)


def test_nothing_to_replace(person: AccessCodeForm) -> None:
    """Whose code lapsed gets no mail, so the page that cannot say so leads to a request for a new one."""
    person.send(**PRIVATE)
    assert f'href="/{person.lang}/self-service/access-code"' in person.see("sent").text


def test_sent_twice(one: AccessCodeForm, app: Flask) -> None:
    """A double click makes one new code and shows the same page."""
    one.send(**PRIVATE)
    one.see(f"link/{token(app, LINK)}")
    page = one.see("confirm").text
    assert ["done", "done"] == [one.leads(one.replace(page)), one.leads(one.replace(page))]
    assert "done" == one.leads(one.see("confirm"))
    assert 1 == len(active(app, PRIVATE["email"]))
    assert 1 == len([row for row in rows(app, "requests") if row["email"] == PRIVATE["email"]])


def test_looking_changes_nothing(one: AccessCodeForm, app: Flask) -> None:
    """Mail scanners follow links: neither GET nor HEAD uses it up or revokes anything."""
    one.send(**PRIVATE)
    before, found = active(app, PRIVATE["email"]), token(app, LINK)
    for method in ("GET", "HEAD", "GET"):
        assert 303 == one.client.open(one.address(f"link/{found}"), method=method).status_code
    assert before == active(app, PRIVATE["email"])
    assert "done" == one.leads(one.replace())


def test_dead_link_while_signed_in(app: Flask, one: AccessCodeForm) -> None:
    """Who is logged in hears the same of a link that no longer works, also when that prolongs their session."""
    prepare(app)
    sign_in(one.client)
    one.send(**PRIVATE)
    one.see(f"link/{token(app, LINK)}")
    page = one.see("confirm").text
    change(app, "UPDATE tokens SET expires_at = '2026-01-01T00:00:00.000000Z'")
    age_sessions(app, minutes=5)
    assert 410 == one.replace(page).status_code


@pytest.mark.parametrize("found", ["x" * 43, "used"])
def test_dead_link_shows_no_earlier_links_page(one: AccessCodeForm, app: Flask, found: str) -> None:
    """In a browser in which another's link was opened before, a link that opens nothing does not show that one's page:
    its button would replace the other's code.
    """
    if found == "used":
        one.send(**BUSINESS)
        found = token(app, LINK)
        other = AccessCodeForm(browser(app), "lost-access-code")
        other.see(f"link/{found}")
        other.replace()
    one.send(**PRIVATE)
    one.see(f"link/{token(app, LINK)}")
    answer = one.client.follow(one.see(f"link/{found}"))
    assert (410, False) == (answer.status_code, "/confirm" in answer.text)


def test_two_tabs(person: AccessCodeForm, app: Flask) -> None:
    """The button replaces the code that its own page showed, not that of a link opened in another tab since."""
    links = []
    for typed in (BUSINESS, PRIVATE):
        person.send(**typed)
        links.append(token(app, LINK))
    person.see(f"link/{links[0]}")
    page = person.see("confirm").text
    person.see(f"link/{links[1]}")
    before = [active(app, typed["email"]) for typed in (BUSINESS, PRIVATE)]
    answer = person.replace(page)
    assert (409, False) == (answer.status_code, f'action="{person.address("confirm")}"' in answer.text)
    assert before == [active(app, typed["email"]) for typed in (BUSINESS, PRIVATE)]
    assert "done" == person.leads(person.replace())


def test_again_in_two_tabs(person: AccessCodeForm, app: Flask) -> None:
    """'Send again' sends it to who the page was about, not to who asked in another tab since."""
    person.send(**BUSINESS)
    about = person.client.about_of(person.address("sent"))
    person.send(**PRIVATE)
    before = rows(app, "outbox")
    answer = person.send("sent", about=about)
    shown = re.sub(r"<[^>]+>", "", answer.text)
    assert (409, True) == (answer.status_code, f"{PRIVATE['email'][0]}•••@" in shown)
    assert before == rows(app, "outbox")
    assert "sent" == person.goes("sent")


def test_without_cookies(person: AccessCodeForm, app: Flask) -> None:
    """A link that works never seems to work no more for want of a cookie: what is needed is said; and one that works no
    more says so, with or without.
    """
    person.send(**PRIVATE)
    found, client = token(app, LINK), browser(app)
    other = AccessCodeForm(client, person.form, person.lang, htmx=person.htmx)
    led = other.see(f"link/{found}").headers["Location"]
    client.delete_cookie("loket", domain="127.0.0.1")
    page = client.get(led)
    assert (200, True, False) == (page.status_code, 'id="cookies-needed"' in page.text, "expired" in led)
    change(app, "UPDATE tokens SET expires_at = '2026-01-01T00:00:00.000000Z'")
    assert "expired" == other.leads(other.see(f"link/{found}"))
    assert (410, None) == (other.see("expired").status_code, client.cookie_value())


@pytest.mark.parametrize("which", ["used", "expired", "older", "garbage"])
def test_link_that_no_longer_works(person: AccessCodeForm, app: Flask, which: str) -> None:
    """A link that was used, expired, made worthless by another or made up says so, and changes nothing."""
    person.send(**PRIVATE)
    found = token(app, LINK)
    if which == "used":
        person.see(f"link/{found}")
        person.replace()
    elif which == "expired":
        change(app, "UPDATE tokens SET expires_at = '2026-01-01T00:00:00.000000Z'")
    elif which == "older":
        person.send(**PRIVATE)
        person.see(f"link/{token(app, LINK)}")
        person.replace()
    other = AccessCodeForm(browser(app), person.form, person.lang, htmx=person.htmx)
    before = active(app, PRIVATE["email"])
    assert "expired" == other.leads(other.see(f"link/{'x' * 43 if which == 'garbage' else found}"))
    answer = other.see("expired")
    assert (410, True) == (answer.status_code, f'href="{person.base}"' in answer.text)
    assert "" == other.leads(other.replace())
    assert before == active(app, PRIVATE["email"])


def test_link_that_ends_while_its_page_is_open(person: AccessCodeForm, app: Flask) -> None:
    """So does the page behind it, and its button."""
    person.send(**PRIVATE)
    person.see(f"link/{token(app, LINK)}")
    page, before = person.see("confirm").text, active(app, PRIVATE["email"])
    change(app, "UPDATE tokens SET expires_at = '2026-01-01T00:00:00.000000Z'")
    assert [410, 410] == [answer.status_code for answer in (person.see("confirm"), person.replace(page))]
    assert before == active(app, PRIVATE["email"])


def test_known_and_unknown(app: Flask, statements: list[str]) -> None:
    """Known or not, for the wrong organisation or none: the same answers for the same writes; one gets a mail."""
    tries = [
        PRIVATE,
        PRIVATE | {"email": "nobody@brievenbus.example"},
        PRIVATE | {"email": accounts.email(0)},
    ]
    business = [
        BUSINESS,
        BUSINESS | {"email": "xandra@bakkerij-goudenkorst.example"},
        BUSINESS | {"kvk_number": "99999999"},
    ]
    for group in (tries, business):
        answers, counts = [], []
        for typed in group:
            other = AccessCodeForm(browser(app), "lost-access-code")
            statements.clear()
            sent = other.send(**typed)
            counts.append(writes(statements))
            page = re.sub(r'\S•••@\S+?<|name="about" value="[^"]*"', "•", other.see("sent").text)
            answers.append((sent.status_code, sent.data, page))
        assert [answers[0]] * 3 == answers
        assert [counts[0]] * 3 == counts
    states = [row["state"] for row in rows(app, "outbox") if row["kind"] == LINK]
    assert ["waiting", "void", "void"] * 2 == states


@pytest.mark.parametrize(
    ("field", "typed"),
    [("email", ""), ("email", "jip@"), ("email", "a@example.org,b@example.org"), ("kvk_number", "1234567")],
)
def test_mistakes(person: AccessCodeForm, app: Flask, field: str, typed: str) -> None:
    """What cannot be an address or KVK number is a 422 at its field, with what was typed; nothing is sent or kept."""
    data = BUSINESS | {field: typed}
    answer = person.send(**data)
    assert (422, True) == (answer.status_code, f'id="lost-access-code-{field}-error"' in answer.text)
    assert [True] * 2 == [f'value="{value}"' in answer.text for value in data.values()]
    assert (None, []) == (person.client.cookie_value(), [row for row in rows(app, "outbox") if row["kind"] == LINK])


def test_again(person: AccessCodeForm, app: Flask) -> None:
    """The mail can be sent again, with a link of its own."""
    person.send(**PRIVATE)
    first = token(app, LINK)
    assert "sent" == person.goes("sent")
    second = token(app, LINK)
    assert first != second
    person.see(f"link/{second}")
    assert 200 == person.see("confirm").status_code


@pytest.mark.parametrize("step", ["sent", "confirm", "done"])
def test_nothing_asked(person: AccessCodeForm, step: str) -> None:
    """Without anything asked each of the later pages leads to the form."""
    assert "" == person.leads(person.see(step))


def test_nothing_to_send_again(person: AccessCodeForm) -> None:
    """There is no mail to send again for who asked nothing."""
    assert "" == person.goes("sent")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switch_language(client: HouseClient, lang: str) -> None:
    """The switch keeps what was typed, and errors that were shown; nothing is sent."""
    other = AccessCodeForm(client, "lost-access-code", other_language(lang))
    plain = other.send(email="oo", kvk_number="12", switch_language="1")
    wrong = other.send(email="oo", kvk_number="12", switch_language="1", checked="1")
    assert [(200, False), (422, True)] == [(one.status_code, 'class="message"' in one.text) for one in (plain, wrong)]
    assert [True] * 2 == ['value="12"' in one.text for one in (plain, wrong)]


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("step", ["", "sent"])
def test_too_often(app: Flask, step: str, *, htmx: bool) -> None:
    """One address can be tried only so often, from anywhere: then a wait, said when, and nothing lost."""
    other = AccessCodeForm(browser(app), "lost-access-code", htmx=htmx)
    for _ in range(6):
        assert 303 == other.send(**PRIVATE).status_code
    answer = other.send(step, **(PRIVATE if not step else {}))
    assert 429 == answer.status_code
    assert int(answer.headers["Retry-After"]) > 0
    assert htmx or bool(step) or PRIVATE["email"] in answer.text


def test_signed_out_everywhere(one: AccessCodeForm, app: Flask) -> None:
    """With the old code its sessions end; the password stays."""
    [old] = active(app, PRIVATE["email"])
    passwords = rows(app, "passwords")
    one.send(**PRIVATE)
    one.see(f"link/{token(app, LINK)}")
    one.replace()
    assert passwords == rows(app, "passwords")
    assert [] == [row for row in rows(app, "sessions") if row["access_code_id"] == old and row["ended_at"] is None]

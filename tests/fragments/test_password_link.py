"""The mailed link and the new password: nothing happens before the button is pressed, and it happens once."""

from __future__ import annotations

import dataclasses
import itertools
import re

import pytest
from flask import Flask

from selfservice import clock
from selfservice.accounts import access_codes, sessions
from selfservice.demo import accounts
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.mailer import demo_mailbox
from selfservice.values.access_code import group_code, lookup_hashes, normalise_code
from tests import house
from tests.clients import HouseClient
from tests.domain_helpers import dump, new_code
from tests.password_form_helpers import CODE, EMAIL, GOOD_PASSWORD, AppInside, PasswordForm, location
from tests.sign_in_helpers import all_taken


@pytest.fixture(
    params=itertools.product(LANGUAGES, (False, True)), ids=lambda p: f"{p[0]}-{'htmx' if p[1] else 'page'}"
)
def visitor(request: pytest.FixtureRequest, client: HouseClient) -> PasswordForm:
    """A visitor who asked for a link."""
    lang, htmx = request.param
    made = PasswordForm(client, lang, htmx)
    location(made.ask())
    return made


@pytest.fixture
def english(client: HouseClient) -> PasswordForm:
    """A visitor who asked for a link, in one language, without scripts."""
    made = PasswordForm(client)
    location(made.ask())
    return made


@pytest.fixture
def office(app: Flask) -> AppInside:
    """What lies behind the counter."""
    return AppInside(app)


def test_link(visitor: PasswordForm, office: AppInside) -> None:
    """The link leads on to an address without the token, where the new password is asked for."""
    token = office.token()
    place = location(visitor.follow(token))
    page = visitor.see("new-password")
    names = [one.get("name") for one in house.elements(house.parse(page.text, fragment=visitor.htmx), "input")]
    assert (f"{visitor.start}/new-password", 200, True) == (place, page.status_code, "new_password" in names)
    assert token not in place + page.text


def test_link_in_another_browser(app: Flask, english: PasswordForm, office: AppInside) -> None:
    """The link works in a browser that did not ask for it: mail is often read elsewhere."""
    other = app.test_client()
    assert isinstance(other, HouseClient)
    elsewhere = PasswordForm(other)
    elsewhere.follow(office.token())
    assert 200 == elsewhere.see("new-password").status_code
    assert english.start == location(english.see("new-password"))


def test_looking_changes_nothing(english: PasswordForm, office: AppInside) -> None:
    """Mail scanners follow links: any number of HEAD and GET leave link, password and mails as they were."""
    token = office.token()
    before = [office.rows(table) for table in ("tokens", "passwords", "outbox", "events", "limits")]
    for method in ("HEAD", "GET", "HEAD", "GET"):
        location(english.follow(token, method))
    english.see("new-password")
    assert before == [office.rows(table) for table in ("tokens", "passwords", "outbox", "events", "limits")]
    assert f"{english.start}/done" == location(english.choose())


def test_change(visitor: PasswordForm, office: AppInside) -> None:
    """The button changes the password, once, and says what happened."""
    visitor.follow(office.token())
    place = location(visitor.choose())
    page = visitor.see("done")
    hashed = office.rows("passwords")[-1]["hash"]
    assert (f"{visitor.start}/done", 200) == (place, page.status_code)
    assert office.services.hasher.verify(hashed, GOOD_PASSWORD)


def test_once(visitor: PasswordForm, office: AppInside) -> None:
    """A used link says so and starts again; the password stays as it was set."""
    token = office.token()
    visitor.follow(token)
    location(visitor.choose())
    hashed = office.rows("passwords")[-1]["hash"]
    assert f"{visitor.start}/expired" == location(visitor.follow(token))
    answer = visitor.see("expired")
    assert (410, True) == (answer.status_code, f'href="{visitor.start}"' in answer.text)
    assert hashed == office.rows("passwords")[-1]["hash"]


def test_sent_twice(visitor: PasswordForm, office: AppInside) -> None:
    """A double click, or going back and sending it again, says what the first did, and does nothing more."""
    visitor.follow(office.token())
    page = visitor.see("new-password").text
    places = [location(visitor.choose(password, page)) for password in (GOOD_PASSWORD, "another good one with words")]
    [row] = office.rows("passwords")
    assert [f"{visitor.start}/done"] * 2 == places
    assert office.services.hasher.verify(row["hash"], GOOD_PASSWORD)
    assert f"{visitor.start}/done" == location(visitor.see("new-password"))


@pytest.mark.parametrize("token", ["garbage", "x" * 5000, "%00", "🔑"])
def test_garbage(client: HouseClient, office: AppInside, token: str) -> None:
    """A link that never was is answered as one that is no longer."""
    visitor = PasswordForm(client)
    assert f"{visitor.start}/expired" == location(visitor.follow(token))
    assert (410, None, []) == (visitor.see("expired").status_code, client.cookie_value(), office.rows("visits"))


def test_without_cookies(app: Flask, visitor: PasswordForm, office: AppInside) -> None:
    """A link that works never seems to work no more for want of a cookie: what is needed is said; and one that works no
    more says so, with or without.
    """
    token, other = office.token(), app.test_client()
    assert isinstance(other, HouseClient)
    elsewhere = PasswordForm(other, visitor.lang, visitor.htmx)
    led = elsewhere.follow(token).headers["Location"]
    other.delete_cookie("loket", domain="127.0.0.1")
    page = other.get(led)
    assert (200, True, False) == (page.status_code, 'id="cookies-needed"' in page.text, "expired" in led)
    office.change("UPDATE tokens SET expires_at = created_at")
    other.delete_cookie("loket", domain="127.0.0.1")
    assert f"{visitor.start}/expired" == location(elsewhere.follow(token))
    assert (410, None) == (elsewhere.see("expired").status_code, other.cookie_value())


def panel_of(page: str) -> str:
    """The form's part of a page or fragment."""
    return page[page.index('<section id="replacement-password"') : page.index("</section>")]


def open_two(visitor: PasswordForm, office: AppInside) -> tuple[str, str]:
    """Two people's links, the second of whom shares this browser."""
    first = office.token()
    visitor.ask(group_code(accounts.code(1)), accounts.email(1))
    return first, office.token()


@pytest.mark.parametrize("dead", ["garbage", "used"])
def test_dead_link_shows_no_earlier_links_page(english: PasswordForm, office: AppInside, dead: str) -> None:
    """In a browser in which another's link was opened before, a link that opens nothing does not show that one's page:
    the password chosen there would be the other's.
    """
    first, second = open_two(english, office)
    if dead == "used":
        english.follow(second)
        location(english.choose())
    english.follow(first)
    answer = english.client.follow(english.follow(second if dead == "used" else dead))
    assert (410, False) == (answer.status_code, "new_password" in answer.text)


def test_two_tabs(visitor: PasswordForm, office: AppInside) -> None:
    """A form sets the password of whose link its own page stood behind, not of one opened in another tab since."""
    first, second = open_two(visitor, office)
    visitor.follow(first)
    page = visitor.see("new-password").text
    visitor.follow(second)
    answer = visitor.choose(page=page)
    assert (409, False, []) == (answer.status_code, "<form" in panel_of(answer.text), office.rows("passwords"))
    location(visitor.choose())
    [set_for] = [row["person_id"] for row in office.rows("passwords")]
    assert [accounts.email(1)] == [row["email"] for row in office.rows("people") if row["id"] == set_for]


def test_expired(visitor: PasswordForm, office: AppInside) -> None:
    """After its hour a link no longer works, not even on a page that was open already."""
    visitor.follow(office.token())
    before, page = (answer := visitor.see("new-password")).status_code, answer.text
    office.change("UPDATE tokens SET expires_at = created_at")
    assert [200, 410, 410] == [before, visitor.see("new-password").status_code, visitor.choose(page=page).status_code]
    assert [] == office.rows("passwords")


def test_expires_as_the_fact_says(english: PasswordForm, office: AppInside) -> None:
    """How long a link works is the fact that page and mail show."""
    token = office.rows("tokens")[-1]
    begin, end = (clock.from_text(token[name]) for name in ("created_at", "expires_at"))
    assert office.services.facts.get("password_link.hours").value * 3600 == (end - begin).total_seconds()


def test_siblings(english: PasswordForm, office: AppInside) -> None:
    """Using one link makes those asked for before and after it useless."""
    first = office.token()
    english.again()
    second = office.token()
    english.follow(first)
    location(english.choose())
    assert f"{english.start}/expired" == location(english.follow(second))


def test_steps_cannot_be_skipped(client: HouseClient, office: AppInside) -> None:
    """Without a link there is no new password to be chosen, nor one that was: it begins at the form."""
    visitor = PasswordForm(client)
    answers = [visitor.see("new-password"), visitor.choose(), visitor.see("done")]
    assert [visitor.start] * 3 == [location(answer) for answer in answers]
    assert [] == office.rows("passwords")


REFUSED = [
    ("short", "Use at least %(count)s characters. A few words in a row are easy to remember."),
    ("", "Use at least %(count)s characters. A few words in a row are easy to remember."),
    ("long " * 30, "Use at most %(count)s characters."),
    ("sunshine sunshine", None),
    ("Welkom bij de bakker op zondag", None),
    ("wachtwoord voor de buurvrouw", None),
    ("herfst-amsterdam-2026", None),
    ("abcabcabcabcabcabc", None),
    (f"mijn code is {CODE}", None),
    (f"{accounts.GIVEN_NAMES[0]} woont bij de dijk", None),
]


@pytest.mark.parametrize(("password", "message"), REFUSED, ids=lambda value: str(value)[:12])
def test_refused(visitor: PasswordForm, office: AppInside, password: str, message: str | None) -> None:
    """A password too short, too long or easily guessed: 422, the reason at the field, not repeated, link unused."""
    visitor.follow(office.token())
    answer = visitor.choose(password)
    tree = house.parse(answer.text, fragment=visitor.htmx)
    field = next(one for one in house.elements(tree, "input") if one.get("name") == "new_password")
    assert (422, None, "true") == (answer.status_code, field.get("value"), field.get("aria-invalid"))
    assert not password or password not in answer.text
    with using_language(visitor.lang):
        counts = {"Use at le": "password.min_length", "Use at mo": "password.max_length"}
        if message:
            expected = gettext(message, count=office.services.facts.get(counts[message[:9]]))
            assert expected in answer.text
    assert (200, []) == (visitor.see("new-password").status_code, office.rows("passwords"))


@pytest.mark.parametrize(
    "password",
    [
        "zeven paarse knikkers",
        "x9$kQ2!mPz7@vL4#",
        "семь фиолетовых шариков",
        "drie 🐧 twee 🦊 een ijsvogel 🐝",
        "w" + "abq é" * 25,
    ],
)
def test_accepted(english: PasswordForm, office: AppInside, password: str) -> None:
    """Any signs, in any number from 15 to 128, make a password, spaces included."""
    english.follow(office.token())
    assert f"{english.start}/done" == location(english.choose(password))
    assert office.services.hasher.verify(office.rows("passwords")[-1]["hash"], password)


def test_sessions_end(english: PasswordForm, office: AppInside) -> None:
    """Whoever was signed in with the old password is signed out; others are not."""
    now = clock.now()
    owner, other = (
        access_codes.find(
            office.services.db.read(), lookup_hashes(office.services.keys, accounts.code(n)), accounts.email(n)
        )
        for n in (0, 1)
    )
    assert owner
    assert other
    with office.services.db.write() as conn:
        for cookie, person in (("one", owner), ("two", owner), ("three", other)):
            sessions.start(conn, person.person_id, person.access_code_id, cookie, now, "a device")
    english.follow(office.token())
    location(english.choose())
    found = [
        sessions.find(office.services.db.read(), office.services.context, cookie, now)
        for cookie in ("one", "two", "three")
    ]
    assert [None, None, other.person_id] == [one and one.person_id for one in found]


def test_notice(visitor: PasswordForm, office: AppInside) -> None:
    """The owner is told by mail that the password was changed, without a token or password in it."""
    token = office.token()
    visitor.follow(token)
    location(visitor.choose())
    row = office.rows("outbox")[-1]
    assert ("replacement_password.changed", EMAIL, visitor.lang) == (row["kind"], row["recipient"], row["language"])
    assert [] == [secret for secret in (token, GOOD_PASSWORD, CODE) if secret in str(row)]


def test_notice_waits_its_turn(english: PasswordForm, office: AppInside) -> None:
    """The owner hears of a change also when the hour's mails are used up: that mail goes later."""
    for _ in range(2):
        english.ask()
    english.follow(office.token())
    location(english.choose())
    row = office.rows("outbox")[-1]
    assert ("replacement_password.changed", "waiting") == (row["kind"], row["state"])


def test_leads_to_logging_in(visitor: PasswordForm, office: AppInside) -> None:
    """Whoever has a new password goes on to the form to log in with it."""
    visitor.follow(office.token())
    location(visitor.choose())
    page = visitor.see("done").text
    assert f'<a class="button" href="/{visitor.lang}/self-service/sign-in">' in page


def test_all_or_nothing(english: PasswordForm, office: AppInside) -> None:
    """When the notice cannot be queued the link stays unused and the password as it was."""
    english.follow(office.token())
    office.change("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, 'disk full'); END")
    assert (500, [], None) == (
        english.choose().status_code,
        office.rows("passwords"),
        office.rows("tokens")[-1]["used_at"],
    )
    office.change("DROP TRIGGER full")
    location(english.choose())


def test_busy(english: PasswordForm, office: AppInside, app: Flask) -> None:
    """When all places for hashing are taken: 503, when to come back, and the link still works."""
    english.follow(office.token())
    wired = office.services
    free = wired.hasher
    app.extensions["services"] = dataclasses.replace(wired, hasher=type(free)(wait_seconds=0.01))
    taken = office.services.hasher
    with all_taken(taken):
        answer = english.choose()
    assert (503, "10") == (answer.status_code, answer.headers["Retry-After"])
    location(english.choose())


def test_one_hash(english: PasswordForm, office: AppInside) -> None:
    """A password is hashed once, and only when it will be kept."""
    english.choose()
    english.follow(office.token())
    english.choose("short")
    before = office.services.hasher.calls
    english.choose()
    assert (0, 1) == (before, office.services.hasher.calls)


def test_mails(visitor: PasswordForm, office: AppInside) -> None:
    """The mail is in the visitor's language, as text and HTML, with one link to follow and no secret but that."""
    token = office.token()
    office.deliver()
    mail = demo_mailbox(office.services.config).list()[0]
    text, html = mail.text, mail.html
    links = re.findall(r"https?://\S+", text)
    assert f"http://127.0.0.1:8000{visitor.start}/link/{token}" == links[0]
    assert [] == [link for link in links[1:] if token in link or "self-service" in link]
    assert (1, 1) == (text.count(token), html.count(f'/link/{token}"'))
    assert [] == [secret for secret in (CODE, CODE.replace("-", "")) if secret in text + html]
    tree = house.parse(html.replace("<!DOCTYPE html>", "<!doctype html>"))
    with using_language(visitor.lang):
        assert (visitor.lang, gettext("Choose a new password")) == (tree.get("lang"), mail.subject)
        assert str(office.services.facts.get("password_link.hours")) in text


@pytest.mark.parametrize("several", [False, True], ids=["one code", "two codes"])
def test_codes_are_named(visitor: PasswordForm, office: AppInside, *, several: bool) -> None:
    """The mail with the link, the page behind it and the mail that the password was changed name each access code that
    goes with it: for which organisation, and how it ends. Unknown people's mail has the same statements (test_uniform).
    """
    code = new_code()
    if several:
        with office.services.db.write() as conn:
            access_codes.add(conn, office.services.keys, clock.now(), code=code, person_id=1)
        location(visitor.ask())
    token = office.token()
    visitor.follow(token)
    page = visitor.see("new-password").text
    location(visitor.choose())
    office.deliver()
    mails = demo_mailbox(office.services.config).list()[:2]
    hints = [CODE[-3:], normalise_code(code)[-3:]][: several + 1]
    for text in (page, *(one.text for one in mails)):
        assert [True] * len(hints) == [re.search(rf"\b{hint}\b", text) is not None for hint in hints]
        assert "Bakkerij De Gouden Korst" in text
        assert several == (("Private use" in text) or ("Privé" in text))
        assert CODE[:9] not in text


def test_mail_is_forgotten(english: PasswordForm, office: AppInside) -> None:
    """Once sent, the token is nowhere in the database but as a hash."""
    token = office.token()
    office.deliver()
    everything = dump(office.services.db)
    assert (["sent"], False) == (office.states(), token in everything)


def test_secrets_in_the_database(english: PasswordForm, office: AppInside) -> None:
    """Neither code nor password nor cookie stands in the database as such."""
    english.follow(office.token())
    location(english.choose())
    office.deliver()
    everything = dump(office.services.db)
    secrets = [CODE, CODE.replace("-", ""), GOOD_PASSWORD, str(english.client.cookie_value())]
    assert [] == [secret for secret in secrets if secret in everything]

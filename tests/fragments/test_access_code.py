"""The request for an access code, without a browser: its steps, and what it keeps and says."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import date
from typing import Any

import pytest
from flask import Flask
from markupsafe import escape
from werkzeug.test import TestResponse

from selfservice import clock, mailer, workdays
from selfservice.accounts import organisations
from selfservice.demo import accounts
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.limits import table
from selfservice.limits.rate_limit import RateLimit
from tests import house
from tests.access_code_helpers import (
    BUSINESS,
    IBAN,
    KVK,
    MANDATE,
    NAME,
    PERSON,
    PREFERENCES,
    REGISTERED,
    AccessCodeForm,
    change,
    made,
    rows,
    saved_form,
    services,
    writes,
)
from tests.clients import HTMX_HEADERS, HouseClient, other_language
from tests.conftest import new_app
from tests.house import elements
from tests.password_form_helpers import value_of
from tests.sign_in_helpers import age_sessions, browser, prepare, sign_in
from tests.tabs import Tab

ORDER = ("need", "preferences", "mandate", "check", "done")


@pytest.fixture(params=[("en", False), ("nl", True)], ids=["en-page", "nl-htmx"])
def person(request: pytest.FixtureRequest, client: HouseClient) -> AccessCodeForm:
    """Somebody in each language, with and without htmx (which of the two goes with which makes no difference)."""
    lang, htmx = request.param
    return AccessCodeForm(client, lang=lang, htmx=htmx)


@pytest.fixture
def one(client: HouseClient) -> AccessCodeForm:
    """Somebody, for what does not depend on language or scripts."""
    return AccessCodeForm(client)


def test_private(person: AccessCodeForm, app: Flask) -> None:
    """Who asks privately and pays with credit goes through three steps, and has a reference and one mail."""
    assert "preferences" == person.goes("need", need="private", **PERSON)
    assert "check" == person.goes("preferences", **PREFERENCES)
    assert PERSON["email"] in person.see("check").text
    assert "done" == person.goes("check")
    [request] = made(app)
    shown = person.reference().replace("-", "")
    assert (request["reference"], "private", "credit", "email", "received") == (
        shown, request["kind"], request["payment_method"], request["delivery"], request["state"],
    )  # fmt: skip
    assert ["access_code.received"] == [
        row["kind"] for row in rows(app, "outbox") if row["recipient"] == PERSON["email"]
    ]


def test_business(person: AccessCodeForm, app: Flask) -> None:
    """Who asks for an organisation sees where the letter goes once the request is in, and gets it there."""
    assert "preferences" == person.goes("need", need="business", **BUSINESS)
    page = person.see("preferences").text
    assert ("payment_method" in page, NAME in page, f'href="{person.address("need")}"' in page) == (False, True, True)
    assert "mandate" == person.goes("preferences")
    assert "check" == person.goes("mandate", **MANDATE)
    page = person.see("check").text
    shown = [part in page for part in (NAME, "NL91 ABNA 0417 1643 00", "Meelstraat 3")]
    assert [True, True, False] == shown
    person.goes("check")
    [request] = made(app)
    assert ("letter", "direct_debit", "NL91ABNA0417164300", person.lang) == (
        request["delivery"], request["payment_method"], request["iban"], request["language"],
    )  # fmt: skip
    assert "Meelstraat 3" in person.see("done").text


def test_one_name(one: AccessCodeForm, app: Flask) -> None:
    """Who has one name fills in either of the two, and is called by it: in the request, the letter and the mail."""
    assert 422 == one.send("need", need="private", **PERSON | {"given_name": " ", "family_name": ""}).status_code
    one.fill_in("business", given_name="", family_name="Sukarno")
    one.send("check")
    [request] = made(app)
    assert ("Sukarno", "") == (request["given_name"], request["family_name"])
    assert "Sukarno" == json.loads(request["letter_lines"])[1]
    [mail] = [json.loads(row["payload"]) for row in rows(app, "outbox") if row["recipient"] == request["email"]]
    assert "Sukarno" == mail["name"]


def test_name_that_letters_cannot_print(one: AccessCodeForm) -> None:
    """Who asks for an organisation is told before that letters cannot print a name; privately all goes by mail."""
    answer = one.send("need", need="business", **BUSINESS | {"given_name": "小明", "family_name": "王"})
    assert (422, True) == (answer.status_code, "cannot print this: 小明." in answer.text)
    assert 303 == one.send("need", need="private", **PERSON | {"given_name": "小明", "family_name": "王"}).status_code


def test_business_by_mail(one: AccessCodeForm, app: Flask) -> None:
    """Who has the address that the register has for the organisation gets the code by e-mail."""
    one.fill_in("business", email=REGISTERED.upper())
    assert "Meelstraat" not in one.see("check").text
    one.send("check")
    assert "email" == made(app, REGISTERED)[0]["delivery"]


def test_letter_abroad(one: AccessCodeForm, app: Flask) -> None:
    """When the register's address is abroad, neither the pages nor the mail promise days: they say why."""
    with services(app).db.write() as conn:
        conn.execute("UPDATE organisations SET country = 'BE', postal_city = NULL")
    one.fill_in("business")
    pages = [one.see("check").text]
    one.send("check")
    assert ("BELGIUM" in one.see("done").text, "cannot say how long" in one.see("done").text) == (True, True)
    mail = rows(app, "outbox")[-1]
    _, text = mailer.render_mail(services(app), mail["kind"], "en", json.loads(mail["payload"]))
    pages += [one.see("done").text, text]
    assert [(True, False)] * 3 == [("cannot say how long" in page, " between " in page) for page in pages]


def test_pasted_address(one: AccessCodeForm, app: Flask) -> None:
    """An address as a mail program copies it is shown, stored and mailed without what was around it."""
    one.fill_in("private", email="Oona van \u2018t Veld <MAILTO:oona@example.org>;\u00a0")
    page = one.see("check").text
    assert (True, False) == ("oona@example.org" in page, "MAILTO" in page)
    one.send("check")
    [request] = made(app, "oona@example.org")
    assert "oona@example.org" == request["email"] == rows(app, "outbox")[-1]["recipient"]


def test_wait_is_said_before(person: AccessCodeForm) -> None:
    """The days that are promised for a letter come with what may put it off: another letter to that address."""
    person.fill_in("business")
    assert {"en": "14 days", "nl": "14 dagen"}[person.lang] in person.see("check").text


@pytest.mark.parametrize("htmx", [False, True])
def test_address_of_the_register_is_not_told(app: Flask, statements: list[str], *, htmx: bool) -> None:
    """Until the request is in, every step is the same whether the address is the one that the register has or not."""
    found = []
    for email in (REGISTERED, "x" + REGISTERED[1:]):
        one = AccessCodeForm(browser(app), htmx=htmx)
        statements.clear()
        one.fill_in("business", email=email)
        pages = [
            without_about(one.see(step).text.replace(email, "•"))
            for step in ("need", "preferences", "mandate", "check")
        ]
        found.append((pages, len(statements)))
    assert found[0] == found[1]


def without_about(page: str) -> str:
    """A page without what says which saved form it is about: that is another for each browser."""
    return re.sub(r'name="about" value="[^"]+"', "", page)


def test_dates(one: AccessCodeForm) -> None:
    """The page before sending and the one after name the same two working days, in the page's language."""
    one.fill_in("business")
    days = services(one.client.application).facts.get("access_code.delivery_working_days").value
    promised = workdays.delivery_window(workdays.today(clock.now()), days)
    before = one.see("check").text
    one.send("check")
    for lang in LANGUAGES:
        with using_language(lang):
            wanted = [format_date(day) for day in promised]
        after = one.client.get(f"/{lang}/self-service/access-code/done").text
        assert [True, True] == [day in after for day in wanted]
        assert lang == "nl" or [True, True] == [day in before for day in wanted]
    assert all(workdays.is_workday(day) for day in promised)


def test_extract(person: AccessCodeForm, app: Flask) -> None:
    """Who only wants a certified extract hears that no code is needed; nothing is kept, no cookie set."""
    assert "no-code" == person.goes("need", need="extract")
    text = person.see("no-code").text
    words = {"en": "certified extract", "nl": "gewaarmerkt uittreksel"}[person.lang]
    with using_language(person.lang):
        address = services(app).facts.get("certified_extract.website").href
    assert [True, True] == [part in text for part in ("iDEAL", f'<a href="{address}">{words}</a>')]
    assert (None, []) == (person.client.cookie_value(), rows(app, "drafts"))


@pytest.mark.parametrize("need", ["extract", "", "another"])
def test_no_step_follows_on_an_extract(one: AccessCodeForm, need: str) -> None:
    """However that answer came to be kept, nobody goes on with it: of a name and an address nothing was asked."""
    one.send("need", need=need, back="1")
    later = ("preferences", "mandate", "check")
    assert ["need"] * 3 == [one.leads(one.see(step)) for step in later]
    assert 409 == one.send("check", about="").status_code


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "en",
            [
                "File annual accounts",
                "Ask for digital invoices",
                "See and withdraw access codes of your organisation (with the main code)",
            ],
        ),
        (
            "nl",
            [
                "Een jaarrekening deponeren",
                "Digitale facturen aanvragen",
                "Toegangscodes van je organisatie bekijken en intrekken (met de hoofdcode)",
            ],
        ),
    ],
)
def test_what_only_a_business_code_is_for(client: HouseClient, lang: str, expected: list[str]) -> None:
    """The first step lists what content/rights.toml gives to business codes alone: with a private one it is in vain."""
    page = house.parse(AccessCodeForm(client, lang=lang).see("need").text)
    listed = next(elements(page, "details"))
    assert expected == [house.text_of(each) for each in elements(listed, "li")]


def test_no_choice(person: AccessCodeForm) -> None:
    """Going on without an answer is an error, and keeps nothing."""
    answer = person.send("need")
    assert (422, None) == (answer.status_code, person.client.cookie_value())
    assert 'href="#access-code-need"' in answer.text


@pytest.mark.parametrize("kind", ["private", "business"])
def test_no_step_is_skipped(one: AccessCodeForm, app: Flask, kind: str) -> None:
    """A step opens, and is taken, only when all before it are answered; else the first unanswered one comes."""
    sent = {
        "need": {"need": kind, **BUSINESS},
        "preferences": {"payment_method": "direct_debit"},
        "mandate": MANDATE,
    }
    for reached in ("need", "preferences", "mandate"):
        if reached != "need":
            before = ORDER[ORDER.index(reached) - 1]
            one.send(before, **sent[before])
        for later in ORDER[ORDER.index(reached) + 1 : 4]:
            assert reached == one.leads(one.see(later))
        assert f'action="{one.address(reached)}"' in one.send("check").text
        assert "" == one.leads(one.see("done"))
    assert [] == made(app)


def test_sending_a_later_step_first(one: AccessCodeForm, app: Flask) -> None:
    """What is sent for a later step is kept, though the first unanswered one comes, which says what happened."""
    assert "need" == one.goes("mandate", **MANDATE)
    assert "24 hours" in one.see("need").text
    assert "preferences" == one.goes("need", need="private", **PERSON)
    assert "24 hours. It is gone" not in one.see("need").text
    assert "check" == one.goes("preferences", payment_method="direct_debit")
    assert IBAN in one.see("mandate").text


def test_extra_fields(one: AccessCodeForm, app: Flask) -> None:
    """Fields that a step does not ask change nothing, nor does a way to pay that is not open."""
    extra = {"state": "approved", "reference": "AAAA", "key": "mine", "kind": "private", "delivery": "email"}
    one.send("need", need="business", **BUSINESS, **extra, payment_method="credit", mandate="yes", language="nl")
    one.send("preferences", payment_method="credit", language="nl", **extra)
    one.send("mandate", **MANDATE, **extra)
    one.send("check", **extra)
    [request] = made(app)
    assert ("business", "received", "letter", "direct_debit", "en") == (
        request["kind"], request["state"], request["delivery"], request["payment_method"], request["language"],
    )  # fmt: skip
    assert request["reference"] != "AAAA"


@pytest.mark.parametrize(
    ("step", "field", "typed"),
    [
        ("need", "given_name", "x" * 61),
        ("need", "given_name", "see https://example.org"),
        ("need", "family_name", "see https://example.org"),
        ("need", "email", "oona"),
        ("need", "email", "a@example.org, b@example.org"),
        ("need", "telephone", "12"),
        ("need", "kvk_number", ""),
        ("need", "kvk_number", "1234567"),
        ("need", "kvk_number", "99999999"),
        ("preferences", "payment_method", ""),
        ("preferences", "payment_method", "gold"),
        ("mandate", "iban", ""),
        ("mandate", "iban", "NL91 ABNA 0417 1643 01"),
        ("mandate", "holder", ""),
        ("mandate", "holder", "x" * 71),
        ("mandate", "mandate", ""),
    ],
)
def test_mistakes(person: AccessCodeForm, step: str, field: str, typed: str) -> None:
    """Each mistake is a 422 with a message at its field, a link to it in the summary, and what was typed."""
    private = field == "payment_method"
    first = {"need": "business", **BUSINESS}
    data = {"need": first, "preferences": PREFERENCES, "mandate": MANDATE}[step] | {field: typed}
    person.fill_in("private" if private else "business", until=step)
    answer = person.send(step, **data)
    assert 422 == answer.status_code
    assert f'href="#access-code-{field}"' in answer.text
    assert f'id="access-code-{field}-error"' in answer.text
    assert 1 == len(re.findall(r'class="message"', answer.text))
    kept = [value for name, value in data.items() if value and name not in ("payment_method", "mandate")]
    assert all(_escaped(value) in answer.text for value in kept)
    assert step == person.leads(person.see("check"))


def _escaped(value: str) -> str:
    return f'value="{escape(value)}"'


@pytest.mark.parametrize(
    ("given", "family"),
    [("J.P.", "van ‘t Veld"), ("J. P.", "van ’t Veld"), ("Th.J", "van ´t Veld"), ("J.", "van `t Veld")],
)
def test_names_as_people_write_them(one: AccessCodeForm, given: str, family: str) -> None:
    """Initials without spaces, and what a telephone makes of an apostrophe, are no mistakes; an address is one."""
    private = {"need": "private", **PERSON}
    assert 422 == one.send("need", **private | {"family_name": "see evil.com"}).status_code
    assert 422 == one.send("need", **private | {"family_name": "e.vil.nl"}).status_code
    assert "preferences" == one.goes("need", **private | {"given_name": given, "family_name": family})


@pytest.mark.parametrize("typed", ["0001-0007", "0001.0007\u200b", "﻿ 00 01 00 07"])
def test_kvk_number_as_pasted(one: AccessCodeForm, typed: str) -> None:
    """Dashes, dots and invisible signs in a pasted KVK number do not matter."""
    assert "preferences" == one.goes("need", need="business", **BUSINESS | {"kvk_number": typed})


def test_iban_as_typed(one: AccessCodeForm, app: Flask) -> None:
    """An IBAN stays in its field as it was typed, is shown in groups, and is handed in without spaces."""
    one.fill_in("business")
    assert f'value="{IBAN}"' in one.see("mandate").text
    assert "NL91 ABNA 0417 1643 00" in one.see("check").text


def test_arranged(person: AccessCodeForm, app: Flask) -> None:
    """An organisation that has a way to pay already uses that: the step says so and asks no account."""
    change(app, "UPDATE organisations SET payment_method = 'direct_debit' WHERE kvk_number = ?", KVK)
    person.fill_in("business", until="preferences")
    page = person.see("preferences").text
    assert (True, False) == (NAME in page, 'name="payment_method"' in page)
    assert "check" == person.goes("preferences", payment_method="credit")
    assert "check" == person.leads(person.see("mandate"))
    person.send("check")
    [request] = made(app)
    assert ("direct_debit", None, None) == (request["payment_method"], request["iban"], request["holder"])


def test_methods_are_facts(client: HouseClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the ways to pay that the facts permit are shown and taken; with one there is nothing to choose."""
    methods: Any = services(app).facts.get("payment.methods").by_group
    monkeypatch.setitem(methods, "private", ["direct_debit"])
    one = AccessCodeForm(client)
    one.fill_in(until="preferences")
    assert 'name="payment_method"' not in one.see("preferences").text
    assert "mandate" == one.goes("preferences", payment_method="credit")


def test_change_returns(person: AccessCodeForm) -> None:
    """Who changes one answer comes back to all answers, with the others as they were."""
    person.fill_in()
    for step in ("need", "preferences"):
        assert f'href="{person.address(step)}"' in person.see("check").text
    assert "check" == person.goes("need", need="private", **PERSON | {"given_name": "Wilma"})
    page = person.see("check").text
    assert ("Wilma" in page, PERSON["email"] in page) == (True, True)


def test_other_kind(one: AccessCodeForm, app: Flask) -> None:
    """Who changes from private to business is asked what is missing, and keeps the rest."""
    one.fill_in()
    assert 422 == one.send("need", need="business", **PERSON).status_code
    assert 'value="oona@example.org"' in one.see("need").text
    assert "preferences" == one.goes("need", need="business", **BUSINESS)
    assert "mandate" == one.goes("preferences")
    one.send("mandate", **MANDATE)
    one.send("check")
    assert "direct_debit" == made(app)[0]["payment_method"]


@pytest.mark.parametrize("data", [{"need": "private"}, {"need": "business", "kvk_number": "0001 2481"}])
def test_agreement_is_for_one_use(one: AccessCodeForm, data: dict[str, str]) -> None:
    """Who agreed to be collected from agrees again after changing for whom it is; the account stays filled in."""
    one.fill_in("business", until="check", payment_method="direct_debit")
    assert 200 == one.see("check").status_code
    one.send("need", **BUSINESS | data)
    one.send("preferences", payment_method="direct_debit")
    page = one.see("mandate").text
    assert ("mandate", True, False) == (one.leads(one.see("check")), IBAN in page, " checked" in page)


def test_agreement_stays(one: AccessCodeForm) -> None:
    """Changing a name or the telephone number asks for no new agreement."""
    one.fill_in("business", until="check")
    assert "check" == one.goes("need", need="business", **BUSINESS | {"given_name": "Una"})


def test_back(person: AccessCodeForm) -> None:
    """Going back keeps what was typed in the step that is left, also what is not right yet."""
    person.fill_in("business", until="mandate")
    assert "preferences" == person.goes("mandate", iban="half", back="1")
    assert "need" == person.goes("preferences", back="1")
    assert re.search(r'value="business" checked', person.see("need").text)
    assert 'value="half"' in person.see("mandate").text
    assert "mandate" == person.goes("need", need="business", **BUSINESS)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switch_language(client: HouseClient, lang: str) -> None:
    """The switch keeps step, answers, what was typed but not sent, and only errors that were shown before."""
    person = AccessCodeForm(client, lang=lang)
    other = AccessCodeForm(person.client, lang=other_language(person.lang))
    assert f'formaction="{other.address("need")}"' in person.see("need").text
    typed = {"need": "private", **PERSON, "email": "half"}
    plain = other.send("need", **typed, switch_language="1")
    assert (200, True, False) == (plain.status_code, 'value="half"' in plain.text, 'class="message"' in plain.text)
    wrong = other.send("need", **typed, switch_language="1", checked="1")
    assert (422, True, True) == (wrong.status_code, 'value="half"' in wrong.text, 'class="message"' in wrong.text)
    assert "preferences" == other.goes("need", **typed | {"email": PERSON["email"]})


def test_switch_at_the_first_question(client: HouseClient) -> None:
    """Before anything is kept the switch keeps the choice, and sets no cookie."""
    answer = AccessCodeForm(client, lang="nl").send("need", need="business", switch_language="1")
    assert re.search(r'value="business" checked', answer.text)
    assert client.cookie_value() is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switch_has_an_address(client: HouseClient, lang: str) -> None:
    """Each state but the start says what its own address is, for the switch of the page around it."""
    one = AccessCodeForm(client, lang=lang, htmx=True)
    assert "data-switch=" not in one.see().text
    one.fill_in("business")
    for step in ("need", "preferences", "mandate", "check", "no-code"):
        assert f'data-switch="/{lang}/self-service/access-code/{step}"' in one.see(step).text


def test_restart(one: AccessCodeForm, app: Flask) -> None:
    """What was filled in survives a restart of the app."""
    one.fill_in()
    fresh = new_app(services(app).config).test_client()
    assert isinstance(fresh, HouseClient)
    fresh.set_cookie("loket", one.client.cookie_value() or "", domain="127.0.0.1")
    assert PERSON["email"] in AccessCodeForm(fresh).see("check").text


def test_a_day_later(one: AccessCodeForm, app: Flask) -> None:
    """After 24 hours it is gone; what is sent then is kept, and the page says what happened."""
    one.fill_in(until="preferences")
    change(app, "UPDATE drafts SET saved_at = '2020-01-01T00:00:00.000000Z'")
    assert "need" == one.leads(one.see("preferences"))
    assert "need" == one.goes("preferences", **PREFERENCES)
    assert "gone now" in one.see("need").text
    assert PREFERENCES == saved_form(app)["answers"]


def test_answers_are_codes(one: AccessCodeForm, app: Flask) -> None:
    """What is kept is the same in both languages."""
    kept = []
    for lang in LANGUAGES:
        other = AccessCodeForm(browser(app), lang=lang)
        other.fill_in("business")
        kept.append(saved_form(app)["answers"])
    assert kept[0] == kept[1]
    assert "business" == kept[0]["need"]


def test_sent_twice(one: AccessCodeForm, app: Flask) -> None:
    """A double click, going back and sending again make one request and show one reference."""
    one.fill_in()
    about = one.client.about_of(one.address("check"))
    assert ["done", "done"] == [one.goes("check", about=about) for _ in range(2)]
    assert ["done"] * 3 == [one.leads(one.see(step)) for step in ("preferences", "mandate", "check")]
    assert 1 == len(made(app))


def test_changed_after_sending(one: AccessCodeForm, app: Flask) -> None:
    """Who goes on in another tab after the request was handed in hears so, and sees its reference."""
    one.fill_in()
    abouts = {step: one.client.about_of(one.address(step)) for step in ("need", "preferences")}
    one.send("check")
    reference = one.reference()
    for step, data in (("need", {"need": "private", **PERSON}), ("preferences", PREFERENCES)):
        answer = one.send(step, about=abouts[step], **data)
        assert (409, True, True) == (answer.status_code, reference in answer.text, "did not use" in answer.text)
    assert 1 == len(made(app))


def test_sent_after_a_broken_answer(one: AccessCodeForm, app: Flask) -> None:
    """When the answer to a sending was lost before the page knew, sending again still makes one request."""
    one.fill_in()
    before = rows(app, "drafts")
    one.send("check")
    reference = one.reference()
    for row in before:
        change(app, "UPDATE drafts SET content = ? WHERE visit_id = ?", row["content"], row["visit_id"])
    one.send("check")
    assert (1, reference) == (len(made(app)), one.reference())


def test_forgotten_after_sending(one: AccessCodeForm, app: Flask) -> None:
    """Once sent, the answers are no longer in the saved form."""
    one.fill_in("business")
    one.send("check")
    kept = str(saved_form(app))
    assert [] == [value for value in ("NL91", "Oona@", "oona@example.org", "0417") if value in kept.replace("•••", "")]


def test_another_request(one: AccessCodeForm, app: Flask) -> None:
    """After one request another can be made, for which nothing is filled in."""
    one.fill_in()
    one.send("check")
    assert 'value="oona@example.org"' not in one.see("need").text
    before = one.reference()
    assert (422, before) == (one.send("need", about="").status_code, one.reference())
    one.fill_in("business")
    one.send("check")
    assert ["private", "business"] == [row["kind"] for row in made(app)]


def _start_another(one: AccessCodeForm, **typed: str) -> TestResponse:
    """Send the start view, as from another tab; where it asks, start again."""
    answer = one.send("need", **typed, about="")
    return one.send("need", **typed, again="1", about=value_of(answer.text, "about"))


def test_two_tabs(person: AccessCodeForm, app: Flask) -> None:
    """A page of one request adds nothing to another that was begun in another tab, and does not hand that in."""
    person.fill_in()
    abouts = {step: person.client.about_of(person.address(step)) for step in ("need", "preferences", "check")}
    other = {"need": "business", **BUSINESS, "given_name": "Other", "email": "other@example.org"}
    assert "preferences" == person.leads(_start_another(person, **other))
    person.send("preferences")
    person.send("mandate", **MANDATE)
    before, handed_in = saved_form(app), rows(app, "requests")
    sent = {"need": {"need": "private", **PERSON}, "preferences": PREFERENCES, "check": {}}
    for step, data in sent.items():
        answer = person.send(step, about=abouts[step], **data)
        assert (409, before, handed_in) == (answer.status_code, saved_form(app), rows(app, "requests"))
    assert ("other@example.org" in answer.text, PERSON["email"] in answer.text) == (True, False)
    assert "done" == person.goes("check")
    assert [1, 0] == [len(made(app, email)) for email in ("other@example.org", PERSON["email"])]


def test_two_tabs_while_signed_in(app: Flask, client: HouseClient) -> None:
    """Who is logged in gets the same answers, also when they prolong their session."""
    prepare(app)
    sign_in(client)
    one = AccessCodeForm(client)
    one.fill_in()
    about = client.about_of(one.address("check"))
    age_sessions(app, minutes=5)
    _start_another(one, need="private", **PERSON | {"given_name": "Una", "email": "una@example.org"})
    for step in ("preferences", "check"):
        age_sessions(app, minutes=5)
        assert 409 == one.send(step, about=about).status_code


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE organisations SET name = 'Another name' WHERE kvk_number = ?",
        "UPDATE organisations SET payment_method = 'direct_debit' WHERE kvk_number = ?",
    ],
)
def test_check_page_sends_what_it_shows(one: AccessCodeForm, app: Flask, statement: str) -> None:
    """What changed after the last page was opened, in another tab or with us, is shown before it is handed in."""
    one.fill_in("business")
    about = one.client.about_of(one.address("check"))
    one.send("need", need="business", **BUSINESS | {"email": "other@example.org"})
    answer = one.send("check", about=about)
    assert (409, True, []) == (answer.status_code, "other@example.org" in answer.text, made(app))
    about = one.client.about_of(one.address("check"))
    change(app, statement, KVK)
    assert (409, []) == (one.send("check", about=about).status_code, made(app, "other@example.org"))
    assert "done" == one.goes("check")


def test_check_page_of_answers_that_went_wrong(one: AccessCodeForm, app: Flask) -> None:
    """An answer that is no longer right is shown instead of handed in."""
    one.fill_in()
    about = one.client.about_of(one.address("check"))
    one.send("need", need="private", **PERSON | {"email": "half"})
    answer = one.send("check", about=about)
    assert (409, True, []) == (answer.status_code, 'value="half"' in answer.text, made(app, "half"))


def test_start_beside_a_request(person: AccessCodeForm, app: Flask) -> None:
    """The start view, sent while a request is being filled in, asks which to go on with, and changes nothing yet."""
    person.fill_in()
    before = saved_form(app)
    typed = {"need": "business", **BUSINESS, "email": "other@example.org"}
    asked = person.send("need", **typed, about="")
    assert (200, True, before) == (asked.status_code, PERSON["email"] in asked.text, saved_form(app))
    assert f'href="{person.address("check")}"' in asked.text
    other = AccessCodeForm(person.client, lang=other_language(person.lang), htmx=person.htmx)
    about = value_of(asked.text, "about")
    switched = other.send("need", **typed, again="1", checked="1", about=about, switch_language="1")
    kept = {name: value_of(switched.text, name) for name, text in typed.items() if text}
    assert (kept, before) == ({name: str(escape(text)) for name, text in typed.items() if text}, saved_form(app))
    assert "preferences" == other.goes("need", **typed, again="1", about=about)
    assert {**typed, "organisation_name": ""} == saved_form(app)["answers"]
    assert saved_form(app)["key"] != before["key"]


@pytest.mark.parametrize(
    "changes", [{}, {"email": "una@example.org"}, {"given_name": "Una", "telephone": "0201234567"}]
)
def test_start_once_more(one: AccessCodeForm, app: Flask, changes: dict[str, str]) -> None:
    """Whoever goes back to a help page, and sends the first step once more, as it was or with an answer corrected, goes
    on with the same request.
    """
    one.fill_in()
    before = saved_form(app)
    assert "check" == one.goes("need", need="private", **PERSON | changes, about="")
    assert {**before, "answers": before["answers"] | changes} == saved_form(app)


def test_start_beside_a_request_keeps_errors(one: AccessCodeForm, app: Flask) -> None:
    """Without a choice, or for an extract, the start view answers as ever; the request that was begun stays."""
    one.fill_in()
    before = saved_form(app)
    assert 422 == one.send("need", about="").status_code
    assert "no-code" == one.goes("need", need="extract", about="")
    assert before == saved_form(app)


def test_first_step_of_a_request(one: AccessCodeForm, app: Flask) -> None:
    """The first step at its own address is that of the request: it changes the answer, and asks nothing."""
    one.fill_in()
    assert one.client.about_of(one.address("need"))
    assert "preferences" == one.goes("need", need="business", **BUSINESS)
    assert PERSON["email"] == saved_form(app)["answers"]["email"]


def test_no_cookies(app: Flask) -> None:
    """Where cookies are blocked the first step says so at once, not the first question again."""
    client = app.test_client(use_cookies=False)
    for htmx in (False, True):
        answer = client.post(
            "/en/self-service/access-code/need",
            data={"need": "private", **PERSON},
            headers=HTMX_HEADERS if htmx else {},
        )
        page = client.get(answer.headers["HX-Redirect" if htmx else "Location"])
        assert (200, True) == (page.status_code, "Your browser keeps no cookie of ours" in page.text)


def test_every_step_shows_what_was_typed(person: AccessCodeForm) -> None:
    """Back, forward and reload are addresses: each shows what was filled in, and the summary all of it."""
    person.fill_in("business")
    typed = {"need": ("business", *filter(None, BUSINESS.values())), "mandate": (IBAN,)}
    for _ in range(2):
        for step, values in typed.items():
            assert all(f'value="{escape(value)}"' in person.see(step).text for value in values)
        assert NAME in person.see("check").text


def _answer_of(page: TestResponse) -> tuple[int, str]:
    text = re.sub(r"[2-9A-Y]{4}-[2-9A-Y]{4}|\S•••\S+|/link/\w+", "•", page.text)
    return page.status_code, text


def test_known_and_unknown(app: Flask, statements: list[str]) -> None:
    """Who has such a code already gets the same pages for the same writes; only the mail is another."""
    answers, counts = [], []
    for email in ("nobody@example.org", accounts.email(4)):
        one = AccessCodeForm(browser(app))
        one.fill_in(email=email)
        before = without_about(one.see("check").text.replace(email, "•"))
        statements.clear()
        sent = one.send("check")
        counts.append(writes(statements))
        answers.append((before, sent.status_code, sent.headers["Location"], _answer_of(one.see("done"))))
    assert answers[0] == answers[1]
    assert counts[0] == counts[1]
    kinds = {row["recipient"]: row["kind"] for row in rows(app, "outbox")}
    assert ("access_code.received", "access_code.already") == (kinds["nobody@example.org"], kinds[accounts.email(4)])


@pytest.mark.parametrize("email", ["nobody@example.org", accounts.email(4)], ids=["received", "already"])
def test_reference_is_mailed(person: AccessCodeForm, app: Flask, email: str) -> None:
    """The last page says that the reference is in the mail too: so it is, also for who has such a code already."""
    person.fill_in("private", email=email)
    person.send("check")
    row = rows(app, "outbox")[-1]
    _, text = mailer.render_mail(services(app), row["kind"], row["language"], json.loads(row["payload"]))
    assert person.reference() in text


@pytest.mark.parametrize("htmx", [False, True])
def test_too_often(app: Flask, *, htmx: bool) -> None:
    """One address gets only so many requests: then a wait, said when, and nothing filled in is lost."""
    for _ in range(7):
        one = AccessCodeForm(browser(app), htmx=htmx)
        one.fill_in()
        answer = one.send("check")
    assert 429 == answer.status_code
    assert int(answer.headers["Retry-After"]) > 0
    assert PERSON["email"] in one.see("check").text
    assert 6 == len(made(app))


@pytest.mark.parametrize("htmx", [False, True])
def test_too_many_visits(app: Flask, *, htmx: bool) -> None:
    """From one place only so many visits can be begun; the choice stays."""
    answers = [AccessCodeForm(browser(app), htmx=htmx).send("need", need="private", **PERSON) for _ in range(61)]
    assert ({204 if htmx else 303}, 429) == ({answer.status_code for answer in answers[:60]}, answers[60].status_code)
    assert int(answers[60].headers["Retry-After"]) > 0
    assert htmx or re.search(r'value="private" checked', answers[60].text)
    assert 60 == len(rows(app, "visits"))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("typed", "shown"), [("000 10 007", NAME), ("99999999", "notice bad"), ("1234", ""), ("123456789", ""), ("", "")]
)
def test_looked_up_in_place(client: HouseClient, lang: str, typed: str, shown: str) -> None:
    """The organisation stands below the number as soon as that is whole; of what is not whole yet nothing is said."""
    address = f"/{lang}/self-service/access-code/organisation"
    answer = client.get(address, query_string={"kvk_number": typed}, headers=HTMX_HEADERS)
    assert (200, True) == (answer.status_code, shown in answer.text)
    assert bool(shown) == ("notice" in answer.text)
    assert client.cookie_value() is None


def look_up(client: HouseClient, lang: str = "en", address: str = "192.0.2.1") -> TestResponse:
    """Look the organisation up in place, from this address."""
    where = f"/{lang}/self-service/access-code/organisation?kvk_number={KVK}"
    return client.get(where, headers=HTMX_HEADERS, environ_base={"REMOTE_ADDR": address})


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So few look-ups at once, and then one in 20 minutes."""
    monkeypatch.setattr(
        table, "ORGANISATION", dataclasses.replace(table.ORGANISATION, network=RateLimit("few", 3, 3600))
    )
    return 3


def test_looked_up_too_often(client: HouseClient, app: Flask, few: int) -> None:
    """From one place only so many numbers can be looked up; then a wait, said when and in one's language. Another place
    has a count of its own, and what is not whole yet counts for nothing.
    """
    base = "/en/self-service/access-code/"
    for _ in range(few):
        for unfinished in ("organisation?kvk_number=0001000", "organisation", "organisations?organisation_name=ba"):
            assert 200 == client.get(base + unfinished, headers=HTMX_HEADERS).status_code
        assert NAME in look_up(client).text
    refused = [look_up(client, lang) for lang in ("en", "nl")]
    assert [(429, True, False)] * 2 == [
        (answer.status_code, 1100 < int(answer.headers["Retry-After"]) <= 1200, NAME in answer.text)
        for answer in refused
    ]
    assert [True, True] == ["Try again in 20 min" in refused[0].text, "over 20 min" in refused[1].text]
    assert 200 == look_up(client, address="192.0.2.2").status_code
    change(app, "UPDATE limits SET tat = tat - 1200000000")
    by_name = f"{base}organisations?organisation_name=gouden"
    places = {"REMOTE_ADDR": "192.0.2.1"}
    assert [200, 429] == [client.get(by_name, headers=HTMX_HEADERS, environ_base=places).status_code for _ in range(2)]


@pytest.mark.parametrize("htmx", [False, True])
def test_looked_up_too_often_by_sending(app: Flask, client: HouseClient, few: int, *, htmx: bool) -> None:
    """Sending the step counts when the number is another one; what was typed stays."""
    one = AccessCodeForm(client, htmx=htmx)
    numbers = ["00010007", "00010007", "00011244", "00012481", "00013718"]
    answers = [one.send("need", need="business", **BUSINESS | {"kvk_number": number}) for number in numbers]
    last = answers[-1]
    assert [429] == [answer.status_code for answer in answers if answer.status_code not in (200, 204, 303)]
    assert (429, True) == (last.status_code, int(last.headers["Retry-After"]) > 0)
    shown = ('value="00013718"', PERSON["email"], "notice good", "We cannot find an organisation")
    assert htmx or [True, True, False, False] == [text in last.text for text in shown]
    assert "00012481" == saved_form(app)["answers"]["kvk_number"]


def test_looked_up_by_a_detour(app: Flask, client: HouseClient, few: int) -> None:
    """A number that was typed for private use counts as soon as it is for an organisation."""
    one = AccessCodeForm(client)
    statuses = []
    for _ in range(few + 1):
        one.send("need", need="private", **BUSINESS)
        statuses.append(one.send("need", need="business", **BUSINESS).status_code)
    assert [303] * few + [429] == statuses


def test_looked_up_too_often_while_signed_in(app: Flask, client: HouseClient, few: int) -> None:
    """Who is logged in gets the same answer, also when it prolongs their session."""
    prepare(app)
    sign_in(client)
    one = AccessCodeForm(client)
    for _ in range(few):
        look_up(client, address="127.0.0.1")
    age_sessions(app, minutes=5)
    assert 429 == one.send("need", need="business", **BUSINESS).status_code


def test_looked_up_alone(one: AccessCodeForm) -> None:
    """Neither look-up has a page of its own."""
    assert ["need", "need"] == [
        one.leads(one.see(step)) for step in ("organisation", "organisations?organisation_name=x")
    ]


def picks(page: str) -> dict[str, str]:
    """The organisations that can be picked on a page, by number, with their place."""
    found = re.findall(r'name="picked" value="(\d+)">(.*?)</button>', page)
    return {number: re.sub("<[^>]+>", "", text) for number, text in found}


@pytest.mark.parametrize(
    "typed", ["gouden korst", "GOUD", "Korst, bakk", "  bäkkerij “de gouden korst”", "korst tarwedam"]
)
def test_found_by_name(client: HouseClient, typed: str) -> None:
    """Whoever does not know the number types words of the name, or how they begin, and perhaps the place."""
    address = "/en/self-service/access-code/organisations"
    answer = client.get(address, query_string={"organisation_name": typed}, headers=HTMX_HEADERS)
    assert {KVK: f"{NAME}, Tarwedam"} == picks(answer.text)


@pytest.mark.parametrize(
    "typed", ["xyzzyq", "ba", '"', "gouden OR zeepbel", "NOT gouden", "name:gouden", "a*b", "* ^ ( -"]
)
def test_not_found_by_name(client: HouseClient, typed: str) -> None:
    """What no name has finds nothing, nor does what search engines take for an operator. Fewer letters than a name is
    looked for by are asked for more.
    """
    address = "/en/self-service/access-code/organisations"
    answer = client.get(address, query_string={"organisation_name": typed}, headers=HTMX_HEADERS)
    said = "cannot find an organisation" if organisations.name_words(typed) else "at least three letters"
    assert (200, {}, True) == (answer.status_code, picks(answer.text), said in answer.text)


def test_few_words_are_looked_for() -> None:
    """Of many words the longest are looked for, each once, since looking for many of three letters takes long; a whole
    name of many words is found by those.
    """
    assert ["stichting", "bakkerij"] == organisations.name_words("de bakkerij stichting bakkerij")
    assert 8 == len(organisations.name_words(" ".join(f"st{number}" for number in range(75))))
    long = "Stichting tot behoud van het oude bakkerijgebouw aan het kanaal met het hoge dak"
    assert {"bakkerijgebouw", "Stichting", "kanaal"} < set(organisations.name_words(long))


def test_many_found_by_name(client: HouseClient, app: Flask) -> None:
    """At most ten are shown; that there are more is said. A name that changes is found by what it is now."""
    for number in range(12):
        change(
            app,
            """INSERT INTO organisations (kvk_number, name, email, street, house_number, postcode, city, created_at)
               VALUES (?, ?, 'a@b.example', 'Kade', '1', '0012 ZZ', 'Zandhoven', '2026-01-01T00:00:00.000000Z')""",
            f"5000{number:04}",
            f"Viool Nummer {number}",
        )
    address = "/en/self-service/access-code/organisations?organisation_name="
    page = client.get(f"{address}viool", headers=HTMX_HEADERS).text
    assert (10, True) == (len(picks(page)), "There are more" in page)
    change(app, "UPDATE organisations SET name = 'Altviool' WHERE kvk_number > '50000000'")
    change(app, "DELETE FROM organisations WHERE kvk_number = '50000000'")
    assert [0, 10] == [len(picks(client.get(address + name, headers=HTMX_HEADERS).text)) for name in ("viool", "altvi")]


def test_picked(person: AccessCodeForm) -> None:
    """A name without a number leads to the organisations with it, and no other answer is judged meanwhile; pressing one
    fills in its number. Where all else is right that goes on.
    """
    typed = {"need": "business", **BUSINESS, "kvk_number": "", "email": "half"}
    answer = person.send("need", **typed, organisation_name="gouden korst")
    assert (200, [KVK], True, False) == (
        answer.status_code, list(picks(answer.text)), 'value="half"' in answer.text, 'class="message"' in answer.text,
    )  # fmt: skip
    answer = person.send("need", **typed, organisation_name="gouden korst", picked=KVK)
    assert (200, True, True, False) == (
        answer.status_code, f'value="{KVK}"' in answer.text, f"<strong>{NAME}</strong>" in answer.text,
        'class="message"' in answer.text,
    )  # fmt: skip
    typed |= {"email": PERSON["email"]}
    assert "preferences" == person.goes("need", **typed, organisation_name="gouden korst", picked=KVK)
    assert NAME in person.see("preferences").text


def test_enter_goes_on(one: AccessCodeForm) -> None:
    """The first button of the form goes on, since that is the one which the Enter key presses."""
    answer = one.send("need", need="business", **BUSINESS | {"kvk_number": ""}, organisation_name="gouden")
    form = re.search(r'<form id="access-code-form".*?</form>', answer.text, re.DOTALL)
    assert form
    buttons = re.findall(r"<button[^>]*>", form[0])
    assert ["picked" in button for button in buttons] == [False, True, False]


def test_only_what_applies(one: AccessCodeForm, app: Flask) -> None:
    """Without a kind of use only that is asked for; of private use nothing of an organisation is looked at."""
    answer = one.send("need", **PERSON | {"email": "half"}, kvk_number="12")
    assert ["need"] == re.findall(r'id="access-code-(\w+)-error"', answer.text)
    assert "preferences" == one.goes("need", need="private", **PERSON, kvk_number="12", organisation_name="gouden")
    one.send("preferences", **PREFERENCES)
    one.send("check")
    assert made(app)[0]["organisation_id"] is None


def test_page_of_before(one: AccessCodeForm) -> None:
    """Two steps became one: a page of the old second one, and an address of it that was kept, lead to where one is."""
    assert ["need"] * 2 == [one.leads(one.see("details")), one.goes("details", **PERSON)]
    one.fill_in("private", until="preferences")
    assert ["preferences"] * 2 == [one.leads(one.see("details")), one.goes("details", **PERSON)]


@pytest.mark.parametrize(
    ("answers", "reached"),
    [
        ({"need": "private"}, "need"),
        ({"need": "business", **BUSINESS, "language": "nl"}, "preferences"),
        ({"need": "private", **PERSON, "payment_method": "credit", "language": "nl"}, "check"),
        ({"need": "private", **PERSON, "payment_method": "direct_debit", "language": "nl", "iban": "x"}, "mandate"),
    ],
)
def test_request_of_before(one: AccessCodeForm, app: Flask, answers: dict[str, str], reached: str) -> None:
    """A request that was begun when there were other steps goes on at the first that is not answered."""
    one.send("need", need="private", **PERSON)
    change(app, "UPDATE drafts SET content = ?", json.dumps({"key": "of before", "answers": answers}))
    assert reached == one.leads(one.see("details"))
    assert 200 == one.see(reached).status_code


def test_slip_in_an_address(person: AccessCodeForm) -> None:
    """A slip in the domain of a large provider is asked about, never refused: sent once more, or with the address that
    is proposed, it goes on.
    """
    typed = {"need": "private", **PERSON, "email": "oona@gmial.com"}
    answer = person.send("need", **typed)
    assert (200, True, False) == (answer.status_code, "oona@gmail.com" in answer.text, 'class="message"' in answer.text)
    again = value_of(answer.text, "email_asked")
    assert "preferences" == person.goes("need", **typed, email_asked=again)
    assert 'value="oona@gmial.com"' in person.see("need").text
    assert "preferences" == person.goes("need", **typed, email_asked=again, email_meant="oona@gmail.com")
    assert 'value="oona@gmail.com"' in person.see("need").text


def test_too_long(one: AccessCodeForm) -> None:
    """A text of any length is an error at most, and the saved form stays small."""
    one.fill_in(until="preferences")
    assert 422 == one.send("need", need="private", **PERSON | {"given_name": "x" * 20_000}).status_code
    assert 200 == one.see("need").status_code


def steps_on(page: str) -> list[tuple[str, str]]:
    """The list of steps on a page: which is done, now or to come, and which may be left out."""
    [block] = re.findall(r'<ol class="steps".*?</ol>', page, re.DOTALL)
    return [
        (
            "now" if "aria-current" in item else "done" if "done" in item else "to come",
            "maybe" if "hint" in item else "",
        )
        for item in re.findall(r"<li.*?</li>", block, re.DOTALL)
    ]


def test_takes_what_was_sent_along(client: HouseClient) -> None:
    """A first step that came back, which nothing keeps, is marked for the language switch: at an error, at the question
    about a slip, beside an organisation that was picked, and in another language. One that was not sent is not.
    """
    one = AccessCodeForm(client)
    slip = PERSON | {"need": "private", "email": "oona@gmial.com"}
    picked = {"need": "business", "organisation_name": "gouden", "picked": KVK}
    sent = [{"need": "private"}, slip, picked, PERSON | {"need": "private", "switch_language": "1"}]
    marked = ['data-switches="sent"' in one.send("need", **each).text for each in sent]
    assert ([True] * len(sent), False) == (marked, 'data-switches="sent"' in one.see().text)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("kind", "method", "count"), [("private", "credit", 3), ("business", "direct_debit", 4)])
def test_progress(client: HouseClient, lang: str, kind: str, method: str, count: int) -> None:
    """Each step says which of how many it is, in words and in a list; of how many not before that is known. Each has a
    title of its own.
    """
    one, titles = AccessCodeForm(client, lang=lang), set()
    say = {"en": "tep {} of {}<", "nl": "tap {} van {}<"}[lang].format
    maybe = [("now", ""), ("to come", ""), ("to come", "maybe"), ("to come", "")]
    one.send("need", need="private")
    unknown = one.see("need").text
    assert ({"en": "Step 1<", "nl": "Stap 1<"}[lang] in unknown, steps_on(unknown)) == (True, maybe)
    one.fill_in(kind, payment_method=method)
    for number, step in enumerate((each for each in ORDER[:-1] if count == 4 or each != "mandate"), 1):
        page = one.see(step).text
        assert say(number, count) in page
        states = ["done"] * (count - 1) + ["to come"]
        states[number - 1] = "now"
        assert [(state, "") for state in states] == steps_on(page)
        titles |= set(re.findall(r"<title>.*?</title>", page))
    assert count == len(titles)


def test_progress_of_an_arranged_organisation(one: AccessCodeForm, app: Flask) -> None:
    """An organisation that pays already needs no account: three steps, as soon as its number is there."""
    change(app, "UPDATE organisations SET payment_method = 'direct_debit' WHERE kvk_number = ?", KVK)
    one.fill_in("business", until="preferences")
    assert 3 == len(steps_on(one.see("preferences").text))


def test_is_dated(one: AccessCodeForm, app: Flask) -> None:
    """What the last page promises is what the request is held to."""
    one.fill_in("business")
    one.send("check")
    kept = saved_form(app)
    [request] = made(app)
    assert (request["expected_from"], request["expected_until"]) == (kept["since"], kept["until"])
    assert date.fromisoformat(kept["since"]) <= date.fromisoformat(kept["until"])


def test_begun_in_two_tabs(client: HouseClient) -> None:
    """Whoever sends the same first step in another tab too, or one that is not right, loses nothing of what was typed
    in the first; another one begins another request.
    """
    address, statuses = "/en/self-service/access-code", []
    first = {"need": "private", **PERSON}
    client.post(f"{address}/need", data=first)
    tab = Tab(client).open(f"{address}/preferences")
    for sent in (first, {}, first | {"given_name": "Una", "email": "una@example.org"}):
        answer = client.post(f"{address}/need", data=sent)
        if 'name="again"' in answer.text:
            client.post(f"{address}/need", data={**sent, "again": "1", "about": value_of(answer.text, "about")})
        statuses.append(client.post(f"{address}/preferences", data=tab.fields(f"{address}/preferences")).status_code)
    assert [422, 422, 409] == statuses

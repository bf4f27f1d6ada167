"""Asking for a replacement password: every state of the form up to the mail, as a page and as a fragment."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta

import pytest
from flask import Flask

from selfservice import clock
from selfservice.demo import accounts
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.values.access_code import group_code
from tests import house
from tests.clients import HouseClient, other_language
from tests.password_form_helpers import CODE, EMAIL, STRANGE_CODE, AppInside, PasswordForm, location, value_of


@pytest.fixture(
    params=itertools.product(LANGUAGES, (False, True)), ids=lambda p: f"{p[0]}-{'htmx' if p[1] else 'page'}"
)
def visitor(request: pytest.FixtureRequest, client: HouseClient) -> PasswordForm:
    """A visitor, in each language, with and without htmx."""
    lang, htmx = request.param
    return PasswordForm(client, lang, htmx)


@pytest.fixture
def office(app: Flask) -> AppInside:
    """What lies behind the counter."""
    return AppInside(app)


def says(visitor: PasswordForm, text: str, message: str, **variables: object) -> bool:
    """Whether the text has a message, in the visitor's language."""
    with using_language(visitor.lang):
        return gettext(message, **variables) in re.sub(r'<span translate="no">(.*?)</span>', r"\1", text)


def test_start(visitor: PasswordForm) -> None:
    """The form asks for code and address, and for nothing else."""
    answer = visitor.see()
    form = [one for one in house.elements(house.parse(answer.text, fragment=visitor.htmx), "form") if one.get("id")]
    names = [one.get("name") for one in house.elements(form[0], "input")]
    assert (200, ["access_code", "email"]) == (answer.status_code, names)


@pytest.mark.parametrize(
    ("code", "email", "wrong"),
    [
        ("", "", ["access_code", "email"]),
        (CODE, "", ["email"]),
        ("", EMAIL, ["access_code"]),
        (CODE[:-2], EMAIL, ["access_code"]),
        (CODE[:-1] + "2", EMAIL, ["access_code"]),
        (CODE, "jip", ["email"]),
        (CODE, "jip@bakkerij", ["email"]),
        (CODE, "a@b.example, c@d.example", ["email"]),
        (CODE, "a@b.example\r\nBcc: c@d.example", ["email"]),
        ("<script>alert(1)</script>", '"><b>', ["access_code", "email"]),
        ("x" * 5000, "x" * 5000, ["access_code", "email"]),
    ],
)
def test_wrong(
    visitor: PasswordForm, office: AppInside, statements: list[str], code: str, email: str, wrong: list[str]
) -> None:
    """Wrong input: 422, a summary that leads to each wrong field, a message at it, all values kept, nothing stored."""
    answer = visitor.ask(code, email)
    tree = house.parse(answer.text, fragment=visitor.htmx)
    summary = next(one for one in house.elements(tree) if "summary" in one.get("class", "").split())
    leads = [a.get("href") for a in house.elements(summary, "a")]
    invalid = [one.get("name") for one in house.elements(tree, "input") if one.get("aria-invalid")]
    kept = {
        one.get("name"): one.get("value")
        for one in house.elements(tree, "input")
        if one.get("name") in ("access_code", "email")
    }
    assert (422, [f"#replacement-password-{name}" for name in wrong], wrong) == (answer.status_code, leads, invalid)
    assert "autofocus" in summary.attrib
    if "\r" not in email:
        assert {"access_code": code[:300], "email": email[:300]} == kept
    assert [] == statements


def test_wrong_title(visitor: PasswordForm) -> None:
    """The title begins with what is the matter, in the visitor's language."""
    title = house.title_of(house.parse(visitor.ask("", "").text, fragment=visitor.htmx))
    assert title.startswith({"en": "Error: ", "nl": "Fout: "}[visitor.lang])


def test_right(visitor: PasswordForm, office: AppInside) -> None:
    """Right input: 303 to the next step, a mail in the outbox in the visitor's language, a masked address."""
    place = location(visitor.ask())
    page = visitor.see("sent")
    row = office.rows("outbox")[-1]
    assert (f"{visitor.start}/sent", 200) == (place, page.status_code)
    assert ("waiting", EMAIL, visitor.lang) == (row["state"], row["recipient"], row["language"])
    assert (True, False) == (f"{EMAIL[0]}•••@{EMAIL.partition('@')[2]}" in page.text, EMAIL in page.text)


@pytest.mark.parametrize(
    "code",
    [
        CODE.lower(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        f"  {CODE.replace('-', ' – ')} ",
        CODE.replace("-", "−"),
    ],
)
def test_spellings(client: HouseClient, office: AppInside, code: str) -> None:
    """Lower case, spaces and dashes of any kind do not matter."""
    location(PasswordForm(client).ask(code))
    assert ["waiting"] == office.states()


@pytest.mark.parametrize("email", [EMAIL.upper(), f" {EMAIL} ", EMAIL.title()])
def test_spellings_of_address(client: HouseClient, office: AppInside, email: str) -> None:
    """Nor does case in the address; the mail goes to the address as it is registered."""
    location(PasswordForm(client).ask(CODE, email))
    assert [("waiting", EMAIL)] == [(row["state"], row["recipient"]) for row in office.rows("outbox")]


@pytest.mark.parametrize(
    ("code", "email"), [(STRANGE_CODE, EMAIL), (CODE, accounts.email(1)), (CODE, "nobody@nowhere.example")]
)
def test_unknown(visitor: PasswordForm, office: AppInside, code: str, email: str) -> None:
    """What does not belong together is answered the same, and nothing is sent, nor kept of what was typed."""
    location(visitor.ask(code, email))
    page = visitor.see("sent")
    row = office.rows("outbox")[-1]
    assert (200, "void", "", "{}") == (page.status_code, row["state"], row["recipient"], row["payload"])
    office.deliver()
    assert ["void"] == office.states()


def test_sent_without_asking(visitor: PasswordForm) -> None:
    """The next step cannot be reached without the first: it leads back."""
    assert [visitor.start] * 2 == [location(visitor.see("sent")), location(visitor.again())]


def test_again(visitor: PasswordForm, office: AppInside) -> None:
    """The mail can be asked for again without typing anything."""
    visitor.ask()
    assert f"{visitor.start}/sent" == location(visitor.again())
    assert ["waiting", "waiting"] == office.states()


def test_again_is_limited(visitor: PasswordForm, office: AppInside) -> None:
    """For a code and address ten mails a day leave; the newest of what is over waits, and the page says how long."""
    visitor.ask()
    for number in range(12):
        office.change("DELETE FROM limits")
        assert (number >= 10) == ('class="notice"' in visitor.see("sent").text)
        assert f"{visitor.start}/sent" == location(visitor.again())
    times = [row["next_at"] > clock.to_text(clock.now()) for row in office.rows("outbox")]
    assert ([False] * 10 + [True], {"waiting"}) == (times, set(office.states()))


def test_deferred_link_works(visitor: PasswordForm, office: AppInside) -> None:
    """The hour for which a link works begins when its mail may leave."""
    for _ in range(11):
        office.change("DELETE FROM limits")
        visitor.ask()
    mail, token = office.rows("outbox")[-1], office.rows("tokens")[-1]
    until = timedelta(hours=1)
    assert [clock.from_text(mail["next_at"]) + until] * 2 == [
        clock.from_text(text) for text in (mail["give_up_at"], token["expires_at"])
    ]


def test_correct_the_address(visitor: PasswordForm, office: AppInside) -> None:
    """A mistyped address can be corrected without typing the code again."""
    visitor.ask(CODE, "jipp" + EMAIL)
    location(visitor.again(email=EMAIL))
    page = visitor.see("sent").text
    assert (["void", "waiting"], True) == (office.states(), f"{EMAIL[0]}•••@" in page)


@pytest.mark.parametrize("email", ["", "nobody", "a@b.example,c@d.example"])
def test_correct_wrongly(visitor: PasswordForm, office: AppInside, email: str) -> None:
    """A correction that is no address: 422, the message at the field, what was typed kept, nothing sent."""
    visitor.ask()
    answer = visitor.again(email=email)
    assert (422, email, ["waiting"]) == (
        answer.status_code,
        value_of(answer.text, "email").replace("&#34;", '"'),
        office.states(),
    )
    assert 'aria-invalid="true"' in answer.text
    assert "<details open>" in answer.text


def test_too_often(visitor: PasswordForm) -> None:
    """Who tries one code too often has to wait: 429, how long, and nothing typed is lost."""
    answers = [visitor.ask() for _ in range(7)]
    last = answers[-1]
    assert ([303] * 6, 429) == ([one.status_code for one in answers[:6]], last.status_code)
    assert 0 < int(last.headers["Retry-After"]) <= 600
    if visitor.htmx:
        # It comes above the form, which stays in the page with what was typed.
        assert (True, False) == ('class="notice bad failure"' in last.text, "<form" in last.text)
    else:
        assert (CODE, EMAIL) == (value_of(last.text, "access_code"), value_of(last.text, "email"))
        assert 'class="notice bad"' in last.text


def test_again_too_often(visitor: PasswordForm) -> None:
    """The same when the mail is asked for again too often."""
    visitor.ask()
    answers = [visitor.again() for _ in range(6)]
    assert ([303] * 5 + [429], True) == (
        [one.status_code for one in answers],
        int(answers[-1].headers["Retry-After"]) > 0,
    )


def test_many_codes_from_one_place(client: HouseClient) -> None:
    """Who tries many codes from one network address is stopped after twenty, others are not."""
    visitor = PasswordForm(client)
    statuses = [visitor.ask(accounts.code(number)).status_code for number in range(21)]
    client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    statuses.append(visitor.ask(accounts.code(21)).status_code)
    assert [303] * 20 + [429, 303] == statuses


def test_refused_try_stores_nothing(client: HouseClient, office: AppInside) -> None:
    """What is refused for being too often leaves neither token nor mail."""
    visitor, before = PasswordForm(client), len(office.rows("tokens"))
    for _ in range(9):
        visitor.ask()
    assert (6, 6) == (len(office.rows("outbox")), len(office.rows("tokens")) - before)


def test_again_in_two_tabs(visitor: PasswordForm, office: AppInside) -> None:
    """'Send again' and another address are for who the page was about, not for who asked in another tab since."""
    sent = f"{visitor.start}/sent"
    visitor.ask()
    about = visitor.client.about_of(sent)
    other = accounts.email(1)
    visitor.ask(group_code(accounts.code(1)), other)
    before = office.rows("outbox")
    answers = [visitor.again(about=about, **data) for data in ({}, {"email": EMAIL})]
    assert [409, 409] == [answer.status_code for answer in answers]
    assert before == office.rows("outbox")
    for answer in answers:
        assert (True, "") == (f"{other[0]}•••@" in answer.text, value_of(answer.text, "email"))
    assert sent == location(visitor.again())


def test_without_cookies(app: Flask, visitor: PasswordForm) -> None:
    """Who keeps no cookie hears at once that one is needed, and why."""
    sent = visitor.ask()
    other = app.test_client()
    assert isinstance(other, HouseClient)
    answer = PasswordForm(other, visitor.lang, visitor.htmx).see(sent.headers["Location"].rpartition("/")[2])
    assert (200, True) == (answer.status_code, 'id="cookies-needed"' in answer.text)


def test_switch_language(visitor: PasswordForm, office: AppInside) -> None:
    """Switching language in the middle keeps what was typed, without complaint, and sends nothing."""
    other = PasswordForm(visitor.client, other_language(visitor.lang), visitor.htmx)
    answer = other.ask("half", "typ", switch_language="1")
    kept = [value_of(answer.text, name) for name in ("access_code", "email")]
    assert (200, ["half", "typ"], []) == (answer.status_code, kept, office.states())


def test_switch_language_with_errors(visitor: PasswordForm) -> None:
    """After wrong input the errors are kept too, in the new language."""
    first = visitor.ask("half", "typ")
    assert '<input type="hidden" name="checked" value="1">' in first.text
    other = PasswordForm(visitor.client, other_language(visitor.lang), visitor.htmx)
    answer = other.ask("half", "typ", switch_language="1", checked="1")
    message = "This e-mail address is not complete. An e-mail address looks like name@example.org."
    assert (422, True) == (answer.status_code, says(other, answer.text, message))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switch_language_is_offered(client: HouseClient, lang: str) -> None:
    """On the form's page the language switch sends the form along; elsewhere it is a link."""
    visitor = PasswordForm(client, lang)
    buttons = [
        [one.get("formaction") for one in house.elements(house.parse(answer.text), "button") if one.get("formaction")]
        for answer in (visitor.see(), visitor.ask("", ""))
    ]
    assert [[f"/{other_language(lang)}/self-service/replacement-password"]] * 2 == buttons


def test_switch_language_after_sending(visitor: PasswordForm) -> None:
    """After sending, the other language shows the same step."""
    visitor.ask()
    other = PasswordForm(visitor.client, other_language(visitor.lang), visitor.htmx)
    assert (200, True) == ((page := other.see("sent")).status_code, f"{EMAIL[0]}•••@" in page.text)


def test_switch_language_while_correcting(visitor: PasswordForm, office: AppInside) -> None:
    """So it is while the address is being corrected: the address stays, nothing is sent."""
    visitor.ask()
    other = PasswordForm(visitor.client, other_language(visitor.lang), visitor.htmx)
    answers = [
        other.again(email="typ", switch_language="1"),
        other.again(email="typ", switch_language="1", checked="1"),
    ]
    assert [(200, "typ"), (422, "typ")] == [(one.status_code, value_of(one.text, "email")) for one in answers]
    assert ["waiting"] == office.states()


@pytest.mark.parametrize("field", ["member_id", "person_id", "now", "lang", "status"])
def test_extra_fields(client: HouseClient, office: AppInside, field: str) -> None:
    """Fields that the form does not have change nothing."""
    location(PasswordForm(client).ask(**{field: "1"}))
    assert [EMAIL] == [row["recipient"] for row in office.rows("outbox")]


def test_all_or_nothing(client: HouseClient, office: AppInside) -> None:
    """When the mail cannot be queued, nothing is kept: no token, no count, no saved form."""
    office.change("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, 'disk full'); END")
    kept = ("tokens", "outbox", "limits", "visits", "events")
    before = [office.rows(table) for table in kept]
    assert 500 == PasswordForm(client).ask().status_code
    assert before == [office.rows(table) for table in kept]

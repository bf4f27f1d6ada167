"""Creating an account: from the form over the mailed link to the password, and logging in with it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from selfservice import clock, mailer
from selfservice.demo import accounts
from selfservice.i18n.languages import LANGUAGES
from tests.access_code_helpers import AccessCodeForm, change, rows, services, token
from tests.clients import HouseClient, other_language
from tests.password_form_helpers import value_of
from tests.sign_in_helpers import (
    MAIN,
    browser,
    prepare,
    sign_in,
    sign_in_to_account,
)

NEW = {"given_name": "Oona", "family_name": "Kites", "email": "oona@kites.example", "language": "en"}
LINK = "account.link"
PASSWORD = "seven marbles under a purple stair"
FORMS = ("account-create", "account-password")


@pytest.fixture(params=[("en", False), ("nl", True)], ids=["en-page", "nl-htmx"])
def visitor(request: pytest.FixtureRequest, client: HouseClient) -> AccessCodeForm:
    """Somebody in each language, with and without htmx (which of the two goes with which makes no difference)."""
    lang, htmx = request.param
    return AccessCodeForm(client, "account-create", lang, htmx=htmx)


@pytest.fixture
def one(client: HouseClient) -> AccessCodeForm:
    """Somebody, for what does not depend on language or scripts."""
    return AccessCodeForm(client, "account-create")


def behind(asking: AccessCodeForm, found: str = "", *, elsewhere: bool = False) -> AccessCodeForm:
    """Whoever opens a link, in the same browser or another."""
    client = browser(asking.client.application) if elsewhere else asking.client
    page = AccessCodeForm(client, "account-password", asking.lang, htmx=asking.htmx)
    if found:
        assert "new-password" == page.leads(page.see(f"link/{found}"))
    return page


def accounts_of(app: Flask) -> list[tuple[str, str]]:
    """Name and address of everybody who has an account."""
    conn = services(app).db.read()
    query = "SELECT p.* FROM people p JOIN user_accounts a ON a.person_id = p.id ORDER BY p.id"
    return [(f"{row['given_name']} {row['family_name']}".strip(), row["email"]) for row in conn.execute(query)]


def test_created(app: Flask, visitor: AccessCodeForm) -> None:
    """Asked, mailed, followed, chosen: there is an account, and one logs in to it."""
    assert "sent" == visitor.goes(**NEW)
    shown = re.sub(r"<[^>]+>", "", visitor.see("sent").text)
    assert (True, False, True) == ("o•••@kites.example" in shown, NEW["email"] in shown, "24" in shown)
    found, page = token(app, LINK), behind(visitor, token(app, LINK))
    answer = page.see("new-password")
    assert (200, True, False) == (answer.status_code, NEW["email"] in answer.text, found in answer.text)
    assert [] == accounts_of(app)
    assert "done" == page.goes("new-password", new_password=PASSWORD)
    assert [("Oona Kites", NEW["email"])] == accounts_of(app)
    done = page.see("done").text
    assert f'href="/{visitor.lang}/self-service/sign-in"' in done
    assert 303 == sign_in_to_account(visitor.client, NEW["email"], PASSWORD).status_code


def test_with_an_access_code(app: Flask, visitor: AccessCodeForm) -> None:
    """Whoever has access codes gets the account beside them: their names, code and its password stay as they were. They
    are told, and logged out everywhere.
    """
    prepare(app)
    signed_in = browser(app)
    sign_in(signed_in)
    before = rows(app, "people"), rows(app, "passwords")
    visitor.send(**NEW | {"email": accounts.email(MAIN)})
    page = behind(visitor, token(app, LINK))
    assert "done" == page.goes("new-password", new_password=PASSWORD)
    assert before == (rows(app, "people"), rows(app, "passwords"))
    assert "account.changed" == rows(app, "outbox")[-1]["kind"]
    assert "Log out" not in signed_in.get("/en/self-service/my").text
    client = browser(app)
    assert [303, 303] == [
        answer.status_code
        for answer in (sign_in_to_account(client, accounts.email(MAIN), PASSWORD), sign_in(browser(app), MAIN))
    ]


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"given_name": "", "family_name": "", "email": "", "language": ""}, ["given_name", "email", "language"]),
        ({"given_name": "=cmd()|' /C calc'!A0"}, ["given_name"]),
        ({"family_name": "x" * 100}, ["family_name"]),
        ({"given_name": "Oona \N{GRINNING FACE}"}, ["given_name"]),
        ({"family_name": "kites.example"}, ["family_name"]),
        ({"given_name": "http://kites.example"}, ["given_name"]),
        ({"email": "oona@"}, ["email"]),
        ({"email": "a@b.example, c@d.example"}, ["email"]),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, ["email"]),
        ({"language": "xx"}, ["language"]),
    ],
)
def test_mistakes(app: Flask, visitor: AccessCodeForm, typed: dict[str, str], wrong: list[str]) -> None:
    """What cannot be is a 422 with a message at its field, and what was typed; nothing is sent or kept."""
    answer = visitor.send(**NEW | typed)
    found = [name for name in NEW if f'id="account-create-{name}-error"' in answer.text]
    assert (422, wrong) == (answer.status_code, found)
    kept = [name for name in ("given_name", "family_name", "email") if "\n" not in (NEW | typed)[name]]
    assert [(NEW | typed)[name] for name in kept] == [unescape(value_of(answer.text, name)) for name in kept]
    assert (None, []) == (visitor.client.cookie_value(), rows(app, "account_openings"))


@pytest.mark.parametrize(
    ("given", "family", "greeted"),
    [
        ("Oona", "", "Oona"),
        ("", "Kites", "Kites"),
        ("فاطمة", "الزهراء", "فاطمة"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}Oona", "Kites", "Oona"),
        ("Oona\r\nBcc: thief@kites.example", "K", None),
        ("D'Artagnan-Özil", "van 't Veld", "D'Artagnan-Özil"),
    ],
    ids=["first only", "last only", "Arabic", "override", "header", "marks"],
)
def test_names(app: Flask, one: AccessCodeForm, given: str, family: str, greeted: str | None) -> None:
    """One name is enough, in any script; mails greet by it, and nothing in it becomes a header or turns the text."""
    answer = one.send(**NEW | {"given_name": given, "family_name": family})
    if greeted is None:
        assert 422 == answer.status_code
        return
    mail = rows(app, "outbox")[-1]
    subject, text = mailer.render_mail(
        services(app), mail["kind"], mail["language"], {**json.loads(mail["payload"]), "token": "t"}
    )
    assert ("Choose a password for your account", True) == (subject, f"Hello {greeted}," in text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_language_of_mails(app: Flask, client: HouseClient, lang: str) -> None:
    """Mails are in the language that was chosen, which at first is the page's; the link's page is in it too."""
    page, other = AccessCodeForm(client, "account-create", lang), other_language(lang)
    assert f'value="{lang}" checked' in page.see().text
    page.send(**NEW | {"language": other})
    mail = rows(app, "outbox")[-1]
    _, text = mailer.render_mail(services(app), mail["kind"], other, {**json.loads(mail["payload"]), "token": "t"})
    assert (other, True) == (mail["language"], f"/{other}/self-service/account-password/link/t" in text)
    behind(AccessCodeForm(client, "account-create", other), token(app, LINK)).send(
        "new-password", new_password=PASSWORD
    )
    assert other == rows(app, "people")[-1]["language"]


@pytest.mark.parametrize("chosen", ["oona in the kites of nowhere", "kites.example kites.example", "short"])
def test_own_words(app: Flask, one: AccessCodeForm, chosen: str) -> None:
    """Who is nobody here yet may not have their own name or address in the password either."""
    one.send(**NEW)
    page = behind(one, token(app, LINK))
    assert 422 == page.send("new-password", new_password=chosen).status_code
    assert (0, []) == (services(app).hasher.calls, accounts_of(app))
    assert "done" == page.goes("new-password", new_password=PASSWORD)


def test_sent_twice(app: Flask, visitor: AccessCodeForm) -> None:
    """A double click makes one account, and says what the first did."""
    visitor.send(**NEW)
    page = behind(visitor, token(app, LINK))
    about = value_of(page.see("new-password").text, "about")
    pressed = [page.goes("new-password", new_password=PASSWORD, about=about) for _ in range(2)]
    assert (["done", "done"], 1) == (pressed, len(accounts_of(app)))
    assert "done" == page.leads(page.see("new-password"))


def test_two_links(app: Flask, visitor: AccessCodeForm) -> None:
    """Of two links for one address the first that is used wins; the other's page says so, and so does its button."""
    links = []
    for _ in range(2):
        visitor.send(**NEW)
        links.append(token(app, LINK))
    first, second = (behind(visitor, each, elsewhere=True) for each in links)
    about = value_of(second.see("new-password").text, "about")
    assert "done" == first.goes("new-password", new_password=PASSWORD)
    answers = [second.see("new-password"), second.send("new-password", new_password=PASSWORD, about=about)]
    assert [410, 410] == [answer.status_code for answer in answers]
    assert 1 == len(accounts_of(app))


def test_expired(app: Flask, visitor: AccessCodeForm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that works no more says so, with the ways to another; also when its page was open already."""
    visitor.send(**NEW)
    found, asked = token(app, LINK), clock.now()
    monkeypatch.setattr(clock, "now", lambda: asked + timedelta(hours=23, minutes=59))
    page = behind(visitor, found, elsewhere=True)
    about = value_of(page.see("new-password").text, "about")
    monkeypatch.setattr(clock, "now", lambda: asked + timedelta(hours=24))
    answers = [page.see("new-password"), page.send("new-password", new_password=PASSWORD, about=about)]
    assert ([410, 410], []) == ([answer.status_code for answer in answers], accounts_of(app))
    other = behind(visitor, elsewhere=True)
    assert "expired" == other.leads(other.see(f"link/{found}"))
    page_of = other.see("expired")
    base = f"/{visitor.lang}/self-service"
    assert (410, [True] * 3) == (
        page_of.status_code,
        [f'href="{base}/{name}"' in page_of.text for name in (*FORMS, "sign-in")],
    )
    assert other.client.cookie_value() is None


@pytest.mark.parametrize("found", ["garbage", "x" * 5000, "%00", "🔑"])
def test_garbage(app: Flask, one: AccessCodeForm, found: str) -> None:
    """A link that never was is answered as one that is no longer."""
    page = behind(one)
    assert "expired" == page.leads(page.see(f"link/{found}"))
    assert (410, []) == (page.see("expired").status_code, rows(app, "visits"))


def test_without_cookies(app: Flask, visitor: AccessCodeForm) -> None:
    """A link that works never seems to work no more for want of a cookie: what is needed is said."""
    visitor.send(**NEW)
    page = behind(visitor, elsewhere=True)
    led = page.see(f"link/{token(app, LINK)}").headers["Location"]
    page.client.delete_cookie("loket", domain="127.0.0.1")
    answer = page.client.get(led)
    assert (200, True) == (answer.status_code, 'id="cookies-needed"' in answer.text)


def test_looking_changes_nothing(app: Flask, one: AccessCodeForm) -> None:
    """Mail scanners follow links: neither GET nor HEAD uses one up or makes an account."""
    one.send(**NEW)
    kept = ("account_openings", "people", "user_accounts", "outbox", "events", "limits")
    before, page, found = [rows(app, table) for table in kept], behind(one), token(app, LINK)
    for method in ("GET", "HEAD", "GET", "HEAD"):
        assert 303 == page.client.open(page.address(f"link/{found}"), method=method).status_code
    assert before == [rows(app, table) for table in kept]
    assert "done" == page.goes("new-password", new_password=PASSWORD)


def test_again(app: Flask, visitor: AccessCodeForm) -> None:
    """The mail is sent again, also to another address: with the same name, and a link of its own."""
    visitor.send(**NEW)
    assert "sent" == visitor.goes("sent")
    assert 422 == visitor.send("sent", email="oona@").status_code
    assert "sent" == visitor.goes("sent", email="ted@kites.example")
    mails = [(row["recipient"], json.loads(row["payload"])["name"]) for row in rows(app, "outbox")]
    assert [(NEW["email"], "Oona"), (NEW["email"], "Oona"), ("ted@kites.example", "Oona")] == mails
    behind(visitor, token(app, LINK)).send("new-password", new_password=PASSWORD)
    assert [("Oona Kites", "ted@kites.example")] == accounts_of(app)


def test_over_the_cap(app: Flask, visitor: AccessCodeForm) -> None:
    """When many mails went to an address the next waits, and the page says until when, whosever it is."""
    for email in (NEW["email"], accounts.email(MAIN)):
        for _ in range(4):
            visitor.send(**NEW | {"email": email})
        assert 'class="notice"' in visitor.see("sent").text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switch_language(app: Flask, client: HouseClient, lang: str) -> None:
    """The switch keeps what was typed and chosen, and errors that were shown; nothing is sent."""
    other = AccessCodeForm(client, "account-create", other_language(lang))
    typed = NEW | {"email": "oo", "language": lang, "switch_language": "1"}
    plain, wrong = other.send(**typed), other.send(**typed, checked="1")
    assert [(200, False), (422, True)] == [(one.status_code, 'class="message"' in one.text) for one in (plain, wrong)]
    for answer in (plain, wrong):
        assert ["Oona", "Kites", "oo"] == [value_of(answer.text, name) for name in list(NEW)[:3]]
        assert f'value="{lang}" checked' in answer.text
    assert [] == rows(app, "outbox")


@pytest.mark.parametrize("step", ["sent"])
def test_nothing_asked(visitor: AccessCodeForm, step: str) -> None:
    """Without anything asked the page after it leads to the form."""
    assert ["", ""] == [visitor.leads(visitor.see(step)), visitor.goes(step)]


def test_all_or_nothing(app: Flask, one: AccessCodeForm) -> None:
    """When the mail cannot be queued nothing is kept: no link, no count, no saved form."""
    change(app, "CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, 'disk full'); END")
    kept = ("account_openings", "outbox", "limits", "visits", "events")
    before = [rows(app, table) for table in kept]
    assert 500 == one.send(**NEW).status_code
    assert before == [rows(app, table) for table in kept]

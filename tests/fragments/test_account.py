"""The settings of an account, and what else one does with it: its password, and where one is logged in."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from selfservice.demo import accounts
from selfservice.mailer import render_mail
from tests.clients import HouseClient
from tests.domain_helpers import rows
from tests.house import parse, text_of
from tests.sign_in_helpers import (
    ACCOUNT_PASSWORD,
    MAIN,
    OTHER,
    PASSWORD,
    browser,
    database,
    give_account,
    person_id,
    prepare,
    sign_in,
    sign_in_to_account,
    waiting_mails,
)

BASE = "/en/self-service"
EMAIL = accounts.email(MAIN)
NEW = "seven marbles under a purple stair"


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)
    give_account(app)


def without_codes(app: Flask) -> None:
    """The person has the account only."""
    with database(app).write() as conn:
        conn.execute("UPDATE access_codes SET revoked_at = '2026-11-01T00:00:00.000000Z' WHERE person_id = 1")


def shown(client: HouseClient, form: str) -> str:
    """What a page says."""
    return text_of(parse(client.get(f"{BASE}/{form}").text))


def test_change_password(app: Flask, client: HouseClient) -> None:
    """The new password is that of the account alone; the owner is told so in the language of their mails; everywhere
    else they are logged out.
    """
    with database(app).write() as conn:
        conn.execute("UPDATE people SET language = 'nl' WHERE id = ?", (person_id(app, MAIN),))
    elsewhere = browser(app)
    sign_in(elsewhere)
    sign_in_to_account(client)
    page = shown(client, "change-password")
    assert f"This is the password of your account, which you log in to with {EMAIL}." in page
    assert "The password with your access codes stays as it is." in page
    answer = client.send(f"{BASE}/change-password", {"password": ACCOUNT_PASSWORD, "new_password": NEW})
    done = shown(client, answer.headers["Location"].removeprefix(f"{BASE}/"))
    assert "From now on you log in with your e-mail address and your new password." in done
    assert 'name="password"' in elsewhere.get(f"{BASE}/my").text
    assert 422 == sign_in_to_account(browser(app)).status_code
    assert 303 == sign_in_to_account(browser(app), password=NEW).status_code
    assert 303 == sign_in(browser(app)).status_code
    assert ["account.changed"] == [kind for kind, _ in waiting_mails(app)]
    mail = rows(database(app), "outbox")[-1]
    assert (EMAIL, "nl") == (mail["recipient"], mail["language"])
    _, text = render_mail(app.extensions["services"], "account.changed", "en", json.loads(mail["payload"]))
    assert "The password of your account at KVK was changed just now" in text


def test_password_of_the_codes(app: Flask, client: HouseClient) -> None:
    """Whoever logged in with an access code changes that password, and the one of the account stays; it is no way to
    change the other.
    """
    sign_in(client)
    told = "This is the password with your access codes. The password of your account stays as it is."
    assert told in shown(client, "change-password")
    assert (
        422 == client.send(f"{BASE}/change-password", {"password": ACCOUNT_PASSWORD, "new_password": NEW}).status_code
    )
    assert 303 == client.send(f"{BASE}/change-password", {"password": PASSWORD, "new_password": NEW}).status_code
    assert 303 == sign_in_to_account(browser(app)).status_code


def test_only_one(app: Flask, client: HouseClient) -> None:
    """Who has one of the two reads nothing of the other."""
    without_codes(app)
    sign_in_to_account(client)
    assert "your access codes" not in shown(client, "change-password")
    assert "You also have" not in shown(client, "my")
    other = browser(app)
    sign_in(other, OTHER)
    assert "of your account" not in shown(other, "change-password")
    assert "You also have" not in shown(other, "my")


def test_personal_page(app: Flask, client: HouseClient) -> None:
    """What an account is for, by the table of rights; who also has an access code reads so, and the reverse."""
    sign_in_to_account(client)
    page = client.get(f"{BASE}/my").text
    for right in app.extensions["rights"].of_kind("account"):
        assert right.title("en") in page
    assert "You also have an access code." in page
    sign_in(client)
    assert "You also have an account." in client.get(f"{BASE}/my").text


def test_devices(app: Flask, client: HouseClient) -> None:
    """Both kinds of session are listed, each with what was logged in with, and one ends the other."""
    sign_in(browser(app))
    sign_in_to_account(client)
    page = shown(client, "devices")
    assert [1, 1] == [page.count(f"Logged in with your {name}:") for name in ("access code", "e-mail address")]
    told = "Your account and your access codes each have their own password."
    assert told in page
    assert 303 == client.send(f"{BASE}/devices/end", {}).status_code
    assert told not in shown(client, "devices")
    assert 1 == sum(row["ended_at"] is None for row in rows(database(app), "sessions"))


def test_settings(app: Flask, client: HouseClient) -> None:
    """Name, address and language as they are, each with where it is changed; and everything else of the account."""
    sign_in_to_account(client)
    page = client.get(f"{BASE}/account").text
    assert "<dd>Jip van der Zonnestraal</dd>" in page
    told = text_of(parse(page))
    assert [True, True] == [
        f"{name} {now}" in told for name, now in (("E-mail address", EMAIL), ("mails", "Nederlands"))
    ]
    for form in ("account/name", "account/language", "change-password", "devices", "account-data"):
        assert f'href="{BASE}/{form}"' in page
        assert 200 == client.get(f"{BASE}/{form}").status_code
    assert f'href="{BASE}/account">Settings</a>' in client.get(f"{BASE}/my").text
    sign_in(client)
    assert "Settings</a>" not in client.get(f"{BASE}/my").text


def test_waiting_address(client: HouseClient) -> None:
    """An address that has yet to be confirmed stands beside the one that still holds, with the way to cancel it."""
    sign_in_to_account(client)
    assert "See or cancel this change" not in shown(client, "account")
    client.send(f"{BASE}/account-email", {"email": "jip@nieuw.example", "password": ACCOUNT_PASSWORD})
    told = f"E-mail address {EMAIL} Waiting for confirmation of jip@nieuw.example. See or cancel this change"
    assert told in shown(client, "account")


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "htmx"])
def test_name(app: Flask, client: HouseClient, *, is_htmx: bool) -> None:
    """The name is filled in as it is; another one is used from then on, in the header and in mails, and is recorded."""
    sign_in_to_account(client)
    page = client.get(f"{BASE}/account/name").text
    assert [True, True] == [f'value="{text}"' in page for text in ("Jip", "van der Zonnestraal")]
    answer = client.send(f"{BASE}/account/name", {"given_name": " Joanna ", "family_name": ""}, htmx=is_htmx)
    place = answer.headers["HX-Redirect" if is_htmx else "Location"]
    assert f"{BASE}/account?saved=name" == place
    page = client.get(place).text
    assert "Saved. We call you Joanna from now on." in page
    assert ">Joanna</a>" in page
    assert ("account.name", "ok") == tuple(rows(database(app), "events")[-1][key] for key in ("what", "result"))
    person = rows(database(app), "people")[0]
    assert ("Joanna", "") == (person["given_name"], person["family_name"])


@pytest.mark.parametrize(
    ("given", "family", "said"),
    [
        ("", " ", "Fill in your name. If you have one name, one of the two is enough."),
        ("Jip", "https://x.example", "Use letters, spaces, hyphens and apostrophes only."),
        ("Jip", "小明", "Our letters cannot print this"),
    ],
    ids=["none", "a link", "not to be printed"],
)
def test_wrong_name(app: Flask, client: HouseClient, given: str, family: str, said: str) -> None:
    """What is no name changes nothing; nor does what no letter can print, for who gets letters for an organisation."""
    sign_in_to_account(client)
    typed = {"given_name": given, "family_name": family}
    answer = client.send(f"{BASE}/account/name", typed)
    assert (422, True) == (answer.status_code, said in answer.text)
    assert "Jip" == rows(database(app), "people")[0]["given_name"]
    assert "van der Zonnestraal" == rows(database(app), "people")[0]["family_name"]


def test_any_script_without_codes(app: Flask, client: HouseClient) -> None:
    """Who gets no letters may have a name in any script."""
    without_codes(app)
    sign_in_to_account(client)
    assert 303 == client.send(f"{BASE}/account/name", {"given_name": "小明"}).status_code
    assert "Your access codes" not in shown(client, "account/name")


def test_name_with_codes(client: HouseClient) -> None:
    """Who has access codes is told what becomes of what was sent."""
    sign_in_to_account(client)
    assert "Requests and letters that were sent keep the name on them." in shown(client, "account/name")


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "htmx"])
def test_language(app: Flask, client: HouseClient, *, is_htmx: bool) -> None:
    """The language of mails is another than that of the page, and the mails that follow are in it."""
    sign_in_to_account(client)
    assert 'value="nl" checked' in client.get(f"{BASE}/account/language").text
    answer = client.send(f"{BASE}/account/language", {"language": "en"}, htmx=is_htmx)
    place = answer.headers["HX-Redirect" if is_htmx else "Location"]
    assert "are in this language from now on: English." in client.get(place).text
    client.send("/nl/self-service/change-password", {"password": ACCOUNT_PASSWORD, "new_password": NEW})
    assert ("account.changed", "en") == tuple(rows(database(app), "outbox")[-1][key] for key in ("kind", "language"))
    assert "account.language" in [row["what"] for row in rows(database(app), "events")]


def test_language_that_the_site_has_no_more(app: Flask, client: HouseClient) -> None:
    """Whoever is written to in a language that went reads in which they are written to now, and chooses another."""
    sign_in_to_account(client)
    with database(app).write() as conn:
        conn.execute("UPDATE people SET language = 'fy'")
    assert "Language of our e-mails Nederlands" in shown(client, "account")
    assert 303 == client.send(f"{BASE}/account/language", {"language": "en"}).status_code


@pytest.mark.parametrize("sent", ["", "xx", "nl; DROP"])
def test_wrong_language(app: Flask, client: HouseClient, sent: str) -> None:
    """No language, or none of the site's, is refused."""
    sign_in_to_account(client)
    assert 422 == client.send(f"{BASE}/account/language", {"language": sent}).status_code
    assert "nl" == rows(database(app), "people")[0]["language"]


def test_language_switch(client: HouseClient) -> None:
    """In the other language stands what was typed, and nothing was saved."""
    sign_in_to_account(client)
    client.get(f"{BASE}/account/name")
    typed = {"given_name": "Joanna", "family_name": "", "switch_language": "1"}
    typed["about"] = client.about_of(f"{BASE}/account/name")
    answer = client.post("/nl/self-service/account/name", data=typed)
    assert (200, True, True) == (answer.status_code, 'value="Joanna"' in answer.text, "Je naam wijzigen" in answer.text)
    assert "Jip" == rows(client.application.extensions["services"].db, "people")[0]["given_name"]


def test_after_the_time_out(app: Flask, client: HouseClient) -> None:
    """What was typed when the session ended is there after logging in again; and gone once it is saved."""
    sign_in_to_account(client)
    about = client.about_of(f"{BASE}/account/name")
    with database(app).write() as conn:
        conn.execute("UPDATE sessions SET used_at = '2026-01-01T00:00:00.000000Z'")
    typed = {"given_name": "Joanna", "family_name": "Doorn", "about": about}
    answer = client.post(f"{BASE}/account/name", data=typed)
    assert "What you typed is kept" in client.get(answer.headers["Location"]).text
    sign_in_to_account(client, place="account")
    assert f'<a href="{BASE}/account/name">Go on with your name</a>' in client.get(f"{BASE}/account").text
    page = client.get(f"{BASE}/account/name").text
    assert [True, True] == ['value="Joanna"' in page, "What you typed before is still here. Check it" in page]
    assert "Jip" == rows(database(app), "people")[0]["given_name"]
    assert 303 == client.send(f"{BASE}/account/name", {"given_name": "Joanna", "family_name": "Doorn"}).status_code
    assert "Go on with your name" not in client.get(f"{BASE}/account").text

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
    assert "The password of your KVK account at KVK was changed just now" in text


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

"""The mailbox of a demonstration: there for this machine only, and only while it is a demonstration."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from flask import Flask

from selfservice import clock
from selfservice.config import Config
from selfservice.i18n.languages import LANGUAGES
from selfservice.mail import outbox
from tests.clients import HTMX_HEADERS, HouseClient
from tests.conftest import new_app
from tests.password_form_helpers import EMAIL, AppInside, PasswordForm, location

ADDRESS = "/en/self-service/mailbox"


def test_empty(client: HouseClient) -> None:
    """Before any mail it says so, and makes no folder."""
    answer = client.get(ADDRESS)
    assert (200, True) == (answer.status_code, "There are no e-mails yet" in answer.text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_mail(app: Flask, client: HouseClient, lang: str) -> None:
    """A mail that was sent is listed, and can be read with its link alive, in each language."""
    office, visitor = AppInside(app), PasswordForm(client, lang)
    location(visitor.ask())
    token = office.token()
    office.deliver()
    listed = client.get(f"/{lang}/self-service/mailbox")
    mail = next(path.stem for path in (office.services.config.database.parent / "mailbox").glob("*.eml"))
    page = client.get(f"/{lang}/self-service/mailbox/{mail}")
    link = f"http://127.0.0.1:8000{visitor.start}/link/{token}"
    assert (True, True) == (f'href="/{lang}/self-service/mailbox/{mail}"' in listed.text, EMAIL in listed.text)
    assert (200, True) == (page.status_code, f'<a href="{link}">{link}</a>' in page.text)


def test_newest_first(app: Flask, client: HouseClient) -> None:
    """The newest mail stands first."""
    office, visitor = AppInside(app), PasswordForm(client)
    location(visitor.ask())
    token = office.token()
    office.deliver()
    visitor.follow(token)
    location(visitor.choose())
    office.deliver()
    text = client.get(ADDRESS).text
    assert 0 < text.index("Your password was changed") < text.index("Choose a new password")


@pytest.mark.parametrize("mail", ["nothing", "..", "../loket.db", "%2e%2e%2floket", "x" * 500])
def test_no_such_mail(client: HouseClient, mail: str) -> None:
    """What is no mail is not there, whatever the address tries."""
    assert client.get(f"{ADDRESS}/{mail}").status_code in (404, 308)


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.8", "::ffff:192.0.2.1", "2001:db8::1", "unknown", ""])
@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS], ids=["page", "fragment"])
def test_only_this_machine(client: HouseClient, address: str, headers: dict[str, str]) -> None:
    """From anywhere else there is no mailbox: a mailbox for all would be everybody's password."""
    client.environ_base["REMOTE_ADDR"] = address
    assert [404, 404] == [client.get(path, headers=headers).status_code for path in (ADDRESS, f"{ADDRESS}/x")]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine(client: HouseClient, address: str) -> None:
    """Every loopback address is this machine."""
    client.environ_base["REMOTE_ADDR"] = address
    assert 200 == client.get(ADDRESS).status_code


@pytest.mark.parametrize(
    "changes",
    [{"smtp_url": "smtp://127.0.0.1:2525"}, {"demo": False, "base_url": "https://help.example.org"}],
    ids=["smtp", "real"],
)
def test_off(config: Config, changes: dict[str, object]) -> None:
    """With a mail server there is none, and on a real site there is none."""
    client = new_app(dataclasses.replace(config, **changes)).test_client()  # type: ignore[arg-type]
    assert 404 == client.get(ADDRESS).status_code


def test_mail_is_escaped(client: HouseClient, config: Config) -> None:
    """What stands in a mail is text: nothing in it becomes markup."""
    folder = Path(config.database.parent / "mailbox")
    folder.mkdir()
    (folder / "bad.eml").write_text(
        "From: a@b.example\nTo: c@d.example\nSubject: <b>x</b>\nDate: Sat, 21 Nov 2026 12:00:00 +0000\n\n"
        '<script>alert(1)</script> https://a.example/"onclick="x javascript:alert(1)\n',
        "utf-8",
    )
    text = client.get(f"{ADDRESS}/bad").text
    assert (False, False, True) == ("<script>alert" in text, "<b>x" in text, 'href="https://a.example/"' in text)


def test_do_not_wait(app: Flask, client: HouseClient) -> None:
    """Mail over the hourly number says until when it waits; who tries things out need not wait for it."""
    office = AppInside(app)
    with office.services.db.write() as conn:
        for number in range(4):
            outbox.enqueue(
                conn,
                office.services.context,
                clock.now(),
                idempotency_key=f"test:{number}",
                kind="access_code.already",
                recipient=EMAIL,
                language="en",
                payload={},
            )
    before = client.get(ADDRESS).text
    sent = client.send(f"{ADDRESS}/hurry", {})
    after = client.get(ADDRESS).text
    assert (True, 303, False) == ("One more e-mail waits until" in before, sent.status_code, "waits until" in after)

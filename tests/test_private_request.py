"""Somebody asks for a private access code, gets it and logs in: on any site, also one without organisations."""

from __future__ import annotations

import dataclasses
import re

import pytest
from flask import Flask

from selfservice import mailer
from selfservice.i18n.languages import LANGUAGES
from selfservice.site_config import SITE
from tests.access_code_helpers import PERSON, AccessCodeForm, rows, services
from tests.clients import HouseClient
from tests.domain_helpers import filled
from tests.password_form_helpers import PasswordForm
from tests.sign_in_helpers import fast_hasher

PASSWORD = "seven marbles under a purple stair"
CODE = re.compile(r"(?:[2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}")
# What only the demonstration's owner has.
NOT_THEIRS = re.compile(
    r"\bkvk|chamber of commerce|kamer van koophandel|business register|handelsregister|annual accounts|jaarrekening"
    r"|extract\b|uittreksel|\b8 (?:digits|cijfers)|direct debit|incasso|for an organisation|voor een organisatie",
    re.IGNORECASE,
)


def mails(app: Flask) -> list[str]:
    """The subject and text of each mail so far."""
    made = (
        mailer.render_mail(services(app), row["kind"], row["language"], filled(row))
        for row in rows(app, "outbox")
        if row["recipient"] in (PERSON["email"], None)
    )
    return [f"{subject}\n\n{text}" for subject, text in made]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_from_request_to_code(app: Flask, client: HouseClient, lang: str) -> None:
    """Each step leads on, the code that comes opens what it is for, and nothing speaks of what the owner has not."""
    app.extensions["services"] = dataclasses.replace(app.extensions["services"], hasher=fast_hasher())
    form = AccessCodeForm(client, lang=lang)
    form.fill_in("private")
    pages = [form.see(step) for step in ("need", *(["preferences"] if SITE.organisation_number else []), "check")]
    assert "done" == form.goes("check")
    pages.append(form.see("done"))
    found = re.search(r"(/\w+/self-service/access-code/link/[^\s)]+)", mails(app)[-1])
    assert found
    pages.append(client.follow(client.get(found[1])))
    pages.append(client.follow(client.send(form.address("confirm"), {"new_password": PASSWORD})))
    code = CODE.search(mails(app)[-1])
    assert code
    base = f"/{lang}/self-service"
    pages.append(client.follow(client.send(f"{base}/sign-in", {"access_code": code[0], "password": PASSWORD})))
    pages += [client.get(f"{base}/{name}") for name in ("my", "devices", "change-password", "request-status")]
    password, lost = PasswordForm(client, lang), AccessCodeForm(client, "lost-access-code", lang)
    pages.append(client.follow(password.ask(code[0], PERSON["email"])))
    pages += [lost.see(), client.follow(lost.send(email=PERSON["email"]))]
    assert {200} == {page.status_code for page in pages}
    assert 4 == len(mails(app))
    if SITE.organisation_number is None:
        texts = [page.text for page in pages] + mails(app)
        assert [] == [found[0] for text in texts for found in NOT_THEIRS.finditer(text)]

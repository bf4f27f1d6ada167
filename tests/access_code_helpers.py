"""What the tests of the forms for access codes share: somebody at a browser, and a look behind the counter."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from selfservice.web.services import Services
from tests.clients import HTMX_HEADERS, HouseClient, leads_to
from tests.domain_helpers import filled
from tests.password_form_helpers import value_of

KVK = "00010007"
NAME = "Bakkerij De Gouden Korst"
REGISTERED = "info@bakkerij-goudenkorst.example"
IBAN = "NL91 abna 0417-1643 00"
PERSON = {"given_name": "Oona", "family_name": "van 't Veld", "email": "oona@example.org", "telephone": ""}
PREFERENCES = {"payment_method": "credit"}
MANDATE = {"iban": IBAN, "holder": "O. van 't Veld", "mandate": "yes"}
BUSINESS = {**PERSON, "kvk_number": KVK}


@dataclass
class AccessCodeForm:
    """Somebody in front of one form, in one language, with or without htmx."""

    client: HouseClient
    form: str = "access-code"
    lang: str = "en"
    htmx: bool = False

    @property
    def base(self) -> str:
        """The form's address."""
        return f"/{self.lang}/self-service/{self.form}"

    def address(self, step: str = "") -> str:
        """The address of a step."""
        return f"{self.base}/{step}" if step else self.base

    def see(self, step: str = "") -> TestResponse:
        """Look at a step."""
        return self.client.get(self.address(step), headers=HTMX_HEADERS if self.htmx else {})

    def send(self, step: str = "", **data: str) -> TestResponse:
        """Send a step."""
        return self.client.send(self.address(step), data, htmx=self.htmx)

    def replace(self, page: str | None = None) -> TestResponse:
        """Send the form behind the link for a lost code: that of a page, or of the page as it is now."""
        return self.send("confirm", **({} if page is None else {"about": value_of(page, "about")}))

    def goes(self, step: str = "", **data: str) -> str:
        """Send a step; the step that it leads to."""
        return self.leads(self.send(step, **data))

    def leads(self, answer: TestResponse) -> str:
        """The step that an answer leads to; fails for one that leads nowhere."""
        assert leads_to(answer), (answer.status_code, answer.text[:2000])
        return leads_to(answer).removeprefix(self.base).lstrip("/")

    def fill_in(self, kind: str = "private", until: str = "check", **changes: str) -> None:
        """Answer all steps before this one."""
        person = BUSINESS if kind == "business" else PERSON
        for step, data in (
            ("need", {"need": kind, **person}),
            ("preferences", PREFERENCES),
            ("mandate", MANDATE),
        ):
            known = {name: changes.get(name, value) for name, value in data.items()}
            if step == until or (step == "mandate" and leads_to(self.see("mandate"))):
                break
            self.send(step, **known)

    def reference(self) -> str:
        """The reference on the last page."""
        found = re.search(r"[2-9A-Y]{4}-[2-9A-Y]{4}", self.see("done").text)
        assert found
        return found[0]


def services(app: Flask) -> Services:
    """The app's wired parts."""
    wired: Services = app.extensions["services"]
    return wired


def rows(app: Flask, table: str) -> list[dict[str, Any]]:
    """All rows of a table, in order."""
    return [dict(row) for row in services(app).db.read().execute(f"SELECT * FROM {table} ORDER BY 1")]


def change(app: Flask, statement: str, *values: Any) -> None:
    """Make something so that only time, or others, would bring about."""
    with services(app).db.write() as conn:
        conn.execute(statement, values)


def made(app: Flask, email: str = PERSON["email"]) -> list[dict[str, Any]]:
    """The requests of this address."""
    return [row for row in rows(app, "requests") if row["email"].casefold() == email.casefold()]


def token(app: Flask, kind: str) -> str:
    """The token in the newest mail of a kind."""
    found = [filled(row) for row in rows(app, "outbox") if row["kind"] == kind]
    return str(found[-1]["token"])


def saved_form(app: Flask, form: str = "access-code") -> dict[str, Any]:
    """What is kept of a form."""
    found = [json.loads(row["content"]) for row in rows(app, "drafts") if row["fragment"] == form]
    return dict(found[-1]) if found else {}


def writes(statements: list[str]) -> list[str]:
    """What of these statements changes something, without its values."""
    words = ("INSERT", "UPDATE", "DELETE")
    return [
        re.sub(r"'(?:[^']|'')*'|NULL|\d+", "?", one) for one in statements if one.lstrip().upper().startswith(words)
    ]

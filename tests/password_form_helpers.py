"""What the tests of the replacement password share: somebody at the counter, and a look behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from selfservice import mailer
from selfservice.demo import accounts
from selfservice.mail.delivery import send_next
from selfservice.web.services import Services
from tests.clients import HouseClient, leads_to
from tests.domain_helpers import filled

CODE, EMAIL = accounts.DEMO_LOGIN
STRANGE_CODE = "2222-2222-2222-2222"
GOOD_PASSWORD = "seven marbles under a purple stair"
NAME = "self-service/replacement-password"


@dataclass
class PasswordForm:
    """A visitor at the counter, in one language, with or without htmx."""

    client: HouseClient
    lang: str = "en"
    htmx: bool = False

    @property
    def start(self) -> str:
        """The form's address."""
        return f"/{self.lang}/{NAME}"

    def see(self, step: str = "") -> TestResponse:
        """Look at a step."""
        address = self.start + (f"/{step}" if step else "")
        return self.client.fragment(address) if self.htmx else self.client.get(address)

    def ask(self, code: str = CODE, email: str = EMAIL, **more: str) -> TestResponse:
        """Ask for a link."""
        return self.client.send(self.start, {"access_code": code, "email": email, **more}, htmx=self.htmx)

    def again(self, **data: str) -> TestResponse:
        """Ask for the mail again, or correct the address."""
        return self.client.send(f"{self.start}/sent", data, htmx=self.htmx)

    def follow(self, token: str, method: str = "GET") -> TestResponse:
        """Follow the mailed link."""
        return self.client.open(f"{self.start}/link/{token}", method=method)

    def choose(self, password: str = GOOD_PASSWORD, page: str | None = None) -> TestResponse:
        """Send a new password with the form of a page, or of the page as it is now."""
        data = {"new_password": password} | ({} if page is None else {"about": value_of(page, "about")})
        return self.client.send(f"{self.start}/new-password", data, htmx=self.htmx)


@dataclass
class AppInside:
    """What lies behind the counter."""

    app: Flask

    @property
    def services(self) -> Services:
        """The app's wired parts."""
        wired: Services = self.app.extensions["services"]
        return wired

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table."""
        return [dict(row) for row in self.services.db.read().execute(f"SELECT * FROM {table} ORDER BY 1")]

    def states(self) -> list[str]:
        """The outbox's states, in the order of asking."""
        return [row["state"] for row in self.rows("outbox")]

    def token(self) -> str:
        """The token of the newest mail that waits."""
        payloads = [filled(row) for row in self.rows("outbox") if row["state"] == "waiting"]
        return str([payload["token"] for payload in payloads if "token" in payload][-1])

    def change(self, statement: str) -> None:
        """Make something so that only time would bring about."""
        with self.services.db.write() as conn:
            conn.execute(statement)

    def deliver(self) -> None:
        """Send what waits to the demonstration's mailbox."""
        worker = mailer.mail_worker(self.services, mailer.mail_transport(self.services))
        while send_next(worker.db, worker.render, worker.transport, worker.now):
            pass


def location(answer: TestResponse) -> str:
    """Where an answer leads: a 303, or to htmx a place; fails for any other answer."""
    assert answer.status_code in (204, 303), answer.status_code
    return leads_to(answer)


def value_of(html: str, name: str) -> str:
    """The value of a field as it stands in the form."""
    field = re.search(rf'<input[^>]*name="{name}"[^>]*>', html)
    assert field
    found = re.search(r'value="([^"]*)"', field[0])
    return found[1] if found else ""

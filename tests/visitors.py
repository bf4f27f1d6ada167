"""Visitors: each somebody at a browser of their own, in front of a running Loket."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, Self

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect, sync_playwright

from tests import browser
from tests.live_server import WAIT_SECONDS, Live

# What the browser and htmx remark on an answer that we give on purpose, and on a search that the next letter overtook.
_EXPECTED = re.compile(
    r"(the server responded with a status of|Response Status Error Code) (403|404|409|410|422|429) "
    r"|^htmx:(afterRequest|sendAbort)\b"
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this process. No browser is a failure: its tests are not optional."""
    # Generous: other tests keep the machine's cores busy meanwhile.
    expect.set_options(timeout=WAIT_SECONDS * 1000)
    with sync_playwright() as playwright:
        started = browser.launch(playwright)
        yield started
        started.close()


@dataclass
class Visitor:
    """Somebody at a browser of their own, and everything that went wrong there."""

    context: BrowserContext
    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, context: BrowserContext, base: str) -> Self:
        """Open a page, and listen to all that it says."""
        visitor = cls(context, context.new_page(), base)
        visitor.page.on("console", visitor._hear)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"script: {error}"))
        visitor.page.on("response", visitor._see)
        return visitor

    def go(self, address: str) -> Page:
        """Open an address of ours."""
        self.page.goto(address if address.startswith("http") else self.base + address)
        return self.page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _EXPECTED.search(message.text):
            self.complaints.append(f"console: {message.text} ({self.page.url})")

    def _see(self, response: Response) -> None:
        self.requests.append(response.url)
        if not response.url.startswith(self.base + "/"):
            self.complaints.append(f"another host: {response.url}")
        is_ours = response.request.resource_type in ("document", "fetch", "xhr")
        if response.status >= 500 or (response.status >= 400 and not is_ours):
            self.complaints.append(f"{response.status}: {response.url}")


class VisitorFactory:
    """Opens browsers. `own_address=False` leaves out the header that gives the visitor an address of its own."""

    numbers = count(1)

    def __init__(self, chromium: Browser, base: str) -> None:
        self.chromium = chromium
        self.base = base
        self.visitors: list[Visitor] = []

    def __call__(
        self,
        *,
        scripts: bool = True,
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        own_address: bool = True,
        **options: Any,
    ) -> Visitor:
        """A new visitor, with nothing remembered."""
        number = next(self.numbers)
        if own_address:
            options["extra_http_headers"] = {
                "X-Forwarded-For": f"10.{os.getpid() % 256}.{number // 256}.{number % 256}"
            }
        context = self.chromium.new_context(
            java_script_enabled=scripts, viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        context.set_default_timeout(WAIT_SECONDS * 1000)
        visitor = Visitor.at(context, self.base)
        self.visitors.append(visitor)
        return visitor

    def close(self) -> list[str]:
        """Send everybody home; what went wrong."""
        for visitor in self.visitors:
            visitor.context.close()
        return [complaint for visitor in self.visitors for complaint in visitor.complaints]


@pytest.fixture
def visit(chromium: Browser, live: Live) -> Iterator[VisitorFactory]:
    """Visitors of the running Loket. A script error, a console error or a request elsewhere fails the test."""
    opened = VisitorFactory(chromium, live.base)
    yield opened
    assert [] == opened.close()

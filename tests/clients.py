"""A client whose every answer is held to the house rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, TestResponse

from selfservice.i18n.languages import LANGUAGES
from selfservice.web.security import NO_TRANSFORM, SAFE_METHODS
from tests import house

HTMX_HEADERS = {"HX-Request": "true"}


class HouseClient(FlaskClient):
    """As a browser on our own pages: the right host, and Sec-Fetch-Site with what it sends.

    `own_site = False` leaves that header out, for tests of the same-origin check.
    """

    own_site = True

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Ask, and hold the answer to the house rules."""
        if args and isinstance(args[0], EnvironBuilder):
            raise TypeError("follow redirects by hand: each address on the way matters")
        kwargs.setdefault("base_url", self.application.config["BASE_URL"])
        # Whole, so that a file that is sent is closed again.
        kwargs.setdefault("buffered", True)
        headers = dict(kwargs.pop("headers", None) or {})
        method = str(kwargs.get("method", "GET"))
        if self.own_site and method not in SAFE_METHODS:
            headers.setdefault("Sec-Fetch-Site", "same-origin")
        response = super().open(*args, headers=headers, **kwargs)
        assert_house_rules(response, is_fragment=_is_fragment(headers))
        return response

    def fragment(self, address: str, **kwargs: Any) -> TestResponse:
        """GET as htmx does."""
        return self.get(address, headers=HTMX_HEADERS, **kwargs)

    def send(self, address: str, data: dict[str, str], *, htmx: bool = False, **kwargs: Any) -> TestResponse:
        """POST a form, as a page or as htmx does: also with what the page that holds it now says that it is about. For
        the page of an earlier moment give `about` (`about_of`).
        """
        if "about" not in data and (about := self.about_of(address, data)):
            data = {**data, "about": about}
        return self.post(address, data=data, headers=HTMX_HEADERS if htmx else {}, **kwargs)

    def about_of(self, address: str, data: Mapping[str, str] | None = None) -> str:
        """What the page that holds the form for this address says that it is about; nothing if it does not, as a start
        view. `data` are fields of the form, to tell it from others with the same address.
        """
        if self.cookie_value() is None:
            return ""
        query = f"?{urlencode(data)}" if data else ""
        for page in (f"{address}{query}", address, address.rpartition("/")[0]):
            answer = self.get(page)
            tree, found = house.parse(answer.text) if answer.status_code == 200 else None, []
            for form in house.elements(tree, "form") if tree is not None else ():
                hidden = {
                    one.get("name", ""): one.get("value", "")
                    for one in house.elements(form, "input")
                    if one.get("type") == "hidden"
                }
                is_it = all(hidden[name] == text for name, text in (data or {}).items() if name in hidden)
                if form.get("action") == address and is_it:
                    found.append((set(hidden) <= {"about", "checked", *(data or {})}, hidden.get("about", "")))
            if found:
                # Of several the one that has no field which is not sent, if there is one.
                return max(found, key=lambda each: each[0])[1]
        return ""

    def follow(self, answer: TestResponse) -> TestResponse:
        """GET the place or reaction that an answer leads to, as a browser that keeps cookies does."""
        while leads_to(answer):
            answer = self.get(answer.headers.get("HX-Redirect") or answer.headers["Location"])
        return answer

    def cookie_value(self) -> str | None:
        """The value of the one cookie, when there is one."""
        cookie = self.get_cookie("loket", "127.0.0.1")
        return cookie.value if cookie else None


def other_language(code: str) -> str:
    """A language of the site that is not this one."""
    return next(other for other in LANGUAGES if other != code)


def leads_to(answer: TestResponse) -> str:
    """The address that an answer leads to, without the mark that a first cookie goes with it; empty if nowhere."""
    address = answer.headers.get("HX-Redirect") or answer.headers.get("Location") or ""
    return re.sub(r"[?&]begun=1$", "", address)


def _is_fragment(headers: dict[str, str]) -> bool:
    return "HX-Request" in headers and not {"HX-Boosted", "HX-History-Restore-Request"} & set(headers)


def assert_house_rules(response: TestResponse, *, is_fragment: bool) -> None:
    """Fail with every house rule that this answer breaks."""
    request = response.request
    found = house.broken_headers(response.status_code, response.headers, response.headers.getlist("Set-Cookie"))
    readable = response.text if response.mimetype in ("text/html", "application/json") else ""
    is_open = response.headers["Cache-Control"] != NO_TRANSFORM
    if is_open and house.must_stay_uncompressed(response.headers, readable):
        found.append("it holds a code or a link, or is a file, and may be compressed")
    is_page = response.mimetype == "text/html" and not 300 <= response.status_code < 400
    if is_page and request.method != "HEAD":
        lang = response.headers["Content-Language"]
        first = request.path.split("/")[1]
        if first in LANGUAGES and first != lang:
            found.append(f"Content-Language is {lang}")
        found += house.broken_html(response.text, lang=lang, status=response.status_code, fragment=is_fragment)
    assert not found, "\n".join([f"{request.method} {request.path} ({response.status_code})", *found])

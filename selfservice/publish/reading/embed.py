"""The forms' start states, baked into the pages: asked of the app itself, in this process."""

from __future__ import annotations

import html
import re

from flask import Flask

from selfservice.site_config import SITE

_TITLE = re.compile(r"^\s*<title>(.*?)</title>\s*", re.DOTALL)


class EmbedError(Exception):
    """The app did not answer a form's start state in a way that can be baked."""


class FormStarts:
    """The start states of an app's forms. Asks the app once for each."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._baked: dict[tuple[str, str], str] = {}

    def __call__(self, lang: str, name: str) -> str:
        """The HTML to put into a page. Inside a page the page's own title holds."""
        return _TITLE.sub("", self._start(lang, name))

    def title(self, lang: str, name: str) -> str:
        """The title of the form."""
        found = _TITLE.match(self._start(lang, name))
        title = html.unescape(found[1]) if found else ""
        return " ".join(title.removesuffix(f" – {SITE.name[lang]}").split())

    def _start(self, lang: str, name: str) -> str:
        if (lang, name) not in self._baked:
            self._baked[lang, name] = _render_form(self._app, f"/{lang}/self-service/{name}")
        return self._baked[lang, name]


def _render_form(app: Flask, address: str) -> str:
    answer = app.test_client().get(address, base_url=app.config["BASE_URL"], headers={"HX-Request": "true"})
    if answer.status_code != 200:
        raise EmbedError(f"{address} answered {answer.status_code}; a start state must answer 200")
    if "Set-Cookie" in answer.headers:
        raise EmbedError(f"{address} sets a cookie; a start state is the same for everybody and must not")
    return answer.get_data(as_text=True)

"""The forms' start states, baked into the pages: asked of the app itself, in this process."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask

_TITLE = re.compile(r"^\s*<title>.*?</title>\s*", re.DOTALL)


class EmbedError(Exception):
    """The app did not answer a form's start state in a way that can be baked."""


def form_renderer(app: Flask) -> Callable[[str, str], str]:
    """A function of language and form name that gives the HTML to put into a page. Asks the app once for each."""
    baked: dict[tuple[str, str], str] = {}

    def embed(lang: str, name: str) -> str:
        if (lang, name) not in baked:
            baked[lang, name] = _render_form(app, f"/{lang}/self-service/{name}")
        return baked[lang, name]

    return embed


def _render_form(app: Flask, address: str) -> str:
    answer = app.test_client().get(address, base_url=app.config["BASE_URL"], headers={"HX-Request": "true"})
    if answer.status_code != 200:
        raise EmbedError(f"{address} answered {answer.status_code}; a start state must answer 200")
    if "Set-Cookie" in answer.headers:
        raise EmbedError(f"{address} sets a cookie; a start state is the same for everybody and must not")
    # Inside a page the page's own title holds.
    return _TITLE.sub("", answer.get_data(as_text=True))

"""`search`: the questions that answer what was typed, as a page or, while typing, under the search field."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request

from selfservice import web
from selfservice.i18n import LANGUAGES, gettext, language
from selfservice.search.query import Results, search
from selfservice.services import services

NAME = "search"
blueprint = Blueprint("search", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Search")


@blueprint.get("")
def start() -> Response:
    """What was found for `q`; without it an invitation to type, without the index since it may be baked."""
    results = _find(request.args.get("q", ""))
    query = "?" + urlencode({"q": results.q}) if results.q else ""
    return web.render(
        "search/results.html",
        title=gettext("Search: %(words)s", words=results.q) if results.q else title(),
        results=results,
        q=results.q,
        alternates={code: web.in_language(code) + query for code in LANGUAGES},
    )


def _find(q: str) -> Results:
    if not q.strip():
        return Results("", [], 0, None, [])
    try:
        return search(services().config.search_index, language(), q)
    except FileNotFoundError:
        # The index is written with the site: there is none before the first build.
        abort(503)

"""`search`: the questions that answer what was typed, as a page or, while typing, under the search field."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request

from selfservice import web
from selfservice.fragments.search import counting
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, current_language
from selfservice.search.query import SearchResults, search
from selfservice.web import rendering
from selfservice.web.services import services

NAME = "search"
PAGE_RESULTS = 20
DROPDOWN_RESULTS = 6
blueprint = Blueprint("search", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Search")


@blueprint.get("")
def start() -> Response:
    """What was found for `q`; without it an invitation to type, without the index since it may be baked."""
    below_field = web.wants_fragment() and not _is_results_page()
    results = _find(request.args.get("q", ""), DROPDOWN_RESULTS if below_field else PAGE_RESULTS)
    counting.count_if_unanswered(results)
    query = "?" + urlencode({"q": results.q}) if results.q else ""
    return web.render(
        "search/results.html",
        title=gettext("Search: %(words)s", words=results.q) if results.q else title(),
        results=results,
        q=results.q,
        below_field=below_field,
        alternates={code: web.in_language(code) + query for code in LANGUAGES},
    )


def _is_results_page() -> bool:
    """Whether the visitor types on the page of results itself, where there is room for all of them."""
    return rendering.htmx_page_path() == request.path


def _find(q: str, limit: int) -> SearchResults:
    if not q.strip():
        return SearchResults("", [], 0, None, [])
    try:
        return search(services().config.search_index, current_language(), q, limit)
    except FileNotFoundError:
        # The index is written with the site: there is none before the first build.
        abort(503)

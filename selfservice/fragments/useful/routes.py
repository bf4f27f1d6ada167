"""`useful`: whether a help page was useful, at the foot of each.

start → yes: thanks; no: missing → thanks
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request, url_for

from selfservice import clock, web
from selfservice.db import DatabaseBusyError
from selfservice.feedback import answers
from selfservice.feedback.answers import Place
from selfservice.fragments.useful.form import MissingForm
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, current_language
from selfservice.limits import table
from selfservice.search.index_reader import open_index
from selfservice.web import rendering
from selfservice.web.pages import PageInfo
from selfservice.web.services import services

NAME = "useful"
blueprint = Blueprint("useful", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Was this page useful?")


@blueprint.get("")
@web.same_for_all
def start() -> Response:
    """The question."""
    return web.render("useful/start.html", title=title())


@blueprint.post("")
def answer() -> Response:
    """Yes or no, of the page that it was sent from. Who tries very often, or comes at a busy moment, is thanked all the
    same: it is only not counted.
    """
    useful = request.form.get("useful")
    if useful not in ("yes", "no"):
        abort(400)
    address = rendering.asking_page()
    pages = web.layout_context().pages().values()
    page = next((page.key for page in pages if page.path == address.path), "")
    place = _place({"page": page, "question": address.fragment})
    wired, now = services(), clock.now()
    try:
        with wired.db.write_if_free() as conn:
            if table.USEFUL.allow(conn, wired.keys, web.client_address(), now).allowed:
                answers.count(conn, place, now, useful=useful == "yes")
    except DatabaseBusyError:
        pass
    return _see(".thanks" if useful == "yes" else ".missing", place)


@blueprint.get("/missing")
def missing() -> Response:
    """What was missed."""
    return _show("missing", gettext("What did you miss?"), _place(request.args), MissingForm())


@blueprint.post("/missing")
def send() -> Response:
    """Keep what was missed."""
    form, place = MissingForm.sent(), _place(request.form)

    def show() -> Response:
        return _show("missing", gettext("What did you miss?"), place, form)

    if not form.accepts():
        return show()
    wired, now = services(), clock.now()
    with wired.db.write() as conn:
        decision = table.USEFUL.allow(conn, wired.keys, web.client_address(), now)
        if decision.allowed:
            answers.add_remark(conn, place, form.text.data, now)
    return _see(".thanks", place) if decision.allowed else form.too_many(decision.retry_after_seconds, show)


@blueprint.get("/thanks")
def thanks() -> Response:
    """A word of thanks."""
    return _show("thanks", gettext("Thank you"), _place(request.args))


def _place(values: Mapping[str, str]) -> Place:
    """The page and question that these name, as far as they are there."""
    lang = current_language()
    page, question = values.get("page", ""), values.get("question", "")
    if (lang, page) not in web.layout_context().pages():
        return Place(lang, "", "")
    try:
        known = bool(question) and open_index(services().config.search_index, lang).has_question(page, question)
    except FileNotFoundError:
        known = False
    return Place(lang, page, question if known else "")


def _see(endpoint: str, place: Place) -> Response:
    return web.see(url_for(endpoint) + _query(place))


def _query(place: Place) -> str:
    about = {name: value for name, value in (("page", place.page), ("question", place.question)) if value}
    return f"?{urlencode(about)}" if about else ""


def _show(name: str, title: str, place: Place, form: MissingForm | None = None) -> Response:
    """The view; it leads back to the page that it is about, unless it comes on that page."""
    back: PageInfo | None = None
    if place.page:
        about = web.layout_context().page(place.page)
        back = None if web.wants_fragment() and rendering.asking_page().path == about.path else about
    query = _query(place)
    alternates = {code: web.in_language(code) + query for code in LANGUAGES}
    return web.render(f"useful/{name}.html", title=title, form=form, place=place, back=back, alternates=alternates)

"""Error answers: translated, as a page or as a fragment, without a trace or a version."""

from __future__ import annotations

import logging
from collections.abc import Callable

import flask
from flask import Flask, Response, render_template
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, InternalServerError

from selfservice.accounts.passwords import HasherBusyError
from selfservice.db import DatabaseBusyError
from selfservice.i18n.catalogs import gettext, ngettext
from selfservice.i18n.languages import current_language
from selfservice.web import moved, problem_details, rendering, request
from selfservice.web.nearest_pages import NearPage, nearest_pages
from selfservice.web.security import SAFE_METHODS
from selfservice.web.services import services

RETRY_SECONDS = 10
STATUS_CODES = (400, 403, 404, 405, 408, 410, 413, 429, 500, 503)


def title_and_paragraphs(code: int) -> tuple[str, list[str]]:
    """Title and paragraphs for a status: what happened, what was kept, what to do now."""
    nothing_lost = gettext("Nothing was sent or changed.")
    return {
        400: (
            gettext("We could not read that request"),
            [
                gettext("Something was wrong in what your browser sent."),
                nothing_lost,
                gettext("Go back and try again."),
            ],
        ),
        403: (
            gettext("That request did not come from this site"),
            [
                gettext("For your safety we only accept forms that were sent from our own pages."),
                nothing_lost,
                gettext("Open the page again and fill in the form there."),
            ],
        ),
        404: (
            gettext("This page does not exist"),
            [
                gettext("Perhaps the address was mistyped, or the page has moved."),
                gettext("Search for what you need, or start at the home page."),
            ],
        ),
        405: (
            gettext("That is not possible here"),
            [nothing_lost, gettext("Open the page again and start from there.")],
        ),
        408: (
            gettext("Sending took too long"),
            [
                gettext("What you sent did not arrive completely in time, perhaps because of a slow connection."),
                nothing_lost,
                gettext("Go back and send it again."),
            ],
        ),
        410: (
            gettext("This page is no longer there"),
            [
                gettext("We took it away, because what it said no longer holds."),
                gettext("Search for what you need, or start at the home page."),
            ],
        ),
        413: (
            gettext("What you sent is too large"),
            [nothing_lost, gettext("Make the text shorter and send it again.")],
        ),
        429: (
            gettext("Please wait a while"),
            [gettext("To keep codes and passwords safe we limit how often this can be tried."), nothing_lost],
        ),
        500: (
            gettext("Something went wrong on our side"),
            [
                gettext("We have been told about it."),
                gettext("What you sent may not have been saved. Try again in a few minutes."),
            ],
        ),
        503: (
            gettext("This service is busy or being maintained"),
            [nothing_lost, gettext("Try again in a few minutes. The help pages still work.")],
        ),
    }[code]


def error_response(
    code: int,
    *,
    retry_after: int | None = None,
    text: tuple[str, list[str]] | None = None,
    offers_nearest: bool = True,
) -> Response:
    """The error as a fragment or a page, or as JSON for a program. `retry_after` is in seconds; `text` says more of it
    than `title_and_paragraphs` could: title and paragraphs. A 404 offers the pages nearest to its address, unless it
    is written for any address (not `offers_nearest`).
    """
    if request.is_api():
        return problem_details.problem_response(code, retry_after=retry_after)
    title, parts = text or title_and_paragraphs(code)
    if code == 429 and retry_after is not None and text is None:
        parts = [*parts, wait_text(retry_after)]
    if rendering.wants_fragment():
        body = render_template("error_fragment.html", title=title, message_parts=parts, status=code)
        response = Response(body, code, mimetype="text/html")
    else:
        variables = rendering.layout_variables() | {
            "title": title,
            "head_title": title,
            "description": "",
            "has_form": False,
            "robots_noindex": True,
            "nearest": _nearest_pages() if code == 404 and offers_nearest else [],
        }
        page = render_template("error.html", status=code, message_parts=parts, **variables)
        response = Response(page, code, mimetype="text/html")
    return response if retry_after is None else with_retry_after(response, retry_after)


def _nearest_pages() -> list[NearPage]:
    """Pages to go on to from an address that nothing has. What a view says is not there has no pages near it."""
    if flask.request.url_rule is not None or flask.request.method not in SAFE_METHODS:
        return []
    pages, index = rendering.layout_context().pages(), services().config.search_index
    return nearest_pages(flask.request.path, pages, index, current_language())


def _not_here_any_more() -> Response | None:
    """The answer at an address that nothing has, when it once was something's or is nearly that of something."""
    if flask.request.url_rule is not None or flask.request.method not in ("GET", "HEAD"):
        return None
    config = services().config
    if (answer := moved.way_on(config)) or (instead := moved.see_instead(config)) is None:
        return answer
    title, parts = title_and_paragraphs(410)
    if instead.url:
        link = Markup('<a href="{}">{}</a>').format(instead.url, instead.title)
        parts = [*parts[:1], Markup("{} {}").format(gettext("See instead:"), link), *parts[1:]]
    return error_response(410, text=(title, parts))


def with_retry_after(response: Response, seconds: int) -> Response:
    """The answer, saying after how many seconds trying again makes sense."""
    response.headers["Retry-After"] = str(seconds)
    return response


def too_many_requests(seconds: int, form: Callable[[str], Response], way: str = "") -> Response:
    """The answer to who tried too often (429): a fragment to be set above the form; else the form itself, made by
    `form` with a notice how long to wait. `way` says how to go on without waiting, if there is a way.
    """
    if rendering.wants_fragment() and way:
        title, parts = title_and_paragraphs(429)
        return error_response(429, retry_after=seconds, text=(title, [*parts, wait_text(seconds), way]))
    if rendering.wants_fragment():
        return error_response(429, retry_after=seconds)
    return with_retry_after(form(f"{wait_text(seconds)} {way}".strip()), seconds)


def wait_text(seconds: int) -> str:
    """How long to wait, for people."""
    minutes = max(1, -(-seconds // 60))
    return ngettext(
        "You have tried this too often. Try again in %(num)s minute.",
        "You have tried this too often. Try again in %(num)s minutes.",
        minutes,
    )


def init_app(app: Flask) -> None:
    """Answer every error of the app in this way."""

    def handle(error: HTTPException) -> Response | HTTPException:
        code = error.code or 500
        if code < 400:
            return error
        if code == 404 and (other := _not_here_any_more()):
            return other
        response = error_response(code if code in STATUS_CODES else (400 if code < 500 else 500))
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    def busy(error: HasherBusyError) -> Response:
        return error_response(503, retry_after=RETRY_SECONDS)

    def database(error: DatabaseBusyError) -> Response:
        logging.getLogger("loket").error("database", extra={"fields": {"error": error.reason}})
        return error_response(503, retry_after=RETRY_SECONDS)

    def crash(error: Exception) -> Response:
        logging.getLogger("loket").error("crash", exc_info=error)
        return error_response(InternalServerError.code)

    app.register_error_handler(HTTPException, handle)
    app.register_error_handler(HasherBusyError, busy)
    app.register_error_handler(DatabaseBusyError, database)
    app.register_error_handler(Exception, crash)

"""Errors for programs: problem details in JSON (RFC 9457), with a title in a language that the program accepts."""

from __future__ import annotations

import json

from flask import Response

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language

MIMETYPE = "application/problem+json"


def status_title(code: int) -> str:
    """What a status means, in the language in force."""
    return {
        400: gettext("The request could not be read"),
        401: gettext("A valid key is needed"),
        403: gettext("This key may not do that"),
        404: gettext("There is nothing at this address"),
        405: gettext("This address does not have that method"),
        408: gettext("The request did not arrive completely in time"),
        410: gettext("There is nothing at this address any more"),
        413: gettext("The request is too large"),
        415: gettext("The request is not of a type that is understood here"),
        422: gettext("The request is not valid"),
        429: gettext("Too many requests"),
        500: gettext("Something went wrong here"),
        503: gettext("Busy, or being maintained"),
    }[code]


def problem_response(code: int, detail: str = "", *, retry_after: int | None = None) -> Response:
    """A problem as JSON, in the language in force. `detail` says what to mend; `retry_after` is in seconds."""
    problem = {"type": "about:blank", "title": status_title(code), "status": code}
    if detail:
        problem["detail"] = detail
    response = Response(json.dumps(problem), code, mimetype=MIMETYPE)
    response.headers["Content-Language"] = current_language()
    response.vary.add("Accept-Language")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response

"""Errors for programs: problem details in JSON (RFC 9457), with a title in a language that the program accepts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from flask import Response

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.importing.parsing import FieldProblem
from selfservice.web.request import API_PREFIX

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


def problem_response(
    status: int,
    detail: str = "",
    *,
    code: str = "",
    members: Mapping[str, object] | None = None,
    retry_after: int | None = None,
) -> Response:
    """A problem as JSON, in the language in force. `code` is which one of those in api/problems.py it is; without one
    its status says all there is to say. `detail` says what to mend, `members` what else there is to know; `retry_after`
    is in seconds.
    """
    problem: dict[str, object] = {"type": "about:blank", "title": status_title(status), "status": status}
    if code:
        problem |= {"type": type_of(code), "code": code}
    if detail:
        problem["detail"] = detail
    response = Response(json.dumps({**problem, **(members or {})}), status, mimetype=MIMETYPE)
    response.headers["Content-Language"] = current_language()
    response.vary.add("Accept-Language")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def error_list(problems: Iterable[FieldProblem]) -> list[dict[str, str]]:
    """What is wrong with something that was sent, for an answer. `field` is empty when it is about the whole."""
    return [
        {"type": type_of(each.code), "code": each.code, "field": each.field, "detail": each.message}
        for each in problems
    ]


def type_of(code: str) -> str:
    """The address at which a kind of problem is explained."""
    return f"{API_PREFIX}problems/{code}"

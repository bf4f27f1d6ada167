"""The API for who delivers the register: the same rules as for a file of it (docs/register.md)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort

from selfservice import clock
from selfservice.api import authentication, request_body
from selfservice.api.responses import delivery_response, json_response
from selfservice.db import Connection
from selfservice.importing.parsing import FieldProblem, LineError, unknown_fields
from selfservice.orders.api_keys import ApiKey, KeyScope
from selfservice.register import closing, importer
from selfservice.register.validation import COLUMNS, RegisterRow, reject_repeated, row_of_object
from selfservice.web.problem_details import error_list, problem_response
from selfservice.web.services import services

_SCOPE: KeyScope = "register:write"
_RESULTS = ("new", "changed", "same", "closed", "refused")


def add_routes(blueprint: Blueprint) -> None:
    """Add the addresses of organisations."""
    blueprint.post("/organisations")(deliver_organisations)
    blueprint.get("/organisations/<number>")(show_organisation)


def deliver_organisations() -> Response:
    """Put one organisation or a list of them in; each is new, changed, the same, closed, or refused with the reasons.
    One that is refused by itself is a problem (422); of a list each is told what became of it.
    """
    key = authentication.require_key(_SCOPE)
    sent = request_body.read_objects("body-not-organisations")
    if isinstance(sent, list):
        return delivery_response("organisations", _deliver(key, sent), _RESULTS, alone=None)
    return delivery_response("organisations", _deliver(key, [sent]), _RESULTS, alone="organisation-refused")


def show_organisation(number: str) -> Response:
    """What is held of an organisation, as it would be delivered."""
    authentication.require_key(_SCOPE)
    found = importer.find(services().db.read(), number)
    if found is None:
        abort(problem_response(404, code="organisation-unknown"))
    return json_response(found)


def _deliver(key: ApiKey, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What became of each, for the answer."""
    answers: list[dict[str, Any]] = []
    rows: list[RegisterRow] = []
    seen: dict[str, int] = {}
    for place, each in enumerate(sent, start=1):
        number = each.get("kvk_number")
        answer: dict[str, Any] = {"kvk_number": number if isinstance(number, str) else None, "result": ""}
        try:
            row = row_of_object(each)
            reject_repeated(seen, row, place, "place")
        except LineError as error:
            answer |= {"result": "refused", "reason": str(error), "errors": error_list(error.problems)}
        else:
            answer["kvk_number"] = row.values[0]
            rows.append(row)
        if unknown := unknown_fields(each, COLUMNS):
            answer["ignored"] = error_list(unknown)
        answers.append(answer)
    with services().db.write() as conn:
        rows = _refuse_closings(conn, rows, answers)
        results = iter(importer.upsert(conn, services().context, rows, clock.now(), f"key:{key.public_id}"))
        result = "ok" if len(rows) == len(sent) else "partly" if rows else "refused"
        authentication.record_key_use(conn, key, "register.deliver", result)
    for answer in answers:
        answer["result"] = answer["result"] or next(results)
    return answers


def _refuse_closings(conn: Connection, rows: list[RegisterRow], answers: list[dict[str, Any]]) -> list[RegisterRow]:
    """The rows that go in: without those that close, when they are more than one transaction should hold the database
    for, or more than a register is trusted with in a day. These are answered as refused.
    """
    now = clock.now()
    days = {str(row.values[0]): row.closed_on for row in rows if row.closed_on is not None}
    known = closing.find_open(conn, days)
    at_once = {number for number in known if closing.is_due(days[number], now)}
    new = {number for number, day in known.items() if day is None}
    if len(at_once) > importer.CLOSING_SIZE:
        says = f"this request closes {len(at_once):,} organisations: send at most {importer.CLOSING_SIZE} in one"
        problem, refused = FieldProblem("closings-per-request", "closed_on", says), at_once
    elif share := closing.unusual_share(conn, len(new), now):
        says = f"with this request {share} would be closed in a day; ask who runs this site to bring them in by file"
        problem, refused = FieldProblem("closings-per-day", "closed_on", says), new
    else:
        return rows
    for answer in answers:
        if not answer["result"] and answer["kvk_number"] in refused:
            answer |= {"result": "refused", "reason": problem.message, "errors": error_list([problem])}
    return [row for row in rows if row.values[0] not in refused]

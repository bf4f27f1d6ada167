"""The API for who delivers the register: the same rules as for a file of it (docs/register.md)."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from flask import Blueprint, Response, abort

from selfservice import clock
from selfservice.api import authentication, request_body
from selfservice.importing.parsing import LineError, unknown_fields
from selfservice.orders.api_keys import ApiKey, KeyScope
from selfservice.register import importer
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
    answers = _deliver(key, sent if isinstance(sent, list) else [sent])
    if isinstance(sent, dict) and answers[0]["result"] == "refused":
        members: dict[str, Any] = {name: answers[0][name] for name in ("errors", "ignored") if name in answers[0]}
        return problem_response(422, answers[0]["reason"], code="organisation-refused", members=members)
    counts = Counter(each["result"] for each in answers)
    return _json({"organisations": answers, **{result: counts[result] for result in _RESULTS}})


def show_organisation(number: str) -> Response:
    """What is held of an organisation, as it would be delivered."""
    authentication.require_key(_SCOPE)
    found = importer.find(services().db.read(), number)
    if found is None:
        abort(problem_response(404, code="organisation-unknown"))
    return _json(found)


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
        results = iter(importer.upsert(conn, services().context, rows, clock.now(), f"key:{key.public_id}"))
        result = "ok" if len(rows) == len(sent) else "partly" if rows else "refused"
        authentication.record_key_use(conn, key, "register.deliver", result)
    for answer in answers:
        answer["result"] = answer["result"] or next(results)
    return answers


def _json(content: dict[str, Any]) -> Response:
    return Response(json.dumps(content), mimetype="application/json")

"""The API for a shop: deliver orders, see what is known of them, and learn which were asked for again. openapi.json
describes it.

It takes a bearer key and no cookie. That, and only that, is why requests from other sites need not be refused here: a
browser sends no key by itself, so another site's page can send nothing that its own maker could not send without it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, request

from selfservice import clock
from selfservice.api import authentication, organisations, request_body
from selfservice.api.description import description
from selfservice.api.problems import PROBLEMS
from selfservice.api.reconciling import Cursor, order_members
from selfservice.api.responses import delivery_response, json_response
from selfservice.i18n.catalogs import gettext
from selfservice.importing.parsing import LineError
from selfservice.limits import table
from selfservice.orders import redelivery, timestamps
from selfservice.orders.api_keys import ApiKey
from selfservice.orders.importer import Importer
from selfservice.orders.store import OrderStore
from selfservice.orders.validation import unknown_fields, values_of_object
from selfservice.web.problem_details import error_list, problem_response, type_of
from selfservice.web.services import services

blueprint = Blueprint("api", __name__)
# As far as every program counts exactly (RFC 8259, section 6).
_MAX_INTEGER = 2**53 - 1
MAX_LISTED = 500


# The parameters of each endpoint that has any.
_PARAMETERS = {"api.waiting": {"after"}, "api.list_orders": {"updated_since", "cursor"}}
_RESULTS = ("new", "changed", "same", "outdated", "refused")

blueprint.after_request(authentication.add_rate_limit)
organisations.add_routes(blueprint)


@blueprint.before_request
def _refuse_unknown_parameters() -> None:
    """A parameter that means nothing here is a mistake: paging with a mistyped one would never end."""
    if any(len(values) > 1 for values in request.args.listvalues()):
        abort(problem_response(400, gettext("Give each parameter once."), code="parameter-invalid"))
    if unknown := sorted(set(request.args) - _PARAMETERS.get(request.endpoint or "", set())):
        says = gettext("There is no parameter %(name)s.", name=unknown[0])
        abort(problem_response(400, says, code="parameter-unknown"))


@blueprint.get("/openapi.json")
def describe() -> Response:
    """The API's description, for everybody."""
    return json_response(description())


@blueprint.get("/problems/<code>")
def explain(code: str) -> Response:
    """What a problem means and what to do, at the address that is its type; for everybody."""
    if code not in PROBLEMS:
        abort(404)
    return json_response({"type": type_of(code), "code": code, "explanation": PROBLEMS[code]})


@blueprint.get("/key")
def show_key() -> Response:
    """What the key that came with the request is for, until when it works, and how often it may come."""
    key, limit = authentication.require_key(), table.API_KEY
    return json_response(
        {
            "id": key.public_id,
            "name": key.name,
            "scope": key.scope,
            "last_day": key.last_day and key.last_day.isoformat(),
            "limit": {"requests": limit.count, "seconds": limit.period_seconds},
        }
    )


@blueprint.post("/orders")
def deliver() -> Response:
    """Put one order or a list of them in; each is new, changed, the same, outdated, or refused with the reasons. One
    that is refused by itself is a problem (422); of a list each is told what became of it.
    """
    key = authentication.require_key("orders:write")
    sent = request_body.read_objects("body-not-orders")
    if isinstance(sent, list):
        return delivery_response("orders", _deliver(key, sent), _RESULTS, alone=None)
    return delivery_response("orders", _deliver(key, [sent]), _RESULTS, alone="order-refused")


def _deliver(key: ApiKey, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What became of each, for the answer."""
    answers: list[dict[str, Any]] = []
    # Before others have to wait: of many members it takes long to say which each was meant to be.
    ignored = [error_list(unknown_fields(each)) for each in sent]
    with services().db.write() as conn:
        # By the clock of when nobody else writes, so that an order's versions are never older than those before.
        importer = Importer(services().context, clock.now())
        for each, unknown in zip(sent, ignored, strict=True):
            number = each.get("number")
            answer: dict[str, Any] = {"number": number if isinstance(number, str) else None, "result": "same"}
            try:
                answer["number"] = importer.add(conn, values_of_object(each))
            except LineError as error:
                answer |= {"result": "refused", "reason": str(error), "errors": error_list(error.problems)}
            if unknown:
                answer["ignored"] = unknown
            answers.append(answer)
        for batch in importer.batches(request_body.MAX_ORDERS):
            importer.write(conn, batch)
            results = OrderStore(conn).results()
            for one in answers:
                if one["result"] == "same":
                    one["result"] = results.get(one["number"], "same")
        refused = sum(one["result"] == "refused" for one in answers)
        result = "ok" if not refused else "partly" if refused < len(answers) else "refused"
        authentication.record_key_use(conn, key, "orders.deliver", result)
    return answers


@blueprint.get("/orders/<number>")
def show_order(number: str) -> Response:
    """What is known of the order with this number."""
    authentication.require_key("orders:write")
    # Only of letters that a number has: ß in capitals would be another order's SS.
    row = OrderStore(services().db.read()).delivered(number.upper() if number.isascii() else number)
    if row is None:
        abort(problem_response(404, code="order-unknown"))
    return json_response(order_members(row))


@blueprint.get("/orders")
def list_orders() -> Response:
    """All orders, those first that were written longest ago, from a moment or the last page on."""
    authentication.require_key("orders:write")
    begin = _begin()
    rows = OrderStore(services().db.read()).delivered_after(begin.stored_at, begin.number, MAX_LISTED)
    last = replace(begin, stored_at=rows[-1]["stored_at"], number=rows[-1]["number"]) if rows else begin
    return json_response(
        {
            "orders": [order_members(row) for row in rows],
            "next": str(last) if len(rows) == MAX_LISTED else None,
            "next_updated_since": begin.next_updated_since(),
        }
    )


@blueprint.get("/redeliveries")
def waiting() -> Response:
    """The orders that were asked for again and not delivered yet, oldest first."""
    authentication.require_key("redeliveries")
    found = redelivery.pending(services().db.read(), _after())
    listed = [
        {"id": one.id, "number": one.number, "product": one.product, "asked_at": clock.to_text(one.asked_at)}
        for one in found
    ]
    return json_response({"redeliveries": listed, "next": found[-1].id if len(found) == redelivery.MOST else None})


@blueprint.post("/redeliveries/<int:number>/done")
def done(number: int) -> Response:
    """Say that one was delivered; saying it again changes nothing."""
    key = authentication.require_key("redeliveries")
    with services().db.write() as conn:
        found = redelivery.mark_delivered(conn, number, clock.now()) if number <= _MAX_INTEGER else None
        if found is not None:
            authentication.record_key_use(conn, key, "orders.redelivered", "ok", f"redelivery:{found.id}")
    if found is None or found.done_at is None:
        abort(problem_response(404, code="redelivery-unknown"))
    return json_response({"id": found.id, "number": found.number, "done_at": clock.to_text(found.done_at)})


def _begin() -> Cursor:
    """Where the list is to go on, or else to begin: before the first number of the moment that was asked for."""
    if (text := request.args.get("cursor")) is not None:
        cursor = Cursor.parse(text)
        if cursor is None:
            says = gettext("cursor is what stood in `next` of the page before")
            abort(problem_response(400, says, code="parameter-invalid"))
        return cursor
    try:
        since = timestamps.parse_microseconds(request.args.get("updated_since", "1970-01-01T00:00:00Z"))
    except ValueError:
        says = gettext(
            "updated_since is a moment such as 2026-03-01T14:05:00Z; in an address, + is written as %(plus)s",
            plus="%2B",
        )
        abort(problem_response(400, says, code="parameter-invalid"))
    return Cursor(since, "", clock.now())


def _after() -> int:
    text = request.args.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= _MAX_INTEGER):
        says = gettext("after is the id of a redelivery: a whole number")
        abort(problem_response(400, says, code="parameter-invalid"))
    return int(text)

"""The API for a shop: deliver orders, and learn which were asked for again. openapi.json describes it.

It takes a bearer key and no cookie. That, and only that, is why requests from other sites need not be refused here: a
browser sends no key by itself, so another site's page can send nothing that its own maker could not send without it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request

from selfservice import clock
from selfservice.api import authentication, request_body
from selfservice.i18n.catalogs import gettext
from selfservice.importing.parsing import LineError
from selfservice.orders import product_names, redelivery
from selfservice.orders.importer import Importer
from selfservice.orders.store import OrderStore
from selfservice.orders.validation import values_of_object
from selfservice.web.problem_details import problem_response
from selfservice.web.services import services

blueprint = Blueprint("api", __name__)
_DESCRIPTION = (Path(__file__).parent / "openapi.json").read_text("utf-8")
# As far as every program counts exactly (RFC 8259, section 6).
_MAX_INTEGER = 2**53 - 1


@blueprint.before_request
def _refuse_unknown_parameters() -> None:
    """A parameter that means nothing here is a mistake: paging with a mistyped one would never end."""
    if unknown := sorted(set(request.args) - ({"after"} if request.endpoint == "api.waiting" else set())):
        abort(problem_response(400, gettext("There is no parameter %(name)s.", name=unknown[0])))


@blueprint.get("/openapi.json")
def description() -> Response:
    """The API's description, for everybody, with a product's name in each language of the site."""
    described = json.loads(_DESCRIPTION)
    properties = described["components"]["schemas"]["Order"]["properties"]
    for column in product_names.COLUMNS:
        properties.setdefault(column, properties["product_nl"] | {"description": "As product_en."})
    return _json(described)


@blueprint.post("/orders")
def deliver() -> Response:
    """Put one order or a list of them in; each is new, changed, the same, or refused with the reason."""
    key = authentication.require_key("orders:write")
    wired, now = services(), clock.now()
    sent, importer = request_body.read_orders(), Importer(wired.context, now)
    answers: list[dict[str, Any]] = []
    with wired.db.write() as conn:
        for each in sent:
            try:
                answers.append({"number": importer.add(conn, values_of_object(each)), "result": "same"})
            except LineError as error:
                number = each.get("number")
                shown = number if isinstance(number, str) else None
                answers.append({"number": shown, "result": "refused", "reason": str(error)})
        for batch in importer.batches(request_body.MAX_ORDERS):
            importer.write(conn, batch)
            results = OrderStore(conn).results()
            for one in answers:
                if one["result"] == "same":
                    one["result"] = results.get(one["number"], "same")
        refused = sum(one["result"] == "refused" for one in answers)
        authentication.record_key_use(conn, key, "orders.deliver", "partly" if refused else "ok")
    return _json({"orders": answers})


@blueprint.get("/redeliveries")
def waiting() -> Response:
    """The orders that were asked for again and not delivered yet, oldest first."""
    authentication.require_key("redeliveries")
    found = redelivery.pending(services().db.read(), _after())
    listed = [
        {"id": one.id, "number": one.number, "product": one.product, "asked_at": clock.to_text(one.asked_at)}
        for one in found
    ]
    return _json({"redeliveries": listed, "next": found[-1].id if len(found) == redelivery.MOST else None})


@blueprint.post("/redeliveries/<int:number>/done")
def done(number: int) -> Response:
    """Say that one was delivered; saying it again changes nothing."""
    key = authentication.require_key("redeliveries")
    with services().db.write() as conn:
        found = redelivery.mark_delivered(conn, number, clock.now()) if number <= _MAX_INTEGER else None
        if found is not None:
            authentication.record_key_use(conn, key, "orders.redelivered", "ok", f"redelivery:{found.id}")
    if found is None or found.done_at is None:
        abort(404)
    return _json({"id": found.id, "number": found.number, "done_at": clock.to_text(found.done_at)})


def _after() -> int:
    text = request.args.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= _MAX_INTEGER):
        abort(problem_response(400, gettext("after is the id of a redelivery: a whole number")))
    return int(text)


def _json(content: dict[str, Any]) -> Response:
    return Response(json.dumps(content), mimetype="application/json")

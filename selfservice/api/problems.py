"""Every problem that the API tells by a code: what it means, and what to do. A code keeps its meaning for good.

`GET /api/problems/CODE`, the address that is a problem's type, answers with this. openapi.json and docs/orders.md are
held to it. A problem of which its status says all there is to say has no code.
"""

from __future__ import annotations

from selfservice.orders import validation
from selfservice.register import validation as register_validation

PROBLEMS: dict[str, str] = {
    "key-missing": "No key came with the request. Send `Authorization: Bearer KEY`.",
    "key-unknown": "No such key was given out, or it was revoked. Send it as it was printed, or ask for a new one.",
    "key-expired": "The last day of this key has passed. Ask for a new one.",
    "scope-insufficient": "The key is for something else, which `GET /api/key` names. Ask for one with the scope "
    "that stands in the header WWW-Authenticate.",
    "parameter-unknown": "There is no such parameter at this address. Correct its name, or leave it out.",
    "parameter-invalid": "A parameter is not as it is described, or comes twice. Correct it.",
    "content-type-not-json": "The body must come as `Content-Type: application/json`.",
    "content-encoding-unsupported": "The body came compressed. Send it as it is, without Content-Encoding.",
    "body-not-json": "The body is not JSON in UTF-8, or an object in it has one name twice. Nothing was changed.",
    "body-not-orders": "The body is not one object, nor a list of 1 to 1,000 objects. Nothing was changed.",
    "order-refused": "The one order that was sent cannot go in; `errors` has every reason. Mend it and send it again.",
    "order-unknown": "No order has this number: it was not delivered, was refused, or may not be kept any more.",
    "body-not-organisations": "The body is not one object, nor a list of 1 to 1,000 objects. Nothing was changed.",
    "organisation-refused": "The one organisation that was sent cannot go in; `errors` has every reason. Mend it and "
    "send it again.",
    "organisation-unknown": "No organisation has this number, or it was closed and nothing of it is kept any more.",
    "redelivery-unknown": "Nothing with this id was asked to be delivered again.",
    # The others are of a line of a file.
    **{
        code: text
        for code, text in {**validation.PROBLEM_CODES, **register_validation.PROBLEM_CODES}.items()
        if code != "not-an-object" and not code.startswith("line-")
    },
}

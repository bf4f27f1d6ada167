"""What is sent to the API: JSON, of at most a megabyte."""

from __future__ import annotations

from typing import Any

from flask import abort, request

from selfservice.i18n.catalogs import gettext
from selfservice.importing.parsing import BOM, LineError, read_json
from selfservice.web.problem_details import problem_response

MAX_ORDERS = 1000
MAX_BYTES = 1024 * 1024


def read_objects(code: str) -> dict[str, Any] | list[dict[str, Any]]:
    """What the request delivers: one object, or a list of 1 to 1,000. Ends it with 415, 413, 400, or 422 with this
    code, for anything else.
    """
    if request.mimetype != "application/json":
        abort(problem_response(415, gettext("Send it as application/json."), code="content-type-not-json"))
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        response = problem_response(
            415, gettext("Send it without Content-Encoding."), code="content-encoding-unsupported"
        )
        response.headers["Accept-Encoding"] = "identity"
        abort(response)
    try:
        # Some programs write a byte order mark, which a reader may pass over (RFC 8259, section 8.1).
        found: dict[str, Any] | list[dict[str, Any]] = read_json(_read().removeprefix(BOM))
    except LineError:
        abort(
            problem_response(400, gettext("It is not JSON in UTF-8, or names something twice."), code="body-not-json")
        )
    listed = found if isinstance(found, list) else [found]
    if not (1 <= len(listed) <= MAX_ORDERS and all(isinstance(each, dict) for each in listed)):
        says = gettext("It is one object, or a list of 1 to %(most)s of them.", most=MAX_ORDERS)
        abort(problem_response(422, says, code=code))
    return found


def _read() -> bytes:
    # Only here; a form's limit (create_app) is a fraction of this. One byte more, since a body that comes in pieces,
    # its length unsaid, is cut off at the limit and not refused (Werkzeug's LimitedStream).
    request.max_content_length = MAX_BYTES + 1
    sent = request.get_data(cache=False)
    if len(sent) > MAX_BYTES:
        abort(413)
    return sent

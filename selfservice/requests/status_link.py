"""The link to the status of a request, in the mails about it and on the pages of who made it.

It shows what the reference and the e-mail address show, which the same mail has both; so it may be opened often, and no
row keeps it: it is the reference with a keyed hash, made anew each time.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from selfservice.context import Context
from selfservice.crypto import Keys
from selfservice.db import Connection
from selfservice.i18n.languages import current_language
from selfservice.limits import table
from selfservice.requests.records import Request, find_by_reference
from selfservice.values.reference import REFERENCE_LENGTH, normalise_reference

_PURPOSE = "status-link"
_HASH_LENGTH = 32  # hexadecimal digits


def status_path(keys: Keys, reference: str) -> str:
    """The path that opens the status of the request with this reference, in the current language."""
    return f"/{current_language()}/self-service/request-status/link/{_token(keys, normalise_reference(reference))}"


def _token(keys: Keys, reference: str) -> str:
    return f"{reference}{keys.keyed_hash(_PURPOSE, reference)[:_HASH_LENGTH]}"


def admit(conn: Connection, ctx: Context, address: str, now: datetime) -> int:
    """Count the opening of a link; returns 0, or the seconds to wait. Call inside `write()`."""
    return table.STATUS_LINK.allow(conn, ctx.keys, address, now).retry_after_seconds


def find_request(conn: Connection, ctx: Context, token: str, now: datetime) -> Request | None:
    """The request that this token opens, for fact access_code.status_link_days after it was made; None for any other.
    Only reads.
    """
    request = find_by_reference(conn, token[:REFERENCE_LENGTH])
    # As bytes: of text it takes ASCII only, and anybody can send something else.
    sent = token.encode("utf-8", "surrogatepass")
    if request is None or not any(
        hmac.compare_digest(_token(each, request.reference).encode(), sent) for each in ctx.keys.all
    ):
        return None
    until = request.created_at + timedelta(days=ctx.fact("access_code.status_link_days"))
    return request if now < until else None

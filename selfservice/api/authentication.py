"""Who may ask: a bearer key with the right scope (RFC 6750), so often a minute."""

from __future__ import annotations

from typing import NoReturn

from flask import Response, abort, g, request

from selfservice import clock, web, workdays
from selfservice.audit import record
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext
from selfservice.limits import table
from selfservice.limits.rate_limit import Decision, allow
from selfservice.orders import api_keys
from selfservice.web.problem_details import problem_response
from selfservice.web.services import services


def require_key(*scopes: api_keys.KeyScope) -> api_keys.ApiKey:
    """The key that came with the request. Ends it with 401 without one that works, 403 when it is for none of these
    scopes (with none named every key will do), 429 when it came too often.
    """
    kind, _, plain = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        _refuse(401, "key-missing", 'Bearer realm="loket"')
    wired, now = services(), clock.now()
    today = workdays.today(now)
    key = api_keys.find(wired.db.read(), plain.strip())
    expired = key is not None and key.has_expired(today)
    with wired.db.write() as conn:
        if key is None:
            decision = table.WRONG_KEY.allow(conn, wired.keys, web.client_address(), now)
        else:
            decision = g.api_decision = allow(conn, wired.keys, table.API_KEY, key.public_id, now)
            if not expired:
                api_keys.record_use(conn, key, today)
    if not decision.allowed:
        abort(problem_response(429, retry_after=decision.retry_after_seconds))
    if key is None or expired:
        code = "key-expired" if expired else "key-unknown"
        _refuse(401, code, 'Bearer realm="loket", error="invalid_token"')
    if scopes and key.scope not in scopes:
        _refuse(403, "scope-insufficient", f'Bearer realm="loket", error="insufficient_scope", scope="{scopes[0]}"')
    return key


def add_rate_limit(response: Response) -> Response:
    """Say in the answer to who came with a key how many more requests may come now, and when more again
    (draft-ietf-httpapi-ratelimit-headers-11).
    """
    decision: Decision | None = g.get("api_decision")
    if decision is not None:
        limit = table.API_KEY
        response.headers["RateLimit-Policy"] = f'"{limit.name}";q={limit.count};w={limit.period_seconds}'
        response.headers["RateLimit"] = f'"{limit.name}";r={decision.remaining};t={decision.wait_seconds}'
    return response


def record_key_use(conn: Connection, key: api_keys.ApiKey, what: str, result: str, on_what: str = "") -> None:
    """Write down in this transaction what was done with the key."""
    on_what = on_what or f"delivery_key:{key.id}"
    who, address = f"key:{key.public_id}", web.client_address()
    record(conn, services().keys, clock.now(), what, result, who=who, on_what=on_what, address=address)


def _refuse(status: int, code: str, challenge: str) -> NoReturn:
    detail = {
        "key-missing": gettext("Send it in the header Authorization, as: Bearer, a space, the key."),
        "key-unknown": gettext("There is no such key, or it was revoked."),
        "key-expired": gettext("The last day of this key has passed."),
    }.get(code, "")
    response = problem_response(status, detail, code=code)
    response.headers["WWW-Authenticate"] = challenge
    abort(response)

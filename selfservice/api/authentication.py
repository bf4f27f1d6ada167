"""Who may ask: a bearer key with the right scope (RFC 6750), so often a minute."""

from __future__ import annotations

from typing import NoReturn

from flask import abort, request

from selfservice import clock, web
from selfservice.audit import record
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import TIMEZONE
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.orders import api_keys
from selfservice.web.problem_details import problem_response
from selfservice.web.services import services


def require_key(scope: api_keys.KeyScope) -> api_keys.ApiKey:
    """The key that came with the request. Ends it with 401 without one that works, 403 when it may not do this, 429
    when it came too often.
    """
    kind, _, plain = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        _refuse(401, 'Bearer realm="loket"')
    wired, now = services(), clock.now()
    key = api_keys.find(wired.db.read(), plain.strip())
    with wired.db.write() as conn:
        if key is None:
            decision = table.WRONG_KEY.allow(conn, wired.keys, web.client_address(), now)
        else:
            decision = allow(conn, wired.keys, table.API_KEY, key.public_id, now)
            api_keys.record_use(conn, key, now.astimezone(TIMEZONE).date())
    if not decision.allowed:
        abort(problem_response(429, retry_after=decision.retry_after_seconds))
    if key is None:
        _refuse(401, 'Bearer realm="loket", error="invalid_token"')
    if key.scope != scope:
        _refuse(403, f'Bearer realm="loket", error="insufficient_scope", scope="{scope}"')
    return key


def record_key_use(conn: Connection, key: api_keys.ApiKey, what: str, result: str, on_what: str = "") -> None:
    """Write down in this transaction what was done with the key."""
    on_what = on_what or f"delivery_key:{key.id}"
    who, address = f"key:{key.public_id}", web.client_address()
    record(conn, services().keys, clock.now(), what, result, who=who, on_what=on_what, address=address)


def _refuse(code: int, challenge: str) -> NoReturn:
    detail = gettext("Send it in the header Authorization, as: Bearer, a space, the key.") if code == 401 else ""
    response = problem_response(code, detail)
    response.headers["WWW-Authenticate"] = challenge
    abort(response)

"""The one cookie: an opaque number of the visit, set only when a form has something to remember."""

from __future__ import annotations

from datetime import datetime

from flask import Response, g, request

from selfservice.db import Connection
from selfservice.services import services
from selfservice.visits import model as visits


def name() -> str:
    """`__Host-` binds the cookie to this host and https; plain http on loopback cannot have that."""
    return "__Host-loket" if services().config.secure else "loket"


def visit(conn: Connection, now: datetime) -> int | None:
    """The id of the visit that this request belongs to, if any. Only reads."""
    return visits.find(conn, request.cookies.get(name()), now)


def visit_or_new(conn: Connection, now: datetime) -> int:
    """The id of this request's visit; a new one gets its cookie with the answer."""
    found = visit(conn, now)
    if found is not None:
        visits.touch(conn, found, now)
        return found
    created, g.new_cookie = visits.start(conn, now)
    return created


def value() -> str | None:
    """The cookie that came with the request, if any."""
    return request.cookies.get(name())


def renew(conn: Connection, now: datetime, *, keep: bool) -> str:
    """A new cookie for this request's visit, and the old one is worth nothing: at every change of rights.

    With `keep` the visit's drafts stay; without, or where there is no visit, it is a new visit. Returns the
    cookie's value, and sends it with the answer.
    """
    found = visit(conn, now)
    if found is not None and keep:
        g.new_cookie = visits.renew(conn, found, now)
    else:
        if found is not None:
            visits.end(conn, found)
        _, g.new_cookie = visits.start(conn, now)
    fresh: str = g.new_cookie
    return fresh


def forget(conn: Connection, now: datetime) -> None:
    """Forget this request's visit with its drafts, and have the browser forget the cookie."""
    found = visit(conn, now)
    if found is not None:
        visits.end(conn, found)
    g.pop("new_cookie", None)
    g.forget_cookie = True


def send(response: Response) -> Response:
    """Put a newly made cookie on the answer. It ends with the browser's session, and lives a day at most."""
    secure = services().config.secure
    if "new_cookie" in g:
        response.set_cookie(name(), g.new_cookie, secure=secure, httponly=True, samesite="Lax", path="/")
    elif "forget_cookie" in g:
        response.delete_cookie(name(), secure=secure, httponly=True, samesite="Lax", path="/")
    return response

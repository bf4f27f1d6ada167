"""The one cookie: an opaque number of the visit, set only when a form has something to remember."""

from __future__ import annotations

from datetime import datetime

from flask import Response, g, request

from selfservice.db import sqlite3
from selfservice.services import services
from selfservice.visits import model as visits


def name() -> str:
    """`__Host-` binds the cookie to this host and https; plain http on loopback cannot have that."""
    return "__Host-loket" if services().config.secure else "loket"


def visit(conn: sqlite3.Connection, now: datetime) -> int | None:
    """The id of the visit that this request belongs to, if any. Only reads."""
    return visits.find(conn, request.cookies.get(name()), now)


def visit_or_new(conn: sqlite3.Connection, now: datetime) -> int:
    """The id of this request's visit; a new one gets its cookie with the answer."""
    found = visit(conn, now)
    if found is not None:
        visits.touch(conn, found, now)
        return found
    created, g.new_cookie = visits.start(conn, now)
    return created


def send(response: Response) -> Response:
    """Put a newly made cookie on the answer. It ends with the browser's session, and lives a day at most."""
    if "new_cookie" in g:
        response.set_cookie(
            name(), g.new_cookie, secure=services().config.secure, httponly=True, samesite="Lax", path="/"
        )
    return response

"""The one cookie: an opaque number of the anonymous session, set only when a form has something to remember; and beside
it, for who is logged in, a mark that scripts may read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, g, request

from selfservice.accounts import anonymous_sessions, saved_forms
from selfservice.accounts.saved_forms import SavedForm
from selfservice.db import Connection
from selfservice.web.services import services

# Says to the page's script that the header of a page that is the same for all may be asked for once more, and nothing
# else: anybody can write it, so no code here reads it.
MARKER = "loket-in"


def name() -> str:
    """`__Host-` binds the cookie to this host and https; plain http on loopback cannot have that."""
    return "__Host-loket" if services().config.secure else "loket"


def anonymous_session(conn: Connection, now: datetime) -> int | None:
    """The id of the anonymous session that this request belongs to, if any. Only reads."""
    return anonymous_sessions.find(conn, services().context, request.cookies.get(name()), now)


def anonymous_session_or_new(conn: Connection, now: datetime) -> int:
    """The id of this request's anonymous session; a new one gets its cookie with the answer."""
    known = anonymous_session(conn, now)
    if known is not None:
        anonymous_sessions.touch(conn, known, now)
        return known
    created, g.new_cookie = anonymous_sessions.start(conn, now)
    return created


def load_form(conn: Connection, form: str, now: datetime) -> dict[str, Any]:
    """What this browser's anonymous session has saved of a form (`SavedForm.load`); empty when nothing."""
    anonymous_session_id = anonymous_session(conn, now)
    if anonymous_session_id is None:
        return {}
    return SavedForm(anonymous_session_id, form).load(conn, services().context, now)


def save_form(conn: Connection, form: str, content: Mapping[str, Any], now: datetime) -> None:
    """Save this of a form in the anonymous session (`SavedForm.save`), which begins here if there is none yet."""
    SavedForm(anonymous_session_or_new(conn, now), form).save(conn, content, now)


def delete_form(conn: Connection, form: str, now: datetime) -> None:
    """Delete what was saved of a form."""
    anonymous_session_id = anonymous_session(conn, now)
    if anonymous_session_id is not None:
        SavedForm(anonymous_session_id, form).delete(conn)


def value() -> str | None:
    """The cookie that came with the request, if any."""
    return request.cookies.get(name())


def renew(conn: Connection, now: datetime, *, keep: bool) -> str:
    """A new cookie for this request's anonymous session, and the old one is worth nothing: at every change of rights.

    With `keep` its saved forms stay; without, or where there is no session, it is a new one. Returns the cookie's
    value, and sends it with the answer.
    """
    known = anonymous_session(conn, now)
    if known is not None and keep:
        g.new_cookie = anonymous_sessions.renew(conn, known, now)
    else:
        if known is not None:
            anonymous_sessions.end(conn, known)
        _, g.new_cookie = anonymous_sessions.start(conn, now)
    fresh: str = g.new_cookie
    return fresh


def delete(conn: Connection, now: datetime, done: str = "") -> None:
    """Delete this request's anonymous session with its saved forms, and the cookies in the browser. With the name of a
    form that is `done` by this, only that is saved of it for a day: for what was sent twice with the same cookie.
    """
    known = anonymous_session(conn, now)
    if known is not None and done:
        saved_forms.delete_all(conn, known)
        save_form(conn, done, {"done": True}, now)
    elif known is not None:
        anonymous_sessions.end(conn, known)
    g.pop("new_cookie", None)
    g.forget_cookie = True
    mark(None)


def mark(kind: str | None) -> None:
    """With the answer, mark the browser as that of somebody logged in for this kind of use, or take the mark away."""
    g.marker = kind


def send(response: Response) -> Response:
    """Put newly made cookies on the answer. They end with the browser's session, and live a day at most."""
    secure = services().config.secure
    if "new_cookie" in g:
        response.set_cookie(name(), g.new_cookie, secure=secure, httponly=True, samesite="Lax", path="/")
    elif "forget_cookie" in g:
        response.delete_cookie(name(), secure=secure, httponly=True, samesite="Lax", path="/")
    if "marker" in g:
        if g.marker:
            response.set_cookie(MARKER, g.marker, secure=secure, samesite="Lax", path="/")
        else:
            response.delete_cookie(MARKER, secure=secure, samesite="Lax", path="/")
    return response

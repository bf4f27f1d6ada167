"""Actions that follow on the list of orders: an order again, a problem with one, and who has the main code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, abort, request

from selfservice import clock, web
from selfservice.accounts.sessions import Session
from selfservice.clock import from_text, to_text
from selfservice.db import Connection
from selfservice.fragments.orders.query_parameters import LIST, NAME, alternates, link, of_request
from selfservice.fragments.orders.routes import blueprint, requester_of, viewer_of
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.orders import labels, main_code, redelivery
from selfservice.orders.models import Order
from selfservice.orders.store import OrderStore
from selfservice.web import authentication, cookies, rendering
from selfservice.web.services import services

ASKED = "orders-main"
# Longer than any order's number.
MAX_NUMBER = 40
# The words of a list are the longest part of its address: up to 100 signs, of up to twelve each.
MAX_LIST = 2000


@blueprint.get("/again", endpoint="again")
def see_again() -> Response:
    """How it stands with getting this order again. Nobody else's can be told from one that is not there."""
    back = _back(request.args)
    session = _required("/again", request.args, back)
    conn, now = services().db.read(), clock.now()
    if not request.args.get("number"):
        return web.see(link("", back))
    order = _find(conn, session, request.args["number"])
    if order is None:
        return _unknown(session, back)
    asked_at = redelivery.requested_at(conn, [order.number]).get(order.number)
    if asked_at is None and not redelivery.is_allowed(order, services().facts, now):
        return web.see(link("/problem", {"number": order.number, "late": "1", **_kept(back)}))
    return _render(
        session, "again", {"number": order.number}, back,
        title=gettext("Your order comes again") if asked_at else gettext("Get this order again"),
        order=order, asked_at=asked_at, done_at=redelivery.delivered_at(conn, order.number),
    )  # fmt: skip


@blueprint.post("/again")
def ask_again() -> Response:
    """Ask for an order again: one redelivery, however often it is sent."""
    back = _back(request.form)
    session = _required("/again", request.form, back)
    if not request.form.get("number"):
        return web.see(link("", back))
    with services().db.write() as conn:
        order = _find(conn, session, request.form["number"])
        if order is not None:
            redelivery.request(conn, services().context, order, requester_of(session), clock.now())
    if order is None:
        return _unknown(session, back)
    return web.see(link("/again", {"number": order.number, **_kept(back)}))


@blueprint.get("/problem")
def problem() -> Response:
    """Contact about an order, with what we ask about it filled in."""
    back = _back(request.args)
    session = _required("/problem", request.args, back)
    if not request.args.get("number"):
        return web.see(link("", back))
    conn = services().db.read()
    order = _find(conn, session, request.args["number"])
    if order is None:
        return _unknown(session, back)
    late = {"late": "1"} if "late" in request.args else {}
    return _render(
        session, "problem", {"number": order.number, **late}, back, title=gettext("A problem with an order"),
        order=order, free=redelivery.is_allowed(order, services().facts, clock.now()), late=bool(late),
        asked_at=redelivery.requested_at(conn, [order.number]).get(order.number),
    )  # fmt: skip


@blueprint.get("/main")
def main() -> Response:
    """Who has the main code, so far as a colleague may know, and the button that has us ask them."""
    session = authentication.require_session(NAME)
    conn, now = services().db.read(), clock.now()
    if session.organisation_id is None or viewer_of(conn, session).is_main:
        return web.see(link("", {}))
    known = cookies.load_form(conn, ASKED, now)
    mine = known.get("of") == [session.person_id, session.organisation_id]
    return _render(
        session, "main", {}, {}, title=gettext("Who has your main code?"),
        main=main_code.holder(conn, session.organisation_id),
        sent_at=from_text(known["at"]) if mine and known["at"] else None,
        again_at=from_text(known["again"]) if mine else None,
    )  # fmt: skip


@blueprint.post("/main")
def ask_main() -> Response:
    """Mail whoever has the main code. Asking too often changes nothing, and says from when it can be asked again."""
    session, now = authentication.require_session(NAME), clock.now()
    with services().db.write() as conn:
        number = session.organisation_id
        if number is None or viewer_of(conn, session).is_main or main_code.holder(conn, number) is None:
            return web.see(link("/main", {}))
        wait = main_code.ask_holder(conn, services().context, number, requester_of(session), now)
        before = cookies.load_form(conn, ASKED, now)
        hours = services().facts.get("orders.ask_main_hours").value
        cookies.save_form(
            conn,
            ASKED,
            {
                "of": [session.person_id, number],
                "at": before.get("at", "") if wait else to_text(now),
                "again": to_text(now + timedelta(seconds=wait or hours * 3600)),
            },
            now,
        )
    return web.see(link("/main", {}))


def _required(step: str, sent: Mapping[str, str], back: dict[str, str]) -> Session:
    """The session of whoever sends this. Without one the request ends with the sign-in form, which leads on to this
    step, with its order and the list that it came from; nothing is done before somebody presses again.
    """
    number = sent.get("number", "")[:MAX_NUMBER]
    if number and authentication.current_session() is None:
        then = link(step, {"number": number, **_kept(back)})
        abort(authentication.render_sign_in(NAME, then=then) if request.method == "GET" else web.see(then))
    return authentication.require_session(NAME)


def _find(conn: Connection, session: Session, number: str) -> Order | None:
    return OrderStore(conn).get(viewer_of(conn, session).scope, number, current_language())


def _back(values: Any) -> dict[str, str]:
    """The list that a step came from, as its arguments; only what a list of ours has."""
    typed = dict(parse_qsl(values.get("list", "")[:MAX_LIST]))
    return {**of_request(typed).arguments(), **{name: typed[name] for name in ("after", "before") if name in typed}}


def _kept(back: dict[str, str]) -> dict[str, str]:
    return {"list": urlencode(back)} if back else {}


def _in_place() -> bool:
    """Whether this comes in the place of a list or a sign-in form. From a step of its own a plain link leads back."""
    return web.wants_fragment() and f"{authentication.form_path(NAME)}/" not in rendering.htmx_page_path()


def _unknown(session: Session, back: dict[str, str]) -> Response:
    # htmx would put a 404 above what is there; this comes in its place.
    status = 200 if web.wants_fragment() else 404
    return _render(session, "unknown", {}, back, title=gettext("We do not find this order"), status=status)


def _render(
    session: Session, template: str, arguments: dict[str, str], back: dict[str, str], *, title: str, **variables: Any
) -> Response:
    # What is not there has no address of its own in the other language: the list has.
    is_there = template != "unknown"
    others = alternates(f"/{template}", arguments | _kept(back)) if is_there else alternates("", back)
    return authentication.render_personal(
        session, NAME, f"orders/{template}.html", title=title, alternates=others, labels=labels,
        step=link, problem=link("/problem", arguments | _kept(back)), kept=_kept(back),
        back=link("", back, part=LIST), in_place=_in_place(), **variables,
    )  # fmt: skip

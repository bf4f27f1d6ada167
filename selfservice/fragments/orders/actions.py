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
from selfservice.fragments.orders import form
from selfservice.fragments.orders.query_parameters import LIST, NAME, alternates, link, of_request
from selfservice.fragments.orders.routes import blueprint, not_current, requester_of, viewer_of
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.orders import labels, main_code, redelivery
from selfservice.orders.main_code import MainCodeHolder
from selfservice.orders.store import OrderStore
from selfservice.web import authentication, cookies
from selfservice.web.forms import Form
from selfservice.web.services import services

ASKED = "orders-main"
# Longer than any order's number.
MAX_NUMBER = 40
# The words of a list are the longest part of its address: up to 100 signs, of up to twelve each.
MAX_LIST = 2000


@blueprint.get("/again", endpoint="again")
def see_again() -> Response:
    """How it stands with getting this order again. Nobody else's can be told from one that is not there."""
    return _step("again")


@blueprint.get("/problem")
def problem() -> Response:
    """Contact about an order, with what we ask about it filled in."""
    return _step("problem")


def _step(step: str) -> Response:
    back, number = _back(request.args), request.args.get("number", "")
    session = _required(f"/{step}", request.args, back)
    if not number:
        return web.see(link("", back))
    conn, now = services().db.read(), clock.now()
    order = OrderStore(conn).get(viewer_of(conn, session).scope, number, current_language())
    if order is None:
        return _render(
            session, "unknown", alternates("", back), back, title=gettext("We cannot find this order"), status=404
        )
    asked_at = redelivery.requested_at(conn, [number]).get(number)
    free = asked_at is None and redelivery.is_allowed(order, services().facts, now)
    late = step == "again" and asked_at is None and not free
    titles = {
        "again": gettext("We are sending your order again") if asked_at else gettext("Send this order again"),
        "problem": gettext("A problem with an order"),
    }
    template, place = "problem" if late else step, {"number": number, **_kept(back)}
    return _render(
        session, template, alternates(f"/{step}", place), back, title=titles[template],
        form=form.again(session, number), order=order, free=free, late=late, asked_at=asked_at,
        done_at=redelivery.delivered_at(conn, number), problem=link("/problem", place), kept=_kept(back),
    )  # fmt: skip


@blueprint.post("/again")
def ask_again() -> Response:
    """Ask for an order again: one redelivery, however often it is sent."""
    back, number = _back(request.form), request.form.get("number", "")
    session = _required("/again", request.form, back)
    sent = form.again(session, number)
    if not sent.is_current():
        return not_current(session, sent)
    with services().db.write() as conn:
        order = OrderStore(conn).get(viewer_of(conn, session).scope, number, current_language())
        if order is not None:
            redelivery.request(conn, services().context, order, requester_of(session), clock.now())
    return web.go(link("/again", {"number": number, **_kept(back)}))


@blueprint.get("/main")
def main() -> Response:
    """Who has the main code, so far as a colleague may know, and the button that has us ask them."""
    return _main(authentication.require_session(NAME))


def _main(session: Session, sent: Form | None = None) -> Response:
    conn, now = services().db.read(), clock.now()
    if not _can_ask(conn, session):
        return web.see(link("", {})) if sent is None else not_current(session, sent)
    holder = _main_holder(conn, session)
    known = cookies.load_form(conn, ASKED, now)
    mine = known.get("of") == [session.person_id, session.organisation_id]
    return _render(
        session, "main", alternates("/main", {}), {}, title=gettext("Who has your main code?"), main=holder,
        form=sent or form.ask_main(session, holder),
        sent_at=from_text(known["at"]) if mine and known["at"] else None,
        again_at=from_text(known["again"]) if mine else None,
    )  # fmt: skip


@blueprint.post("/main")
def ask_main() -> Response:
    """Mail whoever has the main code. Asking too often changes nothing, and says from when it can be asked again."""
    session, now = authentication.require_session(NAME), clock.now()
    number = session.organisation_id
    with services().db.write() as conn:
        holder = _main_holder(conn, session)
        sent = form.ask_main(session, holder)
        is_current = sent.is_current()
        if is_current and number is not None and holder is not None:
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
    return web.go(link("/main", {})) if is_current else _main(session, sent)


def _can_ask(conn: Connection, session: Session) -> bool:
    """Whether there can be somebody else with the main code."""
    return session.organisation_id is not None and not viewer_of(conn, session).is_main


def _main_holder(conn: Connection, session: Session) -> MainCodeHolder | None:
    """Who else has the main code."""
    number = session.organisation_id
    return main_code.holder(conn, number) if number is not None and _can_ask(conn, session) else None


def _required(step: str, sent: Mapping[str, str], back: dict[str, str]) -> Session:
    """The session of whoever sends this. Without one the request ends with the sign-in form, which leads on to this
    step, with its order and the list that it came from; nothing is done before somebody presses again.
    """
    number = sent.get("number", "")[:MAX_NUMBER]
    if number and authentication.current_session() is None:
        then = link(step, {"number": number, **_kept(back)})
        abort(authentication.render_sign_in(NAME, then=then) if request.method == "GET" else web.see(then))
    return authentication.require_session(NAME)


def _back(values: Any) -> dict[str, str]:
    """The list that a step came from, as its arguments; only what a list of ours has."""
    typed = dict(parse_qsl(values.get("list", "")[:MAX_LIST]))
    return {**of_request(typed).arguments(), **{name: typed[name] for name in ("after", "before") if name in typed}}


def _kept(back: dict[str, str]) -> dict[str, str]:
    return {"list": urlencode(back)} if back else {}


def _render(
    session: Session, template: str, others: dict[str, str], back: dict[str, str], *, title: str, **variables: Any
) -> Response:
    return authentication.render_personal(
        session, NAME, f"orders/{template}.html", title=title, alternates=others, labels=labels, step=link,
        back=link("", back, part=LIST), **variables,
    )  # fmt: skip

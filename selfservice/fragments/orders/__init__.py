"""`orders`: what was ordered, by period, on the screen and as a file; and from there `steps`.

list → (file | again | problem | main) → list
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState

from selfservice import clock, signin, web
from selfservice.fragments.orders import here, making, rows, steps, texts, view
from selfservice.fragments.orders.asked import Asked
from selfservice.fragments.orders.here import NAME, title
from selfservice.i18n import gettext, language
from selfservice.orders import labels
from selfservice.orders.export import workbook
from selfservice.orders.models import Query
from selfservice.orders.store import OrderStore
from selfservice.services import services
from selfservice.visits.sessions import Session

blueprint = Blueprint("orders", __name__)


def _show(session: Session) -> Response:
    asked = here.asked()
    who = here.person(services().db.read(), session, asked.by)
    if "switch_language" in request.args:
        return _switched(session, who, asked)
    if asked.errors:
        return _unread(session, who, asked, asked.errors)
    return _list(session, who, asked, here.cursors())


def _switched(session: Session, who: view.Person, asked: Asked) -> Response:
    """The language switch sent the form: what is asked goes on to its own address, with its place in the list."""
    if not asked.errors:
        place = {name: request.args.get(f"at_{name}", "") for name in ("after", "before")}
        known = {name: at for name, at in place.items() if at}
        return web.see(here.link("", asked.arguments() | known, part=here.LIST))
    # Who never sent the dates is not told of mistakes in them.
    return _unread(session, who, asked, asked.errors if "checked" in request.args else {})


def _unread(session: Session, who: view.Person, asked: Asked, errors: Mapping[str, str]) -> Response:
    """The form alone, with what was typed."""
    status = 422 if errors else 200
    return _render(
        session, who, asked, title=title(), status=status, error=bool(errors), errors=dict(errors), listed=None
    )


def _list(session: Session, who: view.Person, asked: Asked, at: tuple[str, str]) -> Response:
    conn, now = services().db.read(), clock.now()
    listed = view.listed(conn, who, asked, language(), at, here.month_link(asked))
    links = rows.Links(_steps(asked), lambda by: here.list_link(asked.of(by)))
    here.note(session, who, "orders.look", asked, once=True)
    name = texts.presets().get(asked.preset) or texts.days(asked.period)
    return _render(
        session, who, asked,
        title=title() if asked.preset == "all" else gettext("Your orders: %(period)s", period=name),
        errors={}, listed=listed, period_words=_in_words(asked, who),
        rows=rows.rows(conn, listed["page"].orders, who, services().facts, now, links),
        here_list=here.link("", asked.arguments() | _place()).partition("?")[2],
        downloads=making.choices(
            listed["total"].orders, listed["query"], lambda kind: here.link(making.FILES[kind][0], asked.arguments())
        ),
        sheet_rows=workbook.MOST_ROWS,
        newer=_turn(asked, "before", listed["page"].before), older=_turn(asked, "after", listed["page"].after),
    )  # fmt: skip


def _in_words(asked: Asked, who: view.Person) -> str:
    """`Last quarter, 1 July 2026 to 30 September 2026`, and whose orders if a colleague was chosen."""
    parts = [
        texts.presets().get(asked.preset, ""),
        texts.days(asked.period),
        who.colleague.name if who.colleague else "",
    ]
    return ", ".join(part for part in parts if part)


def _steps(asked: Asked) -> Callable[[str, str], str]:
    """Where a step with an order leads; what is the same for all orders is put together once."""
    back = urlencode({"list": here.link("", asked.arguments() | _place()).partition("?")[2]})
    place = f"{signin.address(NAME)}/"
    more = "" if back == "list=" else f"&{back}"
    # An order's number has only capitals, digits and dashes.
    return lambda step, number: f"{place}{step}?number={number}{more}"


def _place() -> dict[str, str]:
    """Where in the list the address stands, as its arguments."""
    return {name: at for name, at in zip(("after", "before"), here.cursors(), strict=True) if at}


def _turn(asked: Asked, way: str, cursor: str | None) -> str | None:
    return here.link("", asked.arguments() | {way: cursor}, part="#orders-list") if cursor else None


def _render(session: Session, who: view.Person, asked: Asked, **variables: Any) -> Response:
    # Who has no orders at all has nothing to fill in either.
    has_form = variables["listed"] is None or variables["listed"]["empty"] != "none_yet"
    return signin.render(
        session, NAME, "orders/list.html", switch_form=f"{NAME}-form" if has_form else None,
        alternates=here.alternates("", asked.arguments() | _place()), asked=asked, who=who, places=_place(),
        texts=texts, names=labels, link=here.list_link, step=here.link,
        choices=view.choices(asked, here.list_link), sorts=view.sorts(asked), order_names=view.order_names(),
        labels=_labels(), values=asked.fields(), action=signin.address(NAME), checked=bool(variables["errors"]),
        **variables,
    )  # fmt: skip


def _labels() -> dict[str, str]:
    return {
        "from": gettext("First day"),
        "to": gettext("Last day"),
        "words": gettext("Order number or product"),
        "by": labels.columns()["ordered_by"],
        "sort": gettext("Sort by"),
    }


def _file(kind: str) -> Response:
    """The orders of a list as a file, in its order; not signed in, back to the list."""
    session, asked = signin.signed_in(), here.asked()
    if session is None or asked.errors:
        return web.see(here.link("", asked.arguments()))
    who = here.person(services().db.read(), session, asked.by)
    query = Query(who.shown, asked.period, language(), asked.sort, asked.words)
    orders = OrderStore(services().db.read()).total(query).orders
    return making.answer(session, who, asked, query, kind, orders)


def _add_files(state: BlueprintSetupState) -> None:
    """A file stands at the list's own address with an ending, which a blueprint's own rules cannot have."""
    for kind, (ending, _) in making.FILES.items():
        state.app.add_url_rule(f"{state.url_prefix}{ending}", f"{blueprint.name}.{kind}", partial(_file, kind))


blueprint.record(_add_files)
signin.personal(blueprint, title, _show, style="css/orders.css", read_only=True)
steps.add_to(blueprint)
making.add_to(blueprint)

"""The list of orders: its address, and what its page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, request

from selfservice import clock, web
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.db import Connection
from selfservice.facts.facts import Facts
from selfservice.fragments.orders import chart, form
from selfservice.fragments.orders.query_parameters import (
    LIST,
    NAME,
    ListParameters,
    alternates,
    colleague_link,
    cursors,
    link,
    list_link,
    months_start,
    of_request,
    preset_links,
)
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.orders import export, labels, redelivery, visibility
from selfservice.orders.export import workbook
from selfservice.orders.models import Order, Query, Sort
from selfservice.orders.periods import Period
from selfservice.orders.redelivery import Requester
from selfservice.orders.store import OrderStore
from selfservice.orders.visibility import Viewer
from selfservice.web import authentication, downloads
from selfservice.web.forms import Form
from selfservice.web.services import services

# Looking at the same list again within this time is the same look: an event a page would only hide the others.
LOOK_SECONDS = 900

Empty = Literal["", "none_yet", "none_in_period", "none_found"]
Step = Literal["again", "asked", "problem"]
blueprint = Blueprint("orders", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Your orders")


def viewer_of(conn: Connection, session: Session, by: int = 0) -> Viewer:
    """Who is signed in, and whose orders they look at. Ends with 400 for a colleague whom no page of theirs names."""
    try:
        return visibility.viewer(conn, session.person_id, session.organisation_id, by)
    except LookupError:
        abort(400)


def requester_of(session: Session) -> Requester:
    """Whoever is signed in, for what they ask."""
    return Requester(session.person_id, session.name, session.email, current_language(), web.client_address())


def query_of(viewer: Viewer, params: ListParameters) -> Query:
    """The orders that this person asks for."""
    return Query(viewer.shown, params.period, current_language(), params.sort, params.words)


def record_look(session: Session, viewer: Viewer, what: str, params: ListParameters, *, once: bool) -> None:
    """Write down that this person looked at these days of these orders; with `once`, not again within a quarter."""
    now, period = clock.now(), params.period
    first, last = ((day.strftime("%Y%m%d") if day else "0") for day in (period.first, period.last))
    chosen = viewer.colleague.id if viewer.colleague else None
    account = f"organisation:{viewer.organisation_id}" if viewer.organisation_id else f"person:{viewer.id}"
    thing = f"{account if chosen is None else f'order_holder:{chosen}'}:{first}:{last}"
    if once and not _is_new(f"{session.id} {thing}", now.timestamp()):
        return
    with services().db.write() as conn:
        record(
            conn, services().keys, what=what, result="ok", now=now, who=f"person:{session.person_id}",
            on_what=thing, address=web.client_address(),
        )  # fmt: skip


def _is_new(key: str, now: float) -> bool:
    """Whether this worker did not see this look in the last quarter of an hour. What it forgets is noted once more."""
    seen: dict[str, float] = current_app.extensions.setdefault("orders_seen", {})
    is_new = now - seen.get(key, 0) > LOOK_SECONDS
    if is_new:
        if len(seen) > 10_000:
            seen.clear()
        seen[key] = now
    return is_new


def _show(session: Session) -> Response:
    params = of_request()
    viewer = viewer_of(services().db.read(), session, params.by)
    if "switch_language" in request.args:
        return _switched(session, viewer, params)
    if params.errors:
        return _unread(session, viewer, params, params.errors)
    return _list(session, viewer, params)


def _switched(session: Session, viewer: Viewer, params: ListParameters) -> Response:
    """The language switch sent the form: what is asked goes on to its own address, with its place in the list."""
    if not params.errors:
        place = {name: request.args.get(f"at_{name}", "") for name in ("after", "before")}
        known = {name: at for name, at in place.items() if at}
        return web.see(link("", params.arguments() | known, part=LIST))
    # Who never sent the dates is not told of mistakes in them.
    return _unread(session, viewer, params, params.errors if "checked" in request.args else {})


def _unread(session: Session, viewer: Viewer, params: ListParameters, errors: Mapping[str, str]) -> Response:
    """The form alone, with what was typed."""
    return _render(session, viewer, params, errors=errors, title=title(), listed=None)


def not_current(session: Session, sent: Form) -> Response:
    """The list of whoever is logged in now, saying why what was sent is not done."""
    return _list(session, viewer_of(services().db.read(), session), ListParameters(), sent)


def _list(session: Session, viewer: Viewer, params: ListParameters, sent: Form | None = None) -> Response:
    conn, now = services().db.read(), clock.now()
    listed = _listed(conn, viewer, params)
    params = listed["params"]
    record_look(session, viewer, "orders.look", params, once=True)
    page, arguments = listed["page"], params.arguments()
    name = labels.presets().get(params.preset) or labels.days(params.period)
    return _render(
        session, viewer, params, sent,
        title=title() if params.preset == "all" else gettext("Your orders: %(period)s", period=name),
        listed=listed, period_words=_in_words(params, viewer),
        rows=_rows(conn, page.orders, viewer, params, services().facts, now), same=_same(page.orders), now=now,
        downloads=_downloads(listed["total"].orders, session, viewer, params),
        sheet_rows=workbook.MOST_ROWS,
        newer=link("", arguments | {"before": page.before}, part="#orders-list") if page.before else None,
        older=link("", arguments | {"after": page.after}, part="#orders-list") if page.after else None,
    )  # fmt: skip


def _listed(conn: Connection, viewer: Viewer, params: ListParameters) -> dict[str, Any]:
    """The numbers and orders of the list. Where no order fits the words, and other words are near, it is of those."""
    query, store, at = query_of(viewer, params), OrderStore(conn), cursors()
    total, months = store.totals(query)
    typed, nearest = "", []
    if params.words and not total.orders and not params.exact:
        nearest = store.nearest_words(query)
        if len(nearest) == 1:
            typed, params = params.words, params.of_words(*nearest)
            query = query_of(viewer, params)
            total, months = store.totals(query)
    return {
        "params": params,
        "typed": typed,
        "nearest": nearest,
        "total": total,
        "page": store.page(query, after=at.get("after", ""), before=at.get("before", "")),
        "chart": chart.html(services().templates, query.language, tuple(months), months_start(params)),
        "empty": "" if total.orders else _why_empty(store, viewer, params),
        "earlier": visibility.previous_code(conn, viewer.id, viewer.organisation_id),
        "elsewhere": visibility.other_accounts(conn, viewer.id, viewer.organisation_id),
    }


def _why_empty(store: OrderStore, viewer: Viewer, params: ListParameters) -> Empty:
    """Why a list has no orders: none fit the words, none in the period, or there are none at all."""
    if store.total(Query(viewer.scope, Period(), current_language())).orders == 0:
        return "none_yet"
    return "none_found" if params.words else "none_in_period"


class ListRow(NamedTuple):
    """An order in words. `step` is what can be done about it, at `href`; `asked_at` when it was asked for again, if it
    was; `by` leads to the orders of whoever made it, where there are others'. The list takes them apart in this order.
    """

    number: str
    day: str
    hour: str
    product: str
    organisation: str
    by: str
    ordered_by: str
    code_hint: str | None
    payment: str
    invoice: str
    state: str
    state_name: str
    amount: str
    step: Step
    href: str
    asked_at: str


def _rows(
    conn: Connection, orders: Sequence[Order], viewer: Viewer, params: ListParameters, facts: Facts, now: datetime
) -> list[ListRow]:
    """The orders of a page, with what can be done about each."""
    asked_at = redelivery.requested_at(conn, [order.number for order in orders])
    # By holder: the orders of a page are of a few people.
    ordinals = visibility.ordinals_of(conn, viewer, {order.holder_id for order in orders})
    of_colleague = colleague_link(params)
    theirs = {holder: of_colleague(ordinal) for holder, ordinal in ordinals.items()}
    step_link = _step_link(params)
    payments, states = labels.payments(), labels.states()
    privately, follows = gettext("Private use"), gettext("Invoice follows")
    found = []
    for order in orders:
        step: Step = "problem"
        if order.number in asked_at:
            step = "asked"
        elif redelivery.is_allowed(order, facts, now):
            step = "again"
        found.append(
            ListRow(
                order.number,
                labels.format_day(order.ordered_on),
                labels.format_hour(order.ordered_at),
                order.product,
                order.organisation or privately,
                theirs.get(order.holder_id, ""),
                order.ordered_by,
                order.code_hint,
                payments[order.payment],
                order.invoice or follows,
                order.state,
                states[order.state],
                labels.format_euros(order.cents),
                step,
                step_link("problem" if step == "problem" else "again", order.number),
                labels.format_hour(asked_at[order.number]) if step == "asked" else "",
            )
        )
    return found


def _same(orders: Sequence[Order]) -> dict[str, str]:
    """What is the same for all of several orders, by column and in words: it is said once, and not in each row."""
    if len(orders) < 2:
        return {}
    first, heads = orders[0], labels.columns()
    by = f"{first.ordered_by} …{first.code_hint}" if first.code_hint else first.ordered_by
    texts = {
        "organisation": f"{heads['organisation']}: {first.organisation}"
        if first.organisation
        else gettext("Private use"),
        "ordered_by": f"{heads['ordered_by']}: {by}",
        "payment": f"{heads['payment']}: {labels.payments()[first.payment]}",
        "invoice": f"{heads['invoice']}: {first.invoice}" if first.invoice else gettext("Invoice follows"),
        "state": f"{heads['state']}: {labels.states()[first.state]}",
    }
    found = {column: {getattr(order, column) for order in orders} for column in texts}
    # Two people may have one name.
    found["ordered_by"] = {order.holder_id for order in orders}
    return {column: text for column, text in texts.items() if len(found[column]) == 1}


def _step_link(params: ListParameters) -> Callable[[str, str], str]:
    """Where a step with an order leads; what is the same for all orders is put together once."""
    back = urlencode({"list": urlencode(params.arguments() | cursors())})
    place = f"{authentication.form_path(NAME)}/"
    more = "" if back == "list=" else f"&{back}"
    # An order's number has only capitals, digits and dashes.
    return lambda step, number: f"{place}{step}?number={number}{more}"


def _downloads(orders: int, session: Session, viewer: Viewer, params: ListParameters) -> list[dict[str, Any]]:
    """The four files: what each is for, how large it will be, how long it takes if that is long, and where it is."""
    query, arguments = query_of(viewer, params), params.arguments() | {"about": form.file(session).about}
    what = {
        "xlsx": (gettext("Excel"), gettext("dates and amounts that you can calculate with, and a total row")),
        "csv": (gettext("CSV for a spreadsheet"), gettext("opens in columns with a double click")),
        "programs": (gettext("CSV for programs"), gettext("for bookkeeping software; the same in every language")),
        "json": (gettext("JSON"), gettext("for programmers")),
    }
    found = []
    for kind, (name, hint) in what.items():
        seconds = export.estimated_seconds(orders, query, kind)
        found.append(
            {
                "title": name,
                "hint": hint,
                "href": link(export.KINDS[kind].ending, arguments),
                "size": labels.format_size(export.estimated_bytes(orders, kind)),
                "wait": labels.duration(seconds) if seconds > downloads.MAX_REQUEST_SECONDS else "",
            }
        )
    return found


def _in_words(params: ListParameters, viewer: Viewer) -> str:
    """`Last quarter, 1 July 2026 to 30 September 2026`, what was searched for, and whose orders if a colleague was
    chosen: the form that says so is out of view on a phone, and not on paper.
    """
    texts = [
        labels.presets().get(params.preset, ""),
        labels.days(params.period),
        f"‘{params.words}’" if params.words else "",
        viewer.colleague.name if viewer.colleague else "",
    ]
    return ", ".join(text for text in texts if text)


def _render(
    session: Session,
    viewer: Viewer,
    params: ListParameters,
    sent: Form | None = None,
    errors: Mapping[str, str] | None = None,
    **variables: Any,
) -> Response:
    people, places = form.people_of(viewer), tuple(cursors().items())
    found = form.find_form(params, people, errors)
    if variables["listed"] is None:
        drawn = form.draw_find(services().templates, found, params, places, is_listed=False)
    else:
        drawn = form.find_html(services().templates, current_language(), params, people, places)
    if sent is not None:
        found.notice, found.status = sent.notice, sent.status
    # Who has no orders at all has nothing to fill in either.
    has_form = variables["listed"] is None or variables["listed"]["empty"] != "none_yet"
    names = labels.presets()
    return authentication.render_personal(
        session, NAME, "orders/list.html", form=found, switches=has_form,
        alternates=alternates("", params.arguments() | cursors()), params=params, viewer=viewer, find=drawn,
        labels=labels, link=list_link, step=link,
        choices=[
            {"title": names[name], "href": href, "current": params.preset == name}
            for name, href in preset_links(params).items()
        ],
        sorts=_sorts(params), **variables,
    )  # fmt: skip


def _sorts(params: ListParameters) -> dict[str, tuple[str, str, str]]:
    """By column that can be sorted: what it is called, where a press leads, and its `aria-sort`."""
    heads = labels.columns()
    columns: tuple[tuple[str, Sort, Sort], ...] = (
        ("date", "-date", "date"),
        ("product", "product", "-product"),
        ("amount", "-amount", "amount"),
    )
    found = {}
    for column, first, second in columns:
        now = "ascending" if params.sort == column else "descending" if params.sort == f"-{column}" else ""
        to = list_link(params.sorted_by(second if params.sort == first else first))
        found[column] = (heads[column], f"{to}-list", now)
    return found


authentication.add_personal_routes(
    blueprint, title, _show, style="css/orders.css", read_only=lambda: gettext("Go to your orders")
)

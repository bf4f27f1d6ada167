"""What every address of `orders` begins with: who asks, what for, and where the list is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from flask import abort, request

from selfservice import clock, i18n, signin, web, workdays
from selfservice.db import Connection
from selfservice.events.model import record
from selfservice.fragments.orders import view
from selfservice.fragments.orders.asked import MAX_CURSOR, Asked, StrangeError, take
from selfservice.fragments.orders.view import Person
from selfservice.i18n import gettext, language
from selfservice.orders.periods import Period
from selfservice.orders.redelivery import Requester
from selfservice.services import services
from selfservice.visits.sessions import Session

NAME = "orders"
# Looking at the same list again within this time is the same look: an event a page would only hide the others.
LOOK_SECONDS = 900
# The part of the page that a link to the list leads to, so that the keyboard and the eye are there at once.
LIST = "#orders"


def title() -> str:
    """The name of the form."""
    return gettext("Your orders")


def person(conn: Connection, session: Session, by: int = 0) -> Person:
    """Who is signed in, and whose orders they look at. Ends with 400 for a colleague whom no page of theirs names."""
    try:
        return view.person(conn, session.person_id, session.organisation_id, by)
    except LookupError:
        abort(400)


def asked(values: Mapping[str, str] | None = None) -> Asked:
    """What the address asks for (or other values). Ends with 400 for what no page of ours leads to."""
    try:
        return take(request.args if values is None else values, workdays.today(clock.now()))
    except StrangeError:
        abort(400)


def cursors() -> tuple[str, str]:
    """After and before which order the page in the address stands; what is too long is nobody's."""
    return _cursor("after"), _cursor("before")


def _cursor(name: str) -> str:
    found = request.args.get(name, "")
    return found if len(found) <= MAX_CURSOR else ""


def link(step: str, arguments: Mapping[str, str], lang: str = "", part: str = "") -> str:
    """An address of this form, such as '/again' or '.csv', in the language in force or another."""
    query = urlencode(arguments)
    address = signin.address(NAME) + step + (f"?{query}" if query else "")
    return (web.path_in(lang, address) if lang else address) + part


def month_link(what: Asked) -> Callable[[Period], str]:
    """Where each month of this list leads. Most of the address is the same for all of them."""
    address = link("", what.in_period("all").arguments())
    start = f"{address}{'&' if '?' in address else '?'}from="
    return lambda period: f"{start}{period.first}&to={period.last}{LIST}"


def list_link(what: Asked) -> str:
    """The address of a list."""
    return link("", what.arguments(), part=LIST)


def asker(session: Session) -> Requester:
    """Whoever is signed in, for what they ask."""
    return Requester(session.person_id, session.name, session.email, language(), web.client_address())


def note(session: Session, who: Person, what: str, of: Asked, *, once: bool) -> None:
    """Write down that this person looked at these days of these orders; with `once`, not again within a quarter."""
    now = clock.now()
    first, last = ((day.strftime("%Y%m%d") if day else "0") for day in (of.period.first, of.period.last))
    chosen = who.colleague.id if who.colleague else None
    account = f"organisation:{who.organisation_id}" if who.organisation_id else f"person:{who.id}"
    thing = f"{account if chosen is None else f'order_holder:{chosen}'}:{first}:{last}"
    if once and not _is_new(f"{session.id} {thing}", now.timestamp()):
        return
    with services().db.write() as conn:
        record(
            conn,
            services().keys,
            now,
            what,
            "ok",
            who=f"person:{session.person_id}",
            on_what=thing,
            address=web.client_address(),
        )


def _is_new(key: str, now: float) -> bool:
    """Whether this worker did not see this look in the last quarter of an hour. What it forgets is noted once more."""
    from flask import current_app

    seen: dict[str, float] = current_app.extensions.setdefault("orders_seen", {})
    is_new = now - seen.get(key, 0) > LOOK_SECONDS
    if is_new:
        if len(seen) > 10_000:
            seen.clear()
        seen[key] = now
    return is_new


def alternates(step: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """The same address in each language, for the language switch."""
    return {code: link(step, arguments, code) for code in i18n.LANGUAGES}

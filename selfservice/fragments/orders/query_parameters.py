"""The query parameters of the list, read from an address and written into one: it is all the state there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlencode

from flask import abort, request

from selfservice import clock, web, workdays
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import LANGUAGES
from selfservice.orders import periods
from selfservice.orders.models import SORTS, Sort
from selfservice.orders.periods import Period
from selfservice.web import authentication

NAME = "orders"
# The part of the page that a link to the list leads to, so that the keyboard and the eye are there at once.
LIST = "#orders"
FOUND = "#orders-found"
# In January 'this year' would be empty for nearly everybody; everything is not, and its newest orders come first.
DEFAULT = "all"
MAX_WORDS = 100
MAX_CURSOR = 400


class UnknownParameterError(ValueError):
    """An address that none of our pages leads to."""


@dataclass(frozen=True)
class ListParameters:
    """A preset, or two days as they were typed (then `preset` is empty); words, order, and whose (0: everybody's).
    With `exact` no other words are looked for where these have no orders.

    `errors` has a message for each of the two that cannot be read; `period` is then of no use.
    """

    preset: str = DEFAULT
    since: str = ""
    until: str = ""
    words: str = ""
    sort: Sort = "-date"
    by: int = 0
    exact: bool = False
    period: Period = field(default_factory=Period)
    errors: Mapping[str, str] = field(default_factory=dict, hash=False)

    def arguments(self) -> dict[str, str]:
        """The arguments of its address, without those that say what is so anyway. Days are written as 2026-03-01."""
        found = {}
        if self.preset == "":
            found = {"from": _plain(self.since, self.period.first), "to": _plain(self.until, self.period.last)}
        elif self.preset != DEFAULT:
            found = {"period": self.preset}
        found |= {"words": self.words, "sort": "" if self.sort == "-date" else self.sort}
        found |= {"by": str(self.by) if self.by else "", "exact": "1" if self.words and self.exact else ""}
        return {name: value for name, value in found.items() if value}

    def fields(self) -> dict[str, str]:
        """What stands in the fields: a day that was understood as this language writes it, another as it was typed."""
        first, last = self.period.first, self.period.last
        typed = self.preset == ""
        return {
            "since": self.since if not typed or first is None else format_date(first),
            "until": self.until if not typed or last is None else format_date(last),
            "words": self.words,
            "sort": self.sort,
            "by": str(self.by or ""),
        }

    def in_period(self, name: str) -> ListParameters:
        """The same of another preset."""
        return replace(self, preset=name, since="", until="", errors={})

    def without_filter(self) -> ListParameters:
        """The same without words, and of everybody."""
        return replace(self, words="", by=0)

    def of_words(self, words: str, *, exact: bool = False) -> ListParameters:
        """The same of other words."""
        return replace(self, words=words, exact=exact)

    def of(self, by: int) -> ListParameters:
        """The same of one colleague, or with 0 of all."""
        return replace(self, by=by)

    def sorted_by(self, sort: Sort) -> ListParameters:
        """The same in another order."""
        return replace(self, sort=sort)


def parse(values: Mapping[str, str], today: date) -> ListParameters:
    """What an address asks for. Typed days win over a preset; where one is empty, that end is open.

    Raises UnknownParameterError for a preset, an order or a person that no page of ours names.
    """
    sort = next((each for each in SORTS if each == values.get("sort", SORTS[0])), None)
    preset, by = values.get("period", DEFAULT), values.get("by") or "0"
    if sort is None or preset not in periods.PRESETS or not (by.isascii() and by.isdigit() and len(by) < 10):
        raise UnknownParameterError("no page of ours asks for this")
    plain = ListParameters(
        preset,
        words=" ".join(values.get("words", "").split())[:MAX_WORDS],
        sort=sort,
        by=int(by),
        exact=values.get("exact") == "1",
    )
    since, until = values.get("from", "").strip(), values.get("to", "").strip()
    if not since and not until:
        return replace(plain, period=periods.preset(preset, today))
    found, errors = {}, {}
    for name, typed in (("since", since), ("until", until)):
        try:
            found[name] = periods.parse(typed) if typed else None
        except periods.NoSuchDayError:
            errors[name] = gettext(
                "This date does not exist. Type the day first, and then the month: 1-3-2026 is 1 March 2026."
            )
        except ValueError:
            errors[name] = gettext("We cannot read this date. Type it like 1-3-2026 or 1 March 2026.")
    first, last = found.get("since"), found.get("until")
    if first and last and last < first:
        errors["until"] = gettext("The last day comes before the first day. Change one of the two.")
    return replace(plain, preset="", since=since, until=until, period=Period(first, last), errors=errors)


def of_request(values: Mapping[str, str] | None = None) -> ListParameters:
    """What the address being answered asks for (or other values). Ends with 400 for what no page of ours leads to."""
    try:
        return parse(request.args if values is None else values, workdays.today(clock.now()))
    except UnknownParameterError:
        abort(400)


def cursors() -> dict[str, str]:
    """`after` or `before` which order the page in the address stands; what is too long is nobody's."""
    found = {name: request.args.get(name, "") for name in ("after", "before")}
    return {name: cursor for name, cursor in found.items() if 0 < len(cursor) <= MAX_CURSOR}


def link(step: str, arguments: Mapping[str, str], lang: str = "", part: str = "") -> str:
    """An address of this form, such as '/again' or '.csv', in the language in force or another."""
    query = urlencode(arguments)
    address = authentication.form_path(NAME) + step + (f"?{query}" if query else "")
    return (web.path_in_language(lang, address) if lang else address) + part


def list_link(params: ListParameters) -> str:
    """The address of a list."""
    return link("", params.arguments(), part=LIST)


def colleague_link(params: ListParameters) -> Callable[[int], str]:
    """The address of the list of each colleague. Most of it is the same for all of them."""
    start = _up_to("by", params.of(0))
    return lambda ordinal: f"{start}{ordinal}{FOUND}"


def preset_links(params: ListParameters) -> dict[str, str]:
    """The address of the same list in each preset. Most of it is the same for all of them. Where something is looked
    for it leads to what was found, since on a phone the open form stands above that.
    """
    path, rest = authentication.form_path(NAME), urlencode(params.in_period(DEFAULT).arguments())
    part = FOUND if params.words or params.by else LIST
    found = {}
    for name in periods.PRESETS:
        query = "&".join(filter(None, ["" if name == DEFAULT else f"period={name}", rest]))
        found[name] = f"{path}?{query}{part}" if query else path + part
    return found


def months_start(params: ListParameters) -> str:
    """What the addresses of this list's months begin with (`month_link`)."""
    return _up_to("from", params.in_period("all"))


def month_link(start: str, days: Period) -> str:
    """Where a month leads."""
    return f"{start}{days.first}&to={days.last}{FOUND}"


def _up_to(name: str, params: ListParameters) -> str:
    """The address of a list up to the value of one argument more."""
    address = link("", params.arguments())
    return f"{address}{'&' if '?' in address else '?'}{name}="


def alternates(step: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """The same address in each language, for the language switch."""
    return {code: link(step, arguments, code) for code in LANGUAGES}


def _plain(typed: str, day: date | None) -> str:
    return typed if day is None else day.isoformat()

"""The template variables of the mails about requests. Dates are formatted here, in the mail's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import using_language
from selfservice.values.address import goes_abroad
from selfservice.values.reference import group_reference


def request_received(
    language: str,
    *,
    name: str,
    reference: str,
    organisation: str,
    channel: str,
    delivery_window: tuple[date, date],
    letter_lines: Sequence[str] = (),
) -> dict[str, Any]:
    """For access_code.received and access_code.already. The worker fills in `token`; it stays empty in a mail without a
    link. It has `abroad` when a letter would go to another country.
    """
    return {
        "name": name,
        "reference": group_reference(reference),
        "organisation": organisation,
        "channel": channel,
        "token": "",
        **_delivery_dates(language, delivery_window),
        **_abroad(letter_lines),
    }


def access_code(*, name: str, organisation: str, replaced: bool) -> dict[str, Any]:
    """For access_code.code, the only mail with a code, which the worker fills in: never together with a password or a
    link to set one.
    """
    return {"name": name, "organisation": organisation, "replaced": replaced}


def request_progress(
    language: str,
    *,
    name: str,
    reference: str,
    organisation: str,
    delivery_window: tuple[date, date] | None = None,
    letter_lines: Sequence[str] = (),
) -> dict[str, Any]:
    """For access_code.rejected (with a reason beside it) and lost_access_code.replaced."""
    filled = {"name": name, "reference": group_reference(reference), "organisation": organisation}
    return filled | (_delivery_dates(language, delivery_window) if delivery_window else {}) | _abroad(letter_lines)


def code_validity(language: str, *, name: str, organisation: str, day: date | None) -> dict[str, Any]:
    """For access_code.reminder, access_code.expired and access_code.revoked; `day` is its last valid day."""
    with using_language(language):
        return {"name": name, "organisation": organisation, "day": format_date(day) if day else ""}


def _abroad(letter_lines: Sequence[str]) -> dict[str, Any]:
    return {"abroad": True} if goes_abroad(letter_lines) else {}


def _delivery_dates(language: str, promise: tuple[date, date]) -> dict[str, str]:
    with using_language(language):
        return {"since": format_date(promise[0]), "until": format_date(promise[1])}

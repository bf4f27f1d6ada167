"""What the mails about requests are filled in with. Dates are written here, in the mail's language."""

from __future__ import annotations

from datetime import date
from typing import Any

from selfservice import i18n
from selfservice.members import references


def received(
    language: str,
    *,
    name: str,
    reference: str,
    organisation: str,
    channel: str,
    promise: tuple[date, date],
) -> dict[str, Any]:
    """For access_code.received and access_code.already. `token` stays empty where there is no link; else the worker
    fills it in.
    """
    return {
        "name": name,
        "reference": references.grouped(reference),
        "organisation": organisation,
        "channel": channel,
        "token": "",
        **_promise(language, promise),
    }


def code(*, name: str, organisation: str, replaced: bool) -> dict[str, Any]:
    """For access_code.code, the only mail with a code in it, which the worker fills in: never together with a password
    or a link to one.
    """
    return {"name": name, "organisation": organisation, "replaced": replaced}


def progress(
    language: str, *, name: str, reference: str, organisation: str, promise: tuple[date, date] | None = None
) -> dict[str, Any]:
    """For access_code.rejected (with a reason beside it) and lost_access_code.replaced."""
    filled = {"name": name, "reference": references.grouped(reference), "organisation": organisation}
    return filled | (_promise(language, promise) if promise else {})


def last_day(language: str, *, name: str, organisation: str, day: date | None) -> dict[str, Any]:
    """For access_code.reminder, access_code.expired and access_code.revoked; `day` is the last on which it works."""
    with i18n.using(language):
        return {"name": name, "organisation": organisation, "day": i18n.format_date(day) if day else ""}


def _promise(language: str, promise: tuple[date, date]) -> dict[str, str]:
    with i18n.using(language):
        return {"since": i18n.format_date(promise[0]), "until": i18n.format_date(promise[1])}

"""Timestamps of orders: parsed from ISO 8601, to the second or the microsecond, and which day each is in Amsterdam."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from selfservice.i18n.languages import TIMEZONE
from selfservice.importing.parsing import InvalidValueError

_ISO_8601 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?"
    r"(Z|z|[+-][0-9]{2}:?[0-5][0-9])?"
)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRONG = "is not a moment such as 2026-03-01T14:05:00+01:00"


def parse(text: str) -> tuple[int, str]:
    """A moment written in ISO 8601, as seconds since 1970 (UTC; parts of a second left out), and its day in Amsterdam.

    Without an offset it is Amsterdam's time; an hour that comes twice, when the clock goes back, is then the first of
    the two. Raises InvalidValueError for anything else, and for an hour that the clock skipped.
    """
    seconds = _split(text)[0]
    return seconds, day_of(seconds)


def parse_microseconds(text: str) -> int:
    """A moment as for `parse`, as microseconds since 1970 (UTC), what is finer left out. Raises InvalidValueError."""
    seconds, fraction = _split(text)
    return seconds * 1_000_000 + int(f"{fraction or '':0<6.6}")


def to_microseconds(moment: datetime) -> int:
    """A moment as microseconds since 1970 (UTC)."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def day_of(seconds: int) -> str:
    """The day in Amsterdam, as 2026-03-01, of a moment in seconds since 1970."""
    return _day(seconds // 3600)


def _split(text: str) -> tuple[int, str | None]:
    """Seconds since 1970, and the digits of the part of a second."""
    found = _ISO_8601.fullmatch(text)
    if found is None:
        raise InvalidValueError("missing", "is empty") if not text.strip() else InvalidValueError("invalid", _WRONG)
    day, hour, minute, second, fraction, offset = found.groups()
    seconds = _hour(day, hour, offset) + 60 * int(minute) + int(second or 0)
    if seconds < 0:
        raise InvalidValueError("too-old", "is before 1970")
    return seconds, fraction


# Both hold one number or text for each hour that orders fall in, of half a year. Amsterdam's clock has changed at
# whole hours since 1970, and so has its day.
@lru_cache(2**12)
def _day(hours: int) -> str:
    return datetime.fromtimestamp(hours * 3600, TIMEZONE).date().isoformat()


@lru_cache(2**12)
def _hour(day: str, hour: str, offset: str | None) -> int:
    start = f"{day}T{hour}:00:00{(offset or '').upper()}"
    try:
        moment = datetime.fromisoformat(start)
        if offset is None:
            moment = moment.replace(tzinfo=TIMEZONE)
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
        shown = datetime.fromtimestamp(seconds, TIMEZONE)
    except (ValueError, OverflowError):
        raise InvalidValueError("invalid", _WRONG) from None
    if offset is None and shown.hour != int(hour):
        raise InvalidValueError("skipped", "is in an hour that the clock skipped; write the offset with it")
    return seconds

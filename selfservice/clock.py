"""The one place that reads the clock and writes a moment as text."""

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The present moment, in UTC, with microseconds."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """A moment as the database keeps it: UTC, fixed width, so that text order is time order.

    Raises ValueError for a moment without a time zone, because guessing one would shift it silently.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The moment that `to_text` wrote. Raises ValueError for anything else."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def to_microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 in UTC, for arithmetic inside one SQL statement."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_microseconds(microseconds: int) -> datetime:
    """The moment of which `to_microseconds` made this, in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def upcoming(text: str, now: datetime) -> datetime | None:
    """The moment that `to_text` wrote when it has yet to come; None when it is over, or for an empty text."""
    moment = from_text(text) if text else None
    return moment if moment is not None and moment > now else None

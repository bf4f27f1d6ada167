"""Periods by name and days as people type them; and what a day in Amsterdam is in seconds."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfservice.i18n.languages import TIMEZONE
from selfservice.orders.periods import PRESETS, Period, parse, preset

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("name", "today", "first", "last"),
    [
        ("this-month", "2024-02-29", "2024-02-01", "2024-02-29"),
        ("last-month", "2024-03-31", "2024-02-01", "2024-02-29"),
        ("last-month", "2026-01-01", "2025-12-01", "2025-12-31"),
        ("this-month", "2026-12-31", "2026-12-01", "2026-12-31"),
        ("this-quarter", "2026-11-21", "2026-10-01", "2026-12-31"),
        ("this-quarter", "2026-03-31", "2026-01-01", "2026-03-31"),
        ("last-quarter", "2026-11-21", "2026-07-01", "2026-09-30"),
        ("last-quarter", "2026-01-01", "2025-10-01", "2025-12-31"),
        ("this-year", "2026-01-01", "2026-01-01", "2026-12-31"),
        ("last-year", "2024-12-31", "2023-01-01", "2023-12-31"),
    ],
)
def test_presets(name: str, today: str, first: str, last: str) -> None:
    """A named period is whole months, quarters or years, also over the end of a year and in February."""
    assert Period(date.fromisoformat(first), date.fromisoformat(last)) == preset(name, date.fromisoformat(today))


def test_everything() -> None:
    """Everything has no ends."""
    assert Period(None, None) == preset("all", DAY)


@given(today=st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_presets_join(today: date) -> None:
    """On any day: today lies in each of this, and each of last ends the day before this begins."""
    for unit in ("month", "quarter", "year"):
        this, last = preset(f"this-{unit}", today), preset(f"last-{unit}", today)
        assert this.first
        assert this.last
        assert (True, this.first - timedelta(days=1)) == (this.first <= today <= this.last, last.last)


@pytest.mark.parametrize("name", ["", "next-month", "this-week", "month", "this-", "ALL"])
def test_unknown_preset(name: str) -> None:
    """Another name is refused, and does not become some period."""
    with pytest.raises(ValueError, match="not one of our periods"):
        preset(name, DAY)


def test_preset_names() -> None:
    """Each of the names is a period."""
    assert len(PRESETS) == len({preset(name, date(2026, 11, 21)) for name in PRESETS})


@pytest.mark.parametrize(
    "text",
    [
        "1-3-2026", "01/03/2026", "1.3.2026", "2026-03-01", "1 maart 2026", "1 mrt 2026", "1 mrt. 2026",
        "March 1, 2026", "March 1 2026", "1 March 2026", "1 Mar 2026", "1st March 2026", "March 1st, 2026", "1 3 2026",
        "1-3-26", "1 mrt 26", "  01-03-2026 ", "1 - 3 - 2026", "2026/3/1", "2026.03.01", "１-３-２０２６", "1–3–2026",
        "1e maart 2026", "1 MAART 2026", "1-mrt-2026", "maart 1 2026", "1\N{NO-BREAK SPACE}maart 2026", "1maart2026",
    ],
)  # fmt: skip
def test_parse(text: str) -> None:
    """However this day is written, in either language, it is that day."""
    assert DAY == parse(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("29-2-2024", date(2024, 2, 29)),
        ("31-12-99", date(2099, 12, 31)),
        ("3/4/2026", date(2026, 4, 3)),
        ("4 mei 2026", date(2026, 5, 4)),
        ("May 4, 2026", date(2026, 5, 4)),
        ("5 okt 2026", date(2026, 10, 5)),
        ("5 Oct 2026", date(2026, 10, 5)),
        ("8 sept 2026", date(2026, 9, 8)),
        ("2 januari 2026", date(2026, 1, 2)),
        ("2 January 2026", date(2026, 1, 2)),
        ("7 aug 2026", date(2026, 8, 7)),
        ("7 juni 2026", date(2026, 6, 7)),
        ("7 July 2026", date(2026, 7, 7)),
        ("7 dec 2026", date(2026, 12, 7)),
    ],
)
def test_parse_more(text: str, day: date) -> None:
    """The day comes before the month, and months have names in both languages."""
    assert day == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "29-2-2026", "31-4-2026", "3/25/2026", "0-1-2026", "1-0-2026", "1-3", "maart 2026", "1 2026",
        "2026-13-01", "1 ma 2026", "1 brumaire 2026", "morgen", "1st of March", "1-3-0026", "1-3-1026", "1-3-20266",
        "--", "1-3-2026x", "1-3-2026'; DROP TABLE orders", "²-3-2026" * 2, "9" * 5000,
    ],
)  # fmt: skip
def test_no_day(text: str) -> None:
    """What is no day of the calendar, or not whole, is refused and never guessed."""
    with pytest.raises(ValueError):  # noqa: PT011 (the calendar has words of its own for some)
        parse(text)


@given(day=st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_parse_written(day: date) -> None:
    """Every day is found again from the ways it is written in most."""
    texts = [
        f"{day.day}-{day.month}-{day.year}",
        f"{day:%d/%m/%Y}",
        f"{day.isoformat()}",
        f"{day:%B} {day.day}, {day.year}",
    ]
    assert {day} == {parse(text) for text in texts}


@given(text=st.text(max_size=30))
def test_parse_anything(text: str) -> None:
    """Whatever is typed is a day from 1900 to 2999 or a ValueError, nothing else."""
    with suppress(ValueError):
        assert 1900 <= parse(text).year <= 2999


@pytest.mark.parametrize(
    ("day", "since", "hours"),
    [
        ("2024-03-31", "2024-03-30T23:00", 23),
        ("2024-10-27", "2024-10-26T22:00", 25),
        ("2024-02-29", "2024-02-28T23:00", 24),
        ("2024-12-31", "2024-12-30T23:00", 24),
    ],
)
def test_seconds(day: str, since: str, hours: int) -> None:
    """A day lasts from midnight to midnight in Amsterdam: 23 or 25 hours when the clock is moved."""
    begin = int(datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp())
    one = date.fromisoformat(day)
    assert (begin, begin + hours * 3600) == Period(one, one).seconds


@given(day=st.dates(date(1970, 1, 2), date(2999, 12, 30)))
def test_days_join(day: date) -> None:
    """Where a day ends the next one begins: no second between them, none in both, each in the day it is in there."""
    begin, end = Period(day, day).seconds
    assert end == Period(day + timedelta(days=1), None).seconds[0]
    days = [datetime.fromtimestamp(second, TIMEZONE).date() for second in (begin - 1, begin, end - 1, end)]
    assert [day - timedelta(days=1), day, day, day + timedelta(days=1)] == days


def test_open_ends() -> None:
    """An open end leaves out nothing that can be in the table."""
    assert (0, True) == (Period().seconds[0], Period().seconds[1] > 253402300799)

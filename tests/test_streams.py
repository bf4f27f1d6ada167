"""Files too long to hold in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from selfservice import streams


def failing() -> Iterator[bytes]:
    yield b"number,amount\r\n"
    raise OSError("the disk is gone")


def test_a_short_file_has_its_length() -> None:
    """A file of few rows is whole before it is sent, and says how long it is."""
    response = streams.attachment(iter([b"a\r\n", b"b\r\n"]), streams.HELD_ROWS, "text/csv", "orders.csv")
    assert (b"a\r\nb\r\n", 6) == (response.get_data(), response.content_length)
    assert 'attachment; filename="orders.csv"' == response.headers["Content-Disposition"]


def test_a_short_file_that_fails_is_no_file() -> None:
    """An error in a short file comes before the answer, so that it can be an error page."""
    with pytest.raises(OSError, match="disk"):
        streams.attachment(failing(), 1, "text/csv", "orders.csv")


def test_a_long_file_is_sent_as_it_is_made() -> None:
    """A long file is not made before somebody takes it."""
    response = streams.attachment(failing(), streams.HELD_ROWS + 1, "text/csv", "orders.csv")
    assert response.is_streamed
    assert b"number,amount\r\n" == next(iter(response.iter_encoded()))


def test_a_failure_ends_the_worker() -> None:
    """When the chunks fail, the process is ended before anything could end the answer properly."""
    ended: list[str] = []
    sent = streams.unbroken(failing(), end=lambda: ended.append("ended"))
    assert b"number,amount\r\n" == next(sent)
    with pytest.raises(OSError, match="disk"):
        next(sent)
    assert ["ended"] == ended


def test_who_goes_away_ends_nothing() -> None:
    """A reader that closes the connection half-way is no failure."""
    ended: list[str] = []
    sent = streams.unbroken(iter([b"a", b"b"]), end=lambda: ended.append("ended"))
    next(sent)
    sent.close()  # type: ignore[attr-defined]
    assert [] == ended

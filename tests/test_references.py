"""References that people read out and type over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfservice.members import references
from selfservice.members.references import SYMBOLS

TEXTS = st.text(SYMBOLS, min_size=7, max_size=7)


def test_symbols() -> None:
    """30 symbols, in order, without those that are misheard or misread."""
    assert (30, [], sorted(SYMBOLS)) == (len(SYMBOLS), [s for s in "IOQZ01" if s in SYMBOLS], list(SYMBOLS))


def test_new() -> None:
    """A new reference is valid, eight symbols long, and another each time."""
    made = {references.new() for _ in range(500)}
    assert (500, {8}, True) == (len(made), set(map(len, made)), all(map(references.valid, made)))


@given(TEXTS, st.integers(0, 7), st.sampled_from(SYMBOLS))
def test_a_mistyped_symbol_is_found(symbols: str, place: int, other: str) -> None:
    """Any one wrong symbol makes the reference wrong."""
    reference = references.with_check(symbols)
    wrong = reference[:place] + other + reference[place + 1 :]
    assert (wrong == reference) == references.valid(wrong)


@given(TEXTS, st.integers(0, 6))
def test_swapped_neighbours_are_found(symbols: str, place: int) -> None:
    """Two swapped neighbours are found, but for the first and the last symbol of all 30 (Luhn's one gap)."""
    reference = references.with_check(symbols)
    pair = reference[place : place + 2]
    wrong = reference[:place] + pair[::-1] + reference[place + 2 :]
    assert (wrong == reference or set(pair) == {SYMBOLS[0], SYMBOLS[-1]}) == references.valid(wrong)


@pytest.mark.parametrize("typed", ["k7rm-4x9t", " K7RM 4X9T ", "K7RM–4X9T", "Ｋ７ＲＭ４Ｘ９Ｔ"])
def test_normalise(typed: str) -> None:
    """However it is typed, it is one reference."""
    assert "K7RM4X9T" == references.normalise(typed)


@pytest.mark.parametrize("wrong", ["", "K7RM4X9", "K7RM4X9TT", "K7RM4X9I", "K7RM4X90"])
def test_wrong(wrong: str) -> None:
    """Another length, or a symbol that is none, is not a reference."""
    assert not references.valid(wrong)


def test_grouped() -> None:
    """It is written in two groups of four."""
    assert "K7RM-4X9T" == references.grouped("K7RM4X9T")

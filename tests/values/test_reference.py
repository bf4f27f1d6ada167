"""References that people read out and type over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfservice.values.reference import (
    REFERENCE_CHARACTERS,
    group_reference,
    is_valid_reference,
    new_reference,
    normalise_reference,
    reference_with_check_character,
)

TEXTS = st.text(REFERENCE_CHARACTERS, min_size=7, max_size=7)


def test_symbols() -> None:
    """30 symbols, in order, without those that are misheard or misread."""
    assert (30, [], sorted(REFERENCE_CHARACTERS)) == (
        len(REFERENCE_CHARACTERS),
        [s for s in "IOQZ01" if s in REFERENCE_CHARACTERS],
        list(REFERENCE_CHARACTERS),
    )


def test_new() -> None:
    """A new reference is valid, eight symbols long, and another each time."""
    made = {new_reference() for _ in range(500)}
    assert (500, {8}, True) == (len(made), set(map(len, made)), all(map(is_valid_reference, made)))


@given(TEXTS, st.integers(0, 7), st.sampled_from(REFERENCE_CHARACTERS))
def test_a_mistyped_symbol_is_found(symbols: str, place: int, other: str) -> None:
    """Any one wrong symbol makes the reference wrong."""
    reference = reference_with_check_character(symbols)
    wrong = reference[:place] + other + reference[place + 1 :]
    assert (wrong == reference) == is_valid_reference(wrong)


@given(TEXTS, st.integers(0, 6))
def test_swapped_neighbours_are_found(symbols: str, place: int) -> None:
    """Two swapped neighbours are found, but for the first and the last symbol of all 30 (Luhn's one gap)."""
    reference = reference_with_check_character(symbols)
    pair = reference[place : place + 2]
    wrong = reference[:place] + pair[::-1] + reference[place + 2 :]
    assert (
        wrong == reference or set(pair) == {REFERENCE_CHARACTERS[0], REFERENCE_CHARACTERS[-1]}
    ) == is_valid_reference(wrong)


@pytest.mark.parametrize("typed", ["k7rm-4x9t", " K7RM 4X9T ", "K7RM–4X9T", "Ｋ７ＲＭ４Ｘ９Ｔ"])
def test_normalise(typed: str) -> None:
    """However it is typed, it is one reference."""
    assert "K7RM4X9T" == normalise_reference(typed)


@pytest.mark.parametrize("wrong", ["", "K7RM4X9", "K7RM4X9TT", "K7RM4X9I", "K7RM4X90"])
def test_wrong(wrong: str) -> None:
    """Another length, or a symbol that is none, is not a reference."""
    assert not is_valid_reference(wrong)


def test_grouped() -> None:
    """It is written in two groups of four."""
    assert "K7RM-4X9T" == group_reference("K7RM4X9T")

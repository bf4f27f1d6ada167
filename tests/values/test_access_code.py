"""Access codes: how they are made, typed and checked."""

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfservice.crypto import Keys
from selfservice.seeds import MissingKeyError, new_seed
from selfservice.values.access_code import (
    CHARACTERS,
    CODE_LENGTH,
    RANDOM_LENGTH,
    derive_code,
    group_code,
    is_valid_code,
    normalise_code,
    with_check_character,
)
from tests.conftest import SECRET
from tests.domain_helpers import KEYS, new_code

CODES = st.text(CHARACTERS, min_size=RANDOM_LENGTH, max_size=RANDOM_LENGTH).map(with_check_character)


def test_derived() -> None:
    """The codes of 2,000 seeds differ, pass their check, and have each symbol about equally often in each place."""
    made = {new_code() for _ in range(2000)}
    assert (2000, True) == (len(made), all(map(is_valid_code, made)))
    counts = [Counter(code[place] for code in made) for place in range(CODE_LENGTH)]
    # 62.5 are expected, 7.8 is the deviation: six of them off would happen once in a million runs.
    assert [] == [each for each in counts for symbol in CHARACTERS if not 15 < each[symbol] < 110]


def test_derived_again() -> None:
    """One seed gives one code each time, another under another key, and none without its key."""
    seed, other = new_seed(KEYS, "code"), Keys(b"another secret of the tests, long")
    assert derive_code(KEYS, seed) == derive_code(Keys(SECRET), seed) == derive_code(Keys(b"n" * 32, SECRET), seed)
    assert derive_code(KEYS, seed) != derive_code(other, replace(seed, key_id=other.id))
    with pytest.raises(MissingKeyError):
        derive_code(other, seed)


def test_random_bits() -> None:
    """A code has at least 60 random bits, also for somebody who knows the three symbols of its hint."""
    bits = math.log2(len(CHARACTERS))
    assert (75, 60) == (bits * RANDOM_LENGTH, bits * (CODE_LENGTH - 3 - 1))


def test_symbols_are_not_misread() -> None:
    """No symbol looks like another: no 0 and O, no 1 and I."""
    assert (32, set()) == (len(set(CHARACTERS)), set(CHARACTERS) & set("01IO"))


def test_grouped() -> None:
    """A code is shown in groups of four."""
    assert "ABCD-EFGH-JKLM-NPQR" == group_code("ABCDEFGHJKLMNPQR")


@pytest.mark.parametrize(
    "typed",
    [
        "ABCD-EFGH-JKLM-NPQR",
        "abcdefghjklmnpqr",
        "  abcd efgh jklm npqr\n",
        "ABCD\u2013EFGH\u2014JKLM\u2011NPQR",
        "ABCD\u2212EFGH\u00adJKLM\u200bNPQR",
        "ABCD\u00a0EFGH\u2009JKLM\u3000NPQR",
        "ABCD.EFGH.JKLM.NPQR",
        "\u201cABCD_EFGH/JKLM\u00b7NPQR\u201d.",
        "ＡＢＣＤ－ＥＦＧＨ－ＪＫＬＭ－ＮＰＱＲ",
        "ａｂｃｄｅｆｇｈｊｋｌｍｎｐｑｒ",
    ],
)
def test_normalise(typed: str) -> None:
    """Case, spaces, dashes and dots of every sort and full-width letters do not matter."""
    assert "ABCDEFGHJKLMNPQR" == normalise_code(typed)


@settings(deadline=None)
@given(CODES)
def test_normalise_grouped(code: str) -> None:
    """Every code can be typed as it is shown."""
    assert code == normalise_code(group_code(code).lower())


@settings(deadline=None)
@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever is typed is read without spaces and dashes, and never breaks the check."""
    read = normalise_code(text)
    is_valid_code(read)
    assert not set(read) & set(" -\t\n\u00a0\u2013\u2014\u2212\u00ad")


@settings(deadline=None)
@given(CODES, st.integers(0, CODE_LENGTH - 1), st.sampled_from(CHARACTERS))
def test_one_wrong_symbol(code: str, place: int, symbol: str) -> None:
    """One wrong symbol is always noticed."""
    wrong = code[:place] + symbol + code[place + 1 :]
    assert (wrong == code) == is_valid_code(wrong)


@settings(deadline=None)
@given(CODES, st.integers(0, CODE_LENGTH - 3), st.sampled_from([1, 2]))
def test_swapped_symbols(code: str, place: int, distance: int) -> None:
    """Two swapped neighbours, or two swapped across one symbol, are always noticed."""
    signs = list(code)
    signs[place], signs[place + distance] = signs[place + distance], signs[place]
    wrong = "".join(signs)
    assert (wrong == code) == is_valid_code(wrong)


@pytest.mark.parametrize("wrong", ["", "ABCD", "ABCDEFGHJKLMNPQ0", "ABCDEFGHJKLMNPQR2", "ÀBCDEFGHJKLMNPQR"])
def test_not_a_code(wrong: str) -> None:
    """A wrong length or symbol is no code."""
    assert not is_valid_code(wrong)


def test_with_check_refuses() -> None:
    """A check symbol is only made for our own symbols."""
    with pytest.raises(ValueError, match="substring not found"):
        with_check_character("0" * 15)

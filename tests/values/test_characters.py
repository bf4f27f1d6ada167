"""Characters that cannot be seen: what is taken out, what becomes a space, and what stays since it means something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfservice.values.characters import find_invisible, one_line, remove_invisible


@pytest.mark.parametrize(
    "char",
    "\u200b\ufeff\u2060\u00ad\u200e\u200f\u061c\u202a\u202e\u2066\u2069\u200c\u200d\U000e0020\u3164\uffa0\u115f\u2800\u034f\ufe0f",
)
def test_taken_out(char: str) -> None:
    """Marks that cannot be seen are taken out of Latin text, wherever they stand."""
    assert "Meelstraat 3" == remove_invisible(f"{char}Meel{char}straat {char}3{char}")


def test_greek_question_mark() -> None:
    """It becomes no semicolon, as NFC has it: that would cut a line of a file in two."""
    assert "A1?;b" == remove_invisible("A1\u037e;b")


@pytest.mark.parametrize("char", "\t\u00a0\u2009\u202f\u3000\u2007")
def test_spaces(char: str) -> None:
    """Whatever its width, a space is a space; a line has no two of them, and none around it."""
    assert "a b" == remove_invisible(f"a{char}b")
    assert "a b" == one_line(f"{char}a{char} b ")


@pytest.mark.parametrize(
    "text",
    [
        "علی\u200cرضا",  # Persian: the non-joiner parts the two names in one word
        "क्\u200dष",  # Devanagari: the half form of the letter
        "ക്\u200d",  # Malayalam: a chillu at the end of a word
        "श्री\u200dमान",
        "\u0600",
    ],
)
def test_kept(text: str) -> None:
    """What changes how a word is written stays."""
    assert text == remove_invisible(text) == one_line(text)
    assert find_invisible(text.replace("\u0600", "")) is None


@pytest.mark.parametrize("text", ["علی\u200c", "\u200cعلی", "علی \u200dرضا", "a\u200cعلی"])
def test_joiners_that_mean_nothing(text: str) -> None:
    """At an end of a word, or beside another script, a joiner means nothing."""
    assert text.replace("\u200c", "").replace("\u200d", "") == remove_invisible(text)


@pytest.mark.parametrize(("text", "place"), [("a\x00b", 1), ("\x1b[2J", 0), ("a\nb", 1), ("ab\x85", 2), ("ab", None)])
def test_named(text: str, place: int | None) -> None:
    """A control character is not taken out: its place is told."""
    assert place == find_invisible(remove_invisible(text))


PARTS = "\u200b\u200c\u200d\u00adäe\u0301 न\u093c्ഷعل٣؀\u0600"


@given(st.one_of(st.text(), st.text(PARTS)))
def test_once_is_enough(text: str) -> None:
    """Cleaning what is clean changes nothing, and takes nothing out that can be seen."""
    clean = remove_invisible(text)
    assert clean == remove_invisible(clean)
    assert one_line(clean) == one_line(one_line(text))

"""Names in any script, and of people who have one."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfservice.values.error import FieldError
from selfservice.values.name import check_name, check_names, full_name, name_error


@pytest.mark.parametrize(
    "name",
    [
        *("Jip", "van der Zonnestraal-Winterbourne", "O’Brien", "D'Angelo", "J.R.R.", "M. de", "Nuñez", "Gal·la"),
        *("Nguyễn Thị Ánh", "Işıl Çağrı", "İbrahim", "Łukasz", "Þórunn", "Okafor-Ọláńrewájú"),
        *("Иван Сергеевич", "Αλέξανδρος", "Բաբկեն", "ლევანი"),
        *("محمد عبد الله", "علی‌رضا", "יוסף", "ז׳בוטינסקי"),
        *("राजेश", "श्री‍मान", "বিশ্বাস", "สมชาย", "தமிழ்"),
        *("王小明", "さくら・ももこ", "김민준"),
    ],
)
def test_names(name: str) -> None:
    """A name may be in any script, with its marks, hyphens, apostrophes, middle dots and joiners."""
    assert (name, "") == (check_name(name), name_error(name, empty="fill in"))


@pytest.mark.parametrize(
    "text",
    ["a.nl", "Jip https://a.nl", "a@b", "R2D2", "Jip\x00", "-", "<b>", "Jip, Jan", "Jip\u202e/", "\u2028", "·", "😀"],
)
def test_not_a_name(text: str) -> None:
    """Nothing that could be a link or markup in a mail is a name, nor what has no letter."""
    assert name_error(text, empty="fill in")


@pytest.mark.parametrize("typed", ["\ufeffJip\u200b", " Jip\u00a0", "\u2068Jip\u2069", "J\u00adip", "Jip\u3164"])
def test_pasted(typed: str) -> None:
    """What a clipboard brings along is not part of the name."""
    assert "Jip" == check_name(typed)


@pytest.mark.parametrize(
    ("given_name", "family_name", "expected"),
    [
        ("Jip", "Jonge", ("Jip", "Jonge")),
        ("Sukarno", "", ("Sukarno", "")),
        (" ", "Sukarno", ("Sukarno", "")),
        ("\u200b\u3164", "Sukarno ", ("Sukarno", "")),
    ],
)
def test_one_name(given_name: str, family_name: str, expected: tuple[str, str]) -> None:
    """Who has one name fills in either of the two; it is what mails greet by, and is written without a space."""
    assert expected == check_names(given_name, family_name)
    assert (
        " ".join(filter(None, expected))
        == full_name(*expected)
        == full_name(given_name.strip("\u200b\u3164 "), family_name.strip())
    )


def test_no_name() -> None:
    """Nobody has none."""
    with pytest.raises(FieldError, match="empty"):
        check_names(" ", "\u200b")
    assert ("fill in", "") == (name_error("\u00a0", empty="fill in"), name_error("", empty=""))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=70))
def test_once_is_enough(text: str) -> None:
    """A name that was accepted is its own canonical form."""
    with suppress(FieldError):
        name = check_name(text)
        assert name == check_name(name) == check_name(f"\ufeff{name}\u00a0")

"""Codes of messages: of a shape that no other code of ours has, and told from those where they are typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from selfservice.i18n.languages import using_language
from selfservice.values.access_code import CODE_LENGTH, access_code_error, is_valid_code, with_check_character
from selfservice.values.message_code import (
    group_message_code,
    is_valid_message_code,
    looks_like_message_code,
    new_message_code,
)
from selfservice.values.reference import is_valid_reference, reference_error


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with using_language("en"):
        yield


MESSAGE_CODE = group_message_code("482193175224")
ACCESS_CODE = with_check_character("ABCDEFGHJKLMNPQ")


def test_new() -> None:
    """Twelve digits, not beginning with a 0, all different, and no code of another kind."""
    made = {new_message_code() for _ in range(200)}
    assert 200 == len(made)
    assert all(is_valid_message_code(code) and code[0] != "0" for code in made)
    assert not any(is_valid_code(code) or is_valid_reference(code) for code in made)


def test_one_mistake() -> None:
    """One mistyped digit, or two neighbours swapped, is no code of a message."""
    code = new_message_code()
    for at, digit in ((at, digit) for at in range(12) for digit in "0123456789"):
        wrong = code[:at] + digit + code[at + 1 :]
        assert (wrong == code) == is_valid_message_code(wrong)
    for at in range(11):
        wrong = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        assert (wrong == code) == is_valid_message_code(wrong)


@pytest.mark.parametrize(
    "wrong", ["", "48219317522", "4821931752240", "48219317522A", "４８２１９３１７５２２４", "²" * 12]
)
def test_wrong(wrong: str) -> None:
    """Another length, or what is no plain digit, is not a code of a message."""
    assert not is_valid_message_code(wrong)


def test_grouped() -> None:
    """It is written in four groups of three, and read in any spelling."""
    grouped = group_message_code("482193175224")
    assert "482 193 175 224" == grouped.replace("\N{NO-BREAK SPACE}", " ")
    typed = (grouped, "482-193-175-224", " 482193175 224. ", "４８２ 193 175 224")
    assert all(looks_like_message_code(each) for each in typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("K7RM-4X92", "the reference of a request. Fill in your access code here"),
        ("K7RM-4X9X", "the reference of a request"),
        (MESSAGE_CODE, "the code of a message. You cannot log in with it."),
        ("ABCD-EFGH-JKLM", "and an access code has 16"),
    ],
)
def test_instead_of_an_access_code(typed: str, said: str) -> None:
    """Who types another code where an access code is asked reads which it is."""
    assert said in access_code_error(typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (ACCESS_CODE, "an access code, which you log in with. Fill in the reference here."),
        ("X" * CODE_LENGTH, "an access code"),
        (MESSAGE_CODE, "the code of a message. Fill in the reference here"),
        ("K7RM-4X9X", "a mistake in this reference"),
    ],
)
def test_instead_of_a_reference(typed: str, said: str) -> None:
    """Who types another code where a reference is asked reads which it is."""
    assert said in reference_error(typed)

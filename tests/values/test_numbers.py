"""IBANs, account holders, telephone and organisation numbers: pasted from anywhere, one canonical form."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfservice.values.error import FieldError
from selfservice.values.iban import check_holder, group_iban, holder_error, iban_error, normalise_iban
from selfservice.values.organisation_number import check_organisation_number, organisation_number_error
from selfservice.values.phone import check_phone, phone_error

CHECKS: list[Callable[[str], Any]] = [normalise_iban, check_holder, check_organisation_number, check_phone]
MARKS = ("{}", " {} ", "\u00a0{}\u200b", "\ufeff{}\t", "\u202a{}\u202c")


@pytest.mark.parametrize("form", MARKS)
def test_pasted(form: str) -> None:
    """Spaces and marks that a clipboard brings along do not matter to any of them."""
    assert "NL91ABNA0417164300" == normalise_iban(form.format("NL91 ABNA 0417 1643 00"))
    assert "+31885851585" == check_phone(form.format("+31 88 585 15 85")) == check_phone(form.format("088-5851585"))
    assert "12345678" == check_organisation_number(form.format("1234.5678"))
    assert "J. de Jonge e/o" == check_holder(form.format("J. de\u00a0Jonge  e/o"))
    errors = (iban_error(form.format("NL91ABNA0417164300")), phone_error(form.format("")))
    assert ("", "", "") == (*errors, organisation_number_error(form.format("12345678")))


def test_shown_and_typed_again() -> None:
    """An account as our pages show it is the account."""
    assert "NL91ABNA0417164300" == normalise_iban(group_iban("NL91ABNA0417164300"))


@pytest.mark.parametrize("text", ["x" * 71, "a\nb", "a\x00b", " "])
def test_holder_refused(text: str) -> None:
    """A holder is one line of what a bank's message has room for; each mistake has a message of its own."""
    assert holder_error(text)
    assert holder_error("x" * 71) != holder_error("a\nb") != holder_error(" ")


@settings(deadline=None)
@given(st.one_of(st.text(max_size=40), st.from_regex(r"\+?[0-9 ()-]{6,20}", fullmatch=True)))
def test_once_is_enough(text: str) -> None:
    """What was accepted is its own canonical form."""
    for check in CHECKS:
        with suppress(FieldError):
            value = check(text)
            assert value is None or value == check(value)

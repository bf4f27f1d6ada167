"""Addresses: house numbers as the national address register has them, lines as people paste them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfservice.i18n.languages import using_language
from selfservice.letters.characters import printing_error
from selfservice.values.address import (
    Address,
    check_address,
    check_address_line,
    check_house_number,
    goes_abroad,
    house_number_error,
    mask_address,
    split_envelope,
)
from selfservice.values.country import HOME, check_country, country_choices, country_line
from selfservice.values.error import FieldError
from selfservice.values.postcode import check_postcode, postcode_error


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("1", "1"),
        ("99999", "99999"),
        ("12A", "12A"),
        ("12 a", "12a"),
        ("12-A", "12-A"),
        ("12B-3", "12B-3"),
        ("12 B 3", "12B-3"),
        ("12B 3", "12B-3"),
        ("12 B - 3", "12B-3"),
        ("12 3", "12-3"),
        ("12/3", "12-3"),
        ("12–3", "12-3"),
        ("12−3", "12-3"),
        ("1-A-2", "1-A-2"),
        ("12 bis", "12 bis"),
        ("12bis", "12 bis"),
        ("12-BIS", "12-BIS"),
        ("12 hs", "12 hs"),
        ("12A2", "12 A2"),
        ("12 A2", "12 A2"),
        ("12 beneden", "12 beneden"),
        ("12 3hoog", "12-3hoog"),
        ("12-14", "12-14"),
        ("12 t/o 16", "12 t/o 16"),
        ("12 T/M 16A", "12 t/m 16A"),
        ("12A tm 16", "12A t/m 16"),
        ("１２ Ａ", "12A"),
        ("\u200b12\u00a0A ", "12A"),
    ],
)
def test_house_number(typed: str, expected: str) -> None:
    """A house number comes out as the register writes it, and is its own canonical form."""
    assert (expected, expected, "") == (
        check_house_number(typed),
        check_house_number(expected),
        house_number_error(typed),
    )


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "0",
        "012",
        "100000",
        "123456",
        "A",
        "A12",
        "-12",
        "12-",
        "12--3",
        "12 t/m",
        "12 t/m 14 t/m 16",
        "12 abcdefghi",
        "12 A B C D",
        "12; DROP",
        "12\x00",
        "12_3",
        "twaalf",
        "12 ½",
    ],
)
def test_no_house_number(typed: str) -> None:
    """What is no house number is refused with a sentence that shows one."""
    assert "12B-3" in house_number_error(typed)


@given(st.one_of(st.text(max_size=30), st.text("0123456789ABbis -/t.mo\u00a0", max_size=20)))
def test_house_number_once(text: str) -> None:
    """A house number that was accepted is its own canonical form, and has the letters and digits that were typed."""
    with suppress(FieldError):
        number = check_house_number(text)
        assert number == check_house_number(number)


@given(
    st.integers(1, 99999),
    st.sampled_from(["", "A", "b"]),
    st.sampled_from(["", "-3", "-14", "-A", "-1A2b", "-hs"]),
)
def test_register(number: int, letter: str, addition: str) -> None:
    """Whatever the register can have, written the way it writes it, is canonical."""
    assert f"{number}{letter}{addition}" == check_house_number(f"{number}{letter}{addition}")


@pytest.mark.parametrize("typed", ["1234AB", "1234 ab", "\u200b1234\u00a0AB", "１２３４ＡＢ", "1234-AB"])
def test_postcode(typed: str) -> None:
    """However it is typed or pasted, a postcode is one postcode."""
    assert "1234 AB" == check_postcode(typed)


@given(st.text(max_size=70))
def test_line_once(text: str) -> None:
    """A street or town that was accepted is its own canonical form."""
    with suppress(FieldError):
        line = check_address_line(text)
        assert line == check_address_line(line) == check_address_line(f"\ufeff{line}\u00a0")


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (Address("Meelstraat", "12b 3", "1234ab", "Tarwedam"), ("Meelstraat 12b-3", "1234 AB  TARWEDAM")),
        (Address("Hauptstraße", "5 a", "10115", "Berlin", "de"), ("Hauptstraße 5 a", "10115  BERLIN", "GERMANY")),
        (
            Address("rue de la Paix", "12bis", "75002", "Paris", "FR"),
            ("12bis rue de la Paix", "75002  PARIS", "FRANCE"),
        ),
        (Address("1 rue Neuve", "", "", "1000 Bruxelles", "BE"), ("1 rue Neuve", "1000 BRUXELLES", "BELGIUM")),
        (
            Address("Downing Street", "10", "sw1a 2aa", "London", "GB"),
            ("10 Downing Street", "LONDON  SW1A 2AA", "UNITED KINGDOM"),
        ),
        (
            Address("Main St", "1", "12345-6789", "Springfield IL", "US"),
            ("1 Main St", "SPRINGFIELD IL  12345-6789", "UNITED STATES"),
        ),
        (Address("Sheikh Zayed Rd", "", "", "Dubai", "AE"), ("Sheikh Zayed Rd", "DUBAI", "UNITED ARAB EMIRATES")),
    ],
)
def test_lines(address: Address, lines: tuple[str, ...]) -> None:
    """An envelope has the address as its country has it; abroad the last line is that country, in English capitals."""
    envelope = ("Korst BV", "Jip", *check_address(address).lines())
    assert (("Korst BV", "Jip"), lines) == split_envelope(envelope)
    assert (len(lines) == 3) == goes_abroad(envelope)
    assert lines[-1][:4] in mask_address(envelope)


@pytest.mark.parametrize(
    "wrong", [{"postcode": "€"}, {"postcode": "1" * 13}, {"house_number": "#1"}, {"country": "XX"}, {"city": ""}]
)
def test_abroad_refused(wrong: dict[str, str]) -> None:
    """What cannot be part of an address anywhere is refused."""
    parts = {"street": "Rue", "house_number": "1", "postcode": "75002", "city": "Paris", "country": "FR"}
    with pytest.raises(FieldError):
        check_address(Address(**parts | wrong))


def test_country() -> None:
    """Countries are offered in the language of the page, in its order; nothing chosen is the Netherlands."""
    assert (HOME, "BE") == (check_country(" "), check_country("be\u00a0"))
    with using_language("nl"):
        assert ("DE", "Duitsland") in country_choices()
    with using_language("en"):
        choices = country_choices()
    assert ("DE", "Germany") in choices
    assert HOME not in dict(choices)
    assert choices == sorted(choices, key=lambda each: each[1].casefold())


@pytest.mark.parametrize("code", [HOME, *dict(country_choices())])
def test_country_lines(code: str) -> None:
    """No country has a digit in its name, by which a postcode's line is told from it; a letter can print all."""
    line = country_line(code)
    assert ("", False) == (printing_error(line), any(char.isdigit() for char in line))


def test_abroad_messages() -> None:
    """Abroad a number and a postcode may be left out; what is said of a wrong one asks for no Dutch one."""
    assert ("", "") == (house_number_error("", "BE"), postcode_error("", "BE"))
    with using_language("en"):
        messages = house_number_error("#", "BE"), postcode_error("#", "BE")
    assert [True, True] == ["as it is written in that country" in message for message in messages]

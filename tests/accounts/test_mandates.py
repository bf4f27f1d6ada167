"""Direct debit mandates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from selfservice.accounts import mandates
from selfservice.db import Database, IntegrityError
from selfservice.values.error import FieldError
from selfservice.values.iban import check_holder, group_iban, normalise_iban
from tests.domain_helpers import CONTEXT, NOW, add_person, new_database, rows
from tests.request_helpers import IBAN, add_organisation

DAY = date(2026, 11, 23)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        add_person(made)
        add_organisation(made)
        yield made


def agree(db: Database, organisation: int | None = None, iban: str = IBAN, holder: str = "Jip") -> int:
    with db.write() as conn:
        return mandates.add(
            conn, NOW, person_id=1, organisation_id=organisation, iban=iban, holder=holder, effective_on=DAY
        )


@pytest.mark.parametrize(
    "typed",
    [
        *(
            IBAN,
            "nl91 abna 0417 1643 00",
            " NL91-ABNA-0417-1643-00 ",
            "NL91.ABNA.0417164300",
            "IBAN: NL91 ABNA 0417164300",
        ),
        *("NL91\u200bABNA\u20600417\u00a0164300", "\uff2e\uff2c91ABNA0417164300", "NL91ABNA0417164300."),
    ],
)
def test_iban(typed: str) -> None:
    """An IBAN is one IBAN however it is typed."""
    assert IBAN == normalise_iban(typed)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("", "empty"), ("  ", "empty"), ("NL91ABNA0417164301", "wrong"), ("NL91", "wrong"), ("ABNA0417164300", "wrong")],
)
def test_iban_that_is_none(typed: str, reason: str) -> None:
    """A wrong check digit, a wrong length or no country is refused, with the reason."""
    with pytest.raises(FieldError) as error:
        normalise_iban(typed)
    assert reason == error.value.reason


def test_foreign_iban() -> None:
    """An account in another country of the SEPA area will do."""
    assert "BE68539007547034" == normalise_iban("BE68 5390 0754 7034")


def test_shown() -> None:
    """An IBAN is written in groups; to recognise it its two ends are enough."""
    mandate = mandates.Mandate(1, 1, None, IBAN, "Jip", DAY)
    assert ("NL91 ABNA 0417 1643 00", "NL91 •••• 4300") == (group_iban(IBAN), mandate.masked_iban)


@pytest.mark.parametrize("typed", [" Jip  de Wit ", "Jip\tde Wit", "Jip\u00a0de\u202fWit", "Jip de\u2009 Wit"])
def test_holder_as_pasted(typed: str) -> None:
    """A name that was copied has other spaces, or more of them; that is no mistake."""
    assert "Jip de Wit" == check_holder(typed)


@pytest.mark.parametrize(("holder", "reason"), [("", "empty"), (" ", "empty"), ("x" * 71, "long"), ("a\nb", "wrong")])
def test_holder(holder: str, reason: str) -> None:
    """A holder is one line that a bank's message has room for."""
    with pytest.raises(FieldError, match=reason):
        check_holder(holder)


def test_agree(db: Database) -> None:
    """A mandate stands from when it was agreed to, and knows the day on which it begins to hold."""
    made = agree(db)
    assert mandates.Mandate(made, 1, None, IBAN, "Jip", DAY) == mandates.current(db.read(), 1, None)


def test_agree_again(db: Database) -> None:
    """Agreeing again ends the one before; privately and for an organisation each have one."""
    agree(db, holder="Old")
    agree(db, holder="New")
    agree(db, 1)
    private = mandates.current(db.read(), 1, None)
    assert private
    assert ("New", 2) == (private.holder, sum(row["ended_at"] is None for row in rows(db, "mandates")))


def test_one_open_mandate(db: Database) -> None:
    """The database itself refuses a second open one."""
    agree(db)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(
            """INSERT INTO mandates (person_id, iban, holder, agreed_at, effective_on)
               SELECT person_id, iban, holder, agreed_at, effective_on FROM mandates"""
        )


def test_end(db: Database) -> None:
    """Ended, it is no longer current; ending what is not there says so."""
    agree(db)
    with db.write() as conn:
        found = [mandates.end(conn, 1, None, NOW), mandates.end(conn, 1, None, NOW), mandates.end(conn, 1, 1, NOW)]
    assert ([True, False, False], None) == (found, mandates.current(db.read(), 1, None))


def test_wrong_account_ends_nothing(db: Database) -> None:
    """An account that cannot be leaves the mandate as it is."""
    agree(db)
    with pytest.raises(FieldError):
        agree(db, iban="NL00")
    assert mandates.current(db.read(), 1, None)


def test_clean(db: Database) -> None:
    """An ended mandate goes after 425 days, an open one never."""
    agree(db)
    agree(db, 1)
    with db.write() as conn:
        mandates.end(conn, 1, None, NOW)
        gone = [mandates.clean(conn, CONTEXT, NOW + timedelta(days=days)) for days in (425, 426)]
    assert ([0, 1], 1) == (gone, len(rows(db, "mandates")))

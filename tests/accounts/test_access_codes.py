"""Members: who a code and an address belong to, and the invented ones of the demonstration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from selfservice.accounts import access_codes, passwords
from selfservice.db import Database, IntegrityError
from selfservice.demo import accounts
from selfservice.values.access_code import group_code, hash_code, is_valid_code, lookup_hashes
from selfservice.values.email import check_email
from tests.domain_helpers import CONTEXT, KEYS, NOW, add_person, dump, new_code, new_database, recorded_statements, rows

EMAIL = "jip@bakkerij.example"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def find(db: Database, code: str, email: str) -> access_codes.CodeHolder | None:
    return access_codes.find(db.read(), lookup_hashes(KEYS, code), email)


def test_find_by_hashes(db: Database) -> None:
    """Code and address together find the person, however both are typed."""
    person, code = add_person(db)
    found = find(db, group_code(code).lower(), " JIP@Bakkerij.example ")
    expected = access_codes.CodeHolder(person, 1, "Jip", "van der Zonnestraal", EMAIL, "nl", "private", code[-3:], None)
    assert expected == found


def test_find_by_hashes_needs_both(db: Database) -> None:
    """A right code with another's address, or the reverse, finds nobody."""
    _, code = add_person(db)
    _, other = add_person(db, "oona@kites.example")
    tries = [(other, EMAIL), (code, "oona@kites.example"), (new_code(), EMAIL), ("", "")]
    assert [None] * 4 == [find(db, *each) for each in tries]


def test_domain_in_two_spellings(db: Database) -> None:
    """An address whose domain has letters beyond ASCII finds its person as it is typed and as mail servers write it."""
    person, code = add_person(db, check_email("jip@Bäckerei.example"))
    typed = ("jip@bäckerei.example", "Jip@BÄCKEREI.example", "jip@xn--bckerei-5wa.example")
    found = [find(db, code, each) for each in typed]
    assert [person] * 3 == [each and each.person_id for each in found]


def test_find_by_hashes_costs_the_same(db: Database) -> None:
    """One query runs, whether somebody is found or not."""
    _, code = add_person(db)
    counts = []
    for each in (code, new_code()):
        with recorded_statements(db) as statements:
            find(db, each, EMAIL)
        counts.append(len(statements))
    assert [1, 1] == counts


@pytest.mark.parametrize("spelling", [EMAIL, EMAIL.upper()])
def test_one_person_an_address(db: Database, spelling: str) -> None:
    """An address is one person's, in whichever spelling."""
    add_person(db, EMAIL)
    with pytest.raises(IntegrityError, match=r"people\.email_key"):
        add_person(db, spelling)


def test_revoked_code(db: Database) -> None:
    """A withdrawn code finds nobody; a new one can then be given."""
    person, code = add_person(db)
    with db.write() as conn:
        access_codes.revoke(conn, 1, NOW)
        access_codes.add(conn, KEYS, NOW, code=new_code(), person_id=person)
    assert None is find(db, code, EMAIL)


def test_one_active_code(db: Database) -> None:
    """A person has one active code an organisation, and one private."""
    person, _ = add_person(db)
    with pytest.raises(IntegrityError), db.write() as conn:
        access_codes.add(conn, KEYS, NOW, code=new_code(), person_id=person)


def test_wrong_code_is_not_kept(db: Database) -> None:
    """A code whose check symbol does not fit is never given to anybody."""
    person, _ = add_person(db)
    with pytest.raises(ValueError, match="check symbol"), db.write() as conn:
        access_codes.add(conn, KEYS, NOW, code="A" * 16, person_id=person)


def test_code_is_not_in_the_database(db: Database) -> None:
    """Of a code the database holds a keyed hash and its last three symbols."""
    _, code = add_person(db)
    assert (False, True) == (code[:13] in dump(db), code[13:] in dump(db))


def test_code_hashes(db: Database) -> None:
    """A person's active codes can be recognised without being known."""
    person, code = add_person(db)
    assert {hash_code(KEYS, group_code(code))} == access_codes.active_hashes(db.read(), person)


def test_set_password(db: Database) -> None:
    """Each person has one password hash, the newest."""
    person, _ = add_person(db)
    for hashed in ("$argon2id$one", "$argon2id$two"):
        with db.write() as conn:
            passwords.store_hash(conn, person, hashed, NOW)
    conn = db.read()
    found = [passwords.find_hash(conn, each) for each in (person, person + 1, None)]
    assert ["$argon2id$two", None, None] == found


def test_demo(db: Database) -> None:
    """The demonstration has 20 organisations, 47 codes of which two are revoked, 13 requests of which 5 led to a code,
    and 600 orders; it is filled once, and its log-in works.
    """
    filled = [accounts.fill(db, CONTEXT), accounts.fill(db, CONTEXT)]
    counts = [len(rows(db, table)) for table in ("organisations", "people", "access_codes", "requests", "orders")]
    revoked = [row["revoked_at"] is not None for row in rows(db, "access_codes")]
    member = find(db, *accounts.DEMO_LOGIN)
    assert ([True, False], [20, 54, 47, 13, 600], 2, True) == (filled, counts, sum(revoked), member is not None)


def test_demo_codes() -> None:
    """Demo codes are valid, differ, and are the same each time."""
    made = [accounts.code(number) for number in range(accounts.PEOPLE)]
    assert (40, True, made) == (
        len(set(made)),
        all(map(is_valid_code, made)),
        [accounts.code(n) for n in range(40)],
    )


def test_demo_is_invented(db: Database) -> None:
    """Nobody in the demonstration can exist: reserved e-mail domains, impossible postcodes; both languages
    occur.
    """
    accounts.fill(db, CONTEXT)
    organisations, people = rows(db, "organisations"), rows(db, "people")
    emails = [row["email"] for row in organisations + people]
    assert emails == [check_email(email) for email in emails]
    assert {"example"} == {email.rpartition(".")[2] for email in emails}
    assert {"00"} == {row["postcode"][:2] for row in organisations}
    assert {"000"} == {row["kvk_number"][:3] for row in organisations}
    assert {"en", "nl"} == {row["language"] for row in people}
    assert 54 == len({row["email"] for row in people})

"""One-use tokens: they work once, for a while, for one person and purpose."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from selfservice.accounts import tokens
from selfservice.crypto import Keys, hash_token
from selfservice.db import Database
from selfservice.seeds import derive_token, new_seed
from tests.domain_helpers import KEYS, NOW, add_person, dump, new_database, recorded_statements, run_processes, verbs

KIND = "password"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        add_person(made)
        yield made


def issue(db: Database, person: int | None = 1, kind: str = KIND) -> str:
    with db.write() as conn:
        return derive_token(KEYS, tokens.issue(conn, KEYS, kind, person, 1, NOW).seed)


def redeem(db: Database, plain: str, minutes: int = 0, kind: str = KIND) -> int | None:
    with db.write() as conn:
        return tokens.redeem(conn, kind, hash_token(plain), NOW + timedelta(minutes=minutes))


def test_token() -> None:
    """A token has 256 random bits and needs no escaping in a link."""
    made = {derive_token(KEYS, new_seed(KEYS, "token")) for _ in range(100)}
    assert (100, {43}, True) == (
        len(made),
        {len(each) for each in made},
        all(each.isascii() for each in made),
    )


def test_redeem_once(db: Database) -> None:
    """A token works once."""
    plain = issue(db)
    used = [redeem(db, plain), redeem(db, plain)]
    assert ([1, None], None) == (used, tokens.find(db.read(), KIND, hash_token(plain), NOW))


@pytest.mark.parametrize(("minutes", "person"), [(0, 1), (59, 1), (60, None), (61, None)])
def test_expiry(db: Database, minutes: int, person: int | None) -> None:
    """A token works for as many hours as it was given, and not at their end."""
    plain = issue(db)
    found = tokens.find(db.read(), KIND, hash_token(plain), NOW + timedelta(minutes=minutes))
    assert (person, person) == (found, redeem(db, plain, minutes))


def test_kind(db: Database) -> None:
    """A token for one purpose is none for another."""
    plain = issue(db, kind="confirmation")
    found = tokens.find(db.read(), KIND, hash_token(plain), NOW)
    assert (None, None, 1) == (found, redeem(db, plain), redeem(db, plain, kind="confirmation"))


def test_siblings(db: Database) -> None:
    """Using one token ends the person's others of its kind, and nobody else's."""
    add_person(db, "oona@kites.example")
    first, second, other, confirmation = (
        issue(db),
        issue(db),
        issue(db, person=2),
        issue(db, kind="confirmation"),
    )
    used = redeem(db, second)
    left = [redeem(db, first), redeem(db, other), redeem(db, confirmation, kind="confirmation")]
    assert (1, [None, 2, 1]) == (used, left)


def test_void(db: Database) -> None:
    """A void token opens nothing, though it is there."""
    plain = issue(db, person=None)
    found = tokens.find(db.read(), KIND, hash_token(plain), NOW)
    assert (None, None) == (found, redeem(db, plain))


def test_void_costs_the_same(db: Database) -> None:
    """Issuing a void token runs the same statements as issuing a real one."""
    seen = []
    for person in (1, None):
        with recorded_statements(db) as statements:
            issue(db, person)
        seen.append(verbs(statements))
    assert [["BEGIN", "INSERT", "COMMIT"]] * 2 == seen


def test_find_changes_nothing(db: Database) -> None:
    """Looking at a token any number of times leaves it as it was: mail scanners follow links."""
    plain = issue(db)
    before = dump(db)
    for _ in range(3):
        tokens.find(db.read(), KIND, hash_token(plain), NOW)
    assert (before, 1) == (dump(db), redeem(db, plain))


def test_token_is_not_in_the_database(db: Database) -> None:
    """Of a token the database holds only the hash."""
    plain = issue(db)
    assert (False, True) == (plain in dump(db), hash_token(plain) in dump(db))


def race(path: Path, plains: list[str]) -> int:
    db = Database(path)
    won = sum(redeem(db, plain) is not None for plain in plains)
    db.close()
    return won


def test_race(db: Database) -> None:
    """Of 4 processes that try the same 500 tokens, exactly one wins each."""
    plains = []
    with db.write() as conn:
        for _ in range(500):
            person = conn.execute(
                "INSERT INTO people (given_name, family_name, email, email_key, language, created_at) "
                "SELECT given_name, family_name, email, id || email_key, language, created_at FROM people "
                "ORDER BY id DESC LIMIT 1 RETURNING id"
            ).fetchone()["id"]
            plains.append(derive_token(KEYS, tokens.issue(conn, KEYS, KIND, person, 1, NOW).seed))
    assert 500 == sum(run_processes(race, [(db.path, plains)] * 4))


def test_keys_differ_by_purpose() -> None:
    """The same text hashes differently for another purpose or secret, and the same otherwise."""
    other = Keys(b"another secret of the tests, long")
    hashes = [KEYS.keyed_hash("a", "x"), KEYS.keyed_hash("b", "x"), other.keyed_hash("a", "x")]
    assert (3, hashes[0]) == (
        len(set(hashes)),
        Keys(b"a secret of the tests, long enough").keyed_hash("a", "x"),
    )


def test_keys_are_hkdf() -> None:
    """Keys are derived as RFC 5869 says (HKDF-SHA256), so another program can derive them too."""
    oracle = HKDF(SHA256(), length=32, salt=b"loket", info=b"access-code")
    assert oracle.derive(b"a secret of the tests, long enough") == KEYS.derive("access-code")


def test_short_secret() -> None:
    """A secret too short to be one is refused."""
    with pytest.raises(ValueError, match="at least 32"):
        Keys(b"short")

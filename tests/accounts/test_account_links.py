"""Links behind which the password of an account is chosen: for whom, how long, and how often they work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from selfservice.accounts import account_links, email_changes, people, sessions, user_accounts
from selfservice.accounts.account_links import Opening, Purpose
from selfservice.crypto import hash_token
from selfservice.db import Database
from tests.domain_helpers import (
    CONTEXT,
    NOW,
    add_person,
    dump,
    filled,
    new_database,
    recorded_statements,
    rows,
    run_processes,
    undo,
    verbs,
)
from tests.request_helpers import BUSINESS, PRIVATE, add_organisation, approve, hand_in

HASH = "$argon2id$made-up"
NEW, WITH_CODE, WITH_ACCOUNT = "oona@kites.example", "jip@bakkerij.example", "nova@postbus.example"
# Whose an address can be: nobody's, or of somebody with an access code only, with an account, or whose account was
# deleted; or somebody with an account is changing to it, or has changed away from it and can still undo that.
EVERYBODY = {
    "new": NEW,
    "code only": WITH_CODE,
    "account": WITH_ACCOUNT,
    "deleted": "gone@postbus.example",
    "pending": "next@postbus.example",
    "left": "left@postbus.example",
}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        add_person(made, WITH_CODE)
        for email in (WITH_ACCOUNT, EVERYBODY["deleted"], EVERYBODY["left"]):
            person, _ = add_person(made, email)
            with made.write() as conn:
                user_accounts.add(conn, person, HASH, NOW)
        with made.write() as conn:
            user_accounts.delete(conn, person_of(made, EVERYBODY["deleted"]).id)
            for old, new in ((EVERYBODY["left"], "elsewhere@postbus.example"), (WITH_ACCOUNT, EVERYBODY["pending"])):
                email_changes.ask(conn, CONTEXT, person_of(made, old).id, new, "192.0.2.1", NOW)
            token = filled(rows(made, "outbox")[0])["token"]
            assert email_changes.confirm(conn, CONTEXT, hash_token(token), "192.0.2.1", NOW)
            for table in ("outbox", "caps"):
                conn.execute(f"DELETE FROM {table}")
        yield made


def ask(
    db: Database, email: str = NEW, purpose: Purpose = "create", address: str = "192.0.2.1", minutes: int = 0
) -> str:
    """Ask for a link; its token, or nothing when there is none in the mail."""
    typed = {"given_name": "Oona", "family_name": "Kites", "email": email, "language": "en"}
    with db.write() as conn:
        now = NOW + timedelta(minutes=minutes)
        account_links.send(conn, CONTEXT, purpose, typed, address, "nl", now)
    return str(filled(rows(db, "outbox")[-1]).get("token", ""))


def choose(db: Database, token: str, minutes: float = 0) -> Opening | None:
    with db.write() as conn:
        now = NOW + timedelta(minutes=minutes)
        return account_links.choose_password(conn, CONTEXT, hash_token(token), HASH, "192.0.2.1", now)


def find(db: Database, token: str, minutes: float = 0) -> Opening | None:
    return account_links.find(db.read(), hash_token(token), NOW + timedelta(minutes=minutes))


def person_of(db: Database, email: str) -> people.Person:
    found = people.find_by_email(db.read(), email)
    assert found
    return found


@pytest.mark.parametrize("name", EVERYBODY)
@pytest.mark.parametrize("purpose", ["create", "password"])
def test_mail(db: Database, purpose: Purpose, name: str) -> None:
    """What is the case stands in the mail: a link for whom there is something to choose a password for."""
    token = ask(db, EVERYBODY[name], purpose)
    has_account = name == "account" or (name == "left" and purpose == "create")
    without = "account.already" if purpose == "create" else "account.none"
    has_link = has_account == (purpose == "password")
    mail = rows(db, "outbox")[-1]
    assert ("account.link" if has_link else without, EVERYBODY[name]) == (mail["kind"], mail["recipient"])
    assert [has_link] * 2 == [bool(token), find(db, token) is not None]


def test_same_work(db: Database) -> None:
    """Whoever has the address, asking costs the same statements."""
    seen = []
    purposes: tuple[Purpose, ...] = ("create", "password")
    for purpose, email in product(purposes, EVERYBODY.values()):
        typed = {"given_name": "Oona", "family_name": "Kites", "email": email, "language": "en"}
        with recorded_statements(db) as statements, db.write() as conn:
            account_links.send(conn, CONTEXT, purpose, typed, "192.0.2.1", "nl", NOW)
        seen.append(verbs(statements))
    assert [seen[0]] * 12 == seen
    assert 5 < len(seen[0])


def test_new(db: Database) -> None:
    """Nobody is there before the link is used; then a person with the names and the language that were typed."""
    before = len(rows(db, "people"))
    token = ask(db)
    assert before == len(rows(db, "people"))
    opening = choose(db, token)
    assert opening
    assert 0 == opening.person.id
    made = person_of(db, NEW)
    assert ("Oona", "Kites", "en") == (made.given_name, made.family_name, made.language)
    assert user_accounts.find_hash(db.read(), made.id) == HASH
    # Who did it knows it.
    assert "account.changed" not in [row["kind"] for row in rows(db, "outbox")]


def test_somebody_with_a_code(db: Database) -> None:
    """An address that has access codes gives the account to that person, with their own names, and they are told."""
    before = person_of(db, WITH_CODE)
    opening = choose(db, ask(db, WITH_CODE.upper()))
    assert opening
    assert (before, before) == (opening.person, person_of(db, WITH_CODE))
    mails = [(row["kind"], row["recipient"], row["language"]) for row in rows(db, "outbox")]
    assert [("account.link", WITH_CODE, "nl"), ("account.changed", WITH_CODE, "nl")] == mails


def test_names_that_anybody_typed(db: Database) -> None:
    """Whoever asked for a code with somebody's address, which came to nothing, gives them no name and no language: the
    account has those with which it was asked for.
    """
    hand_in(db, PRIVATE, email=NEW, given_name="Mallory", family_name="Malice", language="nl")
    opening = choose(db, ask(db))
    mail = [row for row in rows(db, "outbox") if row["kind"] == "account.link"][-1]
    assert ("Oona", "en") == (filled(mail)["name"], mail["language"])
    made = person_of(db, NEW)
    assert opening
    assert ("Oona", "Kites", "en") == (made.given_name, made.family_name, made.language)
    assert made == opening.person


def test_names_of_an_account_stay(db: Database) -> None:
    """Nor does a request that anybody sent with the address of an account, and staff approved, rename its owner."""
    add_organisation(db)
    assert choose(db, ask(db))
    approve(db, hand_in(db, BUSINESS, email=NEW, given_name="Mallory", family_name="Malice", language="nl"))
    made = person_of(db, NEW)
    assert ("Oona", "Kites", "en") == (made.given_name, made.family_name, made.language)
    assert made.organisations


def test_another_password(db: Database) -> None:
    """The password of an account changes, all sessions of its owner end, and they are told."""
    person = person_of(db, WITH_ACCOUNT)
    with db.write() as conn:
        sessions.start(conn, person.id, None, "cookie", NOW, "")
        conn.execute("UPDATE user_accounts SET password_hash = '$argon2id$old'")
    assert choose(db, ask(db, WITH_ACCOUNT, "password"))
    assert (HASH, []) == (
        user_accounts.find_hash(db.read(), person.id),
        sessions.open_sessions(db.read(), CONTEXT, person.id, NOW),
    )
    assert "account.changed" == rows(db, "outbox")[-1]["kind"]


@pytest.mark.parametrize(("purpose", "email", "hours"), [("create", NEW, 24), ("password", WITH_ACCOUNT, 1)])
def test_expiry(db: Database, purpose: Purpose, email: str, hours: int) -> None:
    """A link works for as many hours as is said, and not at their end."""
    token, end = ask(db, email, purpose), hours * 60
    found = [find(db, token, minutes) is not None for minutes in (end - 0.1, end)]
    assert [True, False] == found
    assert [None, True] == [choose(db, token, end), choose(db, token, end - 0.1) is not None]


@pytest.mark.parametrize(("purpose", "email"), [("create", NEW), ("password", WITH_ACCOUNT)])
def test_two_links_for_one_address(db: Database, purpose: Purpose, email: str) -> None:
    """The first that is used wins; the other, and the same one once more, work no more. Those of others do."""
    tokens = [ask(db, email, purpose), ask(db, email, purpose)]
    other = ask(db, "ted@kites.example")
    used = [choose(db, token) is not None for token in (tokens[1], tokens[0], tokens[1], other)]
    assert [True, False, False, True] == used


def test_address_that_got_an_account_meanwhile(db: Database) -> None:
    """A link to create one works no more once its address has one, as by a change of address."""
    token = ask(db)
    with db.write() as conn:
        conn.execute("UPDATE people SET email = ?, email_key = ? WHERE email = ?", (NEW, NEW, WITH_ACCOUNT))
    before = dump(db)
    assert (None, None, before) == (find(db, token), choose(db, token), dump(db))


def test_address_that_was_left(db: Database) -> None:
    """A link for a new password works no more once its address is nobody's, or the account is gone."""
    token = ask(db, WITH_ACCOUNT, "password")
    person = person_of(db, WITH_ACCOUNT).id
    with db.write() as conn:
        conn.execute("UPDATE people SET email = ?, email_key = ? WHERE id = ?", (NEW, NEW, person))
    assert (None, None) == (find(db, token), choose(db, token))
    other = ask(db, NEW, "password")
    with db.write() as conn:
        user_accounts.delete(conn, person)
    assert (None, None) == (find(db, other), choose(db, other))


def test_revoked(db: Database) -> None:
    """All links to an address can be revoked, and no others."""
    token, other = ask(db), ask(db, "ted@kites.example")
    with db.write() as conn:
        account_links.revoke_all(conn, NEW.title(), NOW)
    assert [False, True] == [choose(db, each) is not None for each in (token, other)]


def test_all_or_nothing(db: Database) -> None:
    """What fails on the way leaves the link as it was, and no account."""
    token = ask(db)
    before = dump(db)
    undo(db, lambda conn: account_links.choose_password(conn, CONTEXT, hash_token(token), HASH, "192.0.2.1", NOW))
    assert before == dump(db)
    assert choose(db, token)


def test_looking_changes_nothing(db: Database) -> None:
    """Looking at a link any number of times leaves it as it was; and the database has only its hash."""
    token = ask(db)
    before = dump(db)
    assert [True] * 3 == [find(db, token) is not None for _ in range(3)]
    assert (before, False) == (dump(db), token in before)


def test_thief(db: Database) -> None:
    """Somebody who asks for links to another's address over and over, from everywhere: few are mailed and one waits;
    each has what the owner needs; and it keeps the owner from no other link.
    """
    given = [ask(db, WITH_ACCOUNT, "password", f"192.0.2.{number}", number) for number in range(60)]
    mails = rows(db, "outbox")
    due = [mail for mail in mails if mail["next_at"] == mail["created_at"]]
    assert (3, 1) == (len(due), len(mails) - len(due))
    assert ask(db, WITH_ACCOUNT, "create", minutes=60) == ""
    assert "account.already" in [mail["kind"] for mail in rows(db, "outbox")]
    assert choose(db, given[0], 30)


def race(path: Path, tokens: list[str]) -> int:
    db = Database(path)
    won = sum(choose(db, token) is not None for token in tokens)
    db.close()
    return won


@pytest.mark.slow
def test_race(db: Database) -> None:
    """Of 4 processes that use the same 500 links, exactly one wins each; of two links for one address one is used."""
    tokens = []
    for number in range(500):
        with db.write() as conn:
            conn.execute("DELETE FROM limits")
        tokens.append(ask(db, f"oona{number}@kites.example"))
    twice = []
    for number in range(50):
        with db.write() as conn:
            conn.execute("DELETE FROM limits")
        twice += [ask(db, f"ted{number}@kites.example") for _ in range(2)]
    before = len(rows(db, "user_accounts"))
    assert 550 == sum(run_processes(race, [(db.path, tokens + twice)] * 4))
    assert 550 == len(rows(db, "user_accounts")) - before

"""Another e-mail address for an account: who gets it, who keeps it, and how its owner wins it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from selfservice.accounts import account_links, email_changes, passwords, people, sessions, tokens, user_accounts
from selfservice.accounts.email_changes import EmailChange
from selfservice.accounts.passwords import Hasher
from selfservice.context import Context
from selfservice.crypto import hash_token
from selfservice.db import Connection, Database, DatabaseBusyError
from selfservice.fragments.change_password import form as change_password
from selfservice.seeds import Seed, derive_token
from tests.domain_helpers import (
    CONTEXT,
    KEYS,
    NOW,
    add_person,
    new_database,
    recorded_statements,
    rows,
    run_processes,
    verbs,
)
from tests.request_helpers import HASH, PRIVATE, hand_in

OLD, NEW, NEXT, OTHER = "jip@bakkerij.example", "jip@new.example", "jip@next.example", "oona@kites.example"
ADDRESS = "192.0.2.7"
HOUR = timedelta(hours=1)
CONFIRM_HOURS, UNDO_HOURS = CONTEXT.fact("account.link_hours") * HOUR, CONTEXT.fact("account.undo_hours") * HOUR

Use = Callable[[Connection, Context, str, str, datetime], EmailChange | None]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """Somebody with an account and a private code, and another person with only a code."""
    with new_database(tmp_path) as made:
        add_person(made, OLD)
        add_person(made, OTHER)
        with made.write() as conn:
            user_accounts.add(conn, 1, HASH, NOW)
        yield made


def ask(db: Database, email: str = NEW, person: int = 1, now: datetime = NOW) -> None:
    with db.write() as conn:
        email_changes.ask(conn, CONTEXT, person, email, ADDRESS, now)


def links(db: Database, kind: str, to: str) -> list[str]:
    """The hashes of the links in the mails of this kind to this address, the newest last."""
    found = [row for row in rows(db, "outbox") if (row["kind"], row["recipient"]) == (f"account.{kind}", to)]
    return [hash_token(derive_token(KEYS, Seed("token", row["nonce"], row["key_id"]))) for row in found]


def use(db: Database, how: Use, link: str, now: datetime = NOW) -> EmailChange | None:
    with db.write() as conn:
        return how(conn, CONTEXT, link, ADDRESS, now)


def confirm(db: Database, email: str = NEW, now: datetime = NOW) -> EmailChange | None:
    """Use the newest link that was mailed to a new address."""
    return use(db, email_changes.confirm, links(db, "email_confirm", email)[-1], now)


def undo(db: Database, email: str = OLD, now: datetime = NOW, kind: str = "email_announce") -> EmailChange | None:
    """Use the first link that was mailed to an old address."""
    return use(db, email_changes.undo, links(db, kind, email)[0], now)


def change(db: Database, email: str = NEW, now: datetime = NOW) -> None:
    ask(db, email, now=now)
    assert confirm(db, email, now)


def email(db: Database, person: int = 1) -> str:
    return people.get(db.read(), person).email


def sent(db: Database) -> list[tuple[str, str]]:
    return [(row["kind"].removeprefix("account."), row["recipient"]) for row in rows(db, "outbox")]


def states(db: Database) -> list[str]:
    return [row["state"] for row in rows(db, "email_changes")]


def test_confirmed(db: Database) -> None:
    """The old address stays until the link in the mail to the new one is used; both hear what is the case."""
    ask(db)
    told = [("email_confirm", NEW), ("email_announce", OLD)]
    assert (OLD, told, True) == (email(db), sent(db), email_changes.pending(db.read(), 1, NOW) is not None)
    assert email_changes.undo_until(db.read(), 1, NOW) is None
    assert confirm(db)
    assert (NEW, [("email_changed", NEW), ("email_changed", OLD)]) == (email(db), sent(db)[2:])
    assert (None, NOW + UNDO_HOURS) == (
        email_changes.pending(db.read(), 1, NOW),
        email_changes.undo_until(db.read(), 1, NOW),
    )
    # Each mail names the address that it goes to, and masks the other.
    payloads = [json.loads(row["payload"]) for row in rows(db, "outbox")[2:]]
    assert [("j•••@bakkerij.example", NEW), (OLD, "j•••@new.example")] == [
        (each["old_email"], each["new_email"]) for each in payloads
    ]
    found = [user_accounts.find_by_email(db.read(), each) for each in (NEW, OLD)]
    assert [1, None] == [each and each.person_id for each in found]


def test_mail_to_a_stranger(db: Database) -> None:
    """What goes to the new address counts as what anybody can cause, and to the old as what took a password."""
    for _ in range(4):
        ask(db)
    late = [row["kind"] for row in rows(db, "outbox") if row["next_at"] > row["created_at"]]
    assert ["account.email_confirm"] == late


@pytest.mark.parametrize("confirmed", [False, True])
def test_links_expire(db: Database, confirmed: bool) -> None:
    """Each link works until its time is over, and not then."""
    ask(db)
    if confirmed:
        confirm(db, now=NOW + HOUR)
    end = NOW + HOUR + UNDO_HOURS if confirmed else NOW + CONFIRM_HOURS
    opened = [
        email_changes.find_to_undo(db.read(), links(db, "email_announce", OLD)[0], at) for at in (end - HOUR, end)
    ]
    assert [True, False] == [each is not None for each in opened]
    if confirmed:
        assert [end, None] == [email_changes.undo_until(db.read(), 1, at) for at in (end - HOUR, end)]
    else:
        assert [None, OLD] == [confirm(db, now=end), email(db)]
        assert email_changes.pending(db.read(), 1, end) is None


@pytest.mark.parametrize("how", ["another address", "again", "cancelled", "undone", "used", "account deleted"])
def test_links_end(db: Database, how: str) -> None:
    """A link that was replaced, used, cancelled or undone confirms nothing; nor does one of who has no account now."""
    ask(db)
    first = links(db, "email_confirm", NEW)[0]
    with db.write() as conn:
        if how == "another address":
            email_changes.ask(conn, CONTEXT, 1, NEXT, ADDRESS, NOW)
        elif how == "again":
            waiting = email_changes.pending(conn, 1, NOW)
            assert waiting
            email_changes.send_again(conn, CONTEXT, waiting, ADDRESS, NOW)
        elif how == "cancelled":
            email_changes.cancel(conn, CONTEXT, 1, ADDRESS, NOW)
        elif how == "undone":
            email_changes.undo(conn, CONTEXT, links(db, "email_announce", OLD)[0], ADDRESS, NOW)
        elif how == "used":
            email_changes.confirm(conn, CONTEXT, first, ADDRESS, NOW)
        else:
            user_accounts.delete(conn, 1)
    before = rows(db, "people")
    assert (None, None) == (email_changes.find_to_confirm(db.read(), first, NOW), use(db, email_changes.confirm, first))
    assert before == rows(db, "people")
    if how in ("another address", "again"):
        assert confirm(db, NEXT if how == "another address" else NEW)
    if how in ("cancelled", "another address"):
        assert undo(db) is None


def test_asked_again_keeps_the_undo(db: Database) -> None:
    """The link in the first mail to the old address works as long as the newest link to the new one, and after it."""
    ask(db)
    later = NOW + CONFIRM_HOURS - HOUR
    with db.write() as conn:
        waiting = email_changes.pending(conn, 1, later)
        assert waiting
        email_changes.send_again(conn, CONTEXT, waiting, ADDRESS, later)
    confirmed = later + CONFIRM_HOURS - HOUR
    assert confirm(db, now=confirmed)
    assert undo(db, now=confirmed + UNDO_HOURS - HOUR)


def test_taken(db: Database) -> None:
    """An address that is another's, of whatever kind, costs the same and leaves the same, and its owner gets a mail
    without a link; confirming it is impossible.
    """
    with db.write() as conn:
        third = people.add(conn, NOW, given_name="A", family_name="", email=NEXT, language="nl")
        user_accounts.add(conn, third, HASH, NOW)
        email_changes.ask(conn, CONTEXT, third, "pending@new.example", ADDRESS, NOW)
    ran, kinds, before = [], [], rows(db, "people")
    for wanted in (NEW, OTHER, OTHER.upper(), NEXT, "pending@new.example"):
        with recorded_statements(db) as statements:
            ask(db, wanted)
        ran.append(verbs(statements))
        kinds.append(rows(db, "outbox")[-2]["kind"].removeprefix("account."))
        assert before == rows(db, "people")
    assert ["email_confirm", "email_taken", "email_taken", "email_taken", "email_confirm"] == kinds
    # The first found nothing that waits.
    assert [ran[1]] * 4 == ran[1:]
    assert {None} == {row["nonce"] for row in rows(db, "outbox") if row["kind"] == "account.email_taken"}


def test_taken_meanwhile(db: Database) -> None:
    """Somebody asks for a code with the new address before it is confirmed: it is theirs, and nothing happens."""
    ask(db)
    hand_in(db, PRIVATE, email=NEW)
    before = rows(db, "people")
    assert (None, before) == (confirm(db), rows(db, "people"))


def test_two_to_one_address(db: Database) -> None:
    """Of two people who change to one address the first who confirms gets it."""
    with db.write() as conn:
        user_accounts.add(conn, 2, HASH, NOW)
    ask(db)
    ask(db, person=2)
    first, second = links(db, "email_confirm", NEW)
    assert [True, False] == [use(db, email_changes.confirm, link) is not None for link in (second, first)]
    assert [OLD, NEW] == [email(db, person) for person in (1, 2)]


def confirm_all(path: Path, hashes: list[str]) -> list[bool]:
    """In a process of its own: which of these links confirmed something."""
    db = Database(path)

    def confirms(link: str) -> bool:
        # Who is told that the database is busy tries again, as a browser would.
        while True:
            with suppress(DatabaseBusyError):
                return use(db, email_changes.confirm, link) is not None

    try:
        return [confirms(each) for each in hashes]
    finally:
        db.close()


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True], ids=["four racers on each link", "two people to each address"])
def test_race(db: Database, shared: bool) -> None:
    """Of processes that confirm at the same moment one wins: the same link, or two people's links to one address."""
    count = 500
    with db.write() as conn:
        for number in range(2 * count):
            who = people.add(conn, NOW, given_name="A", family_name="", email=f"a{number}@b.example", language="nl")
            user_accounts.add(conn, who, HASH, NOW)
            wanted = f"n{number // 2 if shared else number}@b.example"
            email_changes.ask(conn, CONTEXT, who, wanted, ADDRESS, NOW)
    hashes = [row["confirm_hash"] for row in rows(db, "email_changes")]
    shares = [hashes[::2], hashes[1::2]] * 2 if shared else [hashes[:count]] * 4
    won = run_processes(confirm_all, [(db.path, share) for share in shares])
    assert count == sum(sum(each) for each in won)
    assert count == len({row["email"] for row in rows(db, "people") if row["email"].startswith("n")})


def thief_takes_over(db: Database) -> list[str]:
    """Who knows the password changes it and the address, asks for yet another, and has links mailed to the new one;
    the hashes of these.
    """
    thief_hash = Hasher(memory_kib=64, passes=1).hash("the thief's own password")
    with db.write() as conn:
        user_accounts.store_hash(conn, 1, thief_hash, NOW)
        sessions.start(conn, 1, None, "thief", NOW, "")
    change(db)
    with db.write() as conn:
        passwords.store_hash(conn, 1, thief_hash, NOW)
        links_of_codes = [
            tokens.issue(conn, KEYS, kind, 1, 1, NOW).token_hash
            for kind in ("password", "lost_access_code:1", "request:9")
        ]
        account_links.issue(conn, CONTEXT, "password", NEW, "nl", NOW)
        account_links.issue(conn, CONTEXT, "create", NEXT, "nl", NOW)
    ask(db, NEXT)
    return links_of_codes


def test_thief(db: Database) -> None:
    """The owner wins the account back from who had the password: the old address, no session, no link and no password
    of the thief's, and a link for a new one in a mail to the old address.
    """
    mailed = thief_takes_over(db)
    assert undo(db, kind="email_changed")
    assert (OLD, ["undone", "undone"]) == (email(db), states(db))
    assert sessions.find(db.read(), CONTEXT, "thief", NOW) is None
    assert not Hasher().verify(user_accounts.find_hash(db.read(), 1), "the thief's own password")
    assert passwords.find_hash(db.read(), 1) is None
    assert [None] * 3 == [
        tokens.find(db.read(), kind, each, NOW)
        for kind, each in zip(("password", "lost_access_code:1", "request:9"), mailed, strict=True)
    ]
    assert (None, None) == (confirm(db, NEXT), undo(db, NEW))
    assert ("email_undone", OLD) == sent(db)[-1]
    usable = [row["token_hash"] for row in rows(db, "account_openings") if row["used_at"] is None]
    assert links(db, "email_undone", OLD) == usable
    assert email_changes.undo_until(db.read(), 1, NOW) is None


def test_behind_many_mails(db: Database) -> None:
    """A thief who first has as many mails sent to the owner as may be makes none of those about the address late."""
    with db.write() as conn:
        for _ in range(CONTEXT.fact("mail.earned_per_day")):
            account_links.send_changed_mail(conn, CONTEXT, people.get(conn, 1), "password", NOW)
    change(db)
    assert undo(db, kind="email_changed")
    due = [row["kind"].removeprefix("account.") for row in rows(db, "outbox") if row["next_at"] == row["created_at"]]
    assert ["email_confirm", "email_announce", "email_changed", "email_changed", "email_undone"] == due[-5:]


def test_password_of_codes_from_before(db: Database) -> None:
    """A password of the access codes that nobody chose since stays."""
    with db.write() as conn:
        passwords.store_hash(conn, 1, HASH, NOW - HOUR)
    change(db)
    undo(db)
    assert HASH == passwords.find_hash(db.read(), 1)


@pytest.mark.parametrize("how", ["mailed link", "logged in"])
def test_new_password_ends_what_waits(db: Database, how: str) -> None:
    """Whoever asked for a change knew the password. Once there is another, by a link or by who is logged in, the change
    that waits is confirmed no more: its owner chose a password to keep others out.
    """
    ask(db)
    later = NOW + HOUR / 2
    with db.write() as conn:
        seed = account_links.issue(conn, CONTEXT, "password", OLD, "nl", NOW)
        link = hash_token(derive_token(KEYS, seed))
        if how == "mailed link":
            assert account_links.choose_password(conn, CONTEXT, link, HASH, ADDRESS, later)
        else:
            sessions.start(conn, 1, None, "cookie", later, "")
            session = sessions.find(conn, CONTEXT, "cookie", later)
            assert session
            assert change_password.change(conn, CONTEXT, session, HASH, HASH, ADDRESS, "en", later)
    assert (None, None, OLD) == (email_changes.pending(db.read(), 1, later), confirm(db, now=later), email(db))
    # Nor is there another way in that was mailed before; and it may have been the thief: the owner undoes that.
    assert account_links.find(db.read(), link, later) is None
    assert undo(db, now=later)


def test_many_who_ask_for_one_address(db: Database) -> None:
    """However many accounts somebody has, they keep no mail from whose address it is: of what waits for its turn there
    one is left.
    """
    with db.write() as conn:
        for number in range(40):
            who = people.add(conn, NOW, given_name="A", family_name="", email=f"a{number}@b.example", language="nl")
            user_accounts.add(conn, who, HASH, NOW)
            email_changes.ask(conn, CONTEXT, who, OTHER, ADDRESS, NOW)
        typed = {"email": OTHER, "given_name": "Oona", "family_name": "", "language": "en"}
        asked = account_links.send(conn, CONTEXT, "create", typed, ADDRESS, "en", NOW)
    assert asked.sent_before is not None
    assert asked.sent_before - NOW < 3 * HOUR


def test_undone_before_it_was_confirmed(db: Database) -> None:
    """Whoever asked knew the password, so it is worth nothing after that either."""
    with db.write() as conn:
        sessions.start(conn, 1, None, "thief", NOW, "")
    ask(db)
    assert undo(db)
    assert (OLD, None, ["undone"]) == (email(db), sessions.find(db.read(), CONTEXT, "thief", NOW), states(db))
    assert HASH != user_accounts.find_hash(db.read(), 1)
    assert confirm(db) is None


@pytest.mark.parametrize("first", [OLD, NEW])
def test_chain(db: Database, first: str) -> None:
    """After two changes the owner of the first address wins, also if the second is undone before; and never the
    other way round.
    """
    change(db)
    change(db, NEXT)
    if first == NEW:
        assert undo(db, NEW)
        assert NEW == email(db)
    assert undo(db, OLD)
    assert OLD == email(db)
    assert [None, None] == [undo(db, each) for each in (NEW, OLD)]
    assert OLD == email(db)


def test_there_and_back(db: Database) -> None:
    """An address that was changed away from is used again by its person at once."""
    change(db)
    change(db, OLD)
    assert (OLD, ["confirmed", "confirmed"]) == (email(db), states(db))
    assert undo(db)
    assert OLD == email(db)


def test_old_address_by_another(db: Database) -> None:
    """As long as a change can be undone the old address is nobody else's, so that undoing is always possible; not by a
    change, and not by a request, which is then one of the person who can undo it. After that anybody may have it.
    """
    with db.write() as conn:
        user_accounts.add(conn, 2, HASH, NOW)
    change(db)
    ask(db, OLD, person=2)
    hand_in(db, PRIVATE, email=OLD)
    assert ("email_taken", 2, 1) == (sent(db)[-3][0], len(rows(db, "people")), rows(db, "requests")[-1]["person_id"])
    assert undo(db)
    change(db)
    end = NOW + UNDO_HOURS
    ask(db, OLD, person=2, now=end)
    assert confirm(db, OLD, now=end)
    assert OLD == email(db, 2)


def test_no_account_with_the_old_address(db: Database) -> None:
    """Nor does anybody open an account with it meanwhile, or have a link from before to do so with the new one."""
    with db.write() as conn:
        before = account_links.issue(conn, CONTEXT, "create", NEW, "nl", NOW)
    change(db)
    typed = {"email": OLD, "given_name": "A", "family_name": "", "language": "en"}
    with db.write() as conn:
        account_links.send(conn, CONTEXT, "create", typed, ADDRESS, "en", NOW)
        account_links.send(conn, CONTEXT, "password", typed, ADDRESS, "en", NOW)
    assert [("already", OLD), ("none", OLD)] == sent(db)[-2:]
    assert account_links.find(db.read(), hash_token(derive_token(KEYS, before)), NOW) is None
    with db.write() as conn:
        account_links.send(conn, CONTEXT, "create", typed, ADDRESS, "en", NOW + UNDO_HOURS)
    assert ("link", OLD) == sent(db)[-1]


def test_ids_are_not_given_twice(db: Database) -> None:
    """A link that undoes a change, whose row went with the account, opens nobody else's change."""
    change(db)
    gone = links(db, "email_changed", OLD)[0]
    with db.write() as conn:
        user_accounts.delete(conn, 1)
        conn.execute("DELETE FROM email_changes")
        user_accounts.add(conn, 2, HASH, NOW)
    ask(db, NEXT, person=2)
    assert email_changes.find_to_undo(db.read(), gone, NOW) is None


def test_request_with_a_free_address_again(db: Database) -> None:
    """Once a change can no longer be undone, who asks for a code with the old address is somebody else."""
    change(db)
    hand_in(db, PRIVATE, NOW + UNDO_HOURS, email=OLD)
    assert 3 == rows(db, "requests")[-1]["person_id"]

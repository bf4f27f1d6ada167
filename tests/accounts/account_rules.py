"""Accounts for the stateful test: what people, and a thief of one account, do with the second log-in, in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from selfservice import forgetting
from selfservice.accounts import account_links, email_changes, passwords, people, retention, sessions, user_accounts
from selfservice.accounts.account_links import Purpose
from selfservice.accounts.sessions import Session
from selfservice.db import Database
from selfservice.fragments.change_password.form import change as change_password
from selfservice.fragments.sign_in.form import find_credentials, login_name, record_success
from selfservice.values.email import email_key
from tests.domain_helpers import CONTEXT, KEYS, rows
from tests.request_helpers import ADDRESS, REGISTERED
from tests.sign_in_helpers import fast_hasher

RuleT = TypeVar("RuleT", bound=Callable[..., None])
EMAILS = ("oona@kites.example", "idris@kites.example", REGISTERED)
WORDS = ("paarse olifant fietst naar zee", "groene kikkers drinken thee", "vier gele eenden")
HASHER = fast_hasher()
HASHES = {word: HASHER.hash(word) for word in WORDS}
SOME = st.integers(0, 20)
ANY_EMAIL, ANY_WORD = st.sampled_from(EMAILS), st.sampled_from(WORDS)
# What accounts are changed to, too: so that not all are somebody's already.
NEW_EMAIL = st.sampled_from((*EMAILS, "ravi@kites.example", "mila@kites.example"))


def there_are(table: str) -> Callable[[RuleT], RuleT]:
    """The rule is for when this table has rows."""
    return precondition(lambda machine: bool(rows(machine.db, table)))


@dataclass(frozen=True)
class Begun:
    """With what a session was begun: whose, with which code (None: the account), and the hash that its password had."""

    person_id: int
    access_code_id: int | None
    hash: str


class AccountRules(RuleBasedStateMachine):
    """What can be done with accounts. `words` is the password that each person chose last for each credential."""

    db: Database
    now: datetime

    def __init__(self) -> None:
        super().__init__()
        self.words: dict[tuple[int, str], str] = {}
        self.began: dict[str, Begun] = {}
        self.dead_links: set[str] = set()
        # Whose account has no password any more, until they choose one.
        self.recovered: set[int] = set()

    def any_row(self, table: str, number: int, **where: Any) -> dict[str, Any] | None:
        """One of the rows with these values, if there is any."""
        found = [row for row in rows(self.db, table) if all(row[name] == value for name, value in where.items())]
        return found[number % len(found)] if found else None

    def _open(self, cookie: str) -> Session | None:
        return sessions.find(self.db.read(), CONTEXT, cookie, self.now)

    def _any_open(self, number: int) -> Session | None:
        found = [session for session in map(self._open, self.began) if session is not None]
        return found[number % len(found)] if found else None

    def _assert_logged_out(self, person_id: int) -> None:
        assert not sessions.open_sessions(self.db.read(), CONTEXT, person_id, self.now)

    def _undoable(self) -> list[dict[str, Any]]:
        """Changes that were confirmed and can still be undone."""
        changes = [row for row in rows(self.db, "email_changes") if row["state"] == "confirmed"]
        return [row for row in changes if datetime.fromisoformat(row["expires_at"]) > self.now]

    @rule(email=ANY_EMAIL, purpose=st.sampled_from(("create", "create", "password")))
    def ask_link(self, email: str, purpose: Purpose) -> None:
        """Somebody asks for an account, or for another password, whoever has the address."""
        typed = {"given_name": "Oona", "family_name": "Applegarth", "email": email, "language": "en"}
        with self.db.write() as conn:
            account_links.send(conn, CONTEXT, purpose, typed, ADDRESS, "en", self.now)

    @rule(email=ANY_EMAIL, word=ANY_WORD)
    def create_account(self, email: str, word: str) -> None:
        """Somebody asks for an account, and chooses its password."""
        self.ask_link(email, "create")
        self.use_link(-1, word)

    @there_are("account_openings")
    @rule(number=SOME, word=ANY_WORD)
    def use_link(self, number: int, word: str) -> None:
        """Somebody chooses a password behind a mailed link, whatever became of it; with it go all to that address."""
        row = self.any_row("account_openings", number)
        if row is None:
            return
        known = people.find_by_email(self.db.read(), row["email"])
        has_account = known is not None and user_accounts.find_hash(self.db.read(), known.id) is not None
        works = account_links.find(self.db.read(), row["token_hash"], self.now) is not None
        with self.db.write() as conn:
            made = account_links.choose_password(conn, CONTEXT, row["token_hash"], HASHER.hash(word), ADDRESS, self.now)
            again = account_links.choose_password(conn, CONTEXT, row["token_hash"], HASHES[word], ADDRESS, self.now)
        assert works == (made is not None)
        assert again is None
        if made is None:
            return
        assert (0, None) == (row["void"], row["used_at"])
        assert row["token_hash"] not in self.dead_links
        assert has_account == (row["purpose"] == "password")
        person = people.find_by_email(self.db.read(), row["email"])
        assert person is not None
        assert known is None or person.id == known.id
        self._assert_logged_out(person.id)
        self.words[person.id, "account"] = word
        self.recovered.discard(person.id)
        siblings = [each for each in rows(self.db, "account_openings") if each["email_key"] == row["email_key"]]
        self.dead_links |= {each["token_hash"] for each in siblings}

    def log_in(self, typed: str, word: str) -> Session | None:
        """Log in as the form does: with a right name and password, and only with these."""
        name = login_name(KEYS, typed)
        known = find_credentials(self.db.read(), name, self.now)
        right = HASHER.verify(known.hash if known else None, word)
        if known is not None:
            credential = "account" if known.access_code_id is None else "access_code"
            assert right == (self.words.get((known.person_id, credential)) == word)
        if known is None or not right:
            assert not right
            return None
        cookie = f"cookie-{len(self.began)}"
        with self.db.write() as conn:
            assert record_success(conn, CONTEXT, name, known, None, ADDRESS, self.now)
            sessions.start(conn, known.person_id, known.access_code_id, cookie, self.now, "")
        self.began[cookie] = Begun(known.person_id, known.access_code_id, known.hash or "")
        return self._open(cookie)

    @rule(email=ANY_EMAIL, word=ANY_WORD)
    def log_in_to_account(self, email: str, word: str) -> None:
        """Somebody logs in, or tries to, with an address in any spelling."""
        self.log_in(email.upper(), word)

    @there_are("sessions")
    @rule(number=SOME, word=ANY_WORD)
    def change_password(self, number: int, word: str) -> None:
        """Whoever is logged in changes the password of what they are logged in with; all are logged out by that."""
        session = self._any_open(number)
        if session is None:
            return
        begun = next(
            each for cookie, each in self.began.items() if (found := self._open(cookie)) and found.id == session.id
        )
        with self.db.write() as conn:
            assert change_password(conn, CONTEXT, session, begun.hash, HASHER.hash(word), ADDRESS, "en", self.now)
        self.words[session.person_id, "account" if session.access_code_id is None else "access_code"] = word
        self._assert_logged_out(session.person_id)

    @there_are("user_accounts")
    @rule(number=SOME, email=NEW_EMAIL)
    def ask_for_address(self, number: int, email: str) -> None:
        """The owner of an account wants another address, whoever has that."""
        account = self.any_row("user_accounts", number)
        if account is not None:
            self._ask_for_address(account["person_id"], email)

    def _ask_for_address(self, person_id: int, email: str) -> bool:
        if email_key(email) == email_key(people.get(self.db.read(), person_id).email):
            return False
        with self.db.write() as conn:
            email_changes.ask(conn, CONTEXT, person_id, email, ADDRESS, self.now)
        return True

    @there_are("email_changes")
    @rule(number=SOME)
    def confirm_address(self, number: int) -> None:
        """Somebody uses the link to a new address, whatever became of it."""
        row = self.any_row("email_changes", number)
        if row is not None:
            self._confirm_address(row["confirm_hash"])

    def _confirm_address(self, link: str) -> bool:
        works = email_changes.find_to_confirm(self.db.read(), link, self.now) is not None
        with self.db.write() as conn:
            made = email_changes.confirm(conn, CONTEXT, link, ADDRESS, self.now)
            again = email_changes.confirm(conn, CONTEXT, link, ADDRESS, self.now)
        assert works == (made is not None)
        assert again is None
        if made is None:
            return False
        assert link not in self.dead_links
        self.dead_links.add(link)
        assert people.get(self.db.read(), made.person_id).email == made.new_email
        return True

    @there_are("email_changes")
    @rule(number=SOME, again=st.booleans())
    def reconsider_address(self, number: int, again: bool) -> None:
        """The owner of a change that waits has its link mailed once more, or cancels it: the link before is dead."""
        row = self.any_row("email_changes", number, state="asked")
        change = email_changes.pending(self.db.read(), row["person_id"], self.now) if row else None
        if change is None:
            return
        with self.db.write() as conn:
            if again:
                email_changes.send_again(conn, CONTEXT, change, ADDRESS, self.now)
            else:
                email_changes.cancel(conn, CONTEXT, change.person_id, ADDRESS, self.now)
        self.dead_links.add(change.confirm_hash)

    @there_are("user_accounts")
    @rule(number=SOME, email=NEW_EMAIL, word=ANY_WORD, noticed=st.booleans())
    def take_over(self, number: int, email: str, word: str, noticed: bool) -> None:
        """A thief who knows the password of an account takes it, address and password; perhaps it is undone."""
        account = self.any_row("user_accounts", number)
        known = self.words.get((account["person_id"], "account")) if account else None
        if account is None or known is None:
            return
        person_id, changed = account["person_id"], ""
        session = self.log_in(people.get(self.db.read(), person_id).email, known)
        assert session is not None
        if self._ask_for_address(person_id, email):
            change = email_changes.pending(self.db.read(), person_id, self.now)
            assert change is not None
            if self._confirm_address(change.confirm_hash):
                self.ask_link(email, "password")
                changed = f"email_undo:{change.id}"
        with self.db.write() as conn:
            kept = account["password_hash"]
            assert change_password(conn, CONTEXT, session, kept, HASHER.hash(word), ADDRESS, "en", self.now)
        self.words[person_id, "account"] = word
        assert self.log_in(people.get(self.db.read(), person_id).email, word) is not None
        if noticed and changed:
            self.undo_address(0, changed)

    @there_are("email_changes")
    @rule(number=SOME)
    def undo_address(self, number: int, kind: str = "email_undo:") -> None:
        """Somebody uses a link to an old address, whatever became of it: who reads mail there has the account."""
        links = [row for row in rows(self.db, "tokens") if row["kind"].startswith(kind)]
        if not links:
            return
        link = links[number % len(links)]["token_hash"]
        works = email_changes.find_to_undo(self.db.read(), link, self.now)
        thiefs = {row["email_key"] for row in rows(self.db, "people") if works and row["id"] == works.person_id}
        with self.db.write() as conn:
            made = email_changes.undo(conn, CONTEXT, link, ADDRESS, self.now)
            again = email_changes.undo(conn, CONTEXT, link, ADDRESS, self.now)
        assert works == made or made is None is works
        assert again is None
        if made is None:
            return
        assert link not in self.dead_links
        self.dead_links.add(link)
        self._assert_recovered(made, thiefs - {email_key(made.old_email)})

    def _assert_recovered(self, change: email_changes.EmailChange, thiefs: set[str]) -> None:
        """Nothing of a thief's works: no session, password, or link; the owner's link to choose a password does."""
        conn, who = self.db.read(), change.person_id
        assert people.get(conn, who).email == change.old_email
        self._assert_logged_out(who)
        known = self.words.pop((who, "account"), "")
        assert not HASHER.verify(user_accounts.find_hash(conn, who), known)
        self.recovered.add(who)
        if passwords.find_hash(conn, who) is None:
            self.words.pop((who, "access_code"), None)
        assert email_changes.pending(conn, who, self.now) is None
        own = []
        for row in rows(self.db, "account_openings"):
            opens = account_links.find(conn, row["token_hash"], self.now)
            if opens is not None and opens.person.id == who:
                own.append((row["email"], row["purpose"]))
            assert not (row["email_key"] in thiefs and opens is not None and opens.purpose == "password")
        assert own == [(change.old_email, "password")]

    @there_are("user_accounts")
    @rule(number=SOME)
    def delete_account(self, number: int) -> None:
        """The owner deletes an account; not while its address can be given back to somebody."""
        account = self.any_row("user_accounts", number)
        if account is None:
            return
        person_id = account["person_id"]
        held = forgetting.find(self.db.read(), CONTEXT, person_id, self.now)
        assert (person_id in {row["person_id"] for row in self._undoable()}) == (held.undo_until is not None)
        if held.undo_until is not None:
            return
        with self.db.write() as conn:
            forgetting.forget(conn, CONTEXT, held, frozenset({"account"}), ADDRESS, self.now)
        self.words.pop((person_id, "account"), None)
        self.recovered.discard(person_id)
        assert user_accounts.find_hash(self.db.read(), person_id) is None

    @rule()
    def forget_what_is_past(self) -> None:
        """The worker removes links and changes that nobody can use any more."""
        with self.db.write() as conn:
            retention.clean(conn, CONTEXT, self.now)

    @invariant()
    def one_person_an_address(self) -> None:
        """An address is of one person, also while its former owner can have it back."""
        if not hasattr(self, "db"):
            return
        has = {row["email_key"]: row["id"] for row in rows(self.db, "people")}
        assert len(has) == len(rows(self.db, "people"))
        for row in self._undoable():
            assert has.setdefault(row["old_key"], row["person_id"]) == row["person_id"]

    @invariant()
    def every_account_was_opened(self) -> None:
        """There is no account but behind a link that was used, and a password is that of who chose it last."""
        if not hasattr(self, "db"):
            return
        chosen = {person for person, credential in self.words if credential == "account"}
        assert {row["person_id"] for row in rows(self.db, "user_accounts")} == chosen | self.recovered

    @invariant()
    def sessions_end_with_their_credential(self) -> None:
        """No session is open whose credential is gone or has another password than it was begun with."""
        if not hasattr(self, "db"):
            return
        conn = self.db.read()
        for cookie, begun in self.began.items():
            session = self._open(cookie)
            if session is None:
                continue
            find = user_accounts.find_hash if begun.access_code_id is None else passwords.find_hash
            assert (begun.person_id, begun.access_code_id) == (session.person_id, session.access_code_id)
            assert begun.hash == find(conn, begun.person_id)
            assert (begun.access_code_id is None) == (session.kind == "account")

    @invariant()
    def used_links_are_dead(self) -> None:
        """A link that was used, or that came before one that was, never works again."""
        if not hasattr(self, "db"):
            return
        conn = self.db.read()
        for link in self.dead_links:
            for find in (account_links.find, email_changes.find_to_confirm, email_changes.find_to_undo):
                assert find(conn, link, self.now) is None

    @invariant()
    def no_two_secrets_alike(self) -> None:
        """No two links, and no two passwords, are stored alike, also where they are the same."""
        if not hasattr(self, "db"):
            return
        links = [row["token_hash"] for name in ("tokens", "account_openings") for row in rows(self.db, name)]
        hashes = [row["password_hash"] for row in rows(self.db, "user_accounts")]
        hashes += [row["hash"] for row in rows(self.db, "passwords")]
        assert len(links + hashes) == len(set(links + hashes))

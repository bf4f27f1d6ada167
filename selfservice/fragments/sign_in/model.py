"""The rules of signing in: who may try how often, whose code it is, what is written down together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from selfservice.db import Connection, Database
from selfservice.events.model import record
from selfservice.facts import Facts
from selfservice.i18n import gettext
from selfservice.members import codes, rules, use
from selfservice.members import model as members
from selfservice.outbox.model import Outbox
from selfservice.secrets import Keys
from selfservice.visits import failures, login_throttle


def check(typed: dict[str, str]) -> dict[str, str]:
    """The messages for the fields that are not right, by field name; they depend on nothing but what was typed."""
    return {**_check_code(typed["access_code"]), **_check_password(typed["password"])}


def _check_code(text: str) -> dict[str, str]:
    problem = codes.problem(text)
    return {"access_code": problem} if problem else {}


def _check_password(text: str) -> dict[str, str]:
    if not text:
        return {"password": gettext("Fill in your password.")}
    # What no password can be is not hashed: that would cost us more than it costs who sends it.
    if len(text.encode("utf-8", "surrogatepass")) > rules.MAX_BYTES:
        return {"password": gettext("This is longer than any password can be. Fill in your password only.")}
    return {}


@dataclass(frozen=True)
class Account:
    """Whose code it is, and the hash of their password, if they have chosen one."""

    member: members.Member
    hash: str | None


@dataclass(frozen=True)
class Counter:
    """The counter where people sign in, with what it works with."""

    db: Database
    keys: Keys
    facts: Facts
    mail_domain: str

    def admit(self, conn: Connection, code: str, address: str, now: datetime) -> int:
        """Count a try, before any password is hashed; 0, or the seconds to wait when it may not be made.

        The same statements run whoever's code it is, also nobody's. Call inside `write()`.
        """
        return login_throttle.admit(conn, self.keys, members.hash_code(self.keys, code), address, now)

    def release(self, conn: Connection, code: str) -> None:
        """The try was not made after all, so it did not fail. Call inside `write()`."""
        login_throttle.release(conn, self.keys, members.hash_code(self.keys, code))

    def find(self, conn: Connection, code: str, now: datetime) -> Account | None:
        """Whose code this is, when it may be signed in with: not withdrawn, and used in time.

        The same two queries, whoever's it is.
        """
        member = use.find_usable(conn, members.hashes_of(self.keys, code), now)
        hashed = members.password_hash(conn, member.person_id if member else None)
        return None if member is None else Account(member, hashed)

    def refuse(self, conn: Connection, code: str, address: str, now: datetime) -> None:
        """Write down that code and password did not belong together. Call inside `write()`."""
        who = f"code:{members.hash_code(self.keys, code)}"
        record(conn, self.keys, what="sign_in", result="refused", now=now, who=who, address=address)

    def accept(
        self, conn: Connection, code: str, account: Account, rehashed: str | None, address: str, now: datetime
    ) -> bool:
        """Everything that goes with a right password, besides the session itself. Call inside `write()`.

        False when code or password changed while the password was being hashed. `rehashed` replaces a hash made
        with weaker parameters. After five failures the owner is told by mail.
        """
        if self.find(conn, code, now) != account:
            return False
        member = account.member
        use.note_use(conn, member.access_code_id, now)
        members.renew_hash(conn, self.keys, member.access_code_id, code)
        if rehashed:
            conn.execute(
                "UPDATE passwords SET hash = :hash WHERE person_id = :person_id",
                {"hash": rehashed, "person_id": member.person_id},
            )
        failed = login_throttle.forget(conn, self.keys, members.hash_code(self.keys, code))
        if failed >= failures.WORRYING:
            self._tell(conn, member, failed, now)
        record(
            conn, self.keys, what="sign_in", result="ok", now=now, who=f"person:{member.person_id}",
            on_what=f"access_code:{member.access_code_id}", address=address,
        )  # fmt: skip
        return True

    def leave(self, conn: Connection, person_id: int, address: str, now: datetime) -> None:
        """Write down that somebody signed out. Call inside `write()`."""
        who = f"person:{person_id}"
        record(conn, self.keys, what="sign_out", result="ok", now=now, who=who, on_what=who, address=address)

    def _tell(self, conn: Connection, member: members.Member, failed: int, now: datetime) -> None:
        Outbox.wire(self.keys, self.facts, self.mail_domain).enqueue(
            conn,
            idempotency_key=f"sign-in-after-failures:{uuid4()}",
            kind="sign_in.after_failures",
            recipient=member.email,
            language=member.language,
            payload={"name": member.given_name, "failed": failed, "moment": now.isoformat()},
            now=now,
            # Nobody keeps this from the owner by having other mail sent first. The newest counts them all.
            earned=True,
            topic="sign_in.after_failures",
        )

"""The rules of changing a password while signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from selfservice.db import Connection, Database
from selfservice.events.model import record
from selfservice.facts import Facts
from selfservice.i18n import gettext
from selfservice.limits import table
from selfservice.limits.model import allow
from selfservice.members import model as members
from selfservice.members import new_password, rules
from selfservice.outbox.model import Outbox
from selfservice.secrets import Keys
from selfservice.visits import sessions
from selfservice.visits.sessions import Session

# So that a session in wrong hands is no way to guess a password.


@dataclass(frozen=True)
class Counter:
    """The counter where a password is changed, with what it works with."""

    db: Database
    keys: Keys
    facts: Facts
    mail_domain: str
    demo: bool

    def check(self, conn: Connection, session: Session, old: str, new: str) -> dict[str, str]:
        """The messages for the fields that are not right, by field name; empty when both can be."""
        found = {}
        if not old or len(old.encode("utf-8", "surrogatepass")) > rules.MAX_BYTES:
            found["password"] = gettext("Fill in the password that you log in with now.")
        if problem := new_password.problem(conn, self.keys, self.facts, session.person_id, new, demo=self.demo):
            found["new_password"] = problem
        elif old and rules.normalise(old) == rules.normalise(new):
            # Who changes it since somebody else knows it must not believe that it is another one now.
            found["new_password"] = gettext("Both passwords are the same. Choose another new password.")
        return found

    def wait(self, conn: Connection, session: Session, now: datetime) -> int:
        """Count a try; 0, or the seconds to wait when there were too many."""
        decision = allow(conn, self.keys, table.CHANGE_PASSWORD, str(session.person_id), now)
        return decision.retry_after_seconds

    def change(
        self,
        conn: Connection,
        session: Session,
        old_hash: str,
        hashed: str,
        address: str,
        lang: str,
        now: datetime,
    ) -> bool:
        """Set the password, end all sessions and tell the owner. False when it was changed meanwhile.

        Call inside `write()`, and begin a new session for this person there.
        """
        if members.password_hash(conn, session.person_id) != old_hash:
            return False
        members.set_password(conn, session.person_id, hashed, now)
        sessions.end_all(conn, session.person_id, now)
        Outbox.wire(self.keys, self.facts, self.mail_domain).enqueue(
            conn,
            idempotency_key=f"password-changed:{uuid4()}",
            kind="replacement_password.changed",
            recipient=session.email,
            language=lang,
            payload={"name": session.given_name, "moment": now.isoformat()},
            now=now,
            # Nobody keeps this from the owner by having other mail sent first: over the cap it goes later.
            earned=True,
            topic="password.changed",
        )
        who = f"person:{session.person_id}"
        record(conn, self.keys, what="password.change", result="ok", now=now, who=who, on_what=who, address=address)
        return True

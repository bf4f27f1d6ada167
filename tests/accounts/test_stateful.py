"""Whatever happens in whatever order: never two codes, never a revoked one that opens, never a promise on a day off;
and what `account_rules` says of accounts.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from selfservice import workdays
from selfservice.accounts import access_codes, passwords
from selfservice.db import Database
from selfservice.migrations import migrate
from selfservice.requests import confirmation, replacement, review, scheduled, self_service, states, submission
from selfservice.seeds import Seed
from selfservice.values.access_code import derive_code, lookup_hashes, normalise_code
from selfservice.values.address import Address
from tests.accounts.account_rules import ANY_WORD, EMAILS, HASHER, AccountRules
from tests.domain_helpers import CONTEXT, KEYS, NOW, filled, rows
from tests.request_helpers import ADDRESS, BUSINESS, KVK, PRIVATE, add_organisation, print_letters

pytestmark = pytest.mark.slow

NUMBERS = (KVK, "00011244")
TEMPLATE = Path(tempfile.mkdtemp()) / "loket.db"


def template() -> Path:
    """A migrated database with two organisations, made once."""
    if not TEMPLATE.exists():
        db = Database(TEMPLATE)
        migrate(db, KEYS)
        for index, number in enumerate(NUMBERS):
            add_organisation(db, number, f"{index + 1}")
        db.read().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
    return TEMPLATE


class Loket(AccountRules):
    """A database, a few people and two organisations; time only goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.seen_codes: dict[str, int] = {}

    @initialize()
    def open(self) -> None:
        """A fresh database."""
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(template(), self.folder / "loket.db")
        self.db = Database(self.folder / "loket.db")
        # Nothing is killed here, so nothing has to reach the disk.
        self.db.read().execute("PRAGMA synchronous = OFF")
        self.submissions: dict[str, str] = {}

    def teardown(self) -> None:
        """Take the database away."""
        if hasattr(self, "db"):
            self.db.close()
            shutil.rmtree(self.folder)

    @rule(hours=st.sampled_from((1, 25, 200, 400, 1500)))
    def time_passes(self, hours: int) -> None:
        """Hours or weeks go by, and the worker does what is due."""
        self.now += timedelta(hours=hours)
        scheduled.run_hourly(self.db, CONTEXT, self.now)

    @rule(
        email=st.sampled_from(EMAILS),
        number=st.sampled_from((None, *NUMBERS)),
        submission_id=st.sampled_from(("a", "b", "c", "d", "e", "f", "g", "h")),
    )
    def request(self, email: str, number: str | None, submission_id: str) -> None:
        """Somebody hands a request in, or the same once more."""
        answers = replace(PRIVATE if number is None else BUSINESS, email=email, kvk_number=number or "")
        with self.db.write() as conn:
            made = submission.submit(conn, CONTEXT, answers, submission_id, ADDRESS, self.now)
        if made.retry_after == 0:
            known = self.submissions.setdefault(submission_id, made.reference)
            assert known == made.reference
        handed_in = [row for row in rows(self.db, "requests") if not row["idempotency_key"].startswith("replace:")]
        assert len(handed_in) == len(self.submissions)

    @rule(number=st.integers(0, 20), word=ANY_WORD)
    def confirm(self, number: int, word: str) -> None:
        """Somebody uses the link in the mail about a request, whatever became of that; once more changes nothing."""
        row = self.any_row("requests", number)
        link = None if row is None else self._link(row["id"])
        if row is None or link is None:
            return
        open_before = confirmation.load_link(self.db.read(), link, self.now).state == "open"
        with self.db.write() as conn:
            known = passwords.find_hash(conn, row["person_id"])
            chosen = None if known else HASHER.hash(word)
            made = confirmation.confirm(conn, CONTEXT, link, ADDRESS, self.now, verified_hash=known, new_hash=chosen)
            again = confirmation.confirm(conn, CONTEXT, link, ADDRESS, self.now, verified_hash=known or chosen)
        assert open_before == (made is not None)
        assert again is None
        if made is not None and chosen is not None:
            self.words[row["person_id"], "access_code"] = word

    def _link(self, number: int) -> str | None:
        found = (row["token_hash"] for row in rows(self.db, "tokens") if row["kind"] == f"request:{number}")
        return next(found, None)

    @rule(number=st.integers(0, 20), what=st.sampled_from(("take_up", "approve", "approve", "approve", "reject")))
    def decide(self, number: int, what: str) -> None:
        """Staff decide, in whatever state a request is."""
        row = self.any_row("requests", number)
        if row is None:
            return
        try:
            with self.db.write() as conn:
                if what == "reject":
                    review.reject(conn, CONTEXT, row["reference"], "Kim", "unclear", self.now)
                else:
                    do = {"take_up": review.start_review, "approve": review.approve}[what]
                    do(conn, CONTEXT, row["reference"], "Kim", self.now)
        except states.WrongStateError:
            assert row["state"] == self._row(row["id"])["state"]

    def _row(self, number: int) -> dict[str, Any]:
        return next(row for row in rows(self.db, "requests") if row["id"] == number)

    @rule(number=st.integers(0, 20), what=st.sampled_from(("withdraw", "never_came", "correct_address")))
    def owner_acts(self, number: int, what: str) -> None:
        """The owner of a request does what the page offers, or tries."""
        row = self.any_row("requests", number)
        if row is None:
            return
        reference, email = row["reference"], row["email"]
        with self.db.write() as conn:
            if what == "correct_address":
                elsewhere = Address("Kerkstraat", "12", "1234 AB", "Bloesemdorp")
                self_service.correct_address(conn, CONTEXT, reference, email, elsewhere, ADDRESS, self.now)
            else:
                do = {"withdraw": self_service.withdraw, "never_came": self_service.report_not_received}[what]
                do(conn, CONTEXT, reference, email, ADDRESS, self.now)

    @rule(posted=st.booleans())
    def letters(self, posted: bool) -> None:
        """The letters that are ready are printed, and perhaps posted."""
        self._read_codes()
        print_letters(self.db, self.now, posted=posted)

    @rule(email=st.sampled_from(EMAILS), number=st.sampled_from((None, *NUMBERS)))
    def lose(self, email: str, number: str | None) -> None:
        """Somebody loses a code, follows the link and gets another."""
        with self.db.write() as conn:
            asked = replacement.send_replacement_link(conn, CONTEXT, email, number, ADDRESS, "en", self.now)
        if asked.retry_after:
            return
        link = rows(self.db, "tokens")[-1]["token_hash"]
        with self.db.write() as conn:
            made = replacement.replace_code(conn, CONTEXT, link, ADDRESS, self.now)
            again = replacement.replace_code(conn, CONTEXT, link, ADDRESS, self.now)
        assert again is None
        assert made is None or made.state in ("sent", "approved")

    @rule(number=st.integers(0, 20))
    def revoke(self, number: int) -> None:
        """Staff revoke a code."""
        row = self.any_row("access_codes", number)
        if row is not None:
            with self.db.write() as conn:
                assert scheduled.revoke_for_staff(conn, CONTEXT, row["id"], "Kim", self.now) == (
                    row["revoked_at"] is None
                )

    @rule(number=st.integers(0, 20), word=ANY_WORD)
    def log_in_with_code(self, number: int, word: str) -> None:
        """Somebody logs in, or tries to, with any code that was ever seen."""
        self._read_codes()
        if not self.seen_codes:
            return
        code = list(self.seen_codes)[number % len(self.seen_codes)]
        held = next((r for r in rows(self.db, "access_codes") if r["id"] == self.seen_codes[code]), None)
        session = self.log_in(code, word)
        if held is None or held["revoked_at"] is not None:
            assert session is None

    def _read_codes(self) -> None:
        """Learn the codes from what is on its way: mails that wait, and letters that are ready."""
        for row in rows(self.db, "letters"):
            if row["nonce"]:
                code = derive_code(KEYS, Seed("code", row["nonce"], row["key_id"]))
                self.seen_codes[code] = row["access_code_id"]
        for row in rows(self.db, "outbox"):
            if row["kind"] == "access_code.code":
                text = filled(row).get("code", "")
                if text:
                    self.seen_codes[normalise_code(text)] = int(row["idempotency_key"].partition(":")[2])

    @invariant()
    def one_active_code(self) -> None:
        """Never two active codes for one person and organisation."""
        if not hasattr(self, "db"):
            return
        held = [
            (row["person_id"], row["organisation_id"])
            for row in rows(self.db, "access_codes")
            if row["revoked_at"] is None
        ]
        assert len(held) == len(set(held))

    @invariant()
    def nothing_private_without_its_link(self) -> None:
        """No private code, way to pay or mandate that no link of a private request brought about."""
        if not hasattr(self, "db"):
            return
        confirmed = {
            row["person_id"] for row in rows(self.db, "requests") if row["kind"] == "private" and row["confirmed_at"]
        }
        held = [row for name in ("access_codes", "mandates") for row in rows(self.db, name)]
        assert {row["person_id"] for row in held if row["organisation_id"] is None} <= confirmed
        assert {row["id"] for row in rows(self.db, "people") if row["payment_method"]} <= confirmed
        told = {key.partition(":")[2] for key in self._keys("direct_debit.agreed")}
        assert {f"{row['id']}:0" for row in rows(self.db, "mandates")} <= told

    def _keys(self, kind: str) -> list[str]:
        return [row["idempotency_key"] for row in rows(self.db, "outbox") if row["kind"] == kind]

    @invariant()
    def revoked_codes_open_nothing(self) -> None:
        """A revoked code never signs in."""
        if not hasattr(self, "db"):
            return
        self._read_codes()
        revoked = {row["id"] for row in rows(self.db, "access_codes") if row["revoked_at"] is not None}
        for code, number in self.seen_codes.items():
            if number in revoked:
                assert access_codes.find_usable(self.db.read(), lookup_hashes(KEYS, code), self.now) is None

    @invariant()
    def promises_are_working_days(self) -> None:
        """Every date that was promised is a working day."""
        if not hasattr(self, "db"):
            return
        for row in rows(self.db, "requests"):
            for name in ("expected_from", "expected_until"):
                assert workdays.is_workday(datetime.fromisoformat(row[name]).date())

    @invariant()
    def letters_have_live_codes(self) -> None:
        """No letter with a dead code waits to be printed, and no request but an approved one has such a letter."""
        if not hasattr(self, "db"):
            return
        live = {row["id"] for row in rows(self.db, "access_codes") if row["revoked_at"] is None}
        ready = {row["id"]: row["access_code_id"] for row in rows(self.db, "letters") if row["state"] == "ready"}
        assert set(ready.values()) <= live
        owners = {row["letter_id"]: row["state"] for row in rows(self.db, "requests")}
        assert {owners[letter] for letter in ready} <= {"approved"}

    @invariant()
    def nothing_sent_twice(self) -> None:
        """One mail a key, one code mail a code, one request a submission_id."""
        if not hasattr(self, "db"):
            return
        keys = [row["idempotency_key"] for row in rows(self.db, "outbox")]
        assert len(keys) == len(set(keys))
        sent = [row["access_code_id"] for row in rows(self.db, "letters")]
        mailed = [int(key.partition(":")[2]) for key in keys if key.startswith("access-code:")]
        assert not set(sent) & set(mailed)
        assert len(sent) == len(set(sent))


Loket.TestCase.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLoket = Loket.TestCase

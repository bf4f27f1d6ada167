"""Closing an organisation: what of each table ends, what stays, who is told, and that it happens once and whole."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from selfservice import retention
from selfservice.accounts import access_codes, invoice_addresses, mandates, organisations, sessions, tokens
from selfservice.clock import to_text
from selfservice.commands import cli
from selfservice.db import Connection, Database
from selfservice.importing.parsing import FileError
from selfservice.importing.results import RejectedLine
from selfservice.letters.printing import Printer, print_batch
from selfservice.orders import main_code_offer, visibility
from selfservice.orders.importer import Importer
from selfservice.register import closing, importer
from selfservice.register.importer import import_register
from selfservice.requests import fulfilment, progress, replacement, review, submission
from selfservice.values.access_code import group_code
from tests import request_helpers as help_
from tests.domain_helpers import (
    CONTEXT,
    KEYS,
    NOW,
    filled,
    new_code,
    new_database,
    recorded_statements,
    rows,
    undo,
    verbs,
)
from tests.letter_helpers import site
from tests.register.test_register import line, text
from tests.request_helpers import ADDRESS, BUSINESS, IBAN, KVK

LATER = NOW + timedelta(hours=1)
TODAY = date(2026, 11, 21)
OTHER = "00010014"
WHO = "staff:kim"
# What each of a filled organisation's people is here for.
MAIN, COLLEAGUE, LETTER, WAITS, PRINTED, CHECKING, UNCONFIRMED = range(7)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def email(number: str, person: int) -> str:
    return f"person{person}@of{number}.example"


def ask(db: Database, number: str, person: int, **changes: Any) -> str:
    """A request of this person for a code of the organisation; its reference."""
    return help_.hand_in(db, BUSINESS, **{"kvk_number": number, "email": email(number, person)} | changes)


def person_id(db: Database, number: str, person: int) -> int:
    row = db.read().execute("SELECT id FROM people WHERE email = ?", (email(number, person),)).fetchone()
    return int(row["id"])


def code_id(db: Database, number: str, person: int) -> int:
    query = "SELECT id FROM access_codes WHERE person_id = ?"
    return int(db.read().execute(query, (person_id(db, number, person),)).fetchone()["id"])


def fill(db: Database, number: str = KVK, house_number: str = "7a") -> tuple[int, str]:
    """An organisation with something in each table that can refer to it; its id, and the main code."""
    made, code = help_.add_organisation(db, number, house_number), new_code()
    with db.write() as conn:
        conn.execute("UPDATE organisations SET email = ? WHERE id = ?", (email(number, COLLEAGUE), made))
    for person in (MAIN, COLLEAGUE):
        ask(db, number, person, language="nl" if person else "en")
    with db.write() as conn:
        for person in (MAIN, COLLEAGUE):
            plain = code if person == MAIN else new_code()
            its = access_codes.add(
                conn, KEYS, NOW, code=plain, person_id=person_id(db, number, person), organisation_id=made
            )
            sessions.start(conn, person_id(db, number, person), its, f"{number} {person}", NOW, "a device")
        conn.execute("UPDATE requests SET state = 'duplicate' WHERE organisation_id = ?", (made,))
        main, colleague = (person_id(db, number, each) for each in (MAIN, COLLEAGUE))
        mandates.add(conn, NOW, person_id=main, organisation_id=made, iban=IBAN, holder="Kites", effective_on=TODAY)
        invoice_addresses.add(conn, CONTEXT, organisation_id=made, person_id=main, email="a@b.example", now=NOW)
        offer = f"{main_code_offer.TOKEN_KIND_PREFIX}{code_id(db, number, MAIN)}"
        tokens.issue(conn, KEYS, offer, colleague, 24, NOW)
        replacement.send_replacement_link(conn, CONTEXT, email(number, COLLEAGUE), number, ADDRESS, "nl", NOW)
        conn.execute("UPDATE organisations SET invoices_email = 'f@a.example' WHERE id = ?", (made,))
    help_.confirm(db, ask(db, number, LETTER))
    help_.approve(db, help_.request_now(db, references(db, number, LETTER)[0]).reference)
    printed = ask(db, number, PRINTED)
    with db.write() as conn:
        # To another address, since one letter goes to one address.
        conn.execute(
            "UPDATE requests SET letter_lines = replace(letter_lines, 'Duinpad', 'Zeepad') WHERE reference = ?",
            (printed,),
        )
    help_.approve(db, printed)
    query = "SELECT letter_id FROM requests WHERE reference = ?"
    letter = db.read().execute(query, (printed,)).fetchone()["letter_id"]
    print_letter(db, letter)
    help_.approve(db, ask(db, number, WAITS))
    checking = ask(db, number, CHECKING)
    help_.confirm(db, checking)
    with db.write() as conn:
        review.start_review(conn, CONTEXT, checking, "Kim Voorbeeld", NOW)
    ask(db, number, UNCONFIRMED)
    with db.write() as conn:
        # Of before: revoked, and no business of this.
        past = access_codes.add(conn, KEYS, NOW, code=new_code(), person_id=person_id(db, number, WAITS))
        access_codes.revoke(conn, past, NOW)
        importer = Importer(CONTEXT, NOW)
        importer.add(conn, order(code, f"{number}-1"))
        for batch in importer.batches(10):
            importer.write(conn, batch)
    return made, code


def print_letter(db: Database, letter: int) -> None:
    """Print one letter, as far as requests and letters hear of it."""
    with db.write() as conn:
        batch = conn.execute(
            "INSERT INTO letter_batches (folder, created_at, printed_at, released_at) VALUES ('x', ?, ?, ?) "
            "RETURNING id",
            (to_text(NOW),) * 3,
        ).fetchone()["id"]
        conn.execute(
            "UPDATE letters SET state = 'printed', nonce = '', key_id = NULL, batch_id = ?, printed_at = ? "
            "WHERE id = ?",
            (batch, to_text(NOW), letter),
        )
        fulfilment.mark_letter_printed(conn, CONTEXT, letter, NOW)


def order(code: str, number: str) -> tuple[str, ...]:
    """An order in the order of the columns."""
    from selfservice.orders.validation import values_of_object

    return values_of_object(
        {
            "number": number,
            "ordered_at": "2026-03-01T14:05:00+01:00",
            "access_code": group_code(code),
            "product": "extract",
            "payment": "direct_debit",
            "cents": 285,
            "state": "delivered",
        }
    )


def references(db: Database, number: str, person: int) -> list[str]:
    return [row["reference"] for row in rows(db, "requests") if row["email"] == email(number, person)]


def close(db: Database, *ids: int, now: datetime = LATER, day: date = TODAY) -> closing.Closed:
    with db.write() as conn:
        for each in ids:
            conn.execute("UPDATE organisations SET closed_on = ? WHERE id = ?", (day.isoformat(), each))
        return closing.close(conn, CONTEXT, ids, WHO, now)


def alive(db: Database, organisation: int) -> dict[str, int]:
    """How much of each table still works for an organisation, or waits."""
    queries = {
        "codes": "SELECT 1 FROM access_codes WHERE organisation_id = :id AND revoked_at IS NULL",
        "sessions": """SELECT 1 FROM sessions s JOIN access_codes c ON c.id = s.access_code_id
                       WHERE c.organisation_id = :id AND s.ended_at IS NULL""",
        "requests": """SELECT 1 FROM requests WHERE organisation_id = :id
                       AND state IN ('received', 'checking', 'approved', 'duplicate')""",
        "links": """SELECT 1 FROM tokens t WHERE t.used_at IS NULL AND t.person_id IS NOT NULL AND (
                        t.kind = 'invoices_email:' || :id
                        OR t.kind IN (SELECT 'request:' || id FROM requests WHERE organisation_id = :id)
                        OR t.kind IN (SELECT 'main_code:' || id FROM access_codes WHERE organisation_id = :id)
                        OR t.kind IN (SELECT 'lost_access_code:' || id FROM access_codes
                                      WHERE organisation_id = :id))""",
        "letters": """SELECT 1 FROM letters l JOIN requests r ON r.reference = l.reference
                      WHERE r.organisation_id = :id AND l.state = 'ready'""",
        "mandates": "SELECT 1 FROM mandates WHERE organisation_id = :id AND ended_at IS NULL",
        "addresses": "SELECT 1 FROM invoice_addresses WHERE organisation_id = :id",
        "main": "SELECT 1 FROM organisations WHERE id = :id AND main_person_id IS NOT NULL",
        "orders": "SELECT 1 FROM orders WHERE account = :id",
        "invoices": "SELECT 1 FROM organisations WHERE id = :id AND invoices_email IS NOT NULL",
    }
    return {name: len(db.read().execute(query, {"id": organisation}).fetchall()) for name, query in queries.items()}


FULL = {
    "codes": 4, "sessions": 2, "requests": 6, "links": 8, "letters": 1, "mandates": 1, "addresses": 1, "main": 1,
    "orders": 1, "invoices": 1,
}  # fmt: skip
STAYS = {"orders": 1, "invoices": 1}


def test_everything_ends(db: Database) -> None:
    """Of each table what works for the organisation ends, and nothing of another's; orders stay, and the address for
    invoices; no row goes but the address that waited for its link.
    """
    (its, _), (others, _) = fill(db), fill(db, OTHER, "9")
    assert [FULL, FULL] == [alive(db, its), alive(db, others)]
    before = {name: len(rows(db, name)) for name in tables(db)}
    theirs = of_other(db, others)
    done = close(db, its)
    assert [dict.fromkeys(FULL, 0) | STAYS, FULL] == [alive(db, its), alive(db, others)]
    assert closing.Closed(organisations=1, codes=4, requests=6, letters=1, mandates=1, told=4, printed=1) == done
    assert theirs == of_other(db, others)
    after = {name: len(rows(db, name)) for name in tables(db)}
    changed = {name: after[name] - count for name, count in before.items() if after[name] != count}
    # Ended requests add a state each; four people had a code, and of those without one has confirmed the address. Each
    # request, each code and the organisation has an event.
    assert {"request_states": 6, "outbox": 5, "messages": 5, "invoice_addresses": -1, "events": 6 + 4 + 1} == {
        name: count for name, count in changed.items() if name != "caps"
    }
    assert [to_text(LATER), "2026-11-21"] == [rows(db, "organisations")[0][name] for name in ("closed_at", "closed_on")]


def tables(db: Database) -> list[str]:
    found = db.read().execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'"
    )
    return [row["name"] for row in found]


def of_other(db: Database, organisation: int) -> list[Any]:
    """All that refers to this organisation, row by row."""
    names = ("access_codes", "requests", "mandates", "invoice_addresses", "order_holders")
    return [
        *([row for row in rows(db, name) if row["organisation_id"] == organisation] for name in names),
        [row for row in rows(db, "organisations") if row["id"] == organisation],
    ]


def told(db: Database, since: int) -> list[tuple[str, str, str]]:
    """The kind, recipient and language of the mails after the first so many."""
    return [(row["kind"], row["recipient"], row["language"]) for row in rows(db, "outbox ORDER BY id")[since:]]


def test_people_are_told(db: Database) -> None:
    """Who has a code, or gave a mandate, gets one mail in their language; who waits for a code hears that the request
    has ended, if the address is confirmed.
    """
    its, _ = fill(db)
    since = len(rows(db, "outbox"))
    close(db, its)
    found = told(db, since)
    assert {
        ("access_code.closed", email(KVK, MAIN), "en"),
        ("access_code.closed", email(KVK, COLLEAGUE), "nl"),
        ("access_code.closed", email(KVK, LETTER), "en"),
        ("access_code.closed", email(KVK, PRINTED), "en"),
        ("access_code.rejected", email(KVK, CHECKING), "en"),
    } == set(found)
    assert 5 == len(found)
    payloads = {row["recipient"]: filled(row) for row in rows(db, "outbox ORDER BY id")[since:]}
    main, colleague = payloads[email(KVK, MAIN)], payloads[email(KVK, COLLEAGUE)]
    assert ([["Northsea Kite Repairs", "21 November 2026"]], True, "22 November 2026") == (
        main["organisations"], main["has_code"], main["debit_until"],
    )  # fmt: skip
    assert ([["Northsea Kite Repairs", "21 november 2026"]], "") == (
        colleague["organisations"],
        colleague["debit_until"],
    )
    assert "This organisation is no longer in the Business Register." == payloads[email(KVK, CHECKING)]["reason"]


def test_one_mail_for_several(db: Database) -> None:
    """Who has codes of several organisations that are closed together gets one mail."""
    ids = [help_.add_organisation(db, number) for number in (KVK, OTHER)]
    for number in (KVK, OTHER):
        ask(db, number, MAIN, email="both@kites.example")
    with db.write() as conn:
        for each in ids:
            access_codes.add(conn, KEYS, NOW, code=new_code(), person_id=1, organisation_id=each)
    since = len(rows(db, "outbox"))
    assert (2, 2, 1) == ((done := close(db, *ids)).organisations, done.codes, done.told)
    assert [("access_code.closed", "both@kites.example", "en")] == told(db, since)
    assert 2 == len(filled(rows(db, "outbox")[-1])["organisations"])


def test_only_a_mandate(db: Database) -> None:
    """Who gave a mandate and has no code any more is told that it has ended."""
    made = help_.add_organisation(db)
    ask(db, KVK, MAIN)
    with db.write() as conn:
        mandates.add(conn, NOW, person_id=1, organisation_id=made, iban=IBAN, holder="K", effective_on=TODAY)
    close(db, made)
    found = filled(rows(db, "outbox")[-1])
    assert (False, "22 November 2026") == (found["has_code"], found["debit_until"])
    assert TODAY == getattr(mandates.ending(db.read(), 1, made, TODAY), "effective_on", None)


def test_again_changes_nothing(db: Database) -> None:
    """Closed once more nothing is written, and nobody is told twice."""
    its, _ = fill(db)
    close(db, its)
    before = {name: rows(db, name) for name in tables(db)}
    assert closing.Closed() == close(db, its, now=LATER + timedelta(days=1))
    assert before == {name: rows(db, name) for name in tables(db)}


def test_all_or_nothing(db: Database) -> None:
    """What fails half-way leaves everything as it was."""
    its, _ = fill(db)

    def close_it(conn: Connection) -> None:
        conn.execute("UPDATE organisations SET closed_on = '2026-11-21'")
        closing.close(conn, CONTEXT, [its], WHO, LATER)

    before = {name: rows(db, name) for name in tables(db)}
    undo(db, close_it)
    assert before == {name: rows(db, name) for name in tables(db)}


def test_unknown_from_then_on(db: Database) -> None:
    """No form finds it any more, by number or by name; what was asked for it is found, and says why it ended."""
    its, _ = fill(db)
    fill(db, OTHER, "9")
    close(db, its)
    conn = db.read()
    assert (None, OTHER) == (
        submission.find_organisation(conn, KVK),
        getattr(submission.find_organisation(conn, OTHER), "kvk_number", None),
    )
    assert [OTHER] == [row["kvk_number"] for row in organisations.find_by_name(conn, "northsea")]
    with db.write() as writing, pytest.raises(submission.InvalidAnswersError, match="kvk_number"):
        submission.submit(writing, CONTEXT, BUSINESS, "again", ADDRESS, LATER)


def test_status_tells_nothing_of_a_code(db: Database) -> None:
    """The status of a request looks the same whether or not its address had a code: of a duplicate too it says that the
    request has ended with the organisation.
    """
    its = help_.add_organisation(db)
    first = ask(db, KVK, MAIN)
    help_.approve(db, first)
    shown = []
    for person in (MAIN, COLLEAGUE):
        asked = ask(db, KVK, person)
        shown.append((asked, email(KVK, person)))
    assert ["duplicate", "received"] == [help_.request_now(db, asked).state for asked, _ in shown]
    close(db, its)
    found = [progress.find_status(db.read(), CONTEXT, asked, address, LATER) for asked, address in shown]
    assert found[0] is not None
    assert found[1] is not None
    first_shown, other = (replace(each, reference="", masked_email="", letter_lines=()) for each in found if each)
    assert first_shown == other
    assert ("rejected", "organisation_ended", ["received", "rejected"]) == (
        found[0].state, found[0].reason, [state for state, _ in found[0].timeline],
    )  # fmt: skip


def test_orders_go_on(db: Database) -> None:
    """The shop may deliver what was ordered with a code of before."""
    its, code = fill(db)
    close(db, its)
    with db.write() as conn:
        importer = Importer(CONTEXT, LATER)
        importer.add(conn, order(code, "LATE-1"))
        [counts] = [importer.write(conn, batch) for batch in importer.batches(10)]
    assert (1, 2) == (counts.new, alive(db, its)["orders"])
    places = visibility.other_accounts(db.read(), person_id(db, KVK, MAIN), None)
    assert [visibility.OtherAccount("Northsea Kite Repairs", has_code=False, is_closed=True)] == places


def test_letter_in_a_batch_is_not_printed(db: Database, tmp_path: Path) -> None:
    """A letter whose printing had begun is not printed when its organisation is closed meanwhile."""
    its = help_.add_organisation(db)
    help_.approve(db, ask(db, KVK, LETTER))
    closed = []

    def progress_(*_: int) -> None:
        closed.append(close(db, its).letters)

    printer = Printer(db, KEYS, site(), progress=progress_)
    assert (None, [1]) == (print_batch(printer, tmp_path / "letters", 10, LATER), closed)
    assert ["withdrawn"] == [row["state"] for row in rows(db, "letters")]


def test_code_on_its_way_is_not_mailed(db: Database) -> None:
    """A mail with a code that waits for its turn is not sent any more; the one that tells why is."""
    its = help_.add_organisation(db)
    with db.write() as conn:
        conn.execute("UPDATE organisations SET email = ?", (email(KVK, MAIN),))
    help_.approve(db, ask(db, KVK, MAIN))
    close(db, its)
    given_up = {row["kind"]: row["give_up_at"] <= to_text(LATER) for row in rows(db, "outbox")}
    assert {"access_code.received": False, "access_code.code": True, "access_code.closed": False} == {
        kind: late for kind, late in given_up.items() if kind.startswith("access_code")
    }


# The day


@pytest.mark.parametrize(
    ("moment", "closed"),
    [(datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC), 0), (datetime(2026, 11, 30, 23, 0, tzinfo=UTC), 1)],
)
def test_day_to_come(db: Database, moment: datetime, closed: int) -> None:
    """On a day to come it is closed when that day begins here, by the worker's work of each hour."""
    its, _ = fill(db)
    with db.write() as conn:
        found = closing.set_day(conn, CONTEXT, KVK, date(2026, 12, 1), WHO, NOW)
    assert found is not None
    assert (closing.Closed(), FULL) == (found[1], alive(db, its))
    assert closed == closing.close_due(db, CONTEXT, moment).organisations
    assert closing.Closed() == closing.close_due(db, CONTEXT, moment)


def test_due_in_batches(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are due, each transaction closes so many of them, and all are closed."""
    monkeypatch.setattr(closing, "BATCH_SIZE", 2)
    for number in range(5):
        help_.add_organisation(db, f"{number:08}")
    with db.write() as conn:
        conn.execute("UPDATE organisations SET closed_on = '2026-11-20'")
    assert 5 == closing.close_due(db, CONTEXT, NOW).organisations


def test_what_an_earlier_version_let_in_since_ends(db: Database) -> None:
    """0.1.0, to which one may go back, takes requests for a closed organisation and hands out its codes: all that ends
    when this version runs again, and who got a code is told.
    """
    its, _ = fill(db)
    close(db, its)
    with db.write() as conn:
        conn.execute("UPDATE organisations SET closed_at = NULL WHERE id = ?", (its,))
    late, asked = ask(db, KVK, MAIN + 20), ask(db, KVK, MAIN + 21)
    help_.approve(db, late)
    with db.write() as conn:
        conn.execute("UPDATE organisations SET closed_at = ? WHERE id = ?", (to_text(NOW), its))
    done = closing.close_due(db, CONTEXT, LATER)
    assert (1, 1, 2, 1) == (done.organisations, done.codes, done.requests, done.told)
    assert ["rejected"] * 2 == [help_.request_now(db, each).state for each in (late, asked)]
    assert closing.Closed() == closing.close_due(db, CONTEXT, LATER)


def set_day(db: Database, day: date | None, now: datetime = LATER) -> closing.Closed:
    with db.write() as conn:
        found = closing.set_day(conn, CONTEXT, KVK, day, WHO, now)
    assert found is not None
    return found[1]


def test_reopen(db: Database) -> None:
    """Open again it can be asked for; its codes stay revoked, and the first new one is the main code."""
    its, _ = fill(db)
    set_day(db, TODAY)
    assert closing.Closed() == set_day(db, None)
    assert submission.find_organisation(db.read(), KVK) is not None
    assert dict.fromkeys(FULL, 0) | STAYS == alive(db, its)
    help_.approve(db, ask(db, KVK, COLLEAGUE, now=LATER), LATER)
    known = help_.organisation(db)
    assert (person_id(db, KVK, COLLEAGUE), 1) == (known.main_person_id, alive(db, its)["codes"])
    assert ["organisation.close", "organisation.reopen"] == [
        row["what"] for row in rows(db, "events ORDER BY id") if row["what"].startswith("organisation.")
    ]
    assert (1, 1) == ((done := set_day(db, TODAY)).codes, done.told)


def test_day_moves(db: Database) -> None:
    """Another day in the past closes nothing anew; one to come opens it until then."""
    its, _ = fill(db)
    set_day(db, TODAY)
    assert closing.Closed() == set_day(db, date(2026, 11, 1))
    assert submission.find_organisation(db.read(), KVK) is None
    set_day(db, date(2026, 12, 1))
    assert submission.find_organisation(db.read(), KVK) is not None
    assert 0 == alive(db, its)["codes"]


# The file


def bring(db: Database, *lines: str, now: datetime = LATER) -> tuple[int, int, int, int, int]:
    """Bring these lines in: how many were new, changed, the same, refused, and closed."""
    found = import_register(db, CONTEXT, io.BytesIO(text(*lines)), now, on_rejected=print)
    return found.new, found.changed, found.same, found.refused, found.closed


def test_by_file(db: Database) -> None:
    """The column says which organisations are closed: with a day of the past or today at once, empty they are open."""
    open_, closed = line(), line(closed_on="2026-11-21")
    assert (1, 0, 0, 0, 0) == bring(db, open_)
    ask(db, "01234567", MAIN)
    with db.write() as conn:
        access_codes.add(conn, KEYS, NOW, code=new_code(), person_id=1, organisation_id=1)
    assert [(0, 1, 0, 0, 1), (0, 0, 1, 0, 0)] == [bring(db, closed), bring(db, closed)]
    assert {"codes": 0, "requests": 0} == {name: alive(db, 1)[name] for name in ("codes", "requests")}
    assert (0, 1, 0, 0, 0) == bring(db, open_)
    assert submission.find_organisation(db.read(), "01234567") is not None
    assert 0 == alive(db, 1)["codes"]
    [kept] = rows(db, "access_codes")
    assert (to_text(LATER), "organisation_closed") == (kept["revoked_at"], kept["revoked_reason"])


def test_without_the_column(db: Database) -> None:
    """A file without the column says nothing of it: what is closed stays closed, and takes other changes."""
    from selfservice.register.validation import COLUMNS

    bring(db, line(), line(kvk_number="00000002"))
    bring(db, line(closed_on="2026-11-21"))
    columns = [column for column in COLUMNS if column != "closed_on"]
    content = text(
        *(line(columns=columns, kvk_number=number, name="Anders") for number in ("01234567", "00000002")),
        head=";".join(columns),
    )
    found = import_register(db, CONTEXT, io.BytesIO(content), LATER, on_rejected=print)
    assert (2, 0) == (found.changed, found.closed)
    assert [("Anders", "2026-11-21", True), ("Anders", None, False)] == [
        (row["name"], row["closed_on"], row["closed_at"] is not None) for row in rows(db, "organisations")
    ]


def test_closed_and_unknown(db: Database) -> None:
    """A closed organisation that was never known is not taken in; one that will be closed is."""
    assert (0, 0, 1, 0, 0) == bring(db, line(closed_on="2026-11-21"))
    assert (1, 0, 0, 0, 0) == bring(db, line(closed_on="2026-11-22"))
    assert 1 == closing.close_due(db, CONTEXT, LATER + timedelta(days=1)).organisations


def test_due_by_file(db: Database) -> None:
    """A file that says again what is due, before the worker came to it, closes it."""
    bring(db, line(closed_on="2026-11-22"))
    assert (0, 1, 0, 0, 1) == bring(db, line(closed_on="2026-11-22"), now=LATER + timedelta(days=1))


def test_closing_in_smaller_transactions(db: Database) -> None:
    """Lines that close are written in transactions of 200, so that nobody waits long; others in those of 1,000."""
    numbers = [f"{number:08}" for number in range(450)]
    begun = []
    for changes in ({}, {"closed_on": "2026-11-21"}):
        lines = [line(kvk_number=number, **changes) for number in numbers]
        with recorded_statements(db) as statements:
            bring(db, *lines)
        begun.append(verbs(statements).count("BEGIN"))
    assert [1, 3] == begun
    assert 450 == sum(row["closed_at"] is not None for row in rows(db, "organisations"))


@pytest.mark.parametrize("wrong", ["21-11-2026", "20261121", "2026-W47-6", "2026-11-31", "2026-11-21T00:00", "yes"])
def test_no_day(db: Database, wrong: str) -> None:
    """What is no day in ISO 8601 is refused, and closes nothing."""
    refused: list[RejectedLine] = []
    content = io.BytesIO(text(line(closed_on=wrong)))
    import_register(db, CONTEXT, content, LATER, on_rejected=refused.append)
    assert ["closed_on is not a day such as 2026-11-30, or empty for an organisation that is open"] == [
        each.reason for each in refused
    ]


# Retention


def test_goes_with_the_last_that_refers_to_it(db: Database) -> None:
    """A closed organisation is kept as long as its codes, requests and mandates, and its orders; then it goes, and its
    name is found no more. An open one stays.
    """
    its, _ = fill(db)
    fill(db, OTHER, "9")
    close(db, its)
    late = LATER + timedelta(days=426)
    left = []
    for orders in (True, False):
        with db.write() as conn:
            if not orders:
                conn.execute("DELETE FROM orders WHERE account = ?", (its,))
            # Twice, as in two nights. The log keeps a year by the real clock.
            for clean in [each.clean for name, each in retention.DOMAINS.items() if name != "events"] * 2:
                clean(conn, CONTEXT, late)
        left.append([row["kvk_number"] for row in rows(db, "organisations")])
    assert [[KVK, OTHER], [OTHER]] == left
    people = {row["email"] for row in rows(db, "people")}
    assert (set(), True) == ({email(KVK, each) for each in range(7)} & people, email(OTHER, MAIN) in people)
    assert [] == db.read().execute("PRAGMA foreign_key_check").fetchall()


def test_not_before_a_year(db: Database) -> None:
    """One that nothing refers to is kept for a year, for who asks after it."""
    its = help_.add_organisation(db)
    close(db, its)
    gone = []
    for days in (365, 366):
        with db.write() as conn:
            gone.append(closing.clean(conn, CONTEXT, LATER + timedelta(days=days, microseconds=-1)))
    assert [0, 1] == gone


# What is rather a mistake


def known_many(db: Database, count: int) -> list[str]:
    """Bring so many open organisations in; their numbers."""
    numbers = [f"{number:08}" for number in range(count)]
    bring(db, *(line(kvk_number=number) for number in numbers))
    return numbers


def check_file(db: Database, *lines: str, now: datetime = LATER) -> None:
    importer.check_closings(db, io.BytesIO(text(*lines)), now)


@pytest.mark.parametrize("day", ["2026-11-21", "2026-11-22", "2030-01-01"])
def test_a_file_that_closes_too_many(db: Database, day: str) -> None:
    """Over 100 and over 5 % is refused, at once or on a day to come; 100 of few pass, and so do 5 % of many. What is
    closed already, was never known, or comes twice does not count.
    """
    numbers = known_many(db, 2021)
    closed = [line(kvk_number=number, closed_on=day) for number in (*numbers, "90000000")]
    with pytest.raises(FileError, match=r"this file 102 of 2,021 organisations .* add --close-many"):
        check_file(db, *closed[:102])
    check_file(db, *closed[:101], *closed[:101], *(line(kvk_number=number) for number in numbers))
    assert (101, 0) == bring(db, *closed[:101])[1:3]
    check_file(db, *closed[:101])
    with pytest.raises(FileError, match=r"102 of 2,021"):
        check_file(db, closed[101])


def test_few_may_be_much(db: Database) -> None:
    """Up to 100 are closed, however few there are."""
    closed = [line(kvk_number=number, closed_on="2026-11-21") for number in known_many(db, 101)]
    check_file(db, *closed[:100])
    with pytest.raises(FileError, match="101 of 101"):
        check_file(db, *closed)


def test_a_day_later_more_may_be_closed(db: Database) -> None:
    """What was closed counts for 24 hours."""
    closed = [line(kvk_number=number, closed_on="2026-11-21") for number in known_many(db, 300)]
    bring(db, *closed[:100])
    with pytest.raises(FileError, match="101 of 300"):
        check_file(db, closed[100], now=LATER + timedelta(days=1))
    check_file(db, *closed[100:200], now=LATER + timedelta(days=1, seconds=1))


def test_the_look_leaves_the_file_where_it_was(db: Database) -> None:
    """A line that is wrong is told of when it is its turn; a file that began in the middle goes on from there."""
    file = io.BytesIO(b"a line of before\n" + text("x", line(closed_on="soon"), line(closed_on="2026-11-21")))
    file.readline()
    importer.check_closings(db, file, LATER)
    assert 17 == file.tell()


@pytest.mark.parametrize("seekable", [True, False])
def test_command_asks(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, seekable: bool) -> None:
    """Nothing of such a file goes in, from a pipe neither, until --close-many says that it is right."""
    monkeypatch.setattr(closing, "MOST_IN_A_DAY", 1)
    numbers = ("00000001", "00000002")
    closed = text(*(line(kvk_number=number, closed_on="2026-11-21") for number in numbers), line(name="Nieuw"))
    runs = []
    for content, words in (
        (text(*(line(kvk_number=number) for number in numbers)), []),
        (closed, []),
        (closed, ["--close-many"]),
    ):
        file = tmp_path / "register.csv"
        file.write_bytes(content)
        command = ["register", "import", *words, str(file) if seekable else "-"]
        done = app.test_cli_runner().invoke(cli, command, input=None if seekable else Piped(content))
        runs.append((done.exit_code, done.output.splitlines()[-1]))
    assert [
        (0, "2 lines: 2 new, 0 changed, 0 the same, 0 refused"),
        (1, runs[1][1]),
        (0, "3 lines: 1 new, 2 changed (2 of them closed), 0 the same, 0 refused"),
    ] == runs
    assert runs[1][1].startswith("loket: with this file 2 of ")
    assert runs[1][1].endswith("If that is right, add --close-many. Nothing was changed")


class Piped(io.BytesIO):
    """What can be read once only."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

"""Letters in the database: queued, sent elsewhere, taken back, and one open letter to an address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from selfservice.accounts import access_codes
from selfservice.clock import to_text
from selfservice.db import Database, IntegrityError
from selfservice.letters import batches, pending
from selfservice.mail import verification
from tests.domain_helpers import CONTEXT, NOW, dump, new_database, rows
from tests.letter_helpers import LINES, SEED, enqueue

ELSEWHERE = ("Jip de Jonge", "Molenpad 256", "0045 ZZ  WIEKENDAM")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def only(db: Database) -> dict[str, object]:
    (row,) = rows(db, "letters")
    return row


def withdraw(db: Database, letter_id: int) -> None:
    with db.write() as conn:
        pending.withdraw(conn, letter_id, NOW)


def print_all(db: Database) -> None:
    with db.write() as conn:
        batch = batches.create_batch(conn, Path("/nowhere"), 100, NOW)
        assert batch is not None
        batches.mark_printed(conn, batch, batches.letters_to_print(conn, batch), (), NOW)


def test_enqueue(db: Database) -> None:
    """A queued letter is ready, has its code and address, and is registered as a message under its check code."""
    letter_id = enqueue(db, lines=LINES)
    row = only(db)
    assert (letter_id, "ready", list(LINES)) == (row["id"], row["state"], json.loads(str(row["address_lines"])))
    found = verification.find(db.read(), str(row["check_code"]))
    assert ("access_code.letter", "B••• / J••• / M••• / 0012•••") == (found and found.kind, found and found.recipient)


def test_lines_are_made_fit(db: Database) -> None:
    """Tabs, line ends and empty lines go, and an endless name is cut: nothing makes a letter that cannot be set."""
    enqueue(db, lines=("Bakkerij\tDe\nKorst", "", "N" * 500, " Meelstraat 3 ", "0012 AB  TARWEDAM"))
    lines = json.loads(str(only(db)["address_lines"]))
    assert ["Bakkerij De Korst", "N" * 199 + "…", "Meelstraat 3", "0012 AB  TARWEDAM"] == lines


@pytest.mark.parametrize("lines", [("Jip", "0012 AB  TARWEDAM"), ("a", "b", "c", "d", "e", "f")])
def test_too_few_or_many_lines(db: Database, lines: tuple[str, ...]) -> None:
    """An envelope has three to five lines; others are refused and nothing is queued."""
    with pytest.raises(ValueError, match="an envelope has 3 to 5 lines"):
        enqueue(db, lines=lines)
    assert [] == rows(db, "letters")


@pytest.mark.parametrize(
    "again",
    [
        ("Somebody Else", "Meelstraat 3", "0012 AB  TARWEDAM"),
        ("Jip", "MEELSTRAAT 3", "0012AB Tarwedam"),
        ("Jip", "Meelstraat, 3.", "0012 AB TÁRWEDAM"),
    ],
)
def test_one_open_letter(db: Database, again: tuple[str, ...]) -> None:
    """To an address with an open letter no second goes, whoever it is for and however it is spelled."""
    enqueue(db, lines=("Jip", "Meelstraat 3", "0012 AB  TARWEDAM"))
    with pytest.raises(pending.OpenLetterError):
        enqueue(db, 1, lines=again)
    assert (1, 1) == (len(rows(db, "letters")), len(rows(db, "messages")))


def test_next_door(db: Database) -> None:
    """The neighbours may get one."""
    enqueue(db, lines=("Jip", "Meelstraat 3", "0012 AB  TARWEDAM"))
    enqueue(db, 1, lines=("Jip", "Meelstraat 3 a", "0012 AB  TARWEDAM"))
    assert 2 == len(rows(db, "letters"))


def test_after_14_days(db: Database) -> None:
    """After 14 days the next may go, not a moment before."""
    enqueue(db, lines=LINES)
    with pytest.raises(pending.OpenLetterError):
        enqueue(db, 1, lines=LINES, now=NOW + timedelta(days=14, microseconds=-1))
    assert enqueue(db, 2, lines=LINES, now=NOW + timedelta(days=14))


def test_printed_is_open(db: Database) -> None:
    """A letter that was printed is still on its way."""
    enqueue(db, lines=LINES)
    print_all(db)
    with pytest.raises(pending.OpenLetterError):
        enqueue(db, 1, lines=LINES)


def test_revoked_is_open(db: Database) -> None:
    """That its code was revoked does not let the next go: else losing a code again and again would flood an address."""
    enqueue(db, lines=LINES)
    print_all(db)
    with db.write() as conn:
        access_codes.revoke(conn, 1, NOW)
    with pytest.raises(pending.OpenLetterError):
        enqueue(db, 1, lines=LINES)


def test_arrived(db: Database) -> None:
    """A letter whose code was used has arrived: a colleague's may go."""
    enqueue(db, lines=LINES)
    with db.write() as conn:
        conn.execute("UPDATE access_codes SET first_used_at = :now", {"now": to_text(NOW)})
    assert enqueue(db, 1, lines=LINES)


def test_withdraw(db: Database) -> None:
    """A letter that was taken back has no code and no address any more, and leaves room for the next."""
    letter_id = enqueue(db, lines=LINES)
    withdraw(db, letter_id)
    row = only(db)
    assert ("withdrawn", None, "", "[]") == (row["state"], row["key_id"], row["nonce"], row["address_lines"])
    assert "Meelstraat" not in dump(db)
    assert enqueue(db, 1, lines=LINES)


def test_withdraw_too_late(db: Database) -> None:
    """A printed letter cannot be taken back, a withdrawn one not again."""
    letter_id, other = enqueue(db), enqueue(db, 1)
    withdraw(db, other)
    print_all(db)
    for late in (letter_id, other):
        with pytest.raises(pending.LetterPrintedError):
            withdraw(db, late)
    assert ["printed", "withdrawn"] == [row["state"] for row in rows(db, "letters")]


def test_no_code_once_printed(db: Database) -> None:
    """The table itself refuses a printed letter with a seed, and a ready one without."""
    enqueue(db)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute("UPDATE letters SET nonce = ''")
    print_all(db)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute("UPDATE letters SET nonce = :nonce", {"nonce": SEED.nonce})


def test_revoked_is_not_printed(db: Database) -> None:
    """A ready letter whose code was revoked is withdrawn when the next batch begins."""
    enqueue(db)
    enqueue(db, 1)
    with db.write() as conn:
        access_codes.revoke(conn, 1, NOW)
        batch = batches.create_batch(conn, Path("/nowhere"), 100, NOW)
        assert batch is not None
        assert [2] == [letter.id for letter in batches.letters_to_print(conn, batch)]
    assert "withdrawn" == rows(db, "letters")[0]["state"]


def test_changed_meanwhile(db: Database) -> None:
    """A batch is only marked as printed when its letters are still what was put on paper."""
    letter_id = enqueue(db)
    enqueue(db, 1)
    with db.write() as conn:
        batch = batches.create_batch(conn, Path("/nowhere"), 100, NOW)
        assert batch is not None
    made = batches.letters_to_print(db.read(), batch)
    withdraw(db, letter_id)
    with db.write() as conn:
        assert batches.mark_printed(conn, batch, made, (), NOW) is False
    assert ["withdrawn", "ready"] == [row["state"] for row in rows(db, "letters")]


def test_one_batch_at_a_time(db: Database) -> None:
    """The database refuses a second batch while one is unfinished."""
    enqueue(db)
    enqueue(db, 1)
    with db.write() as conn:
        batches.create_batch(conn, Path("/nowhere"), 1, NOW)
    with pytest.raises(IntegrityError), db.write() as conn:
        batches.create_batch(conn, Path("/nowhere"), 1, NOW)


def test_posted(db: Database) -> None:
    """Posting tells each letter's hooks once, forgets the addresses, and can be said twice."""
    enqueue(db)
    print_all(db)
    told: list[int] = []
    hooks = (lambda _conn, letter_id, _now: told.append(letter_id),)
    with db.write() as conn:
        batches.mark_released(conn, batches.get(conn, 1), NOW)
        assert [1, 0] == [batches.mark_posted(conn, 1, hooks, NOW) for _ in range(2)]
    assert ("posted", "[]", [1]) == (only(db)["state"], only(db)["address_lines"], told)


@pytest.mark.parametrize("batch", [1, 7])
def test_posted_too_early(db: Database, batch: int) -> None:
    """A batch that is not released, or not there, cannot be posted."""
    enqueue(db)
    print_all(db)
    with pytest.raises(batches.UnknownBatchError), db.write() as conn:
        batches.mark_posted(conn, batch, (), NOW)
    assert "printed" == only(db)["state"]


def test_clean(db: Database) -> None:
    """A posted letter goes after 365 days, with its batch; one that still has to go is kept."""
    enqueue(db)
    print_all(db)
    with db.write() as conn:
        batches.mark_released(conn, batches.get(conn, 1), NOW)
        batches.mark_posted(conn, 1, (), NOW)
    enqueue(db, 1)
    later = NOW + timedelta(days=366)
    with db.write() as conn:
        assert [0, 1] == [pending.clean(conn, CONTEXT, NOW), pending.clean(conn, CONTEXT, later)]
    assert (["ready"], []) == ([row["state"] for row in rows(db, "letters")], rows(db, "letter_batches"))

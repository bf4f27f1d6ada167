"""Anonymous sessions and saved forms: opaque cookies, and rows that go in time."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from selfservice.accounts import anonymous_sessions
from selfservice.accounts.saved_forms import MAX_LENGTH, SavedForm
from selfservice.db import Database
from tests.domain_helpers import CONTEXT, NOW, add_person, dump, new_database, recorded_statements, rows, verbs

FRAGMENT = "replacement-password"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        add_person(made)
        yield made


def start(db: Database) -> tuple[int, str]:
    with db.write() as conn:
        return anonymous_sessions.start(conn, NOW)


def test_find(db: Database) -> None:
    """An anonymous session is found by its cookie, and by nothing else."""
    session_id, cookie = start(db)
    found = [anonymous_sessions.find(db.read(), CONTEXT, each, NOW) for each in (cookie, cookie[:-1], "", None)]
    assert [session_id, None, None, None] == found


@pytest.mark.parametrize(("hours", "expected"), [(23.9, True), (24, False)])
def test_anonymous_session_ends(db: Database, hours: float, expected: bool) -> None:
    """An anonymous session lives for 24 hours after its last use."""
    _, cookie = start(db)
    assert expected == (anonymous_sessions.find(db.read(), CONTEXT, cookie, NOW + timedelta(hours=hours)) is not None)


def test_touch(db: Database) -> None:
    """Using an anonymous session lengthens its life; the row is written at most once in ten minutes."""
    session_id, cookie = start(db)
    used = []
    for minutes in (5, 20):
        with db.write() as conn:
            anonymous_sessions.touch(conn, session_id, NOW + timedelta(minutes=minutes))
        used.append(rows(db, "visits")[0]["used_at"])
    later = NOW + timedelta(hours=24, minutes=10)
    assert (2, session_id) == (len(set(used)), anonymous_sessions.find(db.read(), CONTEXT, cookie, later))


def test_cookie_is_not_in_the_database(db: Database) -> None:
    """The database knows cookies by their hashes only."""
    _, cookie = start(db)
    assert cookie not in dump(db)


def test_renew(db: Database) -> None:
    """A renewed session has a new cookie and its saved forms; the old cookie is worth nothing."""
    session_id, old = start(db)
    with db.write() as conn:
        SavedForm(session_id, FRAGMENT).save(conn, {"step": 2}, NOW)
        new = anonymous_sessions.renew(conn, session_id, NOW)
    found = [anonymous_sessions.find(db.read(), CONTEXT, each, NOW) for each in (old, new)]
    assert ([None, session_id], {"step": 2}) == (found, SavedForm(session_id, FRAGMENT).load(db.read(), CONTEXT, NOW))


def test_renew_needs_a_session(db: Database) -> None:
    """Renewing an anonymous session that is gone is an error."""
    with pytest.raises(LookupError), db.write() as conn:
        anonymous_sessions.renew(conn, 99, NOW)


def test_end(db: Database) -> None:
    """Ending an anonymous session removes it with its saved forms."""
    session_id, _ = start(db)
    with db.write() as conn:
        SavedForm(session_id, FRAGMENT).save(conn, {"step": 2}, NOW)
        anonymous_sessions.end(conn, session_id)
    assert ([], []) == (rows(db, "visits"), rows(db, "drafts"))


def test_saved_form(db: Database) -> None:
    """A saved form is what was saved last, for one form in one session; deleted, it is empty."""
    session_id, _ = start(db)
    other, _ = start(db)
    saved_form = SavedForm(session_id, FRAGMENT)
    with db.write() as conn:
        saved_form.save(conn, {"email": "old"}, NOW)
        saved_form.save(conn, {"email": "jan@example.org", "naïef": ["é", None]}, NOW)
    seen = [
        each.load(db.read(), CONTEXT, NOW)
        for each in (saved_form, SavedForm(other, FRAGMENT), SavedForm(session_id, "another-form"))
    ]
    with db.write() as conn:
        saved_form.delete(conn)
        saved_form.delete(conn)
    assert [{"email": "jan@example.org", "naïef": ["é", None]}, {}, {}] == seen
    assert {} == saved_form.load(db.read(), CONTEXT, NOW)


@pytest.mark.parametrize(("hours", "expected"), [(23.9, {"a": 1}), (24, {})])
def test_saved_form_ends(db: Database, hours: float, expected: dict[str, int]) -> None:
    """A saved_form is there for 24 hours after it was saved."""
    session_id, _ = start(db)
    with db.write() as conn:
        SavedForm(session_id, FRAGMENT).save(conn, {"a": 1}, NOW)
    assert expected == SavedForm(session_id, FRAGMENT).load(db.read(), CONTEXT, NOW + timedelta(hours=hours))


def test_saved_form_size(db: Database) -> None:
    """A saved_form too large to be a form is refused, and the one before it stays."""
    session_id, _ = start(db)
    saved_form = SavedForm(session_id, FRAGMENT)
    with db.write() as conn:
        saved_form.save(conn, {"a": 1}, NOW)
    with pytest.raises(ValueError, match="at most 16384"), db.write() as conn:
        saved_form.save(conn, {"a": "x" * MAX_LENGTH}, NOW)
    assert {"a": 1} == saved_form.load(db.read(), CONTEXT, NOW)


def test_reading_writes_nothing(db: Database) -> None:
    """Finding an anonymous session and loading its saved form only read."""
    session_id, cookie = start(db)
    with recorded_statements(db) as statements:
        anonymous_sessions.find(db.read(), CONTEXT, cookie, NOW)
        SavedForm(session_id, FRAGMENT).load(db.read(), CONTEXT, NOW)
    assert ["SELECT", "SELECT"] == verbs(statements)

"""Visits and drafts: opaque cookies, and rows that go in time."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from selfservice.db import Database
from selfservice.visits import model as visits
from selfservice.visits.drafts import MAX_LENGTH, Draft
from tests.domain_helpers import NOW, add_person, counted, dump, new_database, rows, verbs

FRAGMENT = "replacement-password"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        add_person(made)
        yield made


def start(db: Database) -> tuple[int, str]:
    with db.write() as conn:
        return visits.start(conn, NOW)


def test_find(db: Database) -> None:
    """A visit is found by its cookie, and by nothing else."""
    visit, cookie = start(db)
    found = [visits.find(db.read(), each, NOW) for each in (cookie, cookie[:-1], "", None)]
    assert [visit, None, None, None] == found


@pytest.mark.parametrize(("hours", "expected"), [(23.9, True), (24, False)])
def test_visit_ends(db: Database, hours: float, expected: bool) -> None:
    """A visit lives for 24 hours after its last use."""
    _, cookie = start(db)
    assert expected == (visits.find(db.read(), cookie, NOW + timedelta(hours=hours)) is not None)


def test_touch(db: Database) -> None:
    """Using a visit lengthens its life; the row is written at most once in ten minutes."""
    visit, cookie = start(db)
    used = []
    for minutes in (5, 20):
        with db.write() as conn:
            visits.touch(conn, visit, NOW + timedelta(minutes=minutes))
        used.append(rows(db, "visits")[0]["used_at"])
    later = NOW + timedelta(hours=24, minutes=10)
    assert (2, visit) == (len(set(used)), visits.find(db.read(), cookie, later))


def test_cookie_is_not_in_the_database(db: Database) -> None:
    """The database knows cookies by their hashes only."""
    _, cookie = start(db)
    assert cookie not in dump(db)


def test_renew(db: Database) -> None:
    """A renewed visit has a new cookie and its drafts; the old cookie is worth nothing."""
    visit, old = start(db)
    with db.write() as conn:
        Draft(visit, FRAGMENT).save(conn, {"step": 2}, NOW)
        new = visits.renew(conn, visit, NOW)
    found = [visits.find(db.read(), each, NOW) for each in (old, new)]
    assert ([None, visit], {"step": 2}) == (found, Draft(visit, FRAGMENT).load(db.read(), NOW))


def test_renew_needs_a_visit(db: Database) -> None:
    """Renewing a visit that is gone is an error."""
    with pytest.raises(LookupError), db.write() as conn:
        visits.renew(conn, 99, NOW)


def test_end(db: Database) -> None:
    """Ending a visit removes it with its drafts."""
    visit, _ = start(db)
    with db.write() as conn:
        Draft(visit, FRAGMENT).save(conn, {"step": 2}, NOW)
        visits.end(conn, visit)
    assert ([], []) == (rows(db, "visits"), rows(db, "drafts"))


def test_draft(db: Database) -> None:
    """A draft is what was saved last, for one form in one visit; deleted, it is empty."""
    visit, _ = start(db)
    other, _ = start(db)
    draft = Draft(visit, FRAGMENT)
    with db.write() as conn:
        draft.save(conn, {"email": "old"}, NOW)
        draft.save(conn, {"email": "jan@example.org", "naïef": ["é", None]}, NOW)
    seen = [each.load(db.read(), NOW) for each in (draft, Draft(other, FRAGMENT), Draft(visit, "another-form"))]
    with db.write() as conn:
        draft.delete(conn)
        draft.delete(conn)
    assert [{"email": "jan@example.org", "naïef": ["é", None]}, {}, {}] == seen
    assert {} == draft.load(db.read(), NOW)


@pytest.mark.parametrize(("hours", "expected"), [(23.9, {"a": 1}), (24, {})])
def test_draft_ends(db: Database, hours: float, expected: dict[str, int]) -> None:
    """A draft is there for 24 hours after it was saved."""
    visit, _ = start(db)
    with db.write() as conn:
        Draft(visit, FRAGMENT).save(conn, {"a": 1}, NOW)
    assert expected == Draft(visit, FRAGMENT).load(db.read(), NOW + timedelta(hours=hours))


def test_draft_size(db: Database) -> None:
    """A draft too large to be a form is refused, and the one before it stays."""
    visit, _ = start(db)
    draft = Draft(visit, FRAGMENT)
    with db.write() as conn:
        draft.save(conn, {"a": 1}, NOW)
    with pytest.raises(ValueError, match="at most 16384"), db.write() as conn:
        draft.save(conn, {"a": "x" * MAX_LENGTH}, NOW)
    assert {"a": 1} == draft.load(db.read(), NOW)


def test_reading_writes_nothing(db: Database) -> None:
    """Finding a visit and loading its draft only read."""
    visit, cookie = start(db)
    with counted(db) as statements:
        visits.find(db.read(), cookie, NOW)
        Draft(visit, FRAGMENT).load(db.read(), NOW)
    assert ["SELECT", "SELECT"] == verbs(statements)

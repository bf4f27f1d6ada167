"""Limits: exact, also when many processes count at once, and silent about who is limited."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from selfservice.config import ROOT
from selfservice.db import Database
from selfservice.limits import rate_limit, sliding_window, table
from selfservice.limits.rate_limit import (
    MIN_NETWORKS,
    PEOPLE_AT_ONCE,
    TRIES_PER_PERSON,
    Decision,
    LimitSet,
    RateLimit,
    allow,
    allow_each,
    limited_network,
)
from selfservice.limits.sliding_window import SlidingWindowLimit
from selfservice.mail import outbox
from tests.domain_helpers import CONTEXT, KEYS, NOW, dump, new_database, recorded_statements, rows, run_processes, undo

LIMIT = RateLimit("test", 3, 3600)
CAP = SlidingWindowLimit("test", 3, 10)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def allowed(db: Database, seconds: float = 0, key: str = "me", limit: RateLimit = LIMIT) -> bool:
    return allow(db.read(), KEYS, limit, key, NOW + timedelta(seconds=seconds)).allowed


def test_count(db: Database) -> None:
    """So many at once are admitted, and no more."""
    assert [True, True, True, False, False] == [allowed(db) for _ in range(5)]


@pytest.mark.parametrize(("seconds", "expected"), [(1199, False), (1200, True)])
def test_refill(db: Database, seconds: int, expected: bool) -> None:
    """One more is admitted each period divided by the count, not a second earlier."""
    for _ in range(3):
        allowed(db)
    assert [expected, False] == [allowed(db, seconds), allowed(db, seconds)]


def test_rest_is_not_saved_up(db: Database) -> None:
    """Who was away for long may do as much at once as anybody, not more."""
    allowed(db)
    assert [True, True, True, False] == [allowed(db, 36_000) for _ in range(4)]


def test_refused_tries_are_not_counted(db: Database) -> None:
    """Who keeps trying while refused does not wait longer for it."""
    for _ in range(50):
        allowed(db)
    assert allowed(db, 1200)


def test_retry_after(db: Database) -> None:
    """A refusal says in whole seconds when the next is admitted, and then it is."""
    for _ in range(3):
        allowed(db)
    decision = allow(db.read(), KEYS, LIMIT, "me", NOW + timedelta(seconds=100.5))
    assert Decision(False, 1100) == decision
    assert (False, True) == (allowed(db, 1199.9), allowed(db, 100.5 + 1100))


@pytest.mark.parametrize("seconds", [0, 0.5, 599.5, 1200, 1799.5, 2399, 3600, -5])
def test_remaining(db: Database, seconds: float) -> None:
    """What is told to remain is exactly what is allowed at that moment, and after the seconds told one more is."""
    for _ in range(2):
        allowed(db)
    later = NOW + timedelta(seconds=seconds)
    told = allow(db.read(), KEYS, LIMIT, "me", later)
    with db.write() as conn:
        same_moment = [allow(conn, KEYS, LIMIT, "me", later).allowed for _ in range(LIMIT.count)]
    then = allow(db.read(), KEYS, LIMIT, "me", later + timedelta(seconds=told.wait_seconds))
    assert (told.remaining, True) == (sum(same_moment), then.allowed)


def test_keys_and_names_are_apart(db: Database) -> None:
    """Another key, or another limit on the same key, has a count of its own."""
    for _ in range(3):
        allowed(db)
    assert [False, True, True] == [
        allowed(db),
        allowed(db, key="you"),
        allowed(db, limit=RateLimit("other", 3, 3600)),
    ]


def test_clock_going_back(db: Database) -> None:
    """A clock that is set back makes the limit stricter for a while, never looser."""
    assert [True, True, False, False] == [allowed(db, seconds) for seconds in (0, -5, -10, -15)]


def test_allow_all(db: Database) -> None:
    """Of several limits the first that refuses is told, and those behind it do not count the try."""
    a, b = RateLimit("a", 2, 120), RateLimit("b", 2, 7200)
    decisions = [allow_each(db.read(), KEYS, [(a, key), (b, "")], NOW) for key in ("x", "x", "x", "x", "y")]
    assert [Decision(True)] * 2 + [Decision(False, 60)] * 2 + [Decision(False, 3600)] == decisions


GUARDS = {name: guard for name, guard in vars(table).items() if isinstance(guard, LimitSet)}
MINUTES = 30


@pytest.mark.parametrize("guard", GUARDS.values(), ids=GUARDS)
def test_one_network_fills_little(db: Database, guard: LimitSet) -> None:
    """One network that tries on and on uses up at most a twentieth of what there is for everybody."""
    apart = replace(guard, submitted=None)
    seconds = [*(number / 50 for number in range(3000)), *range(60, 60 * MINUTES)]
    with db.write() as conn:
        spent = sum(apart.allow(conn, KEYS, "192.0.2.1", NOW + timedelta(seconds=each)).allowed for each in seconds)
        counted = conn.execute("SELECT count(*) AS n FROM limits").fetchone()["n"]
    # All that there was at once, and what came back meanwhile.
    had = guard.everybody.count * (1 + 60 * MINUTES / guard.everybody.period_seconds)
    assert (2, True) == (counted, 0 < spent <= had / MIN_NETWORKS)


@pytest.mark.parametrize("guard", GUARDS.values(), ids=GUARDS)
def test_people_at_once(db: Database, guard: LimitSet) -> None:
    """Two hundred people at one moment, three tries each, are all admitted beside a network that never stops; a crowd
    of networks is not.
    """
    with db.write() as conn:
        for number in range(3000):
            guard.allow(conn, KEYS, "192.0.2.1", NOW, f"x{number}")
        people = [
            guard.allow(conn, KEYS, f"198.51.100.{number}", NOW, f"name {number}").allowed
            for number in [*range(PEOPLE_AT_ONCE)] * TRIES_PER_PERSON
        ]
        crowd = [
            guard.allow(conn, KEYS, f"10.0.{n // 90}.{n % 90}", NOW, f"y{n}").allowed
            for n in range(guard.everybody.count)
        ]
    assert ({True}, False) == (set(people), crowd[-1])


@pytest.mark.parametrize(
    ("network_", "everybody"),
    [
        (RateLimit("one", 41, 3600), RateLimit("all", 800, 60)),
        (RateLimit("one", 40, 60), RateLimit("all", 800, 61)),
        (RateLimit("one", 20, 3600), RateLimit("all", 619, 60)),
    ],
    ids=["at once", "in the long run", "people"],
)
def test_impossible_guard(network_: RateLimit, everybody: RateLimit) -> None:
    """Limits with which one network could keep others out are a mistake."""
    with pytest.raises(ValueError, match=r"fill more|too few"):
        LimitSet(network_, everybody)


def test_limits_stand_in_the_table() -> None:
    """A limit stands in limits/table.py, so that a new form cannot get it wrong; or depends on a fact."""
    found = {
        path.relative_to(ROOT / "selfservice").as_posix()
        for path in (ROOT / "selfservice").rglob("*.py")
        if "RateLimit(" in path.read_text("utf-8")
    }
    assert {"limits/table.py", "orders/main_code.py"} == found


def test_mail_asked_for_waits_at_most_a_day(db: Database) -> None:
    """Whoever asks for mail to one address as often as can be: none of it waits for more than a day."""
    waits, email = [], "jan@example.org"
    asked = ((table.request(CONTEXT, proven=False), "192.0.2.1", ""), (table.lost_code(CONTEXT), "192.0.2.2", "lost"))
    with db.write() as conn:
        for minutes in range(0, 5 * 24 * 60, 20):
            now = NOW + timedelta(minutes=minutes)
            for guard, address, topic in asked:
                if guard.allow(conn, KEYS, address, now, email).allowed:
                    slot = outbox.reserve_slot(conn, CONTEXT, now, limit_key=email, topic=topic)
                    waits.append(slot.at - now)
                    outbox.enqueue(
                        conn, CONTEXT, now, idempotency_key=f"{minutes} {topic}", kind="lost_access_code.link",
                        recipient=email, language="en", payload={}, slot=slot,
                    )  # fmt: skip
    assert (True, True) == (len(waits) > 50, max(waits) <= timedelta(days=1))


def test_rollback_takes_the_count_back(db: Database) -> None:
    """A try counted in a transaction that fails was not made."""
    for _ in range(3):
        undo(db, lambda conn: allow(conn, KEYS, RateLimit("one", 1, 60), "me", NOW))
    assert allowed(db, limit=RateLimit("one", 1, 60))


def test_one_statement(db: Database) -> None:
    """Admitting is one statement, so nothing can come between looking and counting."""
    with recorded_statements(db) as statements:
        allowed(db)
        sliding_window.allow_in_window(db.read(), KEYS, CAP, "me", NOW)
    assert ["INSERT", "INSERT"] == [statement.split()[0] for statement in statements]


def test_keys_are_hashed(db: Database) -> None:
    """The database does not say who was limited."""
    allowed(db, key="jan@example.org")
    sliding_window.allow_in_window(db.read(), KEYS, CAP, "jan@example.org", NOW)
    assert "jan" not in dump(db)


def test_clean(db: Database) -> None:
    """A row goes when it limits nothing any more, and not before."""
    allowed(db)
    sliding_window.allow_in_window(db.read(), KEYS, CAP, "me", NOW)
    counts = []
    for hours in (0.3, 0.4, 23.9, 24.1):
        with db.write() as conn:
            rate_limit.clean(conn, CONTEXT, NOW + timedelta(hours=hours))
        counts.append((len(rows(db, "limits")), len(rows(db, "caps"))))
    assert [(1, 1), (0, 1), (0, 1), (0, 0)] == counts


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_network(address: str, expected: str) -> None:
    """An IPv4 address counts by itself, an IPv6 one with all of its /64."""
    assert expected == limited_network(address)


@pytest.mark.parametrize(("count", "seconds"), [(0, 60), (1, 0)])
def test_impossible_limit(count: int, seconds: int) -> None:
    """A limit of nothing, or in no time, is a mistake."""
    with pytest.raises(ValueError, match="at least 1"):
        RateLimit("wrong", count, seconds)


def test_impossible_cap() -> None:
    """A cap that allows more an hour than a day is a mistake."""
    with pytest.raises(ValueError, match="does not hold"):
        SlidingWindowLimit("wrong", 5, 4)


def try_many(path: Path, kind: str, keys: int) -> list[str]:
    """500 tries over so many keys, on each as often; the key of each that was admitted."""
    db = Database(path)
    # Without a transaction around it: the one statement has to be enough.
    conn = db.read()
    admitted = []
    for number in range(500):
        key = str(number * keys // 500)
        if kind == "limit":
            fits = allow(conn, KEYS, RateLimit("race", 10, 36_000), key, NOW).allowed
        else:
            fits = sliding_window.allow_in_window(conn, KEYS, SlidingWindowLimit("race", 10, 10), key, NOW)
        if fits:
            admitted.append(key)
    db.close()
    return admitted


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["limit", "cap"])
@pytest.mark.parametrize("keys", [1, 50])
def test_race(db: Database, kind: str, keys: int) -> None:
    """8 processes that try 500 times each at a limit of 10 are admitted exactly 10 times, on every key."""
    admitted = Counter(key for each in run_processes(try_many, [(db.path, kind, keys)] * 8) for key in each)
    assert {str(key): 10 for key in range(keys)} == admitted


def model_of_caps(gaps: list[int]) -> list[bool]:
    """What a cap must answer, written as plainly as can be."""
    taken: list[int] = []
    answers = []
    for moment in (sum(gaps[: place + 1]) for place in range(len(gaps))):
        hour = sum(1 for each in taken if each > moment - 60)
        day = sum(1 for each in taken if each > moment - 24 * 60)
        answers.append(hour < 2 and day < 4)
        if answers[-1]:
            taken.append(moment)
    return answers


@example([0, 0, 60, 0, 1380])
@given(st.lists(st.one_of(st.integers(0, 70), st.sampled_from([59, 60, 61, 1379, 1380, 1439, 1440])), max_size=25))
@settings(max_examples=40, deadline=None)
def test_cap(gaps: list[int]) -> None:
    """Never more than so many in any hour nor in any day, and never fewer than that."""
    with TemporaryDirectory() as folder, new_database(Path(folder)) as db:
        moments = [NOW + timedelta(minutes=sum(gaps[: place + 1])) for place in range(len(gaps))]
        answers = [
            sliding_window.allow_in_window(db.read(), KEYS, SlidingWindowLimit("test", 2, 4), "me", moment)
            for moment in moments
        ]
        longest = max((len(row["times"]) for row in rows(db, "caps")), default=0)
    assert (model_of_caps(gaps), True) == (answers, longest <= 4 * 16)

"""Sessions and failed tries, in the database: when they end, whose they are, and how the wait grows."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from selfservice import crypto
from selfservice.accounts import access_codes, login_throttle, sessions, user_accounts
from selfservice.accounts.devices import describe, name
from selfservice.clock import to_microseconds
from selfservice.db import Database, IntegrityError
from selfservice.i18n.languages import using_language
from tests.domain_helpers import (
    CONTEXT,
    NOW,
    add_person,
    dump,
    new_database,
    recorded_statements,
    rows,
    run_processes,
    verbs,
)

NAME = "a name"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        add_person(made)
        yield made


def begin(db: Database, person: int = 1, now: datetime = NOW, *, account: bool = False) -> str:
    cookie = crypto.new_token()
    with db.write() as conn:
        sessions.start(conn, person, None if account else person, cookie, now, "Firefox, Linux")
    return cookie


def give_account(db: Database, person: int = 1) -> None:
    with db.write() as conn:
        user_accounts.add(conn, person, "$argon2id$", NOW)


def whose(db: Database, cookie: str, minutes: float = 0) -> int | None:
    session = sessions.find(db.read(), CONTEXT, cookie, NOW + timedelta(minutes=minutes))
    return None if session is None else session.person_id


def touch(db: Database, cookie: str, minutes: float) -> None:
    now = NOW + timedelta(minutes=minutes)
    session = sessions.find(db.read(), CONTEXT, cookie, now)
    assert session is not None
    with db.write() as conn:
        sessions.touch(conn, CONTEXT, session, now)


def test_find(db: Database) -> None:
    """A session is found by its cookie, and by nothing else; it knows whose it is."""
    one, two = begin(db), begin(db)
    session = sessions.find(db.read(), CONTEXT, one, NOW)
    assert session is not None
    found = [whose(db, one), whose(db, two), whose(db, "planted"), whose(db, "")]
    assert ([1, 1, None, None], "Jip van der Zonnestraal", "private") == (found, session.name, session.kind)


def test_finding_only_reads(db: Database) -> None:
    """Looking up a session, its owner or the list writes nothing."""
    cookie = begin(db)
    with recorded_statements(db) as statements:
        sessions.find(db.read(), CONTEXT, cookie, NOW)
        sessions.owner(db.read(), cookie)
        sessions.open_sessions(db.read(), CONTEXT, 1, NOW)
    assert ["SELECT"] * 3 == verbs(statements)


@pytest.mark.parametrize(("minutes", "expected"), [(14.9, 1), (15, None)])
def test_idle(db: Database, minutes: float, expected: int | None) -> None:
    """A session ends after 15 minutes without use."""
    assert expected == whose(db, begin(db), minutes)


@pytest.mark.parametrize(("minutes", "expected"), [(479, 1), (480, None)])
def test_absolute(db: Database, minutes: int, expected: int | None) -> None:
    """A session ends after 8 hours, however busy."""
    cookie = begin(db)
    for passed in range(10, minutes, 10):
        touch(db, cookie, passed)
    assert expected == whose(db, cookie, minutes)


def test_touch_brings_nothing_back(db: Database) -> None:
    """A session that ended or lapsed meanwhile stays dead, also when a request that had found it touches it."""
    ended, lapsed = begin(db), begin(db)
    held = [sessions.find(db.read(), CONTEXT, cookie, NOW) for cookie in (ended, lapsed)]
    later = NOW + timedelta(minutes=16)
    with db.write() as conn:
        sessions.end_by_cookie(conn, ended, NOW)
        for session, now in zip(held, (NOW + timedelta(minutes=1), later), strict=True):
            assert session is not None
            sessions.touch(conn, CONTEXT, session, now)
    assert [None, None] == [whose(db, ended, 2), whose(db, lapsed, 16)]


def test_stale(db: Database) -> None:
    """The idle time is begun anew at most once a minute."""
    session = sessions.find(db.read(), CONTEXT, begin(db), NOW)
    assert session is not None
    moments = [NOW + timedelta(seconds=seconds) for seconds in (0, 59, 60)]
    assert [False, False, True] == [sessions.needs_touch(session, moment) for moment in moments]


def test_revoked_code(db: Database) -> None:
    """With the access code its sessions end, in the list too."""
    cookie = begin(db)
    with db.write() as conn:
        access_codes.revoke(conn, 1, NOW)
    assert (None, []) == (whose(db, cookie), sessions.open_sessions(db.read(), CONTEXT, 1, NOW))


def test_account(db: Database) -> None:
    """A session of an account has no access code, and ends with the account; that of the code goes on. One of an
    account that is not there, was never open.
    """
    never = begin(db, account=True)
    assert whose(db, never) is None
    give_account(db)
    code, account = begin(db), begin(db, account=True)
    session = sessions.find(db.read(), CONTEXT, account, NOW)
    assert session is not None
    assert ("account", None, None) == (str(session.kind), session.access_code_id, session.organisation_id)
    kinds = {str(each.kind) for each in sessions.open_sessions(db.read(), CONTEXT, 1, NOW)}
    assert {"private", "account"} == kinds
    assert [(1, 1), (1, None)] == [sessions.owner(db.read(), cookie) for cookie in (code, account)]
    with db.write() as conn:
        access_codes.revoke(conn, 1, NOW)
    assert [None, 1] == [whose(db, code), whose(db, account)]
    with db.write() as conn:
        assert user_accounts.delete(conn, 1)
        assert not user_accounts.delete(conn, 1)
    assert whose(db, account) is None
    # Also when they have an account again: this was another one.
    give_account(db)
    assert whose(db, account) is None


def test_account_with_the_version_before(db: Database) -> None:
    """The version before, which wants an access code of each session, does not find that of an account by its cookie;
    and its cleaning leaves whoever has an account.
    """
    give_account(db)
    cookie = begin(db, account=True)
    query = "SELECT access_code_id FROM sessions WHERE session_hash = :hash"
    assert db.read().execute(query, {"hash": crypto.hash_token(cookie)}).fetchone() is None
    with db.write() as conn:
        conn.execute("DELETE FROM people")
    assert [1] == [row["id"] for row in rows(db, "people")]


def test_owner_is_known_afterwards(db: Database) -> None:
    """Whose session it was is known after its end, so that what they typed is kept for them alone."""
    cookie = begin(db)
    with db.write() as conn:
        sessions.end_by_cookie(conn, cookie, NOW)
    assert [(1, 1), None] == [sessions.owner(db.read(), each) for each in (cookie, "planted")]


def test_end(db: Database) -> None:
    """After signing out a copy of the cookie is dead, and the person's other session lives."""
    cookie, other = begin(db), begin(db)
    with db.write() as conn:
        sessions.end_by_cookie(conn, cookie, NOW)
    assert [None, 1] == [whose(db, cookie), whose(db, other)]


def test_end_one_of_mine(db: Database) -> None:
    """A person ends a session of theirs by its public number, once; another's is not there for them."""
    add_person(db, "oona@kites.example")
    mine, others = begin(db), begin(db, 2)
    found = [sessions.find(db.read(), CONTEXT, cookie, NOW) for cookie in (mine, others)]
    with db.write() as conn:
        ended = [sessions.end_by_public_id(conn, 1, each.public_id, NOW) for each in found if each]
        ended += [
            sessions.end_by_public_id(conn, 1, each, NOW)
            for each in (found[0].public_id if found[0] else "", "nothing")
        ]
    assert ([True, False, False, False], None, 2) == (ended, whose(db, mine), whose(db, others))


def test_end_all(db: Database) -> None:
    """All sessions of one person end, but one if asked; nobody else's do."""
    add_person(db, "oona@kites.example")
    kept, mine, others = begin(db), begin(db), begin(db, 2)
    session = sessions.find(db.read(), CONTEXT, kept, NOW)
    assert session is not None
    with db.write() as conn:
        ended = sessions.end_all_of_person(conn, 1, NOW, except_id=session.id)
        left = [whose(db, each) for each in (kept, mine, others)]
        ended_too = sessions.end_all_of_person(conn, 1, NOW)
    assert (1, [1, None, 2], 1, None) == (ended, left, ended_too, whose(db, kept))


def test_list(db: Database) -> None:
    """The list has the open sessions of one person, the one used last first, without anything to sign in with."""
    add_person(db, "oona@kites.example")
    first, second, gone = begin(db), begin(db, now=NOW + timedelta(minutes=1)), begin(db)
    begin(db, 2)
    with db.write() as conn:
        sessions.end_by_cookie(conn, gone, NOW)
    listed = sessions.open_sessions(db.read(), CONTEXT, 1, NOW + timedelta(minutes=2))
    wanted = [sessions.find(db.read(), CONTEXT, cookie, NOW + timedelta(minutes=2)) for cookie in (second, first)]
    assert (wanted, False) == (listed, first in str(listed))


def test_cookie_is_not_in_the_database(db: Database) -> None:
    """The database knows the cookie by its hash only."""
    assert begin(db) not in dump(db)


def test_one_session_a_cookie(db: Database) -> None:
    """A cookie that had a session never gets another: every sign-in has a new one."""
    cookie = begin(db)
    with pytest.raises(IntegrityError), db.write() as conn:
        sessions.start(conn, 1, 1, cookie, NOW, "")


@pytest.mark.parametrize(("hours", "left"), [(24, 1), (24.5, 0)])
def test_clean(db: Database, hours: float, left: int) -> None:
    """A session goes a day after it lapsed."""
    begin(db)
    with db.write() as conn:
        sessions.clean(conn, CONTEXT, NOW + timedelta(hours=hours))
    assert left == len(rows(db, "sessions"))


def fail(db: Database, now: datetime) -> int:
    with db.write() as conn:
        return login_throttle._count_attempt(conn, CONTEXT, login_throttle._key(CONTEXT, NAME), now)


def test_wait_grows(db: Database) -> None:
    """Three tries are free; then each failure doubles the wait, from half a minute to a quarter of an hour."""
    now = NOW
    waits: list[int] = []
    for _ in range(11):
        assert fail(db, now) == 0
        wait = fail(db, now) if len(waits) >= 3 else 0
        waits.append(wait)
        now += timedelta(seconds=wait)
    assert [0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900] == waits


def test_trying_during_a_wait(db: Database) -> None:
    """A try during a wait is not counted: it makes the wait no longer, and the name is never locked for good."""
    for _ in range(4):
        fail(db, NOW)
    waits = [fail(db, NOW + timedelta(seconds=second)) for second in (1, 10, 20, 30)]
    assert ([29, 20, 10, 0], 5) == (waits, rows(db, "failures")[0]["count"])


def test_forget(db: Database) -> None:
    """The right password forgets the failures before it, and says how many there were."""
    for _ in range(3):
        fail(db, NOW)
    with db.write() as conn:
        counts = [login_throttle.reset(conn, CONTEXT, NAME), login_throttle.reset(conn, CONTEXT, NAME)]
    assert ([2, 0], []) == (counts, rows(db, "failures"))


@pytest.mark.parametrize(("tries", "waits"), [(3, [0, 0, 30]), (4, [0, 30, 30])])
def test_undo(db: Database, tries: int, waits: list[int]) -> None:
    """A try that was not made is not counted, and the wait that it began does not last."""
    for _ in range(tries):
        fail(db, NOW)
    with db.write() as conn:
        login_throttle.cancel(conn, CONTEXT, NAME)
    assert waits == [fail(db, NOW) for _ in range(3)]


def test_a_day_later(db: Database) -> None:
    """Failures are forgotten after a day, and their row goes."""
    for _ in range(4):
        fail(db, NOW)
    later = NOW + timedelta(hours=24)
    wait = fail(db, later)
    count = rows(db, "failures")[0]["count"]
    with db.write() as conn:
        gone = [login_throttle.clean(conn, later + timedelta(hours=hours)) for hours in (23, 24)]
    assert (0, 1, [0, 1]) == (wait, count, gone)


def try_often(path: str, times: int) -> int:
    db = Database(path)
    admitted = 0
    for _ in range(times):
        with db.write() as conn:
            admitted += login_throttle._count_attempt(conn, CONTEXT, login_throttle._key(CONTEXT, NAME), NOW) == 0
    db.close()
    return admitted


def test_many_at_once(db: Database) -> None:
    """Four processes with 50 tries each get exactly the four through that one after another would."""
    assert 4 == sum(run_processes(try_often, [(str(db.path), 50)] * 4))
    assert to_microseconds(NOW) + 30_000_000 == rows(db, "failures")[0]["free_at"]


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Windows"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari, macOS"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome, Android tablet"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_device(agent: str, device: str) -> None:
    """Of a browser's description only its family and its system are kept."""
    assert device == describe(agent)


@pytest.mark.parametrize(
    ("device", "lang", "words"),
    [
        ("Firefox, Windows", "en", "Computer: Firefox on Windows"),
        ("Samsung Internet, Android", "nl", "Telefoon: Samsung Internet op Android"),
        ("Chrome, Android tablet", "en", "Tablet: Chrome on Android"),
        ("Safari, iPad", "nl", "Tablet: Safari op iPad"),
        ("Firefox", "nl", "Apparaat: Firefox"),
        ("Linux", "en", "Computer: Linux"),
        ("", "en", "Unknown browser"),
        ("a device", "nl", "Onbekende browser"),
    ],
)
def test_device_in_words(device: str, lang: str, words: str) -> None:
    """What was kept of a device is told in words that its owner knows it by."""
    with using_language(lang):
        assert words == name(device)

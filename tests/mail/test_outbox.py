"""The outbox: a mail leaves if and only if the change was kept, is never lost, and is never too many."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest

from selfservice.clock import from_text
from selfservice.db import Connection, Database
from selfservice.mail import outbox
from selfservice.mail.delivery import LeasedMail, claim, finish, retry_delay_seconds, retry_later, send_next
from selfservice.mail.message import build_message
from selfservice.mail.outbox import OutboxEntry, clean, status
from selfservice.mail.transport import PermanentMailError, TemporaryMailError
from tests.domain_helpers import CONTEXT, NOW, dump, new_database, recorded_statements, rows, undo, verbs

RECIPIENT = "jan@example.org"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


class Fake:
    """A transport that does what it is told, each time the next, and keeps what it sent."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        self.sent.append(message)


def enqueue(
    db: Database,
    key: str = "first",
    *,
    recipient: str = RECIPIENT,
    void: bool = False,
    minutes: float = 0,
    give_up_after: timedelta = timedelta(hours=24),
) -> OutboxEntry:
    now = NOW + timedelta(minutes=minutes)
    with db.write() as conn:
        return put(conn, key, recipient=recipient, void=void, now=now, give_up_after=give_up_after)


def put(
    conn: Connection,
    key: str,
    *,
    recipient: str = RECIPIENT,
    void: bool = False,
    now: datetime = NOW,
    give_up_after: timedelta = timedelta(hours=24),
    earned: bool = False,
    topic: str = "",
) -> OutboxEntry:
    return outbox.enqueue(
        conn,
        CONTEXT,
        now,
        idempotency_key=key,
        kind="test.link",
        recipient=recipient,
        language="nl",
        payload={"token": "S3CRET", "name": "Jan"},
        void=void,
        give_up_after=give_up_after,
        earned=earned,
        topic=topic,
    )


def render(item: LeasedMail) -> EmailMessage:
    return build_message(
        message_id=item.message_id,
        sender="noreply@loket.example",
        recipient=item.recipient,
        subject="Test",
        text=item.payload["token"],
        language=item.language,
        now=NOW,
    )


def run(db: Database, transport: Fake, minutes: float = 0) -> str | None:
    return send_next(db, render, transport, lambda: NOW + timedelta(minutes=minutes))


def turns(db: Database) -> list[int]:
    """After how many minutes each mail may leave, in the order of asking."""
    return [int((from_text(each["next_at"]) - NOW).total_seconds() // 60) for each in rows(db, "outbox")]


def row(db: Database) -> dict[str, object]:
    return rows(db, "outbox")[0]


def test_enqueue(db: Database) -> None:
    """A queued mail waits, with its Message-ID made from its idempotency key."""
    queued = enqueue(db)
    assert (OutboxEntry(1, outbox.make_message_id(CONTEXT, "first"), "waiting"), "waiting") == (
        queued,
        row(db)["state"],
    )


def test_rollback(db: Database) -> None:
    """A mail queued in a transaction that fails was never queued, and does not count against the cap."""
    for _ in range(5):
        undo(db, partial(put, key="first"))
    assert ([], "waiting") == (rows(db, "outbox"), enqueue(db).state)


def test_idempotency(db: Database) -> None:
    """The same key queues one mail, however often, and says what became of it."""
    first, second = enqueue(db), enqueue(db)
    run(db, Fake())
    assert (first, "sent", 1) == (second, enqueue(db).state, len(rows(db, "outbox")))


def test_void_costs_the_same(db: Database) -> None:
    """A void mail runs the same statements as a real one, also over the cap, and keeps no address."""
    seen = []
    for void in (False, True):
        with recorded_statements(db) as statements:
            for number in range(5):
                enqueue(db, f"{void}{number}", void=void)
        seen.append(verbs(statements))
    assert seen[0] == seen[1]
    voids = [each for each in rows(db, "outbox") if each["state"] == "void"]
    assert [("", "{}")] * 5 == [(each["recipient"], each["payload"]) for each in voids]


def test_void_is_not_sent(db: Database) -> None:
    """A void mail is never sent, however many there are."""
    for number in range(20):
        enqueue(db, f"void {number}", void=True)
    transport = Fake()
    nothing = run(db, transport)
    assert (None, [], "waiting") == (nothing, transport.sent, enqueue(db).state)


def test_cap_an_hour(db: Database) -> None:
    """At most three mails in any hour to one address, however it is written; what is over waits for its turn."""
    for minutes, recipient in [(0, RECIPIENT), (19, "JAN@example.org"), (39, RECIPIENT), (59, RECIPIENT)]:
        enqueue(db, f"{minutes}", recipient=recipient, minutes=minutes)
    for minutes in (60, 61):
        enqueue(db, f"{minutes}", minutes=minutes)
    enqueue(db, "other", recipient="oona@example.org", minutes=61)
    assert [0, 19, 39, 60, 79, 99, 61] == turns(db)


def test_cap_a_day(db: Database) -> None:
    """At most ten mails in any 24 hours to one address."""
    for hour in range(12):
        enqueue(db, f"{hour}", minutes=hour * 61)
    assert [*[hour * 61 for hour in range(10)], 24 * 60, 24 * 60 + 61] == turns(db)


def test_nothing_is_lost_over_the_cap(db: Database) -> None:
    """However many are asked for at once: each is sent, three in an hour and ten in a day."""
    for number in range(25):
        enqueue(db, str(number))
    transport = Fake()
    sent = []
    for minutes in range(0, 3 * 24 * 60, 30):
        while run(db, transport, minutes):
            sent.append(minutes)
    assert (25, {"sent"}) == (len(set(map(str, transport.sent))), {each["state"] for each in rows(db, "outbox")})
    windows = [
        (sum(at <= each < at + 60 for each in sent), sum(at <= each < at + 1440 for each in sent)) for at in sent
    ]
    assert (3, 10) == tuple(map(max, zip(*windows, strict=True)))


def test_what_took_a_secret_has_a_cap_of_its_own(db: Database) -> None:
    """What anybody can cause holds up no mail that took a secret, or the other way; that waits over ten a day."""
    for number in range(20):
        enqueue(db, f"anybody {number}")
    with db.write() as conn:
        for number in range(11):
            put(conn, f"earned {number}", earned=True)
    assert [0] * 10 + [24 * 60] == turns(db)[20:]
    other = "oona@example.org"
    with db.write() as conn:
        for number in range(11):
            put(conn, f"other {number}", earned=True, recipient=other)
    enqueue(db, "other", recipient=other)
    assert 0 == turns(db)[-1]


def test_newer_replaces_older(db: Database) -> None:
    """A newer mail on a topic takes the place of the one that still waits, and its turn, but not of one that left."""
    for number in range(3):
        enqueue(db, str(number))
    for key in ("first", "second", "third"):
        with db.write() as conn:
            put(conn, key, topic="link", now=NOW + timedelta(minutes=1))
    with db.write() as conn:
        put(conn, "elsewhere", topic="other", now=NOW + timedelta(minutes=1))
    waiting = [(each["idempotency_key"], turn) for each, turn in zip(rows(db, "outbox"), turns(db), strict=True)][3:]
    assert [("third", 60), ("elsewhere", 60)] == waiting
    # Nobody is told of a message that was never sent.
    assert 5 == len(rows(db, "messages"))
    assert 5 == sum(run(db, Fake(), 60) == "sent" for _ in range(6))
    with db.write() as conn:
        put(conn, "fourth", topic="link", now=NOW + timedelta(minutes=61))
    assert (6, 61) == (len(rows(db, "outbox")), turns(db)[-1])


def test_newer_does_not_replace_what_is_being_sent(db: Database) -> None:
    """A mail that the mail server could not take yet may be on its way: a newer one comes beside it."""
    with db.write() as conn:
        put(conn, "first", topic="link")
    run(db, Fake(TemporaryMailError("451 later")))
    with db.write() as conn:
        put(conn, "second", topic="link")
    assert ["first", "second"] == [each["idempotency_key"] for each in rows(db, "outbox")]


def test_topic_costs_the_same(db: Database) -> None:
    """Void or not: the same statements and the same turns, also where a newer mail takes an older one's place."""
    seen = []
    for void in (False, True):
        with recorded_statements(db) as statements:
            for number in range(6):
                with db.write() as conn:
                    # Counted on what was typed, whether anything is sent or not.
                    put(conn, f"{void}{number}", void=void, topic="link", recipient=f"{void}@example.org")
        seen.append(verbs(statements))
    assert seen[0] == seen[1]
    assert turns(db)[:4] == turns(db)[4:]


def test_held_of_before(db: Database) -> None:
    """A mail that an earlier version held is seen until it is cleared away."""
    enqueue(db)
    with db.write() as conn:
        conn.execute("UPDATE outbox SET state = 'held', recipient = '', payload = '{}'")
    assert 1 == status(db, NOW)["held"]


def test_sent(db: Database) -> None:
    """A due mail is sent once, with its Message-ID; then address and token are in the database no more."""
    enqueue(db)
    transport = Fake()
    states = [run(db, transport), run(db, transport)]
    assert (["sent", None], [outbox.make_message_id(CONTEXT, "first")]) == (
        states,
        [each["Message-ID"] for each in transport.sent],
    )
    assert [False, False] == [secret in dump(db) for secret in (RECIPIENT, "S3CRET")]


def test_oldest_first(db: Database) -> None:
    """Mails leave in the order in which they became due."""
    for key, minutes in (("b", 1), ("a", 0)):
        enqueue(db, key, minutes=minutes)
    transport = Fake()
    while run(db, transport, 2):
        pass
    assert [outbox.make_message_id(CONTEXT, "a"), outbox.make_message_id(CONTEXT, "b")] == [
        each["Message-ID"] for each in transport.sent
    ]


def test_temporary(db: Database) -> None:
    """What fails for now waits, is not tried before its time, and is then sent."""
    enqueue(db)
    transport = Fake(TemporaryMailError("451 try later"))
    states = [run(db, transport, minutes) for minutes in (0, 0.1, 0.5)]
    assert ["waiting", None, "sent"] == states


def test_error_is_seen(db: Database) -> None:
    """The last error is kept on one line and shown, without the recipient's address."""
    enqueue(db)
    run(db, Fake(TemporaryMailError(f"451 <{RECIPIENT}>\r\ngreylisted")))
    assert "451 <•••> greylisted" == status(db, NOW)["last_error"]


def test_growing_waits() -> None:
    """Waits double from a quarter of a minute to an hour, each a fifth more or less."""
    middle = [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    spread = [[retry_delay_seconds(attempts) for _ in range(50)] for attempts in range(1, 11)]
    within = [0.8 * each <= min(waits) < max(waits) <= 1.2 * each for each, waits in zip(middle, spread, strict=True)]
    assert ([True] * 10, True) == (within, retry_delay_seconds(5000) < 3600 * 1.21)


def test_permanent(db: Database) -> None:
    """What is refused for good is failed at once, can be seen, and keeps neither address nor token."""
    enqueue(db)
    transport = Fake(PermanentMailError("550 no such user"))
    states = [run(db, transport), run(db, transport, 600)]
    found = status(db, NOW)
    assert (["failed", None], 1, "550 no such user") == (states, found["failed"], found["last_error"])
    assert [False, False] == [secret in dump(db) for secret in (RECIPIENT, "S3CRET")]


def test_given_up(db: Database) -> None:
    """What could not be sent for a day is failed, with the last error, without address and token."""
    enqueue(db)
    transport = Fake(*[TemporaryMailError("451 try later")] * 100)
    states = [run(db, transport, minutes) for minutes in range(0, 24 * 60 + 10, 10)]
    assert ("failed", "451 try later", None) == (row(db)["state"], row(db)["error"], states[-1])
    assert [False, False] == [secret in dump(db) for secret in (RECIPIENT, "S3CRET")]


def test_too_late_to_be_of_use(db: Database) -> None:
    """A mail whose link has expired is not sent any more."""
    enqueue(db, give_up_after=timedelta(hours=1))
    transport = Fake()
    state = run(db, transport, 60)
    assert (None, [], "failed", "not sent in time") == (
        state,
        transport.sent,
        row(db)["state"],
        row(db)["error"],
    )


def test_broken_template(db: Database) -> None:
    """A mail that cannot be written waits too, and the error shows no more than its type."""
    enqueue(db)

    def broken(item: LeasedMail) -> EmailMessage:
        raise KeyError(item.payload["token"])

    state = send_next(db, broken, Fake(), lambda: NOW)
    assert ("waiting", "could not be written: KeyError") == (state, row(db)["error"])


def test_lease(db: Database) -> None:
    """A mail that one worker has is not given to another until the lease ran out."""
    enqueue(db)
    moments = [NOW + timedelta(seconds=seconds) for seconds in (0, 1, 299, 300)]
    assert [True, False, False, True] == [claim(db, moment) is not None for moment in moments]


def test_lost_lease(db: Database) -> None:
    """A worker that comes back after its lease ran out changes nothing of what the next one did."""
    enqueue(db)
    slow = claim(db, NOW)
    assert slow is not None
    state = run(db, Fake(), 10)
    finish(db, slow, "failed", NOW + timedelta(minutes=11), "too slow")
    assert ("sent", "sent", "") == (state, row(db)["state"], row(db)["error"])


def test_lost_lease_meanwhile(db: Database) -> None:
    """Nor does it end, or put back, what the next worker is still sending."""
    enqueue(db)
    slow, moment = claim(db, NOW), NOW + timedelta(minutes=10)
    assert slow is not None
    claim(db, moment)
    before = row(db)
    finish(db, slow, "sent", moment)
    retry_later(db, slow, moment, "too slow")
    assert ("leased", before) == (before["state"], row(db))


def test_no_network_in_a_transaction(db: Database) -> None:
    """While a mail is being sent the database is free for others to write."""
    enqueue(db)
    free = []

    class Writes(Fake):
        def send(self, message: EmailMessage) -> None:
            other = Database(db.path)
            with other.write() as conn:
                free.append(conn.in_transaction)
            other.close()

    run(db, Writes())
    assert [True] == free


def test_idle_worker_does_not_lock(db: Database) -> None:
    """Looking for work when there is none only reads."""
    with recorded_statements(db) as statements:
        run(db, Fake())
    assert {"SELECT"} == set(verbs(statements))


def test_status(db: Database) -> None:
    """For /health: counts by state, the oldest unsent mail's age, and whether mail is stuck."""
    enqueue(db, "a")
    run(db, Fake())
    enqueue(db, "b", minutes=10)
    found = [status(db, NOW + timedelta(minutes=minutes)) for minutes in (25, 26)]
    expected = {"waiting": 1, "leased": 0, "sent": 1, "failed": 0, "held": 0, "last_error": ""}
    assert [
        {**expected, "oldest_seconds": 900, "stuck": False},
        {**expected, "oldest_seconds": 960, "stuck": True},
    ] == found


def test_status_of_what_waits_its_turn(db: Database) -> None:
    """A mail over its recipient's cap is not late: it counts from the moment at which it may go."""
    with db.write() as conn:
        for number in range(4):
            put(conn, str(number))
    for _ in range(3):
        run(db, Fake())
    found = [status(db, NOW + timedelta(minutes=minutes))["oldest_seconds"] for minutes in (59, 60, 61)]
    assert [0, 0, 60] == found


def test_clean(db: Database) -> None:
    """After 30 days a finished row goes; one that waits stays."""
    enqueue(db, "a")
    run(db, Fake())
    enqueue(db, "b")
    kept = []
    for days in (29.9, 30.1):
        with db.write() as conn:
            clean(conn, CONTEXT, NOW + timedelta(days=days))
        kept.append(len(rows(db, "outbox")))
    assert [2, 1] == kept

"""A crowd for a demonstration: many invented people and organisations, with up to millions of orders.

They have access codes that nobody knows. One organisation stands out: the first, which has a tenth of all orders, and
whose main code is the demonstration's own (`members.demo.DEMO_LOGIN`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import accumulate, islice
from random import Random

from selfservice.clock import to_text
from selfservice.db import Database, sqlite3
from selfservice.orders import seasons
from selfservice.orders.demo import FIRST_NUMBER, Buyer, products, rows
from selfservice.orders.invented import people
from selfservice.orders.writing import put

LEAST = 5_000
MARK = "0@menigte.example"
RUN, BATCH = 100_000, 20_000
_PEOPLE = """
    INSERT INTO people (id, given_name, family_name, email, email_key, language, created_at)
    VALUES (:person, :given, :family, :email, :email, :language, :then)
"""
_ORGANISATIONS = """
    INSERT INTO organisations (id, kvk_number, name, email, street, house_number, postcode, city, payment_method,
                               main_person_id, created_at)
    VALUES (:organisation, :kvk_number, :name, :mailbox, :street, :house_number, '0099 ZZ', :city, 'direct_debit',
            :person, :then)
"""
_CODES = """
    INSERT INTO access_codes (code_hash, hint, person_id, organisation_id, kind, created_at, first_used_at,
                              handed_over_at)
    VALUES (:code_hash, :hint, :person, :organisation, :kind, :then, :then, :then)
"""
_HOLDERS = """
    INSERT INTO order_holders (id, person_id, organisation_id, account)
    VALUES (:holder, :person, :organisation, :account)
"""


def fill(db: Database, count: int, now: datetime, progress: Callable[[int], object] = lambda _: None) -> bool:
    """Make orders until there are `count` (5,000 at least), of a fifth as many access codes; False, and nothing
    changes, when there is a crowd already, or as many orders. The demonstration's own people are expected to be there.

    `progress` is told how many orders were made so far.
    """
    conn = db.read()
    if conn.execute("SELECT 1 FROM people WHERE email_key = :mark", {"mark": MARK}).fetchone() is not None:
        return False
    if conn.execute("SELECT count(*) FROM orders").fetchone()[0] >= count:
        return False
    random = Random(count)  # noqa: S311 (the same crowd for the same number, not a secret)
    mine, others = _people(db, random, count // 5, now)
    known, own = _counted(conn, mine[0].account)
    who = _chosen(random, mine, count // 10 - own)
    who += _chosen(random, others, count - known - len(who))
    random.shuffle(who)
    moments = seasons.moments(random, len(who), now, max(20, len(who) // 2000))
    with db.write() as writing:
        numbers = products(writing)
    orders = rows(random, numbers, zip(moments, who, strict=True), moments[-1][1], FIRST_NUMBER + known)
    done = known
    while run := sorted(islice(orders, RUN)):
        for start in range(0, len(run), BATCH):
            with db.write() as writing:
                done += put(writing, run[start : start + BATCH]).new
            progress(done)
    return True


def _counted(conn: sqlite3.Connection, account: int) -> tuple[int, int]:
    """How many orders there are, and how many of this account."""
    row = conn.execute(
        """SELECT count(*) AS orders, count(*) FILTER (WHERE account = :account) AS own FROM orders""",
        {"account": account},
    ).fetchone()
    return row["orders"], row["own"]


def _chosen(random: Random, buyers: list[Buyer], count: int) -> list[Buyer]:
    return random.choices(buyers, cum_weights=list(accumulate(buyer.weight for buyer in buyers)), k=max(0, count))


def _people(db: Database, random: Random, count: int, now: datetime) -> tuple[list[Buyer], list[Buyer]]:
    """Make people until there are so many codes; the buyers of the first organisation, and all others."""
    conn = db.read()
    mine = [
        Buyer(row["id"], row["account"], "direct_debit", 40.0)
        for row in conn.execute("SELECT id, account FROM order_holders WHERE organisation_id = 1 ORDER BY id LIMIT 2")
    ]
    others: list[Buyer] = []
    made = people(conn, random, count, to_text(now - timedelta(days=365 * seasons.YEARS)))
    while batch := list(islice(made, BATCH)):
        with db.write() as writing:
            writing.executemany(_PEOPLE, [each._asdict() for each in batch])
            writing.executemany(_ORGANISATIONS, [each._asdict() for each in batch if each.kvk_number])
            writing.executemany(_CODES, [each._asdict() for each in batch])
            writing.executemany(_HOLDERS, [each._asdict() for each in batch])
        for each in batch:
            payment = "credit" if each.kind == "private" else "direct_debit"
            # Most order now and then, a few all day.
            weight = min(random.paretovariate(1.1), 400.0)
            buyer = Buyer(each.holder, each.account, payment, weight)
            (mine if each.organisation == 1 else others).append(buyer)
    return mine, others

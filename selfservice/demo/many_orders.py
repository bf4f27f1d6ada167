"""A crowd for a demonstration: many invented people and organisations, with up to millions of orders.

They have access codes that nobody knows. One organisation stands out: the first, which has a tenth of all orders, and
whose main code is the demonstration's own (`demo.accounts.DEMO_LOGIN`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import accumulate, islice
from random import Random

from selfservice.clock import to_text
from selfservice.db import Connection, Database
from selfservice.demo import order_times
from selfservice.demo.orders import FIRST_NUMBER, Buyer, add_products, make_orders
from selfservice.demo.people import make_people
from selfservice.orders.store import OrderStore

MIN_ORDERS = 5_000
EMAIL_DOMAIN = "@menigte.example"
SORTED_ORDERS, BATCH_SIZE = 100_000, 20_000
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
    changes, when there are as many. The demonstration's own people are expected to be there. Stopped at any moment and
    run again, it goes on with what is there.

    `progress` is told how many orders there are so far.
    """
    conn = db.read()
    if conn.execute("SELECT count(*) FROM orders").fetchone()[0] >= count:
        return False
    started = count_people(conn)
    # The same crowd for the same number, not a secret; and another one for who comes later, since codes are drawn too.
    random = Random(count + started)  # noqa: S311
    _add_people(db, random, count // 5, now)
    mine, others = _buyers(conn, random)
    known, own, last = _order_counts(conn, mine[0].account)
    who = _choose_buyers(random, mine, min(count // 10 - own, count - known))
    who += _choose_buyers(random, others, count - known - len(who))
    random.shuffle(who)
    times = order_times.timestamps(random, len(who), now, max(20, len(who) // 2000))
    with db.write() as writing:
        numbers = add_products(writing)
    orders = make_orders(random, numbers, zip(times, who, strict=True), times[-1][1], max(FIRST_NUMBER, last + 1))
    done = known
    while run := sorted(islice(orders, SORTED_ORDERS)):
        for start in range(0, len(run), BATCH_SIZE):
            with db.write() as writing:
                done += OrderStore(writing).upsert(run[start : start + BATCH_SIZE]).new
            progress(done)
    return True


def count_people(conn: Connection) -> int:
    """How many people were made by `fill` so far."""
    found = conn.execute("SELECT count(*) FROM people WHERE email_key LIKE :crowd", {"crowd": f"%{EMAIL_DOMAIN}"})
    return int(found.fetchone()[0])


def _order_counts(conn: Connection, account: int) -> tuple[int, int, int]:
    """How many orders there are, how many of this account, and the last number that we gave one."""
    row = conn.execute(
        """SELECT count(*) AS orders, count(*) FILTER (WHERE account = :account) AS own,
                  max(CASE WHEN number LIKE '000_______' THEN number END) AS last FROM orders""",
        {"account": account},
    ).fetchone()
    return row["orders"], row["own"], int(row["last"] or 0)


def _choose_buyers(random: Random, buyers: list[Buyer], count: int) -> list[Buyer]:
    return random.choices(buyers, cum_weights=list(accumulate(buyer.weight for buyer in buyers)), k=max(0, count))


def _add_people(db: Database, random: Random, count: int, now: datetime) -> None:
    """Make people until there are so many codes."""
    then, is_more = to_text(now - timedelta(days=365 * order_times.YEARS)), True
    while is_more:
        with db.write() as writing:
            # Asked for by the batch, since they have row numbers: others may be added in between.
            batch = list(islice(make_people(writing, random, count, then, count_people(writing)), BATCH_SIZE))
            is_more = bool(batch)
            writing.executemany(_PEOPLE, [each._asdict() for each in batch])
            writing.executemany(_ORGANISATIONS, [each._asdict() for each in batch if each.kvk_number])
            writing.executemany(_CODES, [each._asdict() for each in batch])
            writing.executemany(_HOLDERS, [each._asdict() for each in batch])


def _buyers(conn: Connection, random: Random) -> tuple[list[Buyer], list[Buyer]]:
    """The buyers of the first organisation, and all others."""
    mine = [
        Buyer(row["id"], row["account"], "direct_debit", 40.0)
        for row in conn.execute("SELECT id, account FROM order_holders WHERE organisation_id = 1 ORDER BY id LIMIT 2")
    ]
    others: list[Buyer] = []
    made = conn.execute(
        """SELECT h.id, h.account, h.organisation_id FROM order_holders h JOIN people p ON p.id = h.person_id
           WHERE p.email_key LIKE :crowd ORDER BY h.id""",
        {"crowd": f"%{EMAIL_DOMAIN}"},
    )
    for row in made:
        payment = "credit" if row["organisation_id"] is None else "direct_debit"
        # Most order now and then, a few all day.
        weight = min(random.paretovariate(1.1), 400.0)
        (mine if row["organisation_id"] == 1 else others).append(Buyer(row["id"], row["account"], payment, weight))
    return mine, others

"""Looking orders up among a million: a large account beside a small one, and ours beside a bare WSGI app."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import median

from bench.bare_orders import TARGET, person_setting
from bench.build import demo_settings
from bench.load_generator import Answers, Client, combined, get, run_clients
from bench.order_accounts import LIST, loket, open_database, sign_in
from bench.server import OURS, serving
from bench.timing import table

COUNT, QUICK = 1_000_000, 50_000
SECONDS = 6.0
CLIENTS = 16
# Together some fifty a second, at moments that drift apart.
PACED = tuple(0.15 + 0.01 * number for number in range(10))
PERIODS = ("", "period=this-month", "period=last-quarter", "period=last-year", "from=2025-02-10&to=2025-11-20")
SORTS = ("", "sort=date", "sort=-amount", "sort=amount", "sort=product", "sort=-product")
FILTERS = ("", "words=extract", "words=annual+accounts", "words=nothing+like+it", "words=0004100217")
SMALL = 10
NOTES = """
'large' is the main code of an organisation with a tenth of all orders, 'small' somebody with ten; each period × order ×
words in turn, one client, 2 workers × 4 threads, whole requests of the list's first page (session, total, chart, rows).
The last table: one list of 25 orders again and again, beside a WSGI app on the same server that asks the same questions
of the same database and renders the same template with them, and does nothing else (no routing, session, event log,
headers); medians of the rounds, ratios round by round: above 1.00 is faster. The bare app renders all of it each time,
as Jinja compiles it; ours keeps the chart and the form above the list, which are the same each time here. 'paced' are
ten clients that wait between two lists, some fifty a second together.
""".strip()


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The benchmarks of the list of orders, as markdown."""
    count, rounds, seconds = (QUICK, 1, 2.0) if quick else (COUNT, 3, SECONDS)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        environment = demo_settings(Path(scratch))
        progress(f"making {count:,} orders")
        loket(environment, "migrate")
        loket(environment, "demo", "--orders", str(count))
        people = _people(environment)
        sizes = _sizes(environment, people, rounds, seconds, progress)
        bare = _beside_bare(environment, people["large"][0], rounds, seconds, progress)
    head = ["account", "orders", "a second", "p50 ms", "p99 ms", "worst address, p99 ms", "p99 / small"]
    beside = ["list of 25", "clients", "a second", "p50 ms", "p99 ms", "ours / bare WSGI"]
    return f"## Orders: {count:,}\n\n{table(head, sizes)}\n\n{table(beside, bare)}\n\n{NOTES}\n"


def _people(environment: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Who has the large and who the small account, and how many orders each sees."""
    with open_database(environment) as (db, _):
        large = (
            db.read()
            .execute(
                """SELECT o.main_person_id AS person, sum(s.orders) AS orders FROM order_account_months s
               JOIN organisations o ON o.id = s.account GROUP BY s.account ORDER BY 2 DESC LIMIT 1"""
            )
            .fetchone()
        )
        small = (
            db.read()
            .execute(
                """SELECT h.person_id AS person, sum(s.orders) AS orders FROM order_holder_months s
               JOIN order_holders h ON h.id = s.holder_id
               JOIN access_codes c ON c.person_id = h.person_id AND c.revoked_at IS NULL
               WHERE h.organisation_id IS NULL GROUP BY h.id ORDER BY abs(sum(s.orders) - :small) LIMIT 1""",
                {"small": SMALL},
            )
            .fetchone()
        )
    return {"large": tuple(large), "small": tuple(small)}


def _sizes(
    environment: Mapping[str, str],
    people: Mapping[str, tuple[int, int]],
    rounds: int,
    seconds: float,
    progress: Callable[[str], None],
) -> list[list[str]]:
    asked = ["&".join(filter(None, parts)) for parts in product(PERIODS, SORTS, FILTERS)]
    found: dict[str, list[Answers]] = {name: [] for name in people}
    worst: dict[str, list[float]] = {name: [] for name in people}
    cookies = {name: sign_in(environment, person) for name, (person, _) in people.items()}
    with serving(OURS, environment, 2, 4) as port:
        for number in range(rounds):
            for name, cookie in cookies.items():
                progress(f"the {name} account, round {number + 1} of {rounds}")
                requests = [get(f"{LIST}?{query}", {"Cookie": cookie}) for query in asked]
                run_clients(port, [Client(requests, once=True)] * 2, 60)
                answers = _checked(run_clients(port, [Client(requests)], seconds))
                found[name].append(answers)
                worst[name].append(max(_by_address(answers, len(requests))))
    small = [one.percentile(99) for one in found["small"]]
    return [
        [
            name,
            f"{people[name][1]:,}",
            f"{median(one.per_second for one in answers):,.0f}",
            f"{median(one.percentile(50) for one in answers):.1f}",
            f"{median(one.percentile(99) for one in answers):.1f}",
            f"{median(worst[name]):.1f}",
            f"{median(one.percentile(99) / base for one, base in zip(answers, small, strict=True)):.2f}",
        ]
        for name, answers in found.items()
    ]


def _by_address(answers: Answers, addresses: int) -> list[float]:
    """For each address asked in turn, the middle of its times: one that is always slow must not drown in the rest."""
    times = answers.milliseconds
    return [median(times[at::addresses]) for at in range(min(addresses, len(times)))]


def _beside_bare(
    environment: Mapping[str, str], person: int, rounds: int, seconds: float, progress: Callable[[str], None]
) -> list[list[str]]:
    cookie = sign_in(environment, person)
    request = [get(LIST, {"Cookie": cookie})]
    found: dict[tuple[str, str], list[Answers]] = {}
    for number in range(rounds):
        progress(f"beside a bare WSGI app, round {number + 1} of {rounds}")
        for name, target in (("bare WSGI", TARGET), ("ours", OURS)):
            with serving(target, {**environment, **person_setting(person)}, 2, 4) as port:
                run_clients(port, [Client(request)] * 4, 0.5)
                for clients in ("2", str(CLIENTS), "paced"):
                    pauses = PACED if clients == "paced" else (0,) * int(clients)
                    answers = _checked(run_clients(port, [Client(request, pause=each) for each in pauses], seconds))
                    found.setdefault((name, clients), []).append(answers)
    return [
        [
            name,
            clients,
            f"{median(one.per_second for one in answers):,.0f}",
            f"{median(one.percentile(50) for one in answers):.1f}",
            f"{median(one.percentile(99) for one in answers):.1f}",
            f"{_ratio(answers, found['bare WSGI', clients]):.2f}",
        ]
        for (name, clients), answers in found.items()
    ]


def _ratio(ours: Sequence[Answers], theirs: Sequence[Answers]) -> float:
    return median(one.per_second / two.per_second for one, two in zip(ours, theirs, strict=True))


def _checked(answers: Sequence[Answers]) -> Answers:
    """An error is answered fast too; a rate of errors is no result."""
    all_of_them = combined(answers)
    if set(all_of_them.statuses) != {200}:
        sys.exit(f"bench: expected only 200 but got {dict(all_of_them.statuses)}")
    return all_of_them

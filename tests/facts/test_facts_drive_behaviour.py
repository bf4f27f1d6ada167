"""A fact that code uses is changed in a copy, and both the text on the page and what the program does are others."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from selfservice import audit, backups, clock, retention
from selfservice.accounts import (
    access_codes,
    account_links,
    anonymous_sessions,
    invoice_addresses,
    login_throttle,
    organisations,
    people,
    sessions,
    tokens,
)
from selfservice.accounts.password_policy import new_password_error
from selfservice.accounts.saved_forms import SavedForm
from selfservice.accounts.sessions import Session
from selfservice.clock import from_text
from selfservice.config import PACKAGE, ROOT
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.facts.facts import Facts
from selfservice.facts.kinds import FactError
from selfservice.feedback import answers, searches
from selfservice.i18n.languages import TIMEZONE, using_language
from selfservice.letters import pending
from selfservice.limits import table
from selfservice.mail import outbox
from selfservice.mail.delivery import fail_overdue
from selfservice.orders import main_code, main_code_offer, redelivery
from selfservice.orders.organisation_codes import OrganisationCode
from selfservice.orders.periods import first_kept_day
from selfservice.publish.build import build
from selfservice.requests import fulfilment, records, replacement, scheduled, submission
from selfservice.requests.status_link import find_request, status_path
from selfservice.seeds import new_seed
from selfservice.values.access_code import normalise_code
from tests import test_retention
from tests.conftest import Site, new_app_unshared, new_config
from tests.domain_helpers import CONTEXT, NOW, new_code, new_database, rows
from tests.letter_helpers import LAST, LINES
from tests.orders.test_order_actions import order
from tests.request_helpers import ADDRESS, PRIVATE

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW_TEXT = {"now": clock.to_text(NOW)}
Probe = Callable[[Database, Context], Any]


def inside(probe: Callable[[Connection, Context], Any]) -> Probe:
    """A probe that is made in one transaction."""

    def made(db: Database, ctx: Context) -> Any:
        with db.write() as conn:
            return probe(conn, ctx)

    return made


def holder(conn: Connection, ctx: Context) -> tuple[int, int]:
    """Somebody with a private code that they never used; their row numbers."""
    person = people.add(conn, NOW, given_name="Jip", family_name="Jonge", email="jip@bakkerij.example", language="en")
    return person, access_codes.add(conn, ctx.keys, NOW, code="2222222222222222", person_id=person)


def visit(conn: Connection, ctx: Context) -> tuple[bool, ...]:
    """Whether an anonymous session, its saved form, whose session it was and the link that it opened are there after 30
    hours.
    """
    number, cookie = anonymous_sessions.start(conn, NOW)
    SavedForm(number, "form").save(conn, {"a": 1}, NOW)
    sessions.start(conn, *holder(conn, ctx), cookie, NOW, "")
    tokens.issue(conn, ctx.keys, "password", None, 1, NOW)
    later = NOW + 30 * HOUR
    found = anonymous_sessions.find(conn, ctx, cookie, later) is not None
    kept = SavedForm(number, "form").load(conn, ctx, later)
    for name in ("visits", "members"):
        retention.DOMAINS[name].clean(conn, ctx, later)
    opened = conn.execute("SELECT 1 FROM tokens").fetchone()
    return found, bool(kept), sessions.owner(conn, cookie) is not None, opened is not None


def backed_up(_: Database, ctx: Context) -> int:
    """Of how many weeks there is a backup, after a hundred nights."""
    nights = [NOW - number * DAY for number in range(100)]
    kept = backups.kept(nights, NOW, weeks=backups.keep_weeks(ctx.facts))
    return len({moment.isocalendar()[:2] for moment in kept})


def events(conn: Connection, ctx: Context) -> int:
    """How many events of 370 days ago are removed."""
    audit.record(conn, ctx.keys, clock.now() - 370 * DAY, "test", "ok")
    return audit.clean(conn, ctx, clock.now())


def counted(conn: Connection, ctx: Context) -> int:
    """How many searches of 80 days ago that found nothing stay."""
    searches.count(conn, "en", "parking", NOW)
    answers.clean(conn, ctx, NOW + 80 * DAY)
    return len(conn.execute("SELECT 1 FROM unanswered_searches").fetchall())


def requests(conn: Connection, ctx: Context) -> int:
    """How many requests of 400 days ago stay."""
    submission.submit(conn, ctx, PRIVATE, "one", ADDRESS, NOW)
    scheduled.clean(conn, ctx, NOW + 400 * DAY)
    return len(conn.execute("SELECT 1 FROM requests").fetchall())


def left(table_name: str, after: timedelta) -> Probe:
    """Whether rows of a table are left so long after something was put in each."""

    def probe(db: Database, ctx: Context) -> bool:
        test_retention.fill(db, ctx=ctx)
        fail_overdue(db, test_retention.THEN + after)
        retention.clean(db, ctx, test_retention.THEN + after)
        return bool(rows(db, table_name))

    return probe


def tried(db: Database, ctx: Context) -> int:
    """How many addresses of mails that could not be sent are there after 27 hours."""
    test_retention.fill(db, ctx=ctx)
    fail_overdue(db, test_retention.THEN + 27 * HOUR)
    return sum(row["recipient"].startswith("x@") for row in rows(db, "outbox"))


def letters(conn: Connection, ctx: Context) -> bool:
    """Whether ten days after a letter another may go to its address."""
    _, code = holder(conn, ctx)
    try:
        for now in (NOW, NOW + 10 * DAY):
            pending.enqueue(
                conn, ctx, access_code_id=code, reference="K7RM4X9T", language="nl", lines=LINES,
                seed=new_seed(ctx.keys, "code"), valid_until=LAST, now=now,
            )  # fmt: skip
    except pending.OpenLetterError:
        return False
    return True


def files(conn: Connection, ctx: Context) -> int:
    """How many jobs that were done two hours ago are removed."""
    conn.execute(
        "INSERT INTO jobs (name, kind, payload, steps, created_at) VALUES (hex(randomblob(16)), 'b', '{}', 1, :now)",
        NOW_TEXT,
    )
    conn.execute("UPDATE jobs SET state = 'done', done = 1, ended_at = :now", NOW_TEXT)
    return retention.DOMAINS["jobs"].clean(conn, ctx, NOW + 2 * HOUR)


def failures(conn: Connection, ctx: Context) -> int:
    """How many failed tries are known after 30 hours, by the try that is counted then."""
    login_throttle.admit(conn, ctx, "name", ADDRESS, NOW)
    login_throttle.admit(conn, ctx, "name", ADDRESS, NOW + 30 * HOUR)
    return login_throttle.reset(conn, ctx, "name")


def waiting(conn: Connection, ctx: Context) -> int:
    """The seconds that somebody waits after many failed tries."""
    now, longest = NOW, 0
    for _ in range(12):
        now += timedelta(seconds=login_throttle.admit(conn, ctx, "name", ADDRESS, now))
        login_throttle.admit(conn, ctx, "name", ADDRESS, now)
        longest = max(longest, login_throttle.admit(conn, ctx, "name", ADDRESS, now))
    return longest


def stays(conn: Connection, ctx: Context) -> timedelta:
    """How long somebody stays logged in who does nothing."""
    sessions.start(conn, *holder(conn, ctx), "cookie", NOW, "")
    session = sessions.find(conn, ctx, "cookie", NOW)
    assert session is not None
    left = session.ends_at - NOW
    held = [sessions.find(conn, ctx, "cookie", NOW + left * part) is not None for part in (0.99, 1)]
    assert [True, False] == held
    return left


def submitted(conn: Connection, ctx: Context) -> records.Request:
    """A private request."""
    made = submission.submit(conn, ctx, PRIVATE, "one", ADDRESS, NOW)
    found = records.find_by_reference(conn, made.reference)
    assert found
    return found


def status_opens(conn: Connection, ctx: Context) -> bool:
    """Whether the link in the mails about a request opens its status after 80 days."""
    token = status_path(ctx.keys, submitted(conn, ctx).reference).rpartition("/")[2]
    return find_request(conn, ctx, token, NOW + 80 * DAY) is not None


def link(conn: Connection, ctx: Context) -> timedelta | None:
    """How long the link in the first mail about a request works."""
    until = submitted(conn, ctx).link_until
    return None if until is None else until - NOW


def promise(conn: Connection, ctx: Context) -> tuple[date, date]:
    """When a code is promised for a request of Saturday 21 November 2026."""
    request = submitted(conn, ctx)
    return request.expected_from, request.expected_until


def last_day(conn: Connection, ctx: Context) -> int:
    """In how many days a code that goes by letter has to be used."""
    request = replace(submitted(conn, ctx), delivery="letter", letter_lines=LINES)
    made = fulfilment.fulfil(conn, ctx, request, NOW).access_code_id
    row = conn.execute("SELECT valid_until FROM access_codes WHERE id = :id", {"id": made}).fetchone()
    return (from_text(row["valid_until"]) - NOW).days


def lost_link(conn: Connection, ctx: Context) -> timedelta:
    """How long the link works with which a lost code is replaced."""
    replacement.send_replacement_link(conn, ctx, PRIVATE.email, None, ADDRESS, "en", NOW)
    row = conn.execute("SELECT expires_at FROM tokens").fetchone()
    return from_text(row["expires_at"]) - NOW


def account_link(conn: Connection, ctx: Context) -> timedelta:
    """How long the link works with which an account is created."""
    typed = {"given_name": "Jip", "family_name": "", "email": "jip@bakkerij.example", "language": "en"}
    account_links.send(conn, ctx, "create", typed, ADDRESS, "en", NOW)
    return from_text(conn.execute("SELECT expires_at FROM account_openings").fetchone()["expires_at"]) - NOW


def invoices_link(conn: Connection, ctx: Context) -> timedelta:
    """How long the link works by which an address for invoices is confirmed."""
    organisation = organisations.add(
        conn,
        NOW,
        kvk_number="00010007",
        name="B",
        email="b@c.example",
        street="",
        house_number="",
        postcode="",
        city="",
    )
    who = holder(conn, ctx)[0]
    invoice_addresses.add(conn, ctx, organisation_id=organisation, person_id=who, email="c@d.example", now=NOW)
    row = conn.execute("SELECT expires_at FROM tokens").fetchone()
    return from_text(row["expires_at"]) - NOW


def refused(password: str) -> Probe:
    """Whether a new password is refused, for its length."""
    return inside(
        lambda conn, ctx: new_password_error(conn, ctx, holder(conn, ctx)[0], password, demo=True) is not None
    )


def mails(hours: int, *, earned: bool = False) -> Probe:
    """How many of 30 mails to one address leave within so many hours."""

    def probe(conn: Connection, ctx: Context) -> int:
        slots = [outbox.reserve_slot(conn, ctx, NOW, limit_key="a@b.example", earned=earned).at for _ in range(60)]
        return sum(slot < NOW + hours * HOUR for slot in slots)

    return inside(probe)


def lost_again(_: Database, ctx: Context) -> int:
    """After how many minutes another link for a lost code can be asked for, of as many as leave in a day."""
    each = table.lost_code(ctx).submitted
    assert each
    return each.period_seconds // each.count // 60


def asked_again(hours: int) -> Probe:
    """How many of three colleagues may ask about the main code, and whether one of them may again after some time."""

    def probe(conn: Connection, ctx: Context) -> tuple[int, bool]:
        person, _ = holder(conn, ctx)
        organisation = conn.execute(
            """INSERT INTO organisations (kvk_number, name, email, street, house_number, postcode, city, created_at)
               VALUES ('00010007', 'Kites', 'a@b.example', 'Duinpad', '7', '0012 ZZ', 'Zandhoven', :now)
               RETURNING id""",
            NOW_TEXT,
        ).fetchone()["id"]
        code = normalise_code(new_code())
        access_codes.add(conn, ctx.keys, NOW, code=code, person_id=person, organisation_id=organisation)
        conn.execute("UPDATE organisations SET main_person_id = :id", {"id": person})
        who = [redelivery.Requester(number, "A", "c@d.example", "en", ADDRESS) for number in range(7, 10)]
        first = sum(not main_code.ask_holder(conn, ctx, organisation, each, NOW) for each in who)
        return first, not main_code.ask_holder(conn, ctx, organisation, who[0], NOW + hours * HOUR)

    return inside(probe)


def offered(conn: Connection, ctx: Context) -> timedelta:
    """How long a colleague can accept the main code."""
    session = Session(7, "0", 7, 7, 1, "business", "A", "", "a@b.example", "", "", NOW, NOW, 15)
    to = OrganisationCode(
        8, "ABC", holder(conn, ctx)[0], "B", "B", "b@b.example", "en", "Kites", is_main=False, since=NOW.date(),
        is_sent=True, is_used=True, last_used_on=None,
    )  # fmt: skip
    main_code_offer.send(conn, ctx, session, to, ADDRESS, NOW)
    return from_text(conn.execute("SELECT expires_at FROM tokens").fetchone()["expires_at"]) - NOW


def reminded(db: Database, ctx: Context) -> int:
    """How many owners of codes of 15 days ago are reminded of them."""
    with db.write() as conn:
        access_codes.record_fulfilment(conn, holder(conn, ctx)[1], NOW)
    return scheduled.send_reminders(db, ctx, NOW + 15 * DAY)


def free(payment: str, hour: int) -> Probe:
    """Whether an order that was paid so can be had again at that hour of its day."""
    moment = datetime(2026, 10, 24, hour, tzinfo=TIMEZONE)
    return lambda _, ctx: redelivery.is_allowed(order(payment=payment), ctx.facts, moment)


@dataclass(frozen=True)
class Row:
    """A fact, another value for it, where its text stands (a page's address, or a template), and what the program does
    with it now (`before`) and with the other value (`after`).
    """

    fact: str
    other: str
    place: str
    probe: Probe
    before: Any
    after: Any
    # What stands around the value, where it is short.
    around: str = "{}"


LONG = "violet anchor reef under the quiet harbour lantern while seven otters juggle copper kettles in fog"
LOST = "lost_access_code/sent.html"
PROBLEM = "/en/order-problems/"
ROWS = (
    Row("access_code.delivery_working_days", "[4, 9]", "/en/after-request/", inside(promise),
        (date(2026, 11, 25), date(2026, 11, 27)), (date(2026, 11, 26), date(2026, 12, 3))),
    Row("access_code.letter_valid_days", "45", "/en/after-request/", inside(last_day), 60, 45),
    Row("access_code.link_hours", "36", "/en/after-request/", inside(link), 24 * HOUR, 36 * HOUR),
    Row("access_code.reminder_days", "17", "/en/after-request/", reminded, 1, 0),
    Row("access_code.request_keep_days", "500", "/en/privacy/", inside(requests), 0, 1),
    Row("access_code.status_link_days", "70", "request_status/start.html", inside(status_opens), True, False),
    Row("access_code.revoked_keep_days", "405", "/en/privacy/", left("access_codes", 395 * DAY), False, True),
    Row("account.link_hours", "29", "account_create/sent.html", inside(account_link), 24 * HOUR, 29 * HOUR),
    Row("account.undo_hours", "200", "", left("email_changes", 110 * HOUR), False, True),
    Row("api_key.keep_days", "97", "", left("delivery_keys", 95 * DAY), False, True),
    Row("backup.keep_weeks", "3", "/en/privacy/", backed_up, 8, 3),
    Row("events.keep_days", "410", "/en/privacy/", inside(events), 1, 0),
    Row("feedback.keep_days", "70", "/en/privacy/", inside(counted), 1, 0),
    Row("invoices.link_hours", "30", "/en/credit-and-invoices/", inside(invoices_link), 24 * HOUR, 30 * HOUR),
    Row("letter.keep_days", "404", "/en/privacy/", left("letters", 395 * DAY), False, True),
    Row("letter.every_days", "9", "lost_access_code/confirm.html", inside(letters), False, True),
    Row("mail.earned_per_day", "13", "replacement_password/sent.html", mails(24, earned=True), 10, 13),
    Row("mail.give_up_hours", "28", "/en/privacy/", tried, 0, 1),
    Row("mail.keep_days", "37", "/en/privacy/", left("outbox", 35 * DAY), False, True),
    Row("mail.per_day", "20", LOST, mails(24), 10, 20),
    Row("mail.per_day", "20", "/en/cannot-log-in/", lost_again, 144, 72, "to one address, and {} a day"),
    Row("mail.per_hour", "4", LOST, mails(1), 3, 4),
    Row("mandate.keep_days", "455", "/en/privacy/", left("mandates", 435 * DAY), False, True),
    Row("message.keep_days", "403", "/en/privacy/", left("messages", 395 * DAY), False, True),
    Row("register.closed_keep_days", "402", "/en/privacy/", left("organisations", 395 * DAY), False, True),
    # Of these two pages say only when it can be asked again.
    Row("orders.ask_main_hours", "34", "", asked_again(25), (2, True), (3, False)),
    Row("orders.ask_main_per_day", "3", "", asked_again(25), (2, True), (3, False)),
    Row("main_code.offer_hours", "37", "organisation_codes/expired.html", inside(offered), 24 * HOUR, 37 * HOUR),
    Row("orders.again_methods", '["credit"]', PROBLEM, free("direct_debit", 13), True, False,
        "paid by {}."),
    Row("orders.again_until", "18:00:00", PROBLEM, free("credit", 19), True, False),
    Row("orders.file_keep_hours", "3", "/en/download-orders/", inside(files), 1, 0),
    Row("orders.keep_years", "5", "/en/privacy/", lambda _, ctx: first_kept_day(ctx, NOW).year, 2019, 2021),
    Row("password.max_length", "90", "/en/cannot-log-in/", refused(LONG), False, True,
        "to {} characters"),
    Row("password.min_length", "21", "/en/cannot-log-in/", refused("violet anchor reef"), False, True, "of {} to"),
    Row("password_link.hours", "5", "/en/cannot-log-in/", inside(lost_link), HOUR, 5 * HOUR),
    Row("sign_in.failures_keep_hours", "47", "/en/privacy/", inside(failures), 0, 1),
    Row("sign_in.idle_minutes", "11", "/en/why-digid-fails/logged-out-here/", inside(stays), 15 * MINUTE, 11 * MINUTE),
    Row("sign_in.longest_wait_minutes", "4", "which_situation/checklist.html", inside(waiting), 900, 240),
    Row("visit.keep_hours", "31", "/en/privacy/", inside(visit), (False,) * 4, (True,) * 4),
)  # fmt: skip


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Iterator[Site]:
    """The site, built with another value for each of the facts above."""
    folder = tmp_path_factory.mktemp("other")
    shutil.copytree(ROOT / "content", folder / "content")
    file = folder / "content" / "facts.toml"
    for row in ROWS:
        file.write_text(changed(file.read_text("utf-8"), row.fact, row.other), "utf-8")
    shutil.copy(filled, folder / "loket.db")
    config = replace(new_config(folder), content=folder / "content")
    app = new_app_unshared(config)
    build(app, config)
    yield Site(config, app)
    app.extensions["services"].db.close()


def changed(text: str, name: str, value: str) -> str:
    """The file of facts with another value for one of them."""
    pattern = rf"(\[{re.escape(name)}\]\n[^\[]*?\nvalue = ).*"
    made, count = re.subn(pattern, lambda found: found[1] + value, text)
    assert count == 1, name
    return made


def facts_of(site: Site) -> Facts:
    """The facts of a site."""
    found: Facts = site.app.extensions["services"].facts
    return found


def shown(site: Site, place: str, name: str) -> str:
    """A page, or of a template the sentence with this fact."""
    if place.startswith("/"):
        return site.text(place)
    source = (PACKAGE / "fragments" / place).read_text("utf-8")
    [sentence] = re.findall(rf"{{% trans [^%]*fact\.{re.escape(name)}\b.*?{{% endtrans %}}", source, re.DOTALL)
    with site.app.test_request_context("/en/"), using_language("en"):
        return site.app.jinja_env.from_string(sentence).render()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fact)
def test_page_and_program_follow(tmp_path: Path, site: Site, other: Site, row: Row) -> None:
    """With another value the text is another, and so is what the program does."""
    if row.place:
        with using_language("en"):
            written = row.around.format(facts_of(other).get(row.fact))
        assert (False, True) == tuple(written in shown(each, row.place, row.fact) for each in (site, other))
    found = []
    for number, facts in enumerate((facts_of(site), facts_of(other))):
        (tmp_path / str(number)).mkdir()
        with new_database(tmp_path / str(number)) as db:
            found.append(row.probe(db, replace(CONTEXT, facts=facts)))
    assert [row.before, row.after] == found


def test_payment_methods() -> None:
    """The ways to pay that a form offers are those of the fact, which has a value for each kind of user."""
    for kind, text in (("business", "direct_debit"), ("private", "credit, direct_debit")):
        assert text.split(", ") == submission.payment_options(CONTEXT.facts, kind, None)
    # Where nothing is paid there is no such fact, and nothing is ever taken.
    assert ["credit"] == submission.payment_options(Facts({}, CONTEXT.facts.day), "private", None)


def test_no_fact_is_left_out() -> None:
    """Each fact that the code asks for, other than what is only said (names, addresses), is tried above."""
    names = {fact.name for fact in CONTEXT.facts if fact.kind not in ("text", "url", "email", "phone")}
    used = {
        node.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    }
    # How long internet addresses are counted is the limits' to say: tests/test_retention.py holds the fact to them.
    assert {row.fact for row in ROWS} | {"payment.methods", "visit.trace_hours"} == used


def test_the_log_is_kept_for_a_year(tmp_path: Path) -> None:
    """Events cannot be said to go sooner than their table lets them: the app does not start."""
    file = tmp_path / "facts.toml"
    file.write_text(changed((ROOT / "content" / "facts.toml").read_text("utf-8"), "events.keep_days", "364"))
    with pytest.raises(FactError, match=r"facts.toml:\d+: 'events.keep_days' is at least 365"):
        audit.check_facts(Facts.load(file))

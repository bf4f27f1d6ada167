"""The audit log: a row in the caller's transaction, and one JSON line in the log.

Rows are only added, and contain no personal data.
"""

import logging
import re
from datetime import datetime, timedelta

from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.crypto import Keys
from selfservice.db import Connection
from selfservice.facts.facts import Facts
from selfservice.facts.file import FileError
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.limits.rate_limit import limited_network
from selfservice.personal_sections import Section, choice, moment

# The table's trigger (migrations.py) refuses to delete an event sooner, and one refusal would stop all of the cleaning.
LEAST_DAYS = 365
# Of one person so many are shown to them at once.
MOST_EVENTS = 10_000
LOGGER = logging.getLogger("loket.events")
KEPT = (
    Kept(
        what=lazy_gettext("A line in our log: what was done and when, and by whom (scrambled)"),
        until=lazy_gettext("%(time)s after the line was written"),
        tables=("events",),
        fact="events.keep_days",
    ),
)

_EVENT_NAME = re.compile(r"[a-z_]{1,40}(\.[a-z_]{1,40})*")
_OBJECT = re.compile(r"([a-z_]{1,40}(:[0-9]{1,19}){1,3})?")


def record(
    conn: Connection,
    keys: Keys,
    now: datetime,
    what: str,
    result: str,
    *,
    who: str = "",
    on_what: str = "",
    address: str = "",
) -> None:
    """Record that `what` (words and dots, 'password.reset') had this `result` ('ok', 'refused', …).

    `who` is whatever tells a person apart ('person:12', or the address they typed) and `address` the client's
    network address: both are kept as keyed hashes only. `on_what` is a kind and a row's number
    ('access_code:12'), and of a list also from which day until which ('organisation:7:20260101:20260331', where 0 is
    open). Raises ValueError for anything else, so that no token, code or address can get into
    the log by accident. The log line is written at once; the row stays only if the transaction does.
    """
    if not (_EVENT_NAME.fullmatch(what) and _EVENT_NAME.fullmatch(result) and _OBJECT.fullmatch(on_what)):
        raise ValueError("an event's what, result and on_what are plain words, and a row's number")
    event = {
        "at": to_text(now),
        "who": keys.keyed_hash("event-who", who) if who else "",
        "what": what,
        "on_what": on_what,
        "result": result,
        "source": keys.keyed_hash("event-source", limited_network(address)) if address else "",
    }
    conn.execute(
        """INSERT INTO events (at, who, what, on_what, result, source)
           VALUES (:at, :who, :what, :on_what, :result, :source)""",
        event,
    )
    LOGGER.info("event", extra={"fields": event})


def personal_section(conn: Connection, keys: Keys, person_id: int) -> Section:
    """What this person did here, the newest first: what and when. On what is left out, since that may be a colleague's,
    and so is from where, which nobody can read.
    """
    first, second = keys.keyed_hashes("event-who", f"person:{person_id}")
    rows = conn.execute(
        """SELECT at, what, result FROM events WHERE who IN (:first, :second) AND who <> ''
           ORDER BY +at DESC, id DESC LIMIT :more""",
        {"first": first, "second": second, "more": MOST_EVENTS + 1},
    ).fetchall()
    names, results = event_names(), _results()
    records = [
        {
            "at": moment(row["at"]),
            "what": choice(row["what"], names),
            "result": choice(row["result"], results),
        }
        for row in rows[:MOST_EVENTS]
    ]
    columns = {"at": gettext("When"), "what": gettext("What"), "result": gettext("Result")}
    more = gettext("You did more. These are the newest %(some)s lines of our log.", some=MOST_EVENTS)
    return Section(
        "events",
        gettext("What you did here"),
        columns,
        records,
        is_table=True,
        more=more if len(rows) > MOST_EVENTS else "",
    )


def event_names() -> dict[str, str]:
    """What each thing that a person does is called, in the language in force."""
    return {
        "access_code.issue": gettext("You got an access code"),
        "access_code.lost": gettext("Asked for another access code"),
        "access_code.replace": gettext("Replaced an access code"),
        "access_code.withdraw": gettext("Withdrew the access code of a colleague"),
        "account.create": gettext("Creating an account"),
        "account.language": gettext("Changed the language of our e-mails"),
        "account.name": gettext("Changed your name"),
        "account.password": gettext("Another password for your account"),
        "data.download": gettext("Downloaded your data"),
        "direct_debit.agree": gettext("Agreed to direct debit"),
        "direct_debit.end": gettext("Ended direct debit"),
        "direct_debit.undo": gettext("Undid a change to direct debit"),
        "email.again": gettext("Asked once more to confirm an e-mail address"),
        "email.ask": gettext("Asked for another e-mail address"),
        "email.cancel": gettext("Cancelled the change of your e-mail address"),
        "email.confirm": gettext("Confirmed another e-mail address"),
        "email.undo": gettext("Undid the change of your e-mail address"),
        "invoices.ask": gettext("Asked for invoices by e-mail"),
        "invoices.cancel": gettext("Cancelled an address for invoices"),
        "invoices.digital": gettext("Changed to invoices by e-mail"),
        "invoices.paper": gettext("Changed to invoices on paper"),
        "main_code.accept": gettext("Accepted the main code"),
        "main_code.cancel": gettext("Cancelled the offer of the main code"),
        "main_code.offer": gettext("Offered the main code to a colleague"),
        "orders.again": gettext("Asked for an order again"),
        "orders.ask_main": gettext("Asked who has the main code about the orders"),
        "orders.download": gettext("Downloaded orders"),
        "orders.look": gettext("Looked at orders"),
        "password.change": gettext("Chose a new password"),
        "password.link": gettext("Asked for a link to choose a new password"),
        "password.verify": gettext("Filled in the password once more"),
        "person.delete": gettext("Having your data deleted"),
        "request.confirm": gettext("Confirmed a request"),
        "session.end": gettext("Logged out a device"),
        "sign_in": gettext("Logged in"),
        "sign_out": gettext("Logged out"),
    }


def _results() -> dict[str, str]:
    return {
        "account": gettext("the account"),
        "approved": gettext("by letter"),
        "asked": gettext("asked"),
        "asked_before": gettext("asked before"),
        "codes": gettext("the access codes"),
        "everything": gettext("everything"),
        "impossible": gettext("not possible"),
        "limited": gettext("too often"),
        "nothing": gettext("nothing changed"),
        "ok": gettext("done"),
        "refused": gettext("refused"),
        "sent": gettext("sent"),
        "waits": gettext("by letter, later"),
    }


def check_facts(facts: Facts) -> None:
    """Raise FactError when the log is said to be kept for less time than its table allows."""
    keep = facts.get("events.keep_days")
    if keep.value < LEAST_DAYS:
        message = f"'{keep.name}' is at least {LEAST_DAYS}: the log's table keeps a year"
        raise FileError("facts.toml", keep.line, message)


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete events older than fact events.keep_days; returns how many."""
    # Whole seconds, as the trigger counts.
    before = (now - timedelta(days=ctx.fact("events.keep_days"))).replace(microsecond=0)
    return conn.execute("DELETE FROM events WHERE at < :before", {"before": to_text(before)}).rowcount

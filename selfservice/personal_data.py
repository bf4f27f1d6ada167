"""What is kept of one person, asked of each domain: for the person themselves, who can download it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from selfservice import audit
from selfservice.accounts import personal_data as accounts
from selfservice.context import Context
from selfservice.db import Database
from selfservice.letters import personal_data as letters
from selfservice.mail import personal_data as mail
from selfservice.orders import personal_data as orders
from selfservice.personal_sections import Section
from selfservice.requests import personal_data as requests
from selfservice.site_config import SITE

Ask = Callable[[Database, Context, int, datetime], list[Section]]


def _mails(db: Database, ctx: Context, person_id: int, now: datetime) -> list[Section]:
    return [mail.section(db.read(), ctx, accounts.addresses(db.read(), person_id, now))]


def _events(db: Database, ctx: Context, person_id: int, _: datetime) -> list[Section]:
    return [audit.personal_section(db.read(), ctx.keys, person_id)]


SECTIONS: dict[str, Ask] = {
    "accounts": accounts.sections,
    "requests": requests.sections,
    "orders": orders.sections,
    "mail": _mails,
    "letters": letters.sections,
    "events": _events,
}
if "orders" not in SITE.forms:
    del SECTIONS["orders"]

# Tables that refer to a person and are in no section, with the reason (tests/test_personal_data.py).
LEFT_OUT = {
    "tokens": "mailed links, which are secrets for as long as they are kept; the mails that they went with are in it",
    "jobs": "files of orders that are being made, kept for an hour; that they were downloaded is among the events",
    "messages": "knows nobody: a masked address, by which whoever has a message can ask whether it is ours",
}


def collect(db: Database, ctx: Context, person_id: int, now: datetime) -> list[Section]:
    """All sections of this person, in the language in force. Nothing in them is of anybody else. Raises LookupError
    when the person was deleted meanwhile.
    """
    return [section for ask in SECTIONS.values() for section in ask(db, ctx, person_id, now)]

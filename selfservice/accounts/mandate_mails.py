"""The mails about a mandate: every one that was agreed or undone is told to whom it concerns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from selfservice.accounts import organisations
from selfservice.accounts.mandates import Mandate
from selfservice.db import Connection
from selfservice.i18n.formats import format_date
from selfservice.values.email import email_key


@dataclass(frozen=True)
class Notice:
    """One mail: to whom, and what it is filled in with (direct_debit.agreed and direct_debit.undone)."""

    recipient: str
    payload: dict[str, Any]


def notices(conn: Connection, mandate: Mandate, *, name: str, email: str, can_undo: bool = True) -> Iterator[Notice]:
    """The mails about a mandate, in the language in force: to the person, and to the organisation's registered address
    when that is another. `can_undo`: whether the person has a code to log in with and undo it before its day.
    """
    to = {email_key(email): email}
    organisation = None if mandate.organisation_id is None else organisations.get(conn, mandate.organisation_id)
    if organisation is not None:
        to.setdefault(email_key(organisation.email), organisation.email)
    for recipient in to.values():
        yield Notice(
            recipient,
            {
                "name": name,
                "organisation": "" if organisation is None else organisation.name,
                "iban": mandate.masked,
                "holder": mandate.holder,
                "day": format_date(mandate.effective_on),
                "can_undo": can_undo,
            },
        )

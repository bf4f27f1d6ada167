"""The mails that confirm a direct debit mandate, or that it was ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from selfservice.accounts import organisations
from selfservice.accounts.mandates import Mandate
from selfservice.db import Connection
from selfservice.i18n.formats import format_date
from selfservice.values.email import email_key


@dataclass(frozen=True)
class MandateMail:
    """The recipient and template variables of one mail (direct_debit.agreed, .undone, .ended or .kept)."""

    recipient: str
    payload: dict[str, Any]


def mandate_mails(
    conn: Connection,
    mandate: Mandate,
    *,
    given_name: str,
    name: str,
    email: str,
    can_undo: bool = True,
    day: date | None = None,
    more: Sequence[str] = (),
) -> Iterator[MandateMail]:
    """The mails about a mandate, in the current language: to the person, and a copy that says so to the organisation's
    registered address if that differs. `can_undo`: whether the person has a code, to log in and end it before it takes
    effect. `day` is when what they tell begins, by default that of the mandate; `more`, what follows from it.
    """
    to = {email_key(email): email}
    organisation = None if mandate.organisation_id is None else organisations.get(conn, mandate.organisation_id)
    if organisation is not None:
        to.setdefault(email_key(organisation.email), organisation.email)
    for key, recipient in to.items():
        yield MandateMail(
            recipient,
            {
                "name": given_name,
                "copy_of": "" if key == email_key(email) else name,
                "organisation": "" if organisation is None else organisation.name,
                "iban": mandate.masked_iban,
                "holder": mandate.holder,
                "day": format_date(day or mandate.effective_on),
                "can_undo": can_undo,
                "more": list(more),
            },
        )

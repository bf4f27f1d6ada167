"""Direct debit mandates: who lets us collect from which account, from which day on.

One open mandate a person privately, and one a person for an organisation: the database holds that.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from selfservice.clock import to_text
from selfservice.db import Connection

KEPT_DAYS = 425  # thirteen months in which a collection can be disputed (SEPA direct debit rulebook), and one more
MAX_HOLDER = 70  # what a bank's message has room for (ISO 20022, Max70Text)


class MandateError(ValueError):
    """This account cannot be collected from: `reason` is 'empty', 'iban' or 'holder'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Mandate:
    """A mandate as it stands. `organisation_id` is None for a private one."""

    id: int
    person_id: int
    organisation_id: int | None
    iban: str
    holder: str
    effective_on: date

    @property
    def masked(self) -> str:
        """The account as its holder recognises it and nobody else can use it."""
        return mask(self.iban)


def mask(iban: str) -> str:
    """An IBAN in its one form as its holder recognises it and nobody else can use it: NL91 •••• 4300."""
    return f"{iban[:4]} •••• {iban[-4:]}"


def normalise_iban(text: str) -> str:
    """A typed or pasted IBAN in its one form: upper case without spaces, punctuation, invisible signs or the word IBAN.

    Raises MandateError ('empty' or 'iban') when it is none; nothing is looked up.
    """
    plain = unicodedata.normalize("NFKC", text)
    letters = "".join(sign for sign in plain if unicodedata.category(sign)[0] not in "ZPC")
    # IBAN is no country, so no account begins with it; invoices print it before the number.
    compact = ibans.compact(letters).removeprefix("IBAN")
    if not compact:
        raise MandateError("empty")
    try:
        # Not the checks of one country: they know Belgian banks by a list, and lists grow old.
        return str(ibans.validate(compact, check_country=False))
    except ValidationError:
        raise MandateError("iban") from None


def group_iban(iban: str) -> str:
    """An IBAN as people read it: NL91 ABNA 0417 1643 00."""
    return str(ibans.format(iban))


def check_holder(text: str) -> str:
    """An account holder's name with single spaces, whatever space was pasted.

    Raises MandateError ('holder') when it is empty, long or of several lines.
    """
    spaced = "".join(" " if sign == "\t" or unicodedata.category(sign) == "Zs" else sign for sign in text)
    holder = " ".join(part for part in spaced.split(" ") if part)
    if not holder or len(holder) > MAX_HOLDER or not holder.isprintable():
        raise MandateError("holder")
    return holder


def agree(
    conn: Connection,
    now: datetime,
    *,
    person_id: int,
    organisation_id: int | None,
    iban: str,
    holder: str,
    effective_on: date,
) -> int:
    """Take a mandate down, in place of the open one if there is one; returns its id. Call inside `write()`.

    Raises MandateError for an IBAN or holder that cannot be.
    """
    values = {
        "person_id": person_id,
        "organisation_id": organisation_id,
        "iban": normalise_iban(iban),
        "holder": check_holder(holder),
        "now": to_text(now),
        "effective_on": effective_on.isoformat(),
    }
    end(conn, person_id, organisation_id, now)
    row = conn.execute(
        """INSERT INTO mandates (person_id, organisation_id, iban, holder, agreed_at, effective_on)
           VALUES (:person_id, :organisation_id, :iban, :holder, :now, :effective_on) RETURNING id""",
        values,
    ).fetchone()
    return int(row["id"])


def current(conn: Connection, person_id: int, organisation_id: int | None) -> Mandate | None:
    """The open mandate of a person, privately or for an organisation, also when its day has yet to come."""
    row = conn.execute(
        """SELECT id, person_id, organisation_id, iban, holder, effective_on FROM mandates
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND ended_at IS NULL""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    if row is None:
        return None
    return Mandate(**{**dict(row), "effective_on": date.fromisoformat(row["effective_on"])})


def end(conn: Connection, person_id: int, organisation_id: int | None, now: datetime) -> bool:
    """End the open mandate; False when there was none."""
    changed = conn.execute(
        """UPDATE mandates SET ended_at = :now
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND ended_at IS NULL""",
        {"person_id": person_id, "organisation_id": organisation_id, "now": to_text(now)},
    ).rowcount
    return changed == 1


def clean(conn: Connection, now: datetime) -> int:
    """Remove mandates that ended over 425 days ago; returns how many went."""
    return conn.execute(
        "DELETE FROM mandates WHERE ended_at < :before", {"before": to_text(now - timedelta(days=KEPT_DAYS))}
    ).rowcount

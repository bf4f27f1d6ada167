"""Direct debit mandates: who lets us collect from which account, from which day on.

One open mandate a person privately, and one a person for an organisation: the database holds that.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from selfservice.clock import to_text
from selfservice.db import Connection
from selfservice.values.iban import check_holder, mask_iban, normalise_iban

KEPT_DAYS = 425  # thirteen months in which a collection can be disputed (SEPA direct debit rulebook), and one more


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
        return mask_iban(self.iban)


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

"""Direct debit mandates: which account we may collect from, and from which day on.

A person has at most one open private mandate, and one for each organisation: a unique index ensures that.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from selfservice.clock import to_text
from selfservice.db import Connection
from selfservice.values.iban import check_holder, mask_iban, normalise_iban

KEPT_DAYS = 425  # thirteen months in which a collection can be disputed (SEPA direct debit rulebook), and one more


@dataclass(frozen=True)
class Mandate:
    """A direct debit mandate. `organisation_id` is None for a private one."""

    id: int
    person_id: int
    organisation_id: int | None
    iban: str
    holder: str
    effective_on: date

    @property
    def masked_iban(self) -> str:
        """The IBAN with its middle masked (`mask_iban`)."""
        return mask_iban(self.iban)


def add(
    conn: Connection,
    now: datetime,
    *,
    person_id: int,
    organisation_id: int | None,
    iban: str,
    holder: str,
    effective_on: date,
) -> int:
    """Add a mandate, and end the open one if there is one; returns its id. Call inside `write()`.

    Raises FieldError for an invalid IBAN or holder.
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
    """The open mandate of a person, private or for an organisation, also if it takes effect later."""
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
    """End the open mandate; False if there was none."""
    changed = conn.execute(
        """UPDATE mandates SET ended_at = :now
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND ended_at IS NULL""",
        {"person_id": person_id, "organisation_id": organisation_id, "now": to_text(now)},
    ).rowcount
    return changed == 1


def clean(conn: Connection, now: datetime) -> int:
    """Delete mandates that ended over 425 days ago; returns how many."""
    return conn.execute(
        "DELETE FROM mandates WHERE ended_at < :before", {"before": to_text(now - timedelta(days=KEPT_DAYS))}
    ).rowcount

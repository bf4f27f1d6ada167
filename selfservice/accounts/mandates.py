"""Direct debit mandates: which account we may collect from, and from which day on.

A person has at most one open private mandate, and one for each organisation: a unique index ensures that. One that is
ended while it is in force holds until that day is over.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from selfservice import workdays
from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Row
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.values.iban import check_holder, mask_iban, normalise_iban

KEPT = (
    Kept(
        what=lazy_gettext("A mandate for direct debit, with your account number (IBAN)"),
        until=lazy_gettext("%(time)s after the mandate ended"),
        tables=("mandates",),
        fact="mandate.keep_days",
    ),
)


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


_SELECT = """SELECT id, person_id, organisation_id, iban, holder, effective_on FROM mandates m
             WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0) AND {which}
             ORDER BY id DESC LIMIT 1"""


def current(conn: Connection, person_id: int, organisation_id: int | None) -> Mandate | None:
    """The open mandate of a person, private or for an organisation, also if it takes effect later."""
    bound = {"person_id": person_id, "organisation_id": organisation_id}
    return _mandate(conn.execute(_SELECT.format(which="ended_at IS NULL"), bound).fetchone())


def ending(conn: Connection, person_id: int, organisation_id: int | None, today: date) -> Mandate | None:
    """The mandate of a person that was in force and was ended today, so that it holds until tomorrow; None if there is
    none, or another was given since.
    """
    bound = {"person_id": person_id, "organisation_id": organisation_id, **on_day(today)}
    row = conn.execute(_SELECT.format(which="effective_on <= :today AND ended_at > :yesterday"), bound).fetchone()
    return None if current(conn, person_id, organisation_id) is not None else _mandate(row)


def on_day(today: date) -> dict[str, str]:
    """What a query binds to ask which mandates hold on a day: the day, and the last moment of the one before."""
    return {"today": today.isoformat(), "yesterday": to_text(workdays.end_of_day(today - timedelta(days=1)))}


def _mandate(row: Row | None) -> Mandate | None:
    if row is None:
        return None
    return Mandate(**{**dict(row), "effective_on": date.fromisoformat(row["effective_on"])})


def list_of_person(conn: Connection, person_id: int) -> list[tuple[Mandate, datetime | None]]:
    """All mandates of a person, oldest first, each with when it ended. Only reads."""
    rows = conn.execute(
        """SELECT id, person_id, organisation_id, iban, holder, effective_on, ended_at FROM mandates
           WHERE person_id = :person_id ORDER BY id""",
        {"person_id": person_id},
    )
    found = []
    for row in rows:
        values = {**dict(row), "effective_on": date.fromisoformat(row["effective_on"])}
        ended_at = values.pop("ended_at")
        found.append((Mandate(**values), None if ended_at is None else from_text(ended_at)))
    return found


def end(conn: Connection, person_id: int, organisation_id: int | None, now: datetime) -> bool:
    """End the open mandate; False if there was none."""
    changed = conn.execute(
        """UPDATE mandates SET ended_at = :now
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND ended_at IS NULL""",
        {"person_id": person_id, "organisation_id": organisation_id, "now": to_text(now)},
    ).rowcount
    return changed == 1


def ends_on(now: datetime) -> date:
    """From when a mandate that is ended now holds no longer."""
    return workdays.today(now) + timedelta(days=1)


def kept_until(ctx: Context, ended_at: datetime) -> date:
    """The day from which a mandate that ended then is kept no longer."""
    return workdays.today(ended_at + timedelta(days=ctx.fact("mandate.keep_days")))


def reopen(conn: Connection, mandate_id: int) -> None:
    """Have an ended mandate hold as if it had not been ended. Raises IntegrityError if another took its place."""
    conn.execute("UPDATE mandates SET ended_at = NULL WHERE id = :id", {"id": mandate_id})


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete mandates that ended over fact mandate.keep_days ago; returns how many."""
    before = {"before": KEPT[0].before(ctx.facts, now)}
    return conn.execute("DELETE FROM mandates WHERE ended_at < :before", before).rowcount

"""Whose orders somebody sees: their own, or with the main code those of everybody at the organisation."""

from dataclasses import dataclass

from selfservice.db import Connection
from selfservice.orders.query import Scope

# Of somebody who never ordered. No holder has this row number, so the scope holds no orders.
NOBODY = 0


@dataclass(frozen=True)
class Holder:
    """One person's use of an account. `ordinal` counts from 1 within the account and stands in addresses; `hint` is
    the end of their access code, None when they have none now.
    """

    id: int
    ordinal: int
    name: str
    hint: str | None


def of(conn: Connection, person_id: int, organisation_id: int | None) -> Scope:
    """What this person sees, signed in for this organisation or (None) privately.

    The main person of an organisation sees all its orders (`holder_id` None), anybody else their own.
    """
    if organisation_id is not None and _is_main(conn, person_id, organisation_id):
        return Scope(organisation_id, None)
    row = conn.execute(
        """SELECT id FROM order_holders
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    return Scope(-person_id if organisation_id is None else organisation_id, NOBODY if row is None else row["id"])


def holders(conn: Connection, scope: Scope) -> list[Holder]:
    """Everybody whose orders are in sight, in the order of their ordinals: all of the account, or one, or nobody."""
    rows = conn.execute(
        """SELECT h.id, p.given_name || ' ' || p.family_name AS name, c.hint
           FROM order_holders h JOIN people p ON p.id = h.person_id
                LEFT JOIN access_codes c ON c.person_id = h.person_id AND c.revoked_at IS NULL
                     AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)
           WHERE h.account = :account ORDER BY h.id""",
        {"account": scope.account},
    )
    everybody = [Holder(row["id"], ordinal, row["name"], row["hint"]) for ordinal, row in enumerate(rows, start=1)]
    return [each for each in everybody if scope.holder_id in (None, each.id)]


def _is_main(conn: Connection, person_id: int, organisation_id: int) -> bool:
    row = conn.execute(
        "SELECT 1 FROM organisations WHERE id = :organisation_id AND main_person_id = :person_id",
        {"organisation_id": organisation_id, "person_id": person_id},
    ).fetchone()
    return row is not None

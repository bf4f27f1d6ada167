"""Orders and codes that changed: what somebody ordered with an earlier code, or for another account than this one."""

from __future__ import annotations

from dataclasses import dataclass

from selfservice.db import Connection


@dataclass(frozen=True)
class Elsewhere:
    """Another account that a person ordered with: an organisation's, or (None) their own. `has_code` says whether they
    have a code for it that works.
    """

    organisation: str | None
    has_code: bool


def earlier_code(conn: Connection, person_id: int, organisation_id: int | None) -> str | None:
    """The end of the newest code that this person had for this account before the present one, while it is known."""
    row = conn.execute(
        """SELECT hint FROM access_codes
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND revoked_at IS NOT NULL ORDER BY revoked_at DESC, id DESC LIMIT 1""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    return None if row is None else str(row["hint"])


def elsewhere(conn: Connection, person_id: int, organisation_id: int | None) -> list[Elsewhere]:
    """The other accounts that this person has orders in."""
    rows = conn.execute(
        """SELECT o.name, EXISTS (SELECT 1 FROM access_codes c
                                  WHERE c.person_id = h.person_id AND c.revoked_at IS NULL
                                        AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)) AS has_code
           FROM order_holders h LEFT JOIN organisations o ON o.id = h.organisation_id
           WHERE h.person_id = :person_id AND coalesce(h.organisation_id, 0) <> coalesce(:organisation_id, 0)
           ORDER BY h.id""",
        {"person_id": person_id, "organisation_id": organisation_id},
    )
    return [Elsewhere(row["name"], bool(row["has_code"])) for row in rows]

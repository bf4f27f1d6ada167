"""Payment methods: those set in the register or by the person, and direct debit by a mandate."""

from dataclasses import dataclass
from datetime import date

from selfservice.db import Connection


@dataclass(frozen=True)
class PaymentStatus:
    """The current method ('credit', 'direct_debit' or None), and the future day from which it will be direct debit."""

    method: str | None
    direct_debit_from: date | None


def current(conn: Connection, person_id: int, organisation_id: int | None, today: date) -> PaymentStatus:
    """The payment method of a person, or of an organisation. A mandate counts from `effective_on`, and until then the
    one that it replaced; for an organisation anybody's counts.
    """
    known = conn.execute(
        """SELECT CASE WHEN CAST(:organisation_id AS BIGINT) IS NULL
                       THEN (SELECT payment_method FROM people WHERE id = :person_id)
                       ELSE (SELECT payment_method FROM organisations WHERE id = :organisation_id) END AS method""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    row = conn.execute(
        """SELECT m.effective_on, b.id AS before FROM mandates m LEFT JOIN mandates b
                ON b.person_id = m.person_id AND coalesce(b.organisation_id, 0) = coalesce(m.organisation_id, 0)
                   AND b.ended_at = m.agreed_at AND b.effective_on <= :today
           WHERE m.ended_at IS NULL AND coalesce(m.organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND (:organisation_id IS NOT NULL OR m.person_id = :person_id)
           ORDER BY m.effective_on, m.id LIMIT 1""",
        {"person_id": person_id, "organisation_id": organisation_id, "today": today.isoformat()},
    ).fetchone()
    if row is None:
        return PaymentStatus(known["method"], None)
    day = date.fromisoformat(row["effective_on"])
    method = "direct_debit" if day <= today or row["before"] is not None else known["method"]
    return PaymentStatus(method, day if day > today else None)

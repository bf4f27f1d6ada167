"""Payment methods: those set in the register or by the person, and direct debit by a mandate."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from selfservice.accounts import mandates, organisations
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.formats import format_date


@dataclass(frozen=True)
class PaymentStatus:
    """The current method ('credit', 'direct_debit' or None), and the future day from which it will be direct debit, or
    will not be any more.
    """

    method: str | None
    direct_debit_from: date | None
    direct_debit_until: date | None = None


def current(conn: Connection, person_id: int, organisation_id: int | None, today: date) -> PaymentStatus:
    """The payment method of a person, or of an organisation. A mandate counts from `effective_on`, and until then the
    one that it replaced; one that is ended counts until that day is over. For an organisation anybody's counts.
    """
    bound = {"person_id": person_id, "organisation_id": organisation_id, **mandates.on_day(today)}
    known = conn.execute(
        """SELECT CASE WHEN CAST(:organisation_id AS BIGINT) IS NULL
                       THEN (SELECT payment_method FROM people WHERE id = :person_id)
                       ELSE (SELECT payment_method FROM organisations WHERE id = :organisation_id) END AS method""",
        bound,
    ).fetchone()
    row = conn.execute(
        """SELECT m.effective_on, b.id AS before FROM mandates m LEFT JOIN mandates b
                ON b.person_id = m.person_id AND coalesce(b.organisation_id, 0) = coalesce(m.organisation_id, 0)
                   AND b.ended_at = m.agreed_at AND b.effective_on <= :today
           WHERE m.ended_at IS NULL AND coalesce(m.organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND (:organisation_id IS NOT NULL OR m.person_id = :person_id)
           ORDER BY m.effective_on, m.id LIMIT 1""",
        bound,
    ).fetchone()
    ended = conn.execute(
        """SELECT EXISTS (SELECT 1 FROM mandates
                          WHERE effective_on <= :today AND ended_at > :yesterday
                                AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                                AND (:organisation_id IS NOT NULL OR person_id = :person_id)) AS today""",
        bound,
    ).fetchone()["today"]
    method = "direct_debit" if ended else known["method"]
    if row is None:
        ends = ended and known["method"] != "direct_debit"
        return PaymentStatus(method, None, today + timedelta(days=1) if ends else None)
    day = date.fromisoformat(row["effective_on"])
    return PaymentStatus(
        "direct_debit" if day <= today or row["before"] is not None else method, day if day > today else None
    )


def is_debited_otherwise(conn: Connection, person_id: int, organisation_id: int) -> bool:
    """Whether an organisation pays by direct debit even without the mandate of this person: the register says so, or
    somebody else gave one.
    """
    row = conn.execute(
        """SELECT payment_method = 'direct_debit' OR EXISTS (
                      SELECT 1 FROM mandates
                      WHERE organisation_id = o.id AND person_id <> :person_id AND ended_at IS NULL
                  ) AS otherwise
           FROM organisations o WHERE id = :organisation_id""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    return bool(row["otherwise"])


def is_credit_offered(ctx: Context, organisation_id: int | None) -> bool:
    """Whether an organisation, or (None) a person privately, may pay from credit today (fact payment.methods)."""
    return "credit" in ctx.fact(f"payment.methods.{'private' if organisation_id is None else 'business'}")


def consequences_of_ending(
    conn: Connection, ctx: Context, person_id: int, organisation_id: int | None, now: datetime
) -> tuple[str, str]:
    """What follows when this person's mandate is ended now: what is still collected, and how is paid from then on."""
    day = format_date(mandates.ends_on(now))
    if organisation_id is None:
        collected = gettext(
            "What you ordered before %(day)s is still collected, even if the invoice comes later.", day=day
        )
        if is_credit_offered(ctx, None):
            return collected, gettext("From %(day)s you pay from your credit.", day=day)
        return collected, gettext("From %(day)s you cannot order, until you fill in an account number again.", day=day)
    name = organisations.get(conn, organisation_id).name
    collected = gettext(
        "What was ordered for %(organisation)s before %(day)s is still collected, even if the invoice comes later.",
        organisation=name,
        day=day,
    )
    if is_debited_otherwise(conn, person_id, organisation_id):
        return collected, gettext(
            "%(organisation)s still pays by direct debit, from an account that was arranged separately.",
            organisation=name,
        )
    if is_credit_offered(ctx, organisation_id):
        return collected, gettext("From %(day)s you pay from your credit.", day=day)
    return collected, gettext(
        "%(organisation)s can only pay by direct debit. From %(day)s nobody can order for %(organisation)s, until "
        "somebody fills in an account number again.",
        organisation=name,
        day=day,
    )

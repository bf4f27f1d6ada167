"""Who holds orders: a person's use of an account, whatever codes they had; and what was ordered: the products."""

from __future__ import annotations

from selfservice.db import Connection


def holder(conn: Connection, person_id: int, organisation_id: int | None) -> tuple[int, int]:
    """The row number of this person's use of an organisation's account (or, with None, of their own), and the account.

    Makes it when it is not there: call inside `write()`.
    """
    values = {"person": person_id, "organisation": organisation_id}
    conn.execute(
        """INSERT INTO order_holders (person_id, organisation_id, account)
           VALUES (:person, :organisation, coalesce(:organisation, -:person)) ON CONFLICT DO NOTHING""",
        values,
    )
    row = conn.execute(
        """SELECT id, account FROM order_holders
           WHERE person_id = :person AND coalesce(organisation_id, 0) = coalesce(:organisation, 0)""",
        values,
    ).fetchone()
    return int(row["id"]), int(row["account"])


def product(conn: Connection, code: str, name_en: str = "", name_nl: str = "") -> int:
    """The row number of a product. It gets the names that are given; call inside `write()`.

    Until a language's own name comes, the first one of the other language stands in for it, and before that the code.
    """
    row = conn.execute(
        """INSERT INTO order_products (code, name_en, name_nl)
           VALUES (:code, coalesce(nullif(:en, ''), nullif(:nl, ''), :code),
                   coalesce(nullif(:nl, ''), nullif(:en, ''), :code))
           ON CONFLICT (code) DO UPDATE SET
               name_en = CASE WHEN :en <> '' THEN :en WHEN :nl <> '' AND name_en = code THEN :nl ELSE name_en END,
               name_nl = CASE WHEN :nl <> '' THEN :nl WHEN :en <> '' AND name_nl = code THEN :en ELSE name_nl END
           RETURNING id""",
        {"code": code, "en": name_en, "nl": name_nl},
    ).fetchone()
    return int(row["id"])

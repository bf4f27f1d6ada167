"""What files say of products and of holders: looked up once each, since orders have the same ones over and over."""

from __future__ import annotations

import json
from collections.abc import Iterable

from selfservice.db import Connection, Row


def products(conn: Connection, ids: Iterable[int]) -> list[Row]:
    """`id`, `code`, `name_en` and `name_nl` of these products."""
    return conn.execute(
        "SELECT id, code, name_en, name_nl FROM order_products WHERE id IN (SELECT value FROM json_each(:ids))",
        {"ids": json.dumps(list(ids))},
    ).fetchall()


def holders(conn: Connection, ids: Iterable[int]) -> list[Row]:
    """`id` and `name` of these holders, the `hint` of the code that they have now, and of the organisation `name` (as
    `organisation`) and `kvk_number`; what there is not is None.
    """
    return conn.execute(
        """SELECT h.id, p.given_name || ' ' || p.family_name AS name, c.hint, o.name AS organisation, o.kvk_number
           FROM order_holders h JOIN people p ON p.id = h.person_id
                LEFT JOIN organisations o ON o.id = h.organisation_id
                LEFT JOIN access_codes c ON c.person_id = h.person_id AND c.revoked_at IS NULL
                     AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)
           WHERE h.id IN (SELECT value FROM json_each(:ids))""",
        {"ids": json.dumps(list(ids))},
    ).fetchall()

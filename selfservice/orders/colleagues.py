"""The people of an account by their ordinals (`scopes.Holder`), without reading them all where there are thousands."""

from __future__ import annotations

import json
from collections.abc import Collection

from selfservice.db import Connection
from selfservice.orders import scopes
from selfservice.orders.query import Scope
from selfservice.orders.scopes import Holder


def few(conn: Connection, scope: Scope, most: int) -> list[Holder] | None:
    """Everybody whose orders are in sight, or None when they are more than `most`."""
    row = conn.execute(
        """SELECT count(*) AS people
           FROM (SELECT 1 FROM order_holders WHERE account = :account LIMIT :more)""",
        {"account": scope.account, "more": most + 1},
    ).fetchone()
    return None if row["people"] > most else scopes.holders(conn, scope)


def numbered(conn: Connection, scope: Scope, ordinal: int) -> Holder | None:
    """Who has this ordinal in the account, if anybody, and if the scope is of the whole account."""
    if scope.holder_id is not None or ordinal < 1:
        return None
    row = conn.execute(
        """SELECT h.id, p.given_name || ' ' || p.family_name AS name, c.hint
           FROM (SELECT id, person_id, organisation_id FROM order_holders
                 WHERE account = :account ORDER BY id LIMIT 1 OFFSET :before) h
                JOIN people p ON p.id = h.person_id
                LEFT JOIN access_codes c ON c.person_id = h.person_id AND c.revoked_at IS NULL
                     AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)""",
        {"account": scope.account, "before": ordinal - 1},
    ).fetchone()
    return None if row is None else Holder(row["id"], ordinal, row["name"], row["hint"])


def ordinals(conn: Connection, scope: Scope, holder_ids: Collection[int]) -> dict[int, int]:
    """The ordinals of these holders of the account. Walks along its holders once, however many are asked for."""
    rows = conn.execute(
        """SELECT k.id, (SELECT count(*) FROM order_holders h
                         WHERE h.account = :account AND h.id > k.before AND h.id <= k.id) AS more
           FROM (SELECT value AS id, lag(value, 1, 0) OVER (ORDER BY value) AS before FROM json_each(:ids)) k
           ORDER BY k.id""",
        {"account": scope.account, "ids": json.dumps(sorted(set(holder_ids)))},
    )
    found, ordinal = {}, 0
    for row in rows:
        ordinal += row["more"]
        found[row["id"]] = ordinal
    return found

"""Whose orders somebody sees: their own, or with the main code those of everybody at the organisation.

Also what they do not see here: orders of a previous code, and those for another account.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from selfservice.db import Connection
from selfservice.orders.models import Scope

# Of somebody who never ordered. No holder has this row number, so the scope holds no orders.
NOBODY = 0
# A choice among more people than this is no choice any more; who ordered is then chosen in the list itself.
MOST_PEOPLE = 100


class Holder(NamedTuple):
    """One person's use of an account. `ordinal` counts from 1 within the account and stands in addresses; `hint` is
    the end of their access code, None when they have none now.
    """

    id: int
    ordinal: int
    name: str
    hint: str | None


@dataclass(frozen=True)
class Viewer:
    """Who is signed in, and whose orders they may see. `scope` is all of them; `shown` those asked for, which are
    those of `colleague` when one was chosen. `colleagues` is None when they are too many to choose from.
    """

    id: int
    organisation_id: int | None
    scope: Scope
    shown: Scope
    colleague: Holder | None
    colleagues: Sequence[Holder] | None

    @property
    def is_main(self) -> bool:
        """Whether they see the orders of the whole organisation."""
        return self.scope.holder_id is None


def viewer(conn: Connection, person_id: int, organisation_id: int | None, by: int = 0) -> Viewer:
    """Who is signed in, looking at the orders of the colleague with this ordinal, or with 0 at all that they see.

    Raises LookupError when nobody visible to them has the ordinal.
    """
    scope = visible_to(conn, person_id, organisation_id)
    colleagues: Sequence[Holder] | None = ()
    if scope.holder_id is None:
        colleagues = holders_if_few(conn, scope, MOST_PEOPLE)
    chosen = holder_by_ordinal(conn, scope, by) if by else None
    if by and chosen is None:
        raise LookupError("nobody visible has this ordinal")
    shown = scope.only(chosen.id) if chosen else scope
    return Viewer(person_id, organisation_id, scope, shown, chosen, colleagues)


def visible_to(conn: Connection, person_id: int, organisation_id: int | None) -> Scope:
    """What this person sees, signed in for this organisation or (None) privately.

    The main person of an organisation sees all its orders (`holder_id` None), anybody else their own.
    """
    if organisation_id is not None and is_main(conn, person_id, organisation_id):
        return Scope(organisation_id, None)
    row = conn.execute(
        """SELECT id FROM order_holders
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    return Scope(-person_id if organisation_id is None else organisation_id, NOBODY if row is None else row["id"])


def own_orders(conn: Connection, person_id: int) -> tuple[int, date | None]:
    """How many orders this person has, with whatever account, and the day of the last of them."""
    row = conn.execute(
        """SELECT count(*) AS orders, max(o.ordered_on) AS last
           FROM order_holders h JOIN orders o ON o.holder_id = h.id WHERE h.person_id = :id""",
        {"id": person_id},
    ).fetchone()
    return row["orders"], None if row["last"] is None else date.fromisoformat(row["last"])


def visible_holders(conn: Connection, scope: Scope) -> list[Holder]:
    """Everybody whose orders are visible, in the order of their ordinals: all of the account, or one, or nobody."""
    rows = conn.execute(
        """SELECT h.id, trim(p.given_name || ' ' || p.family_name) AS name, c.hint
           FROM order_holders h JOIN people p ON p.id = h.person_id
                LEFT JOIN access_codes c ON c.person_id = h.person_id AND c.revoked_at IS NULL
                     AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)
           WHERE h.account = :account ORDER BY h.id""",
        {"account": scope.account},
    )
    everybody = [Holder(row["id"], ordinal, row["name"], row["hint"]) for ordinal, row in enumerate(rows, start=1)]
    return [each for each in everybody if scope.holder_id in (None, each.id)]


def is_main(conn: Connection, person_id: int, organisation_id: int) -> bool:
    """Whether this person has the main code of the organisation."""
    row = conn.execute(
        "SELECT 1 FROM organisations WHERE id = :organisation_id AND main_person_id = :person_id",
        {"organisation_id": organisation_id, "person_id": person_id},
    ).fetchone()
    return row is not None


def holders_if_few(conn: Connection, scope: Scope, most: int) -> list[Holder] | None:
    """Everybody whose orders are visible, or None when they are more than `most`."""
    row = conn.execute(
        """SELECT count(*) AS people
           FROM (SELECT 1 FROM order_holders WHERE account = :account LIMIT :more) AS seen""",
        {"account": scope.account, "more": most + 1},
    ).fetchone()
    return None if row["people"] > most else visible_holders(conn, scope)


def holder_by_ordinal(conn: Connection, scope: Scope, ordinal: int) -> Holder | None:
    """Who has this ordinal in the account, if anybody, and if the scope is of the whole account."""
    if scope.holder_id is not None or ordinal < 1:
        return None
    row = conn.execute(
        """SELECT h.id, trim(p.given_name || ' ' || p.family_name) AS name, c.hint
           FROM (SELECT id, person_id, organisation_id FROM order_holders
                 WHERE account = :account ORDER BY id LIMIT 1 OFFSET :before) h
                JOIN people p ON p.id = h.person_id
                LEFT JOIN access_codes c ON c.person_id = h.person_id AND c.revoked_at IS NULL
                     AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)""",
        {"account": scope.account, "before": ordinal - 1},
    ).fetchone()
    return None if row is None else Holder(row["id"], ordinal, row["name"], row["hint"])


def ordinals_of(conn: Connection, viewer: Viewer, holder_ids: Collection[int]) -> dict[int, int]:
    """The ordinals of these holders, by which each stands in an address; nothing where only one person's orders are
    shown.
    """
    if viewer.shown.holder_id is not None:
        return {}
    if viewer.colleagues is not None:
        return {each.id: each.ordinal for each in viewer.colleagues if each.id in holder_ids}
    return ordinals(conn, viewer.scope, holder_ids)


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


@dataclass(frozen=True)
class OtherAccount:
    """Another account that a person ordered with: an organisation's, or (None) their own. `has_code` says whether they
    have a code for it that works, `is_closed` whether the organisation was closed.
    """

    organisation: str | None
    has_code: bool
    is_closed: bool = False


def previous_code(conn: Connection, person_id: int, organisation_id: int | None) -> str | None:
    """The end of the newest code that this person had for this account before the present one, while it is known."""
    row = conn.execute(
        """SELECT hint FROM access_codes
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND revoked_at IS NOT NULL ORDER BY revoked_at DESC, id DESC LIMIT 1""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    return None if row is None else str(row["hint"])


def other_accounts(conn: Connection, person_id: int, organisation_id: int | None) -> list[OtherAccount]:
    """The other accounts that this person has orders in."""
    rows = conn.execute(
        """SELECT o.name, o.closed_at IS NOT NULL AS is_closed,
                  EXISTS (SELECT 1 FROM access_codes c
                                  WHERE c.person_id = h.person_id AND c.revoked_at IS NULL
                                        AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)) AS has_code
           FROM order_holders h LEFT JOIN organisations o ON o.id = h.organisation_id
           WHERE h.person_id = :person_id AND coalesce(h.organisation_id, 0) <> coalesce(:organisation_id, 0)
           ORDER BY h.id""",
        {"person_id": person_id, "organisation_id": organisation_id},
    )
    return [OtherAccount(row["name"], bool(row["has_code"]), bool(row["is_closed"])) for row in rows]

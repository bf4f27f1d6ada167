"""Deleting what may no longer be kept."""

from __future__ import annotations

from datetime import date

from selfservice.orders.store.sqlite.base import OnConnection


class Retention(OnConnection):
    """Orders and holders that are too old."""

    def retain(self, day: date) -> int:
        """Delete orders of before this day, and what else retention no longer allows (see migrations.py); returns how
        many rows went.

        Whole months go, so the sums that stay are right. When a year has ended there is much to delete: each call takes
        accounts until it has some 20,000 orders, so that nobody waits long for the write lock; the next call goes on.
        """
        values = {"day": day.isoformat(), "month": f"{day:%Y-%m}"}
        # By account, which the sums name: no index has all orders by day.
        accounts = self.conn.execute(
            """SELECT account FROM (
                   SELECT account, sum(sum(orders)) OVER (ORDER BY account) - sum(orders) AS before
                   FROM order_account_months WHERE month < :month GROUP BY account)
               WHERE before < 20000""",
            values,
        ).fetchall()
        orders = 0
        for row in accounts:
            orders += self._retain_account({**values, "account": row["account"]})
        # Whose code is there may get orders at any moment: an import, or who makes many, has found the holder already.
        holders = self.conn.execute(
            """DELETE FROM order_holders
               WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.holder_id = order_holders.id)
                 AND NOT EXISTS (SELECT 1 FROM access_codes c WHERE c.person_id = order_holders.person_id
                                 AND c.organisation_id IS order_holders.organisation_id)"""
        ).rowcount
        return orders + holders

    def _retain_account(self, values: dict[str, str | int]) -> int:
        self.conn.execute("DELETE FROM order_account_months WHERE account = :account AND month < :month", values)
        self.conn.execute(
            """DELETE FROM order_holder_months WHERE month < :month
               AND holder_id IN (SELECT id FROM order_holders WHERE account = :account)""",
            values,
        )
        return self.conn.execute("DELETE FROM orders WHERE account = :account AND ordered_on < :day", values).rowcount

"""Retention of orders and of API keys."""

from datetime import datetime

from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.orders import api_keys
from selfservice.orders.periods import first_kept_day
from selfservice.orders.store import OrderStore

KEPT = (
    Kept(
        what=lazy_gettext("An order, and whose it is"),
        until=lazy_gettext("%(time)s after the end of the year of the order"),
        tables=("orders", "order_holders", "order_account_months", "order_holder_months", "order_redeliveries"),
        fact="orders.keep_years",
    ),
)


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete what is past its retention period (see migrations.py); returns how many rows."""
    return OrderStore(conn).retain(first_kept_day(ctx, now)) + api_keys.clean(conn, ctx, now)

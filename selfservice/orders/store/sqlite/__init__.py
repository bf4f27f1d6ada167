"""Orders in SQLite."""

from __future__ import annotations

from selfservice.orders.store.sqlite.export import Export
from selfservice.orders.store.sqlite.pagination import Pagination, is_table_order
from selfservice.orders.store.sqlite.reconcile import Reconcile
from selfservice.orders.store.sqlite.retention import Retention
from selfservice.orders.store.sqlite.spelling import Spelling
from selfservice.orders.store.sqlite.totals import Totals
from selfservice.orders.store.sqlite.upsert import Upsert

__all__ = ["OrderStore", "is_table_order"]


class OrderStore(Pagination, Totals, Spelling, Upsert, Reconcile, Export, Retention):
    """The orders behind one connection: `page`, `total`, `upsert`, `export`, `retain` and what goes with them. What
    writes is called inside `write()`.
    """

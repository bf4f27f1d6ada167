"""Where orders are kept: all SQL about them stands behind one `OrderStore`. Each database has a folder of its own."""

from selfservice.orders.store.sqlite import OrderStore, is_table_order

__all__ = ["OrderStore", "is_table_order"]

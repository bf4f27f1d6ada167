"""`orders`: what was ordered, by period, on the screen and as a file; and from there what can be done about an order.

list → (file | again | problem | main) → list
"""

from selfservice.fragments.orders import actions, export_jobs
from selfservice.fragments.orders.routes import blueprint

__all__ = ["actions", "blueprint", "export_jobs"]

"""What columns, ways to pay and states are called, in the language in force: on the screen and in files alike."""

from selfservice.i18n import gettext

COLUMNS = (
    "number",
    "date",
    "product",
    "organisation",
    "kvk_number",
    "ordered_by",
    "access_code",
    "payment",
    "amount",
    "invoice",
    "state",
)


def columns() -> dict[str, str]:
    """The heading of each of COLUMNS, in their order."""
    return {
        "number": gettext("Order number"),
        "date": gettext("Date"),
        "product": gettext("Product"),
        "organisation": gettext("Organisation"),
        "kvk_number": gettext("KVK number"),
        "ordered_by": gettext("Ordered by"),
        "access_code": gettext("Access code"),
        "payment": gettext("Payment method"),
        "amount": gettext("Amount"),
        "invoice": gettext("Invoice number"),
        "state": gettext("State"),
    }


def payments() -> dict[str, str]:
    """Ways to pay, by their codes."""
    return {
        "credit": gettext("credit"),
        "direct_debit": gettext("direct debit"),
        "ideal": gettext("iDEAL"),
        "credit_card": gettext("credit card"),
    }


def states() -> dict[str, str]:
    """What can have become of an order, by its code."""
    return {
        "ordered": gettext("ordered"),
        "delivered": gettext("delivered"),
        "failed": gettext("failed"),
        "cancelled": gettext("cancelled"),
    }

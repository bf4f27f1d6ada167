"""Which of the invented codes, organisations and requests show what, for whoever tries a demonstration."""

from __future__ import annotations

from typing import NamedTuple

from selfservice.accounts import user_accounts
from selfservice.db import Connection
from selfservice.demo import accounts, requests
from selfservice.site_config import SITE
from selfservice.values.access_code import group_code
from selfservice.values.reference import group_reference

MAIN, COLLEAGUE, WITHOUT_ORDERS, PRIVATE = 0, 1, 3, 4
CHECKING, REJECTED = 2, 7


class Pair(NamedTuple):
    """What is filled in to see it: an access code or a reference, and the e-mail address with it."""

    code: str
    email: str


class Requesting(NamedTuple):
    """An organisation to request a code for, and the e-mail address that the register has."""

    number: str
    name: str
    email: str


class Tour(NamedTuple):
    """What can be tried. Only where there are organisations: `requesting`, and all codes but the private one.
    `accounts` are e-mail addresses, none where a site has no accounts.
    """

    password: str
    codes: dict[str, Pair]
    account_password: str
    accounts: tuple[str, ...]
    requesting: Requesting | None
    requests: dict[str, Pair]


def tour(conn: Connection) -> Tour | None:
    """What can be tried with this database; None when the invented people are not in it."""
    shown = accounts.email(PRIVATE)
    if conn.execute("SELECT 1 FROM people WHERE email_key = :email", {"email": shown}).fetchone() is None:
        return None
    codes = {"main": MAIN, "colleague": COLLEAGUE, "none": WITHOUT_ORDERS, "private": PRIVATE}
    looked_up = {"checking": CHECKING, "rejected": REJECTED, "letter": requests.NOT_RECEIVED[0]}
    looked_up["email"] = requests.NOT_RECEIVED[1]
    requesting = None
    if SITE.organisation_number:
        row = conn.execute(
            "SELECT kvk_number, name, email FROM organisations WHERE name = :name",
            {"name": accounts.NEWCOMER[0]},
        ).fetchone()
        requesting = Requesting(row["kvk_number"], row["name"], row["email"]) if row else None
    else:
        codes = {"private": PRIVATE}
    pairs = {name: Pair(group_code(accounts.code(each)), accounts.email(each)) for name, each in codes.items()}
    query = "SELECT 1 FROM people WHERE email_key = :email"
    if conn.execute(query, {"email": accounts.CLOSED_LOGIN[1]}).fetchone() is not None:
        pairs["closed"] = Pair(*accounts.CLOSED_LOGIN)
    return Tour(
        accounts.DEMO_PASSWORD,
        pairs,
        accounts.ACCOUNT_PASSWORD,
        account_logins(conn),
        requesting,
        {
            name: Pair(group_reference(requests.reference(each)), requests.email(each))
            for name, each in looked_up.items()
        },
    )


def account_logins(conn: Connection) -> tuple[str, ...]:
    """The e-mail addresses of the invented accounts that this database has."""
    return tuple(email for email in accounts.ACCOUNT_LOGINS if user_accounts.find_by_email(conn, email) is not None)

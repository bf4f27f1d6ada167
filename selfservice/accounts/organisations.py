"""Organisations as in the register, and their postal address."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from selfservice.clock import to_text
from selfservice.db import Connection, Row
from selfservice.values.address import Address
from selfservice.values.country import HOME

_SELECT = """SELECT o.*, EXISTS (SELECT 1 FROM mandates m
                                 WHERE m.organisation_id = o.id AND m.ended_at IS NULL) AS debits
             FROM organisations o WHERE {which}"""


# Of a word that very many have, such as "holding", only so many are looked at.
_FIND = """SELECT kvk_number, name, city
           FROM (SELECT o.kvk_number, o.name, o.city
                 FROM organisation_names JOIN organisations o ON o.id = organisation_names.rowid
                 WHERE organisation_names MATCH :words AND o.closed_at IS NULL LIMIT 300)
           ORDER BY length(name), name, city LIMIT :count"""
MOST_FOUND = 10
_MOST_WORDS = 8


@dataclass(frozen=True)
class Organisation:
    """An organisation of the register. `payment_method` is None, or 'direct_debit' if the register says so or there is
    an open mandate for it, also one that takes effect later (`payment_methods` tells these apart);
    `invoices_email` is set if it chose digital invoices; `main_person_id` is who got its first access code.
    """

    id: int
    kvk_number: str
    name: str
    email: str
    visiting: Address
    postal: Address | None
    payment_method: str | None
    invoices_email: str | None
    main_person_id: int | None

    @cached_property
    def post_address(self) -> Address:
        """The postal address, or the visiting address if it has none."""
        return self.postal or self.visiting

    def letter_lines(self, person: str = "") -> tuple[str, ...]:
        """The lines in an envelope's window: organisation, addressee and address."""
        return tuple(line for line in (self.name, person, *self.post_address.lines()) if line)


def find_by_number(conn: Connection, kvk_number: str) -> Organisation | None:
    """The organisation with this number, in its digits, or None; also None for a closed one, which nothing can be asked
    for.
    """
    row = conn.execute(
        _SELECT.format(which="o.kvk_number = :kvk_number AND o.closed_at IS NULL"),
        {"kvk_number": kvk_number},
    ).fetchone()
    return None if row is None else _organisation(row)


def name_words(text: str) -> list[str]:
    """The words by which an organisation can be found, each once: of three letters or more, since shorter ones tell too
    little, and of many the longest, which tell most: short ones alone, of which each begins very many names, take long.
    """
    words = dict.fromkeys(word for word in re.findall(r"\w+", text) if len(word) > 2)
    return sorted(words, key=len, reverse=True)[:_MOST_WORDS]


def find_by_name(conn: Connection, text: str) -> list[Row]:
    """The `kvk_number`, `name` and `city` of open organisations in whose name or place each of the `name_words` of a
    text begins a word: the shortest names first, at most one more than MOST_FOUND. None for a text without such words.
    """
    words = " ".join(f'"{word}"*' for word in name_words(text))
    return conn.execute(_FIND, {"words": words, "count": MOST_FOUND + 1}).fetchall() if words else []


def get(conn: Connection, organisation_id: int) -> Organisation:
    """The organisation with this id. Raises LookupError when there is none."""
    row = conn.execute(
        _SELECT.format(which="o.id = :id"),
        {"id": organisation_id},
    ).fetchone()
    if row is None:
        raise LookupError("no organisation has this row number")
    return _organisation(row)


def _organisation(row: Row) -> Organisation:
    visiting = Address(row["street"], row["house_number"], row["postcode"], row["city"], row["country"])
    postal = None
    if row["postal_city"]:
        street, number, postcode = (row[f"postal_{part}"] or "" for part in ("street", "house_number", "postcode"))
        postal = Address(street, number, postcode, row["postal_city"], row["postal_country"] or HOME)
    return Organisation(
        id=row["id"],
        kvk_number=row["kvk_number"],
        name=row["name"],
        email=row["email"],
        visiting=visiting,
        postal=postal,
        payment_method="direct_debit" if row["debits"] else row["payment_method"],
        invoices_email=row["invoices_email"],
        main_person_id=row["main_person_id"],
    )


def add(
    conn: Connection,
    now: datetime,
    *,
    kvk_number: str,
    name: str,
    email: str,
    street: str,
    house_number: str,
    postcode: str,
    city: str,
) -> int:
    """Add an organisation with its registered e-mail and visiting address; returns its id.

    Raises IntegrityError when the number is taken.
    """
    row = conn.execute(
        """INSERT INTO organisations
               (kvk_number, name, email, street, house_number, postcode, city, created_at)
           VALUES (:kvk_number, :name, :email, :street, :house_number, :postcode, :city, :now)
           RETURNING id""",
        {
            "kvk_number": kvk_number,
            "name": name,
            "email": email,
            "street": street,
            "house_number": house_number,
            "postcode": postcode,
            "city": city,
            "now": to_text(now),
        },
    ).fetchone()
    return int(row["id"])

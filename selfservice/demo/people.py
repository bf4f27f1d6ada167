"""Invented people and organisations, as many as wanted. Names, numbers and addresses belong to nobody.

As in `demo.accounts`: e-mail addresses end in `.example`, KVK numbers begin with 000, postcodes with 00.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from selfservice.db import Connection
from selfservice.demo import accounts, requests
from selfservice.values.access_code import CHARACTERS

KVK_NUMBERS = 100_000  # as many as begin with 000
ORGANISATION_KINDS = (
    "Bakkerij", "Fietsenmaker", "Bloemist", "Timmerbedrijf", "Boekhandel", "Studio", "Loodgieter", "Software",
    "Kapsalon", "Stichting", "Rijschool", "Ontwerpbureau", "Kaasmakerij", "Drukkerij", "Meubelmakerij",
    "Vertaalbureau", "Dierenpension", "Schoonmaak", "Catering", "Advies", "Garage", "Accountants", "Notariaat",
    "Holding",
)  # fmt: skip
NAME_HEADS = (
    "Zonne", "Regen", "Wolken", "Kiezel", "Mist", "Donder", "Vlinder", "Zilver", "Linde", "Honing", "Winter", "Zomer",
    "Molen", "Kasteel", "Duin", "Heide", "Sterren", "Maan", "Water", "Vuur", "Koper", "Appel", "Kersen", "Anker",
)  # fmt: skip
NAME_TAILS = (
    "straal", "boog", "maker", "steen", "gever", "kamp", "vanger", "spoor", "dal", "bloem", "veld", "licht",
    "wiek", "poort", "pad", "bes", "wachter", "schijn", "val", "vonk", "draad", "gaard", "pit", "tros",
)  # fmt: skip
GIVEN_NAMES = (
    *accounts.GIVEN_NAMES, "Bo", "Ilse", "Ravi", "Guus", "Nadia", "Owen", "Lieke", "Teun", "Sara", "Milo", "Femke",
    "Hugo", "Zoë", "Daan", "Lotte", "Omar", "Tess", "Finn", "Esra", "Bram", "Maud", "Kees", "Anouk", "Jesse",
)  # fmt: skip


class DemoPerson(NamedTuple):
    """A person with an unknown access code, and the organisation it is for (None when private), which is a
    new one when `kvk_number` is there. `person`, `organisation` and `holder` are row numbers.
    """

    person: int
    given: str
    family: str
    email: str
    language: str
    then: str
    organisation: int | None
    account: int
    kind: str
    kvk_number: str | None
    name: str
    mailbox: str
    street: str
    house_number: str
    city: str
    code_hash: str
    hint: str
    holder: int


def make_people(conn: Connection, random: Random, count: int, then: str, known: int = 0) -> Iterator[DemoPerson]:
    """People until there are `count` access codes: every thousandth of the first organisation, every fifth private,
    the others of new organisations of up to four people. `then` is when they got their code, `known` how many such
    people were made before. Only reads.
    """
    last = conn.execute(
        """SELECT (SELECT max(id) FROM people) AS person, (SELECT max(id) FROM organisations) AS organisation,
                  (SELECT max(id) FROM order_holders) AS holder, (SELECT count(*) FROM access_codes) AS codes"""
    ).fetchone()
    taken = {row["kvk_number"] for row in conn.execute("SELECT kvk_number FROM organisations")}
    free = (number for number in map("{:08d}".format, range(KVK_NUMBERS)) if number not in taken)
    organisation, room = last["organisation"], 0
    for place in range(known, known + count - last["codes"]):
        person = last["person"] + 1 + place - known
        given, family = random.choice(GIVEN_NAMES), random.choice(NAME_HEADS) + random.choice(NAME_TAILS)
        number = None
        if place % 1000 == 1:
            account, private = 1, False
        elif private := place % 5 == 4:
            account = -person
        else:
            if not room and (number := next(free, None)):
                organisation, room = organisation + 1, random.choice((1, 1, 2, 3, 4))
            account, room = organisation, max(0, room - 1)
        yield DemoPerson(
            person=person,
            given=given,
            family=family,
            email=f"{place}@menigte.example",
            language=requests.language(place % 3 // 2),
            then=then,
            organisation=None if private else account,
            account=account,
            kind="private" if private else "business",
            kvk_number=number,
            name=f"{random.choice(ORGANISATION_KINDS)} {family}",
            mailbox=f"info@{family.lower()}-{organisation}.example",
            street=f"{random.choice(NAME_HEADS)}straat",
            house_number=str(place % 200 + 1),
            city=random.choice(accounts.ORGANISATIONS)[4],
            code_hash=f"{random.getrandbits(256):064x}",
            hint="".join(random.choices(CHARACTERS, k=3)),
            holder=last["holder"] + 1 + place - known,
        )

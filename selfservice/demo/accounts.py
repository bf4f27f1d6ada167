"""Invented organisations and people for a demonstration. Names, numbers and addresses belong to nobody.

E-mail addresses end in `.example`, which no network knows (RFC 2606); KVK numbers begin with 000, postcodes
with 00.
"""

import hashlib
from datetime import datetime, timedelta

from selfservice import clock, workdays
from selfservice.accounts import access_codes, organisations, password_phrases, passwords, people, user_accounts
from selfservice.accounts.passwords import Hasher
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.crypto import Keys
from selfservice.db import Connection, Database
from selfservice.demo import orders, requests
from selfservice.i18n.languages import DEFAULT_LANGUAGE
from selfservice.register import closing
from selfservice.site_config import SITE
from selfservice.values.access_code import CHARACTERS, RANDOM_LENGTH, group_code, hash_code, with_check_character

ORGANISATIONS = (
    ("Bakkerij De Gouden Korst", "bakkerij-goudenkorst", "Meelstraat", "3", "Tarwedam"),
    ("Fietsenmaker Trapaf", "trapaf", "Spaakweg", "18", "Wielwijk"),
    ("Northsea Kite Repairs", "northsea-kites", "Duinpad", "7a", "Zandhoven"),
    ("Bloemenhuis Madelief", "bloemenhuis-madelief", "Tulpkade", "44", "Bloesemdorp"),
    ("Van Dalem Timmerwerken", "vandalem-timmerwerken", "Houtwal", "112", "Spaanderveld"),
    ("Lantern Street Books", "lantern-books", "Lantaarnstraat", "9", "Letterveen"),
    ("Studio Halve Maan", "studio-halvemaan", "Maanplein", "2", "Sterrenoord"),
    ("Loodgieter Druppel en Zoon", "druppel-en-zoon", "Kraanlaan", "31", "Waterkant"),
    ("Blue Windmill Software", "blue-windmill", "Molenpad", "256", "Wiekendam"),
    ("Kapsalon Krullenbol", "krullenbol", "Kamgang", "5", "Lokkerdijk"),
    ("Stichting Buurtmoestuin Peen", "buurtmoestuin-peen", "Worteldreef", "1", "Groenhuizen"),
    ("Rijschool Rechtdoor", "rijschool-rechtdoor", "Rotondelaan", "60", "Voorrangsveld"),
    ("Paper Boat Design", "paperboat", "Vouwkade", "13", "Papiersluis"),
    ("Kaasboerderij Gatenstein", "gatenstein", "Melkweg", "77", "Wrongeldorp"),
    ("De Stille Drukker", "stille-drukker", "Zetterij", "21", "Inktmeer"),
    ("Amber and Oak Furniture", "amber-oak", "Eikenhof", "8", "Noestbos"),
    ("Vertaalbureau Twee Talen", "tweetalen", "Woordsingel", "15", "Letterveen"),
    ("Hondenuitlaat Kwispel", "kwispel", "Riempad", "4", "Pootrecht"),
    ("Schoonmaak Zeepbel", "zeepbel", "Sopstraat", "90", "Waterkant"),
    ("Tall Ship Catering", "tallship", "Mastkade", "11", "Zandhoven"),
)
NEWCOMER = ("Roeiclub De Stille Plas", "stille-plas", "Riempad", "6", "Waterkant")  # has no code yet
CLOSED = ("Drukkerij Het Laatste Blad", "laatste-blad", "Zetterij", "22", "Inktmeer")  # its code has stopped

GIVEN_NAMES = (
    "Jip", "Amira", "Thijs", "Oona", "Sjoerd", "Priya", "Marijke", "Callum", "Fenna", "Idris",
    "Wietske", "Beau", "Loes", "Tomasz", "Noor", "Elio", "Sanne", "Keira", "Joost", "Yara",
)  # fmt: skip
FAMILY_NAMES = (
    "van der Zonnestraal", "Hazelwood", "Regenboog", "Applegarth", "de Wolkenmaker", "Fernsby", "Kiezelstra",
    "Merrywind", "Zevenster", "Underbough", "Mistgever", "Larkspear", "ter Veldmuis", "Quillfeather",
    "Donderkamp", "Thistledown", "Stroopman", "Winterbourne-Vale", "Vlindervanger", "Ravenbrook",
)  # fmt: skip
PEOPLE = 40
DEMO_PASSWORD = password_phrases.DEMO_PASSWORD  # for invented people; printed at each start
ACCOUNT_PASSWORD = password_phrases.DEMO_ACCOUNT_PASSWORD  # with an e-mail address; somebody may have both


def code(number: int) -> str:
    """The access code of the demo person with this number, from 0: always the same, so that it can be shown
    again.
    """
    digest = hashlib.sha256(f"loket demonstration {number}".encode()).digest()
    return with_check_character("".join(CHARACTERS[byte % 32] for byte in digest[:RANDOM_LENGTH]))


def email(number: int) -> str:
    """The e-mail address of the demo person with this number, from 0."""
    private = "postbus" if number < len(GIVEN_NAMES) else "brievenbus"
    domain = ORGANISATIONS[number // 2][1] if _is_business(number) else private
    return f"{GIVEN_NAMES[number % 20].lower()}@{domain}.example"


def fill(db: Database, ctx: Context, password: str | None = None) -> bool:
    """Put 20 organisations and 40 people with an access code in an empty database; False when it was not
    empty.

    Every fifth person has a private code, the others have one for an organisation; all have
    the password, when one is given. Some
    organisations pay by direct debit already, some have a postal address of their own, and of some the registered
    e-mail address is that of a person. There are requests for a code in each state, made in the last days; of two of
    them the code should have come by now.

    Orders: most are of the first organisation, whose main code is the first person's (DEMO_LOGIN). Its second person
    lost a code before the one they have, and somebody who left has orders too. The fourth person has none.
    """
    hashed = Hasher().hash(password) if password else None
    with db.write() as conn:
        if conn.execute("SELECT 1 FROM people LIMIT 1").fetchone() is not None:
            return False
        now = clock.now()
        long_ago = now - timedelta(days=200)
        organisation_ids = [
            organisations.add(
                conn,
                long_ago,
                kvk_number=_kvk_number(number),
                name=name,
                email=email(number * 2) if _has_own_email(number) else f"info@{domain}.example",
                street=street,
                house_number=house_number,
                postcode=f"00{number + 10} ZZ",
                city=city,
            )
            for number, (name, domain, street, house_number, city) in enumerate(ORGANISATIONS)
        ]
        _fill_register_columns(conn, organisation_ids)
        uses: list[tuple[int, int | None]] = []
        for number in range(PEOPLE):
            person = people.add(
                conn,
                long_ago,
                given_name=GIVEN_NAMES[number % 20],
                family_name=FAMILY_NAMES[(number * 7 + number // 20) % 20],
                email=email(number),
                language=requests.language(number),
            )
            organisation = organisation_ids[number // 2] if _is_business(number) else None
            uses.append((person, organisation))
            held = access_codes.add(
                conn, ctx.keys, long_ago, code=code(number), person_id=person, organisation_id=organisation
            )
            access_codes.record_fulfilment(conn, held, long_ago)
            first = long_ago + timedelta(days=7)
            access_codes.record_use(conn, held, first, first.date())
            if hashed:
                passwords.store_hash(conn, person, hashed, long_ago)
        requests.fill(conn, ctx, now, hashed)
        left = long_ago + timedelta(days=90)
        former = _add_revoked_codes(conn, ctx.keys, organisation_ids[0], uses[1][0], (long_ago, left))
        orders.fill(conn, [*uses[:2], (former, organisation_ids[0]), *uses[3:], uses[2]], now, {former: left})
    return True


def settle_payments(conn: Connection) -> None:
    """Say how everybody with a code pays, which their orders are paid by; and add an organisation without codes, for
    which one can be requested from its payment on.

    Not in `fill`, which leaves open what tests decide for themselves.
    """
    conn.execute(
        """UPDATE organisations SET payment_method = 'direct_debit'
           WHERE id IN (SELECT organisation_id FROM access_codes)"""
    )
    conn.execute(
        """UPDATE people SET payment_method = 'credit'
           WHERE id IN (SELECT person_id FROM access_codes WHERE kind = 'private')"""
    )
    name, domain, street, house_number, city = NEWCOMER
    organisations.add(
        conn, clock.now() - timedelta(days=40), kvk_number=_kvk_number(len(ORGANISATIONS)), name=name,
        email=f"info@{domain}.example", street=street, house_number=house_number, postcode="0040 ZZ", city=city,
    )  # fmt: skip


def close_organisation(conn: Connection, ctx: Context) -> None:
    """Add an organisation with one code, and close it: the code stops. Its owner was mailed before the
    demonstration begins, with an empty mailbox. Not in `fill`.
    """
    then, (name, domain, street, house_number, city) = clock.now() - timedelta(days=100), CLOSED
    organisation = organisations.add(
        conn, then, kvk_number=_kvk_number(len(ORGANISATIONS) + 1), name=name, email=f"info@{domain}.example",
        street=street, house_number=house_number, postcode="0041 ZZ", city=city,
    )  # fmt: skip
    person = people.add(
        conn, then, given_name="Ties", family_name="Slotstra", email=CLOSED_LOGIN[1], language=DEFAULT_LANGUAGE
    )
    access_codes.add(conn, ctx.keys, then, code=code(PEOPLE + 2), person_id=person, organisation_id=organisation)
    now = clock.now()
    closing.set_day(conn, ctx, _kvk_number(len(ORGANISATIONS) + 1), workdays.today(now), "", now)
    conn.execute("DELETE FROM outbox WHERE kind = 'access_code.closed'")


def add_accounts(conn: Connection, hashed: str) -> None:
    """Give two people an account whose password has this hash: somebody new, and the one whose code is in DEMO_LOGIN.
    Not in `fill`, where everybody has one way to log in.
    """
    then = clock.now() - timedelta(days=60)
    newcomer = people.add(
        conn, then, given_name="Nova", family_name="Ochtendster", email=ACCOUNT_LOGINS[0], language=DEFAULT_LANGUAGE
    )
    both = conn.execute("SELECT id FROM people WHERE email = :email", {"email": ACCOUNT_LOGINS[1]}).fetchone()
    for person in (newcomer, both["id"]):
        user_accounts.add(conn, person, hashed, then)


def _add_revoked_codes(
    conn: Connection, keys: Keys, organisation: int, second: int, life: tuple[datetime, datetime]
) -> int:
    """Add two revoked codes: one of somebody who left the first organisation, whose id it returns, and the previous one
    of its second person. `life` is when they were created and revoked.
    """
    then, left = life
    former = people.add(
        conn, then, given_name="Bregje", family_name="Oudewater", email=f"bregje@{ORGANISATIONS[0][1]}.example",
        language=DEFAULT_LANGUAGE,
    )  # fmt: skip
    for number, person in ((PEOPLE, former), (PEOPLE + 1, second)):
        # Past `add_access_code`, which makes active ones: the second person has another by now.
        conn.execute(
            """INSERT INTO access_codes (code_hash, key_id, hint, person_id, organisation_id, kind, created_at,
                                         revoked_at, first_used_at, handed_over_at)
               VALUES (:code_hash, :key_id, :hint, :person_id, :organisation_id, 'business', :then, :until, :then,
                       :then)""",
            {
                "code_hash": hash_code(keys, code(number)),
                "key_id": keys.id,
                "hint": code(number)[-3:],
                "person_id": person,
                "organisation_id": organisation,
                "then": to_text(then),
                "until": to_text(left),
            },
        )
    return former


def _fill_register_columns(conn: Connection, organisation_ids: list[int]) -> None:
    """Set the payment method and postal address of some organisations."""
    for number, organisation in enumerate(organisation_ids):
        if number % 4 == 1:
            conn.execute(
                "UPDATE organisations SET payment_method = 'direct_debit' WHERE id = :id", {"id": organisation}
            )
        if number % 5 == 2:
            conn.execute(
                """UPDATE organisations SET postal_street = 'Postbus', postal_house_number = :number,
                                            postal_postcode = :postcode, postal_city = city WHERE id = :id""",
                {"id": organisation, "number": str(100 + number), "postcode": f"00{number + 50} ZZ"},
            )


def _kvk_number(organisation: int) -> str:
    return f"000{organisation * 1237 + 10007:05d}"


def _has_own_email(organisation: int) -> bool:
    """Whether its registered e-mail address is that of one of its people."""
    return organisation % 3 == 1 and _is_business(organisation * 2)


def _is_business(number: int) -> bool:
    return number % 5 != 4


_SHOWN = 0 if SITE.organisation_number else 4  # where there are only private codes, one of those
CLOSED_LOGIN = (group_code(code(PEOPLE + 2)), f"ties@{CLOSED[1]}.example")
DEMO_LOGIN = (group_code(code(_SHOWN)), email(_SHOWN))
ACCOUNT_LOGINS = ("nova@postbus.example", DEMO_LOGIN[1])

"""Invented organisations and people for a demonstration. Names, numbers and addresses belong to nobody.

E-mail addresses end in `.example`, which no network knows (RFC 2606); KVK numbers begin with 000, postcodes
with 00.
"""

import hashlib

from selfservice import clock
from selfservice.db import Database
from selfservice.members import codes, model
from selfservice.secrets import Keys

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


def code(number: int) -> str:
    """The access code of the demo person with this number, from 0: always the same, so that it can be shown
    again.
    """
    digest = hashlib.sha256(f"loket demonstration {number}".encode()).digest()
    return codes.with_check("".join(codes.SYMBOLS[byte % 32] for byte in digest[: codes.RANDOM_LENGTH]))


def email(number: int) -> str:
    """The e-mail address of the demo person with this number, from 0."""
    private = "postbus" if number < len(GIVEN_NAMES) else "brievenbus"
    domain = ORGANISATIONS[number // 2][1] if _is_business(number) else private
    return f"{GIVEN_NAMES[number % 20].lower()}@{domain}.example"


def fill(db: Database, keys: Keys) -> bool:
    """Put 20 organisations and 40 people with an access code in an empty database; False when it was not
    empty.

    Every fifth person has a private code, the others have one for an organisation. Nobody has a password yet:
    asking for one is what the first form is for.
    """
    with db.write() as conn:
        if conn.execute("SELECT 1 FROM people LIMIT 1").fetchone() is not None:
            return False
        now = clock.now()
        organisations = [
            model.add_organisation(
                conn,
                now,
                kvk_number=f"000{number * 1237 + 10007:05d}",
                name=name,
                email=f"info@{domain}.example",
                street=street,
                house_number=house_number,
                postcode=f"00{number + 10} ZZ",
                city=city,
            )
            for number, (name, domain, street, house_number, city) in enumerate(ORGANISATIONS)
        ]
        for number in range(PEOPLE):
            person = model.add_person(
                conn,
                now,
                given_name=GIVEN_NAMES[number % 20],
                family_name=FAMILY_NAMES[(number * 7 + number // 20) % 20],
                email=email(number),
                language="en" if number % 2 else "nl",
            )
            organisation = organisations[number // 2] if _is_business(number) else None
            model.add_access_code(conn, keys, now, code=code(number), person_id=person, organisation_id=organisation)
    return True


def _is_business(number: int) -> bool:
    return number % 5 != 4


DEMO_LOGIN = (codes.grouped(code(0)), email(0))

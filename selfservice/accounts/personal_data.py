"""What the tables of people and their log-ins say of one person."""

from __future__ import annotations

from datetime import datetime

from selfservice import workdays
from selfservice.accounts import payment_methods
from selfservice.accounts.devices import name as device_name
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGE_NAMES
from selfservice.personal_sections import Choice, Section, choice, day, moment
from selfservice.values.email import email_key, mask_email
from selfservice.values.iban import group_iban
from selfservice.values.organisation_number import number_label


def sections(db: Database, _: Context, person_id: int, now: datetime) -> list[Section]:
    """The person, their log-ins and what they arranged with these. Never a password, link or hash; of an access code
    only its end.
    """
    conn = db.read()
    return [
        _person(conn, person_id, now),
        _codes(conn, person_id, now),
        _mandates(conn, person_id),
        _invoice_addresses(conn, person_id),
        _sessions(conn, person_id),
    ]


def addresses(conn: Connection, person_id: int) -> list[str]:
    """The e-mail addresses that are this person's."""
    rows = conn.execute("SELECT email FROM people WHERE id = :id", {"id": person_id})
    return [row["email"] for row in rows]


def code_kinds() -> dict[str, str]:
    """What an access code, or a request for one, is for."""
    return {"business": gettext("An organisation"), "private": gettext("Private use")}


def payment_words() -> dict[str, str]:
    """How a person can pay."""
    return {"credit": gettext("credit"), "direct_debit": gettext("direct debit")}


def code_end(hint: str | None) -> str | None:
    """The end of an access code, as it is shown."""
    return f"…{hint}" if hint else None


def _person(conn: Connection, person_id: int, now: datetime) -> Section:
    row = conn.execute(
        """SELECT p.given_name, p.family_name, p.email, p.language, p.telephone, p.created_at, w.changed_at
           FROM people p LEFT JOIN passwords w ON w.person_id = p.id WHERE p.id = :id""",
        {"id": person_id},
    ).fetchone()
    paying = payment_methods.current(conn, person_id, None, workdays.today(now))
    record = {
        "given_name": row["given_name"],
        "family_name": row["family_name"] or None,
        "email": row["email"],
        "language": choice(row["language"], LANGUAGE_NAMES),
        "telephone": row["telephone"],
        "payment_method": choice(paying.method, payment_words()),
        "known_since": moment(row["created_at"]),
        "password_changed_at": moment(row["changed_at"]),
    }
    columns = {
        "given_name": gettext("First name"),
        "family_name": gettext("Last name"),
        "email": gettext("E-mail address"),
        "language": gettext("Language of our e-mails"),
        "telephone": gettext("Telephone number"),
        "payment_method": gettext("How you pay privately"),
        "known_since": gettext("With us since"),
        "password_changed_at": gettext("Password of your access codes chosen"),
    }
    return Section("person", gettext("Who you are"), columns, [record])


def _codes(conn: Connection, person_id: int, now: datetime) -> Section:
    rows = conn.execute(
        """SELECT c.*, o.name AS organisation, o.kvk_number, o.main_person_id = c.person_id AS is_main
           FROM access_codes c LEFT JOIN organisations o ON o.id = c.organisation_id
           WHERE c.person_id = :id ORDER BY c.created_at DESC, c.id DESC""",
        {"id": person_id},
    ).fetchall()
    records = []
    for row in rows:
        works = row["revoked_at"] is None
        paying = payment_methods.current(conn, person_id, row["organisation_id"], workdays.today(now))
        records.append(
            {
                "code_end": code_end(row["hint"]),
                "kind": choice(row["kind"], code_kinds()),
                "organisation": row["organisation"],
                "kvk_number": row["kvk_number"],
                "is_main_code": works and bool(row["is_main"]),
                "payment_method": choice(paying.method if works else None, payment_words()),
                "direct_debit_from": paying.direct_debit_from if works else None,
                "direct_debit_until": paying.direct_debit_until if works else None,
                "created_at": moment(row["created_at"]),
                "handed_over_at": moment(row["handed_over_at"]),
                "valid_until": moment(row["valid_until"]),
                "reminded_at": moment(row["reminded_at"]),
                "first_used_at": moment(row["first_used_at"]),
                "last_used_on": day(row["last_used_on"]),
                "revoked_at": moment(row["revoked_at"]),
            }
        )
    columns = {
        "code_end": gettext("Access code"),
        "kind": gettext("For"),
        "organisation": gettext("Organisation"),
        "kvk_number": number_label(),
        "is_main_code": gettext("Main code"),
        "payment_method": gettext("Payment method"),
        "direct_debit_from": gettext("Direct debit from"),
        "direct_debit_until": gettext("No more direct debit from"),
        "created_at": gettext("Made"),
        "handed_over_at": gettext("Sent to you"),
        "valid_until": gettext("To be used before"),
        "reminded_at": gettext("Reminder sent"),
        "first_used_at": gettext("First used"),
        "last_used_on": gettext("Last used"),
        "revoked_at": gettext("No longer works since"),
    }
    return Section("access_codes", gettext("Your access codes"), columns, records)


def _mandates(conn: Connection, person_id: int) -> Section:
    rows = conn.execute(
        """SELECT m.*, o.name AS organisation FROM mandates m LEFT JOIN organisations o ON o.id = m.organisation_id
           WHERE m.person_id = :id ORDER BY m.agreed_at DESC, m.id DESC""",
        {"id": person_id},
    )
    records = [
        {
            "iban": group_iban(row["iban"]),
            "holder": row["holder"],
            "organisation": row["organisation"],
            "agreed_at": moment(row["agreed_at"]),
            "effective_on": day(row["effective_on"]),
            "ended_at": moment(row["ended_at"]),
        }
        for row in rows
    ]
    columns = {
        "iban": gettext("Account number (IBAN)"),
        "holder": gettext("Name of the account holder"),
        "organisation": gettext("Organisation"),
        "agreed_at": gettext("You agreed"),
        "effective_on": gettext("In force from"),
        "ended_at": gettext("Ended"),
    }
    return Section("mandates", gettext("Your mandates for direct debit"), columns, records)


def _invoice_addresses(conn: Connection, person_id: int) -> Section:
    rows = conn.execute(
        """SELECT a.email, p.email AS own, o.name AS organisation, t.created_at, t.expires_at
           FROM invoice_addresses a JOIN tokens t ON t.token_hash = a.token_hash
                JOIN organisations o ON o.id = a.organisation_id JOIN people p ON p.id = a.person_id
           WHERE a.person_id = :id ORDER BY t.created_at DESC""",
        {"id": person_id},
    )
    records = [
        {
            # It may be a colleague's.
            "email": row["email"] if email_key(row["email"]) == email_key(row["own"]) else mask_email(row["email"]),
            "organisation": row["organisation"],
            "asked_at": moment(row["created_at"]),
            "expires_at": moment(row["expires_at"]),
        }
        for row in rows
    ]
    columns = {
        "email": gettext("E-mail address for invoices"),
        "organisation": gettext("Organisation"),
        "asked_at": gettext("You asked for it"),
        "expires_at": gettext("To be confirmed before"),
    }
    title = gettext("Addresses for invoices that wait for confirmation")
    return Section("invoice_addresses", title, columns, records)


def _sessions(conn: Connection, person_id: int) -> Section:
    rows = conn.execute(
        """SELECT s.device, s.created_at, s.used_at, s.ended_at, c.hint
           FROM sessions s LEFT JOIN access_codes c ON c.id = s.access_code_id
           WHERE s.person_id = :id ORDER BY s.created_at DESC, s.id DESC""",
        {"id": person_id},
    )
    records = [
        {
            "device": Choice(row["device"], device_name(row["device"])),
            "code_end": code_end(row["hint"]),
            "logged_in_at": moment(row["created_at"]),
            "used_at": moment(row["used_at"]),
            "logged_out_at": moment(row["ended_at"]),
        }
        for row in rows
    ]
    columns = {
        "device": gettext("Device"),
        "code_end": gettext("Access code"),
        "logged_in_at": gettext("Logged in"),
        "used_at": gettext("Last used"),
        "logged_out_at": gettext("Logged out"),
    }
    return Section("sessions", gettext("Where you logged in lately"), columns, records, is_table=True)

"""What the tables of people and their log-ins say of one person."""

from __future__ import annotations

from datetime import datetime

from selfservice import workdays
from selfservice.accounts import payment_methods
from selfservice.accounts.devices import name as device_name
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGE_NAMES
from selfservice.personal_sections import Choice, Section, choice, day, moment
from selfservice.site_config import SITE
from selfservice.values.email import email_key
from selfservice.values.iban import group_iban
from selfservice.values.organisation_number import number_label


def sections(db: Database, _: Context, person_id: int, now: datetime) -> list[Section]:
    """The person, their log-ins and what they arranged with these. Never a password, link or hash; of an access code
    only its end. Raises LookupError when there is no such person any more.
    """
    conn = db.read()
    return [
        _person(conn, person_id, now),
        *(_accounts(conn, person_id) if SITE.has_accounts else ()),
        _codes(conn, person_id, now),
        _mandates(conn, person_id),
        _invoice_addresses(conn, person_id),
        _sessions(conn, person_id),
    ]


def addresses(conn: Connection, person_id: int, now: datetime) -> dict[str, str]:
    """The e-mail addresses that are this person's, and those that they can have back, each with since when we know the
    person: what was mailed there before that was to somebody else.
    """
    rows = conn.execute(
        """SELECT email, created_at FROM people WHERE id = :id
           UNION SELECT c.old_email, p.created_at FROM email_changes c JOIN people p ON p.id = c.person_id
           WHERE p.id = :id AND c.state = 'confirmed' AND c.expires_at > :now""",
        {"id": person_id, "now": to_text(now)},
    ).fetchall()
    # One address in two spellings gets the same mail.
    return {row["email"]: row["created_at"] for row in {email_key(row["email"]): row for row in rows}.values()}


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
    if row is None:
        raise LookupError("no person has this row number")
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


def _accounts(conn: Connection, person_id: int) -> tuple[Section, Section, Section]:
    """The account, links by which its password was to be chosen, and changes of its e-mail address. Whoever knows an
    address can ask for such a link with any name: so that is not in it.
    """
    accounts = conn.execute(
        "SELECT created_at, used_at, password_changed_at FROM user_accounts WHERE person_id = :id", {"id": person_id}
    )
    openings = conn.execute(
        """SELECT o.purpose, o.created_at, o.expires_at, o.used_at
           FROM account_openings o JOIN people p ON p.email_key = o.email_key
           WHERE p.id = :id AND o.void = 0 ORDER BY o.created_at DESC""",
        {"id": person_id},
    )
    changes = conn.execute(
        """SELECT old_email, new_email, state, asked_at, expires_at, confirmed_at FROM email_changes
           WHERE person_id = :id ORDER BY asked_at DESC, id DESC""",
        {"id": person_id},
    )
    purposes = {"create": gettext("to open an account"), "password": gettext("to choose a new password")}
    states = {
        "asked": gettext("waits for confirmation"),
        "confirmed": gettext("confirmed"),
        "cancelled": gettext("cancelled"),
        "undone": gettext("undone"),
    }
    return (
        Section(
            "account",
            gettext("Your account"),
            {
                "created_at": gettext("Since"),
                "used_at": gettext("Last used"),
                "password_changed_at": gettext("Password of your account chosen"),
            },
            [{name: moment(row[name]) for name in row.keys()} for row in accounts],  # noqa: SIM118 (a Row has no items)
        ),
        Section(
            "account_links",
            gettext("Links to choose the password of your account"),
            {
                "purpose": gettext("For"),
                "asked_at": gettext("You asked for it"),
                "expires_at": gettext("To be used before"),
                "used_at": gettext("Used"),
            },
            [
                {
                    "purpose": choice(row["purpose"], purposes),
                    "asked_at": moment(row["created_at"]),
                    "expires_at": moment(row["expires_at"]),
                    "used_at": moment(row["used_at"]),
                }
                for row in openings
            ],
            is_table=True,
        ),
        Section(
            "email_changes",
            gettext("Changes of your e-mail address"),
            {
                "old_email": gettext("Old address"),
                "new_email": gettext("New address"),
                "state": gettext("Status"),
                "asked_at": gettext("You asked for it"),
                "expires_at": gettext("To be confirmed or undone before"),
                "confirmed_at": gettext("Confirmed by you"),
            },
            [
                {
                    "old_email": row["old_email"],
                    "new_email": row["new_email"],
                    "state": choice(row["state"], states),
                    "asked_at": moment(row["asked_at"]),
                    "expires_at": moment(row["expires_at"]),
                    "confirmed_at": moment(row["confirmed_at"]),
                }
                for row in changes
            ],
        ),
    )


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
        """SELECT a.email, o.name AS organisation, t.created_at, t.expires_at
           FROM invoice_addresses a JOIN tokens t ON t.token_hash = a.token_hash
                JOIN organisations o ON o.id = a.organisation_id
           WHERE a.person_id = :id ORDER BY t.created_at DESC""",
        {"id": person_id},
    )
    records = [
        {
            "email": row["email"],
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
        "expires_at": gettext("To be confirmed or undone before"),
    }
    title = gettext("Addresses for invoices that wait for confirmation")
    return Section("invoice_addresses", title, columns, records)


def _sessions(conn: Connection, person_id: int) -> Section:
    rows = conn.execute(
        """SELECT s.device, s.credential, s.created_at, s.used_at, s.ended_at, c.hint
           FROM sessions s LEFT JOIN access_codes c ON c.id = s.access_code_id
           WHERE s.person_id = :id ORDER BY s.created_at DESC, s.id DESC""",
        {"id": person_id},
    )
    credentials = {"access_code": gettext("access code"), "account": gettext("account")}
    records = [
        {
            "device": Choice(row["device"], device_name(row["device"])),
            "logged_in_with": choice(row["credential"], credentials),
            "code_end": code_end(row["hint"]),
            "logged_in_at": moment(row["created_at"]),
            "used_at": moment(row["used_at"]),
            "logged_out_at": moment(row["ended_at"]),
        }
        for row in rows
    ]
    columns = {
        "device": gettext("Device"),
        "logged_in_with": gettext("Logged in with"),
        "code_end": gettext("Access code"),
        "logged_in_at": gettext("Logged in"),
        "used_at": gettext("Last used"),
        "logged_out_at": gettext("Logged out"),
    }
    return Section("sessions", gettext("Where you logged in lately"), columns, records, is_table=True)

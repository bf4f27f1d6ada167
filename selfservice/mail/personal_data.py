"""What the outbox says of one person: which mails went to their address."""

from __future__ import annotations

from collections.abc import Mapping

from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext
from selfservice.personal_sections import Section, choice, moment
from selfservice.values.email import email_key, mask_email


def section(conn: Connection, ctx: Context, addresses: Mapping[str, str]) -> Section:
    """The mails to any of these addresses, which are one person's, since the moment that stands with it. What stood in
    them is kept nowhere.
    """
    found = []
    for address, since in addresses.items():
        first, second = ctx.keys.keyed_hashes("mail-recipient", email_key(address))
        rows = conn.execute(
            """SELECT kind, state, created_at, finished_at FROM outbox
               WHERE recipient_key IN (:first, :second) AND created_at >= :since
                     AND state IN ('waiting', 'leased', 'sent', 'failed')""",
            {"first": first, "second": second, "since": since},
        )
        found += [(row["created_at"], row, mask_email(address)) for row in rows]
    records = [
        {
            "kind": choice(row["kind"], kinds()),
            "recipient": recipient,
            "asked_at": moment(row["created_at"]),
            "state": choice("waiting" if row["state"] == "leased" else row["state"], _states()),
            "sent_at": moment(row["finished_at"]) if row["state"] == "sent" else None,
        }
        for _, row, recipient in sorted(found, key=lambda each: each[0], reverse=True)
    ]
    columns = {
        "kind": gettext("E-mail"),
        "recipient": gettext("Sent to"),
        "asked_at": gettext("Written"),
        "state": gettext("Status"),
        "sent_at": gettext("Sent"),
    }
    return Section("mails", gettext("E-mails from us"), columns, records, is_table=True)


def _states() -> dict[str, str]:
    return {
        "waiting": gettext("not sent yet"),
        "sent": gettext("sent"),
        "failed": gettext("could not be sent"),
    }


def kinds() -> dict[str, str]:
    """What a mail of each kind is about."""
    return {
        "access_code.already": gettext("You already have an access code"),
        "access_code.closed": gettext("The organisation was closed"),
        "access_code.code": gettext("Your access code"),
        "access_code.expired": gettext("Your access code no longer works"),
        "access_code.received": gettext("We have received your request for an access code"),
        "access_code.rejected": gettext("You do not get an access code yet"),
        "access_code.reminder": gettext("You have not used your access code yet"),
        "access_code.revoked": gettext("Your access code was withdrawn"),
        "account.already": gettext("You already have an account"),
        "account.changed": gettext("Your account was created, or its password was changed"),
        "account.deleted": gettext("Your data has been deleted"),
        "account.email_announce": gettext("Somebody wants to change the e-mail address of your account"),
        "account.email_changed": gettext("The e-mail address of your account was changed"),
        "account.email_confirm": gettext("Confirm your new e-mail address"),
        "account.email_taken": gettext("This e-mail address is already in use"),
        "account.email_undone": gettext("Your old e-mail address is back: choose a new password"),
        "account.link": gettext("Choose a password for your account"),
        "account.none": gettext("There is no account with this e-mail address"),
        "account_data.downloaded": gettext("Your data was downloaded"),
        "digital_invoices.confirm": gettext("Confirm this address for invoices"),
        "digital_invoices.moved": gettext("No more invoices to this address"),
        "digital_invoices.off": gettext("Invoices on paper again"),
        "digital_invoices.on": gettext("Invoices by e-mail"),
        "direct_debit.agreed": gettext("Direct debit agreed"),
        "direct_debit.ended": gettext("No more direct debit"),
        "direct_debit.kept": gettext("Direct debit continues"),
        "direct_debit.undone": gettext("The change to direct debit is undone"),
        "lost_access_code.link": gettext("Replace your access code"),
        "lost_access_code.replaced": gettext("Your access code has been replaced"),
        "orders.again": gettext("We are sending an order again"),
        "orders.main": gettext("A colleague asks about the orders of your organisation"),
        "organisation_codes.accepted": gettext("You have the main code now"),
        "organisation_codes.given": gettext("You have the main code now"),
        "organisation_codes.handed_over": gettext("A colleague has the main code now"),
        "organisation_codes.offer": gettext("A colleague wants to hand over the main code to you"),
        "organisation_codes.taken": gettext("A colleague has the main code now"),
        "organisation_codes.withdrawn": gettext("Your access code was withdrawn"),
        "organisation_codes.withdrew": gettext("You withdrew the access code of a colleague"),
        "replacement_password.changed": gettext("Your password was changed"),
        "replacement_password.link": gettext("Choose a new password"),
        "sign_in.after_failures": gettext("Somebody tried to log in with your access code"),
    }

"""What can be deleted, in words: what goes, and what stays until when. Page and mail say the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from selfservice import workdays
from selfservice.accounts import payment_methods
from selfservice.accounts.sessions import Session
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.forgetting import Held, HeldMandate, Part
from selfservice.i18n.catalogs import gettext, lazy_gettext, ngettext
from selfservice.i18n.formats import format_date
from selfservice.web import reauthentication


class DeleteForm(reauthentication.PasswordForm):
    """The password, for whoever has seen what goes."""

    fragment = "account-delete"
    # What it is called for who has an account, and for who has access codes.
    of_account = lazy_gettext("Delete your account")
    of_codes = lazy_gettext("Delete your data")
    submit = lazy_gettext("Delete this for good")


@dataclass(frozen=True)
class Offer:
    """The parts that go, what goes and what stays in words, and the organisations that lose their main code with it,
    while colleagues have other codes.
    """

    parts: frozenset[Part]
    gone: list[str]
    kept: list[str]
    main_codes: list[str]


def offer(conn: Connection, ctx: Context, session: Session, held: Held, now: datetime) -> Offer:
    """What whoever is logged in can have deleted: what they logged in with, and the rest if there is no other way to
    log in to that. So nobody who knows one password of somebody else deletes what is behind the other.
    """
    own: Part = "account" if session.access_code_id is None else "codes"
    has_other = held.has_account if own == "codes" else bool(held.codes)
    parts: frozenset[Part] = frozenset({own}) if has_other else held.parts
    return Offer(
        parts,
        list(_gone(conn, ctx, held, parts, now)),
        list(_kept(ctx, held, parts)),
        [code.organisation for code in held.codes if "codes" in parts and code.is_main and code.colleagues],
    )


def _gone(conn: Connection, ctx: Context, held: Held, parts: frozenset[Part], now: datetime) -> Iterator[str]:
    if "account" in parts:
        yield gettext("Your account and its password. You cannot log in with your e-mail address any more.")
    if "codes" in parts:
        yield from _gone_with_codes(held)
        for each in held.mandates:
            if each.is_open:
                of = each.mandate.organisation_id
                following = payment_methods.consequences_of_ending(conn, ctx, held.person_id, of, now)
                # How one pays from then on matters to colleagues only: whoever has no code orders nothing.
                yield " ".join((_ends(each), *(following[:1] if of is None else following)))
        for gets in held.invoices:
            yield gettext(
                "Your e-mail address for the invoices of %(organisation)s: those come on paper again.",
                organisation=gets.organisation,
            )
    if parts == held.parts:
        if held.name_until is None:
            yield gettext("Your name, your e-mail address and, if we have it, your telephone number.")
        else:
            yield gettext("Your e-mail address and, if we have it, your telephone number.")


def _gone_with_codes(held: Held) -> Iterator[str]:
    for code in held.codes:
        if code.organisation:
            yield gettext(
                "Your access code for %(organisation)s, which ends in %(hint)s.",
                organisation=code.organisation,
                hint=code.hint,
            )
        else:
            yield gettext("Your private access code, which ends in %(hint)s.", hint=code.hint)
    yield gettext("The password of your access codes.")
    if held.requests:
        yield ngettext(
            "Your request for an access code.", "Your %(num)s requests for an access code.", len(held.requests)
        )
    if held.open_requests:
        yield gettext("What you asked for and do not have yet: you get no code any more.")


def _ends(each: HeldMandate) -> str:
    if each.organisation:
        return gettext(
            "The direct debit for %(organisation)s that you arranged, from account %(iban)s.",
            organisation=each.organisation,
            iban=each.mandate.masked_iban,
        )
    return gettext("Your direct debit, from account %(iban)s.", iban=each.mandate.masked_iban)


def _kept(ctx: Context, held: Held, parts: frozenset[Part]) -> Iterator[str]:
    if "codes" not in parts:
        if held.has_codes:
            yield gettext(
                "Your access codes and all that belongs to them, with your name and e-mail address. Do you want to "
                "delete those too? Log in with an access code."
            )
        return
    if parts != held.parts:
        yield gettext(
            "Your account, with your name and e-mail address. Do you want to delete it too? Log in with your e-mail "
            "address."
        )
    if held.orders_until is not None:
        yield ngettext(
            "Your order, with your name, until %(day)s. The tax office asks us to keep it that long.",
            "Your %(num)s orders, with your name, the last until %(day)s. The tax office asks us to keep them so long.",
            held.orders,
            day=format_date(held.orders_until),
        )
    for each in held.mandates:
        yield gettext(
            "The mandate for account %(iban)s, with your name, until %(day)s. So long a collection can be disputed.",
            iban=each.mandate.masked_iban,
            day=format_date(each.kept_until),
        )
    if held.printed_letters:
        yield gettext("A letter with an access code is on its way to you. The code in it does not work any more.")
    if held.codes or held.has_former_codes:
        yield gettext(
            "What we recognise your old access codes by, for %(time)s. The codes themselves go. An order may still "
            "come in late.",
            time=ctx.facts.get("access_code.revoked_keep_days"),
        )


def mail_payload(name: str, chosen: Offer, now: datetime) -> dict[str, Any]:
    """What the mail says that was deleted."""
    return {"name": name, "day": format_date(workdays.today(now)), "gone": chosen.gone, "kept": chosen.kept}

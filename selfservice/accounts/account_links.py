"""Mailed links behind which the password of an account is chosen: of a new account, or a new one of an old.

Nothing is an account before its link was used, and no password is chosen before. Whoever asks is told the same and
costs the same: what is the case stands in the mail, to the address that was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from selfservice import crypto, seeds
from selfservice.accounts import people, sessions, tokens, user_accounts
from selfservice.accounts.people import Person
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection, Row
from selfservice.limits import table
from selfservice.mail import outbox
from selfservice.values.email import check_email, email_key
from selfservice.values.name import check_names

Purpose = Literal["create", "password"]
# The mail without a link: to who has an account already, and to who has none.
_WITHOUT_LINK = {"create": "account.already", "password": "account.none"}
# Of links that work: neither used nor expired, and the address has no account yet, or still has it.
_WORKS = """token_hash = :token_hash AND used_at IS NULL AND expires_at > :now AND void = 0
            AND (purpose = 'password') = EXISTS (SELECT 1 FROM people p JOIN user_accounts a ON a.person_id = p.id
                                                 WHERE p.email_key = account_openings.email_key)"""
_FIND = "SELECT purpose, given_name, family_name, email, language FROM account_openings WHERE {works}"
_REDEEM = """UPDATE account_openings SET used_at = :now WHERE {works}
             RETURNING purpose, given_name, family_name, email, language"""


@dataclass(frozen=True)
class Opening:
    """What a link opens, and for whom. The `person.id` of who is new here is 0."""

    purpose: Purpose
    person: Person


def hours(ctx: Context, purpose: Purpose) -> int:
    """How long a link works."""
    found: int = ctx.fact("account.link_hours" if purpose == "create" else "password_link.hours")
    return found


def send(
    conn: Connection,
    ctx: Context,
    purpose: Purpose,
    typed: Mapping[str, str],
    address: str,
    language: str,
    now: datetime,
) -> tokens.LinkResult:
    """Mail a link to this `email`, for the names and the `language` with it; or, where there is nothing to choose a
    password for, what is the case. Names and address are well-formed. Call inside `write()`.

    `language` is for who has not said which: the one in which was asked.
    """
    key = email_key(typed["email"])
    decision = table.account_link(ctx, purpose).allow(conn, ctx.keys, address, now, key)
    if not decision.allowed:
        return tokens.LinkResult(decision.retry_after_seconds)
    given, family = check_names(typed["given_name"], typed["family_name"]) if purpose == "create" else ("", "")
    holder = people.find_holder(conn, typed["email"], now)
    known = conn.execute(
        """SELECT p.id, p.given_name, p.email, p.language, a.person_id IS NOT NULL AS has_account
           FROM people p LEFT JOIN user_accounts a ON a.person_id = p.id WHERE p.email_key = :email_key""",
        {"email_key": key},
    ).fetchone()
    # Nor an address that its former owner may still have back.
    has_link = (purpose == "password") == bool(
        known["has_account"] if known else purpose == "create" and holder is not None
    )
    slot = outbox.reserve_slot(conn, ctx, now, limit_key=key, topic=f"account.{purpose}")
    is_named = people.is_named(conn, known["id"] if known else None)
    email = known["email"] if known else check_email(typed["email"])
    name, language = (known["given_name"], known["language"]) if is_named else (given, typed.get("language", language))
    seed = issue(conn, ctx, purpose, email, language, slot.at, given_name=given, family_name=family, void=not has_link)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"account-link:{uuid4()}",
        kind="account.link" if has_link else _WITHOUT_LINK[purpose],
        recipient=email,
        language=language,
        payload={"name": name, "purpose": purpose},
        seed=seed if has_link else None,
        slot=slot,
        give_up_after=timedelta(hours=hours(ctx, purpose)),
    )
    who = f"person:{known['id']}" if known else key
    record(conn, ctx.keys, now, f"account.{purpose}", "asked", who=who, address=address)
    return tokens.LinkResult(sent_before=slot.sent_before(now))


def issue(
    conn: Connection,
    ctx: Context,
    purpose: Purpose,
    email: str,
    language: str,
    now: datetime,
    *,
    given_name: str = "",
    family_name: str = "",
    void: bool = False,
) -> seeds.Seed:
    """A link for this address, to mail by its seed at `now`. A `void` one opens nothing."""
    seed = seeds.new_seed(ctx.keys, "token")
    conn.execute(
        """INSERT INTO account_openings (token_hash, purpose, given_name, family_name, email, email_key, language,
                                         void, created_at, expires_at)
           VALUES (:token_hash, :purpose, :given_name, :family_name, :email, :email_key, :language, :void, :now,
                   :expires_at)""",
        {
            "token_hash": crypto.hash_token(seeds.derive_token(ctx.keys, seed)),
            "purpose": purpose,
            "given_name": given_name,
            "family_name": family_name,
            "email": email,
            "email_key": email_key(email),
            "language": language,
            "void": int(void),
            "now": to_text(now),
            "expires_at": to_text(now + timedelta(hours=hours(ctx, purpose))),
        },
    )
    return seed


def find(conn: Connection, token_hash: str, now: datetime) -> Opening | None:
    """What this link opens now, or None. Only reads."""
    return _opening(
        conn, conn.execute(_FIND.format(works=_WORKS), {"token_hash": token_hash, "now": to_text(now)}).fetchone()
    )


def redeem(conn: Connection, token_hash: str, now: datetime) -> Opening | None:
    """Use a link up, with all others to its address: what it opened; None for one that works no more.

    One statement decides, so of concurrent requests one wins.
    """
    row = conn.execute(_REDEEM.format(works=_WORKS), {"token_hash": token_hash, "now": to_text(now)}).fetchone()
    if row is not None:
        revoke_all(conn, row["email"], now)
    return _opening(conn, row)


def revoke_all(conn: Connection, email: str, now: datetime) -> None:
    """Revoke all links to this address that were not used."""
    conn.execute(
        "UPDATE account_openings SET used_at = :now WHERE email_key = :email_key AND used_at IS NULL",
        {"email_key": email_key(email), "now": to_text(now)},
    )


def revoke_every_link(conn: Connection, now: datetime) -> int:
    """Revoke all links that were not used, so that none works any more; returns how many."""
    return conn.execute(
        "UPDATE account_openings SET used_at = :now WHERE used_at IS NULL AND void = 0", {"now": to_text(now)}
    ).rowcount


def _opening(conn: Connection, row: Row | None) -> Opening | None:
    """With the person who has the address by now, under the names that are theirs."""
    if row is None:
        return None
    values = dict(row)
    purpose = values.pop("purpose")
    known = people.find_by_email(conn, values["email"])
    if known is None:
        return Opening(purpose, Person(id=0, **values, organisations=(), has_password=False))
    return Opening(purpose, known if people.is_named(conn, known.id) else replace(known, **values))


def choose_password(
    conn: Connection, ctx: Context, token_hash: str, hashed: str, address: str, now: datetime
) -> Opening | None:
    """Use a link up for this password (a hash): the account is there from now on, or has another password; all sessions
    of the person end, and who was known here before is told. None when the link works no more.

    An address that has access codes gives the account to that person. Call inside `write()`.
    """
    opening = redeem(conn, token_hash, now)
    if opening is None:
        return None
    person = opening.person
    person_id = person.id or people.add(
        conn, now, given_name=person.given_name, family_name=person.family_name, email=person.email,
        language=person.language,
    )  # fmt: skip
    people.change_name(conn, person_id, person.given_name, person.family_name)
    people.change_language(conn, person_id, person.language)
    store = user_accounts.add if opening.purpose == "create" else user_accounts.store_hash
    store(conn, person_id, hashed, now)
    sessions.end_all_of_person(conn, person_id, now)
    if person.id:
        send_changed_mail(conn, ctx, person, opening.purpose, now)
    who = f"person:{person_id}"
    record(conn, ctx.keys, now, f"account.{opening.purpose}", "ok", who=who, on_what=who, address=address)
    return opening


def send_changed_mail(conn: Connection, ctx: Context, person: Person, purpose: Purpose, now: datetime) -> None:
    """Tell a person that an account was made with their address, or that its password was changed."""
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"account-changed:{uuid4()}",
        kind="account.changed",
        recipient=person.email,
        language=person.language,
        payload={"name": person.given_name, "moment": now.isoformat(), "purpose": purpose},
        # It follows from a used link or a session, and the owner must hear of it: over the cap it goes later.
        earned=True,
        topic="account.changed",
    )

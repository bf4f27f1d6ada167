"""Changes of the e-mail address of an account: asked for with its password, confirmed by a link that is mailed to the
new address, and undone by links that are mailed to the old one.

asked → confirmed → undone; an asked one may also be cancelled, undone at once, or expire; a new password ends it too
Until it is confirmed all stays as it was. Undoing takes the account back from whoever knew its password: the old
address is there again, also when another change came after it, and what was reached in between is worth nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from selfservice.accounts import account_links, passwords, people, sessions, tokens, user_accounts
from selfservice.audit import record
from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Row
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.mail import outbox
from selfservice.seeds import Seed
from selfservice.values.email import check_email, email_key, mask_email
from selfservice.values.name import full_name

CONFIRM_KIND = "email_confirm"
# With the change's id: undoing a later change leaves the link of an earlier one.
_UNDO_KIND_PREFIX = "email_undo:"

# Only while there is an account: the address of an access code alone is changed by nobody here.
_SELECT = """SELECT c.id, c.person_id, p.given_name, p.family_name, p.language, c.old_email, c.new_email,
                    c.confirm_hash, c.state, c.expires_at, c.confirmed_at
             FROM email_changes c JOIN people p ON p.id = c.person_id JOIN user_accounts a ON a.person_id = c.person_id
             WHERE c.expires_at > :now AND {which}"""
# Whoever asked knew the password. Once there is another, they cannot go on; but all that they did can be undone.
_OF_PERSON = """c.state = :state AND c.person_id = :person_id
                AND (c.state = 'confirmed' OR a.password_changed_at <= c.asked_at)"""
_TO_CONFIRM = """c.state = 'asked' AND c.confirm_hash = :hash AND a.password_changed_at <= c.asked_at
                 AND EXISTS (SELECT 1 FROM tokens t WHERE t.token_hash = :hash AND t.used_at IS NULL)"""
_TO_UNDO = """c.state IN ('asked', 'confirmed')
              AND EXISTS (SELECT 1 FROM tokens t
                          WHERE t.token_hash = :hash AND t.used_at IS NULL AND t.kind = 'email_undo:' || c.id)"""


@dataclass(frozen=True)
class EmailChange:
    """A change that can be confirmed or undone until `expires_at`, and whose it is."""

    id: int
    person_id: int
    given_name: str
    family_name: str
    language: str
    old_email: str
    new_email: str
    confirm_hash: str
    state: str
    expires_at: datetime
    confirmed_at: datetime | None

    def addresses(self, reader: str) -> dict[str, str]:
        """Both addresses for who reads mail at one of them (`reader`), who need not know the other."""
        named = {"old_email": self.old_email, "new_email": self.new_email}
        return {name: email if email == reader else mask_email(email) for name, email in named.items()}

    @property
    def name(self) -> str:
        """First and last name, or the only name."""
        return full_name(self.given_name, self.family_name)


def pending(conn: Connection, person_id: int, now: datetime) -> EmailChange | None:
    """The person's change that waits to be confirmed, if any. Only reads."""
    return _change(conn.execute(_SELECT.format(which=_OF_PERSON), _bound(person_id, "asked", now)).fetchone())


def undo_until(conn: Connection, person_id: int, now: datetime) -> datetime | None:
    """Until when a change of the person's address can be undone, if one can. So long the account is not deleted, or who
    took it over could delete what its owner can still win back. Only reads.
    """
    rows = conn.execute(_SELECT.format(which=_OF_PERSON), _bound(person_id, "confirmed", now))
    return max((from_text(row["expires_at"]) for row in rows), default=None)


def sent_before(conn: Connection, change: EmailChange, now: datetime) -> datetime | None:
    """Before when the mail to the new address leaves, if there were so many for it that it waits."""
    return outbox.sent_before(conn, mail_key(change.confirm_hash), now)


def admit(conn: Connection, ctx: Context, person_id: int, now: datetime) -> int:
    """Count a mail to a new address; 0, or the seconds to wait when there were too many. Call inside `write()`."""
    return allow(conn, ctx.keys, table.EMAIL_CHANGE, str(person_id), now).retry_after_seconds


def ask(conn: Connection, ctx: Context, person_id: int, email: str, address: str, now: datetime) -> None:
    """Have an address wait to be confirmed, in the place of any other: mail a link to it, and tell the present one,
    with a link to undo it. Call inside `write()`, for who filled in the password.

    Of an address that is another's nothing is different but the mail to it, which has no link: nobody learns here
    whether it is one's, and two people never become one.
    """
    cancel(conn, ctx, person_id, address, now)
    person, wanted = people.get(conn, person_id), check_email(email)
    issued, slot = _issue_confirm(conn, ctx, person_id, wanted, now)
    row = conn.execute(
        """INSERT INTO email_changes (person_id, old_email, old_key, new_email, confirm_hash, state, asked_at,
                                      expires_at)
           VALUES (:person_id, :old, :old_key, :new, :hash, 'asked', :now, :expires_at) RETURNING id""",
        {
            "person_id": person_id,
            "old": person.email,
            "old_key": email_key(person.email),
            "new": wanted,
            "hash": issued.token_hash,
            "now": to_text(now),
            "expires_at": to_text(_link_until(ctx, slot)),
        },
    ).fetchone()
    change = _get(conn, row["id"], now)
    _send_confirm(conn, ctx, change, issued.seed, slot, now)
    _send_to_old(conn, ctx, change, "account.email_announce", now)
    _record(conn, ctx, change, "ask", address, now)


def send_again(conn: Connection, ctx: Context, change: EmailChange, address: str, now: datetime) -> None:
    """Mail a new link to the address that waits; the one before opens nothing then. Call inside `write()`."""
    issued, slot = _issue_confirm(conn, ctx, change.person_id, change.new_email, now)
    until = _link_until(ctx, slot)
    conn.execute(
        "UPDATE email_changes SET confirm_hash = :hash, expires_at = :until WHERE id = :id",
        {"hash": issued.token_hash, "until": to_text(until), "id": change.id},
    )
    tokens.extend(conn, _undo_kind(change.id), change.person_id, until)
    _send_confirm(conn, ctx, _get(conn, change.id, now), issued.seed, slot, now)
    _record(conn, ctx, change, "again", address, now)


def cancel(conn: Connection, ctx: Context, person_id: int, address: str, now: datetime) -> None:
    """Have no address of this person wait any more: the links of that change open nothing. Call inside `write()`."""
    change = pending(conn, person_id, now)
    conn.execute(
        "UPDATE email_changes SET state = 'cancelled' WHERE person_id = :person_id AND state = 'asked'",
        {"person_id": person_id},
    )
    tokens.revoke_all(conn, CONFIRM_KIND, person_id, now)
    if change is not None:
        tokens.revoke_all(conn, _undo_kind(change.id), person_id, now)
        _record(conn, ctx, change, "cancel", address, now)


def find_to_confirm(conn: Connection, token_hash: str, now: datetime) -> EmailChange | None:
    """The change that the link to the new address confirms now, or None: also when the address became another's
    meanwhile. Only reads.
    """
    bound = {"hash": token_hash, "now": to_text(now)}
    change = _change(conn.execute(_SELECT.format(which=_TO_CONFIRM), bound).fetchone())
    if change is None or people.find_holder(conn, change.new_email, now) not in (None, change.person_id):
        return None
    return change


def confirm(conn: Connection, ctx: Context, token_hash: str, address: str, now: datetime) -> EmailChange | None:
    """Use the link up: from now on the person has the new address, and both addresses are told. None when it confirms
    nothing any more: then nothing is done. Of concurrent calls one wins. Call inside `write()`.
    """
    change = find_to_confirm(conn, token_hash, now)
    if change is None or tokens.redeem(conn, CONFIRM_KIND, token_hash, now) is None:
        return None
    until = now + timedelta(hours=ctx.fact("account.undo_hours"))
    conn.execute(
        "UPDATE email_changes SET state = 'confirmed', confirmed_at = :now, expires_at = :until WHERE id = :id",
        {"now": to_text(now), "until": to_text(until), "id": change.id},
    )
    people.store_email(conn, change.person_id, change.new_email)
    account_links.revoke_all(conn, change.new_email, now)
    tokens.extend(conn, _undo_kind(change.id), change.person_id, until)
    change = _get(conn, change.id, now)
    _send(conn, ctx, change, "account.email_changed", change.new_email, now)
    _send_to_old(conn, ctx, change, "account.email_changed", now)
    _record(conn, ctx, change, "confirm", address, now)
    return change


def find_to_undo(conn: Connection, token_hash: str, now: datetime) -> EmailChange | None:
    """The change that the link to the old address undoes now, or None. Only reads."""
    bound = {"hash": token_hash, "now": to_text(now)}
    return _change(conn.execute(_SELECT.format(which=_TO_UNDO), bound).fetchone())


def undo(conn: Connection, ctx: Context, token_hash: str, address: str, now: datetime) -> EmailChange | None:
    """Use the link up, and give the account back to whoever reads mail at the old address: they have that again, and
    get a link to choose a password, since somebody else knew it. None when it undoes nothing any more.

    Changes that came after it are undone with it; one that came before can still be. All sessions end, and no link that
    was mailed to the person works any more. Call inside `write()`.
    """
    change = find_to_undo(conn, token_hash, now)
    if change is None or tokens.redeem(conn, _undo_kind(change.id), token_hash, now) is None:
        return None
    person_id = change.person_id
    later = conn.execute(
        """UPDATE email_changes SET state = 'undone'
           WHERE person_id = :person_id AND id >= :id AND state IN ('asked', 'confirmed') RETURNING new_email""",
        {"person_id": person_id, "id": change.id},
    ).fetchall()
    people.store_email(conn, person_id, change.old_email)
    sessions.end_all_of_person(conn, person_id, now)
    still_open = conn.execute(
        "SELECT id FROM email_changes WHERE person_id = :person_id AND state = 'confirmed'", {"person_id": person_id}
    )
    tokens.revoke_all_of_person(conn, person_id, now, but=[_undo_kind(row["id"]) for row in still_open])
    for email in (change.old_email, *(row["new_email"] for row in later)):
        account_links.revoke_all(conn, email, now)
    user_accounts.store_hash(conn, person_id, passwords.make_unusable_hash(), now)
    if change.confirmed_at is not None:
        # Mail for the access codes came to the new address too.
        passwords.delete_newer(conn, person_id, change.confirmed_at)
    seed = account_links.issue(conn, ctx, "password", change.old_email, change.language, now)
    _send(conn, ctx, change, "account.email_undone", change.old_email, now, seed)
    _record(conn, ctx, change, "undo", address, now)
    return change


def _issue_confirm(
    conn: Connection, ctx: Context, person_id: int, email: str, now: datetime
) -> tuple[tokens.IssuedToken, outbox.SendingSlot]:
    """A new link to confirm the person's change, in the place of any other, and when it is mailed."""
    # The address may be anybody's: of many who ask for it only the newest waits, so that other mail gets its turn.
    slot = outbox.reserve_slot(conn, ctx, now, limit_key=email_key(email), topic=CONFIRM_KIND)
    tokens.revoke_all(conn, CONFIRM_KIND, person_id, now)
    return tokens.issue(conn, ctx.keys, CONFIRM_KIND, person_id, ctx.fact("account.link_hours"), slot.at), slot


def _link_until(ctx: Context, slot: outbox.SendingSlot) -> datetime:
    return slot.at + timedelta(hours=ctx.fact("account.link_hours"))


def _send_confirm(
    conn: Connection, ctx: Context, change: EmailChange, seed: Seed, slot: outbox.SendingSlot, now: datetime
) -> None:
    is_taken = people.find_holder(conn, change.new_email, now) not in (None, change.person_id)
    outbox.enqueue(
        conn, ctx, now,
        idempotency_key=mail_key(change.confirm_hash),
        kind="account.email_taken" if is_taken else "account.email_confirm",
        recipient=change.new_email,
        language=change.language,
        payload={"name": change.name},
        seed=None if is_taken else seed,
        slot=slot,
        # After that the link in it is worth nothing.
        give_up_after=timedelta(hours=ctx.fact("account.link_hours")),
    )  # fmt: skip


def _send_to_old(conn: Connection, ctx: Context, change: EmailChange, kind: str, now: datetime) -> None:
    """With a link to undo it, beside those that were mailed before."""
    hours = ctx.fact("account.link_hours") if change.state == "asked" else ctx.fact("account.undo_hours")
    issued = tokens.issue(conn, ctx.keys, _undo_kind(change.id), change.person_id, hours, now)
    tokens.extend(conn, _undo_kind(change.id), change.person_id, change.expires_at)
    _send(conn, ctx, change, kind, change.old_email, now, issued.seed)


def _send(
    conn: Connection, ctx: Context, change: EmailChange, kind: str, to: str, now: datetime, seed: Seed | None = None
) -> None:
    outbox.enqueue(
        conn, ctx, now,
        idempotency_key=f"{kind}:{change.id}:{uuid4()}",
        kind=kind,
        recipient=to,
        language=change.language,
        payload={"name": change.given_name, **change.addresses(to)},
        seed=seed,
        # It follows from a password or a used link. Counted apart from what else does: a thief who has much mailed to
        # the owner first does not make this late.
        slot=outbox.reserve_slot(conn, ctx, now, limit_key=f"email-change:{email_key(to)}", earned=True),
    )  # fmt: skip


def _undo_kind(change_id: int) -> str:
    return f"{_UNDO_KIND_PREFIX}{change_id}"


def mail_key(confirm_hash: str) -> str:
    """The idempotency key of the mail to the new address."""
    return f"email-confirm:{confirm_hash}"


def _record(conn: Connection, ctx: Context, change: EmailChange, what: str, address: str, now: datetime) -> None:
    who = f"person:{change.person_id}"
    record(conn, ctx.keys, now, f"email.{what}", "ok", who=who, on_what=who, address=address)


def _get(conn: Connection, change_id: int, now: datetime) -> EmailChange:
    bound = {"id": change_id, "now": to_text(now)}
    change = _change(conn.execute(_SELECT.format(which="c.id = :id"), bound).fetchone())
    assert change is not None
    return change


def _bound(person_id: int, state: str, now: datetime) -> dict[str, str | int]:
    return {"person_id": person_id, "state": state, "now": to_text(now)}


def _change(row: Row | None) -> EmailChange | None:
    if row is None:
        return None
    confirmed = from_text(row["confirmed_at"]) if row["confirmed_at"] else None
    return EmailChange(**{**dict(row), "expires_at": from_text(row["expires_at"]), "confirmed_at": confirmed})

"""The rules of signing in: who may try how often, whose name it is, what is written down together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from selfservice import workdays
from selfservice.accounts import access_codes, login_throttle, passwords, user_accounts
from selfservice.accounts.sessions import SessionKind
from selfservice.audit import record
from selfservice.context import Context
from selfservice.crypto import Keys
from selfservice.db import Connection
from selfservice.mail import outbox
from selfservice.values.access_code import CodeHashes, lookup_hashes
from selfservice.values.email import email_key
from selfservice.values.login_name import is_email


@dataclass(frozen=True)
class LoginName:
    """What somebody logs in with: an access code, by its hashes, or an e-mail address. Tries are `counted_on` it."""

    hashes: CodeHashes | None
    email: str
    counted_on: str


@dataclass(frozen=True)
class Credentials:
    """Whose name it is, for which kind of use, and the hash of the password with it, if they have chosen one."""

    person_id: int
    access_code_id: int | None
    kind: SessionKind
    given_name: str
    email: str
    language: str
    hash: str | None


def login_name(keys: Keys, typed: str) -> LoginName:
    """What was typed, which is well-formed: its shape decides what it is."""
    if is_email(typed):
        return LoginName(None, typed, f"email:{email_key(typed)}")
    hashes = lookup_hashes(keys, typed)
    return LoginName(hashes, "", hashes[0])


def find_credentials(conn: Connection, name: LoginName, now: datetime) -> Credentials | None:
    """Whose name this is, when it may be signed in with: a code that is not withdrawn and was used in time, or the
    address of an account.

    The same queries, whoever's it is.
    """
    if name.hashes is None:
        holder = user_accounts.find_by_email(conn, name.email)
        if holder is None:
            return None
        return Credentials(
            holder.person_id, None, "account", holder.given_name, holder.email, holder.language, holder.password_hash
        )
    member = access_codes.find_usable(conn, name.hashes, now)
    hashed = passwords.find_hash(conn, member.person_id if member else None)
    if member is None:
        return None
    return Credentials(
        member.person_id, member.access_code_id, member.kind, member.given_name, member.email, member.language, hashed
    )


def record_failure(conn: Connection, ctx: Context, name: LoginName, address: str, now: datetime) -> None:
    """Write down that name and password did not belong together. Call inside `write()`."""
    who = name.counted_on if name.hashes is None else f"code:{name.counted_on}"
    record(conn, ctx.keys, now, "sign_in", "refused", who=who, address=address)


def record_success(
    conn: Connection,
    ctx: Context,
    name: LoginName,
    known: Credentials,
    rehashed: str | None,
    address: str,
    now: datetime,
) -> bool:
    """Everything that goes with a right password, besides the session itself. Call inside `write()`.

    False when name or password changed while the password was being hashed. `rehashed` replaces a hash made
    with weaker parameters. After five failures the owner is told by mail.
    """
    if find_credentials(conn, name, now) != known:
        return False
    who = on_what = f"person:{known.person_id}"
    if known.access_code_id is None:
        user_accounts.record_use(conn, known.person_id, rehashed, now)
    else:
        on_what = f"access_code:{known.access_code_id}"
        access_codes.record_use(conn, known.access_code_id, now, workdays.today(now))
        access_codes.renew_hash(conn, ctx.keys, known.access_code_id, name.counted_on)
        if rehashed:
            conn.execute(
                "UPDATE passwords SET hash = :hash WHERE person_id = :person_id",
                {"hash": rehashed, "person_id": known.person_id},
            )
    failed = login_throttle.reset(conn, ctx, name.counted_on)
    if failed >= login_throttle.NOTABLE_ATTEMPTS:
        _mail_owner(conn, ctx, known, failed, now)
    record(conn, ctx.keys, now, "sign_in", "ok", who=who, on_what=on_what, address=address)
    return True


def record_sign_out(conn: Connection, ctx: Context, person_id: int, address: str, now: datetime) -> None:
    """Write down that somebody signed out. Call inside `write()`."""
    who = f"person:{person_id}"
    record(conn, ctx.keys, now, "sign_out", "ok", who=who, on_what=who, address=address)


def _mail_owner(conn: Connection, ctx: Context, known: Credentials, failed: int, now: datetime) -> None:
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"sign-in-after-failures:{uuid4()}",
        kind="sign_in.after_failures",
        recipient=known.email,
        language=known.language,
        payload={
            "name": known.given_name,
            "failed": failed,
            "moment": now.isoformat(),
            "kind": known.kind,
        },
        # Nobody keeps this from the owner by having other mail sent first. The newest counts them all.
        earned=True,
        topic="sign_in.after_failures",
    )

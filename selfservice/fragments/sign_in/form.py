"""The rules of signing in: who may try how often, whose code it is, what is written down together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from selfservice import workdays
from selfservice.accounts import access_codes, login_throttle, passwords
from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.mail import outbox
from selfservice.values.access_code import CodeHashes


@dataclass(frozen=True)
class Credentials:
    """Whose code it is, and the hash of their password, if they have chosen one."""

    member: access_codes.CodeHolder
    hash: str | None


def find_credentials(conn: Connection, hashes: CodeHashes, now: datetime) -> Credentials | None:
    """Whose code this is, when it may be signed in with: not withdrawn, and used in time.

    The same two queries, whoever's it is.
    """
    member = access_codes.find_usable(conn, hashes, now)
    hashed = passwords.find_hash(conn, member.person_id if member else None)
    return None if member is None else Credentials(member, hashed)


def record_failure(conn: Connection, ctx: Context, hashes: CodeHashes, address: str, now: datetime) -> None:
    """Write down that code and password did not belong together. Call inside `write()`."""
    record(conn, ctx.keys, now, "sign_in", "refused", who=f"code:{hashes[0]}", address=address)


def record_success(
    conn: Connection,
    ctx: Context,
    hashes: CodeHashes,
    account: Credentials,
    rehashed: str | None,
    address: str,
    now: datetime,
) -> bool:
    """Everything that goes with a right password, besides the session itself. Call inside `write()`.

    False when code or password changed while the password was being hashed. `rehashed` replaces a hash made
    with weaker parameters. After five failures the owner is told by mail.
    """
    if find_credentials(conn, hashes, now) != account:
        return False
    member = account.member
    access_codes.record_use(conn, member.access_code_id, now, workdays.today(now))
    access_codes.renew_hash(conn, ctx.keys, member.access_code_id, hashes[0])
    if rehashed:
        conn.execute(
            "UPDATE passwords SET hash = :hash WHERE person_id = :person_id",
            {"hash": rehashed, "person_id": member.person_id},
        )
    failed = login_throttle.reset(conn, ctx, hashes[0])
    if failed >= login_throttle.NOTABLE_ATTEMPTS:
        _mail_owner(conn, ctx, member, failed, now)
    record(
        conn,
        ctx.keys,
        now,
        "sign_in",
        "ok",
        who=f"person:{member.person_id}",
        on_what=f"access_code:{member.access_code_id}",
        address=address,
    )
    return True


def record_sign_out(conn: Connection, ctx: Context, person_id: int, address: str, now: datetime) -> None:
    """Write down that somebody signed out. Call inside `write()`."""
    who = f"person:{person_id}"
    record(conn, ctx.keys, now, "sign_out", "ok", who=who, on_what=who, address=address)


def _mail_owner(conn: Connection, ctx: Context, member: access_codes.CodeHolder, failed: int, now: datetime) -> None:
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"sign-in-after-failures:{uuid4()}",
        kind="sign_in.after_failures",
        recipient=member.email,
        language=member.language,
        payload={"name": member.given_name, "failed": failed, "moment": now.isoformat()},
        # Nobody keeps this from the owner by having other mail sent first. The newest counts them all.
        earned=True,
        topic="sign_in.after_failures",
    )

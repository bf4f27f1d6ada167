"""`loket secrets`: what needs which secret, and replacing codes that keep an old one needed (docs/operations.md)."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from selfservice import clock, seeds, workdays
from selfservice.commands.arguments import STAFF_NAME
from selfservice.mail.delivery import fail_without_key
from selfservice.requests import replacement
from selfservice.web.services import Services, services


@click.group("secrets")
def command() -> None:
    """The secret (LOKET_SECRET_KEY) and, while it is being changed, the one before it: status, replace."""


@command.command()
@with_appcontext
def status() -> None:
    """Show what needs each secret, by the id of its key; exit status 1 when one is needed that is not set."""
    wired = services()
    conn = wired.db.read()
    for need in seeds.key_usages(conn):
        day = workdays.today(clock.from_text(need.created_at)).isoformat()
        click.echo(
            f"{need.key_id}  {_setting(wired, need.key_id):<20}  since {day}  {need.codes} codes, "
            f"{need.mails} mails and {need.letters} letters that wait, {need.revoked} revoked codes"
        )
    if line := seeds.missing_keys_error(conn, wired.keys):
        sys.exit(f"loket: {line}")
    if wired.keys.old is not None:
        old = [need for need in seeds.key_usages(conn) if need.key_id == wired.keys.old.id]
        click.echo(_advice(old[0] if old else None))


def _setting(wired: Services, key_id: str) -> str:
    names = ("LOKET_SECRET_KEY", "LOKET_SECRET_KEY_OLD")
    return {each.id: name for each, name in zip(wired.keys.all, names, strict=False)}.get(key_id, "not set")


def _advice(old: seeds.KeyUsage | None) -> str:
    if old is not None and old.is_needed:
        return (
            "LOKET_SECRET_KEY_OLD is still needed. A code needs it until its owner logs in; `loket secrets replace` "
            "replaces the codes that are left"
        )
    return "LOKET_SECRET_KEY_OLD is not needed any more: take it out and start Loket again" + (
        "" if old is None or not old.revoked else ". Orders that still come under a revoked code are refused then"
    )


@command.command()
@click.option("--by", type=STAFF_NAME, required=True, help="Your own first and last name.")
@click.option("--yes", is_flag=True, help="Do it; without this it only says what would be done.")
@with_appcontext
def replace(by: str, yes: bool) -> None:
    """Replace every access code that needs another secret than LOKET_SECRET_KEY: it works no more, and its owner gets
    a new one by e-mail or letter. Also when that secret is lost: mails with a link that needs it are then given up.
    """
    wired = services()
    rows = wired.db.read().execute(
        "SELECT id FROM access_codes WHERE key_id <> :id AND revoked_at IS NULL ORDER BY id", {"id": wired.keys.id}
    )
    found = [int(row["id"]) for row in rows]
    if not yes:
        click.echo(f"{len(found)} codes would be replaced and their owners told; with --yes they are")
        return
    done = 0
    with wired.db.write() as conn:
        # Nothing else may have started with it, as long as what the lost one is needed for was not replaced.
        seeds.register_keys(conn, wired.keys, clock.now())
    for number in found:
        # A transaction a code, so that the site goes on, and a run that was stopped can be run again.
        with wired.db.write() as conn:
            done += replacement.replace_for_staff(conn, wired.context, number, by, clock.now()) is not None
    with wired.db.write() as conn:
        lost = fail_without_key(conn, wired.keys, clock.now())
    click.echo(f"{done} codes replaced" + (f"; {lost} mails given up, since their secret is lost" if lost else ""))

"""`loket keys`: the keys with which a shop delivers orders through the API (docs/orders.md)."""

from __future__ import annotations

import getpass
import sys
from datetime import date, datetime

import click
from flask.cli import with_appcontext

from selfservice import clock, workdays
from selfservice.audit import record
from selfservice.db import Connection
from selfservice.orders import api_keys
from selfservice.web.services import services


@click.group("keys")
def command() -> None:
    """Keys for a shop: create, list, revoke."""


@command.command()
@click.option("--name", required=True, help="What it is for, in your own words.")
@click.option(
    "--scope", type=click.Choice(api_keys.SCOPES), default="orders:write", show_default=True, help="What it may do."
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The last day on which it works; without it the key works until it is revoked.",
)
@with_appcontext
def create(name: str, scope: api_keys.KeyScope, until: datetime | None) -> None:
    """Make a key and print it, this once: only its hash is kept.

    To replace a key, make a new one while the old one works, and revoke that when the shop uses the new one.
    """
    now, last_day = clock.now(), until and until.date()
    if last_day and last_day < workdays.today(now):
        sys.exit(f"loket: --until {last_day} has passed; give a day to come. Nothing was changed")
    with services().db.write() as conn:
        try:
            plain, made = api_keys.create(conn, name, scope, now, until=last_day)
        except ValueError as error:
            sys.exit(f"loket: {error}. Nothing was changed")
        _record_event(conn, "key.create", made)
    click.echo(plain)
    end = f" and works until {made.last_day} inclusive" if made.last_day else ""
    click.echo(f"Key {made.public_id} ({made.scope}) is made{end}; it is not shown again", err=True)


@command.command("list")
@with_appcontext
def list_keys() -> None:
    """List the keys by their number, never the keys themselves."""
    found, today = api_keys.all_keys(services().db.read()), workdays.today(clock.now())
    for key in found:
        used = f"used {key.last_used_on}" if key.last_used_on else "never used"
        state = f"revoked {_day(key.revoked_at)}" if key.revoked_at else used
        click.echo(
            f"{key.public_id}  {key.scope:<12}  {_day(key.created_at)}  {_end(key, today):<18}  {state:<18}  {key.name}"
        )
    click.echo(f"{len(found)} keys" if len(found) != 1 else "1 key", err=True)
    for key in found:
        if key.expires_soon(today):
            click.echo(f"Key {key.public_id} ({key.name}) ends on {key.last_day}: make a new one in time", err=True)


@command.command()
@click.argument("number")
@with_appcontext
def revoke(number: str) -> None:
    """Revoke the key with this number (`loket keys list` has it): it opens nothing any more."""
    with services().db.write() as conn:
        found = api_keys.revoke(conn, number, clock.now())
        if found is None:
            sys.exit(f"loket: no key that works has the number {number}. Nothing was changed")
        _record_event(conn, "key.revoke", found)
    click.echo(f"Key {found.public_id} ({found.name}) is revoked")


def _day(timestamp: str) -> str:
    """The day of a time, in Amsterdam."""
    return workdays.today(clock.from_text(timestamp)).isoformat()


def _end(key: api_keys.ApiKey, today: date) -> str:
    if key.last_day is None:
        return "no end"
    return f"{'expired' if key.has_expired(today) else 'until'} {key.last_day}"


def _record_event(conn: Connection, what: str, key: api_keys.ApiKey) -> None:
    who = f"account:{getpass.getuser()}"
    record(conn, services().keys, clock.now(), what, "ok", who=who, on_what=f"delivery_key:{key.id}")

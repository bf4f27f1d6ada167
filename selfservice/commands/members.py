"""`loket members`: who somebody is to us."""

from __future__ import annotations

import getpass
import sys

import click
from flask.cli import with_appcontext

from selfservice import clock, workdays
from selfservice.accounts import people
from selfservice.audit import record
from selfservice.db import Connection
from selfservice.requests import records
from selfservice.values.email import email_key
from selfservice.values.name import full_name
from selfservice.values.reference import group_reference
from selfservice.web.services import services


@click.group("members")
def command() -> None:
    """People with an access code: show."""


@command.command()
@click.argument("email")
@with_appcontext
def show(email: str) -> None:
    """Show who has this e-mail address, with their access codes and their requests."""
    conn = services().db.read()
    row = conn.execute("SELECT id FROM people WHERE email_key = :key", {"key": email_key(email)}).fetchone()
    with services().db.write() as conn:
        result, on_what = ("ok", f"person:{row['id']}") if row else ("unknown", "")
        who = f"account:{getpass.getuser()}"
        record(conn, services().keys, clock.now(), "member.show", result, who=who, on_what=on_what)
    if row is None:
        sys.exit(f"loket: nobody has the e-mail address {email}")
    _show(conn, people.get(conn, row["id"]))


def _show(conn: Connection, person: people.Person) -> None:
    password = "has a password" if person.has_password else "has no password yet"
    click.echo(f"{full_name(person.given_name, person.family_name)}, {person.email}, {person.language}, {password}")
    codes = conn.execute(
        """SELECT c.id, c.hint, c.kind, c.created_at, c.revoked_at, c.first_used_at, c.valid_until, c.revoked_reason,
                  o.name, o.closed_at, o.main_person_id = c.person_id AS is_main
           FROM access_codes c LEFT JOIN organisations o ON o.id = c.organisation_id
           WHERE c.person_id = :id ORDER BY c.id""",
        {"id": person.id},
    )
    for code in codes:
        why = f" ({code['revoked_reason'].replace('_', ' ')})" if code["revoked_reason"] else ""
        state = f"revoked{why}" if code["revoked_at"] else "used" if code["first_used_at"] else "not used yet"
        what = code["name"] or "private use"
        main = ", closed" if code["closed_at"] else ", main code" if code["is_main"] else ""
        since = workdays.today(clock.from_text(code["created_at"]))
        click.echo(f"  code {code['id']}  …{code['hint']}  {what}{main}  since {since}  {state}")
    for request in records.list_of_person(conn, person.id):
        made = workdays.today(request.created_at)
        click.echo(f"  request {group_reference(request.reference)}  {made}  {request.state}")

"""`loket requests`: what staff do with requests for an access code."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from datetime import datetime

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.accounts import organisations
from selfservice.audit import record
from selfservice.commands.arguments import STAFF_NAME
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.languages import LANGUAGE_NAMES, TIMEZONE
from selfservice.requests import records, review, states
from selfservice.requests.records import RequestState
from selfservice.requests.states import TRANSITIONS
from selfservice.values.reference import group_reference
from selfservice.web.services import services

ReviewStep = Callable[[Connection, Context], records.Request]


@click.group("requests")
def command() -> None:
    """Requests for an access code: list, show, check, approve, reject."""


@command.command("list")
@click.option("--state", type=click.Choice(list(TRANSITIONS)), help="Only these. Default: all that are still open.")
@with_appcontext
def list_requests(state: RequestState | None) -> None:
    """List requests, oldest first."""
    listed = records.list_in_state(services().db.read(), state)
    for request in listed:
        name = _organisation(request) or "private"
        click.echo(
            f"{group_reference(request.reference)}  {_local_time(request.created_at)}  {request.state:<9}  "
            f"{request.delivery:<6}  {request.name}  ({name}){_remark(request)}"
        )
    click.echo(f"{len(listed)} requests" if len(listed) != 1 else "1 request", err=True)


@command.command()
@click.argument("reference")
@with_appcontext
def show(reference: str) -> None:
    """Show a request and what became of it."""
    conn = services().db.read()
    request = records.find_by_reference(conn, reference)
    if request is None:
        sys.exit(f"loket: no request has the reference {reference}")
    with services().db.write() as conn:
        who = f"account:{getpass.getuser()}"
        record(conn, services().keys, clock.now(), "request.show", "ok", who=who, on_what=request.audit_object)
    facts = {
        "Reference": group_reference(request.reference),
        "State": request.state + _remark(request),
        "For": _organisation(request) or "private use",
        "Name": request.name,
        "E-mail": f"{request.email} ({'confirmed' if request.confirmed_at else 'not confirmed'})",
        "Telephone": request.telephone or "-",
        "Language": LANGUAGE_NAMES.get(request.language, request.language),
        "Pays by": request.payment_method.replace("_", " "),
        "Delivery": request.delivery_email or ", ".join(request.letter_lines),
        "Expected": f"{request.expected_from} to {request.expected_until}",
        "Approved by": request.approved_by or "-",
        "Reason": request.reason or "-",
    }
    for label, value in facts.items():
        click.echo(f"{label + ':':<13}{value}")
    for state, at in states.history(conn, request.id):
        click.echo(f"  {_local_time(clock.from_text(at))}  {state}")


@command.command()
@click.argument("reference")
@click.option("--by", type=STAFF_NAME, required=True, help="Your own first and last name.")
@with_appcontext
def check(reference: str, by: str) -> None:
    """Take a request up: its requester sees that it is being checked."""
    now = clock.now()
    _run(reference, lambda conn, ctx: review.start_review(conn, ctx, reference, by, now))


@command.command()
@click.argument("reference")
@click.option("--by", type=STAFF_NAME, required=True, help="Your own first and last name.")
@with_appcontext
def approve(reference: str, by: str) -> None:
    """Approve a request: its code goes by e-mail at once, or with the next letters."""
    now = clock.now()
    _run(reference, lambda conn, ctx: review.approve(conn, ctx, reference, by, now))


@command.command()
@click.argument("reference")
@click.option("--by", type=STAFF_NAME, required=True, help="Your own first and last name.")
@click.option(
    "--reason",
    required=True,
    type=click.Choice(review.REJECTION_REASONS),
    help="It is mailed in their language.",
)
@with_appcontext
def reject(reference: str, by: str, reason: str) -> None:
    """Reject a request and mail why."""
    now = clock.now()
    _run(reference, lambda conn, ctx: review.reject(conn, ctx, reference, by, reason, now))


def _run(reference: str, step: ReviewStep) -> None:
    """Do it, and say how the request stands; what cannot be done is one line and exit status 1."""
    conn = services().db.read()
    before = records.find_by_reference(conn, reference)
    try:
        with services().db.write() as conn:
            request = step(conn, services().context)
    except review.UnknownReferenceError:
        sys.exit(f"loket: no request has the reference {reference}")
    except review.SelfApprovalError as error:
        assert before is not None
        with services().db.write() as conn:
            review.record_refused_review(conn, services().context, before, str(error), clock.now())
        sys.exit("loket: the one who asks cannot be the one who decides; ask a colleague. Nothing was changed")
    except review.UnprintableLetterError as error:
        sys.exit(
            f"loket: our letters cannot print {error} in the name or address. Nothing was changed. Ask for it in Latin "
            "letters: the requester can correct the address, or make a new request after `reject --reason unclear`"
        )
    except states.WrongStateError as error:
        waits = before is not None and before.kind == "private" and error.state == "received"
        why = "is private and waits for its own link" if waits else f"is {error.state}"
        sys.exit(f"loket: request {reference} {why}, so this cannot be done. Nothing was changed")
    click.echo(f"Request {group_reference(request.reference)} is {request.state}{_remark(request)}")


def _local_time(moment: datetime) -> str:
    """A time in Amsterdam, as in the mails and on the pages."""
    return f"{moment.astimezone(TIMEZONE):%Y-%m-%d %H:%M}"


def _remark(request: records.Request) -> str:
    missing = review.unprintable_in_letter(request)
    if missing and request.letter_id is None and request.state in records.OPEN_STATES:
        return f", its letter cannot be made: our letters cannot print {missing}"
    if request.state == "approved":
        return ", its letter waits " + ("to be printed" if request.letter_id else "for another one to that address")
    corrected = request.corrected_at is not None and request.state in ("received", "checking")
    return ", its address is not the registered one" if corrected else ""


def _organisation(request: records.Request) -> str:
    if request.organisation_id is None:
        return ""
    organisation = organisations.get(services().db.read(), request.organisation_id)
    return f"{organisation.name}, {organisation.kvk_number}"

"""`loket demo`: demo data (organisations, people and orders) to try Loket with."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.accounts.passwords import Hasher
from selfservice.demo import accounts, many_orders
from selfservice.importing.progress import ProgressReporter
from selfservice.importing.results import ImportCounts
from selfservice.site_config import SITE
from selfservice.web.services import services


def fill() -> bool:
    """Fill an empty database; True when it was empty. Refuses outside demo mode."""
    if not services().config.demo:
        sys.exit("loket: demo data only goes into a demonstration: set LOKET_DEMO=1")
    filled = accounts.fill(services().db, services().context, accounts.DEMO_PASSWORD)
    if filled:
        with services().db.write() as conn:
            accounts.settle_payments(conn)
            if SITE.organisation_number:
                accounts.close_organisation(conn, services().context)
            if "account" in SITE.forms:
                accounts.add_accounts(conn, Hasher().hash(accounts.ACCOUNT_PASSWORD))
    return filled


@click.command("demo")
@click.option(
    "--orders",
    type=click.IntRange(min=many_orders.MIN_ORDERS),
    metavar="N",
    help="Make so many orders, of a fifth as many invented people; a tenth are of the organisation of the code below. "
    "Stopped half-way, it goes on when it is run again.",
)
@with_appcontext
def command(orders: int | None) -> None:
    """Fill an empty database with demo data, and print a code to try it with."""
    added = fill()
    if orders:
        added = _add_orders(orders) or added
    click.echo("Demo data added" if added else "There is data already; nothing was added", err=True)
    code, email = accounts.DEMO_LOGIN
    click.echo(f"Access code {code}, e-mail address {email}, password {accounts.DEMO_PASSWORD}")


def _add_orders(count: int) -> bool:
    conn = services().db.read()
    known = conn.execute("SELECT count(*) FROM orders").fetchone()[0]
    if known < count and many_orders.count_people(conn):
        click.echo(f"Going on: {known:,} of {count:,} orders are there", err=True)
    progress = ProgressReporter(sys.stderr, count, what="orders")
    done = many_orders.fill(
        services().db, count, clock.now(), lambda made: progress.show(ImportCounts(new=made, bytes=made))
    )
    progress.clear()
    return done

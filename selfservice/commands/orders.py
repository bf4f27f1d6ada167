"""`loket orders`: the orders that the shop delivers."""

from __future__ import annotations

import sys
from typing import BinaryIO

import click
from flask.cli import with_appcontext

from selfservice import clock
from selfservice.commands import import_command
from selfservice.orders import importer
from selfservice.orders.store import OrderStore
from selfservice.web.services import services


@click.group("orders")
def command() -> None:
    """The orders: import, check."""


@command.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--strict", is_flag=True, help="Look at all lines first; change nothing when one cannot be used.")
@with_appcontext
def import_file(file: BinaryIO, strict: bool) -> None:
    """Bring the orders in FILE (CSV or lines of JSON, see docs/orders.md; - is standard input) into the database.

    Lines that are refused are printed, with why. Safe to run again, also when it was stopped half-way, and while
    Loket runs. Exit status 1 when a line was refused.
    """
    wired, name = services(), str(getattr(file, "name", ""))
    import_command.run_import(
        "orders.import",
        file,
        lambda refuse, progress, notice: importer.import_file(
            wired.db,
            wired.context,
            file,
            clock.now(),
            refuse=refuse,
            progress=progress,
            notice=notice,
            name=name,
            strict=strict,
        ),
    )


@command.command()
@with_appcontext
def check() -> None:
    """Add up all orders anew, and say which of the sums that Loket keeps are others. Exit status 1 when one is."""
    store = OrderStore(services().db.read())
    lines = store.check()
    for line in lines:
        click.echo(line)
    click.echo(f"{store.count():,} orders: {len(lines):,} sums are wrong", err=True)
    sys.exit(1 if lines else 0)

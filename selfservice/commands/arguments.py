"""What the commands take as an argument, with one clear line for what it cannot be."""

from __future__ import annotations

import click

# Numbers of rows: what is larger is none, and SQLite could not even look it up.
ROW_ID = click.IntRange(1, 2**63 - 1)


class StaffName(click.ParamType[str]):
    """The name of whoever decides, as it will stand in the event log: one line with letters in it."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name with single spaces. Ends the command when there is none in it."""
        name = " ".join(value.split(" ")).strip()
        if not name.isprintable() or not any(sign.isalpha() for sign in name):
            self.fail("give your own first and last name, on one line. Nothing was changed", param, ctx)
        return name


STAFF_NAME = StaffName()
# Days up to today: nothing is kept for longer than a hundred years.
DAYS = click.IntRange(1, 36_500)

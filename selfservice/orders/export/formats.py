"""What the text files of orders are made of: how they begin and end, their columns, and what each says of an order.

The sheet speaks the page's language: separator, decimal sign, dates, headings and words are as a spreadsheet of that
language reads them by a double click. The file for programs and the JSON are the same in every language.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from selfservice.db import Row
from selfservice.i18n.languages import language_of, using_language
from selfservice.orders import labels, product_names
from selfservice.orders.export.cell_escaping import guard, identifier, plain, quoted
from selfservice.orders.models import LineFormat, SheetLabels

EOL = "\r\n"
PROGRAM_COLUMNS = (
    "number",
    "ordered_at",
    "ordered_on",
    "product",
    *product_names.COLUMNS,
    "organisation",
    "kvk_number",
    "ordered_by",
    "code_end",
    "payment",
    "amount",
    "invoice",
    "state",
)


@dataclass(frozen=True)
class Format:
    """A kind of text file: what stands before the lines, how they are made, and what follows them, or the head when
    there are none.
    """

    head: bytes
    form: LineFormat
    tail: bytes
    tail_of_none: bytes


def sheet(language: str) -> Format:
    """The CSV that a spreadsheet of this language opens by a double click: UTF-8 with its mark, RFC 4180 but for the
    semicolon of languages with a decimal comma.
    """
    known = language_of(language)
    separator = known.separator
    with using_language(language):
        head = separator.join(quoted(each) for each in labels.columns().values())
        words = SheetLabels(
            separator,
            known.decimal,
            known.file_date.replace("yyyy", "%Y").replace("mm", "%m").replace("dd", "%d"),
            {code: quoted(word) for code, word in labels.payments().items()},
            {code: quoted(word) for code, word in labels.states().items()},
        )

    def holder(row: Row) -> str:
        cells = [
            quoted(plain(row["organisation"])) if row["organisation"] else "",
            identifier(row["kvk_number"]) if row["kvk_number"] else "",
            quoted(plain(row["name"])),
            quoted(f"…{row['hint']}") if row["hint"] else "",
        ]
        return separator.join([*cells, ""])

    def product(row: Row) -> str:
        name = product_names.product_name(row["names"], row["code"], language)
        return separator + quoted(plain(name)) + separator

    form = LineFormat("sheet", EOL, product, holder, words)
    first = f"\ufeff{head}{EOL}".encode()
    return Format(first, form, EOL.encode(), b"")


def programs() -> Format:
    """The CSV for programs: RFC 4180, UTF-8 without a mark, codes for words."""

    def product(row: Row) -> str:
        names = product_names.all_names(row["names"], row["code"])
        return "," + ",".join(quoted(guard(each)) for each in (row["code"], *names.values())) + ","

    def holder(row: Row) -> str:
        organisation = quoted(guard(row["organisation"])) if row["organisation"] else ""
        return f"{organisation},{row['kvk_number'] or ''},{quoted(guard(row['name']))},{row['hint'] or ''},"

    first = (",".join(PROGRAM_COLUMNS) + EOL).encode()
    return Format(first, LineFormat("programs", EOL, product, holder), EOL.encode(), b"")


def array() -> Format:
    """JSON: a list of objects, one on a line, with the columns for programs and the amount in cents besides."""

    def product(row: Row) -> str:
        return _members(product=row["code"], **product_names.all_names(row["names"], row["code"]))

    def holder(row: Row) -> str:
        return _members(
            organisation=row["organisation"], kvk_number=row["kvk_number"], ordered_by=row["name"], code_end=row["hint"]
        )

    return Format(b"[\n", LineFormat("json", ",\n", product, holder), b"\n]\n", b"]\n")


def _members(**values: str | None) -> str:
    return json.dumps(values, ensure_ascii=False)[1:-1]

"""The lines of a register file: which sign parts them, which column stands where, and what is on each."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from operator import itemgetter

COLUMNS = (
    "kvk_number",
    "name",
    "email",
    "visiting_street",
    "visiting_house_number",
    "visiting_postcode",
    "visiting_city",
    "postal_street",
    "postal_house_number",
    "postal_postcode",
    "postal_city",
    "payment_method",
)
DELIMITERS = (";", ",")
_BOM = b"\xef\xbb\xbf"


class RegisterError(ValueError):
    """The file cannot be used at all; the message says why and what to do."""


class LineError(ValueError):
    """This line cannot be used; the message is the reason, in plain words."""


@dataclass(frozen=True)
class Layout:
    """What the first line of a file says: its delimiter, how many fields a line has, where each of COLUMNS stands."""

    delimiter: str
    width: int
    places: tuple[int, ...]

    def values(self, line: bytes) -> tuple[str, ...]:
        """What stands on the line (with or without its end), in the order of COLUMNS. Raises LineError."""
        try:
            fields = split(line.rstrip(b"\r\n").decode("utf-8"), self.delimiter)
        except UnicodeDecodeError:
            raise LineError("it has letters that are not UTF-8") from None
        except csv.Error:
            raise LineError("a quotation mark is not closed, or stands in the wrong place") from None
        if len(fields) != self.width:
            raise LineError(f"it has {len(fields)} fields, the first line has {self.width}")
        found: tuple[str, ...] = itemgetter(*self.places)(fields)
        return found


def split(line: str, delimiter: str) -> list[str]:
    """The fields of one line (RFC 4180, without line ends inside fields). Raises csv.Error.

    Each line is read by itself, so that a quotation mark that is never closed spoils one line and not the rest of
    the file.
    """
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, strict=True))


def read_layout(line: bytes) -> Layout:
    """What the first line of a file says. Raises RegisterError when a column is missing or stands there twice."""
    try:
        text = line.removeprefix(_BOM).decode("utf-8").strip()
        found = [(delimiter, _names(text, delimiter)) for delimiter in DELIMITERS]
    except (UnicodeDecodeError, csv.Error):
        raise RegisterError("this is not a CSV file in UTF-8; save it as 'CSV UTF-8' and try again") from None
    delimiter, names = max(found, key=lambda each: len(set(COLUMNS) & set(each[1])))
    if missing := [name for name in COLUMNS if name not in names]:
        raise RegisterError(f"the first line must name the columns; not found: {', '.join(missing)}")
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise RegisterError(f"the first line names a column twice: {', '.join(twice)}")
    return Layout(delimiter, len(names), tuple(names.index(name) for name in COLUMNS))


def _names(text: str, delimiter: str) -> list[str]:
    return [name.strip().lower() for name in split(text, delimiter)]

"""Parsing CSV and JSON files for imports."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, BinaryIO, NamedTuple, NoReturn

from selfservice.site_config import did_you_mean
from selfservice.values.characters import find_invisible, remove_invisible

DELIMITERS = (";", ",")
_NOT_CSV = "this is not a CSV file in UTF-8; save it as 'CSV UTF-8' and try again"
MAX_LINE_BYTES = 100_000  # bytes of a line, above which a file is taken to be something else
_SHOWN = 64  # characters of a name that is not known
BOM = b"\xef\xbb\xbf"


class FileError(ValueError):
    """The file cannot be used at all; the message says why and what to do."""


PROBLEM_CODES = {
    "line-invalid": "The line cannot be used; the message says why.",
    "line-too-long": f"A line is at most {MAX_LINE_BYTES:,} bytes: send one order a line.",
    "line-not-utf-8": "The line has bytes that are not UTF-8: write the file in UTF-8.",
    "line-quotation-mark": "A field that begins with a quotation mark must end with one; write one inside it twice.",
    "line-field-count": "The line has more or fewer fields than the first line: quote a field that has the delimiter.",
    "line-not-json": "The line is not JSON in UTF-8, or an object in it has one name twice: name each member once.",
    "not-an-object": "Send a JSON object with a member for each column.",
    "field-not-text": "The value is a number, a list or an object: send it as a JSON string.",
    "unknown-field": "There is no such field; correct its name, or leave it out.",
    "character-not-allowed": "The value has a control character: leave it out.",
}
"""What each code of a FieldProblem of any line means and what to do. A code keeps its meaning for good."""


class FieldProblem(NamedTuple):
    """One thing that is wrong with a line or an object.

    `code` is for programs (PROBLEM_CODES; those of an order are in `orders.validation.PROBLEM_CODES`), `field` the
    column or member, empty when it is about the whole line, and `message` a sentence that names it.
    """

    code: str
    field: str
    message: str


class LineError(ValueError):
    """The line is invalid; `problems` are all the reasons, and the message has their sentences.

    A plain text is one problem of the whole line, with the code 'line-invalid'.
    """

    def __init__(self, *problems: FieldProblem | str) -> None:
        self.problems = tuple(
            FieldProblem("line-invalid", "", each) if isinstance(each, str) else each for each in problems
        )
        super().__init__("; ".join(each.message for each in self.problems))


class InvalidValueError(ValueError):
    """The value is invalid. `reason` is what its problem's code ends with, the message the rest of a sentence that
    begins with the column's name; `field` is the column when it is not the one that was checked.
    """

    def __init__(self, reason: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.reason, self.field = reason, field


@dataclass(frozen=True)
class Header:
    """The header of a CSV file: its delimiter, the number of fields, and each requested column with its position; a
    missing optional column has the position after the last. `unknown` are the names of all others.
    """

    delimiter: str
    width: int
    columns: tuple[str, ...]
    positions: tuple[int, ...]
    unknown: tuple[str, ...] = ()

    def parse_line(self, line: bytes) -> tuple[str, ...]:
        """The fields of a line (with or without its line end), in the order of the requested columns; empty for a
        missing column. Each is cleaned (`clean_value`). Raises LineError.
        """
        reject_long_line(line)
        try:
            text = line.rstrip(b"\r\n").decode("utf-8")
            is_plain = text.isascii() and text.isprintable()
            fields = split_line(text if is_plain else remove_invisible(text), self.delimiter)
        except UnicodeDecodeError:
            raise LineError(FieldProblem("line-not-utf-8", "", "it has letters that are not UTF-8")) from None
        except csv.Error:
            wrong = "a quotation mark is not closed, or stands in the wrong place"
            raise LineError(FieldProblem("line-quotation-mark", "", wrong)) from None
        if len(fields) != self.width:
            wrong = f"it has {len(fields)} fields, the first line has {self.width}"
            raise LineError(FieldProblem("line-field-count", "", wrong))
        fields.append("")
        found: tuple[str, ...] = itemgetter(*self.positions)(fields)
        return found if is_plain else tuple(map(clean_value, self.columns, found))


def clean_value(column: str, text: str) -> str:
    """A value from a file or a program without invisible characters that mean nothing, each space a plain one
    (`values.characters`). Raises LineError, with column and place, for a control character.
    """
    if text.isascii() and text.isprintable():
        return text
    place = find_invisible(text)
    if place is not None:
        wrong = f"{column} has a character that cannot be seen (U+{ord(text[place]):04X}) at place {place + 1}"
        raise LineError(FieldProblem("character-not-allowed", column, wrong))
    return remove_invisible(text)


def text_of(column: str, value: object) -> str:
    """The text of a JSON member, cleaned; empty for null. Raises LineError for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise LineError(FieldProblem("field-not-text", column, f"{column} is not a text"))
    return clean_value(column, value)


def unknown_fields(names: Iterable[str], columns: Collection[str]) -> list[FieldProblem]:
    """A problem for each name that is none of the columns, in their order, with the nearest one that is. The message
    and the field can be shown: a long name is cut off, and what cannot be seen is escaped.
    """
    found = []
    for name in names:
        if name not in columns:
            shown = name[:_SHOWN] if name.isprintable() else ascii(name[:_SHOWN])[1:-1]
            hint = _hint(name[:_SHOWN], tuple(columns))
            found.append(FieldProblem("unknown-field", shown, f"{shown} is not known: not looked at{hint}"))
    return found


@lru_cache(2**12)
def _hint(name: str, columns: tuple[str, ...]) -> str:
    # Of a list of a thousand orders each has the same names.
    return did_you_mean(name, columns)


def split_line(line: str, delimiter: str) -> list[str]:
    """The fields of one line (RFC 4180, without line ends inside fields). Raises csv.Error.

    Each line is read by itself, so that a quotation mark that is never closed spoils one line and not the rest of
    the file.
    """
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, strict=True))


def reject_long_line(line: bytes) -> None:
    """Raise LineError for a line that is too long; its other errors would not help."""
    if len(line) > MAX_LINE_BYTES:
        raise LineError(FieldProblem("line-too-long", "", f"it is longer than {MAX_LINE_BYTES:,} bytes"))


def read_line(file: BinaryIO) -> bytes:
    """The next line of a file, or as much of a long one as shows that it is too long."""
    return file.readline(MAX_LINE_BYTES + 1)


def read_lines(file: BinaryIO, number: int, begun: bytes = b"") -> Iterator[tuple[int, bytes, int]]:
    """Each line that is left of a file: its number, from `number` on, the line, and its size in bytes.

    Of a line that is too long only as much as shows that (`reject_long_line`); the rest of it is read in pieces, since
    it may be longer than memory. `begun` is what `read_line` read, for who wants that line too.
    """
    line = begun or read_line(file)
    while line:
        piece, size = line, len(line)
        while len(piece) > MAX_LINE_BYTES and not piece.endswith(b"\n"):
            piece = read_line(file)
            size += len(piece)
        yield number, line, size
        number, line = number + 1, read_line(file)


def read_json(content: bytes) -> Any:
    """Parse JSON (RFC 8259) in UTF-8. Raises LineError for anything else, also for an object with duplicate names,
    which parsers read differently (section 4).
    """
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_unique_names, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        wrong = "it is not JSON in UTF-8, or names something twice"
        raise LineError(FieldProblem("line-not-json", "", wrong)) from None


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _reject_constant(text: str) -> NoReturn:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(f"{text} is not JSON")


def read_header(line: bytes, columns: Sequence[str], optional: Iterable[str] = ()) -> Header:
    """Parse the first line of a file with these columns, of which the `optional` ones may be missing.

    Raises FileError when a column is missing or repeated.
    """
    try:
        text = line.removeprefix(BOM).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise FileError(_NOT_CSV) from None
    if "\r" in text:
        # The way of old Macs. All of the file would be its first line, and nothing would seem to be wrong.
        raise FileError("its lines end in a way that is not known here; save it as 'CSV UTF-8' and try again")
    found = []
    for delimiter in DELIMITERS:
        # Names between quotation marks can only be read with the delimiter that is theirs.
        with suppress(csv.Error):
            found.append((delimiter, _names(text, delimiter)))
    if not found:
        raise FileError(_NOT_CSV)
    delimiter, names = max(found, key=lambda each: len(set(columns) & set(each[1])))
    spare = set(optional)
    if missing := [name for name in columns if name not in names and name not in spare]:
        raise FileError(f"the first line must name the columns; not found: {', '.join(missing)}")
    if twice := [name for name in columns if names.count(name) > 1]:
        raise FileError(f"the first line names a column twice: {', '.join(twice)}")
    width = len(names)
    positions = tuple(names.index(name) if name in names else width for name in columns)
    return Header(delimiter, width, tuple(columns), positions, tuple(_unknown(names, columns)))


def _unknown(names: Iterable[str], columns: Sequence[str]) -> Iterator[str]:
    """Each once; a column without a name is what a spreadsheet leaves behind."""
    return (name for name in dict.fromkeys(names) if name and name not in columns)


def _names(text: str, delimiter: str) -> list[str]:
    return [name.strip().lower() for name in split_line(remove_invisible(text), delimiter)]

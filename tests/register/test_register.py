"""`loket register import`: what goes in, what is refused and why, and that it can be stopped and run again."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from bench.register_import import write
from selfservice.accounts import mandates, organisations, people
from selfservice.clock import to_text
from selfservice.commands import cli
from selfservice.db import Connection, Database
from selfservice.importing.parsing import FileError
from selfservice.importing.progress import ProgressReporter
from selfservice.importing.results import ImportCounts, RejectedLine
from selfservice.migrations import migrate
from selfservice.register.importer import import_register
from selfservice.register.validation import COLUMNS
from selfservice.values.address import Address
from selfservice.values.email import _PLAIN, check_email
from selfservice.web.services import Services
from tests.conftest import new_app, new_config
from tests.domain_helpers import CONTEXT, KEYS, NOW, new_database, rows
from tests.kill_helpers import kill_and_repeat

LATER = NOW + timedelta(days=1)
NOT_EIGHT = "kvk_number is not 8 digits; a spreadsheet may have left out the zeros it begins with"
MOMENTS = ("created_at", "updated_at")
GOOD = {
    "kvk_number": "01234567",
    "name": "Bakkerij De Gouden Korst",
    "email": "info@bakkerij.example",
    "visiting_street": "Meelstraat",
    "visiting_house_number": "12-A",
    "visiting_postcode": "1234ab",
    "visiting_city": "Tarwedam",
}
POSTAL = {
    "postal_street": "Postbus",
    "postal_house_number": "7",
    "postal_postcode": "4321 ZX",
    "postal_city": "Waterkant",
}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def line(delimiter: str = ";", columns: Sequence[str] = COLUMNS, **values: str) -> str:
    """A line of the register: the good one, with these values in place of its own."""
    known = GOOD | values
    return delimiter.join(known.get(column, "") for column in columns)


def text(*lines: str, head: str = ";".join(COLUMNS)) -> bytes:
    return "\n".join([head, *lines, ""]).encode()


def bring(db: Database, content: bytes, now: Any = NOW) -> tuple[tuple[int, int, int, int], list[RejectedLine]]:
    """Bring a file in: how many were new, changed, the same and refused, and the refusals."""
    refused: list[RejectedLine] = []
    found = import_register(db, CONTEXT, io.BytesIO(content), now, on_rejected=refused.append)
    return (found.new, found.changed, found.same, found.refused), refused


def known(db: Database) -> list[dict[str, Any]]:
    """The organisations without the moments at which they were written."""
    return [
        {name: value for name, value in row.items() if name not in MOMENTS}
        for row in rows(db, "organisations ORDER BY id")
    ]


def add_person(conn: Connection) -> int:
    """Somebody to be a main person, or to give a mandate."""
    return people.add(conn, NOW, given_name="Jip", family_name="de Jonge", email="j@a.example", language="nl")


def test_columns_go_in(db: Database) -> None:
    """All that a line says is in the database, each value in its one form."""
    assert ((1, 0, 0, 0), []) == bring(db, text(line(**POSTAL, payment_method="direct_debit")))
    found = organisations.find_by_number(db.read(), "01234567")
    assert found is not None
    assert ("Bakkerij De Gouden Korst", "info@bakkerij.example", "direct_debit") == (
        found.name,
        found.email,
        found.payment_method,
    )
    assert Address("Meelstraat", "12-A", "1234 AB", "Tarwedam") == found.visiting
    assert Address("Postbus", "7", "4321 ZX", "Waterkant") == found.postal


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_ways_to_write(db: Database, delimiter: str, start: bytes, end: bytes) -> None:
    """Either delimiter, with or without a byte order mark, any order of columns, other columns, quotation marks."""
    columns = (*COLUMNS[3:], "extra", *COLUMNS[:3])
    quoted = line(delimiter, columns, name=f'"Korst{delimiter} ""en"" Kruimel"', extra="x")
    plain = line(delimiter, columns, kvk_number="00000002", name="Plat")
    content = text(plain, quoted, head=delimiter.join(columns).upper()).replace(b"\n", end)
    assert ((2, 0, 0, 0), []) == bring(db, start + content.removesuffix(end))
    assert ["Plat", f'Korst{delimiter} "en" Kruimel'] == [row["name"] for row in known(db)]


def test_again_writes_nothing(db: Database) -> None:
    """The same file again changes nothing, not even when it was written."""
    content = text(line(), line(kvk_number="00000002", **POSTAL))
    assert (2, 0, 0, 0) == bring(db, content)[0]
    before = rows(db, "organisations")
    assert (0, 0, 2, 0) == bring(db, content, LATER)[0]
    assert before == rows(db, "organisations")


@pytest.mark.parametrize("column", [column for column in COLUMNS if column != "kvk_number"])
def test_changed(db: Database, column: str) -> None:
    """A line with one other value updates that one, and says when; its neighbour stays untouched."""
    others = {"email": "post@korst.example", "payment_method": "direct_debit"}
    others |= {"visiting_country": "BE", "postal_country": "BE", "closed_on": "2099-01-01"}
    other = others.get(column, "99B" if "number" in column else "9999 XY" if "postcode" in column else "Elders")
    neighbour = line(kvk_number="00000002")
    bring(db, text(line(**POSTAL), neighbour))
    before = rows(db, "organisations")
    assert (0, 1, 1, 0) == bring(
        db, text(line(**{**POSTAL, "visiting_postcode": "1234 AB", column: other}), neighbour), LATER
    )[0]
    name = column.removeprefix("visiting_")
    assert [before[0] | {name: other, "updated_at": to_text(LATER)}, before[1]] == rows(db, "organisations")


def test_what_is_no_column_stays(db: Database) -> None:
    """Digital invoices and the main code's person survive an update, and who is not in the file stays."""
    bring(db, text(line(), line(kvk_number="00000002")))
    with db.write() as conn:
        person = add_person(conn)
        conn.execute("UPDATE organisations SET invoices_email = 'f@a.example', main_person_id = ?", (person,))
    bring(db, text(line(name="Anders")), LATER)
    assert [("Anders", "f@a.example", person), (GOOD["name"], "f@a.example", person)] == [
        (row["name"], row["invoices_email"], row["main_person_id"]) for row in known(db)
    ]


@pytest.mark.parametrize(
    ("is_open", "expected"), [(True, ("direct_debit", (0, 0, 1, 0))), (False, (None, (0, 1, 0, 0)))]
)
def test_mandate(db: Database, is_open: bool, expected: tuple[str | None, tuple[int, ...]]) -> None:
    """An empty payment method takes direct debit away, but not while a mandate that was given here is open."""
    bring(db, text(line(payment_method="direct_debit")))
    with db.write() as conn:
        person = add_person(conn)
        account = {"iban": "NL91ABNA0417164300", "holder": "J. de Jonge"}
        mandates.add(conn, NOW, person_id=person, organisation_id=1, effective_on=NOW.date(), **account)
        if not is_open:
            mandates.end(conn, person, 1, NOW)
    counts, _ = bring(db, text(line()), LATER)
    assert expected == (known(db)[0]["payment_method"], counts)
    bring(db, text(line(name="Anders")), LATER)
    assert ("Anders", expected[0]) == (known(db)[0]["name"], known(db)[0]["payment_method"])


def test_no_postal(db: Database) -> None:
    """Spaces are no postal address."""
    assert (1, 0, 0, 0) == bring(db, text(line(**dict.fromkeys(POSTAL, "  "))))[0]
    assert [None] * 4 == [known(db)[0][column] for column in POSTAL]


def test_postal_is_visiting(db: Database) -> None:
    """A postal address that is the visiting address is none of its own."""
    same = {name.replace("visiting", "postal"): value for name, value in GOOD.items() if "visiting" in name}
    bring(db, text(line(**same)))
    assert [None] * 5 == [known(db)[0][column] for column in COLUMNS if "postal" in column]


def test_abroad(db: Database) -> None:
    """An address abroad has its country's postcode and number, or none; what is no country is refused."""
    home = [column for column in COLUMNS if "country" not in column]
    assert ((1, 0, 0, 0), []) == bring(db, text(line(columns=home), head=";".join(home)))
    abroad = {
        "postal_street": "1 rue de la Paix",
        "postal_postcode": "75002",
        "postal_city": "Paris",
        "postal_country": "fr",
    }
    assert ((0, 1, 0, 0), []) == bring(db, text(line(**abroad)), LATER)
    found = organisations.find_by_number(db.read(), "01234567")
    assert found is not None
    assert ("1 rue de la Paix", "75002  PARIS", "FRANCE") == found.letter_lines()[1:]
    assert ((0, 0, 1, 0), []) == bring(db, text(line(**abroad)), LATER)
    _, [refused] = bring(db, text(line(visiting_country="Holland")))
    assert "visiting_country is not a country in two letters (ISO 3166), such as BE, or empty for the Netherlands" == (
        refused.reason
    )


def test_invisible(db: Database) -> None:
    """What a spreadsheet brings along and nobody sees is taken out, of the first line too; what a word is written with
    stays.
    """
    head = ";".join(COLUMNS).replace("name", "\u200bname\u00a0", 1)
    marked = line(
        kvk_number="\u202a01234567\u202c",
        name="\ufeffBak\u00adkerij\u00a0علی\u200cرضا\u200f",
        email="\u200binfo@bakkerij.example",
        visiting_postcode="1234\u00a0AB",
    )
    assert ((1, 0, 0, 0), []) == bring(db, text(marked, head=head))
    [found] = known(db)
    assert ("01234567", "Bakkerij علی\u200cرضا", "info@bakkerij.example", "1234 AB") == (
        found["kvk_number"], found["name"], found["email"], found["postcode"],
    )  # fmt: skip
    assert ((0, 0, 1, 0), []) == bring(db, text(line(name="Bakkerij علی\u200cرضا")))


def test_greek_question_mark(db: Database) -> None:
    """Greek's question mark, which Unicode holds for a semicolon, is a question mark and cuts no line."""
    assert ((1, 0, 0, 0), []) == bring(db, text(line(name="Τι νέα\u037e")))
    [found] = known(db)
    assert "Τι νέα?" == found["name"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"kvk_number": "1234567"}, NOT_EIGHT),
        ({"kvk_number": "1234567.0"}, NOT_EIGHT),
        ({"kvk_number": "١٢٣٤٥٦٧٨"}, NOT_EIGHT),
        ({"kvk_number": ""}, "kvk_number is empty"),
        ({"name": "  "}, "name is empty"),
        ({"name": "x" * 201}, "name is longer than 200 signs"),
        ({"name": "Korst\x1b[2J"}, "name has a character that cannot be seen (U+001B) at place 6"),
        ({"email": ""}, "email is empty"),
        ({"email": "a@b.example, c@d.example"}, "email is not one e-mail address"),
        ({"visiting_street": "x" * 61}, "visiting_street is longer than 60 signs"),
        ({"visiting_house_number": "twaalf"}, "visiting_house_number is not a house number such as 12 or 12-A"),
        ({"visiting_postcode": "0123 AB"}, "visiting_postcode is not a Dutch postcode such as 1234 AB"),
        ({**POSTAL, "postal_city": ""}, "postal_city is empty while the rest of the postal address is not"),
        ({**POSTAL, "postal_street": ""}, "postal_street is empty while the rest of the postal address is not"),
        ({"payment_method": "cash"}, "payment_method is not empty or direct_debit"),
        ({"name": "", "email": "x"}, "name is empty; email is not one e-mail address"),
        ({"name": "a;b"}, "it has 16 fields, the first line has 15"),
        ({"name": '"a'}, "a quotation mark is not closed, or stands in the wrong place"),
        ({"name": '"a"b'}, "a quotation mark is not closed, or stands in the wrong place"),
    ],
)  # fmt: skip
def test_refused(db: Database, wrong: dict[str, str], reason: str) -> None:
    """A line that cannot go in is refused with its number and every reason; those around it go in."""
    content = text(line(kvk_number="00000001"), "", line(**wrong), line(kvk_number="00000002"))
    assert ((2, 0, 0, 1), [RejectedLine(4, reason)]) == bring(db, content)
    assert ["00000001", "00000002"] == [row["kvk_number"] for row in known(db)]


def test_not_utf8(db: Database) -> None:
    """A line in another encoding is refused, not guessed at."""
    content = text(line(kvk_number="00000001"), line(name="Caf\u00e9")).replace("\u00e9".encode(), b"\xe9")
    assert ((1, 0, 0, 1), [RejectedLine(3, "it has letters that are not UTF-8")]) == bring(db, content)


def test_twice_in_a_file(db: Database) -> None:
    """The first good line of a number counts, so that running a file again changes nothing."""
    content = text(line(email=""), line(name="Een"), line(name="Twee"))
    says = "number 01234567 stands on line 3 already, and that line counts"
    assert [(1, 0, 0, 2), (0, 0, 1, 2)] == [bring(db, content)[0], bring(db, content)[0]]
    assert (["Een"], RejectedLine(4, says)) == ([row["name"] for row in known(db)], bring(db, content)[1][-1])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the first line must name the columns; not found: kvk_number, name,"),
        (text(head="kvk_number;name"), "not found: email, visiting_street,"),
        (text(head=";".join((*COLUMNS, "name"))), "names a column twice: name"),
        ("\ufeff".encode("utf-16") + text(line()), "not a CSV file in UTF-8"),
    ],
)
def test_unusable(db: Database, content: bytes, says: str) -> None:
    """Without the right first line nothing goes in."""
    with pytest.raises(FileError, match=says):
        bring(db, content)
    assert [] == known(db)


class Interrupted(io.BytesIO):
    """A file; whenever a line of it is read, another connection writes."""

    def __init__(self, content: bytes, other: Database) -> None:
        super().__init__(content)
        self._other = other

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        with self._other.write() as conn:
            conn.execute("UPDATE organisations SET invoices_email = 'f@a.example'")
        return line


def test_others_write_in_between(db: Database) -> None:
    """No lock is held while lines are read, however slowly they come, and each batch is on the disk by itself."""
    other = Database(db.path)
    content = text(*(line(kvk_number=f"{number:08d}") for number in range(1500)))
    seen: list[tuple[int, int]] = []

    def progress(totals: ImportCounts) -> None:
        count = other.read().execute("SELECT count(*) FROM organisations").fetchone()[0]
        seen.append((totals.lines, count))

    import_register(db, CONTEXT, Interrupted(content, other), NOW, on_rejected=print, progress=progress)
    other.close()
    assert [(1000, 1000), (1500, 1500)] == seen
    assert 1000 == sum(row["invoices_email"] is not None for row in known(db))


LOCAL = st.from_regex(r"[a-z0-9_+.-]{1,70}", fullmatch=True)
DOMAIN = st.from_regex(r"(?:[a-z0-9-]{1,64}\.){1,3}(?:nl|com|example|test)", fullmatch=True)


@example("a" * 64 + "@b.nl")
@example("a" * 65 + "@b.nl")
@example("a" * 64 + "@" + ("b" * 40 + "-" + "b" * 20 + ".") * 3 + "example")
@given(st.builds("{}@{}".format, LOCAL, DOMAIN))
def test_short_way_for_email(address: str) -> None:
    """What is taken for a plain address without the full check is one by the full check, to the letter."""
    if _PLAIN.fullmatch(address):
        assert address == check_email(address)


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_progress() -> None:
    """A bar on a terminal, a line at each 10,000 elsewhere; without a size neither share nor time left."""
    seconds = iter([0.0, 2.0])
    screen = Screen()
    ProgressReporter(screen, 4000, lambda: next(seconds)).show(ImportCounts(new=500, bytes=1000))
    assert "\r\x1b[K######------------------  25%  500 lines  250 a second  0:06 left" == screen.getvalue()
    seconds, plain = iter([0.0, 70.0, 80.0]), io.StringIO()
    progress = ProgressReporter(plain, None, lambda: next(seconds))
    for count in (5000, 10_500, 19_999, 20_000):
        progress.show(ImportCounts(same=count))
    assert "10,500 lines  150 a second\n20,000 lines  250 a second\n" == plain.getvalue()


def test_progress_at_the_start() -> None:
    """While nothing of a file is dealt with there is no time left to tell."""
    seconds, screen = iter([0.0, 2.0]), Screen()
    ProgressReporter(screen, 4000, lambda: next(seconds)).show(ImportCounts(new=500, bytes=0))
    assert "\r\x1b[K500 lines  250 a second" == screen.getvalue()


def test_command(app: Flask, tmp_path: Path) -> None:
    """Refused lines go to standard output, how many of each to standard error; the log has begin and end."""
    run = app.test_cli_runner()
    file = tmp_path / "register.csv"
    file.write_bytes(text(line(), line(kvk_number="1")))
    wired: Services = app.extensions["services"]
    first = run.invoke(cli.commands["register"], ["import", str(file)])
    assert (1, True) == (first.exit_code, first.stdout.startswith("line 3: kvk_number is not 8 digits"))
    assert "2 lines: 1 new, 0 changed, 0 the same, 1 refused\n" == first.stderr
    again = run.invoke(cli.commands["register"], ["import", "-"], input=text(line()))
    assert (0, "", "1 lines: 0 new, 0 changed, 1 the same, 0 refused\n") == (
        again.exit_code,
        again.stdout,
        again.stderr,
    )
    wrong = run.invoke(cli.commands["register"], ["import", "-"], input=b"x\n")
    assert (1, True) == (wrong.exit_code, "Nothing was changed" in wrong.output)
    logged = [row["result"] for row in rows(wired.db, "events") if row["what"] == "register.import"]
    assert ["begun", "partly", "begun", "ok", "begun", "refused"] == logged


def test_command_before_migrating(tmp_path: Path) -> None:
    """Without the tables it says what to do first."""
    app = new_app(new_config(tmp_path))
    found = app.test_cli_runner().invoke(cli.commands["register"], ["import", "-"], input=text(line()))
    app.extensions["services"].db.close()
    assert (1, True) == (found.exit_code, "run `loket migrate` first. Nothing was changed" in found.output)


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 20,000 organisations, one line of which is refused."""
    file = tmp_path_factory.mktemp("register") / "register.csv"
    write(file, 20_000)
    file.write_bytes(file.read_bytes().replace(b"00011000,", b"11000,"))
    return file


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 9000])
def test_killed(tmp_path: Path, register: Path, after: int) -> None:
    """Killed half-way and run again, the database is as after one run, row by row."""
    whole = Database(tmp_path / "whole.db")
    migrate(whole, KEYS)
    with register.open("rb") as file:
        import_register(whole, CONTEXT, file, NOW, on_rejected=lambda _: None)
    db = Database(tmp_path / "var" / "loket.db")
    migrate(db, KEYS)
    half, told = kill_and_repeat(db.path.parent, ["register", "import", str(register)], lambda: _count(db), after)
    assert (True, True) == (after <= half < 19_999, half % 1000 in (0, 999))
    assert f"20,000 lines: {19_999 - half:,} new, 0 changed, {half:,} the same, 1 refused" in told
    assert known(whole) == known(db)
    assert [] == db.read().execute("PRAGMA foreign_key_check").fetchall()
    whole.close()
    db.close()


def _count(db: Database) -> int:
    return int(db.read().execute("SELECT count(*) FROM organisations").fetchone()[0])

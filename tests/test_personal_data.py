"""What is kept of a person: every table that refers to one is in a section, or is named with the reason not to be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfservice import audit, personal_data
from selfservice.config import PACKAGE
from selfservice.db import Database
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.mail import personal_data as mail
from selfservice.personal_sections import Section
from tests.domain_helpers import CONTEXT, NOW, add_person, new_database, recorded_statements
from tests.request_helpers import PERSON, PRIVATE, hand_in

# Columns that say something of a person without a reference to one.
PERSONAL = re.compile(
    r"^(who|.*email.*|recipient.*|.*person.*|.*given_name.*|.*family_name.*|.*telephone.*|iban|holder|address_lines)$"
)
# Of an organisation, which is no person: its own address and number stay with it, and its name is in each section.
OF_AN_ORGANISATION = {"organisations"}
# Things that staff and programs do, and what happens by itself: none of it is done by a person.
NOT_A_PERSONS = {
    "access_code.expire", "access_code.remind", "access_code.revoke", "database.restore", "key.create", "key.revoke",
    "main_code.give", "member.show", "orders.deliver", "orders.redelivered", "organisation.close",
    "organisation.reopen", "register.deliver", "request.approve", "request.check", "request.close", "request.decide",
    "request.reject", "request.show", "request.submit",
}  # fmt: skip


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def referring(db: Database) -> set[str]:
    """The tables that refer to a person, themselves or through another table; or that have a column that says who."""
    conn = db.read()
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    tables = {row["name"] for row in conn.execute(query)}
    parents = {
        table: {row["table"] for row in conn.execute(f"PRAGMA foreign_key_list({table})")} - OF_AN_ORGANISATION
        for table in tables
    }
    columns = {table: [row["name"] for row in conn.execute(f"PRAGMA table_info({table})")] for table in tables}
    found = {table for table in tables if any(map(PERSONAL.match, columns[table]))} | {"people"}
    while more := {table for table in tables - found if parents[table] & found}:
        found |= more
    return found - OF_AN_ORGANISATION


def collect(db: Database) -> list[Section]:
    with using_language("en"):
        return personal_data.collect(db, CONTEXT, 1, NOW)


def test_every_table(db: Database) -> None:
    """A table that refers to a person is read for one of the sections, or is in LEFT_OUT; what is there is true."""
    add_person(db, PERSON)
    hand_in(db, PRIVATE)
    with db.write() as conn:
        conn.execute("INSERT INTO order_holders (person_id, account) VALUES (1, -1)")
    statements: list[str] = []
    watched = Database(db.path, on_statement=statements.append)
    collect(watched)
    watched.close()
    read = {word for statement in statements for word in re.findall(r"\b(?:FROM|JOIN) (\w+)", statement)}
    missing = referring(db) - read - personal_data.LEFT_OUT.keys()
    assert not missing, (
        f"{', '.join(sorted(missing))}: a new table that refers to a person. Give what it has of them to the person "
        "too, in the personal_data.py of its domain; or name it in LEFT_OUT of selfservice/personal_data.py, with the "
        "reason not to"
    )
    assert set() == personal_data.LEFT_OUT.keys() - referring(db), "take out of LEFT_OUT what refers to nobody"
    assert set() == personal_data.LEFT_OUT.keys() & read - {"tokens"}, "take out of LEFT_OUT what is in a section"


def test_records_have_their_columns(db: Database) -> None:
    """Each record has just what its section names, so that nothing is in one file and not in the other."""
    add_person(db)
    for section in collect(db):
        assert [] == [record for record in section.records if list(record) != list(section.columns)]


def test_nobody_is_read_from_another_table(db: Database) -> None:
    """Of a person without anything the sections are empty, but for who they are."""
    add_person(db)
    with db.write() as conn:
        conn.execute("DELETE FROM access_codes")
    assert {"person"} == {section.key for section in collect(db) if section.records}


def events_in_code() -> Iterator[str]:
    """The names of events that the code writes down, as far as they are written in full."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and re.search(r"(^|[._])(record\w*|note)$", called):
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                for word in ast.walk(ast.Module([ast.Expr(each) for each in given], [])):
                    if isinstance(word, ast.Constant) and re.fullmatch(r"[a-z_]+\.[a-z_]+", str(word.value)):
                        yield str(word.value)


def test_events_have_words() -> None:
    """What a person does is called something in each language."""
    found = set(events_in_code())
    assert {"orders.look", "direct_debit.agree", "data.download", "password.change"} <= found
    with using_language("en"):
        missing = found - NOT_A_PERSONS - audit.event_names().keys()
    assert not missing, (
        f"{', '.join(sorted(missing))}: say in `event_names` of selfservice/audit.py what it is that a person does; or "
        "name it in NOT_A_PERSONS here, when no person does"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_mails_have_words(lang: str) -> None:
    """Each kind of mail is called something in each language."""
    kinds = {f"{path.parent.name}.{path.stem.removeprefix('mail_')}" for path in PACKAGE.glob("fragments/*/mail_*.txt")}
    with using_language(lang):
        names = mail.kinds()
    missing = kinds - names.keys()
    assert not missing, (
        f"say in `kinds` of selfservice/mail/personal_data.py what the mail is about: {', '.join(sorted(missing))}"
    )


def test_the_newest_events(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many events the newest are shown, and that there are more is said."""
    add_person(db)
    with db.write() as conn:
        for what in ("sign_in", "sign_out", "orders.look"):
            audit.record(conn, CONTEXT.keys, NOW, what, "ok", who="person:1", address="192.0.2.7")
    monkeypatch.setattr(audit, "MOST_EVENTS", 2)
    [events] = [section for section in collect(db) if section.key == "events"]
    assert ["orders.look", "sign_out"] == [getattr(each["what"], "code", "") for each in events.records]
    assert "newest 2" in events.more
    with recorded_statements(db) as statements:
        collect(db)
    [scan] = [statement for statement in statements if "FROM events" in statement]
    assert "events_who" in str([tuple(row) for row in db.read().execute(f"EXPLAIN QUERY PLAN {scan}")])

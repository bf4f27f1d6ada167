"""A closed organisation is answered as one that never was; and whatever happens at the same moment, no code of it is
made or works after it was closed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock
from selfservice.accounts import organisations
from selfservice.commands import cli
from selfservice.db import Database, DatabaseBusyError
from selfservice.demo import accounts
from selfservice.mailer import render_mail
from selfservice.register import closing, importer
from selfservice.register.validation import COLUMNS
from selfservice.requests import replacement, review, states, submission
from selfservice.web.services import Services
from tests import request_helpers as help_
from tests.access_code_helpers import BUSINESS, KVK, AccessCodeForm
from tests.clients import HouseClient
from tests.domain_helpers import CONTEXT, NOW, filled, new_database, rows, run_processes
from tests.kill_helpers import kill_and_repeat
from tests.password_form_helpers import CODE, EMAIL, STRANGE_CODE, PasswordForm
from tests.sign_in_helpers import ADDRESS, MAIN, PASSWORD, browser, database, prepare, sign_in
from tests.test_uniform import shape, without_values

UNKNOWN = "99999990"


def close(app: Flask) -> closing.Closed:
    """Close the demonstration's first organisation, past the app's own connection."""
    wired: Services = app.extensions["services"]
    own = Database(wired.db.path)
    with own.write() as conn:
        found = closing.set_day(conn, wired.context, KVK, clock.now().date(), "staff:kim", clock.now())
    own.close()
    assert found is not None
    return found[1]


def seen(answer: TestResponse, number: str = "") -> tuple[int, bytes, list[tuple[str, str]]]:
    """What there is to see in an answer, but for the number that was typed."""
    status, body, headers = shape(answer)
    return status, body.replace(number.encode() or b"\0", b"number"), headers


def test_log_in(app: Flask, statements: list[str]) -> None:
    """A code that stopped is answered as one that nobody has: bytes, headers, statements, and one hash."""
    hasher = prepare(app)
    close(app)
    found = []
    for code in (CODE, STRANGE_CODE):
        statements.clear()
        before = hasher.calls
        answer = browser(app).send(ADDRESS, {"access_code": code, "password": PASSWORD})
        found.append((seen(answer, code), without_values(statements), hasher.calls - before))
    assert found[0] == found[1]
    assert 1 == found[0][2]
    assert "do not belong together" in found[0][0][1].decode()


@pytest.mark.parametrize("htmx", [False, True])
def test_replacement_password(app: Flask, statements: list[str], *, htmx: bool) -> None:
    """So is who asks for a password with it."""
    close(app)
    found = []
    for code in (CODE, STRANGE_CODE):
        client = browser(app)
        statements.clear()
        form = PasswordForm(client, htmx=htmx)
        found.append((seen(form.ask(code, EMAIL)), without_values(statements)))
    assert found[0] == found[1]


def test_lost_code(app: Flask, statements: list[str]) -> None:
    """So is who lost one."""
    close(app)
    found = []
    for number in (KVK, UNKNOWN):
        statements.clear()
        answer = AccessCodeForm(browser(app), "lost-access-code").send(email=EMAIL, kvk_number=number)
        found.append((seen(answer, number), without_values(statements)))
    assert found[0] == found[1]


@pytest.mark.parametrize("htmx", [False, True])
def test_request(app: Flask, statements: list[str], *, htmx: bool) -> None:
    """So is who requests one, by number or by name."""
    close(app)
    found = []
    for number in (KVK, UNKNOWN):
        form = AccessCodeForm(browser(app), htmx=htmx)
        statements.clear()
        answer = form.send("need", need="business", **BUSINESS | {"kvk_number": number})
        looked_up = browser(app).fragment(f"/en/self-service/access-code/organisation?kvk_number={number}")
        found.append((seen(answer, number), seen(looked_up, number), without_values(statements)))
    assert found[0] == found[1]
    assert "We cannot find an organisation with this KVK number" in found[0][0][1].decode()
    by_name = browser(app).fragment("/en/self-service/access-code/organisations?organisation_name=bakkerij")
    assert "Gouden Korst" not in by_name.text


def test_mid_form(app: Flask, client: HouseClient) -> None:
    """Who was filling in a request for it is told at the next step, or when it is sent, that it cannot be found; what
    was typed is kept, and no request is made.
    """
    form = AccessCodeForm(client)
    form.fill_in("business")
    page = form.see("check")
    before = len(rows(database(app), "requests"))
    close(app)
    about = re.search(r'name="about" value="([^"]+)"', page.text)
    assert about
    answer = form.send("check", about=about[1])
    assert (409, before) == (answer.status_code, len(rows(database(app), "requests")))
    again = client.get("/en/self-service/access-code/need").text
    assert (True, True) == (BUSINESS["email"] in again, KVK in again)


def test_logged_in_elsewhere(app: Flask, client: HouseClient) -> None:
    """Who is logged in is logged out at once, when another process closes it too: the next page asks to log in."""
    prepare(app)
    sign_in(client, MAIN)
    assert "Log out" in client.get("/en/self-service/my").text
    done = run_processes(close_in_process, [(database(app).path,)])
    assert [2] == done
    assert 'name="password"' in client.get("/en/self-service/my").text


def close_in_process(path: Path) -> int:
    """Close it as another process does; how many codes ended."""
    db = Database(path)
    with db.write() as conn:
        found = closing.set_day(conn, CONTEXT, KVK, date(2026, 1, 1), "staff:kim", clock.now())
    db.close()
    return found[1].codes if found else -1


# Races, on a real file


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0, 2, 5])
def test_race(db: Database, delay: int) -> None:
    """Closed while others send requests, approve them and replace codes: none is refused with anything but what a form
    knows, and afterwards no code works, no request is open and no letter waits.
    """
    organisation = help_.add_organisation(db)
    ready = [ask(db, number) for number in range(8)]
    with db.write() as conn:
        conn.execute("UPDATE organisations SET email = ?", (address(0),))
    help_.approve(db, ready[0])
    begin = threading.Barrier(4)
    failures: list[BaseException] = []
    actions = (partial(close_at, delay), partial(approve_one, ready), ask_anew, lose)

    def work(action: Callable[[Database, int], object]) -> None:
        own = Database(db.path)
        begin.wait()
        for each in range(8):
            try:
                action(own, each)
            except (states.WrongStateError, submission.InvalidAnswersError, DatabaseBusyError):
                continue
            except BaseException as error:  # noqa: BLE001 (told by the test)
                failures.append(error)
        own.close()

    threads = [threading.Thread(target=work, args=(action,)) for action in actions]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [] == failures
    queries = (
        "SELECT 1 FROM access_codes WHERE revoked_at IS NULL",
        "SELECT 1 FROM requests WHERE state IN ('received', 'checking', 'approved', 'duplicate')",
        "SELECT 1 FROM letters WHERE state = 'ready'",
        "SELECT 1 FROM organisations WHERE closed_at IS NULL OR main_person_id IS NOT NULL",
        "SELECT 1 FROM tokens WHERE used_at IS NULL AND person_id IS NOT NULL",
    )
    assert [0] * 5 == [len(db.read().execute(query).fetchall()) for query in queries]
    with pytest.raises(states.WrongStateError), db.write() as conn:
        review.approve(conn, CONTEXT, ready[7], "Kim Voorbeeld", NOW)
    assert organisation == organisations.get(db.read(), organisation).id


def close_at(delay: int, db: Database, turn: int) -> None:
    if turn == delay:
        with db.write() as conn:
            closing.set_day(conn, CONTEXT, help_.KVK, date(2026, 11, 1), "staff:kim", NOW)


def approve_one(ready: list[str], db: Database, turn: int) -> None:
    help_.approve(db, ready[turn])


def ask_anew(db: Database, turn: int) -> None:
    ask(db, 10 + turn)


def lose(db: Database, _: int) -> None:
    with db.write() as conn:
        replacement.send_replacement_link(conn, CONTEXT, address(0), help_.KVK, help_.ADDRESS, "en", NOW)


def address(person: int) -> str:
    return f"person{person}@kites.example"


def ask(db: Database, person: int) -> str:
    return help_.hand_in(db, help_.BUSINESS, email=address(person))


@pytest.mark.slow
def test_killed(app: Flask, tmp_path: Path) -> None:
    """Killed while a file closes organisations and run again: each is closed whole or not at all in between, and in the
    end all are, with one mail a person.
    """
    wired: Services = app.extensions["services"]
    with wired.db.write() as conn:
        conn.execute(
            "UPDATE organisations SET postcode = '1010 ZZ', postal_street = NULL, postal_house_number = NULL,"
            " postal_postcode = NULL, postal_city = NULL, postal_country = NULL"
        )
    numbers = [row["kvk_number"] for row in rows(wired.db, "organisations")]
    held = [importer.find(wired.db.read(), number) or {} for number in numbers]
    filler = [held[0] | {"kvk_number": f"{number:08}", "email": "x@y.example"} for number in range(50_000, 53_000)]
    lines = [*filler, *(each | {"closed_on": "2026-01-01"} for each in held)]
    file = tmp_path / "closed.csv"
    text = [";".join(COLUMNS), *(";".join(each.get(column) or "" for column in COLUMNS) for each in lines)]
    file.write_text("\n".join(text) + "\n", "utf-8")

    def count() -> int:
        return int(wired.db.read().execute("SELECT count(*) FROM organisations").fetchone()[0])

    _, told = kill_and_repeat(
        wired.db.path.parent, ["register", "import", str(file)], count, len(numbers) + 1,
        LOKET_DATABASE=str(wired.db.path),
    )  # fmt: skip
    assert f"({len(numbers):,} of them closed)" in told
    conn = wired.db.read()
    works = "SELECT count(*) FROM access_codes WHERE organisation_id IS NOT NULL AND revoked_at IS NULL"
    mails = [row["recipient"] for row in rows(wired.db, "outbox") if row["kind"] == "access_code.closed"]
    assert (0, len(set(mails))) == (conn.execute(works).fetchone()[0], len(mails))


# Commands


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(cli.commands[words[0]], words[1:])


def test_commands(app: Flask) -> None:
    """Staff close and open an organisation, hear what ended, and see it with people's codes; again nothing changes."""
    today = clock.now().date().isoformat()
    by = ("--by", "Kim Voorbeeld")
    first = run(app, "register", "close", KVK, *by)
    assert 0 == first.exit_code
    assert f"Bakkerij De Gouden Korst is closed since {today}: 2 access codes and" in first.output
    assert "2 people will be told by e-mail" in first.output
    again = run(app, "register", "close", KVK, *by)
    assert (0, f"Bakkerij De Gouden Korst was closed on {today} already. Nothing was changed\n") == (
        again.exit_code, again.output,
    )  # fmt: skip
    shown = run(app, "members", "show", accounts.email(0)).output
    assert "Bakkerij De Gouden Korst, closed" in shown
    assert "revoked (organisation closed)" in shown
    assert "Bakkerij De Gouden Korst is open again" in run(app, "register", "reopen", KVK, *by).output
    assert "is open. Nothing was changed" in run(app, "register", "reopen", KVK, *by).output
    later = run(app, "register", "close", KVK, *by, "--on", "2099-01-01")
    assert "Bakkerij De Gouden Korst will be closed on 2099-01-01\n" == later.output
    unknown = run(app, "register", "close", UNKNOWN, *by)
    assert (1, f"loket: no organisation has the number {UNKNOWN}. Nothing was changed\n") == (
        unknown.exit_code, unknown.output,
    )  # fmt: skip
    assert 2 == run(app, "register", "close", KVK, *by, "--on", "soon").exit_code


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_mail(app: Flask, lang: str) -> None:
    """The mail says which organisation was closed, when and by what, that the code stopped, what is kept, and whom to
    ask; for several organisations it names each.
    """
    wired: Services = app.extensions["services"]
    with wired.db.write() as conn:
        conn.execute("UPDATE people SET language = ?", (lang,))
    close(app)
    payload = filled(next(row for row in rows(wired.db, "outbox") if row["kind"] == "access_code.closed"))
    subject, text = render_mail(wired, "access_code.closed", lang, payload)
    expected = {
        "en": ("Your access code for Bakkerij De Gouden Korst no longer works", "according to the Business Register"),
        "nl": ("Je toegangscode voor Bakkerij De Gouden Korst werkt niet meer", "Volgens het Handelsregister"),
    }[lang]
    years = {"en": "for 7 years", "nl": "nog 7 jaar"}[lang]
    assert (expected[0], True, True, True) == (
        subject, expected[1] in text, years in text, f"/{lang}/contact/" in text,
    )  # fmt: skip
    several = payload | {"organisations": [["Een", "1"], ["Twee", "2"]], "debit_until": "3"}
    subject, text = render_mail(wired, "access_code.closed", lang, several)
    lists = {"en": "- Een, on 1\n- Twee, on 2", "nl": "- Een, op 1\n- Twee, op 2"}[lang]
    assert (True, False) == (lists in text, "Korst" in subject)
    nobody = render_mail(wired, "access_code.closed", lang, several | {"has_code": False})
    assert {"en": "Direct debit has ended", "nl": "De automatische incasso is gestopt"}[lang] in nobody[0]

"""What the tests of signing in share: people of the demonstration with a password, and a way in."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from functools import cache

from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock
from selfservice.accounts import passwords, user_accounts
from selfservice.accounts.passwords import Hasher
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.web.forms import About
from tests.clients import HouseClient

PASSWORD = "paarse olifant fietst naar zee"
ACCOUNT_PASSWORD = "groene kikkers drinken thee"
# The demonstration's people by number: two of one organisation, and one with a private code.
MAIN, COLLEAGUE, OTHER, PRIVATE = 0, 1, 2, 4
ADDRESS = "/en/self-service/sign-in"


def fast_hasher() -> Hasher:
    """A hasher that costs next to nothing."""
    return Hasher(memory_kib=64, passes=1)


@contextmanager
def all_taken(hasher: Hasher) -> Iterator[None]:
    """All its threads hash other passwords, until the end of the block."""
    end = threading.Event()
    held = [hasher._pool.submit(end.wait) for _ in range(hasher._pool._max_workers)]
    try:
        yield
    finally:
        end.set()
        wait(held)


@cache
def hashed() -> str:
    """The hash of PASSWORD, by `fast_hasher`."""
    return fast_hasher().hash(PASSWORD)


@cache
def account_hashed() -> str:
    """The hash of ACCOUNT_PASSWORD, by `fast_hasher`."""
    return fast_hasher().hash(ACCOUNT_PASSWORD)


def prepare(app: Flask) -> Hasher:
    """Give everybody PASSWORD, and the app a fast hasher; returns that, for its count."""
    hasher = fast_hasher()
    app.extensions["services"] = dataclasses.replace(app.extensions["services"], hasher=hasher)
    # Past the app's own connection, whose statements a test may count.
    own = Database(database(app).path)
    with own.write() as conn:
        for row in conn.execute("SELECT id FROM people").fetchall():
            passwords.store_hash(conn, row["id"], hashed(), clock.now())
        conn.execute("UPDATE access_codes SET first_used_at = NULL, valid_until = NULL")
    own.close()
    return hasher


def database(app: Flask) -> Database:
    """The app's database."""
    found: Database = app.extensions["services"].db
    return found


def at_once(app: Flask, client: HouseClient, *sent: tuple[str, dict[str, str]]) -> list[TestResponse]:
    """Send these from one browser at the same time: each has begun, and waits until it may write. The answers in
    the same order.
    """
    answers: dict[int, TestResponse] = {}

    def press(number: int) -> None:
        pressing, (address, data) = browser(app), sent[number]
        pressing.set_cookie("loket", client.cookie_value() or "", domain="127.0.0.1")
        answers[number] = pressing.post(address, data=data)

    presses = [threading.Thread(target=press, args=(number,)) for number in range(len(sent))]
    with Database(database(app).path).write():
        for each in presses:
            each.start()
        for each in presses:
            each.join(0.3)
    for each in presses:
        each.join()
    return [answers[number] for number in range(len(sent))]


def browser(app: Flask) -> HouseClient:
    """Another browser."""
    made = app.test_client()
    assert isinstance(made, HouseClient)
    return made


def sign_in(client: HouseClient, number: int = MAIN, password: str = PASSWORD, **more: str) -> TestResponse:
    """Send the sign-in form as this person."""
    return client.send(ADDRESS, {"access_code": accounts.code(number), "password": password, **more})


def give_account(app: Flask, number: int = MAIN) -> None:
    """Give this person an account with ACCOUNT_PASSWORD, beside their access code."""
    with Database(database(app).path).write() as conn:
        user_accounts.add(conn, person_id(app, number), account_hashed(), clock.now())


def sign_in_to_account(
    client: HouseClient, email: str = accounts.email(MAIN), password: str = ACCOUNT_PASSWORD, **more: str
) -> TestResponse:
    """Send the sign-in form with an e-mail address."""
    return client.send(ADDRESS, {"access_code": email, "password": password, **more})


def person_id(app: Flask, number: int) -> int:
    """The row number of a person of the demonstration."""
    row = database(app).read().execute("SELECT id FROM people WHERE email = ?", (accounts.email(number),)).fetchone()
    return int(row["id"])


def shown_to(app: Flask, number: int, purpose: str, record: str = "", *, code: int = 0) -> str:
    """What a page says that it is about, shown to this person with their first access code or the one of this id."""
    who = person_id(app, number)
    query = "SELECT id FROM access_codes WHERE person_id = ? ORDER BY id"
    code = code or database(app).read().execute(query, (who,)).fetchone()["id"]
    return About(purpose, f"{who}:{code}", record).sign(app.extensions["services"].keys)


def age_sessions(app: Flask, *, minutes: int = 0, hours: int = 0) -> None:
    """Make every session older than it is by just over that much."""
    with database(app).write() as conn:
        conn.execute(
            """UPDATE sessions
               SET used_at = strftime('%Y-%m-%dT%H:%M:%f', used_at, :minutes) || '000Z',
                   created_at = strftime('%Y-%m-%dT%H:%M:%f', created_at, :hours) || '000Z'""",
            {"minutes": f"-{minutes * 60}.001 seconds", "hours": f"-{hours * 3600}.001 seconds"},
        )


def waiting_mails(app: Flask) -> list[tuple[str, str]]:
    """Kind and recipient of every mail that waits."""
    rows = database(app).read().execute("SELECT kind, recipient FROM outbox WHERE state = 'waiting' ORDER BY id")
    return [(row["kind"], row["recipient"]) for row in rows]

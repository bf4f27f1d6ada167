"""Logs: one JSON line an event, in UTC, and nothing in them that could be used against a person."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
from flask import Flask

from selfservice.logs import JsonFormatter, to_stderr
from tests.clients import HouseClient
from tests.password_form_helpers import CODE, EMAIL, GOOD_PASSWORD, STRANGE_CODE, AppInside, PasswordForm, location


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What our logs write, as the operator gets it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("loket")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(before)


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_no_secrets(app: Flask, client: HouseClient, log: io.StringIO) -> None:
    """A whole journey, with mistakes and a crash, leaves nothing in the log that anybody typed or was given."""
    office, visitor = AppInside(app), PasswordForm(client)
    visitor.ask(CODE[:-1], "typed-wrongly@")
    visitor.ask(STRANGE_CODE, "unknown-person@nowhere.example")
    location(visitor.ask())
    location(visitor.again(email=EMAIL))
    token = office.token()
    office.deliver()
    visitor.follow("a-token-that-never-was")
    visitor.follow(token)
    visitor.choose("sunshine sunshine")
    location(visitor.choose())
    client.get("/en/self-service/search?q=private-matters")
    office.deliver()
    office.change("DROP TABLE tokens")
    crashed = visitor.ask()
    secrets = [
        CODE,
        CODE.replace("-", ""),
        CODE[:4],
        EMAIL,
        EMAIL.partition("@")[2],
        token,
        GOOD_PASSWORD,
        STRANGE_CODE,
    ]
    secrets += ["typed-wrongly", "unknown-person", "a-token-that", "sunshine", "private-matters", "127.0.0.1"]
    secrets += [str(client.cookie_value()), "Jip"]
    text = log.getvalue()
    assert (500, []) == (crashed.status_code, [secret for secret in secrets if secret.casefold() in text.casefold()])


def test_lines(app: Flask, client: HouseClient, log: io.StringIO) -> None:
    """Each line is JSON with a moment in UTC, a level and what happened; a request names its endpoint only."""
    location(PasswordForm(client).ask())
    found = lines(log)
    moments = [dt.datetime.fromisoformat(str(line["when"])) for line in found]
    requests = [line for line in found if line["what"] == "request"]
    assert ({dt.timedelta(0)}, {"info"}) == ({one.utcoffset() for one in moments}, {line["level"] for line in found})
    assert [("POST", "replacement_password.request_link", 303)] == [
        (line["method"], line["endpoint"], line["status"]) for line in requests
    ]


def test_every_request(client: HouseClient, log: io.StringIO) -> None:
    """The same request twice is two lines, also in a process that knows Pelican, which would leave out the second."""
    visitor = PasswordForm(client)
    visitor.ask("", "")
    visitor.ask("", "")
    assert ("pelican" in sys.modules, 2) == (True, len(lines(log)))


def test_event(app: Flask, client: HouseClient, log: io.StringIO) -> None:
    """What somebody asked for is an event, and a row, with who and from where as keyed hashes."""
    location(PasswordForm(client).ask())
    event = next(line for line in lines(log) if line["what"] != "request")
    row = AppInside(app).rows("events")[-1]
    assert ("password.link", "asked", 64, 64) == (event["what"], event["result"], len(row["who"]), len(row["source"]))


def test_reading_is_not_logged(client: HouseClient, log: io.StringIO) -> None:
    """Who only reads leaves no line."""
    client.get("/en/self-service/search")
    client.get("/en/nothing")
    assert "" == log.getvalue()


def test_crash(log: io.StringIO) -> None:
    """An error is logged by its type and place; its text, which may hold what somebody typed, is not."""
    try:
        int("hunter2")
    except ValueError:
        logging.getLogger("loket").exception("crash")
    line = lines(log)[0]
    assert ("ValueError", False) == (line["error"], "hunter2" in log.getvalue())
    assert str(line["at"]).startswith("['test_logs.py:")


def test_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """The operator gets the lines on standard error, once each, however often it is asked for."""
    logger = logging.getLogger("loket")
    before = logger.handlers[:], logger.propagate, logger.level
    logger.handlers.clear()
    try:
        to_stderr()
        to_stderr()
        logger.info("hello", extra={"fields": {"number": 3}})
    finally:
        logger.handlers[:], logger.propagate = before[0], before[1]
        logger.setLevel(before[2])
    written = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [("hello", 3)] == [(line["what"], line["number"]) for line in written]

"""Errors people see: translated, as a page and as a fragment, saying what happened and what to do."""

from __future__ import annotations

import dataclasses
import io
import logging
from collections.abc import Iterator

import pytest
from flask import Flask, abort

from selfservice.accounts.passwords import HasherBusyError
from selfservice.config import Config
from selfservice.db import connect, sqlite
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.web import error_pages
from tests.clients import HTMX_HEADERS, HouseClient
from tests.conftest import new_app, new_app_unshared
from tests.password_form_helpers import CODE, EMAIL, AppInside


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """An app that can be given more routes."""
    made = new_app_unshared(config)
    yield made
    made.extensions["services"].db.close()


@pytest.fixture
def breaking(app: Flask) -> HouseClient:
    """A browser of an app in which any status can be asked for, and in which a view crashes."""

    @app.get("/<lang:lang>/break/<int:code>")
    def broken(code: int) -> str:
        abort(code)

    @app.get("/<lang:lang>/crash")
    def crash() -> str:
        raise RuntimeError("the visitor typed: hunter2")

    @app.get("/<lang:lang>/write")
    @app.get("/api/write")
    def write() -> dict[str, bool]:
        with app.extensions["services"].db.write() as conn:
            conn.execute("DELETE FROM people WHERE id < 0")
        return {"written": True}

    @app.get("/<lang:lang>/mistake")
    def mistake() -> str:
        app.extensions["services"].db.read().execute("SELECT nothing FROM nowhere")
        return ""

    @app.get("/<lang:lang>/busy")
    def busy() -> str:
        raise HasherBusyError("taken")

    made = app.test_client()
    assert isinstance(made, HouseClient)
    return made


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", error_pages.STATUS_CODES)
def test_both_shapes(breaking: HouseClient, code: int, lang: str) -> None:
    """Each error is a page of ours and a fragment of ours, with the same words and status."""
    page, part = breaking.get(f"/{lang}/break/{code}"), breaking.fragment(f"/{lang}/break/{code}")
    with using_language(lang):
        title, parts = error_pages.title_and_paragraphs(code)
    assert [(code, [])] * 2 == [
        (answer.status_code, [text for text in (title, *parts) if text not in answer.text]) for answer in (page, part)
    ]


@pytest.mark.parametrize(("code", "shown"), [(404, 404), (418, 400), (501, 500), (502, 500)])
def test_other_statuses(breaking: HouseClient, code: int, shown: int) -> None:
    """A status that we have no words for becomes one that we have words for."""
    assert shown == breaking.get(f"/en/break/{code}").status_code


def test_crash(breaking: HouseClient, caplog: pytest.LogCaptureFixture) -> None:
    """A crash answers a page without a trace, tells the log, and repeats nothing of what was typed."""
    with caplog.at_level(logging.INFO, logger="loket"):
        answer = breaking.get("/en/crash")
    assert (500, 1) == (answer.status_code, len([one for one in caplog.records if one.message == "crash"]))
    assert [] == [word for word in ("hunter2", "RuntimeError", "Traceback", ".py") if word in answer.text]


def test_busy(breaking: HouseClient) -> None:
    """When too many passwords are being hashed the answer says when to come back."""
    answers = [breaking.get("/nl/busy"), breaking.fragment("/nl/busy")]
    assert [(503, "10")] * 2 == [(answer.status_code, answer.headers["Retry-After"]) for answer in answers]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_database_in_use(breaking: HouseClient, app: Flask, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When somebody else keeps the database the answer is 503 with when to come back, for people and for programs; and
    it does not say that they tried too often.
    """
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.01)
    other = connect(app.extensions["services"].config.database)
    other.execute("BEGIN IMMEDIATE")
    answers = [breaking.get(f"/{lang}/write"), breaking.fragment(f"/{lang}/write"), breaking.get("/api/write")]
    other.execute("ROLLBACK")
    assert [(503, "10")] * 3 == [(answer.status_code, answer.headers["Retry-After"]) for answer in answers]
    with using_language(lang):
        assert [] == [answer for answer in answers if error_pages.wait_text(10) in answer.text]
    assert 200 == breaking.get(f"/{lang}/write").status_code


def test_broken_statement(breaking: HouseClient) -> None:
    """A mistake of ours in SQL is no passing trouble."""
    assert 500 == breaking.get("/en/mistake").status_code


def test_wrong_method(client: HouseClient) -> None:
    """A method that an address does not have answers 405 and says which it has."""
    answer = client.put("/en/self-service/replacement-password")
    assert (405, "GET, HEAD, OPTIONS, POST") == (answer.status_code, answer.headers["Allow"])


@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS], ids=["page", "fragment"])
def test_too_large(client: HouseClient, headers: dict[str, str]) -> None:
    """More than 64 KiB is refused unread."""
    answer = client.post("/en/self-service/replacement-password", data={"access_code": "x" * 70_000}, headers=headers)
    assert 413 == answer.status_code


def test_too_many_parts(client: HouseClient) -> None:
    """A form of more than a hundred parts is refused."""
    data = {f"field{number}": "x" for number in range(200)}
    answer = client.post("/en/self-service/replacement-password", data=data, content_type="multipart/form-data")
    assert 413 == answer.status_code


@pytest.mark.parametrize("body", ["email=a&email=b", "access_code=a&email=b&access_code=a"])
def test_repeated_fields(client: HouseClient, body: str) -> None:
    """A field that is sent twice is refused, since two readers might read two things."""
    kind = "application/x-www-form-urlencoded"
    answer = client.post("/en/self-service/replacement-password", data=body, content_type=kind)
    assert 400 == answer.status_code


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\x7f", "\x85", "\ufffe"])
def test_unseen_signs(client: HouseClient, sign: str) -> None:
    """Control characters are refused, in a form and in an address: a page that repeats them would not be valid."""
    sent = client.send("/en/self-service/replacement-password", {"access_code": f"a{sign}", "email": "b"})
    found = client.get("/en/self-service/search", query_string={"q": f"a{sign}"})
    assert (400, 400) == (sent.status_code, found.status_code)


@pytest.mark.parametrize(
    "path", ["/en/self-service/search?q=a&q=b", "/en/self-service/sign-in?next=%2Fen%2F&next=%2Fnl%2F"]
)
def test_repeated_parameters(client: HouseClient, path: str) -> None:
    """So is a parameter in the address that the form reads."""
    assert 400 == client.get(path).status_code


@pytest.mark.parametrize("path", ["search?q=a&", "replacement-password?", "orders?", "sign-in?next=%2Fen%2F&"])
def test_repeated_tracking(client: HouseClient, path: str) -> None:
    """A parameter that no form of ours reads does no harm twice: links in newsletters have such."""
    base = f"/en/self-service/{path}"
    answers = [client.get(f"{base}{more}") for more in ("utm_source=x", "utm_source=x&utm_source=x")]
    assert answers[0].status_code == answers[1].status_code != 400


@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS], ids=["page", "fragment"])
@pytest.mark.parametrize("lang", ["en", "nl"])
@pytest.mark.parametrize("name", ["letter.txt", ""])
def test_file_parts(client: HouseClient, app: Flask, lang: str, name: str, headers: dict[str, str]) -> None:
    """No form of ours takes a file: 400 in the form's language, and nothing is done."""
    data = {"access_code": CODE, "email": EMAIL, "file": (io.BytesIO(b"x"), name)}
    address = f"/{lang}/self-service/replacement-password"
    answer = client.post(address, data=data, content_type="multipart/form-data", headers=headers)
    assert (400, True) == (answer.status_code, {"en": "Nothing was sent", "nl": "Er is niets"}[lang] in answer.text)
    assert [] == AppInside(app).rows("outbox")


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "127.0.0.1:8000@elsewhere.example"]
)
def test_forged_host(client: HouseClient, host: str) -> None:
    """A Host that is not ours gets 400: no link is ever made from it."""
    assert 400 == client.get("/en/self-service/search", headers={"Host": host}).status_code


def test_own_host_only(config: Config) -> None:
    """Outside a demonstration only the configured host is answered."""
    real = dataclasses.replace(config, demo=False, base_url="https://help.example.org")
    visitor = new_app(real).test_client()
    hosts = ("help.example.org", "localhost", "127.0.0.1", "www.help.example.org")
    got = [visitor.get("/en/self-service/search", headers={"Host": host}).status_code for host in hosts]
    assert [200, 400, 400, 400] == got

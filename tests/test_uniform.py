"""Nobody learns who has a code: known and unknown get the same status, bytes, headers and number of statements."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock
from selfservice.demo import accounts
from tests.access_code_helpers import KVK, AccessCodeForm
from tests.clients import HouseClient
from tests.password_form_helpers import CODE, EMAIL, STRANGE_CODE, AppInside, PasswordForm

# A code and address that belong together; a code that nobody has; an address that nobody has; two people's.
PAIRS = {
    "known": (CODE, EMAIL),
    "no such code": (STRANGE_CODE, EMAIL),
    "no such address": (CODE, EMAIL.replace("@", "x@")),
    "two people": (CODE, accounts.email(1)),
}
UNKNOWN = [name for name in PAIRS if name != "known"]
COOKIE = re.compile(r"loket=[^;]+")
ABOUT = re.compile(rb'name="about" value="[^"]*"')


def shape(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Status, bytes and headers, without the cookie's value and what the page is about: both are made anew."""
    body = ABOUT.sub(b"about", answer.data)
    return answer.status_code, body, [(name, COOKIE.sub("loket=", value)) for name, value in answer.headers]


def verbs(statements: list[str]) -> list[str]:
    """What was done to which table, without values."""
    found = re.compile(
        r"^\s*(INSERT INTO|UPDATE|DELETE FROM|SELECT|BEGIN|COMMIT|ROLLBACK)\b(?:\s+(\w+))?", re.IGNORECASE
    )
    return [" ".join(filter(None, match.groups())) if (match := found.match(one)) else one for one in statements]


def ask(app: Flask, statements: list[str], name: str, *, htmx: bool) -> tuple[object, object, list[str], int]:
    """Answers, statements and written rows of asking, looking, and asking again."""
    client = app.test_client()
    assert isinstance(client, HouseClient)
    visitor = PasswordForm(client, htmx=htmx)
    statements.clear()
    # Looked at by the same masked address, whichever was typed.
    first, again = shape(visitor.ask(*PAIRS[name])), shape(visitor.again())
    done = verbs(statements)
    writes = len([one for one in done if one.split()[0] in ("INSERT", "UPDATE", "DELETE")])
    return first, again, done, writes


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
@pytest.mark.parametrize("name", UNKNOWN)
def test_same(app: Flask, statements: list[str], name: str, *, htmx: bool) -> None:
    """The same answers, headers and statements in the same order, and as many writes."""
    known = ask(app, statements, "known", htmx=htmx)
    unknown = ask(app, statements, name, htmx=htmx)
    assert known == unknown
    assert known[3] > 8


def test_same_page(app: Flask) -> None:
    """The page after it is the same byte for byte, for one address with a right and a wrong code."""
    pages = []
    for name in ("known", "no such code"):
        client = app.test_client()
        assert isinstance(client, HouseClient)
        visitor = PasswordForm(client)
        visitor.ask(*PAIRS[name])
        pages.append(shape(visitor.see("sent")))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("name", UNKNOWN)
def test_same_when_over_the_cap(app: Flask, statements: list[str], name: str) -> None:
    """Also when the mail has to wait for its turn, and when it takes the place of one that waits."""
    answers = {"known": many(app, statements, "known"), name: many(app, statements, name)}
    assert answers["known"] == answers[name]
    late = [row["next_at"] > clock.to_text(clock.now()) for row in AppInside(app).rows("outbox")]
    # Ten at once and the newest later, for each.
    assert ([False] * 10 + [True]) * 2 == late


def many(app: Flask, statements: list[str], name: str) -> list[tuple[object, ...]]:
    """Asking twelve times, as `ask`, without the limit on tries."""
    found: list[tuple[object, ...]] = []
    for _ in range(6):
        AppInside(app).change("DELETE FROM limits")
        found.append(ask(app, statements, name, htmx=False))
    return found


def test_same_refusal(app: Flask, statements: list[str]) -> None:
    """Who tries too often is refused alike, whether the code is somebody's or not."""
    refused: list[tuple[object, ...]] = []
    for name in ("known", "no such code"):
        client = app.test_client()
        assert isinstance(client, HouseClient)
        visitor = PasswordForm(client, htmx=True)
        client.environ_base["REMOTE_ADDR"] = f"192.0.2.{len(refused) + 1}"
        answers = [visitor.ask(*PAIRS[name]) for _ in range(6)]
        statements.clear()
        answer = visitor.ask(*PAIRS[name])
        refused.append((answer.status_code, answer.data, verbs(statements), [one.status_code for one in answers]))
    assert (429, refused[0]) == (refused[1][0], refused[1])


def test_unknown_uses_up_nobodys_mail(app: Flask, statements: list[str]) -> None:
    """Typing wrong codes with somebody's address does not use up the mails that may go there."""
    many(app, statements, "no such code")
    ask(app, statements, "known", htmx=False)
    found = [(row["state"], row["next_at"] <= clock.to_text(clock.now())) for row in AppInside(app).rows("outbox")[-3:]]
    assert [("void", False), ("waiting", True), ("waiting", True)] == found


@pytest.mark.parametrize("name", ["known", "no such code"])
def test_no_hash_is_computed(app: Flask, statements: list[str], name: str) -> None:
    """Asking costs no password hash, for anybody."""
    ask(app, statements, name, htmx=False)
    assert 0 == app.extensions["services"].hasher.calls


@pytest.mark.parametrize("token", ["known", "garbage"])
def test_links_look_alike(app: Flask, token: str) -> None:
    """A link that worked and one that never was are answered with the same redirect."""
    client = app.test_client()
    assert isinstance(client, HouseClient)
    visitor = PasswordForm(client)
    visitor.ask(*PAIRS["known"])
    real = AppInside(app).token()
    AppInside(app).change("UPDATE tokens SET expires_at = created_at")
    answer = visitor.follow(real if token == "known" else "x" * len(real))
    assert (303, f"{visitor.start}/expired") == (answer.status_code, answer.headers["Location"])
    assert "Set-Cookie" not in answer.headers


def lose(app: Flask, email: str, kvk_number: str) -> list[tuple[int, bytes, list[tuple[str, str]]]]:
    """The answers to who asks five times for a link to replace a code, with the page after each."""
    answers = []
    for _ in range(5):
        client = app.test_client()
        assert isinstance(client, HouseClient)
        one = AccessCodeForm(client, "lost-access-code")
        answers += [shape(one.send(email=email, kvk_number=kvk_number)), shape(one.see("sent"))]
    return answers


def test_lost_codes_keep_no_password_from_its_owner(app: Flask) -> None:
    """Whoever knows an address and a KVK number, which are public, can fill the cap for what anybody can cause; the
    owner's replacement password, which takes the access code, leaves at once all the same.
    """
    lose(app, EMAIL, KVK)
    client = app.test_client()
    assert isinstance(client, HouseClient)
    visitor = PasswordForm(client)
    visitor.ask(CODE, EMAIL)
    row = AppInside(app).rows("outbox")[-1]
    due = row["next_at"] <= clock.to_text(clock.now())
    assert ("replacement_password.link", "waiting", True) == (row["kind"], row["state"], due)
    assert "an e-mail is on its way" in visitor.see("sent").text


@pytest.mark.parametrize(
    ("email", "kvk_number"),
    # Nobody's address, an organisation for which this address has no code, and a number that nobody has.
    [(f"x{EMAIL[1:]}", KVK), (EMAIL, "00011244"), (EMAIL, "99999990")],
)
def test_lost_code_deferred_alike(app: Flask, statements: list[str], email: str, kvk_number: str) -> None:
    """Over the cap known and unknown get the same pages, and the same statements, up to the moment that is said."""
    seen = []
    for typed in ((EMAIL, KVK), (email, kvk_number)):
        AppInside(app).change("DELETE FROM limits")
        AppInside(app).change("DELETE FROM caps")
        statements.clear()
        answers = lose(app, *typed)
        states = [row["state"] for row in AppInside(app).rows("outbox")]
        waits = [b"we send this one later: before" in body for _, body, _ in answers]
        seen.append((waits, [(status, headers) for status, _, headers in answers], verbs(statements)))
    assert seen[0] == seen[1]
    # Four places: the fourth waits, and the fifth takes its place.
    assert ([False] * 7 + [True, False, True], ["waiting"] * 4 + ["void"] * 4) == (seen[0][0], states)

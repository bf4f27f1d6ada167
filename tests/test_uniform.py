"""Nobody learns who is known here: every form that takes an address, code or reference answers everybody alike.

Whoever it belongs to, and whether or not to anyone: the same status, bytes, headers, statements in the same order and
password hashes. `FORMS` has each of these forms; one that is missing there fails.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse
from wtforms.fields.core import UnboundField

from selfservice import clock, forgetting
from selfservice.accounts import access_codes, email_changes, passwords, people, user_accounts
from selfservice.db import Connection
from selfservice.demo import requests
from selfservice.fragments import FRAGMENTS
from selfservice.limits.sliding_window import SlidingWindowLimit
from selfservice.mail import outbox
from selfservice.values.access_code import group_code, normalise_code
from selfservice.web import forms
from tests.access_code_helpers import KVK, MANDATE, AccessCodeForm
from tests.clients import HouseClient
from tests.domain_helpers import CONTEXT, new_code
from tests.password_form_helpers import CODE, EMAIL, AppInside, PasswordForm
from tests.sign_in_helpers import (
    ACCOUNT_PASSWORD,
    account_hashed,
    browser,
    give_account,
    hashed,
    prepare,
    sign_in,
    sign_in_to_account,
)

IDENTIFIERS = (forms.EmailField, forms.AccessCodeField, forms.LoginNameField, forms.ReferenceField)
Steps = tuple[tuple[str, Mapping[str, str] | None], ...]
PERSON = {"given_name": "Oona", "family_name": "Veld", "telephone": "", "email": "{email}"}
SENT: Steps = (("sent", None), ("sent", {}), ("sent", None))
CHECKED: Steps = (("check", None), ("check", {}), ("done", None))
# What somebody does at each form who types what is somebody's: steps that are sent, or (None) looked at. Behind `/`
# stands which of several things is typed.
FORMS: dict[str, Steps] = {
    "access-code/private": (
        ("need", {"need": "private", **PERSON}), ("preferences", {"payment_method": "credit"}), *CHECKED,
    ),
    "access-code/business": (
        ("need", {"need": "business", "kvk_number": KVK, **PERSON}),
        ("preferences", {"payment_method": "direct_debit"}), ("mandate", MANDATE), *CHECKED,
    ),
    "account-create": (
        ("", {**PERSON, "language": "en"}), *SENT, ("sent", {"email": "{email}"}), ("sent", None),
    ),
    "account-password": (("", {"email": "{email}"}), *SENT, ("sent", {"email": "{email}"}), ("sent", None)),
    "account-email": (
        ("", {"email": "{email}", "password": ACCOUNT_PASSWORD}), ("mine", None), ("again", {}), ("mine?again=1", None),
        ("cancel", {}),
    ),
    "lost-access-code/private": (("", {"email": "{email}", "kvk_number": ""}), *SENT),
    "lost-access-code/business": (("", {"email": "{email}", "kvk_number": KVK}), *SENT),
    "replacement-password": (
        ("", {"access_code": "{code}", "email": "{email}"}), *SENT, ("sent", {"email": "{email}"}), ("sent", None),
    ),
    # Another's: with the right one it says how that request stands.
    "request-status": (("", {"reference": "{reference}", "email": "{email}"}), ("status", None)),
    "sign-in/email": (("", {"access_code": "{email}", "password": "not the password"}),),
    "sign-in/code": (("", {"access_code": "{code}", "password": "not the password"}),),
    "digital-invoices": (
        ("", {"email": "{email}"}), ("mine", None), ("again", {}), ("mine?again=1", None), ("cancel", {}),
    ),
}  # fmt: skip
# Who is logged in before that, at forms for who is.
LOGGED_IN: dict[str, Callable[[HouseClient], TestResponse]] = {
    "digital-invoices": sign_in,
    "account-email": sign_in_to_account,
}
# Those that mail to what is typed, so that the mail may have to wait.
MAILING = [name for name, steps in FORMS.items() if not name.startswith(("sign-in", "request-status"))]
_OWN = re.compile(rb'name="about" value="[^"]*"|[2-9A-Z]{4}-[2-9A-Z]{4}|/link/[\w-]+|o[a-z]{4}@people\.example')
_COOKIE = re.compile(r"loket=[^;]+")
_VALUES = re.compile(r"'(?:[^']|'')*'|\bNULL\b|\b\d+\b")
Shape = tuple[int, bytes, list[tuple[str, str]]]


@dataclass(frozen=True)
class Typed:
    """What somebody types."""

    email: str
    code: str
    reference: str = requests.reference(999)


def populate(app: Flask) -> dict[str, Typed]:
    """People in each state that there is; what is typed that is theirs, by that state. All addresses have one length
    and are masked alike.
    """
    with AppInside(app).services.db.write() as conn:
        found = {
            "nobody": Typed("onone@people.example", group_code(new_code())),
            "account": _add(conn, "oacco@people.example", account=True),
            "code": _add(conn, "ocode@people.example", code=True),
            "both": (both := _add(conn, "oboth@people.example", code=True, account=True)),
            "revoked": (revoked := _add(conn, "orevo@people.example", code=True)),
            "deleted": (deleted := _add(conn, "odele@people.example", account=True)),
            # To which somebody's account is changed, once it is confirmed; and from which one was, which can be undone.
            "pending": Typed("opend@people.example", group_code(new_code())),
            "changed": (changed := _add(conn, "ochan@people.example", account=True)),
            "strange code": Typed(both.email, group_code(new_code())),
            "strange address": Typed("ostra@people.example", both.code),
            "another's code": Typed("oacco@people.example", both.code),
            "another's request": Typed(both.email, both.code, requests.reference(1)),
        }
        conn.execute(
            "UPDATE access_codes SET revoked_at = created_at WHERE person_id = :id", {"id": _id(conn, revoked.email)}
        )
        held = forgetting.find(conn, CONTEXT, _id(conn, deleted.email), clock.now())
        forgetting.forget(conn, CONTEXT, held, held.parts, "192.0.2.7", clock.now())
        _change(conn, "oacco@people.example", found["pending"].email)
        email_changes.confirm(conn, CONTEXT, _change(conn, changed.email, "oelse@people.example"), "", clock.now())
    return found


def _id(conn: Connection, email: str) -> int:
    return int(conn.execute("SELECT id FROM people WHERE email = :email", {"email": email}).fetchone()["id"])


def _change(conn: Connection, email: str, wanted: str) -> str:
    """Ask for another address; the hash of the link that confirms it."""
    person = _id(conn, email)
    email_changes.ask(conn, CONTEXT, person, wanted, "192.0.2.7", clock.now())
    found = email_changes.pending(conn, person, clock.now())
    assert found is not None
    return found.confirm_hash


def _add(conn: Connection, email: str, *, code: bool = False, account: bool = False) -> Typed:
    now, typed = clock.now(), Typed(email, group_code(new_code()))
    person = people.add(conn, now, given_name="Oona", family_name="Veld", email=email, language="en")
    if account:
        user_accounts.add(conn, person, account_hashed(), now)
    if code:
        passwords.store_hash(conn, person, hashed(), now)
        access_codes.add(conn, CONTEXT.keys, now, code=normalise_code(typed.code), person_id=person)
        organisation = conn.execute("SELECT id FROM organisations WHERE kvk_number = ?", (KVK,)).fetchone()["id"]
        access_codes.add(conn, CONTEXT.keys, now, code=new_code(), person_id=person, organisation_id=organisation)
    return typed


def people_at(app: Flask, name: str) -> dict[str, Typed]:
    """Those of `populate` who type something that nobody before them types at this form."""
    prepare(app)
    give_account(app)
    asked, found = str(FORMS[name]), {}
    for who, typed in reversed(populate(app).items()):
        found[tuple(text for key, text in vars(typed).items() if f"{{{key}}}" in asked)] = (who, typed)
    return dict(reversed(found.values()))


def forget_tries(app: Flask) -> None:
    """As if nobody had tried or mailed anything yet."""
    for table in ("limits", "caps", "failures"):
        AppInside(app).change(f"DELETE FROM {table}")


def arrive(app: Flask, name: str, *, htmx: bool) -> AccessCodeForm:
    """Somebody new at a form, logged in where it asks for that."""
    visitor = AccessCodeForm(browser(app), name.partition("/")[0], htmx=htmx)
    if name in LOGGED_IN:
        LOGGED_IN[name](visitor.client)
    return visitor


def shape(answer: TestResponse) -> Shape:
    """Status, bytes and headers, without what is made anew each time and what was typed."""
    headers = [(name, _COOKIE.sub("loket=", value)) for name, value in answer.headers]
    return answer.status_code, _OWN.sub(b"-", answer.data), headers


def without_values(statements: list[str]) -> list[str]:
    """What was done, in order, without its values."""
    return [_VALUES.sub("?", one) for one in statements]


def take(visitor: AccessCodeForm, step: str, data: Mapping[str, str] | None, typed: Typed) -> TestResponse:
    """One step of `FORMS`."""
    if data is None:
        return visitor.see(step)
    return visitor.send(step, **{key: value.format(**vars(typed)) for key, value in data.items()})


def visit(app: Flask, statements: list[str], name: str, typed: Typed, *, htmx: bool) -> tuple[Any, ...]:
    """All that could tell something: the answers, the statements, and how many hashes were computed."""
    visitor, hasher = arrive(app, name, htmx=htmx), AppInside(app).services.hasher
    before = hasher.calls
    statements.clear()
    answers = [shape(take(visitor, step, data, typed)) for step, data in FORMS[name]]
    return answers, without_values(statements), hasher.calls - before


def everybody(
    app: Flask, statements: list[str], name: str, *, htmx: bool, visits: int = 1
) -> dict[str, tuple[Any, ...]]:
    """What each saw, the last time they came; all saw what nobody saw."""
    seen = {}
    for who, typed in people_at(app, name).items():
        forget_tries(app)
        for _ in range(visits):
            seen[who] = visit(app, statements, name, typed, htmx=htmx)
    assert_alike(seen)
    return seen


def assert_alike(seen: Mapping[str, tuple[Any, ...]]) -> None:
    """Each saw what nobody saw."""
    for who, found in seen.items():
        for theirs, nobodys in zip(found, seen["nobody"], strict=True):
            assert (who, nobodys) == (who, theirs)


def test_every_form_is_here() -> None:
    """Each form of this site in which one types an address, code or reference that may be somebody's."""
    found = set()
    for name, blueprint in FRAGMENTS.items():
        try:
            module = importlib.import_module(f"selfservice.fragments.{blueprint.name}.form")
        except ModuleNotFoundError:
            continue
        for each in vars(module).values():
            fields = vars(each).values() if isinstance(each, type) and issubclass(each, forms.Form) else ()
            if any(isinstance(one, UnboundField) and issubclass(one.field_class, IDENTIFIERS) for one in fields):
                found.add(name)
    assert found | {"sign-in"} == {name.partition("/")[0] for name in FORMS}


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
@pytest.mark.parametrize("name", FORMS)
def test_alike(app: Flask, statements: list[str], name: str, *, htmx: bool) -> None:
    """The same answers, headers, statements and hashes, whoever it belongs to; and something was written."""
    seen = everybody(app, statements, name, htmx=htmx)
    answers, asked, hashes = seen["nobody"]
    assert {answer[0] for answer in answers} <= ({422} if "sign-in" in name else {200, 204, 303})
    assert int(any("password" in (data or {}) for _, data in FORMS[name])) == hashes
    assert 3 < sum(one.split()[0] in ("INSERT", "UPDATE", "DELETE") for one in asked)


@pytest.mark.parametrize("name", MAILING)
def test_alike_over_the_cap(app: Flask, statements: list[str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when a mail has to wait for its turn, when another takes its place, and when the page says until when."""
    monkeypatch.setattr(outbox, "_mail_limit", lambda *_args, earned: SlidingWindowLimit(f"mail-{earned}", 1, 1))
    everybody(app, statements, name, htmx=False, visits=2)
    assert any(row["next_at"] > clock.to_text(clock.now()) for row in AppInside(app).rows("outbox"))


@pytest.mark.parametrize("name", FORMS)
def test_refused_alike(app: Flask, statements: list[str], name: str) -> None:
    """Who tries too often is refused after as many tries, in the same words and with the same statements."""
    seen: dict[str, tuple[Any, ...]] = {}
    for who, typed in people_at(app, name).items():
        forget_tries(app)
        tries = 0
        while not any(answer[0] == 429 for answer in seen.get(who, ([],))[0]):
            tries += 1
            assert tries < 25
            seen[who] = (*visit(app, statements, name, typed, htmx=True), tries)
    assert_alike(seen)


@pytest.mark.parametrize("token", ["known", "garbage"])
def test_links_look_alike(app: Flask, client: HouseClient, token: str) -> None:
    """A link that worked and one that never was are answered with the same redirect."""
    visitor = PasswordForm(client)
    visitor.ask(CODE, EMAIL)
    real = AppInside(app).token()
    AppInside(app).change("UPDATE tokens SET expires_at = created_at")
    answer = visitor.follow(real if token == "known" else "x" * len(real))
    assert (303, f"{visitor.start}/expired") == (answer.status_code, answer.headers["Location"])
    assert "Set-Cookie" not in answer.headers


def test_unknown_uses_up_nobodys_mail(app: Flask, client: HouseClient) -> None:
    """Typing wrong codes with somebody's address does not use up the mails that may go there."""
    visitor = PasswordForm(client)
    for _ in range(12):
        AppInside(app).change("DELETE FROM limits")
        visitor.ask(new_code(), EMAIL)
        visitor.again()
    visitor.ask(CODE, EMAIL)
    newest = AppInside(app).rows("outbox")[-1]
    assert ("waiting", True) == (newest["state"], newest["next_at"] <= clock.to_text(clock.now()))


def test_lost_codes_keep_no_password_from_its_owner(app: Flask, client: HouseClient) -> None:
    """Whoever knows an address and a KVK number, which are public, can fill the cap for what anybody can cause; the
    owner's replacement password, which takes the access code, leaves at once all the same.
    """
    for _ in range(5):
        AccessCodeForm(browser(app), "lost-access-code").send(email=EMAIL, kvk_number=KVK)
    visitor = PasswordForm(client)
    visitor.ask(CODE, EMAIL)
    row = AppInside(app).rows("outbox")[-1]
    due = row["next_at"] <= clock.to_text(clock.now())
    assert ("replacement_password.link", "waiting", True) == (row["kind"], row["state"], due)
    assert "an e-mail is on its way" in visitor.see("sent").text

"""Who may do what: every address, every method, every role, one's own objects and another's.

For whom an address is, its form's row in content/rights.toml says, or PUBLIC here; one that neither names fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask, Response
from werkzeug.routing import Rule

from selfservice.config import Config
from selfservice.facts import rights
from selfservice.fragments import FRAGMENTS
from selfservice.web import authentication
from tests.clients import HouseClient
from tests.conftest import new_app_unshared
from tests.domain_helpers import rows
from tests.orders.factories import buy
from tests.sign_in_helpers import (
    COLLEAGUE,
    MAIN,
    OTHER,
    PRIVATE,
    browser,
    database,
    give_account,
    prepare,
    sign_in,
    sign_in_to_account,
)

# For everybody: what they show depends on what is typed, mailed or in the anonymous session, and not on who is logged
# in; `sign_in` is where one logs in and out.
PUBLIC = {
    "home", "choose_language", "change_password_form",
    "health", "live", "search", "useful", "mailbox", "what_to_try", "replacement_password", "which_situation",
    "access_code", "request_status", "lost_access_code", "sign_in", "account_create", "account_password",
}  # fmt: skip
# Where a mailed link leads before one logs in: the same for whoever has it (fragments/test_organisation_codes.py),
# who may have no code at all (fragments/test_digital_invoices.py); and what stays on the screen of whoever was deleted.
LINKED = (
    {"organisation_codes.follow", "organisation_codes.expired", "account_delete.done"}
    | {f"digital_invoices.{step}" for step in ("follow", "confirm", "agree", "confirmed", "expired")}
    | {
        f"account_email.{step}"
        for step in (
            "follow",
            "confirm",
            "do_confirm",
            "confirmed",
            "expired",
            "follow_undo",
            "undo",
            "do_undo",
            "undone",
            "too_late",
        )
    }
)
# For programs: who is signed in counts for nothing there (test_api.py).
KEYED = {"api"}
ROLES: dict[str, int | None] = {
    "nobody": None, "private": PRIVATE, "business": COLLEAGUE, "business main": MAIN, "other person": OTHER,
    "account": MAIN,
}  # fmt: skip
KIND = {
    "private": "private", "business": "business", "business main": "business", "other person": "business",
    "account": "account",
}  # fmt: skip
# Everything that another person's or organisation's state could be changed in.
WATCHED = (
    "organisations", "people", "access_codes", "passwords", "user_accounts", "email_changes", "mandates",
    "invoice_addresses", "orders", "order_redeliveries",
)  # fmt: skip


@pytest.fixture(autouse=True)
def people(app: Flask) -> None:
    prepare(app)
    give_account(app, MAIN)
    with database(app).write() as conn:
        conn.execute("UPDATE organisations SET main_person_id = 1 WHERE id = 1")


def as_role(app: Flask, role: str) -> HouseClient:
    client = browser(app)
    number = ROLES[role]
    if number is not None:
        with database(app).write() as conn:
            conn.execute("DELETE FROM limits")  # nobody logs in as often as the tests
        answer = sign_in_to_account(client) if role == "account" else sign_in(client, number)
        assert answer.status_code == 303
    return client


def kinds_of(app: Flask, endpoint: str) -> set[str]:
    """For whom an endpoint is: the kinds that the row of its form names; empty when it has none, or is for all."""
    table: rights.Rights = app.extensions["rights"]
    return set() if endpoint in LINKED else table.kinds_of(endpoint.partition(".")[0].replace("_", "-"))


def personal_rules(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and address of everything that is personal."""
    for rule in app.url_map.iter_rules():
        if kinds_of(app, rule.endpoint):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield rule.endpoint, method, _built(rule)


def _built(rule: Rule) -> str:
    made = rule.build({name: "en" if name == "lang" else "x" for name in rule.arguments})
    assert made is not None
    return made[1]


def test_everything_is_declared(app: Flask) -> None:
    """Each endpoint is for everybody, for programs, or for whom its form's row says; and for no two of these."""
    wrong = [
        f"for whom is {rule}? It has {'two roles' if kinds_of(app, rule.endpoint) else 'no role'}: give its form a "
        "row in content/rights.toml, or name it in PUBLIC here"
        for rule in app.url_map.iter_rules()
        if bool(kinds_of(app, rule.endpoint))
        == (rule.endpoint in LINKED or rule.endpoint.partition(".")[0] in PUBLIC | KEYED)
    ]
    assert not wrong, "\n".join(wrong)
    gone = PUBLIC - {rule.endpoint.partition(".")[0] for rule in app.url_map.iter_rules()}
    assert not gone, f"take out of PUBLIC what is no longer there: {gone}"


def test_a_form_without_a_row(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A personal form for which nothing says who may open it does not start, and the message says what to do."""
    monkeypatch.setattr(authentication, "_TITLES", dict(authentication._TITLES))
    blueprint = Blueprint("only_here", __name__)
    authentication.add_personal_routes(blueprint, lambda: "", lambda _: Response())
    monkeypatch.setitem(FRAGMENTS, "only-here", blueprint)
    with pytest.raises(rights.RightsError, match="who may open the form 'only-here'; add a row"):
        new_app_unshared(config)


def test_a_row_without_a_form(copied: Config) -> None:
    """A row that leads to a form that is off does not start either: the personal page would list it."""
    with (copied.content / "rights.toml").open("a", encoding="utf-8") as file:
        file.write('\n[x]\nkinds = ["private"]\ntitle = {en = "x", nl = "x"}\nwhere = "only-here"\n')
    with pytest.raises(rights.RightsError, match=r"\[x\] leads to the form 'only-here', which is off"):
        new_app_unshared(copied)


def test_nobody(app: Flask, client: HouseClient) -> None:
    """A stranger gets the sign-in form, or nothing; a form they send changes nothing and leads to it, which says so."""
    before = [rows(database(app), table) for table in WATCHED]
    for endpoint, method, address in personal_rules(app):
        start = f"/en/self-service/{endpoint.partition('.')[0].replace('_', '-')}"
        answer = client.open(address, method=method)
        if endpoint.endswith(".start"):
            assert (200, True) == (answer.status_code, 'name="password"' in answer.text)
        else:
            said = "?unsent=1" if method == "POST" else ""
            assert (303, start + said) == (answer.status_code, answer.headers["Location"]), endpoint
        part = client.open(address, method=method, headers={"HX-Request": "true"})
        by_itself = endpoint.endswith((".mine", ".progress"))
        assert part.status_code == (204 if by_itself else 200 if endpoint.endswith(".start") else 303)
    assert before == [rows(database(app), table) for table in WATCHED]


@pytest.mark.parametrize("role", [role for role in ROLES if role != "nobody"])
def test_signed_in(app: Flask, role: str) -> None:
    """Each role opens and sends what its kind of use may, and gets 403 and no change for the rest. What no page of
    theirs has a button for, such as undoing what is not there, is 409.
    """
    for endpoint, method, address in personal_rules(app):
        client = as_role(app, role)
        data = {"about": client.about_of(address)} if method == "POST" else None
        before = {table: rows(database(app), table) for table in WATCHED}
        headers = {"HX-Request": "true"} if endpoint.endswith(".mine") else {}
        answer = client.open(address, method=method, data=data, headers=headers)
        if endpoint.endswith(".progress") and answer.status_code == 303:
            # What a page asks for by itself leads to the page.
            answer = client.get(answer.headers["Location"])
        may = KIND[role] in kinds_of(app, endpoint)
        refused = b"For this you log in with" in answer.data
        assert (may, not refused) == (answer.status_code in (200, 303, 409, 422) and not refused, may), endpoint
        if not may:
            assert before == {table: rows(database(app), table) for table in WATCHED}


def changes(client: HouseClient, device: str, order: str) -> list[Any]:
    """Everything that can be changed, each time naming another's object where there is one to name."""
    base = "/en/self-service"
    theirs = {"person_id": "3", "organisation_id": "2", "access_code_id": "3", "id": "1"}
    code = {"code": "3", **theirs}
    return [
        client.send(f"{base}/direct-debit", {"iban": "NL91ABNA0417164300", "holder": "J", "mandate": "yes", **theirs}),
        client.send(f"{base}/direct-debit/undo", theirs),
        client.send(f"{base}/direct-debit/end", theirs),
        client.send(f"{base}/digital-invoices", {"email": "a@b.example", **theirs}),
        *(client.send(f"{base}/digital-invoices/{step}", theirs) for step in ("again", "cancel", "paper")),
        client.send(f"{base}/devices/end", {"device": device, **theirs}),
        client.send(f"{base}/devices/end", theirs),
        client.send(f"{base}/orders/again", {"number": order, **theirs}),
        client.send(f"{base}/orders/main", theirs),
        *(client.send(f"{base}/organisation-codes/{each}", code) for each in ("withdraw", "hand-over", "accept")),
    ]


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("nobody", "other person")])
def test_others_objects(app: Flask, role: str) -> None:
    """Nothing that one sends changes anything of another person in another organisation, or ends their session."""
    other, client = as_role(app, "other person"), as_role(app, role)
    other.send("/en/self-service/direct-debit", {"iban": "NL02ABNA0123456789", "holder": "O", "mandate": "yes"})
    other.send("/en/self-service/digital-invoices", {"email": "o@b.example"})
    session = rows(database(app), "sessions")[0]
    mandate = rows(database(app), "mandates")[0]
    theirs = database(app).read().execute("SELECT * FROM organisations WHERE id = 2").fetchone()
    waiting = rows(database(app), "invoice_addresses")
    changes(client, session["public_id"], buy(app, OTHER))
    now = database(app).read().execute("SELECT * FROM organisations WHERE id = 2").fetchone()
    assert [] == rows(database(app), "order_redeliveries")
    assert waiting == [row for row in rows(database(app), "invoice_addresses") if row["organisation_id"] == 2]
    assert (session, mandate, tuple(theirs)) == (
        rows(database(app), "sessions")[0],
        rows(database(app), "mandates")[0],
        tuple(now),
    )


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("nobody", "other person")])
def test_anothers_is_as_nobodys(app: Flask, role: str) -> None:
    """The answer for another's object is, byte for byte, the answer for one that is not there."""
    as_role(app, "other person")
    client = as_role(app, role)
    real = rows(database(app), "sessions")[0]["public_id"]
    order, base = buy(app, OTHER, number="T000000A"), "/en/self-service"
    for theirs, nobodys in (
        [client.send(f"{base}/devices/end", {"device": device}) for device in (real, "f" * 16)],
        [client.send(f"{base}/orders/again", {"number": number}) for number in (order, "T000000B")],
        [client.get(f"{base}/orders/again?number={number}") for number in (order, "T000000B")],
        [client.get(f"{base}/orders/problem?number={number}") for number in (order, "T000000B")],
        [client.get(f"{base}/orders.json?words={number}") for number in (order, "T000000B")],
        *(
            [client.open(f"{base}/organisation-codes/{step}?code={code}", method=method) for code in ("3", "99")]
            for step in ("withdraw", "hand-over")
            for method in ("GET", "POST")
        ),
    ):
        kept = [(each.status_code, each.data, sorted(each.headers.items())) for each in (theirs, nobodys)]
        # The language switch repeats what was asked.
        assert _without(kept[0], "T000000A") == _without(kept[1], "T000000B")


def _without(answer: tuple[int, bytes, list[tuple[str, str]]], number: str) -> tuple[int, bytes, list[Any]]:
    return answer[0], answer[1].replace(number.encode(), b""), answer[2]


def test_roles_see_their_own(app: Flask) -> None:
    """Each page of `my` shows its own person and organisation, and nobody else's."""
    pages = {role: as_role(app, role).get("/en/self-service/my").text for role in ROLES if role != "nobody"}
    names = {"private": "Sjoerd", "business": "Amira", "business main": "Jip", "other person": "Thijs"}
    # Their own log-in, and no access code of theirs.
    assert [True, False] == [text in pages["account"] for text in ("<dd>Jip ", "Access code</dt>")]
    for role, page in pages.items() - {("account", pages["account"])}:
        assert [role] == [each for each, name in names.items() if f"<dd>{name} " in page]
    assert [True, False] == ["Yes: with this code" in pages[role] for role in ("business main", "business")]

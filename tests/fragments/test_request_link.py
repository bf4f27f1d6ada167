"""The link in the mail about a request for an access code: nothing of value without it, and what it does then."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock, mailer
from selfservice.accounts import sessions
from selfservice.demo import accounts, requests
from selfservice.i18n.languages import LANGUAGES
from selfservice.requests import review, self_service
from tests.access_code_helpers import PERSON, AccessCodeForm, change, made, rows, services
from tests.clients import HTMX_HEADERS, HouseClient, leads_to
from tests.domain_helpers import filled
from tests.live_server import wait_until
from tests.password_form_helpers import PasswordForm, value_of
from tests.password_form_page import GOOD
from tests.sign_in_helpers import ADDRESS, MAIN, OTHER, PASSWORD, PRIVATE, browser, person_id, prepare, sign_in
from tests.sign_in_helpers import waiting_mails as waiting

VICTIM = accounts.email(MAIN)
EMAIL = PERSON["email"]
OLD_IBAN, MASKED = "NL02ABNA0123456789", "NL91 •••• 4300"


def ask(app: Flask, email: str = EMAIL, kind: str = "private", **changes: str) -> str:
    """Make a request in a browser of its own; its reference as people read it."""
    other = AccessCodeForm(browser(app))
    other.fill_in(kind, email=email, **changes)
    other.send("check")
    return other.reference()


def debit(app: Flask, email: str = EMAIL) -> str:
    """Make a private request that is to be paid by direct debit."""
    return ask(app, email, payment_method="direct_debit")


def mailed(app: Flask, kind: str) -> list[str]:
    """The texts of the mails of a kind that wait, in order."""
    return [
        mailer.render_mail(services(app), row["kind"], row["language"], filled(row))[1]
        for row in rows(app, "outbox")
        if row["kind"] == kind and row["state"] == "waiting"
    ]


def link(app: Flask, kind: str = "access_code.received", number: int = -1) -> str:
    """The path of the link in the newest mail of a kind."""
    found = re.findall(r"http://127\.0\.0\.1:8000(/\S+/link/[^\s)]+)", mailed(app, kind)[number])
    return str(found[0])


def work(app: Flask) -> None:
    """Let the mail worker run until it has nothing more to do."""
    worker, stop = mailer.mail_worker(services(app), mailer.mail_transport(services(app))), threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: not [row for row in rows(app, "outbox") if row["state"] in ("waiting", "leased")])
    finally:
        stop.set()
        thread.join()


def worth(app: Flask, person: int) -> list[Any]:
    """What somebody has that is worth something: how they pay, their mandates, codes and password."""
    return [
        next(row for row in rows(app, "people") if row["id"] == person)["payment_method"],
        *([{**row, "reminded_at": None} for row in rows(app, table) if row["person_id"] == person] for table in
          ("mandates", "access_codes", "passwords")),
    ]  # fmt: skip


@dataclass
class Owner:
    """Who has the mail about a request, in a browser of their own."""

    client: HouseClient
    lang: str = "en"
    htmx: bool = False

    @property
    def place(self) -> str:
        """Where the link leads."""
        return f"/{self.lang}/self-service/access-code/confirm"

    def follow(self, where: str) -> TestResponse:
        """Follow the link, and see where it leads."""
        answer = self.client.get(where)
        assert 303 == answer.status_code
        return self.client.follow(answer)

    def see(self) -> TestResponse:
        """Look at the page behind the link."""
        return self.client.get(self.place, headers=HTMX_HEADERS if self.htmx else {})

    def confirm(self, page: str | None = None, **typed: str) -> TestResponse:
        """Send the form of a page, or of the page as it is now."""
        data = typed if page is None else {"about": value_of(page, "about"), **typed}
        return self.client.send(self.place, data, htmx=self.htmx)

    def forget(self, page: str | None = None) -> TestResponse:
        """Ask for a link to choose a new password, from a page or from the page as it is now."""
        data = {} if page is None else {"about": value_of(page, "about")}
        return self.client.send(f"{self.place}/forgotten", data, htmx=self.htmx)

    def goes(self, page: str | None = None, **typed: str) -> str:
        """Send the form; where it leads."""
        answer = self.confirm(page, **typed)
        assert leads_to(answer), answer.text
        return leads_to(answer).removeprefix(f"/{self.lang}/self-service/access-code/")


@pytest.fixture(params=[("en", False), ("nl", True)], ids=["en-page", "nl-htmx"])
def owner(request: pytest.FixtureRequest, client: HouseClient) -> Owner:
    """The owner in each language, with and without htmx."""
    lang, htmx = request.param
    return Owner(client, lang, htmx=htmx)


@pytest.fixture
def one(client: HouseClient) -> Owner:
    """The owner, for what does not depend on language or scripts."""
    return Owner(client)


def add_mandate(app: Flask, person: int) -> None:
    """Let somebody have agreed to direct debit before."""
    change(
        app,
        """INSERT INTO mandates (person_id, iban, holder, agreed_at, effective_on)
           VALUES (?, ?, 'Own', '2026-01-02T10:00:00.000000Z', '2026-01-05')""",
        person,
        OLD_IBAN,
    )


def test_typing_an_address_settles_nothing(app: Flask) -> None:
    """A stranger's private request with the address of somebody who has a password and an open mandate changes nothing
    of theirs, however long the worker works.
    """
    prepare(app)
    victim = person_id(app, MAIN)
    add_mandate(app, victim)
    before = worth(app, victim)
    debit(app, VICTIM)
    work(app)
    assert before == worth(app, victim)
    assert ("received", None) == (made(app, VICTIM)[0]["state"], made(app, VICTIM)[0]["access_code_id"])


def test_first_password(owner: Owner, app: Flask) -> None:
    """Who has no password yet chooses one behind the link, and only then has a way to pay, a mandate and a code: each
    told by mail.
    """
    debit(app)
    page = owner.follow(link(app)).text
    before = [made(app)[0]["state"], rows(app, "mandates")]
    assert [True] * 3 == [part in page for part in (MASKED, "van &#39;t Veld", 'name="new_password"')]
    assert [False] * 2 == [part in page for part in ("ABNA", 'name="password"')]
    assert "confirmed" == owner.goes(new_password=GOOD)
    [request], [mandate] = made(app), rows(app, "mandates")
    person = request["person_id"]
    assert (["received", []], "sent", "NL91ABNA0417164300", person, True) == (
        before, request["state"], mandate["iban"], mandate["person_id"], request["iban"] is None,
    )  # fmt: skip
    assert "direct_debit" == next(row["payment_method"] for row in rows(app, "people") if row["id"] == person)
    assert [("access_code.received", EMAIL), ("direct_debit.agreed", EMAIL), ("access_code.code", EMAIL)] == [
        one for one in waiting(app) if one[1] == EMAIL
    ]
    done = owner.client.get(f"/{owner.lang}/self-service/access-code/confirmed")
    assert (200, True) == (done.status_code, MASKED in done.text)
    code = re.search(r"(?:[2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}", mailed(app, "access_code.code")[-1])
    assert code
    assert 303 == browser(app).send(ADDRESS, {"access_code": code[0], "password": GOOD}).status_code


def test_known_password(owner: Owner, app: Flask) -> None:
    """Who has a password fills that in, with one hash; a wrong one keeps the page and changes nothing."""
    hasher = prepare(app)
    victim = person_id(app, MAIN)
    add_mandate(app, victim)
    debit(app, VICTIM)
    page = owner.follow(link(app)).text
    assert (True, True, False) == (MASKED in page, 'name="password"' in page, 'name="new_password"' in page)
    before, calls = worth(app, victim), hasher.calls
    wrong = owner.confirm(password="not this one at all")
    assert (422, True, before, calls + 1) == (
        wrong.status_code, 'id="access-code-password-error"' in wrong.text, worth(app, victim), hasher.calls,
    )  # fmt: skip
    assert ("confirmed", calls + 2) == (owner.goes(password=PASSWORD), hasher.calls)
    old, new = rows(app, "mandates")
    assert (True, "NL91ABNA0417164300", None, "sent") == (
        old["ended_at"] is not None, new["iban"], new["ended_at"], made(app, VICTIM)[0]["state"],
    )  # fmt: skip
    assert ("direct_debit.agreed", VICTIM) in waiting(app)


@pytest.mark.parametrize("typed", ["", "x" * 2000])
def test_no_password_is_not_hashed(one: Owner, app: Flask, typed: str) -> None:
    """Nothing, and what no password can be, is told at the field; nothing is hashed or counted for it."""
    hasher = prepare(app)
    ask(app, VICTIM)
    one.follow(link(app))
    assert (422, 0, []) == (one.confirm(password=typed).status_code, hasher.calls, rows(app, "failures"))


@pytest.mark.parametrize("typed", ["short", "welkom welkom welkom", "oona van 't veld 2026"])
def test_weak_first_password(one: Owner, app: Flask, typed: str) -> None:
    """A first password has to be as good as any other; until then nothing is settled."""
    ask(app)
    one.follow(link(app))
    answer = one.confirm(new_password=typed)
    assert (422, True, "received") == (
        answer.status_code, 'id="access-code-new_password-error"' in answer.text, made(app)[0]["state"],
    )  # fmt: skip


def test_wrong_passwords_wait(owner: Owner, app: Flask) -> None:
    """As when logging in: after three wrong ones there is a wait, also for the right one, which works after it."""
    hasher = prepare(app)
    ask(app, VICTIM)
    owner.follow(link(app))
    tried = [owner.confirm(password=f"not this one {number}").status_code for number in range(4)]
    calls = hasher.calls
    refused = owner.confirm(password=PASSWORD)
    assert ([422] * 4, 429, True, calls) == (
        tried, refused.status_code, 0 < int(refused.headers["Retry-After"]) <= 30, hasher.calls,
    )  # fmt: skip
    assert ("received", 200) == (made(app, VICTIM)[0]["state"], owner.see().status_code)
    change(app, "UPDATE failures SET free_at = 0")
    assert "confirmed" == owner.goes(password=PASSWORD)
    assert [] == rows(app, "failures")


def test_looking_changes_nothing(owner: Owner, app: Flask) -> None:
    """Following the link, as mail scanners do, and looking at the page any number of times uses nothing up."""
    debit(app)
    where = link(app)
    for _ in range(3):
        assert 200 == owner.follow(where).status_code
        assert 200 == owner.see().status_code
    assert ("received", [], None) == (
        made(app)[0]["state"], rows(app, "mandates"), rows(app, "tokens")[-1]["used_at"],
    )  # fmt: skip
    assert "confirmed" == owner.goes(new_password=GOOD)


def test_the_token_leaves_the_address(one: Owner, app: Flask) -> None:
    """A link that works and one that nobody mailed lead to an address without the token; only the first leaves a
    cookie.
    """
    ask(app)
    answers = [browser(app).get(where) for where in (link(app), "/en/self-service/access-code/link/" + "x" * 43)]
    places = [one.place, "/en/self-service/access-code/expired"]
    assert [(303, place) for place in places] == [(each.status_code, leads_to(each)) for each in answers]
    assert [True, False] == ["Set-Cookie" in each.headers for each in answers]
    assert link(app).rpartition("/")[2] not in str(rows(app, "drafts"))


def test_a_link_of_nobody(one: Owner, app: Flask) -> None:
    """What was never mailed, or is no longer known, gets a page of its own, not that of a link opened before."""
    ask(app)
    one.follow(link(app))
    answers = [one.follow("/en/self-service/access-code/link/" + "x" * 43)]
    one.follow(link(app))
    one.goes(new_password=GOOD)
    answers.append(one.follow("/en/self-service/access-code/link/" + "x" * 43))
    assert [(410, True)] * 2 == [(each.status_code, "Open the link once more" in each.text) for each in answers]


def test_a_link_that_the_browser_forgot(one: Owner, app: Flask) -> None:
    """Who sends the page behind a link when the cookie is gone hears nothing untrue of it: the link still works."""
    ask(app)
    page = one.follow(link(app)).text
    one.client.delete_cookie("loket", domain="127.0.0.1")
    answer = one.confirm(page, new_password=GOOD)
    assert (410, True, False) == (
        answer.status_code, "Open the link once more" in answer.text, "This link is older" in answer.text
    )  # fmt: skip
    assert "confirmed" == one.goes(one.follow(link(app)).text, new_password=GOOD)


def test_without_cookies(app: Flask) -> None:
    """Where cookies are blocked a link that works says that one is needed, not that it was used."""
    ask(app)
    for _ in range(2):
        other = app.test_client(use_cookies=False)
        page = other.get(other.get(link(app)).headers["Location"])
        assert (200, True, False, False) == (
            page.status_code,
            "Your browser keeps no cookie of ours" in page.text,
            "used already" in page.text,
            "does not work" in page.text,
        )


def test_used_link_without_cookies(one: Owner, app: Flask) -> None:
    """Nor does that page say of a link that was used that it works."""
    ask(app)
    one.follow(link(app))
    one.goes(new_password=GOOD)
    other = app.test_client(use_cookies=False)
    page = other.get(other.get(link(app)).headers["Location"]).text
    assert (True, False) == ("Your browser keeps no cookie of ours" in page, "still works" in page)


def test_sent_twice(one: Owner, app: Flask) -> None:
    """A double click without a script, going back and sending again, and the link once more say what the first did."""
    ask(app)
    where = link(app)
    page = one.follow(where).text
    assert ["confirmed"] * 2 == [one.goes(page, new_password=GOOD) for _ in range(2)]
    assert [303, 303] == [one.see().status_code, one.client.get(where).status_code]
    assert 1 == len([row for row in rows(app, "access_codes") if row["person_id"] == made(app)[0]["person_id"]])


def test_two_tabs(one: Owner, app: Flask) -> None:
    """A page settles the request that it shows, not that of a link opened later in another tab."""
    ask(app)
    debit(app)
    first = one.follow(link(app, number=0)).text
    second = one.follow(link(app, number=1)).text
    answer = one.confirm(first, new_password=GOOD)
    assert (409, True, ["received"] * 2) == (
        answer.status_code, MASKED in answer.text, [row["state"] for row in made(app)],
    )  # fmt: skip
    assert "confirmed" == one.goes(second, new_password=GOOD)
    assert ["duplicate", "sent"] == [row["state"] for row in made(app)]


def test_used_elsewhere(app: Flask) -> None:
    """The link works in a browser that was never here; once it was used there, another says so in true words."""
    ask(app)
    where = link(app)
    here, there = Owner(browser(app)), Owner(browser(app))
    page = here.follow(where).text
    there.follow(where)
    there.goes(new_password=GOOD)
    late = here.confirm(page, new_password=GOOD + " more")
    again = Owner(browser(app)).follow(where)
    assert [(410, True)] * 2 == [(each.status_code, "was used already" in each.text) for each in (late, again)]
    assert 1 == len([row for row in rows(app, "access_codes") if row["person_id"] == made(app)[0]["person_id"]])


def test_password_chosen_meanwhile(one: Owner, app: Flask) -> None:
    """Who got a password by another link after the page was shown is asked for that; it is not replaced."""
    prepare(app)
    ask(app)
    page = one.follow(link(app)).text
    ask(app, kind="business")
    other = Owner(browser(app))
    other.follow(link(app))
    other.goes(new_password=GOOD)
    answer = one.confirm(page, new_password="four other words that are new")
    assert (409, True) == (answer.status_code, 'name="password"' in answer.text)
    assert "confirmed" == one.goes(password=GOOD)


def test_withdrawn(app: Flask, client: HouseClient) -> None:
    """Withdrawing a request ends its link: no password is chosen with it, and no code promised."""
    reference = ask(app)
    where = link(app)
    status = AccessCodeForm(browser(app), "request-status")
    status.send(reference=reference, email=EMAIL)
    status.send("withdraw")
    answer = client.follow(client.get(where))
    assert (410, False) == (answer.status_code, 'type="password"' in answer.text)
    assert [] == [row for row in rows(app, "passwords") if row["person_id"] == made(app)[0]["person_id"]]
    assert "This request was withdrawn" in answer.text


@pytest.mark.parametrize("kind", ["private", "business"])
def test_withdrawn_while_the_page_is_open(app: Flask, kind: str) -> None:
    """What is sent after the request was withdrawn does nothing, and says why."""
    reference = ask(app, kind=kind)
    own = Owner(browser(app))
    page = own.follow(link(app)).text
    status = AccessCodeForm(browser(app), "request-status")
    status.send(reference=reference, email=EMAIL)
    status.send("withdraw")
    answer = own.confirm(page, new_password=GOOD)
    assert (410, True, "withdrawn") == (
        answer.status_code, "This request was withdrawn" in answer.text, made(app)[0]["state"],
    )  # fmt: skip
    assert [] == [row for row in rows(app, "passwords") if row["person_id"] == made(app)[0]["person_id"]]


def test_lapsed(one: Owner, app: Flask) -> None:
    """A link that is too old says how long one works, and where to ask again."""
    ask(app)
    where = link(app)
    change(app, "UPDATE tokens SET expires_at = '2026-01-01T00:00:00.000000Z'")
    answer = one.follow(where)
    assert (410, True, True) == (
        answer.status_code, "24 hours" in answer.text, 'href="/en/self-service/access-code"' in answer.text,
    )  # fmt: skip


@pytest.mark.parametrize("email", ["nobody@example.org", accounts.email(MAIN), accounts.email(PRIVATE)])
def test_without_a_link(one: Owner, app: Flask, email: str) -> None:
    """Without a link there is nothing to confirm, whoever's address a request has; one that opens nothing has none."""
    ask(app, email)
    assert [410] * 2 == [one.see().status_code, one.confirm(new_password=GOOD).status_code]
    assert 303 == one.client.get("/en/self-service/access-code/confirmed").status_code


def test_already(app: Flask) -> None:
    """Who has a private code hears so by mail, and there is no link in it: there is nothing to confirm."""
    ask(app, accounts.email(PRIVATE))
    assert (1, []) == (len(mailed(app, "access_code.already")), mailed(app, "access_code.received"))
    assert "/link/" not in mailed(app, "access_code.already")[0]


def test_business_link(owner: Owner, app: Flask) -> None:
    """The link of a request for an organisation lets a new person choose a password, and settles nothing: staff do."""
    ask(app, kind="business")
    page = owner.follow(link(app)).text
    assert (True, True) == ("Bakkerij De Gouden Korst" in page, MASKED in page)
    assert "confirmed" == owner.goes(new_password=GOOD)
    [request] = made(app)
    assert ("received", True, []) == (request["state"], request["confirmed_at"] is not None, rows(app, "mandates"))
    assert [] == [row for row in rows(app, "access_codes") if row["person_id"] == request["person_id"]]


def test_approved_before_the_password(one: Owner, app: Flask) -> None:
    """A request for an organisation that was approved first still leads to a password."""
    reference = ask(app, kind="business")
    with services(app).db.write() as conn:
        review.approve(conn, services(app).context, reference, "Kim Voorbeeld", clock.now())
    one.follow(link(app))
    assert "confirmed" == one.goes(new_password=GOOD)
    assert ("replacement_password.changed", EMAIL) in waiting(app)


def test_pays_as_before(one: Owner, app: Flask) -> None:
    """Who pays by direct debit already and asks with credit sees that it stays so, and it does."""
    prepare(app)
    victim = person_id(app, MAIN)
    add_mandate(app, victim)
    ask(app, VICTIM)
    assert "Direct debit" in one.follow(link(app)).text
    one.goes(password=PASSWORD)
    assert [None] == [row["ended_at"] for row in rows(app, "mandates")]


def test_forgotten_with_a_code(one: Owner, app: Flask) -> None:
    """Who has a code is led to the form for a replacement password; a link is not mailed past that."""
    prepare(app)
    ask(app, VICTIM)
    page = one.follow(link(app)).text
    assert (True, False) == ('href="/en/self-service/replacement-password"' in page, "/forgotten" in page)
    one.client.send(f"{one.place}/forgotten", {})
    assert [] == mailed(app, "replacement_password.link")


def test_forgotten_without_a_code(owner: Owner, app: Flask) -> None:
    """Who has a password but no code any more gets a link for a new one, for an hour, and then confirms with that."""
    prepare(app)
    change(app, "UPDATE access_codes SET revoked_at = '2026-11-01T00:00:00.000000Z' WHERE person_id = ?",
           person_id(app, MAIN))  # fmt: skip
    ask(app, VICTIM)
    owner.follow(link(app))
    answer = owner.forget()
    assert (303, owner.place) == (answer.status_code, answer.headers["Location"])
    assert 'class="notice good"' in owner.see().text
    token = next(row for row in rows(app, "tokens")[::-1] if row["kind"] == "password")
    assert 3600 == (clock.from_text(token["expires_at"]) - clock.from_text(token["created_at"])).total_seconds()
    owner.client.get(link(app, "replacement_password.link"))
    PasswordForm(owner.client, owner.lang).choose(GOOD)
    assert "received" == made(app, VICTIM)[0]["state"]
    assert "confirmed" == owner.goes(password=GOOD)


def test_forgotten_too_often(owner: Owner, app: Flask) -> None:
    """Only so many of those mails go to one person; then a wait."""
    prepare(app)
    change(app, "UPDATE access_codes SET revoked_at = '2026-11-01T00:00:00.000000Z' WHERE person_id = ?",
           person_id(app, MAIN))  # fmt: skip
    ask(app, VICTIM)
    owner.follow(link(app))
    assert [303, 303, 303, 429] == [owner.forget().status_code for _ in range(4)]


def test_forgotten_makes_no_queue(one: Owner, app: Flask) -> None:
    """Over what may go to an address in a day only the newest of those mails waits, so that asking again and again
    does not hold up the mails that follow, such as the code's.
    """
    prepare(app)
    change(app, "UPDATE access_codes SET revoked_at = '2026-11-01T00:00:00.000000Z' WHERE person_id = ?",
           person_id(app, MAIN))  # fmt: skip
    ask(app, VICTIM)
    one.follow(link(app))
    for _ in range(13):
        change(app, "DELETE FROM limits")
        assert 303 == one.forget().status_code
    found = [row["next_at"] > clock.to_text(clock.now()) for row in rows(app, "outbox")
             if row["kind"] == "replacement_password.link"]  # fmt: skip
    assert [False] * 10 + [True] == found


def test_forgotten_in_another_tab(owner: Owner, app: Flask) -> None:
    """A page asks for a new password for whom it showed, not for whose link was opened in another tab since."""
    prepare(app)
    change(app, "UPDATE access_codes SET revoked_at = '2026-11-01T00:00:00.000000Z'")
    pages = []
    for email in (VICTIM, accounts.email(OTHER)):
        ask(app, email)
        owner.follow(link(app))
        pages.append(owner.see().text)
    answer = owner.forget(pages[0])
    assert (409, []) == (answer.status_code, mailed(app, "replacement_password.link"))
    assert 303 == owner.forget(answer.text).status_code


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
def test_others_keep_nobody_out(app: Flask, *, htmx: bool) -> None:
    """Others who made as many requests with an address as there may be refuse and delay its owner nothing: who opens
    the link in one of the mails about them sends a request of their own at once, as the refusal says; others do not.
    """
    for _ in range(6):
        ask(app)
    own = AccessCodeForm(browser(app), htmx=htmx)
    own.fill_in("private")
    refused = own.send("check")
    assert (429, True) == (refused.status_code, "you do not have to wait" in refused.text)
    Owner(own.client).follow(link(app))
    assert "done" == own.goes("check")
    last = rows(app, "outbox")[-1]
    assert ("access_code.received", True) == (last["kind"], last["next_at"] <= clock.to_text(clock.now()))
    # The link proves its own address alone.
    own = AccessCodeForm(own.client)
    for _ in range(6):
        ask(app, "another@example.org")
    own.fill_in("private", email="another@example.org")
    assert 429 == own.send("check").status_code


def test_requests_keep_no_lost_code_from_its_owner(app: Flask) -> None:
    """Who made as many requests with an address as there may be does not keep its owner from replacing a lost code."""
    for _ in range(6):
        ask(app, VICTIM)
    lost = AccessCodeForm(browser(app), "lost-access-code")
    assert "sent" == lost.goes(email=VICTIM, kvk_number="")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_switch(app: Flask, lang: str) -> None:
    """Each state says what its address is, and is there in the other language too."""
    ask(app)
    own = Owner(browser(app), lang, htmx=True)
    own.follow(link(app))
    other = {"en": "nl", "nl": "en"}[lang]
    assert f'data-switch="/{lang}/self-service/access-code/confirm"' in own.see().text
    assert 200 == own.client.get(f"/{other}/self-service/access-code/confirm").status_code
    own.goes(new_password=GOOD)
    done = own.client.get(f"/{lang}/self-service/access-code/confirmed", headers=HTMX_HEADERS)
    assert f'data-switch="/{lang}/self-service/access-code/confirmed"' in done.text


def test_same_for_all(app: Flask, statements: list[str]) -> None:
    """Nobody, somebody with a password, with a code for an organisation, with a private code: a request with their
    address costs the same statements and no hash, and gets the same answers.
    """
    hasher = prepare(app)
    password_only = accounts.email(OTHER)
    change(app, "UPDATE access_codes SET revoked_at = '2026-11-01T00:00:00.000000Z' WHERE person_id = ?",
           person_id(app, OTHER))  # fmt: skip
    seen = []
    for email in ("nobody@example.org", password_only, VICTIM, accounts.email(PRIVATE)):
        other = AccessCodeForm(browser(app))
        other.fill_in(email=email)
        statements.clear()
        sent = other.send("check")
        ran = [re.sub(r"'(?:[^']|'')*'|NULL|\d+", "?", one) for one in statements]
        done = re.sub(r"[2-9A-Y]{4}-[2-9A-Y]{4}|\S•••\S+|/link/\w+", "•", other.see("done").text)
        seen.append((sent.status_code, sent.data, ran, done, hasher.calls))
    assert seen[0] == seen[1] == seen[2] == seen[3]


def test_mail_of_an_older_version(app: Flask) -> None:
    """A link that an older version mailed led to the form for a password: from there it comes to its request."""
    ask(app)
    old = link(app).replace("access-code", "replacement-password")
    answer = browser(app).get(old)
    assert (303, link(app)) == (answer.status_code, answer.headers["Location"])


def test_never_came_ends_no_other_session(app: Flask) -> None:
    """Saying that a code never came leaves its owner's sessions with other codes alone."""
    prepare(app)
    number = requests.NOT_RECEIVED[1]
    [request] = made(app, requests.email(number))
    other = browser(app)
    sign_in(other, PRIVATE)
    # The same person, with another code.
    change(app, "UPDATE access_codes SET person_id = ? WHERE id = ?", request["person_id"],
           rows(app, "sessions")[0]["access_code_id"])  # fmt: skip
    change(app, "UPDATE sessions SET person_id = ?", request["person_id"])
    with services(app).db.write() as conn:
        sessions.start(conn, request["person_id"], request["access_code_id"], "theirs", clock.now(), "")
        done = self_service.report_not_received(
            conn, services(app).context, request["reference"], request["email"], "", clock.now()
        )
    ended = [row["ended_at"] is not None for row in rows(app, "sessions")]
    assert ("ok", [False, True]) == (done, ended)

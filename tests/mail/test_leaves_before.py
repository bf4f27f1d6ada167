"""A mail that waits for its turn under a cap: every page that promises it says before when it leaves, until it left."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from selfservice import clock
from selfservice.demo import accounts
from selfservice.mail import outbox
from selfservice.values.email import email_key
from tests.access_code_helpers import AccessCodeForm, change, made, services
from tests.clients import HouseClient
from tests.fragments.test_request_link import EMAIL, Owner, ask, link
from tests.password_form_page import GOOD
from tests.sign_in_helpers import PRIVATE, browser

WAITS = {
    "en": re.compile(r"we send this one later: before \d"),
    "nl": re.compile(r"sturen we deze e-mail later: vóór \d"),
}
SPAM = {"en": "spam folder", "nl": "map met spam"}


def use_up(app: Flask, email: str, *, earned: bool) -> None:
    """Have as many mails counted on this address as may leave in a day."""
    wired = services(app)
    with wired.db.write() as conn:
        for _ in range(10 if earned else 3):
            outbox.reserve_slot(conn, wired.context, clock.now(), limit_key=email_key(email), earned=earned)


def let_go(app: Flask) -> None:
    """Let what waits go now."""
    with services(app).db.write() as conn:
        outbox.send_waiting_now(conn, clock.now())


def says(text: str, lang: str) -> tuple[bool, bool]:
    """Whether a page says that the mail waits, and where to look for one that has left."""
    return bool(WAITS[lang].search(text)), SPAM[lang] in text or "onderweg" in text or "on its way" in text


@pytest.mark.parametrize(("lang", "htmx"), [("en", False), ("nl", True)])
def test_confirmed(app: Flask, client: HouseClient, lang: str, htmx: bool) -> None:
    """The code of a request that was just confirmed, on that page and where one sees how far the request is."""
    owner = Owner(client, lang, htmx=htmx)
    reference = ask(app)
    use_up(app, EMAIL, earned=True)
    owner.follow(link(app).replace("/en/", f"/{owner.lang}/"))
    assert "confirmed" == owner.goes(new_password=GOOD)
    status = AccessCodeForm(browser(app), "request-status", owner.lang)
    status.send(reference=reference, email=EMAIL)

    def pages() -> list[tuple[bool, bool]]:
        done = owner.client.get(f"/{owner.lang}/self-service/access-code/confirmed")
        return [says(page.text, owner.lang) for page in (done, status.see("status"))]

    assert [(True, False)] * 2 == pages()
    let_go(app)
    assert [(False, True)] * 2 == pages()


def test_sent_is_no_step_before_it_left(client: HouseClient, app: Flask) -> None:
    """While the code waits for its turn, nothing says that it was sent."""
    one = Owner(client)
    reference = ask(app)
    use_up(app, EMAIL, earned=True)
    one.follow(link(app))
    one.goes(new_password=GOOD)
    status = AccessCodeForm(browser(app), "request-status")
    status.send(reference=reference, email=EMAIL)
    assert ("Your code comes by e-mail", 0) == (
        re.search(r"<h2[^>]*>(.*?)</h2>", status.see("status").text, re.DOTALL)[1].strip(),  # type: ignore[index]
        len(re.findall("[Ss]ent by e-mail|We sent the code to", status.see("status").text)),
    )
    let_go(app)
    assert 3 == len(re.findall("[Ss]ent by e-mail", status.see("status").text.partition("<main")[2]))


@pytest.mark.parametrize("email", [EMAIL, accounts.email(PRIVATE)], ids=["unknown", "known"])
@pytest.mark.parametrize("kind", ["private", "business"])
def test_link(app: Flask, kind: str, email: str) -> None:
    """The first mail, where one sees how far the request is: the same for who has a code already."""
    use_up(app, email, earned=False)
    reference = ask(app, email, kind)
    status = AccessCodeForm(browser(app), "request-status")
    status.send(reference=reference, email=email)
    assert (True, False) == says(status.see("status").text, "en")
    change(app, "UPDATE requests SET link_until = created_at")
    assert not says(status.see("status").text, "en")[0]


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_lost_code(client: HouseClient, app: Flask, lang: str) -> None:
    """The code that replaces a lost one."""
    email = accounts.email(PRIVATE)
    own = AccessCodeForm(client, "lost-access-code", lang)
    own.send(email=email, need="private")
    use_up(app, email, earned=True)
    client.get(link(app, "lost_access_code.link"))
    assert "done" == own.goes("confirm")
    assert (True, False) == says(own.see("done").text, lang)
    let_go(app)
    assert (False, True) == says(own.see("done").text, lang)


def test_new_password_without_a_code(client: HouseClient, app: Flask) -> None:
    """Who chose a new password to confirm a request with is led back to it, not to a log-in that needs a code."""
    one = Owner(client)
    ask(app, kind="business")
    one.follow(link(app))
    one.goes(new_password=GOOD)
    ask(app)
    one.follow(link(app))
    one.client.send(f"{one.place}/forgotten", {"request": made(app)[-1]["reference"]})
    one.client.get(link(app, "replacement_password.link"))
    form = AccessCodeForm(one.client, "replacement-password")
    assert "done" == form.goes("new-password", new_password=GOOD + " more")
    page = form.see("done").text
    to_log_in = 'class="button" href="/en/self-service/sign-in"'
    assert (True, False) == ("You have no access code yet" in page, to_log_in in page)
    assert "confirm" == one.client.get(link(app)).headers["Location"].rpartition("/")[2]
    assert "confirmed" == one.goes(password=GOOD + " more")

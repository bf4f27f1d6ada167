"""What staff do on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from selfservice import clock, mailer
from selfservice.commands import cli
from selfservice.demo import accounts, requests
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.mail import verification
from selfservice.orders import api_keys
from selfservice.requests.review import REJECTION_REASONS, rejection_text
from selfservice.values.reference import reference_with_check_character
from selfservice.web.services import Services
from tests.domain_helpers import rows

Run = Callable[..., Result]
RECEIVED, CHECKING, WAITING, PRIVATE = 0, 2, 3, 10
KINDS = (
    "access_code.received", "access_code.already", "access_code.code", "access_code.rejected", "access_code.reminder",
    "access_code.expired", "access_code.revoked", "lost_access_code.link", "lost_access_code.replaced",
)  # fmt: skip


@pytest.fixture
def wired(app: Flask) -> Services:
    found: Services = app.extensions["services"]
    return found


@pytest.fixture
def run(app: Flask) -> Run:
    """Run `loket …` on this test's demonstration."""
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(cli.commands[words[0]], words[1:])


def reference(number: int) -> str:
    """The reference of a demo request as people type it."""
    return requests.reference(number).lower()


def state(wired: Services, number: int) -> str:
    """The state of a demo request now."""
    found = {row["reference"]: str(row["state"]) for row in rows(wired.db, "requests")}
    return found[requests.reference(number)]


def events(wired: Services) -> list[tuple[str, str]]:
    """What is in the event log, and with which result."""
    return [(row["what"], row["result"]) for row in rows(wired.db, "events")]


def test_list(run: Run) -> None:
    """Open requests are listed, oldest first, and those of one state when it is named."""
    all_, some = run("requests", "list").stdout.splitlines(), run("requests", "list", "--state", "rejected").stdout
    assert (5, True) == (len(all_), "approved" in all_[0])
    assert re.fullmatch(r"\w{4}-\w{4}  .*  rejected   letter  Teun Roodborst  \(.*\)\n", some)


def test_show(run: Run, wired: Services) -> None:
    """All that is needed to decide is shown, with its history; that it was looked at is in the log."""
    shown = run("requests", "show", reference(CHECKING)).stdout
    expected = ["Ravi Moonfield", "Studio Halve Maan, 00017429", "not confirmed", "direct debit", "checking"]
    assert ([], ("request.show", "ok")) == ([each for each in expected if each not in shown], events(wired)[-1])


def test_approve(run: Run, wired: Services) -> None:
    """Approving makes the letter ready, and says so."""
    result = run("requests", "approve", reference(RECEIVED), "--by", "Kim Voorbeeld")
    assert (0, "approved") == (result.exit_code, state(wired, RECEIVED))
    assert result.stdout.endswith("is approved, its letter waits to be printed\n")


def test_letter_that_cannot_be_printed(run: Run, wired: Services) -> None:
    """Of a name that no font has, let in by an earlier version, staff are told in the list and when they approve."""
    with wired.db.write() as conn:
        conn.execute(
            "UPDATE requests SET letter_lines = replace(letter_lines, 'Studio', '王小') WHERE reference = :reference",
            {"reference": requests.reference(CHECKING)},
        )
    listed = run("requests", "list").stdout
    assert 1 == listed.count("its letter cannot be made: our letters cannot print 王小")
    result = run("requests", "approve", reference(CHECKING), "--by", "Kim Voorbeeld")
    assert (1, True, "checking") == (result.exit_code, "cannot print 王小" in result.output, state(wired, CHECKING))


def test_check_and_reject(run: Run, wired: Services) -> None:
    """A request can be taken up, and rejected with a reason, which goes by mail."""
    run("requests", "check", reference(RECEIVED), "--by", "Kim")
    before = state(wired, RECEIVED)
    run("requests", "reject", reference(RECEIVED), "--by", "Kim", "--reason", "not_authorised")
    assert ("checking", "rejected") == (before, state(wired, RECEIVED))
    with using_language(rows(wired.db, "outbox")[-1]["language"]):
        assert rejection_text("not_authorised") == json.loads(rows(wired.db, "outbox")[-1]["payload"])["reason"]


def test_own_request(run: Run, wired: Services) -> None:
    """The one who asks cannot decide; it is refused in one line, and the try is in the log."""
    result = run("requests", "approve", reference(RECEIVED), "--by", "Sterrenveld, Bo")
    assert (1, True, "received") == (result.exit_code, "ask a colleague" in result.output, state(wired, RECEIVED))
    assert ("request.decide", "refused") == events(wired)[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("requests", "show", "K7RM-4X9T"), "no request has the reference"),
        (("requests", "approve", "K7RM-4X9T", "--by", "Kim"), "no request has the reference"),
        (("requests", "approve", requests.reference(PRIVATE), "--by", "Kim"), "is private and waits for its own"),
        (("requests", "approve", requests.reference(7), "--by", "Kim"), "is rejected, so this cannot be done"),
        (("codes", "revoke", "4000", "--by", "Kim"), "there is no active access code 4000"),
        (("codes", "main", "4000", "--by", "Kim"), "4000 is no active access code of an organisation"),
        (("members", "show", "nobody@loket.example"), "nobody has the e-mail address"),
    ],
)
def test_one_line(run: Run, words: tuple[str, ...], message: str) -> None:
    """What cannot be done is one line and exit status 1."""
    result = run(*words)
    assert (1, True, 1) == (result.exit_code, message in result.output, len(result.output.splitlines()))


def test_who_decides_is_asked(run: Run) -> None:
    """Nobody approves, rejects or revokes without a name."""
    tries = [("requests", "approve", "X"), ("requests", "reject", "X", "--reason", "unclear"), ("codes", "revoke", "1")]
    assert [2, 2, 2] == [run(*words).exit_code for words in tries]


@pytest.mark.parametrize("name", ["", "  ", "...", "Kim\nVoorbeeld"])
def test_a_name_is_a_name(run: Run, wired: Services, name: str) -> None:
    """What is no name stands in no log and decides nothing, and the answer asks for one."""
    before = (state(wired, RECEIVED), len(events(wired)))
    tries = [
        ("requests", "check", reference(RECEIVED)), ("requests", "approve", reference(RECEIVED)),
        ("requests", "reject", reference(RECEIVED), "--reason", "unclear"), ("codes", "revoke", "1"),
    ]  # fmt: skip
    done = [run(*words, "--by", name) for words in tries]
    assert [(2, True)] * 4 == [(each.exit_code, "first and last name, on one line" in each.output) for each in done]
    assert before == (state(wired, RECEIVED), len(events(wired)))


def test_revoke(run: Run, wired: Services) -> None:
    """A revoked code opens nothing, once; its owner is told."""
    first, second = run("codes", "revoke", "1", "--by", "Kim"), run("codes", "revoke", "1", "--by", "Kim")
    assert (0, 1) == (first.exit_code, second.exit_code)
    assert ("access_code.revoked", accounts.email(0)) == tuple(
        rows(wired.db, "outbox")[-1][n] for n in ("kind", "recipient")
    )


def test_main(run: Run, wired: Services) -> None:
    """The main code is given once: who has it cannot get it again."""
    first, second = run("codes", "main", "2", "--by", "Kim"), run("codes", "main", "2", "--by", "Kim")
    assert (0, 1) == (first.exit_code, second.exit_code)
    assert 2 == rows(wired.db, "organisations")[0]["main_person_id"]


def test_members_show(run: Run, wired: Services) -> None:
    """A person is shown with their codes and requests, without more of a code than its last symbols."""
    shown = run("members", "show", accounts.email(0).upper()).stdout
    expected = ["Jip van der Zonnestraal", "has no password yet", "code 1", "main code", accounts.code(0)[-3:]]
    assert ([], False) == ([each for each in expected if each not in shown], accounts.code(0) in shown)
    assert ("member.show", "ok") == events(wired)[-1]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("organisation", ["", "De Stille Drukker"])
@pytest.mark.parametrize("kind", KINDS)
def test_mails(app: Flask, wired: Services, kind: str, organisation: str, lang: str) -> None:
    """Each mail has a subject of one line, a greeting, links of ours that exist, and no hole in it."""
    payload = {
        "name": "Oona", "reference": "K7RM-4X9T", "organisation": organisation, "channel": "letter", "token": "TOKEN",
        "since": "25 November", "until": "27 November", "code": "ABCD-EFGH-JKLM-NPQR", "replaced": True,
        "reason": "Because.", "day": "20 January", "check_code": "K7RM4X9T",
    }  # fmt: skip
    with app.test_request_context():
        subject, text = mailer.render_mail(wired, kind, lang, payload)
    assert subject
    assert len(subject) < 70
    assert "Oona" in text
    paragraphs = re.split(r"\n\s*\n", text.strip())
    links = [each for each in paragraphs if "](" in each]
    ours = re.compile(r"\[[^\]]+\]\(http://127\.0\.0\.1:8000/" + lang + r"/[^)]+\)")
    assert ([], []) == (
        [each for each in paragraphs if len(each.splitlines()) != 1],
        [each for each in links if not ours.fullmatch(each)],
    )
    assert links
    # Where a code is to be used, for who has no password (a link to choose one works for a day), or lost it.
    is_to_log_in = kind in ("access_code.code", "access_code.reminder")
    assert [is_to_log_in] * 2 == [f"/{form})" in text for form in ("sign-in", "replacement-password")]
    assert (kind.endswith(("received", "link")), kind == "access_code.code") == ("TOKEN" in text, "ABCD-EFGH" in text)


@pytest.mark.parametrize("reason", REJECTION_REASONS)
def test_reasons(reason: str) -> None:
    """Each reason is a sentence in both languages."""
    for lang in LANGUAGES:
        with using_language(lang):
            assert rejection_text(reason).endswith(".")


def test_demo_has_every_state(wired: Services) -> None:
    """A demonstration has a request in each state, and an organisation of each sort."""
    assert 9 == len({row["state"] for row in rows(wired.db, "requests")})
    organisations, people = rows(wired.db, "organisations"), {row["email"] for row in rows(wired.db, "people")}
    assert (5, 4, True) == (
        sum(row["payment_method"] is not None for row in organisations),
        sum(row["postal_city"] is not None for row in organisations),
        sum(row["email"] in people for row in organisations) >= 5,
    )
    assert [] == [row["id"] for row in organisations if row["main_person_id"] is None]


def test_messages_show(run: Run, wired: Services) -> None:
    """Staff see what was sent under a message's code, to whom (masked); of a code we never gave they are told so."""
    with wired.db.write() as conn:
        code = verification.register(conn, "access_code.letter", "j•••@example.org", "nl", clock.now())
    found, nothing = run("messages", "show", f"{code.lower()}."), run("messages", "show", "2222-2222")
    assert (0, True) == (found.exit_code, found.output.startswith("access_code.letter, "))
    assert (True, 1) == ("j•••@example.org" in found.output, nothing.exit_code)


def test_messages_show_mistyped(run: Run) -> None:
    """A code with a mistake in it is told from one that we never gave, since the message with it may be ours; and what
    is a code of another kind is named as that.
    """
    never, reference_ = "482 193 175 224", reference_with_check_character("2222222")
    says = [run("messages", "show", code) for code in (never, "482 193 175 225", "K7RM-4X9X", reference_, "ABCD" * 4)]
    words = ("we sent nothing", "digit by digit", "loket requests show", "looks like an access code")
    expected = [words[:1], words[1:2], words[1:2], (words[0], words[2]), words[3:]]
    assert expected == [tuple(word for word in words if word in each.output) for each in says]
    assert {1} == {each.exit_code for each in says}


def test_times_of_the_office(run: Run, wired: Services) -> None:
    """Staff see the times of their own clock, in summer and in winter, as people see them in mails and on pages."""
    with wired.db.write() as conn:
        conn.execute("UPDATE requests SET created_at = '2026-07-01T22:30:00.000000Z'")
        conn.execute("UPDATE request_states SET at = '2026-12-01T23:30:00.000000Z'")
        code = verification.register(
            conn, "access_code.letter", "j•••", "nl", clock.from_text("2026-12-01T23:30:00.000000Z")
        )
    shown = [run("requests", "list").output, run("requests", "show", reference(RECEIVED)).output]
    expected = ["2026-07-02 00:30", "  2026-12-02 00:30  received\n"]
    assert [True, True] == [each in text for each, text in zip(expected, shown, strict=True)]
    assert "2026-12-02 00:30 in Amsterdam" in run("messages", "show", code).output


def test_days_of_the_office(run: Run, wired: Services) -> None:
    """A day is the office's too: what was made late in the evening in UTC was made the day after."""
    with wired.db.write() as conn:
        conn.execute("UPDATE access_codes SET created_at = '2026-07-01T22:30:00.000000Z'")
        api_keys.create(conn, "shop", "orders:write", clock.from_text("2026-12-01T23:30:00.000000Z"))
    shown = [run("members", "show", accounts.email(0)).output, run("keys", "list").output]
    assert [True, True] == ["since 2026-07-02" in shown[0], "2026-12-02" in shown[1]]

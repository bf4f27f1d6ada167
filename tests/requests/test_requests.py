"""Requests for an access code: handing in, checking, handing over, and what their owners can do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from selfservice import clock
from selfservice.accounts import access_codes, mandates, sessions
from selfservice.crypto import hash_token
from selfservice.db import Database
from selfservice.fragments.request_status.form import link_expires_at
from selfservice.requests import (
    confirmation,
    fulfilment,
    progress,
    records,
    replacement,
    review,
    scheduled,
    self_service,
    states,
    submission,
)
from selfservice.values.access_code import lookup_hashes
from selfservice.values.address import Address
from selfservice.values.error import FieldError
from selfservice.values.reference import group_reference, is_valid_reference
from tests import request_helpers as help_
from tests.domain_helpers import (
    CONTEXT,
    FACTS,
    KEYS,
    NOW,
    dump,
    new_database,
    recorded_statements,
    rows,
    run_processes,
    verbs,
)
from tests.request_helpers import ADDRESS, BUSINESS, IBAN, KVK, PERSON, PRIVATE, REGISTERED

LATE = NOW + timedelta(days=20)
ELSEWHERE = Address("Kerkstraat", "12 A", "1234ab", "Bloesemdorp")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        help_.add_organisation(made)
        yield made


def status(db: Database, reference: str, now: object = NOW, email: str = PERSON) -> progress.RequestStatus:
    found = progress.find_status(db.read(), CONTEXT, reference, email, now)  # type: ignore[arg-type]
    assert found
    return found


# Handing in


def test_private(db: Database) -> None:
    """A private request is received, with a reference, dates that are working days, and a mail with a link."""
    reference = help_.hand_in(db, PRIVATE)
    request, mail = help_.request_now(db, reference), help_.payload(db)
    assert (True, "received", "email", PERSON) == (
        is_valid_reference(reference), request.state, request.delivery, request.delivery_email,
    )  # fmt: skip
    assert (date(2026, 11, 25), date(2026, 11, 27)) == (request.expected_from, request.expected_until)
    assert ("Oona", group_reference(reference), "25 November 2026") == (
        mail["name"], mail["reference"], mail["since"],
    )  # fmt: skip
    assert request.id
    assert hash_token(mail["token"]) == help_.token_hash(db, reference)
    assert "open" == confirmation.load_link(db.read(), hash_token(mail["token"]), NOW).state


def test_private_code_follows_the_link(db: Database) -> None:
    """The code comes in a mail of its own, once the link was used: then it opens, and not a moment before."""
    reference = help_.hand_in(db, PRIVATE)
    before = help_.active_codes(db)
    help_.confirm(db, reference)
    code = help_.mailed_code(db)
    member = access_codes.find_usable(db.read(), lookup_hashes(KEYS, code), NOW)
    assert (0, ["access_code.received", "access_code.code"]) == (before, help_.mails(db))
    assert member
    assert ("Oona", "private") == (member.given_name, member.kind)
    assert ("sent", True) == (help_.request_now(db, reference).state, "token" not in help_.payload(db))


def test_only_the_request_of_the_link(db: Database) -> None:
    """Names in a request that somebody else made with the same address are not those the owner is known by."""
    help_.hand_in(db, PRIVATE, given_name="Mallory")
    own = help_.hand_in(db, PRIVATE)
    help_.confirm(db, own)
    states = [row["state"] for row in rows(db, "requests")]
    assert (["duplicate", "sent"], "Oona") == (states, rows(db, "people")[0]["given_name"])


def test_known_by_the_first_names(db: Database) -> None:
    """Who has a code keeps the names that came with it, whatever a later request of that address says."""
    help_.confirm(db, help_.hand_in(db, PRIVATE))
    help_.approve(db, help_.hand_in(db, BUSINESS, given_name="Mallory", telephone="+31612345678"))
    person = rows(db, "people")[0]
    assert (2, "Oona", None) == (help_.active_codes(db), person["given_name"], person["telephone"])


def test_private_with_a_password(db: Database) -> None:
    """Who chose a password before, for another code, gets a link too; nothing goes on before it was used."""
    help_.confirm(db, help_.hand_in(db, PRIVATE))
    with db.write() as conn:
        access_codes.revoke(conn, 1, NOW)
    again = help_.hand_in(db, PRIVATE)
    scheduled.run_hourly(db, CONTEXT, NOW)
    before = help_.request_now(db, again).state
    help_.confirm(db, again)
    assert ("received", "sent", 1) == (before, help_.request_now(db, again).state, help_.active_codes(db))


def test_sent_twice(db: Database) -> None:
    """Sending the same form again gives the same reference and changes nothing."""
    first = help_.hand_in(db, PRIVATE, submission_id="form-1")
    before = dump(db)
    second = help_.hand_in(db, PRIVATE, submission_id="form-1", given_name="Other")
    assert (first, before) == (second, dump(db))


def race_to_submit(path: Path) -> str:
    """Hand the same form in, as one of several processes."""
    db = Database(path)
    try:
        return help_.hand_in(db, PRIVATE, submission_id="form-1")
    finally:
        db.close()


def race_to_replace(path: Path, link: str) -> bool:
    """Use one link, as one of several processes."""
    db = Database(path)
    try:
        return replace_code(db, link) is not None
    finally:
        db.close()


@pytest.mark.slow
def test_race(db: Database) -> None:
    """Of one form sent by several at once comes one request; of one link used by several, one new code."""
    made = run_processes(race_to_submit, [(db.path,)] * 4)
    help_.confirm(db, made[0])
    replaced = run_processes(race_to_replace, [(db.path, lose(db))] * 4)
    assert (1, [False, False, False, True]) == (len(set(made)), sorted(replaced))
    assert (2, 1) == (len(rows(db, "requests")), help_.active_codes(db))


def test_second_request(db: Database) -> None:
    """Who has such a code gets a reference too; only the mail says so, and no second code is made."""
    help_.confirm(db, help_.hand_in(db, PRIVATE))
    again = help_.hand_in(db, PRIVATE)
    scheduled.run_hourly(db, CONTEXT, NOW)
    assert ("access_code.already", 1) == (help_.mails(db)[-1], help_.active_codes(db))
    assert ("duplicate", "received") == (help_.request_now(db, again).state, status(db, again).state)


def test_known_and_unknown_cost_the_same(db: Database) -> None:
    """The same statements run for somebody new, with a password, and with a code."""
    help_.confirm(db, help_.hand_in(db, PRIVATE))
    ran = []
    for number, answers in enumerate(
        (replace(PRIVATE, email="new@kites.example"), PRIVATE, BUSINESS, replace(BUSINESS, email="other@kites.example"))
    ):
        with recorded_statements(db) as statements:
            help_.hand_in(db, answers, NOW + timedelta(hours=3 * number + 2))
        ran.append(verbs(statements))
    assert (ran[0], ran[2]) == (ran[1], ran[3])


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "both"},
        {"kvk_number": "99999999"},
        {"payment_method": "credit"},
        {"mandate": False},
        {"iban": "NL91ABNA0417164301"},
        {"holder": ""},
        {"given_name": "see http://evil.example"},
        {"given_name": "evil.example"},
        {"email": "a@b.example\nBcc: c@d.example"},
        {"telephone": "12"},
        {"language": "de"},
    ],
)
def test_what_the_form_never_lets_through(db: Database, wrong: dict[str, Any]) -> None:
    """Steps cannot be skipped: answers that no form gives make no request."""
    with pytest.raises(submission.InvalidAnswersError):
        help_.hand_in(db, BUSINESS, **wrong)
    assert [] == rows(db, "requests")


def test_options(db: Database) -> None:
    """Credit is for private use only; an organisation that pays already has no choice."""
    known = help_.organisation(db)
    paying = replace(known, payment_method="direct_debit")
    expected = [["credit", "direct_debit"], ["direct_debit"], ["direct_debit"]]
    assert expected == [
        submission.payment_options(FACTS, "private", None),
        submission.payment_options(FACTS, "business", known),
        submission.payment_options(FACTS, "business", paying),
    ]


def test_no_mandate_where_the_organisation_pays(db: Database) -> None:
    """An account typed for an organisation that has a payment method is not kept."""
    with db.write() as conn:
        conn.execute("UPDATE organisations SET payment_method = 'direct_debit'")
    help_.hand_in(db, BUSINESS)
    assert (None, None) == tuple(rows(db, "requests")[0][name] for name in ("iban", "holder"))


def test_limits(db: Database) -> None:
    """The seventh request with one address in an hour has to wait, and nothing is written down of it."""
    made = []
    for number in range(7):
        with db.write() as conn:
            made.append(submission.submit(conn, CONTEXT, PRIVATE, str(number), ADDRESS, NOW))
    assert ([0] * 6, True) == ([one.retry_after for one in made[:6]], made[6].retry_after > 0)
    assert 6 == len(rows(db, "requests"))


def test_delivery(db: Database) -> None:
    """By e-mail only to the registered address, however it is spelt; else to the registered postal address."""
    known = help_.organisation(db)
    by_letter = submission.choose_delivery(BUSINESS, known)
    lines = ("Northsea Kite Repairs", "Oona Applegarth", "Duinpad 7a", "0012 ZZ  ZANDHOVEN")
    assert submission.Delivery("letter", None, lines) == by_letter
    own = replace(BUSINESS, email=REGISTERED.upper())
    assert "email" == submission.choose_delivery(own, known).channel
    posted = replace(known, postal=Address("Postbus", "9", "0050 ZZ", "Zandhoven"))
    assert "Postbus 9" == submission.choose_delivery(BUSINESS, posted).lines[2]


# Checking


def test_business_by_email(db: Database) -> None:
    """Approved, the code goes to the registered address; the way to pay is arranged, and the account forgotten."""
    reference = help_.hand_in(db, BUSINESS, email=REGISTERED)
    assert "sent" == help_.approve(db, reference).state
    mandate = mandates.current(db.read(), 1, 1)
    assert mandate
    assert (IBAN, date(2026, 11, 23)) == (mandate.iban, mandate.effective_on)
    known = help_.organisation(db)
    assert ("direct_debit", 1, None) == (
        known.payment_method,
        known.main_person_id,
        rows(db, "requests")[0]["iban"],
    )
    assert ("Northsea Kite Repairs", REGISTERED) == (
        help_.payload(db)["organisation"], rows(db, "outbox")[-1]["recipient"],
    )  # fmt: skip


def test_business_by_letter(db: Database) -> None:
    """Approved, a letter is ready; printed and posted the request says so, and the code has a last day."""
    reference = help_.hand_in(db, BUSINESS)
    seen = [help_.approve(db, reference).state]
    for posted in (False, True):
        help_.print_letters(db, NOW, posted=posted)
        seen.append(help_.request_now(db, reference).state)
    code = rows(db, "access_codes")[0]
    assert ["approved", "printed", "posted"] == seen
    assert ("2027-01-20T22:59:59.999999Z", True) == (code["valid_until"], code["handed_over_at"] is not None)


def test_main_code_stays(db: Database) -> None:
    """The first code of an organisation is its main one, also when its owner replaces it after others came."""
    for email in (REGISTERED, "two@kites.example"):
        help_.approve(db, help_.hand_in(db, BUSINESS, email=email))
    with db.write() as conn:
        scheduled.revoke_for_staff(conn, CONTEXT, 1, "Kim", NOW)
    assert 1 == help_.organisation(db).main_person_id


@pytest.mark.parametrize("by", ["Oona Applegarth", "APPLEGARTH, oona", PERSON, "oona", " Oona  Ápplegarth "])
def test_nobody_approves_their_own(db: Database, by: str) -> None:
    """The approver is not the requester, by name or address, however it is written."""
    reference = help_.hand_in(db, BUSINESS)
    with pytest.raises(review.SelfApprovalError), db.write() as conn:
        review.approve(conn, CONTEXT, reference, by, NOW)
    with pytest.raises(review.SelfApprovalError), db.write() as conn:
        review.reject(conn, CONTEXT, reference, by, "unclear", NOW)
    with pytest.raises(review.SelfApprovalError), db.write() as conn:
        review.start_review(conn, CONTEXT, reference, by, NOW)
    assert "received" == help_.request_now(db, reference).state


def test_nobody_approves_under_a_nickname(db: Database) -> None:
    """Nor is it somebody whom we know by another name than they gave in this request."""
    help_.confirm(db, help_.hand_in(db, PRIVATE))
    reference = help_.hand_in(db, BUSINESS, given_name="Una", family_name="Garth")
    for by in ("Una Garth", "Oona Applegarth"):
        with pytest.raises(review.SelfApprovalError), db.write() as conn:
            review.approve(conn, CONTEXT, reference, by, NOW)
    assert "received" == help_.request_now(db, reference).state


def test_reject(db: Database) -> None:
    """A rejected request mails the reason in its own language, and is closed."""
    reference = help_.hand_in(db, BUSINESS, language="nl")
    with db.write() as conn:
        review.reject(conn, CONTEXT, reference, "Kim", "details_differ", NOW)
    with pytest.raises(states.WrongStateError):
        help_.approve(db, reference)
    assert ("rejected", None) == (help_.request_now(db, reference).state, rows(db, "requests")[0]["iban"])
    assert ("access_code.rejected", "nl") == (help_.mails(db)[-1], rows(db, "outbox")[-1]["language"])


def test_rejections_hold_up_nothing(db: Database) -> None:
    """Anybody can ask with somebody's address and be rejected; however often, the mails that its owner earned leave at
    once, and each rejection is mailed.
    """
    late = NOW + timedelta(hours=36)
    for number in range(12):
        reference = help_.hand_in(db, BUSINESS, NOW + timedelta(hours=3 * number))
        with db.write() as conn:
            review.reject(conn, CONTEXT, reference, "Kim", "details_differ", late)
    own = help_.hand_in(db, PRIVATE, late)
    assert help_.confirm(db, own, late)
    code = rows(db, "outbox")[-1]
    assert ("access_code.code", code["created_at"]) == (code["kind"], code["next_at"])
    assert 12 == help_.mails(db).count("access_code.rejected")


def test_approved_once(db: Database) -> None:
    """Approving twice makes one code."""
    reference = help_.hand_in(db, BUSINESS)
    help_.approve(db, reference)
    with pytest.raises(states.WrongStateError):
        help_.approve(db, reference)
    assert 1 == help_.active_codes(db)


@pytest.mark.parametrize("posted", [False, True])
def test_not_approved_after_it_was_handed_over(db: Database, *, posted: bool) -> None:
    """What was printed or posted cannot be approved again by staff: the request stays as it is."""
    reference = help_.hand_in(db, BUSINESS)
    help_.approve(db, reference)
    help_.print_letters(db, NOW, posted=posted)
    with pytest.raises(states.WrongStateError):
        help_.approve(db, reference)
    assert ("posted" if posted else "printed") == help_.request_now(db, reference).state


def test_private_is_not_approved(db: Database) -> None:
    """A private request waits for its link; nobody can approve it past that."""
    reference = help_.hand_in(db, PRIVATE)
    with pytest.raises(states.WrongStateError):
        help_.approve(db, reference)


def test_two_requests_one_code(db: Database) -> None:
    """Of two requests by one person for one organisation, the second approved turns out to be a duplicate."""
    first, second = help_.hand_in(db, BUSINESS), help_.hand_in(db, BUSINESS)
    help_.approve(db, first)
    assert ("duplicate", 1) == (help_.approve(db, second).state, help_.active_codes(db))


def test_one_letter_an_address(db: Database) -> None:
    """A second letter to one address waits 14 days; the worker sends it then."""
    help_.approve(db, help_.hand_in(db, BUSINESS))
    second = help_.approve(db, help_.hand_in(db, BUSINESS, email="two@kites.example"))
    assert ("approved", None, None, 1) == (
        second.state, second.letter_id, second.access_code_id, help_.active_codes(db),
    )  # fmt: skip
    tries = [fulfilment.fulfil_waiting(db, CONTEXT, NOW + timedelta(days=days)) for days in (13, 15, 16)]
    assert ([0, 1, 0], 2) == (tries, help_.active_codes(db))


# Following


def test_status(db: Database) -> None:
    """Reference and address together show how far it is, its place in the queue, and how long the last ones took."""
    early = help_.hand_in(db, BUSINESS, email=REGISTERED)
    own = help_.hand_in(db, BUSINESS, NOW + timedelta(hours=1))
    assert (2, None, "o•••@kites.example") == (
        status(db, own).queue_position, status(db, own).median_wait, status(db, own).masked_email,
    )  # fmt: skip
    help_.approve(db, early, NOW + timedelta(hours=30))
    assert (1, timedelta(hours=30)) == (status(db, own).queue_position, status(db, own).median_wait)


@pytest.mark.parametrize("known", [False, True])
def test_no_number_tells_who_has_a_code(db: Database, *, known: bool) -> None:
    """The place in the queue, the promised days and the time it takes: the same for who comes before and after somebody
    that has a code already and for who comes before and after somebody that has none.
    """
    if known:
        help_.approve(db, help_.hand_in(db, BUSINESS, NOW - timedelta(days=40)), NOW - timedelta(days=39))
    else:
        other = help_.hand_in(db, BUSINESS, NOW - timedelta(days=40), email="other@kites.example")
        help_.approve(db, other, NOW - timedelta(days=39))
    first = help_.hand_in(db, BUSINESS, email="first@kites.example")
    own = help_.hand_in(db, BUSINESS, NOW + timedelta(hours=1))
    last = help_.hand_in(db, BUSINESS, NOW + timedelta(hours=2), email="last@kites.example")
    assert known == (help_.request_now(db, own).state == "duplicate")
    numbers = []
    for reference in (first, own, last):
        shown = status(db, reference, email=help_.request_now(db, reference).email)
        numbers.append(
            (
                shown.queue_position,
                shown.median_wait,
                shown.expected_from,
                shown.expected_until,
                shown.is_late,
                shown.allowed_actions,
            )
        )
    assert [1, 2, 3] == [one[0] for one in numbers]
    assert 1 == len({one[1:] for one in numbers})


@pytest.mark.parametrize(("reference", "email"), [("", PERSON), ("K7RM4X9T", PERSON), (None, "x@kites.example")])
def test_status_needs_both(db: Database, reference: str | None, email: str) -> None:
    """An unknown reference and another's address give the same nothing."""
    own = help_.hand_in(db, BUSINESS)
    assert None is progress.find_status(db.read(), CONTEXT, own if reference is None else reference, email, NOW)


def test_status_tells_nothing_of_a_code(db: Database) -> None:
    """A stranger's request with somebody's address looks the same whether they have a code, a password or neither."""
    stranger = replace(PRIVATE, given_name="Mallory", family_name="Malice")
    known, with_password = "known@kites.example", "password@kites.example"
    for email in (known, with_password):
        help_.confirm(db, help_.hand_in(db, PRIVATE, email=email))
    with db.write() as conn:
        access_codes.revoke(conn, 2, NOW)
    emails = ("new@kites.example", known, with_password)
    references_ = [help_.hand_in(db, stranger, email=email) for email in emails]
    for now in (NOW, LATE):
        scheduled.close_unconfirmed(db, CONTEXT, now)
        seen = [
            replace(status(db, reference, now, email), reference="", masked_email="")
            for reference, email in zip(references_, emails, strict=True)
        ]
        assert seen[0] == seen[1] == seen[2]
    assert {"ok"} == {act(db, "withdraw", each, LATE, email) for each, email in zip(references_, emails, strict=True)}
    shown = {status(db, each, LATE, email).state for each, email in zip(references_, emails, strict=True)}
    assert ({"withdrawn"}, 1) == (shown, help_.active_codes(db))


@pytest.mark.parametrize("kind", ["private", "business"])
@pytest.mark.parametrize(("before", "after"), [(1, 2), (1, 30), (26, 27), (26, 40)])
def test_withdrawn_tells_nothing_of_a_code(db: Database, kind: str, before: int, after: int) -> None:
    """Withdrawn, before its link lapsed or after, a request looks the same whether its address has a code or not: the
    same steps at the same moments, and the same to be done.
    """
    answers = PRIVATE if kind == "private" else BUSINESS
    known = help_.hand_in(db, answers)
    assert help_.confirm(db, known)
    if kind == "business":
        help_.approve(db, known)
    emails = (PERSON, "new@kites.example")
    references_ = [help_.hand_in(db, answers, email=email) for email in emails]
    at = [NOW + timedelta(hours=hours) for hours in (before, after)]
    scheduled.close_unconfirmed(db, CONTEXT, at[0])
    assert ["ok", "ok"] == [act(db, "withdraw", *each) for each in zip(references_, at[:1] * 2, emails, strict=True)]
    scheduled.close_unconfirmed(db, CONTEXT, at[1])
    seen = [status(db, *each) for each in zip(references_, at[1:] * 2, emails, strict=True)]
    assert replace(seen[0], reference="", masked_email="") == replace(seen[1], reference="", masked_email="")
    assert ("withdrawn", (("received", NOW), ("withdrawn", at[0]))) == (seen[0].state, seen[0].timeline)


def act(db: Database, what: str, reference: str, now: object = NOW, email: str = PERSON) -> str:
    """Do what an owner can; what came of it."""
    with db.write() as conn:
        if what == "correct_address":
            return self_service.correct_address(conn, CONTEXT, reference, email, ELSEWHERE, ADDRESS, now)  # type: ignore[arg-type]
        do = {"withdraw": self_service.withdraw, "never_came": self_service.report_not_received}[what]
        return do(conn, CONTEXT, reference, email, ADDRESS, now)  # type: ignore[arg-type]


def test_withdraw(db: Database) -> None:
    """Withdrawn before it is printed, the letter does not go and its code does not work; afterwards it is too late."""
    first = help_.hand_in(db, BUSINESS)
    help_.approve(db, first)
    assert ("ok", "withdrawn", 0) == (
        act(db, "withdraw", first),
        status(db, first).state,
        help_.active_codes(db),
    )
    assert ["withdrawn"] == [row["state"] for row in rows(db, "letters")]
    second = help_.hand_in(db, BUSINESS)
    help_.approve(db, second)
    help_.print_letters(db, NOW)
    assert ["impossible", "impossible", "unknown"] == [
        act(db, "withdraw", first), act(db, "withdraw", second), act(db, "withdraw", second, email="x@y.example"),
    ]  # fmt: skip


def test_correct_address(db: Database) -> None:
    """A letter can go elsewhere until it is printed, but then staff approve anew, and the first code is void."""
    reference = help_.hand_in(db, BUSINESS)
    help_.approve(db, reference)
    assert ("ok", 0) == (act(db, "correct_address", reference), help_.active_codes(db))
    request = help_.request_now(db, reference)
    assert ("checking", ("Northsea Kite Repairs", "Oona Applegarth", "Kerkstraat 12A", "1234 AB  BLOESEMDORP")) == (
        request.state, request.letter_lines,
    )  # fmt: skip
    assert date(2026, 11, 27) == request.expected_until
    assert "ok" == act(db, "correct_address", reference, NOW + timedelta(days=4))
    assert date(2026, 12, 2) == help_.request_now(db, reference).expected_until
    help_.approve(db, reference)
    help_.print_letters(db, NOW)
    assert "impossible" == act(db, "correct_address", reference)


@pytest.mark.parametrize(
    "wrong", [{"postcode": "0000"}, {"house_number": "x"}, {"street": ""}, {"city": "a\x00"}, {"city": "東京"}]
)
def test_correct_address_that_cannot_be(db: Database, wrong: dict[str, str]) -> None:
    """An address that cannot be printed or delivered to changes nothing."""
    reference = help_.hand_in(db, BUSINESS)
    with pytest.raises(FieldError), db.write() as conn:
        self_service.correct_address(conn, CONTEXT, reference, PERSON, replace(ELSEWHERE, **wrong), ADDRESS, NOW)
    assert None is help_.request_now(db, reference).corrected_at


def test_name_that_letters_cannot_print(db: Database) -> None:
    """A request for an organisation has a name that letters can print; one for oneself, mailed, need not."""
    with pytest.raises(submission.InvalidAnswersError):
        help_.hand_in(db, BUSINESS, given_name="小明", family_name="王")
    reference = help_.hand_in(db, PRIVATE, given_name="小明", family_name="王")
    assert "小明 王" == help_.request_now(db, reference).name
    reference = help_.hand_in(db, BUSINESS, given_name="राजेश", family_name="क्षत्रिय", email="r@kites.example")
    help_.approve(db, reference)
    assert "राजेश क्षत्रिय" == json.loads(rows(db, "letters")[0]["address_lines"])[1]


def test_never_came_by_mail(db: Database) -> None:
    """After the last date the code that was sent is revoked and a new one goes the same way; not before."""
    reference = help_.hand_in(db, PRIVATE)
    help_.confirm(db, reference)
    old = help_.mailed_code(db)
    early, late = act(db, "never_came", reference), act(db, "never_came", reference, LATE)
    new = help_.mailed_code(db)
    find = [access_codes.find_usable(db.read(), lookup_hashes(KEYS, code), LATE) is not None for code in (old, new)]
    assert ("impossible", "ok", [False, True]) == (early, late, find)
    assert "impossible" == act(db, "never_came", reference, LATE + timedelta(days=1))


def test_never_came_by_letter(db: Database) -> None:
    """A new letter goes when 14 days have passed since the first, and its owner is told by mail."""
    reference = help_.hand_in(db, BUSINESS)
    help_.approve(db, reference)
    help_.print_letters(db, NOW, posted=True)
    assert "ok" == act(db, "never_came", reference, NOW + timedelta(days=10))
    waits = status(db, reference, NOW + timedelta(days=10))
    assert ("approved", True, 0) == (waits.state, waits.letter_waits, help_.active_codes(db))
    scheduled.run_hourly(db, CONTEXT, NOW + timedelta(days=15))
    again = status(db, reference, NOW + timedelta(days=15))
    assert (False, 1, date(2026, 12, 9)) == (again.letter_waits, help_.active_codes(db), again.expected_from)
    assert "lost_access_code.replaced" == help_.mails(db)[-1]


def test_no_days_for_a_letter_that_waits(db: Database) -> None:
    """The mail about a code that was replaced promises days only when the letter with the new one can go."""
    reference = help_.hand_in(db, BUSINESS)
    help_.approve(db, reference)
    help_.print_letters(db, NOW, posted=True)
    act(db, "never_came", reference, NOW + timedelta(days=10))
    waiting = help_.payload(db)
    scheduled.run_hourly(db, CONTEXT, NOW + timedelta(days=15))
    later = NOW + timedelta(days=40)
    help_.print_letters(db, later, posted=True)
    act(db, "never_came", reference, later + timedelta(days=20))
    assert (False, "25 January 2027") == ("since" in waiting, help_.payload(db).get("since"))


def test_approved_late(db: Database) -> None:
    """What is approved, printed or posted when the promised days are over comes within as many days from then: a code
    that has only just left cannot be said never to have come.
    """
    reference = help_.hand_in(db, BUSINESS)
    before = status(db, reference, LATE)
    help_.approve(db, reference, LATE)
    approved = status(db, reference, LATE)
    help_.print_letters(db, LATE + timedelta(days=20), posted=True)
    posted = status(db, reference, LATE + timedelta(days=20))
    assert [(True, date(2026, 11, 27)), (False, date(2026, 12, 18)), (False, date(2027, 1, 8))] == [
        (one.is_late, one.expected_until) for one in (before, approved, posted)
    ]
    assert "never_came" not in posted.allowed_actions


def test_approved_in_time(db: Database) -> None:
    """What leaves within the days that were promised keeps them."""
    reference = help_.hand_in(db, BUSINESS)
    help_.approve(db, reference, NOW + timedelta(days=3))
    help_.print_letters(db, NOW + timedelta(days=5), posted=True)
    assert date(2026, 11, 27) == status(db, reference).expected_until


def test_never_came_but_used(db: Database) -> None:
    """Once the code was used, nobody can have it revoked by saying that it never came."""
    reference = help_.hand_in(db, PRIVATE)
    help_.confirm(db, reference)
    with db.write() as conn:
        access_codes.record_use(conn, 1, NOW, NOW.date())
    assert ("impossible", 1) == (act(db, "never_came", reference, LATE), help_.active_codes(db))


# Losing


def lose(db: Database, email: str = PERSON, number: str | None = None, now: object = NOW) -> str:
    """Ask for the link; the hash of its token."""
    with db.write() as conn:
        assert 0 == replacement.send_replacement_link(conn, CONTEXT, email, number, ADDRESS, "en", now).retry_after  # type: ignore[arg-type]
    return str(rows(db, "tokens")[-1]["token_hash"])


def replace_code(db: Database, found: str, now: object = NOW) -> records.Request | None:
    with db.write() as conn:
        return replacement.replace_code(conn, CONTEXT, found, ADDRESS, now)  # type: ignore[arg-type]


def test_replace_private(db: Database) -> None:
    """Asking changes nothing; using the link revokes the old code and its sessions, and mails a new one."""
    help_.confirm(db, help_.hand_in(db, PRIVATE))
    old = help_.mailed_code(db)
    with db.write() as conn:
        sessions.start(conn, 1, 1, "cookie", NOW, "Firefox")
    link = lose(db)
    assert replacement.find_lost_code(db.read(), link, NOW)
    assert (1, True) == (help_.active_codes(db), sessions.find(db.read(), CONTEXT, "cookie", NOW) is not None)
    made = replace_code(db, link)
    assert made
    assert ("sent", True, None) == (
        made.state,
        help_.payload(db)["replaced"],
        sessions.find(db.read(), CONTEXT, "cookie", NOW),
    )
    opens = [
        access_codes.find_usable(db.read(), lookup_hashes(KEYS, code), NOW) for code in (old, help_.mailed_code(db))
    ]
    assert (None, 1) == (opens[0], opens[1].person_id if opens[1] else None)
    assert (None, None) == (replace_code(db, link), replacement.find_lost_code(db.read(), link, NOW))
    assert rows(db, "sessions")[0]["ended_at"]


def test_replace_business(db: Database) -> None:
    """The new code comes by the same rule, by letter; one that was not printed yet is taken back."""
    first = help_.hand_in(db, BUSINESS)
    help_.approve(db, first)
    link = lose(db, number=KVK)
    made = replace_code(db, link)
    assert made
    assert ("approved", "letter", True) == (made.state, made.delivery, made.letter_id is not None)
    assert (["withdrawn", "ready"], "withdrawn", 1) == (
        [row["state"] for row in rows(db, "letters")],
        help_.request_now(db, first).state,
        help_.active_codes(db),
    )
    assert "lost_access_code.replaced" == help_.mails(db)[-1]
    assert made.reference
    assert status(db, made.reference).allowed_actions


def test_replacing_arranges_no_payment(db: Database) -> None:
    """A code in the place of another does not make an organisation pay by direct debit: only an agreement does."""
    help_.approve(db, help_.hand_in(db, BUSINESS))
    with db.write() as conn:
        mandates.end(conn, 1, 1, NOW)
    assert replace_code(db, lose(db, number=KVK))
    assert None is help_.organisation(db).payment_method


@pytest.mark.parametrize(
    ("email", "number"),
    [("x@y.example", None), (PERSON, None), ("x@y.example", KVK), (PERSON, "99999999"), (PERSON, "1")],
)
def test_lose_is_the_same_for_all(db: Database, email: str, number: str | None) -> None:
    """Known and unknown run the same statements; what does not belong together gets no mail, and a link to nothing."""
    help_.approve(db, help_.hand_in(db, BUSINESS))
    with recorded_statements(db) as known:
        lose(db, number=KVK)
    with recorded_statements(db) as unknown:
        link = lose(db, email, number)
    known_writes, unknown_writes = ([v for v in verbs(each) if v != "SELECT"] for each in (known, unknown))
    assert (known_writes, "void") == (unknown_writes, rows(db, "outbox")[-1]["state"])
    assert (None, 1) == (replace_code(db, link), help_.active_codes(db))


def test_link_of_the_private_code_leaves_the_other(db: Database) -> None:
    """A link is for one code: using it leaves the person's code for an organisation alone."""
    help_.confirm(db, help_.hand_in(db, PRIVATE))
    help_.approve(db, help_.hand_in(db, BUSINESS))
    private, business = lose(db), lose(db, number=KVK)
    assert replace_code(db, private)
    open_still = replacement.find_lost_code(db.read(), business, NOW)
    assert open_still
    assert "Northsea Kite Repairs" == open_still.organisation


# Time


def test_remind(db: Database) -> None:
    """A code that was not used is brought to mind once, after the days that the fact says, and not when it was used."""
    help_.confirm(db, help_.hand_in(db, PRIVATE))
    days = FACTS.get("access_code.reminder_days").value
    found = [scheduled.send_reminders(db, CONTEXT, NOW + timedelta(days=days, seconds=s)) for s in (-1, 0, 1)]
    assert ([0, 1, 0], "access_code.reminder") == (found, help_.mails(db)[-1])


def test_expire(db: Database) -> None:
    """A letter's code that was not used in time opens no more, is revoked and its owner told; a used one stays."""
    help_.approve(db, help_.hand_in(db, BUSINESS))
    code = str(rows(db, "access_codes")[0]["code_hash"])
    before, after = NOW + timedelta(days=60), NOW + timedelta(days=61)
    opens = [access_codes.find_usable(db.read(), (code, code), now) is not None for now in (before, after)]
    assert ([True, False], [0, 1, 0]) == (
        opens,
        [scheduled.revoke_expired(db, CONTEXT, now) for now in (before, after, after)],
    )
    assert ("access_code.expired", 0) == (help_.mails(db)[-1], help_.active_codes(db))


def test_expired_before_it_was_printed(db: Database) -> None:
    """A letter that nobody printed in all that time goes with its code: no dead code is ever printed."""
    reference = help_.hand_in(db, BUSINESS)
    help_.approve(db, reference)
    scheduled.revoke_expired(db, CONTEXT, NOW + timedelta(days=61))
    found = help_.request_now(db, reference)
    assert ("withdrawn", ["withdrawn"]) == (found.state, [row["state"] for row in rows(db, "letters")])


def test_used_code_stays(db: Database) -> None:
    """A code that was used once is valid for as long as nobody revokes it."""
    help_.approve(db, help_.hand_in(db, BUSINESS))
    with db.write() as conn:
        access_codes.record_use(conn, 1, NOW, NOW.date())
    assert (0, 0) == (
        scheduled.revoke_expired(db, CONTEXT, NOW + timedelta(days=400)),
        scheduled.send_reminders(db, CONTEXT, NOW + timedelta(days=400)),
    )


def test_close_unconfirmed(db: Database) -> None:
    """A private request whose link was not used in time is closed, with the account in it; the link opens nothing."""
    reference = help_.hand_in(db, PRIVATE, payment_method="direct_debit", iban=IBAN, holder="O", mandate=True)
    closed = [scheduled.close_unconfirmed(db, CONTEXT, NOW + timedelta(hours=hours)) for hours in (23, 24, 25)]
    assert ([0, 1, 0], None) == (closed, help_.confirm(db, reference, NOW + timedelta(hours=24)))
    assert ("withdrawn", None) == (help_.request_now(db, reference).state, help_.request_now(db, reference).iban)


@pytest.mark.parametrize(("hours", "state"), [(23, "open"), (24, "lapsed"), (25, "lapsed")])
def test_link_lapses(db: Database, hours: int, state: str) -> None:
    """The link works as long as the fact access_code.link_hours says, also while the worker stands still."""
    link = help_.token_hash(db, help_.hand_in(db, PRIVATE))
    assert state == confirmation.load_link(db.read(), link, NOW + timedelta(hours=hours)).state


def race_to_confirm(path: Path, reference: str) -> bool:
    """Use one link of a request, as one of several processes."""
    db = Database(path)
    try:
        return help_.confirm(db, reference) is not None
    finally:
        db.close()


@pytest.mark.slow
def test_confirmed_once(db: Database) -> None:
    """Of one link used by several at once comes one code, one mandate and one password."""
    reference = help_.hand_in(db, PRIVATE, payment_method="direct_debit", iban=IBAN, holder="O", mandate=True)
    done = run_processes(race_to_confirm, [(db.path, reference)] * 4)
    assert [False, False, False, True] == sorted(done)
    assert [1, 1, 1] == [len(rows(db, name)) for name in ("access_codes", "mandates", "passwords")]
    assert ["access_code.received", "direct_debit.agreed", "access_code.code"] == help_.mails(db)


def test_mandate_is_mailed(db: Database) -> None:
    """What staff approve with an account is told to who asked, and to the organisation at its registered address."""
    help_.approve(db, help_.hand_in(db, BUSINESS))
    told = [row for row in rows(db, "outbox") if row["kind"] == "direct_debit.agreed"]
    assert [PERSON, REGISTERED] == [row["recipient"] for row in told]
    assert {("NL91 •••• 4300", False)} == {
        (json.loads(row["payload"])["iban"], json.loads(row["payload"])["can_undo"]) for row in told
    }


def test_mandate_takes_no_others_place(db: Database) -> None:
    """An organisation that has got a way to pay while a request waited keeps it: that account is forgotten."""
    waits = help_.hand_in(db, BUSINESS, email="two@kites.example", iban="NL02ABNA0123456789")
    help_.approve(db, help_.hand_in(db, BUSINESS, email=REGISTERED))
    help_.approve(db, waits)
    assert [IBAN] == [row["iban"] for row in rows(db, "mandates")]
    assert None is help_.request_now(db, waits).iban


def test_retention(db: Database) -> None:
    """After 365 days a request is gone, with its states and a person who never got a code; not a minute earlier."""
    help_.hand_in(db, PRIVATE)
    gone = []
    for moment in (timedelta(days=365, minutes=-1), timedelta(days=366)):
        with db.write() as conn:
            gone.append(scheduled.clean(conn, CONTEXT, NOW + moment))
    assert [0, 2] == gone
    assert [[], [], []] == [rows(db, table) for table in ("requests", "request_states", "people")]


def test_earned_mail_waits(db: Database) -> None:
    """Over the cap for what anybody can cause a mail waits its turn; the code that a used link brings does not."""
    references_ = [help_.hand_in(db, PRIVATE) for _ in range(4)]
    help_.confirm(db, references_[0])
    queue = [(row["kind"], row["next_at"][:16]) for row in rows(db, "outbox")[2:]]
    now, later = "2026-11-21T12:00", "2026-11-21T13:00"
    assert [("access_code.received", now), ("access_code.received", later), ("access_code.code", now)] == queue


def test_deferred_link_works_when_it_arrives(db: Database) -> None:
    """The hours of a link begin when its mail may leave: the request is not closed before, and its status says so."""
    references_ = [help_.hand_in(db, PRIVATE) for _ in range(4)]
    token = rows(db, "tokens")[-1]
    mail = rows(db, "outbox")[-1]
    until = clock.to_text(NOW + timedelta(hours=25))
    assert [until] * 2 == [token["expires_at"], mail["give_up_at"]]
    late, later = (NOW + timedelta(hours=hours) for hours in (24.5, 25.5))
    assert 3 == scheduled.close_unconfirmed(db, CONTEXT, late)
    found_ = progress.find_status(db.read(), CONTEXT, references_[3], PERSON, late)
    assert found_
    assert [False, True] == [link_expires_at(found_, 24) < moment for moment in (late, later)]
    assert 1 == scheduled.close_unconfirmed(db, CONTEXT, later)


def test_no_secret_stays(db: Database) -> None:
    """No code or token stands in the tables of people and requests."""
    reference = help_.hand_in(db, PRIVATE)
    token = help_.payload(db)["token"]
    help_.confirm(db, reference)
    code = help_.mailed_code(db)
    kept = "".join(str(rows(db, name)) for name in ("requests", "access_codes", "tokens", "events", "people"))
    assert (False, False) == (token in kept, code in kept)


def test_everything_is_in_the_log(db: Database) -> None:
    """Each step leaves an event: who did what, on what, with which result."""
    reference = help_.hand_in(db, BUSINESS)
    with db.write() as conn:
        review.start_review(conn, CONTEXT, reference, "Kim", NOW)
    help_.approve(db, reference)
    help_.print_letters(db, NOW, posted=True)
    seen = [(row["what"], row["result"]) for row in rows(db, "events")]
    expected = [
        ("request.submit", "received"), ("request.check", "ok"), ("request.approve", "ok"),
        ("access_code.issue", "approved"), ("letter", "printed"), ("letter", "posted"),
    ]  # fmt: skip
    assert (expected, {"request:1"}) == (seen, {row["on_what"] for row in rows(db, "events")})

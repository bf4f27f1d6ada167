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
from selfservice.db import Database
from selfservice.fragments.request_status.model import link_end
from selfservice.members import mandates, references, use
from selfservice.members import model as members
from selfservice.members.organisations import Address
from selfservice.requests import model as requests
from selfservice.secrets import hash_token
from selfservice.visits import sessions
from tests import request_helpers as help_
from tests.domain_helpers import KEYS, NOW, counted, dump, new_database, rows, run_processes, verbs
from tests.request_helpers import ADDRESS, BUSINESS, FACTS, IBAN, KVK, PERSON, PRIVATE, REGISTERED

LATE = NOW + timedelta(days=20)
ELSEWHERE = Address("Kerkstraat", "12 A", "1234ab", "Bloesemdorp")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        help_.add_organisation(made)
        yield made


@pytest.fixture
def desk(db: Database) -> requests.Desk:
    return help_.new_desk(db)


def status(desk: requests.Desk, reference: str, now: object = NOW, email: str = PERSON) -> requests.Status:
    found = requests.status(desk.db.read(), desk, reference, email, now)  # type: ignore[arg-type]
    assert found
    return found


# Handing in


def test_private(desk: requests.Desk) -> None:
    """A private request is received, with a reference, dates that are working days, and a mail with a link."""
    reference = help_.hand_in(desk, PRIVATE)
    request, mail = help_.found(desk, reference), help_.payload(desk.db)
    assert (True, "received", "email", PERSON) == (
        references.valid(reference), request.state, request.delivery, request.delivery_email,
    )  # fmt: skip
    assert (date(2026, 11, 25), date(2026, 11, 27)) == (request.expected_from, request.expected_until)
    assert ("Oona", references.grouped(reference), "25 November 2026") == (
        mail["name"], mail["reference"], mail["since"],
    )  # fmt: skip
    assert request.id
    assert hash_token(mail["token"]) == help_.token_hash(desk.db, reference)
    assert "open" == requests.open_link(desk.db.read(), hash_token(mail["token"]), NOW).state


def test_private_code_follows_the_link(desk: requests.Desk) -> None:
    """The code comes in a mail of its own, once the link was used: then it opens, and not a moment before."""
    reference = help_.hand_in(desk, PRIVATE)
    before = help_.active_codes(desk.db)
    help_.confirm(desk, reference)
    code = help_.mailed_code(desk.db)
    member = use.find_usable(desk.db.read(), members.hashes_of(KEYS, code), NOW)
    assert (0, ["access_code.received", "access_code.code"]) == (before, help_.mails(desk.db))
    assert member
    assert ("Oona", "private") == (member.given_name, member.kind)
    assert ("sent", True) == (help_.found(desk, reference).state, "token" not in help_.payload(desk.db))


def test_only_the_request_of_the_link(desk: requests.Desk) -> None:
    """Names in a request that somebody else made with the same address are not those the owner is known by."""
    help_.hand_in(desk, PRIVATE, given_name="Mallory")
    own = help_.hand_in(desk, PRIVATE)
    help_.confirm(desk, own)
    states = [row["state"] for row in rows(desk.db, "requests")]
    assert (["duplicate", "sent"], "Oona") == (states, rows(desk.db, "people")[0]["given_name"])


def test_known_by_the_first_names(desk: requests.Desk) -> None:
    """Who has a code keeps the names that came with it, whatever a later request of that address says."""
    help_.confirm(desk, help_.hand_in(desk, PRIVATE))
    help_.approve(desk, help_.hand_in(desk, BUSINESS, given_name="Mallory", telephone="+31612345678"))
    person = rows(desk.db, "people")[0]
    assert (2, "Oona", None) == (help_.active_codes(desk.db), person["given_name"], person["telephone"])


def test_private_with_a_password(desk: requests.Desk) -> None:
    """Who chose a password before, for another code, gets a link too; nothing goes on before it was used."""
    help_.confirm(desk, help_.hand_in(desk, PRIVATE))
    with desk.db.write() as conn:
        members.revoke_access_code(conn, 1, NOW)
    again = help_.hand_in(desk, PRIVATE)
    requests.hourly(desk, NOW)
    before = help_.found(desk, again).state
    help_.confirm(desk, again)
    assert ("received", "sent", 1) == (before, help_.found(desk, again).state, help_.active_codes(desk.db))


def test_sent_twice(desk: requests.Desk) -> None:
    """Sending the same draft again gives the same reference and changes nothing."""
    first = help_.hand_in(desk, PRIVATE, submission="draft-1")
    before = dump(desk.db)
    second = help_.hand_in(desk, PRIVATE, submission="draft-1", given_name="Other")
    assert (first, before) == (second, dump(desk.db))


def race_to_submit(path: Path) -> str:
    """Hand the same draft in, as one of several processes."""
    db = Database(path)
    try:
        return help_.hand_in(help_.new_desk(db), PRIVATE, submission="draft-1")
    finally:
        db.close()


def race_to_replace(path: Path, link: str) -> bool:
    """Use one link, as one of several processes."""
    db = Database(path)
    try:
        return replace_code(help_.new_desk(db), link) is not None
    finally:
        db.close()


def test_race(desk: requests.Desk) -> None:
    """Of one draft sent by several at once comes one request; of one link used by several, one new code."""
    made = run_processes(race_to_submit, [(desk.db.path,)] * 4)
    help_.confirm(desk, made[0])
    replaced = run_processes(race_to_replace, [(desk.db.path, lose(desk))] * 4)
    assert (1, [False, False, False, True]) == (len(set(made)), sorted(replaced))
    assert (2, 1) == (len(rows(desk.db, "requests")), help_.active_codes(desk.db))


def test_second_request(desk: requests.Desk) -> None:
    """Who has such a code gets a reference too; only the mail says so, and no second code is made."""
    help_.confirm(desk, help_.hand_in(desk, PRIVATE))
    again = help_.hand_in(desk, PRIVATE)
    requests.hourly(desk, NOW)
    assert ("access_code.already", 1) == (help_.mails(desk.db)[-1], help_.active_codes(desk.db))
    assert ("duplicate", "received") == (help_.found(desk, again).state, status(desk, again).state)


def test_known_and_unknown_cost_the_same(desk: requests.Desk) -> None:
    """The same statements run for somebody new, with a password, and with a code."""
    help_.confirm(desk, help_.hand_in(desk, PRIVATE))
    ran = []
    for number, answers in enumerate(
        (replace(PRIVATE, email="new@kites.example"), PRIVATE, BUSINESS, replace(BUSINESS, email="other@kites.example"))
    ):
        with counted(desk.db) as statements:
            help_.hand_in(desk, answers, NOW + timedelta(hours=3 * number + 2))
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
def test_what_the_form_never_lets_through(desk: requests.Desk, wrong: dict[str, Any]) -> None:
    """Steps cannot be skipped: answers that no form gives make no request."""
    with pytest.raises(requests.AnswerError):
        help_.hand_in(desk, BUSINESS, **wrong)
    assert [] == rows(desk.db, "requests")


def test_options(desk: requests.Desk) -> None:
    """Credit is for private use only; an organisation that pays already has no choice."""
    known = help_.organisation(desk.db)
    paying = replace(known, payment_method="direct_debit")
    expected = [["credit", "direct_debit"], ["direct_debit"], ["direct_debit"]]
    assert expected == [
        requests.options(FACTS, "private", None),
        requests.options(FACTS, "business", known),
        requests.options(FACTS, "business", paying),
    ]


def test_no_mandate_where_the_organisation_pays(desk: requests.Desk) -> None:
    """An account typed for an organisation that has a payment method is not kept."""
    with desk.db.write() as conn:
        conn.execute("UPDATE organisations SET payment_method = 'direct_debit'")
    help_.hand_in(desk, BUSINESS)
    assert (None, None) == tuple(rows(desk.db, "requests")[0][name] for name in ("iban", "holder"))


def test_limits(desk: requests.Desk) -> None:
    """The seventh request with one address in an hour has to wait, and nothing is written down of it."""
    made = []
    for number in range(7):
        with desk.db.write() as conn:
            made.append(requests.submit(conn, desk, PRIVATE, str(number), ADDRESS, NOW))
    assert ([0] * 6, True) == ([one.wait for one in made[:6]], made[6].wait > 0)
    assert 6 == len(rows(desk.db, "requests"))


def test_delivery(desk: requests.Desk) -> None:
    """By e-mail only to the registered address, however it is spelt; else to the registered postal address."""
    known = help_.organisation(desk.db)
    by_letter = requests.delivery(BUSINESS, known)
    lines = ("Northsea Kite Repairs", "Oona Applegarth", "Duinpad 7a", "0012 ZZ  ZANDHOVEN")
    assert requests.Delivery("letter", None, lines) == by_letter
    own = replace(BUSINESS, email=REGISTERED.upper())
    assert "email" == requests.delivery(own, known).channel
    posted = replace(known, postal=Address("Postbus", "9", "0050 ZZ", "Zandhoven"))
    assert "Postbus 9" == requests.delivery(BUSINESS, posted).lines[2]


# Checking


def test_business_by_email(desk: requests.Desk) -> None:
    """Approved, the code goes to the registered address; the way to pay is arranged, and the account forgotten."""
    reference = help_.hand_in(desk, BUSINESS, email=REGISTERED)
    assert "sent" == help_.approve(desk, reference).state
    mandate = mandates.current(desk.db.read(), 1, 1)
    assert mandate
    assert (IBAN, date(2026, 11, 23)) == (mandate.iban, mandate.effective_on)
    known = help_.organisation(desk.db)
    assert ("direct_debit", 1, None) == (
        known.payment_method,
        known.main_person_id,
        rows(desk.db, "requests")[0]["iban"],
    )
    assert ("Northsea Kite Repairs", REGISTERED) == (
        help_.payload(desk.db)["organisation"], rows(desk.db, "outbox")[-1]["recipient"],
    )  # fmt: skip


def test_business_by_letter(desk: requests.Desk) -> None:
    """Approved, a letter is ready; printed and posted the request says so, and the code has a last day."""
    reference = help_.hand_in(desk, BUSINESS)
    seen = [help_.approve(desk, reference).state]
    for posted in (False, True):
        help_.print_letters(desk, NOW, posted=posted)
        seen.append(help_.found(desk, reference).state)
    code = rows(desk.db, "access_codes")[0]
    assert ["approved", "printed", "posted"] == seen
    assert ("2027-01-20T22:59:59.999999Z", True) == (code["valid_until"], code["handed_over_at"] is not None)


def test_main_code_stays(desk: requests.Desk) -> None:
    """The first code of an organisation is its main one, also when its owner replaces it after others came."""
    for email in (REGISTERED, "two@kites.example"):
        help_.approve(desk, help_.hand_in(desk, BUSINESS, email=email))
    with desk.db.write() as conn:
        requests.revoke(conn, desk, 1, "Kim", NOW)
    assert 1 == help_.organisation(desk.db).main_person_id


@pytest.mark.parametrize("by", ["Oona Applegarth", "APPLEGARTH, oona", PERSON, "oona", " Oona  Ápplegarth "])
def test_nobody_approves_their_own(desk: requests.Desk, by: str) -> None:
    """The approver is not the requester, by name or address, however it is written."""
    reference = help_.hand_in(desk, BUSINESS)
    with pytest.raises(requests.SelfApprovalError), desk.db.write() as conn:
        requests.approve(conn, desk, reference, by, NOW)
    with pytest.raises(requests.SelfApprovalError), desk.db.write() as conn:
        requests.reject(conn, desk, reference, by, "unclear", NOW)
    with pytest.raises(requests.SelfApprovalError), desk.db.write() as conn:
        requests.take_up(conn, desk, reference, by, NOW)
    assert "received" == help_.found(desk, reference).state


def test_nobody_approves_under_a_nickname(desk: requests.Desk) -> None:
    """Nor is it somebody whom we know by another name than they gave in this request."""
    help_.confirm(desk, help_.hand_in(desk, PRIVATE))
    reference = help_.hand_in(desk, BUSINESS, given_name="Una", family_name="Garth")
    for by in ("Una Garth", "Oona Applegarth"):
        with pytest.raises(requests.SelfApprovalError), desk.db.write() as conn:
            requests.approve(conn, desk, reference, by, NOW)
    assert "received" == help_.found(desk, reference).state


def test_reject(desk: requests.Desk) -> None:
    """A rejected request mails the reason in its own language, and is closed."""
    reference = help_.hand_in(desk, BUSINESS, language="nl")
    with desk.db.write() as conn:
        requests.reject(conn, desk, reference, "Kim", "details_differ", NOW)
    with pytest.raises(requests.WrongStateError):
        help_.approve(desk, reference)
    assert ("rejected", None) == (help_.found(desk, reference).state, rows(desk.db, "requests")[0]["iban"])
    assert ("access_code.rejected", "nl") == (help_.mails(desk.db)[-1], rows(desk.db, "outbox")[-1]["language"])


def test_rejections_hold_up_nothing(desk: requests.Desk) -> None:
    """Anybody can ask with somebody's address and be rejected; however often, the mails that its owner earned leave at
    once, and each rejection is mailed.
    """
    late = NOW + timedelta(hours=36)
    for number in range(12):
        reference = help_.hand_in(desk, BUSINESS, NOW + timedelta(hours=3 * number))
        with desk.db.write() as conn:
            requests.reject(conn, desk, reference, "Kim", "details_differ", late)
    own = help_.hand_in(desk, PRIVATE, late)
    assert help_.confirm(desk, own, late)
    code = rows(desk.db, "outbox")[-1]
    assert ("access_code.code", code["created_at"]) == (code["kind"], code["next_at"])
    assert 12 == help_.mails(desk.db).count("access_code.rejected")


def test_approved_once(desk: requests.Desk) -> None:
    """Approving twice makes one code."""
    reference = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, reference)
    with pytest.raises(requests.WrongStateError):
        help_.approve(desk, reference)
    assert 1 == help_.active_codes(desk.db)


@pytest.mark.parametrize("posted", [False, True])
def test_not_approved_after_it_was_handed_over(desk: requests.Desk, *, posted: bool) -> None:
    """What was printed or posted cannot be approved again by staff: the request stays as it is."""
    reference = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, reference)
    help_.print_letters(desk, NOW, posted=posted)
    with pytest.raises(requests.WrongStateError):
        help_.approve(desk, reference)
    assert ("posted" if posted else "printed") == help_.found(desk, reference).state


def test_private_is_not_approved(desk: requests.Desk) -> None:
    """A private request waits for its link; nobody can approve it past that."""
    reference = help_.hand_in(desk, PRIVATE)
    with pytest.raises(requests.WrongStateError):
        help_.approve(desk, reference)


def test_two_requests_one_code(desk: requests.Desk) -> None:
    """Of two requests by one person for one organisation, the second approved turns out to be a duplicate."""
    first, second = help_.hand_in(desk, BUSINESS), help_.hand_in(desk, BUSINESS)
    help_.approve(desk, first)
    assert ("duplicate", 1) == (help_.approve(desk, second).state, help_.active_codes(desk.db))


def test_one_letter_an_address(desk: requests.Desk) -> None:
    """A second letter to one address waits 14 days; the worker sends it then."""
    help_.approve(desk, help_.hand_in(desk, BUSINESS))
    second = help_.approve(desk, help_.hand_in(desk, BUSINESS, email="two@kites.example"))
    assert ("approved", None, None, 1) == (
        second.state, second.letter_id, second.access_code_id, help_.active_codes(desk.db),
    )  # fmt: skip
    tries = [requests.hand_out_waiting(desk, NOW + timedelta(days=days)) for days in (13, 15, 16)]
    assert ([0, 1, 0], 2) == (tries, help_.active_codes(desk.db))


# Following


def test_status(desk: requests.Desk) -> None:
    """Reference and address together show how far it is, its place in the queue, and how long the last ones took."""
    early = help_.hand_in(desk, BUSINESS, email=REGISTERED)
    own = help_.hand_in(desk, BUSINESS, NOW + timedelta(hours=1))
    assert (2, None, "o•••@kites.example") == (
        status(desk, own).place, status(desk, own).median_wait, status(desk, own).masked_email,
    )  # fmt: skip
    help_.approve(desk, early, NOW + timedelta(hours=30))
    assert (1, timedelta(hours=30)) == (status(desk, own).place, status(desk, own).median_wait)


@pytest.mark.parametrize("known", [False, True])
def test_no_number_tells_who_has_a_code(desk: requests.Desk, *, known: bool) -> None:
    """The place in the queue, the promised days and the time it takes: the same for who comes before and after somebody
    that has a code already and for who comes before and after somebody that has none.
    """
    if known:
        help_.approve(desk, help_.hand_in(desk, BUSINESS, NOW - timedelta(days=40)), NOW - timedelta(days=39))
    else:
        other = help_.hand_in(desk, BUSINESS, NOW - timedelta(days=40), email="other@kites.example")
        help_.approve(desk, other, NOW - timedelta(days=39))
    first = help_.hand_in(desk, BUSINESS, email="first@kites.example")
    own = help_.hand_in(desk, BUSINESS, NOW + timedelta(hours=1))
    last = help_.hand_in(desk, BUSINESS, NOW + timedelta(hours=2), email="last@kites.example")
    assert known == (help_.found(desk, own).state == "duplicate")
    numbers = []
    for reference in (first, own, last):
        shown = status(desk, reference, email=help_.found(desk, reference).email)
        numbers.append(
            (shown.place, shown.median_wait, shown.expected_from, shown.expected_until, shown.late, shown.may)
        )
    assert [1, 2, 3] == [one[0] for one in numbers]
    assert 1 == len({one[1:] for one in numbers})


@pytest.mark.parametrize(("reference", "email"), [("", PERSON), ("K7RM4X9T", PERSON), (None, "x@kites.example")])
def test_status_needs_both(desk: requests.Desk, reference: str | None, email: str) -> None:
    """An unknown reference and another's address give the same nothing."""
    own = help_.hand_in(desk, BUSINESS)
    assert None is requests.status(desk.db.read(), desk, own if reference is None else reference, email, NOW)


def test_status_tells_nothing_of_a_code(desk: requests.Desk) -> None:
    """A stranger's request with somebody's address looks the same whether they have a code, a password or neither."""
    stranger = replace(PRIVATE, given_name="Mallory", family_name="Malice")
    known, with_password = "known@kites.example", "password@kites.example"
    for email in (known, with_password):
        help_.confirm(desk, help_.hand_in(desk, PRIVATE, email=email))
    with desk.db.write() as conn:
        members.revoke_access_code(conn, 2, NOW)
    emails = ("new@kites.example", known, with_password)
    references_ = [help_.hand_in(desk, stranger, email=email) for email in emails]
    for now in (NOW, LATE):
        requests.close_unconfirmed(desk, now)
        seen = [
            replace(status(desk, reference, now, email), reference="", masked_email="")
            for reference, email in zip(references_, emails, strict=True)
        ]
        assert seen[0] == seen[1] == seen[2]
    assert {"ok"} == {act(desk, "withdraw", each, LATE, email) for each, email in zip(references_, emails, strict=True)}
    shown = {status(desk, each, LATE, email).state for each, email in zip(references_, emails, strict=True)}
    assert ({"withdrawn"}, 1) == (shown, help_.active_codes(desk.db))


@pytest.mark.parametrize("kind", ["private", "business"])
@pytest.mark.parametrize(("before", "after"), [(1, 2), (1, 30), (26, 27), (26, 40)])
def test_withdrawn_tells_nothing_of_a_code(desk: requests.Desk, kind: str, before: int, after: int) -> None:
    """Withdrawn, before its link lapsed or after, a request looks the same whether its address has a code or not: the
    same steps at the same moments, and the same to be done.
    """
    answers = PRIVATE if kind == "private" else BUSINESS
    known = help_.hand_in(desk, answers)
    assert help_.confirm(desk, known)
    if kind == "business":
        help_.approve(desk, known)
    emails = (PERSON, "new@kites.example")
    references_ = [help_.hand_in(desk, answers, email=email) for email in emails]
    at = [NOW + timedelta(hours=hours) for hours in (before, after)]
    requests.close_unconfirmed(desk, at[0])
    assert ["ok", "ok"] == [act(desk, "withdraw", *each) for each in zip(references_, at[:1] * 2, emails, strict=True)]
    requests.close_unconfirmed(desk, at[1])
    seen = [status(desk, *each) for each in zip(references_, at[1:] * 2, emails, strict=True)]
    assert replace(seen[0], reference="", masked_email="") == replace(seen[1], reference="", masked_email="")
    assert ("withdrawn", (("received", NOW), ("withdrawn", at[0]))) == (seen[0].state, seen[0].moments)


def act(desk: requests.Desk, what: str, reference: str, now: object = NOW, email: str = PERSON) -> str:
    """Do what an owner can; what came of it."""
    with desk.db.write() as conn:
        if what == "correct_address":
            return requests.correct_address(conn, desk, reference, email, ELSEWHERE, ADDRESS, now)  # type: ignore[arg-type]
        do = {"withdraw": requests.withdraw, "never_came": requests.never_came}[what]
        return do(conn, desk, reference, email, ADDRESS, now)  # type: ignore[arg-type]


def test_withdraw(desk: requests.Desk) -> None:
    """Withdrawn before it is printed, the letter does not go and its code does not work; afterwards it is too late."""
    first = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, first)
    assert ("ok", "withdrawn", 0) == (
        act(desk, "withdraw", first),
        status(desk, first).state,
        help_.active_codes(desk.db),
    )
    assert ["withdrawn"] == [row["state"] for row in rows(desk.db, "letters")]
    second = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, second)
    help_.print_letters(desk, NOW)
    assert ["impossible", "impossible", "unknown"] == [
        act(desk, "withdraw", first), act(desk, "withdraw", second), act(desk, "withdraw", second, email="x@y.example"),
    ]  # fmt: skip


def test_correct_address(desk: requests.Desk) -> None:
    """A letter can go elsewhere until it is printed, but then staff approve anew, and the first code is void."""
    reference = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, reference)
    assert ("ok", 0) == (act(desk, "correct_address", reference), help_.active_codes(desk.db))
    request = help_.found(desk, reference)
    assert ("checking", ("Northsea Kite Repairs", "Oona Applegarth", "Kerkstraat 12 A", "1234 AB  BLOESEMDORP")) == (
        request.state, request.letter_lines,
    )  # fmt: skip
    assert date(2026, 11, 27) == request.expected_until
    assert "ok" == act(desk, "correct_address", reference, NOW + timedelta(days=4))
    assert date(2026, 12, 2) == help_.found(desk, reference).expected_until
    help_.approve(desk, reference)
    help_.print_letters(desk, NOW)
    assert "impossible" == act(desk, "correct_address", reference)


@pytest.mark.parametrize("wrong", [{"postcode": "0000"}, {"house_number": "x"}, {"street": ""}, {"city": "a\x00"}])
def test_correct_address_that_cannot_be(desk: requests.Desk, wrong: dict[str, str]) -> None:
    """An address that cannot be printed or delivered to changes nothing."""
    reference = help_.hand_in(desk, BUSINESS)
    with pytest.raises(requests.FieldError), desk.db.write() as conn:
        requests.correct_address(conn, desk, reference, PERSON, replace(ELSEWHERE, **wrong), ADDRESS, NOW)
    assert None is help_.found(desk, reference).corrected_at


def test_never_came_by_mail(desk: requests.Desk) -> None:
    """After the last date the code that was sent is revoked and a new one goes the same way; not before."""
    reference = help_.hand_in(desk, PRIVATE)
    help_.confirm(desk, reference)
    old = help_.mailed_code(desk.db)
    early, late = act(desk, "never_came", reference), act(desk, "never_came", reference, LATE)
    new = help_.mailed_code(desk.db)
    find = [use.find_usable(desk.db.read(), members.hashes_of(KEYS, code), LATE) is not None for code in (old, new)]
    assert ("impossible", "ok", [False, True]) == (early, late, find)
    assert "impossible" == act(desk, "never_came", reference, LATE + timedelta(days=1))


def test_never_came_by_letter(desk: requests.Desk) -> None:
    """A new letter goes when 14 days have passed since the first, and its owner is told by mail."""
    reference = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, reference)
    help_.print_letters(desk, NOW, posted=True)
    assert "ok" == act(desk, "never_came", reference, NOW + timedelta(days=10))
    waits = status(desk, reference, NOW + timedelta(days=10))
    assert ("approved", True, 0) == (waits.state, waits.letter_waits, help_.active_codes(desk.db))
    requests.hourly(desk, NOW + timedelta(days=15))
    again = status(desk, reference, NOW + timedelta(days=15))
    assert (False, 1, date(2026, 12, 9)) == (again.letter_waits, help_.active_codes(desk.db), again.expected_from)
    assert "lost_access_code.replaced" == help_.mails(desk.db)[-1]


def test_no_days_for_a_letter_that_waits(desk: requests.Desk) -> None:
    """The mail about a code that was replaced promises days only when the letter with the new one can go."""
    reference = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, reference)
    help_.print_letters(desk, NOW, posted=True)
    act(desk, "never_came", reference, NOW + timedelta(days=10))
    waiting = help_.payload(desk.db)
    requests.hourly(desk, NOW + timedelta(days=15))
    later = NOW + timedelta(days=40)
    help_.print_letters(desk, later, posted=True)
    act(desk, "never_came", reference, later + timedelta(days=20))
    assert (False, "25 January 2027") == ("since" in waiting, help_.payload(desk.db).get("since"))


def test_approved_late(desk: requests.Desk) -> None:
    """What is approved, printed or posted when the promised days are over comes within as many days from then: a code
    that has only just left cannot be said never to have come.
    """
    reference = help_.hand_in(desk, BUSINESS)
    before = status(desk, reference, LATE)
    help_.approve(desk, reference, LATE)
    approved = status(desk, reference, LATE)
    help_.print_letters(desk, LATE + timedelta(days=20), posted=True)
    posted = status(desk, reference, LATE + timedelta(days=20))
    assert [(True, date(2026, 11, 27)), (False, date(2026, 12, 18)), (False, date(2027, 1, 8))] == [
        (one.late, one.expected_until) for one in (before, approved, posted)
    ]
    assert "never_came" not in posted.may


def test_approved_in_time(desk: requests.Desk) -> None:
    """What leaves within the days that were promised keeps them."""
    reference = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, reference, NOW + timedelta(days=3))
    help_.print_letters(desk, NOW + timedelta(days=5), posted=True)
    assert date(2026, 11, 27) == status(desk, reference).expected_until


def test_never_came_but_used(desk: requests.Desk) -> None:
    """Once the code was used, nobody can have it revoked by saying that it never came."""
    reference = help_.hand_in(desk, PRIVATE)
    help_.confirm(desk, reference)
    with desk.db.write() as conn:
        use.note_use(conn, 1, NOW)
    assert ("impossible", 1) == (act(desk, "never_came", reference, LATE), help_.active_codes(desk.db))


# Losing


def lose(desk: requests.Desk, email: str = PERSON, number: str | None = None, now: object = NOW) -> str:
    """Ask for the link; the hash of its token."""
    with desk.db.write() as conn:
        assert 0 == requests.lose(conn, desk, email, number, ADDRESS, "en", now).wait  # type: ignore[arg-type]
    return str(rows(desk.db, "tokens")[-1]["token_hash"])


def replace_code(desk: requests.Desk, found: str, now: object = NOW) -> requests.Request | None:
    with desk.db.write() as conn:
        return requests.replace(conn, desk, found, ADDRESS, now)  # type: ignore[arg-type]


def test_replace_private(desk: requests.Desk) -> None:
    """Asking changes nothing; using the link revokes the old code and its sessions, and mails a new one."""
    help_.confirm(desk, help_.hand_in(desk, PRIVATE))
    old = help_.mailed_code(desk.db)
    with desk.db.write() as conn:
        sessions.begin(conn, 1, 1, "cookie", NOW, "Firefox")
    link = lose(desk)
    assert requests.opens(desk.db.read(), link, NOW)
    assert (1, True) == (help_.active_codes(desk.db), sessions.find(desk.db.read(), "cookie", NOW) is not None)
    made = replace_code(desk, link)
    assert made
    assert ("sent", True, None) == (
        made.state,
        help_.payload(desk.db)["replaced"],
        sessions.find(desk.db.read(), "cookie", NOW),
    )
    opens = [
        use.find_usable(desk.db.read(), members.hashes_of(KEYS, code), NOW)
        for code in (old, help_.mailed_code(desk.db))
    ]
    assert (None, 1) == (opens[0], opens[1].person_id if opens[1] else None)
    assert (None, None) == (replace_code(desk, link), requests.opens(desk.db.read(), link, NOW))
    assert rows(desk.db, "sessions")[0]["ended_at"]


def test_replace_business(desk: requests.Desk) -> None:
    """The new code comes by the same rule, by letter; one that was not printed yet is taken back."""
    first = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, first)
    link = lose(desk, number=KVK)
    made = replace_code(desk, link)
    assert made
    assert ("approved", "letter", True) == (made.state, made.delivery, made.letter_id is not None)
    assert (["withdrawn", "ready"], "withdrawn", 1) == (
        [row["state"] for row in rows(desk.db, "letters")],
        help_.found(desk, first).state,
        help_.active_codes(desk.db),
    )
    assert "lost_access_code.replaced" == help_.mails(desk.db)[-1]
    assert made.reference
    assert status(desk, made.reference).may


def test_replacing_arranges_no_payment(desk: requests.Desk) -> None:
    """A code in the place of another does not make an organisation pay by direct debit: only an agreement does."""
    help_.approve(desk, help_.hand_in(desk, BUSINESS))
    with desk.db.write() as conn:
        mandates.end(conn, 1, 1, NOW)
    assert replace_code(desk, lose(desk, number=KVK))
    assert None is help_.organisation(desk.db).payment_method


@pytest.mark.parametrize(
    ("email", "number"),
    [("x@y.example", None), (PERSON, None), ("x@y.example", KVK), (PERSON, "99999999"), (PERSON, "1")],
)
def test_lose_is_the_same_for_all(desk: requests.Desk, email: str, number: str | None) -> None:
    """Known and unknown run the same statements; what does not belong together gets no mail, and a link to nothing."""
    help_.approve(desk, help_.hand_in(desk, BUSINESS))
    with counted(desk.db) as known:
        lose(desk, number=KVK)
    with counted(desk.db) as unknown:
        link = lose(desk, email, number)
    known_writes, unknown_writes = ([v for v in verbs(each) if v != "SELECT"] for each in (known, unknown))
    assert (known_writes, "void") == (unknown_writes, rows(desk.db, "outbox")[-1]["state"])
    assert (None, 1) == (replace_code(desk, link), help_.active_codes(desk.db))


def test_link_of_the_private_code_leaves_the_other(desk: requests.Desk) -> None:
    """A link is for one code: using it leaves the person's code for an organisation alone."""
    help_.confirm(desk, help_.hand_in(desk, PRIVATE))
    help_.approve(desk, help_.hand_in(desk, BUSINESS))
    private, business = lose(desk), lose(desk, number=KVK)
    assert replace_code(desk, private)
    open_still = requests.opens(desk.db.read(), business, NOW)
    assert open_still
    assert "Northsea Kite Repairs" == open_still.organisation


# Time


def test_remind(desk: requests.Desk) -> None:
    """A code that was not used is brought to mind once, after the days that the fact says, and not when it was used."""
    help_.confirm(desk, help_.hand_in(desk, PRIVATE))
    days = FACTS.get("access_code.reminder_days").value
    found = [requests.remind(desk, NOW + timedelta(days=days, seconds=s)) for s in (-1, 0, 1)]
    assert ([0, 1, 0], "access_code.reminder") == (found, help_.mails(desk.db)[-1])


def test_expire(desk: requests.Desk) -> None:
    """A letter's code that was not used in time opens no more, is revoked and its owner told; a used one stays."""
    help_.approve(desk, help_.hand_in(desk, BUSINESS))
    code = str(rows(desk.db, "access_codes")[0]["code_hash"])
    before, after = NOW + timedelta(days=60), NOW + timedelta(days=61)
    opens = [use.find_usable(desk.db.read(), (code, code), now) is not None for now in (before, after)]
    assert ([True, False], [0, 1, 0]) == (opens, [requests.expire(desk, now) for now in (before, after, after)])
    assert ("access_code.expired", 0) == (help_.mails(desk.db)[-1], help_.active_codes(desk.db))


def test_expired_before_it_was_printed(desk: requests.Desk) -> None:
    """A letter that nobody printed in all that time goes with its code: no dead code is ever printed."""
    reference = help_.hand_in(desk, BUSINESS)
    help_.approve(desk, reference)
    requests.expire(desk, NOW + timedelta(days=61))
    found = help_.found(desk, reference)
    assert ("withdrawn", ["withdrawn"]) == (found.state, [row["state"] for row in rows(desk.db, "letters")])


def test_used_code_stays(desk: requests.Desk) -> None:
    """A code that was used once is valid for as long as nobody revokes it."""
    help_.approve(desk, help_.hand_in(desk, BUSINESS))
    with desk.db.write() as conn:
        use.note_use(conn, 1, NOW)
    assert (0, 0) == (
        requests.expire(desk, NOW + timedelta(days=400)),
        requests.remind(desk, NOW + timedelta(days=400)),
    )


def test_close_unconfirmed(desk: requests.Desk) -> None:
    """A private request whose link was not used in time is closed, with the account in it; the link opens nothing."""
    reference = help_.hand_in(desk, PRIVATE, payment_method="direct_debit", iban=IBAN, holder="O", mandate=True)
    closed = [requests.close_unconfirmed(desk, NOW + timedelta(hours=hours)) for hours in (23, 24, 25)]
    assert ([0, 1, 0], None) == (closed, help_.confirm(desk, reference, NOW + timedelta(hours=24)))
    assert ("withdrawn", None) == (help_.found(desk, reference).state, help_.found(desk, reference).iban)


@pytest.mark.parametrize(("hours", "state"), [(23, "open"), (24, "lapsed"), (25, "lapsed")])
def test_link_lapses(desk: requests.Desk, hours: int, state: str) -> None:
    """The link works as long as the fact access_code.link_hours says, also while the worker stands still."""
    link = help_.token_hash(desk.db, help_.hand_in(desk, PRIVATE))
    assert state == requests.open_link(desk.db.read(), link, NOW + timedelta(hours=hours)).state


def race_to_confirm(path: Path, reference: str) -> bool:
    """Use one link of a request, as one of several processes."""
    db = Database(path)
    try:
        return help_.confirm(help_.new_desk(db), reference) is not None
    finally:
        db.close()


def test_confirmed_once(desk: requests.Desk) -> None:
    """Of one link used by several at once comes one code, one mandate and one password."""
    reference = help_.hand_in(desk, PRIVATE, payment_method="direct_debit", iban=IBAN, holder="O", mandate=True)
    done = run_processes(race_to_confirm, [(desk.db.path, reference)] * 4)
    assert [False, False, False, True] == sorted(done)
    assert [1, 1, 1] == [len(rows(desk.db, name)) for name in ("access_codes", "mandates", "passwords")]
    assert ["access_code.received", "direct_debit.agreed", "access_code.code"] == help_.mails(desk.db)


def test_mandate_is_mailed(desk: requests.Desk) -> None:
    """What staff approve with an account is told to who asked, and to the organisation at its registered address."""
    help_.approve(desk, help_.hand_in(desk, BUSINESS))
    told = [row for row in rows(desk.db, "outbox") if row["kind"] == "direct_debit.agreed"]
    assert [PERSON, REGISTERED] == [row["recipient"] for row in told]
    assert {("NL91 •••• 4300", False)} == {
        (json.loads(row["payload"])["iban"], json.loads(row["payload"])["can_undo"]) for row in told
    }


def test_mandate_takes_no_others_place(desk: requests.Desk) -> None:
    """An organisation that has got a way to pay while a request waited keeps it: that account is forgotten."""
    waits = help_.hand_in(desk, BUSINESS, email="two@kites.example", iban="NL02ABNA0123456789")
    help_.approve(desk, help_.hand_in(desk, BUSINESS, email=REGISTERED))
    help_.approve(desk, waits)
    assert [IBAN] == [row["iban"] for row in rows(desk.db, "mandates")]
    assert None is help_.found(desk, waits).iban


def test_retention(desk: requests.Desk) -> None:
    """After 365 days a request is gone, with its states and a person who never got a code; not a minute earlier."""
    help_.hand_in(desk, PRIVATE)
    gone = []
    for moment in (timedelta(days=365, minutes=-1), timedelta(days=366)):
        with desk.db.write() as conn:
            gone.append(requests.clean(conn, NOW + moment))
    assert [0, 2] == gone
    assert [[], [], []] == [rows(desk.db, table) for table in ("requests", "request_states", "people")]


def test_earned_mail_waits(desk: requests.Desk) -> None:
    """Over the cap for what anybody can cause a mail waits its turn; the code that a used link brings does not."""
    references_ = [help_.hand_in(desk, PRIVATE) for _ in range(4)]
    help_.confirm(desk, references_[0])
    queue = [(row["kind"], row["next_at"][:16]) for row in rows(desk.db, "outbox")[2:]]
    now, later = "2026-11-21T12:00", "2026-11-21T13:00"
    assert [("access_code.received", now), ("access_code.received", later), ("access_code.code", now)] == queue


def test_deferred_link_works_when_it_arrives(desk: requests.Desk) -> None:
    """The hours of a link begin when its mail may leave: the request is not closed before, and its status says so."""
    references_ = [help_.hand_in(desk, PRIVATE) for _ in range(4)]
    token = rows(desk.db, "tokens")[-1]
    mail = rows(desk.db, "outbox")[-1]
    until = clock.to_text(NOW + timedelta(hours=25))
    assert [until] * 2 == [token["expires_at"], mail["give_up_at"]]
    late, later = (NOW + timedelta(hours=hours) for hours in (24.5, 25.5))
    assert 3 == requests.close_unconfirmed(desk, late)
    found_ = requests.status(desk.db.read(), desk, references_[3], PERSON, late)
    assert found_
    assert [False, True] == [link_end(found_, 24) < moment for moment in (late, later)]
    assert 1 == requests.close_unconfirmed(desk, later)


def test_no_secret_stays(desk: requests.Desk) -> None:
    """No code or token stands in the tables of people and requests."""
    reference = help_.hand_in(desk, PRIVATE)
    token = help_.payload(desk.db)["token"]
    help_.confirm(desk, reference)
    code = help_.mailed_code(desk.db)
    kept = "".join(str(rows(desk.db, name)) for name in ("requests", "access_codes", "tokens", "events", "people"))
    assert (False, False) == (token in kept, code in kept)


def test_everything_is_in_the_log(desk: requests.Desk) -> None:
    """Each step leaves an event: who did what, on what, with which result."""
    reference = help_.hand_in(desk, BUSINESS)
    with desk.db.write() as conn:
        requests.take_up(conn, desk, reference, "Kim", NOW)
    help_.approve(desk, reference)
    help_.print_letters(desk, NOW, posted=True)
    seen = [(row["what"], row["result"]) for row in rows(desk.db, "events")]
    expected = [
        ("request.submit", "received"), ("request.check", "ok"), ("request.approve", "ok"),
        ("access_code.issue", "approved"), ("letter", "printed"), ("letter", "posted"),
    ]  # fmt: skip
    assert (expected, {"request:1"}) == (seen, {row["on_what"] for row in rows(desk.db, "events")})

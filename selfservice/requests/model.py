"""Requests for an access code: everything that forms, staff and the worker call, in one place.

Functions take the connection first (inside `Database.write()` unless they only read), then the `Context`. Those for the
worker take the database instead, and open their own transactions.
"""

from selfservice.requests.changes import Done, correct_address, never_came, withdraw
from selfservice.requests.checking import (
    SelfApprovalError,
    UnknownReferenceError,
    approve,
    is_another,
    note_refusal,
    reject,
    take_up,
)
from selfservice.requests.confirmation import Asked, Link, confirm, forget_password, open_link, refuse
from selfservice.requests.fields import FieldError
from selfservice.requests.handing import code_leaves_before, hand_out_waiting, letter_posted, letter_printed
from selfservice.requests.jobs import clean, close_unconfirmed, expire, hourly, remind, revoke, send_missing_links
from selfservice.requests.lost import Lost, lose, opens, replace, replace_for_staff
from selfservice.requests.progress import Status, admit, status
from selfservice.requests.reasons import REASONS
from selfservice.requests.rows import Request, State, by_reference, listed, of_person
from selfservice.requests.states import WrongStateError, history
from selfservice.requests.submission import (
    AnswerError,
    Answers,
    Delivery,
    Submitted,
    delivery,
    needs_mandate,
    options,
    organisation,
    submit,
)

__all__ = [
    "REASONS",
    "AnswerError",
    "Answers",
    "Asked",
    "Delivery",
    "Done",
    "FieldError",
    "Link",
    "Lost",
    "Request",
    "SelfApprovalError",
    "State",
    "Status",
    "Submitted",
    "UnknownReferenceError",
    "WrongStateError",
    "admit",
    "approve",
    "by_reference",
    "clean",
    "close_unconfirmed",
    "code_leaves_before",
    "confirm",
    "correct_address",
    "delivery",
    "expire",
    "forget_password",
    "hand_out_waiting",
    "history",
    "hourly",
    "is_another",
    "letter_posted",
    "letter_printed",
    "listed",
    "lose",
    "needs_mandate",
    "never_came",
    "note_refusal",
    "of_person",
    "open_link",
    "opens",
    "options",
    "organisation",
    "refuse",
    "reject",
    "remind",
    "replace",
    "replace_for_staff",
    "revoke",
    "send_missing_links",
    "status",
    "submit",
    "take_up",
    "withdraw",
]

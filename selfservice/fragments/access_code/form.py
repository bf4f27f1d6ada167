"""The rules of the request form: which steps there are, what each asks, and what is wrong with an answer.

Answers are kept as they were typed or as codes, never as words of a language. Handing in is `requests.submission`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from selfservice.accounts.organisations import Organisation
from selfservice.db import Connection
from selfservice.facts.facts import Facts
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES
from selfservice.letters.characters import printing_error
from selfservice.requests import submission
from selfservice.site_config import SITE
from selfservice.values.email import email_error
from selfservice.values.iban import holder_error, iban_error
from selfservice.values.name import name_error
from selfservice.values.organisation_number import number_name, organisation_number_error
from selfservice.values.phone import phone_error

# What each step asks. Nothing else that is sent is looked at.
STEP_FIELDS = {
    "need": ("need",),
    "details": ("kvk_number", "given_name", "family_name", "email", "telephone"),
    "preferences": ("payment_method", "language"),
    "mandate": ("iban", "holder", "mandate"),
    "check": (),
}
# An account to collect from belongs to the preferences: people count four steps.
STEP_NUMBERS = {"need": 1, "details": 2, "preferences": 3, "mandate": 3, "check": 4}
STEP_COUNT = 4
MAX_LENGTH = 300


def needs() -> tuple[str, ...]:
    """What a code can be needed for here: nothing, too, where site.toml says so."""
    business = ("business",) if SITE.organisation_number else ()
    return (*business, "private", *(("extract",) if SITE.no_code else ()))


def read_step(step: str, sent: Mapping[str, str]) -> dict[str, str]:
    """What was sent for the fields of this step, and nothing else; a box that is not ticked is empty."""
    return {name: sent.get(name, "")[:MAX_LENGTH] for name in STEP_FIELDS[step]}


def merge_answers(before: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """The answers so far, with those that were just typed. An agreement to collect ends with what it was given for:
    another use or another organisation has to be agreed to again.
    """
    answers = {**before, **typed}
    if any(before.get(name, answers.get(name)) != answers.get(name) for name in ("need", "kvk_number")):
        answers["mandate"] = ""
    return answers


def organisation_number(answers: Mapping[str, str]) -> str:
    """The number, as typed, of which these answers have the organisation looked up; empty when they have none."""
    return answers.get("kvk_number", "") if answers.get("need") == "business" else ""


@dataclass(frozen=True)
class RequestForm:
    """The request as far as it was filled in. `organisation` is the one with the number that was typed."""

    facts: Facts
    answers: Mapping[str, str]
    organisation: Organisation | None = None

    @classmethod
    def load(cls, conn: Connection, facts: Facts, answers: Mapping[str, str]) -> RequestForm:
        """The form with these answers; looks the organisation up. One query, or none without a number."""
        number = organisation_number(answers)
        return cls(facts, answers, submission.find_organisation(conn, number) if number else None)

    @property
    def is_business(self) -> bool:
        """Whether it is for an organisation."""
        return self.answers.get("need") == "business"

    @property
    def kind(self) -> Literal["business", "private"]:
        """The kind of use."""
        return "business" if self.is_business else "private"

    @cached_property
    def payment_methods(self) -> list[str]:
        """The ways to pay that may be chosen; when there is one only, nothing is asked."""
        return submission.payment_options(self.facts, self.kind, self.organisation)

    @property
    def is_arranged(self) -> bool:
        """Whether the organisation has a way to pay already, so that no other can be chosen."""
        return self.organisation is not None and self.organisation.payment_method is not None

    @property
    def payment_method(self) -> str:
        """The way to pay: the only one, or the one that was chosen (perhaps none yet)."""
        only = self.payment_methods
        return only[0] if len(only) == 1 else self.answers.get("payment_method", "")

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The steps that these answers lead through."""
        wants = submission.needs_mandate(self.to_answers(), self.organisation)
        return tuple(step for step in STEP_FIELDS if step != "mandate" or wants)

    @cached_property
    def first_open_step(self) -> str:
        """The first step that is not answered well; `check` when all are."""
        return next((step for step in self.steps if step == "check" or self.check(step)), "check")

    def allows(self, step: str) -> bool:
        """Whether this step may be looked at: all before it are answered."""
        return step in self.steps and self.steps.index(step) <= self.steps.index(self.first_open_step)

    def previous_step(self, step: str) -> str:
        """The step to go back to."""
        return self.steps[max(0, self.steps.index(step) - 1)] if step in self.steps else self.first_open_step

    @property
    def delivery(self) -> submission.Delivery:
        """How the code will come."""
        return submission.choose_delivery(self.to_answers(), self.organisation)

    def to_answers(self) -> submission.Answers:
        """The answers as `requests.submission` takes them."""
        given: dict[str, Any] = {
            name: self.answers.get(name, "") for name in ("given_name", "family_name", "email", "language")
        }
        given |= {name: self.answers.get(name, "") for name in ("telephone", "iban", "holder")}
        return submission.Answers(
            kind=self.kind,
            payment_method=self.payment_method,
            kvk_number=self.answers.get("kvk_number", "") if self.is_business else "",
            mandate=self.answers.get("mandate") == "yes",
            **given,
        )

    def check(self, step: str) -> dict[str, str]:
        """The messages for the fields of a step that are not right, by field name; empty when all are."""
        errors = {name: self._message(name) for name in STEP_FIELDS[step]}
        return {name: message for name, message in errors.items() if message}

    def _message(self, name: str) -> str:
        text = self.answers.get(name, "")
        message: str = getattr(self, f"_{name}")(text)
        return message

    def _need(self, text: str) -> str:
        return "" if text in needs() else gettext("Choose what you need the code for.")

    def _kvk_number(self, text: str) -> str:
        if not self.is_business:
            return ""
        problem = organisation_number_error(text)
        if not problem and self.organisation is None:
            return gettext(
                "We find no organisation with this %(number)s. Compare it with a letter from us.", number=number_name()
            )
        return problem

    def _given_name(self, text: str) -> str:
        if self.answers.get("family_name", "").strip():
            return self._name_error(text)
        return self._name_error(
            text, gettext("Fill in your name. Do you have one name? Then one of the two is enough.")
        )

    def _family_name(self, text: str) -> str:
        return self._name_error(text)

    def _name_error(self, text: str, empty: str = "") -> str:
        # A code for an organisation may come by letter, now or when it is replaced.
        return name_error(text, empty=empty) or (printing_error(text) if self.is_business else "")

    def _email(self, text: str) -> str:
        return email_error(text)

    def _telephone(self, text: str) -> str:
        return phone_error(text)

    def _payment_method(self, _: str) -> str:
        return "" if self.payment_method in self.payment_methods else gettext("Choose how you want to pay.")

    def _language(self, text: str) -> str:
        return "" if text in LANGUAGES else gettext("Choose the language of our e-mails and letters.")

    def _iban(self, text: str) -> str:
        return iban_error(text)

    def _holder(self, text: str) -> str:
        return holder_error(text)

    def _mandate(self, text: str) -> str:
        return (
            ""
            if text == "yes"
            else gettext("Tick the box if you agree. Without that we cannot collect what you order.")
        )

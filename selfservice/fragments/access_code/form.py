"""The rules of the request form: which steps there are, what each asks, and what is wrong with an answer.

Answers are kept as they were typed or as codes, never as words of a language. Handing in is `requests.submission`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property, partial
from typing import Any, ClassVar, Literal

from selfservice.accounts.organisations import Organisation
from selfservice.db import Connection
from selfservice.facts.facts import Facts
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.i18n.languages import LANGUAGE_NAMES, current_language
from selfservice.letters.characters import printing_error
from selfservice.requests import submission
from selfservice.site_config import SITE
from selfservice.values.name import name_error
from selfservice.values.organisation_number import (
    number_name,
    organisation_number_error,
    register_name,
)
from selfservice.web import authentication, forms, mandate_form

STEP_COUNT = 4  # as people count: an account to collect from belongs to the preferences
PAYMENT_METHODS = {
    "credit": (
        lazy_gettext("Credit"),
        lazy_gettext("You deposit money first. We take the cost of your orders from it."),
    ),
    "direct_debit": (
        lazy_gettext("Direct debit"),
        lazy_gettext("We collect the cost of your orders from your bank account."),
    ),
}


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


class StepForm(forms.Form):
    """The form of a step: `title` is its name, `number` which of the steps people count it as."""

    fragment = "access-code"
    title: ClassVar[Any]
    number: ClassVar[int]
    outdated = lazy_gettext(
        "After you opened this page, the request was changed in another tab, or another one was begun. We did not use "
        "what you sent now, and no request was sent. Below is the request as it is now."
    )

    def fit(self, steps: Steps) -> None:
        """Ask what is to be asked after these answers, and of this site."""

    def suggest(self) -> None:
        """Fill in what most people will choose, where nothing was chosen."""


class NeedForm(StepForm):
    """What the code is for."""

    step = "need"
    title = lazy_gettext("Request an access code")
    number = 1
    need = forms.ChoiceField(
        lazy_gettext("What do you need the code for?"),
        required=lazy_gettext("Choose what you need the code for."),
        short=lazy_gettext("Kind of use"),
    )

    def fit(self, _steps: Steps) -> None:
        """For an organisation where there is a register of them; for nothing where site.toml says so."""
        lang = current_language()
        business = ("business", gettext("For an organisation"), _about_business_use(lang))
        private = ("private", gettext("For myself"), gettext("Private use."))
        none = ("extract", SITE.no_code.choice[lang], SITE.no_code.hint[lang]) if SITE.no_code else None
        self.need.choices = [each for each in (business if SITE.organisation_number else None, private, none) if each]

    def suggest(self) -> None:
        """The only choice."""
        if len(self.need.choices) == 1:
            self.need.data = self.need.choices[0][0]


def _about_business_use(lang: str) -> str:
    """What business use is, and what only a code for it can do: for that a private one is requested in vain."""
    rights = authentication.rights()
    private = rights.of_kind("private")
    only = [right.title(lang) for right in rights.of_kind("business") if right not in private]
    use = gettext("Business use: you request the code for a business or another organisation.")
    if not only:
        return use
    what = ", ".join(f"{title[0].lower()}{title[1:]}" for title in only)
    return f"{use} " + gettext("You can do this only with this code: %(what)s.", what=what)


class DetailsForm(StepForm):
    """Who it is for, and for which organisation."""

    step = "details"
    title = lazy_gettext("Your details")
    number = 2
    kvk_number = forms.OrganisationNumberField()
    given_name = forms.TextField(
        lazy_gettext("First name"),
        partial(name_error, empty=""),
        hint=lazy_gettext("Do you have one name? Fill in one of the two, and leave the other empty."),
        attributes={"autocomplete": "given-name", "spellcheck": "false", "maxlength": 100},
    )
    family_name = forms.TextField(
        lazy_gettext("Last name"),
        partial(name_error, empty=""),
        attributes={"autocomplete": "family-name", "spellcheck": "false", "maxlength": 100},
    )
    email = forms.EmailField(lazy_gettext("E-mail address"))
    telephone = forms.PhoneField(
        lazy_gettext("Telephone number (optional)"),
        hint=lazy_gettext("We use it only if we have a question about your request."),
        width=20,
    )

    def fit(self, steps: Steps) -> None:
        """Privately there is no organisation."""
        self.organisation = steps.organisation
        if not steps.is_business or SITE.organisation_number is None:
            del self.kvk_number
            self.email.hint = gettext(
                "Your own address. We send everything there: the reference of this request, a link to confirm it, and "
                "the code."
            )
            return
        number = SITE.organisation_number
        digits = gettext("%(digits)s digits.", digits=number.digits)
        self.kvk_number.hint = f"{digits} {number.found_on[current_language()]}"
        self.email.hint = gettext(
            "Your own address. If %(register)s has this address for the organisation, the code comes by e-mail. If "
            "not, it comes by letter.",
            register=register_name(),
        )

    @property
    def number_error(self) -> str:
        """What is wrong with the number; empty for that of an organisation."""
        if self.organisation is not None:
            return ""
        return organisation_number_error(self.kvk_number.data) or gettext(
            "We cannot find an organisation with this %(number)s. Compare it with a letter from us.",
            number=number_name(),
        )

    def validate_given_name(self, field: forms.TextField) -> None:
        """One of the two names is there."""
        if not (field.data + self.family_name.data).strip():
            raise forms.ValidationError(
                gettext("Fill in your name. Do you have one name? Then one of the two is enough.")
            )
        self.validate_family_name(field)

    def validate_family_name(self, field: forms.TextField) -> None:
        """Letters can print it: a code for an organisation may come by letter, now or when it is replaced."""
        if "kvk_number" in self and not field.errors and (problem := printing_error(field.data)):
            raise forms.ValidationError(problem)

    def validate_kvk_number(self, field: forms.OrganisationNumberField) -> None:
        """It is that of an organisation."""
        if self.number_error and not field.errors:
            raise forms.ValidationError(self.number_error)


class PreferencesForm(StepForm):
    """How is paid for what is ordered, where there is a choice; and the language of mails and letters."""

    step = "preferences"
    title = lazy_gettext("Your preferences")
    number = 3
    payment_method = forms.ChoiceField(
        lazy_gettext("How do you want to pay for your orders?"),
        hint=lazy_gettext("The code itself is free."),
        required=lazy_gettext("Choose how you want to pay."),
        short=lazy_gettext("How you pay"),
    )
    language = forms.ChoiceField(
        lazy_gettext("Language of our e-mails and letters"),
        list(LANGUAGE_NAMES.items()),
        required=lazy_gettext("Choose the language of our e-mails and letters."),
    )

    def fit(self, steps: Steps) -> None:
        """With one way to pay there is nothing to choose."""
        if len(steps.payment_methods) == 1:
            del self.payment_method
        else:
            self.payment_method.choices = [(method, *PAYMENT_METHODS[method]) for method in steps.payment_methods]

    def suggest(self) -> None:
        """The language of the page."""
        self.language.data = self.language.data or current_language()


class MandateForm(mandate_form.MandateForm, StepForm):
    """From which account may be collected."""

    step = "mandate"
    title = lazy_gettext("Direct debit")
    number = 3


class CheckForm(StepForm):
    """All answers, to be handed in."""

    step = "check"
    title = lazy_gettext("Check your request")
    number = 4


FORMS: dict[str, type[StepForm]] = {
    form.step: form for form in (NeedForm, DetailsForm, PreferencesForm, MandateForm, CheckForm)
}


@dataclass(frozen=True)
class Steps:
    """The request as far as it was filled in, and the steps that it leads through. `organisation` is the one with the
    number that was typed.
    """

    facts: Facts
    answers: Mapping[str, str]
    organisation: Organisation | None = None

    @classmethod
    def load(cls, conn: Connection, facts: Facts, answers: Mapping[str, str]) -> Steps:
        """The steps with these answers; looks the organisation up. One query, or none without a number."""
        number = organisation_number(answers)
        return cls(facts, answers, submission.find_organisation(conn, number) if number else None)

    def form(self, step: str, formdata: Any = None, **options: Any) -> StepForm:
        """The form of a step, with the answers; or with `formdata`, what was sent."""
        form = FORMS[step](formdata, values=self.answers, **options)
        form.fit(self)
        return form

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The steps that these answers lead through."""
        wants = submission.needs_mandate(self.to_answers(), self.organisation)
        return tuple(step for step in FORMS if step != "mandate" or wants)

    @cached_property
    def _is_answered(self) -> Callable[[str], bool]:
        return cache(lambda step: self.form(step).validate())

    @property
    def reached(self) -> str:
        """The first step that is not answered well; `check` when all are."""
        return self.next("")

    def next(self, step: str) -> str:
        """The first step after this one that is not answered well; `check` when all are."""
        later = self.steps[self.steps.index(step) + 1 :] if step else self.steps
        return next(each for each in later if each == "check" or not self._is_answered(each))

    def allows(self, step: str) -> bool:
        """Whether this step may be looked at: all before it are answered."""
        return step in self.steps and all(map(self._is_answered, self.steps[: self.steps.index(step)]))

    def previous(self, step: str) -> str:
        """The step to go back to."""
        return self.steps[max(0, self.steps.index(step) - 1)] if step in self.steps else self.reached

    @property
    def version(self) -> str:
        """A digest of all that the last step shows and that decides what is handed in."""
        known = self.organisation and (self.organisation.id, self.organisation.name, self.organisation.payment_method)
        return hashlib.sha256(json.dumps([asdict(self.to_answers()), known]).encode()).hexdigest()

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

    @property
    def delivery(self) -> submission.Delivery:
        """How the code will come."""
        return submission.choose_delivery(self.to_answers(), self.organisation)

    def to_answers(self) -> submission.Answers:
        """The answers as `requests.submission` takes them."""
        names = ("given_name", "family_name", "email", "language", "telephone", "iban", "holder")
        return submission.Answers(
            kind=self.kind,
            payment_method=self.payment_method,
            kvk_number=self.answers.get("kvk_number", "") if self.is_business else "",
            mandate=self.answers.get("mandate") == "yes",
            **{name: self.answers.get(name, "") for name in names},
        )

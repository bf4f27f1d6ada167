"""The rules of the request form: which steps there are, what each asks, and what is wrong with an answer.

Answers are kept as they were typed or as codes, never as words of a language. Handing in is `requests.submission`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, Literal

from markupsafe import Markup

from selfservice.accounts.organisations import MOST_FOUND, Organisation, name_words
from selfservice.db import Connection
from selfservice.facts.facts import Facts
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.i18n.languages import current_language
from selfservice.letters.characters import printing_error
from selfservice.requests import submission
from selfservice.site_config import SITE
from selfservice.values.organisation_number import (
    check_organisation_number,
    number_name,
    organisation_number_error,
    register_name,
)
from selfservice.web import authentication, forms, mandate_form
from selfservice.web.fields import MAX_LENGTH

# The kinds of use that a code is given for.
USES = ("business", "private") if SITE.organisation_number else ("private",)
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
    """The answers so far, with those that were just typed. The way to pay, and an agreement to collect, end with what
    they were given for: of another use or another organisation both are asked again.
    """
    answers = {**before, **typed}
    if any(before.get(name, answers.get(name)) != answers.get(name) for name in ("need", "kvk_number")):
        answers |= {"payment_method": "", "mandate": ""}
    return answers


def is_same_request(before: Mapping[str, str], typed: Mapping[str, str]) -> bool:
    """Whether a first step that is sent once more corrects the answers of before: it is for the same use, by somebody
    with the same e-mail address or name.
    """

    def same(*names: str) -> bool:
        return all(before.get(name, "") == typed.get(name, "") for name in names)

    return bool(typed["need"]) and same("need", "kvk_number") and (same("email") or same("given_name", "family_name"))


def organisation_number(answers: Mapping[str, str]) -> str:
    """The number by which these answers have an organisation looked up; empty as long as there is not a whole one."""
    typed = answers.get("kvk_number", "") if answers.get("need") == "business" else ""
    return "" if organisation_number_error(typed) else check_organisation_number(typed)


class StepForm(forms.Form):
    """The form of a step. `title` is its heading, `name` what it is called in the list of steps."""

    fragment = "access-code"
    title: ClassVar[Any]
    name: ClassVar[Any]
    submit = lazy_gettext("Continue")
    back = lazy_gettext("Back")
    outdated = lazy_gettext(
        "After you opened this page, the request was changed in another tab, or another one was begun. We did not use "
        "what you just sent, and no request was sent. Below is the request as it is now."
    )

    def fit(self, steps: Steps) -> None:
        """Ask what is to be asked after these answers, and of this site."""


class NeedForm(StepForm):
    """What the code is for, and for whom."""

    step = "need"
    title = lazy_gettext("Request an access code")
    name = lazy_gettext("Who it is for")
    start_again = lazy_gettext("Start again, with a new request")
    need = forms.ChoiceField(
        lazy_gettext("What do you need the code for?"), required=lazy_gettext("Choose one of the answers.")
    )
    kvk_number = forms.OrganisationNumberField()
    organisation_name = forms.TextField(
        lazy_gettext("Name of the organisation"),
        hint=lazy_gettext("A part of the name is enough. You may add the place."),
        attributes={"spellcheck": "false", "maxlength": 100},
    )
    given_name = forms.GivenNameField(lazy_gettext("First name"))
    family_name = forms.FamilyNameField(lazy_gettext("Last name"))
    email = forms.EmailField(lazy_gettext("E-mail address"))
    telephone = forms.PhoneField(
        lazy_gettext("Telephone number (optional)"),
        hint=lazy_gettext("We use it only if we have a question about your request."),
        width=20,
    )
    organisation: Organisation | None = None
    most_found = MOST_FOUND

    def __init__(self, formdata: Any = None, **options: Any) -> None:
        """For an organisation where there is a register of them; for nothing where site.toml says so."""
        super().__init__(formdata, **options)
        lang = current_language()
        none = ("extract", SITE.no_code.choice[lang], SITE.no_code.hint[lang]) if SITE.no_code else None
        private = ("private", gettext("For myself"), gettext("Private use."))
        number = SITE.organisation_number
        if number is None:
            del self.kvk_number, self.organisation_name
            self.email.hint = gettext("Your own address. We send everything there.")
            self.need.offer([each for each in (private, none) if each])
            return
        business = (
            "business",
            gettext("For an organisation"),
            gettext("Business use: for a business or another organisation."),
        )
        self.need.offer([each for each in (business, private, none) if each])
        digits = gettext("%(digits)s digits.", digits=number.digits)
        self.kvk_number.hint = f"{digits} {number.found_on[lang]}"
        how_it_comes = gettext(
            "The code for an organisation comes by e-mail if %(register)s has this address for it. If not, it comes by "
            "letter.",
            register=register_name(),
        )
        # Left out for private use by the style sheet.
        self.email.hint = Markup('{} <span class="for-organisation">{}</span>').format(
            gettext("Your own address."), how_it_comes
        )
        if formdata and (picked := formdata.get("picked")):
            self.kvk_number.data, self.organisation_name.data = picked[:MAX_LENGTH], ""

    def fit(self, steps: Steps) -> None:
        """With the organisation that has the number."""
        self.organisation = steps.organisation

    def validate(self, *arguments: Any, **options: Any) -> bool:
        """Judge what applies: without a kind of use nothing else, and of an organisation nothing for private use."""
        super().validate(*arguments, **options)
        kind = self.need.data
        for field in self:
            is_of_organisation = field.name in ("kvk_number", "organisation_name")
            if field is not self.need and (kind not in USES or (is_of_organisation and kind != "business")):
                field.errors = ()
        return not self.errors

    @property
    def only_for_business(self) -> list[str]:
        """What only a code for an organisation can do: for that a private one is requested in vain."""
        rights, lang = authentication.rights(), current_language()
        private = rights.of_kind("private")
        return [right.title(lang) for right in rights.of_kind("business") if right not in private]

    @property
    def finds_by_name(self) -> bool:
        """Whether an organisation is to be looked for by its name, since there is no number."""
        is_asked = "kvk_number" in self and self.need.data == "business"
        return is_asked and not self.kvk_number.data.strip() and bool(self.organisation_name.data.strip())

    @property
    def name_is_short(self) -> bool:
        """Whether a name was begun, and no organisation can be looked for by it yet."""
        return bool(self.organisation_name.data.strip()) and not name_words(self.organisation_name.data)

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
        """As the last name."""
        self.validate_family_name(field)

    def validate_family_name(self, field: forms.TextField) -> None:
        """Letters can print it: a code for an organisation may come by letter, now or when it is replaced."""
        if self.need.data == "business" and not field.errors and (problem := printing_error(field.data)):
            raise forms.ValidationError(problem)

    def validate_kvk_number(self, field: forms.OrganisationNumberField) -> None:
        """It is that of an organisation."""
        if self.number_error and not field.errors:
            raise forms.ValidationError(self.number_error)


class PreferencesForm(StepForm):
    """How is paid for what is ordered; where there is one way only, which that is."""

    step = "preferences"
    title = lazy_gettext("Your preferences")
    name = lazy_gettext("Preferences")
    payment_method = forms.ChoiceField(
        lazy_gettext("How do you want to pay for your orders?"),
        hint=lazy_gettext("The code itself is free."),
        required=lazy_gettext("Choose one of the answers."),
    )

    def fit(self, steps: Steps) -> None:
        """Offer the ways that are open to them."""
        self.payment_method.offer([(method, *PAYMENT_METHODS[method]) for method in steps.payment_methods])


class MandateForm(mandate_form.MandateForm, StepForm):
    """From which account may be collected."""

    step = "mandate"
    title = lazy_gettext("Direct debit")
    name = lazy_gettext("Bank account")


class CheckForm(StepForm):
    """All answers, to be handed in."""

    step = "check"
    title = lazy_gettext("Check your request")
    name = lazy_gettext("Check and send")
    submit = lazy_gettext("Send my request")


FORMS: dict[str, type[StepForm]] = {form.step: form for form in (NeedForm, PreferencesForm, MandateForm, CheckForm)}


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
        """The steps that these answers lead through, with one for an account as long as it may be needed. Where nothing
        is paid there are no preferences.
        """
        left_out = set() if "payment.methods" in self.facts else {"preferences"}
        if self.needs_account is False:
            left_out.add("mandate")
        return tuple(step for step in FORMS if step not in left_out)

    @cached_property
    def needs_account(self) -> bool | None:
        """Whether an account is asked for; None while the answers do not tell yet."""
        kinds = [self.kind] if self.answers.get("need") in USES else USES
        options = {way for kind in kinds for way in submission.payment_options(self.facts, kind, self.organisation)}
        if "direct_debit" not in options:
            return False
        if len(kinds) > 1 or (self.is_business and self.organisation is None) or self.payment_method not in options:
            return None
        return submission.needs_mandate(self.to_answers(), self.organisation)

    @property
    def count(self) -> int | None:
        """How many steps there are; None while the answers do not tell yet."""
        return None if self.needs_account is None else len(self.steps)

    @cached_property
    def _is_answered(self) -> Callable[[str], bool]:
        # Who needs no code is asked nothing more (`NeedForm.validate`), and goes on to no other step.
        for_nothing = self.answers.get("need", "") not in USES
        return cache(lambda step: self.form(step).validate() and not (step == "need" and for_nothing))

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
    def number(self) -> dict[str, int]:
        """Which of the steps each is, from 1."""
        return {step: number for number, step in enumerate(self.steps, 1)}

    def name(self, step: str) -> str:
        """What a step is called in the list of them."""
        return str(FORMS[step].name)

    @property
    def has_number(self) -> bool:
        """Whether there is a whole number to look an organisation up by."""
        return bool(organisation_number(self.answers))

    def is_answered(self, step: str) -> bool:
        """Whether the answers of this step are there and right."""
        return step != "check" and self._is_answered(step)

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
        names = ("given_name", "family_name", "email", "telephone", "iban", "holder")
        return submission.Answers(
            kind=self.kind,
            payment_method=self.payment_method,
            language=current_language(),
            kvk_number=self.answers.get("kvk_number", "") if self.is_business else "",
            mandate=self.answers.get("mandate") == "yes",
            **{name: self.answers.get(name, "") for name in names},
        )

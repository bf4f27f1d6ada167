"""The fields that forms are made of, each with the rule and the message of its kind of value (`values/`).

A field keeps what was typed, so that it can be shown again; the domain makes a value of it. The macro `forms.input`
renders each, by its `kind`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from babel.support import LazyProxy
from wtforms import Field, ValidationError

from selfservice.accounts import password_policy
from selfservice.accounts.password_policy import new_password_error
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.values.access_code import access_code_error
from selfservice.values.email import email_error, likely_email, normalise_email
from selfservice.values.iban import holder_error, iban_error
from selfservice.values.login_name import is_email, login_name_error
from selfservice.values.name import name_error
from selfservice.values.organisation_number import number_label, organisation_number_error
from selfservice.values.phone import phone_error
from selfservice.values.reference import reference_error
from selfservice.web.services import services

# More than this fits no value of ours.
MAX_LENGTH = 300

Check = Callable[[str], str]


class TextField(Field):
    """One line of text, which may be left empty unless `required`, the message for that, is given. `check` gives the
    message for what is wrong with what was typed, or nothing. `hint` stands above it; `short` is its name in the
    summary of errors, where the label is a sentence.

    `width` is about how many characters are expected (8 or 20; none for any number); `attributes` are the input's own.
    """

    kind = "text"
    input_type = "text"
    check: Check | None = None
    defaults: ClassVar[Mapping[str, Any]] = {}
    hint: Any = ""
    required: Any = ""
    width: int | None = None
    # What was probably meant, where that is asked about.
    likely = ""

    def __init__(
        self,
        label: Any,
        check: Check | None = None,
        *,
        required: Any = "",
        hint: Any = "",
        short: Any = "",
        width: int | None = None,
        attributes: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        # Of this request's language from here on: a form is made anew for each.
        super().__init__(str(label), **options)
        self.check = check or type(self).check
        self.hint = str(hint or type(self).hint)
        self.required = required or type(self).required
        self.short = short
        self.width = width or type(self).width
        self.attributes = {"autocomplete": "off", **self.defaults, **(attributes or {})}

    def process_data(self, value: Any) -> None:
        """What was kept."""
        self.data = value or ""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """What was sent; a field that was not sent is empty, whatever was kept."""
        self.data = valuelist[0][:MAX_LENGTH] if valuelist else ""

    def pre_validate(self, _form: Any) -> None:
        """Hold it against the rule of its kind. Raises ValidationError with the message."""
        if self.required and not self.data.strip():
            raise ValidationError(str(self.required))
        if self.check is not None and (message := self.check(self.data)):
            raise ValidationError(message)


class EmailField(TextField):
    """An e-mail address that must be filled in. It is shown again as it was understood, without what was pasted around
    it; what is no address, as it was typed.
    """

    input_type = "email"
    check = staticmethod(email_error)
    defaults: ClassVar[Mapping[str, Any]] = {"autocomplete": "email", "inputmode": "email", "maxlength": 254}

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """What was sent, in its canonical form."""
        super().process_formdata(valuelist)
        self.data = normalise_email(self.data)

    def process(self, formdata: Any, *arguments: Any, **options: Any) -> None:
        """What was sent; or what was proposed, if that was pressed."""
        super().process(formdata, *arguments, **options)
        if formdata and (meant := formdata.get(f"{self.name}_meant")):
            self.data = normalise_email(meant[:MAX_LENGTH])

    def asks(self, sent: Mapping[str, str]) -> bool:
        """Whether it has to be asked what was meant. Sent once more as it was, or as was proposed, it is not."""
        if self.data != sent.get(f"{self.name}_asked"):
            self.likely = likely_email(self.data)
        return bool(self.likely)


class PhoneField(TextField):
    """A telephone number, which may be left empty unless it is `required`."""

    input_type = "tel"
    defaults: ClassVar[Mapping[str, Any]] = {"autocomplete": "tel", "maxlength": 40}

    def __init__(self, label: Any, *, required: Any = "", **options: Any) -> None:
        super().__init__(label, partial(phone_error, optional=not required), required=required, **options)


class OrganisationNumberField(TextField):
    """The number of an organisation (site.toml says what it is called) that must be filled in."""

    check = staticmethod(organisation_number_error)
    width = 20
    defaults: ClassVar[Mapping[str, Any]] = {"inputmode": "numeric", "maxlength": 20}

    def __init__(self, label: Any = "", check: Check | None = None, **options: Any) -> None:
        super().__init__(label or LazyProxy(number_label, enable_cache=False), check, **options)


class AccessCodeField(TextField):
    """An access code; that it exists is not looked up."""

    check = staticmethod(access_code_error)
    hint = lazy_gettext(
        "16 letters and digits, such as ABCD-EFGH-JKLM-NPQH. Capitals, spaces and dashes do not matter."
    )
    width = 20
    defaults: ClassVar[Mapping[str, Any]] = {"autocapitalize": "characters", "spellcheck": "false", "maxlength": 60}


class LoginNameField(TextField):
    """An access code or an e-mail address; that it exists is not looked up."""

    check = staticmethod(login_name_error)
    hint = lazy_gettext("Your access code (16 letters and digits), or the e-mail address of your account.")
    defaults: ClassVar[Mapping[str, Any]] = {
        "autocomplete": "username",
        "autocapitalize": "none",
        "spellcheck": "false",
        "maxlength": 254,
    }

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """What was sent; an address in its canonical form."""
        super().process_formdata(valuelist)
        if self.is_email:
            self.data = normalise_email(self.data)

    @property
    def is_email(self) -> bool:
        """Whether it is meant to be an e-mail address, and not an access code."""
        return is_email(self.data)


class ReferenceField(TextField):
    """The reference of a request; that it exists is not looked up."""

    check = staticmethod(reference_error)
    width = 20
    defaults: ClassVar[Mapping[str, Any]] = {"autocapitalize": "characters", "spellcheck": "false", "maxlength": 40}


class IbanField(TextField):
    """The number of a bank account."""

    check = staticmethod(iban_error)
    hint = lazy_gettext("Such as NL91 ABNA 0417 1643 00. Spaces do not matter.")
    width = 20
    defaults: ClassVar[Mapping[str, Any]] = {"autocapitalize": "characters", "spellcheck": "false", "maxlength": 50}


class HolderField(TextField):
    """The name that a bank account is held in."""

    check = staticmethod(holder_error)
    hint = lazy_gettext("As it appears on your bank statement.")
    defaults: ClassVar[Mapping[str, Any]] = {"maxlength": 70}


class PasswordField(TextField):
    """A password that somebody has: any that can be one. It is never filled in again."""

    kind = "password"
    defaults: ClassVar[Mapping[str, Any]] = {
        "autocomplete": "current-password",
        "autocapitalize": "none",
        "spellcheck": "false",
    }

    required = lazy_gettext("Fill in your password.")

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """What was sent, whole: a password that is cut off is another one."""
        self.data = valuelist[0] if valuelist else ""

    def pre_validate(self, _form: Any) -> None:
        """Refuse what no password can be: hashing that would cost us more than it costs who sends it."""
        if not self.data:
            raise ValidationError(str(self.required))
        if len(self.data.encode("utf-8", "surrogatepass")) > password_policy.MAX_BYTES:
            raise ValidationError(gettext("This is longer than any password can be. Fill in your password only."))


class NewPasswordField(PasswordField):
    """A password that is being chosen by the form's `person` or `person_id`: good enough by `password_policy`."""

    defaults: ClassVar[Mapping[str, Any]] = {**PasswordField.defaults, "autocomplete": "new-password"}

    def pre_validate(self, form: Any) -> None:
        """Ask the policy, which has a message for all that can be wrong, also with nothing."""
        wired = services()
        who = form.person or form.person_id
        if problem := new_password_error(wired.db.read(), wired.context, who, self.data, demo=wired.config.demo):
            raise ValidationError(problem)


class GivenNameField(TextField):
    """The first name, of which the form's `family_name` may take the place: one of the two must be filled in."""

    check = staticmethod(partial(name_error, empty=""))
    hint = lazy_gettext("If you have one name, fill in one of the two and leave the other empty.")
    defaults: ClassVar[Mapping[str, Any]] = {"autocomplete": "given-name", "spellcheck": "false", "maxlength": 100}

    def pre_validate(self, form: Any) -> None:
        """One of the two names is there."""
        if not (self.data + form.family_name.data).strip():
            raise ValidationError(gettext("Fill in your name. If you have one name, one of the two is enough."))
        super().pre_validate(form)


class FamilyNameField(TextField):
    """The last name, beside a GivenNameField."""

    check = staticmethod(partial(name_error, empty=""))
    defaults: ClassVar[Mapping[str, Any]] = {"autocomplete": "family-name", "spellcheck": "false", "maxlength": 100}


class ChoiceField(TextField):
    """One of some choices: pairs of value and label, or of value, label and hint. `required` is said of none."""

    kind = "choice"

    def __init__(self, label: Any, choices: Sequence[Sequence[Any]] = (), *, required: Any, **options: Any) -> None:
        super().__init__(label, required=required, **options)
        self.choices = choices

    def offer(self, choices: Sequence[Sequence[Any]]) -> None:
        """Ask for one of these. Where there is one only nothing `is_asked`: whoever sends the form takes that."""
        self.choices = choices
        # None when nothing was sent: what was kept may be an answer to other choices.
        if not self.is_asked and self.raw_data is not None:
            self.data = choices[0][0]

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.choices) > 1

    def pre_validate(self, _form: Any) -> None:
        """One of the choices, and no other."""
        if self.data not in [choice[0] for choice in self.choices]:
            raise ValidationError(str(self.required))


class SelectField(ChoiceField):
    """One of some choices, in a list that opens; one is always chosen."""

    kind = "select"

    def __init__(self, label: Any, choices: Sequence[Sequence[Any]] = (), **options: Any) -> None:
        super().__init__(label, choices, required=lazy_gettext("Choose one from the list."), **options)


class TickField(TextField):
    """A box that must be ticked: `required` is the message when it is not. Its value is `yes`, or nothing."""

    kind = "tick"

    def __init__(self, label: Any, *, required: Any, **options: Any) -> None:
        super().__init__(label, required=required, **options)

    def pre_validate(self, _form: Any) -> None:
        """It is ticked."""
        if self.data != "yes":
            raise ValidationError(str(self.required))

"""Forms: fields and rules by WTForms, and what is ours: what a page is about, the language switch, how it is answered.

    class InvoicesForm(forms.Form):
        fragment = "digital-invoices"
        email = forms.EmailField(lazy_gettext("E-mail address for invoices"))

A view makes one with `InvoicesForm.sent(about=…)`, goes on when it `accepts()`, and else answers
`web.render(…, form=form)`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import wtforms
from flask import Response, request
from wtforms import ValidationError
from wtforms.meta import DefaultMeta

from selfservice.accounts.people import Person
from selfservice.crypto import Keys
from selfservice.i18n import catalogs
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.i18n.languages import current_language
from selfservice.web import rendering
from selfservice.web.error_pages import too_many_requests
from selfservice.web.fields import (
    AccessCodeField,
    ChoiceField,
    EmailField,
    FamilyNameField,
    GivenNameField,
    HolderField,
    IbanField,
    LoginNameField,
    NewPasswordField,
    OrganisationNumberField,
    PasswordField,
    PhoneField,
    ReferenceField,
    SelectField,
    TextField,
    TickField,
)
from selfservice.web.services import services

__all__ = [
    "About",
    "AccessCodeField",
    "ChoiceField",
    "EmailField",
    "FamilyNameField",
    "Form",
    "GivenNameField",
    "HolderField",
    "IbanField",
    "LoginNameField",
    "NewPasswordField",
    "OrganisationNumberField",
    "PasswordField",
    "PhoneField",
    "ReferenceField",
    "SelectField",
    "TextField",
    "TickField",
    "ValidationError",
]
_PURPOSE = "about"


@dataclass(frozen=True)
class About:
    """What the form on a page acts on, in ids: for whom, which record, and in which version where something is decided.

    A page carries it signed (`sign`), so that what is sent later, when another tab or another person has changed any of
    these, is not done to something that the page never showed.
    """

    purpose: str
    person: str = ""
    record: str = ""
    version: str = ""

    def sign(self, keys: Keys) -> str:
        """For the page: one keyed hash of the person, one of all. It tells nothing, and opens nothing by itself."""
        # Not 16 of them, as an access code has: what looks for codes in answers would take one for it now and then.
        person = keys.keyed_hash(_PURPOSE, f"{self.purpose}\n{self.person}")[:20]
        everything = f"{self.purpose}\n{self.person}\n{self.record}\n{self.version}"
        return f"{person}.{keys.keyed_hash(_PURPOSE, everything)[:32]}"

    def matches(self, keys: Keys, sent: str) -> bool:
        """Whether the page that sent this was about the same, also if it was signed with the old secret."""
        # As bytes: of text it takes ASCII only, and anybody can send something else.
        given = sent.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(self.sign(each).encode(), given) for each in keys.all)

    def is_same_person(self, keys: Keys, sent: str) -> bool:
        """Whether the page that sent this was at least for the same person."""
        return any(self.sign(each).partition(".")[0] == sent.partition(".")[0] for each in keys.all)


class _Meta(DefaultMeta):
    def get_translations(self, _form: object) -> Any:
        """Our catalog for WTForms' own messages."""
        return catalogs

    def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
        """An id that no other form on the page has; WTForms' `prefix` would change the names as well."""
        return super().bind_field(form, unbound_field, {"id": f"{form.panel}-{options['name']}", **options})


class Form(wtforms.Form):
    """A form of a fragment: its fields are declared in a class of one's own.

    `fragment` is the name of the fragment, `step` the rest of the address that it is sent to; both make ids and
    `action`. `about` is what it acts on; start views, which are the same for all, have none.
    """

    Meta = _Meta
    fragment: ClassVar[str]
    step: ClassVar[str] = ""
    # Said when a page is no longer current: one that was for the same person, and one that was for another.
    outdated: ClassVar[Any] = lazy_gettext(
        "Something changed after you opened this page: in another tab, because you pressed twice, or because of "
        "somebody else. What you just sent changed nothing more. Below is how it is now."
    )
    outdated_of_another: ClassVar[Any] = lazy_gettext(
        "When you opened this page, somebody else was logged in, or you used another access code. Or the page is too "
        "old. We did not use what you just sent, and nothing was changed. Below is how it is now."
    )
    # Whose new password is chosen, in a form that has one: by id, or of who may be no person yet.
    person_id: int
    person: Person | None = None

    def __init__(
        self,
        formdata: Any = None,
        *,
        values: Mapping[str, Any] | None = None,
        about: About | None = None,
        panel: str = "",
        notice: str = "",
    ) -> None:
        """The form with these values, or as it was sent (`formdata`). `panel` is the id of the section it stands in, by
        default the fragment's name. `notice` is said above it.
        """
        self.panel = panel or self.fragment
        self.notice = notice
        self.status = 200
        # Whether it shows what was sent, which perhaps nothing keeps: the language switch takes that along.
        self.is_sent = formdata is not None
        # Whether something that may be right is asked about (EmailField.asks).
        self.asks = False
        self._about = about
        super().__init__(formdata, data=dict(values or {}))

    @classmethod
    def sent(cls, **options: Any) -> Self:
        """The form as it was sent with this request; also when nothing is in it."""
        return cls(request.form, **options)

    @property
    def id(self) -> str:
        """The id of the form's element."""
        return f"{self.panel}-form"

    @property
    def action(self) -> str:
        """Where the form is sent to, in the current language."""
        return f"/{current_language()}/self-service/{self.fragment}" + (f"/{self.step}" if self.step else "")

    @property
    def about(self) -> str:
        """What the page's hidden field says (`About.sign`); empty for a start view."""
        return self._about.sign(services().keys) if self._about else ""

    @property
    def values(self) -> dict[str, str]:
        """What was typed, by field name; never a password."""
        return {field.name: field.data for field in self if not isinstance(field, PasswordField)}

    @property
    def has_fields(self) -> bool:
        """Whether anything can be filled in."""
        return any(True for _ in self)

    @property
    def is_filled(self) -> bool:
        """Whether anything was typed."""
        return any(self.values.values())

    def add_error(self, name: str, message: str) -> None:
        """Say that something is wrong with a field that only the outcome told; or, with no name, with the whole."""
        if name:
            self[name].errors = [*self[name].errors, message]
        else:
            self.form_errors.append(message)
        self.status = 422

    def is_current(self) -> bool:
        """Whether the page that was sent is still about what this form acts on now.

        If not, nothing may be done: the form says so (409), and keeps what was typed only for who typed it.
        """
        values, keys = request.form if request.method == "POST" else request.args, services().keys
        sent = values.get("about", "")
        if self._about is None or self._about.matches(keys, sent):
            return True
        self.status = 409
        if self._about.is_same_person(keys, sent):
            self.notice = str(self.outdated)
        else:
            self.process()
            self.notice = str(self.outdated_of_another)
        return False

    def accepts(self) -> bool:
        """Whether what was sent can be done: the page is current, it was sent to be handed in, and nothing is wrong.

        If not, it is shown again with what is wrong; or in the language that was switched to, with errors only if they
        were shown before.
        """
        if not self.is_current():
            return False
        switches = rendering.switches_language()
        if switches and not request.form.get("checked"):
            return False
        if not self.validate():
            self.status = 422
        if self.status == 200 and not switches:
            self.asks = any(field.asks(request.form) for field in self if isinstance(field, EmailField))
            return not self.asks
        return False

    def too_many(self, seconds: int, show: Callable[[], Response], way: str = "") -> Response:
        """The answer to who tried too often: the form with what was typed, as `show` answers it."""

        def again(notice: str) -> Response:
            self.status, self.notice = 429, notice
            return show()

        return too_many_requests(seconds, again, way)

"""What was missed on a page."""

from __future__ import annotations

from selfservice.feedback.answers import MAX_LENGTH
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.web import forms


class MissingForm(forms.Form):
    """One line, which may be left empty. Nothing in it is refused."""

    fragment = "useful"
    step = "missing"
    text = forms.TextField(
        lazy_gettext("Tell us in one line (optional)"),
        hint=lazy_gettext("Do not type names or codes. Do you want an answer? Contact us."),
        attributes={"maxlength": MAX_LENGTH},
    )
    submit = lazy_gettext("Send")

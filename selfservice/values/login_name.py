"""What somebody logs in with: an access code or an e-mail address. The shape decides which."""

from selfservice.i18n.catalogs import gettext
from selfservice.values.access_code import CODE_LENGTH, access_code_error, is_misplaced_code, normalise_code
from selfservice.values.email import email_error

# With what Chinese and Japanese keyboards give.
_AT = ("@", "\N{FULLWIDTH COMMERCIAL AT}")


def is_email(text: str) -> bool:
    """Whether this is meant to be an e-mail address, right or wrong; anything else is meant to be an access code."""
    return any(sign in text for sign in _AT)


def login_name_error(text: str) -> str:
    """The error message for what was typed; empty if it is a well-formed access code or e-mail address."""
    if is_email(text):
        return email_error(text)
    code = normalise_code(text)
    if not code:
        return gettext("Fill in your access code or your e-mail address.")
    if len(code) == CODE_LENGTH or is_misplaced_code(code):
        return access_code_error(text)
    return gettext(
        "This is neither an access code nor an e-mail address. An access code has %(length)s letters and digits, and "
        "this has %(count)s. An e-mail address looks like name@example.org.",
        length=CODE_LENGTH,
        count=len(code),
    )

"""IBANs and the names of account holders."""

import unicodedata

from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from selfservice.i18n.catalogs import gettext
from selfservice.values.characters import find_invisible, remove_invisible
from selfservice.values.error import FieldError, check_length, error_reason

MAX_HOLDER_LENGTH = 70  # what a bank's message has room for (ISO 20022, Max70Text)


def mask_iban(iban: str) -> str:
    """A masked canonical IBAN, which its holder recognises and nobody else can use: NL91 •••• 4300."""
    return f"{iban[:4]} •••• {iban[-4:]}"


def normalise_iban(text: str) -> str:
    """A typed IBAN in canonical form: upper case, without spaces, punctuation, invisible characters or the word IBAN.

    Raises FieldError ('empty' or 'wrong'); whether the account exists is not checked.
    """
    plain = unicodedata.normalize("NFKC", text)
    letters = "".join(char for char in plain if unicodedata.category(char)[0] not in "ZPC")
    # IBAN is no country, so no account begins with it; invoices print it before the number.
    compact = ibans.compact(letters).removeprefix("IBAN")
    if not compact:
        raise FieldError("empty")
    try:
        # Not the checks of one country: they know Belgian banks by a list, and lists grow old.
        return str(ibans.validate(compact, check_country=False))
    except ValidationError:
        raise FieldError("wrong") from None


def iban_error(text: str) -> str:
    """The error message for a typed IBAN; empty if it is one."""
    return {
        "empty": gettext("Fill in the account number (IBAN)."),
        "wrong": gettext(
            "There is a mistake in this account number. Compare it with your bank card or bank statement."
        ),
    }.get(error_reason(normalise_iban, text), "")


def group_iban(iban: str) -> str:
    """An IBAN as people read it: NL91 ABNA 0417 1643 00."""
    return str(ibans.format(iban))


def check_holder(text: str) -> str:
    """An account holder's name with single spaces, whatever space was pasted.

    Raises FieldError when it is empty, long or of several lines.
    """
    holder = " ".join(part for part in remove_invisible(text).split(" ") if part)
    check_length(holder, MAX_HOLDER_LENGTH)
    if find_invisible(holder) is not None:
        raise FieldError("wrong")
    return holder


def holder_error(text: str) -> str:
    """The error message for a typed account holder's name; empty if it is one."""
    return {
        "empty": gettext("Fill in the name of the account holder, as it appears on the bank statement."),
        "long": gettext("This name is too long. Use at most %(count)s characters.", count=MAX_HOLDER_LENGTH),
        "wrong": gettext("Fill in the name of the account holder in one line."),
    }.get(error_reason(check_holder, text), "")

"""IBANs and the names of account holders."""

import unicodedata

from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

MAX_HOLDER = 70  # what a bank's message has room for (ISO 20022, Max70Text)


class AccountError(ValueError):
    """This account cannot be collected from: `reason` is 'empty', 'iban' or 'holder'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def mask_iban(iban: str) -> str:
    """An IBAN in its one form as its holder recognises it and nobody else can use it: NL91 •••• 4300."""
    return f"{iban[:4]} •••• {iban[-4:]}"


def normalise_iban(text: str) -> str:
    """A typed or pasted IBAN in its one form: upper case without spaces, punctuation, invisible signs or the word IBAN.

    Raises MandateError ('empty' or 'iban') when it is none; nothing is looked up.
    """
    plain = unicodedata.normalize("NFKC", text)
    letters = "".join(sign for sign in plain if unicodedata.category(sign)[0] not in "ZPC")
    # IBAN is no country, so no account begins with it; invoices print it before the number.
    compact = ibans.compact(letters).removeprefix("IBAN")
    if not compact:
        raise AccountError("empty")
    try:
        # Not the checks of one country: they know Belgian banks by a list, and lists grow old.
        return str(ibans.validate(compact, check_country=False))
    except ValidationError:
        raise AccountError("iban") from None


def group_iban(iban: str) -> str:
    """An IBAN as people read it: NL91 ABNA 0417 1643 00."""
    return str(ibans.format(iban))


def check_holder(text: str) -> str:
    """An account holder's name with single spaces, whatever space was pasted.

    Raises MandateError ('holder') when it is empty, long or of several lines.
    """
    spaced = "".join(" " if sign == "\t" or unicodedata.category(sign) == "Zs" else sign for sign in text)
    holder = " ".join(part for part in spaced.split(" ") if part)
    if not holder or len(holder) > MAX_HOLDER or not holder.isprintable():
        raise AccountError("holder")
    return holder

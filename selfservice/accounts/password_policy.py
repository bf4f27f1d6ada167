"""The rules for a new password, and the message when one is rejected (NIST SP 800-63B-4, 3.1.1.2; OWASP ASVS 5.0, 6.2).

Only length and not being easily guessed count: there are no rules about kinds of characters.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from selfservice.accounts import access_codes, people
from selfservice.accounts.password_phrases import DEMO_ACCOUNT_PASSWORD, DEMO_PASSWORD, DUTCH, ENGLISH
from selfservice.accounts.password_words import CALENDAR, COMMON, CONTEXT, PARTICLES, RUNS
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.facts import Facts
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.values.access_code import CODE_LENGTH, is_valid_code, lookup_hashes, normalise_code
from selfservice.values.organisation_number import register_name

MAX_BYTES = 1024
_MIN_NAME_LENGTH = 3
_SHORT_NAME_LENGTH = 3
_MIN_ORIGINAL_CHARACTERS = 7
_MAX_COMMON_WORDS = 2
_LEET = str.maketrans("01345789@$!|+", "oleastbgasilt")


class PasswordRejection(StrEnum):
    """Why a password is rejected; `new_password_error` has the message for each."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    PHRASE = "phrase"
    PATTERN = "pattern"
    CONTEXT = "context"


def normalise_password(password: str) -> str:
    """The password as it is measured and hashed: composed (NFC), so that every keyboard gives the same bytes.

    Spaces and everything else stay. Call it before verifying, too.
    """
    return unicodedata.normalize("NFC", password)


def rejection_reason(
    password: str,
    *,
    names: Iterable[str] = (),
    email: str = "",
    is_own_code: Callable[[str], bool] = lambda _: False,
    published: Iterable[str] = (),
    owner: Iterable[str] = (),
    minimum: int = 15,
    maximum: int = 128,
) -> PasswordRejection | None:
    """Why this new password is rejected, or None if it is accepted.

    Lengths are in code points after `normalise_password` (the facts password.min_length and password.max_length).
    `names` and `email` are the person's own; `is_own_code` says of 16 characters whether they are one of their
    access codes. `published` are passwords that are public, such as the one of the demonstration; `owner` are names of
    the site's owner, which may not stand in it either, nor what follows on their first word (an article, 'the').
    """
    if len(password.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return PasswordRejection.TOO_LONG
    password = normalise_password(password)
    if not minimum <= len(password) <= maximum:
        return PasswordRejection.TOO_SHORT if len(password) < minimum else PasswordRejection.TOO_LONG
    if _is_repeated(password.casefold()):
        return PasswordRejection.PATTERN
    if _has_context(password, owner) or _has_own_words(password, names, email) or _has_own_code(password, is_own_code):
        return PasswordRejection.CONTEXT
    return _easily_guessed_reason(password, PHRASES | _phrases(published))


def new_password_error(
    conn: Connection, ctx: Context, who: int | people.Person, password: str, *, demo: bool
) -> str | None:
    """The message why a person (the one with this id, or who is none yet) may not choose this password, or None if they
    may. Raises LookupError for no person.

    Lengths are the facts password.min_length and password.max_length. The passwords that are printed with every
    demonstration are for a `demo` only.
    """
    person = people.get(conn, who) if isinstance(who, int) else who
    own_codes = access_codes.active_hashes(conn, person.id)
    reason = rejection_reason(
        password,
        names=person.names,
        email=person.email,
        is_own_code=lambda code: not own_codes.isdisjoint(lookup_hashes(ctx.keys, code)),
        published=() if demo else (DEMO_PASSWORD, DEMO_ACCOUNT_PASSWORD),
        owner=_owner_names(ctx.facts),
        minimum=ctx.fact("password.min_length"),
        maximum=ctx.fact("password.max_length"),
    )
    return None if reason is None else _message(ctx.facts, reason)


def _message(facts: Facts, reason: PasswordRejection) -> str:
    low, high = facts.get("password.min_length"), facts.get("password.max_length")
    return {
        PasswordRejection.TOO_SHORT: gettext(
            "Use at least %(count)s characters. A few words in a row are easy to remember.", count=low
        ),
        PasswordRejection.TOO_LONG: gettext("Use at most %(count)s characters.", count=high),
        PasswordRejection.COMMON: gettext("Many people use this password, so it is easily guessed. Choose another."),
        PasswordRejection.PHRASE: gettext(
            "Many people know these words in this order, so they are easily guessed. "
            "Choose a few words that do not belong together."
        ),
        PasswordRejection.PATTERN: gettext(
            "A repetition, or a word with a year or a season, is easily guessed. "
            "Choose a few words that do not belong together."
        ),
        PasswordRejection.CONTEXT: gettext(
            "Your name, your e-mail address, your code or a word about us is in it, so it is easily guessed. "
            "Choose other words."
        ),
    }[reason]


def _fold(text: str) -> str:
    """Lower case letters and digits only, accents off."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in spread if char.isalnum())


def _is_repeated(text: str) -> bool:
    """A short piece over and over ('abcabcabc…', fifteen spaces), or hardly any different characters."""
    longest = max(8, len(text) // 3)
    return len(set(text)) < 5 or any(
        text == (text[:size] * (len(text) // size + 1))[: len(text)]
        for size in range(1, min(longest, len(text) // 2) + 1)
    )


def _variants(password: str) -> tuple[str, str]:
    """The password's letters and digits, as typed and with 'leet' digits and punctuation read as letters."""
    return _fold(password), _fold(password.casefold().translate(_LEET))


def _has_own_words(password: str, names: Iterable[str], email: str) -> bool:
    pieces = {_fold(piece) for piece in _split(password)}
    local, _, domain = email.partition("@")
    whole = (*names, email, local, domain.partition(".")[0])
    own = {_fold(word) for text in whole for word in (text, *_split(text))} - PARTICLES
    for word in own:
        # A name as short as Jan stands in many words by chance; then only a word of its own counts.
        if word in pieces and len(word) >= _MIN_NAME_LENGTH:
            return True
        if len(word) > _SHORT_NAME_LENGTH and any(word in text for text in _variants(password)):
            return True
    return False


def _has_context(password: str, owner: Iterable[str]) -> bool:
    own = {_fold(part) for name in owner for part in (name, name.partition(" ")[2])}
    words = (*CONTEXT, *(word for word in own if len(word) >= _MIN_NAME_LENGTH))
    return any(word in text for word in words for text in _variants(password))


def _owner_names(facts: Facts) -> Iterator[str]:
    """What the owner and its register are called, in each language."""
    for code in LANGUAGES:
        with using_language(code):
            yield from (str(facts.get("organisation.name")), str(facts.get("organisation.full_name")), register_name())


def _split(text: str) -> list[str]:
    return re.split(r"[\W_]+", text)


def _has_own_code(password: str, is_own_code: Callable[[str], bool]) -> bool:
    text = normalise_code(password)
    pieces = (text[start : start + CODE_LENGTH] for start in range(len(text) - CODE_LENGTH + 1))
    return any(is_valid_code(piece) and is_own_code(piece) for piece in pieces)


def _squeeze(text: str) -> str:
    """The text with each letter at most twice in a row."""
    return re.sub(r"(.)\1{2,}", r"\1", text)


def _phrases(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(_squeeze(_fold(line)) for line in lines)


PHRASES = _phrases(line for text in (ENGLISH, DUTCH) for line in text.split("\n") if line)


def _easily_guessed_reason(password: str, phrases: frozenset[str]) -> PasswordRejection | None:
    """Reject what consists of well-known phrases, at most two well-known words, years, keyboard runs and repetition,
    and little else.
    """
    # Characters beyond a keyboard, such as emoji, are in no word list: enough different ones are hard to guess.
    if (
        len({char for char in password if not (char.isascii() or char.isalnum() or char.isspace())})
        >= _MIN_ORIGINAL_CHARACTERS
    ):
        return None
    for text in _variants(password):
        rest, found = _remove_known(_squeeze(text), phrases)
        rest, words = _remove_known(rest, COMMON | CALENDAR)
        dated = bool(words & CALENDAR) or re.search(r"(?:19|20)[0-9]{2}", text) is not None
        own = re.sub(r"[0-9 ]+", "", _remove_runs(rest))
        if len(own) < _MIN_ORIGINAL_CHARACTERS and len(words) <= _MAX_COMMON_WORDS:
            return (
                PasswordRejection.PHRASE if found else PasswordRejection.PATTERN if dated else PasswordRejection.COMMON
            )
    return None


def _remove_known(text: str, known: frozenset[str]) -> tuple[str, set[str]]:
    """The text without the known words, the longest removed first, and the words removed."""
    found = set()
    for word in sorted((word for word in known if word in text), key=lambda word: (-len(word), word)):
        if word in text:
            found.add(word)
            text = text.replace(word, " ")
    return text, found


def _remove_runs(text: str) -> str:
    """The text without keyboard runs of four keys or more."""
    kept = []
    start = 0
    while start < len(text):
        end = start + 4
        while end <= len(text) and any(text[start:end] in run or text[start:end] in run[::-1] for run in RUNS):
            end += 1
        if end > start + 4:
            start = end - 1
        else:
            kept.append(text[start])
            start += 1
    return "".join(kept)

"""What a new password must be, and why one is refused (NIST SP 800-63B-4, 3.1.1.2; OWASP ASVS 5.0, 6.2).

Length and not being guessed first are all that count: no rules about kinds of characters.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from enum import StrEnum

from selfservice.accounts.common_words import CALENDAR, COMMON, CONTEXT, PARTICLES, RUNS
from selfservice.accounts.known_phrases import DUTCH, ENGLISH
from selfservice.values.access_code import CODE_LENGTH, is_valid_code, normalise_code

MAX_BYTES = 1024
_SHORTEST_NAME = 3
_SHORT_NAME = 3
_OWN_LETTERS = 7
_FEW_WORDS = 2
_LEET = str.maketrans("01345789@$!|+", "oleastbgasilt")


class Refusal(StrEnum):
    """Why a password is refused; templates turn each into a sentence."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    PHRASE = "phrase"
    PATTERN = "pattern"
    CONTEXT = "context"


def normalise(password: str) -> str:
    """The password as it is counted and hashed: composed (NFC), so that every keyboard gives the same bytes.

    Spaces and everything else stay. Sign-in must do the same before it verifies.
    """
    return unicodedata.normalize("NFC", password)


def refusal(
    password: str,
    *,
    names: Iterable[str] = (),
    email: str = "",
    is_own_code: Callable[[str], bool] = lambda _: False,
    published: Iterable[str] = (),
    minimum: int = 15,
    maximum: int = 128,
) -> Refusal | None:
    """Why this new password is refused, or None when it is fine.

    Lengths are in code points after `normalise` (the facts password.min_length and password.max_length).
    `names` and `email` are the person's own; `is_own_code` says of 16 symbols whether they are one of their
    access codes. `published` are passwords that anybody could read somewhere.
    """
    if len(password.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return Refusal.TOO_LONG
    password = normalise(password)
    if not minimum <= len(password) <= maximum:
        return Refusal.TOO_SHORT if len(password) < minimum else Refusal.TOO_LONG
    if _is_repeated(password.casefold()):
        return Refusal.PATTERN
    if _has_own_words(password, names, email) or _has_own_code(password, is_own_code):
        return Refusal.CONTEXT
    return _guessed_first(password, PHRASES | _phrases(published))


def _fold(text: str) -> str:
    """Lower case letters and digits only, accents off."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in spread if sign.isalnum())


def _is_repeated(text: str) -> bool:
    """A short piece over and over ('abcabcabc…', fifteen spaces), or hardly any different characters."""
    longest = max(8, len(text) // 3)
    return len(set(text)) < 5 or any(
        text == (text[:size] * (len(text) // size + 1))[: len(text)]
        for size in range(1, min(longest, len(text) // 2) + 1)
    )


def _variants(password: str) -> tuple[str, str]:
    """The password's letters and digits, as typed and with digits and signs read as the letters they stand
    for.
    """
    return _fold(password), _fold(password.casefold().translate(_LEET))


def _has_own_words(password: str, names: Iterable[str], email: str) -> bool:
    pieces = {_fold(piece) for piece in _split(password)}
    local, _, domain = email.partition("@")
    whole = (*names, email, local, domain.partition(".")[0])
    own = {_fold(word) for text in whole for word in (text, *_split(text))} - PARTICLES
    for word in own:
        # A name as short as Jan stands in many words by chance; then only a word of its own counts.
        if word in pieces and len(word) >= _SHORTEST_NAME:
            return True
        if len(word) > _SHORT_NAME and any(word in text for text in _variants(password)):
            return True
    return any(word in text for word in CONTEXT for text in _variants(password))


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


def _guessed_first(password: str, phrases: frozenset[str]) -> Refusal | None:
    """Refuse what is made of well-known phrases, at most two well-known words, years, runs of keys and repetition, and
    little else.
    """
    # Signs beyond a keyboard, such as emoji, stand in no list of words: enough different ones are somebody's own.
    if len({sign for sign in password if not (sign.isascii() or sign.isalnum() or sign.isspace())}) >= _OWN_LETTERS:
        return None
    for text in _variants(password):
        rest, found = _take(_squeeze(text), phrases)
        rest, words = _take(rest, COMMON | CALENDAR)
        dated = bool(words & CALENDAR) or re.search(r"(?:19|20)[0-9]{2}", text) is not None
        own = re.sub(r"[0-9 ]+", "", _take_runs(rest))
        if len(own) < _OWN_LETTERS and len(words) <= _FEW_WORDS:
            return Refusal.PHRASE if found else Refusal.PATTERN if dated else Refusal.COMMON
    return None


def _take(text: str, known: frozenset[str]) -> tuple[str, set[str]]:
    """The text without what is known, the longest first, and what that was."""
    found = set()
    for word in sorted((word for word in known if word in text), key=lambda word: (-len(word), word)):
        if word in text:
            found.add(word)
            text = text.replace(word, " ")
    return text, found


def _take_runs(text: str) -> str:
    """The text without runs of four keys or more in a row."""
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

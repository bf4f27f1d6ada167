"""The error that all checks of typed values raise."""

from __future__ import annotations

from collections.abc import Callable


class FieldError(ValueError):
    """The value is invalid; `reason` is 'empty', 'long' or 'wrong'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_length(text: str, maximum: int) -> None:
    """Raise FieldError when a text is empty or longer than `maximum` characters."""
    if not text:
        raise FieldError("empty")
    if len(text) > maximum:
        raise FieldError("long")


def error_reason(check: Callable[[str], object], text: str) -> str:
    """Why a check refuses a text ('empty', 'long' or 'wrong'); empty when it does not."""
    try:
        check(text)
    except FieldError as error:
        return error.reason
    return ""

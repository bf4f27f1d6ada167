"""The error that all checks of typed values raise."""

from __future__ import annotations


class FieldError(ValueError):
    """The value is invalid; `reason` is 'empty', 'long' or 'wrong'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_length(text: str, maximum: int) -> None:
    """Raise FieldError when a text is empty or longer than `most` characters."""
    if not text:
        raise FieldError("empty")
    if len(text) > maximum:
        raise FieldError("long")

"""What is wrong with a typed value."""

from __future__ import annotations


class FieldError(ValueError):
    """This cannot stand in the field; `reason` is 'empty', 'long' or 'wrong'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_length(text: str, most: int) -> None:
    """Raise FieldError when a text is empty or longer than `most` characters."""
    if not text:
        raise FieldError("empty")
    if len(text) > most:
        raise FieldError("long")

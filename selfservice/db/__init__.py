"""The database behind names of our own: whoever asks, writes or migrates imports from here, and names no engine."""

from selfservice.db.sqlite import (
    Connection,
    Database,
    Error,
    IntegrityError,
    NestedWriteError,
    OperationalError,
    Row,
    backup,
    cannot_now,
    connect,
)

__all__ = [
    "Connection",
    "Database",
    "Error",
    "IntegrityError",
    "NestedWriteError",
    "OperationalError",
    "Row",
    "backup",
    "cannot_now",
    "connect",
]

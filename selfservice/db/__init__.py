"""The database behind names of our own: whoever asks, writes or migrates imports from here, and names no engine."""

from selfservice.db.errors import MigrationError, NestedWriteError
from selfservice.db.sqlite import (
    Connection,
    Database,
    Error,
    IntegrityError,
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
    "MigrationError",
    "NestedWriteError",
    "OperationalError",
    "Row",
    "backup",
    "cannot_now",
    "connect",
]

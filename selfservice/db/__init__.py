"""The database behind names of our own: whoever asks, writes or migrates imports from here, and names no engine."""

from selfservice.db.errors import LockedError, MigrationError, NestedWriteError
from selfservice.db.sqlite import (
    ENDINGS,
    BusyError,
    Connection,
    Database,
    Error,
    IntegrityError,
    OperationalError,
    Row,
    alone,
    backup,
    connect,
)

__all__ = [
    "ENDINGS",
    "BusyError",
    "Connection",
    "Database",
    "Error",
    "IntegrityError",
    "LockedError",
    "MigrationError",
    "NestedWriteError",
    "OperationalError",
    "Row",
    "alone",
    "backup",
    "connect",
]

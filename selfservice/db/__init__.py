"""The database behind names of our own: whoever asks, writes or migrates imports from here, and names no engine."""

from selfservice.db.errors import LockedError, MigrationError, NestedWriteError
from selfservice.db.sqlite import (
    FILE_SUFFIXES,
    Connection,
    Database,
    DatabaseBusyError,
    Error,
    IntegrityError,
    OperationalError,
    Row,
    backup,
    connect,
    exclusive_access,
)

__all__ = [
    "FILE_SUFFIXES",
    "Connection",
    "Database",
    "DatabaseBusyError",
    "Error",
    "IntegrityError",
    "LockedError",
    "MigrationError",
    "NestedWriteError",
    "OperationalError",
    "Row",
    "backup",
    "connect",
    "exclusive_access",
]

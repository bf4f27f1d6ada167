"""The database. All other modules import from here and do not name the engine."""

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

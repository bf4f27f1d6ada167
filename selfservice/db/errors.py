"""Errors of our own, whichever database engine is used."""


class NestedWriteError(RuntimeError):
    """`write()` was entered inside another `write()` of the same thread."""


class MigrationError(Exception):
    """The database contains data that this version does not allow, so nothing was migrated; the message says what to
    do.
    """


class LockedError(Exception):
    """Another process holds this lock, or has the database open; the message names which."""

"""What goes wrong at the database for a reason of our own, whichever engine stands behind it."""


class NestedWriteError(RuntimeError):
    """`write()` was entered inside another `write()` of the same thread."""


class MigrationError(Exception):
    """The database holds what this version cannot, so that nothing of it was migrated; the message says what to do."""


class LockedError(Exception):
    """Another process holds this lock, or has the database open; the message names which."""

"""The table of what was sent: mails and letters, each under a check code that stands in the message itself.

A row without a recipient is of a mail that was never sent (outbox state void). It is made so that known and
unknown people cost the same writes; nobody was told its code.
Retention: `verification.KEPT`. No row holds more of a person than a masked address.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("messages")


@migrations()
def create_messages(db: Database) -> None:
    """What was sent, when, in which language, and to whom as far as may be shown."""
    db.executescript("""
        CREATE TABLE messages (
            id INTEGER PRIMARY KEY,
            check_code TEXT NOT NULL UNIQUE CHECK (length(check_code) = 8),
            kind TEXT NOT NULL CHECK (kind <> ''),
            recipient TEXT NOT NULL CHECK (recipient = '' OR recipient LIKE '%•%'),
            language TEXT NOT NULL CHECK (language IN ('en', 'nl')),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE INDEX messages_created ON messages (created_at);
    """)

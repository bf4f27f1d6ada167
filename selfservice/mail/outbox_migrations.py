"""The outbox table.

States: waiting → leased → sent, or failed (refused for good, or too late). `void` never leaves (for a code and address
that do not belong together; nothing is sent). `held` (over the recipient's limit) is made no more, since that mail
waits for its turn; rows of before are kept as long as others. Retention: the payload and the recipient go as soon as a
row is sent, failed, held or void, and so does the seed of the link or code in it (crypto.py); the row itself, which
then holds no personal data but a keyed hash, goes by `outbox.KEPT`.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("outbox")


@migrations()
def create_outbox(db: Database) -> None:
    """Mail on its way, with what may be kept of it in each state."""
    db.executescript("""
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY,
            idempotency_key TEXT NOT NULL UNIQUE,
            message_id TEXT NOT NULL UNIQUE CHECK (message_id LIKE '<%_@_%>'),
            kind TEXT NOT NULL CHECK (kind <> ''),
            recipient TEXT NOT NULL,
            recipient_key TEXT NOT NULL CHECK (length(recipient_key) = 64),
            language TEXT NOT NULL CHECK (language IN ('en', 'nl')),
            payload TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'sent', 'failed', 'held', 'void')),
            attempts INTEGER NOT NULL DEFAULT 0,
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            next_at TEXT NOT NULL CHECK (next_at LIKE '____-__-__T__:__:__.______Z'),
            give_up_at TEXT NOT NULL CHECK (give_up_at LIKE '____-__-__T__:__:__.______Z'),
            lease TEXT,
            lease_until TEXT CHECK (lease_until LIKE '____-__-__T__:__:__.______Z'),
            finished_at TEXT CHECK (finished_at LIKE '____-__-__T__:__:__.______Z'),
            error TEXT NOT NULL DEFAULT '',
            CHECK ((state = 'leased') = (lease IS NOT NULL)),
            CHECK (state IN ('waiting', 'leased') OR (payload = '{}' AND recipient = ''))
        ) STRICT;
        CREATE INDEX outbox_state ON outbox (state, next_at);
        CREATE INDEX outbox_created ON outbox (created_at);
    """)


@migrations()
def add_topic(db: Database) -> None:
    """What a mail is about, as a keyed hash: a newer one on the same topic replaces the one that still waits."""
    db.executescript("""
        ALTER TABLE outbox ADD COLUMN topic_key TEXT CHECK (topic_key IS NULL OR length(topic_key) = 64);
        CREATE INDEX outbox_topic ON outbox (topic_key);
    """)


@migrations()
def add_seeds(db: Database) -> None:
    """The seed of the token or access code that belongs in a mail: `secret` says which of the two."""
    db.executescript("""
        ALTER TABLE outbox ADD COLUMN secret TEXT CHECK (secret IN ('token', 'code'));
        ALTER TABLE outbox ADD COLUMN nonce TEXT CHECK (length(nonce) = 64);
        ALTER TABLE outbox ADD COLUMN key_id TEXT REFERENCES secret_keys (id)
            CHECK ((nonce IS NULL) = (secret IS NULL) AND (nonce IS NULL) = (key_id IS NULL)
                   AND (nonce IS NULL OR state IN ('waiting', 'leased')));
        CREATE INDEX outbox_key ON outbox (key_id) WHERE key_id IS NOT NULL;
    """)

"""The tables of letters and of the batches in which they are printed.

States: ready → printed → posted, or ready → withdrawn. A ready letter may be in a batch already; as long as the batch
is not printed the letter can still be withdrawn or sent elsewhere.
Retention: the seed of its code goes when the letter is printed or withdrawn, the address when it is posted or
withdrawn; what is left is a keyed hash of the address. The row goes by `pending.KEPT`.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("letters")


@migrations()
def create_letters(db: Database) -> None:
    """Letters and batches: `printed_at` is when its letters were marked, `released_at` when its folder got its name."""
    db.executescript("""
        CREATE TABLE letter_batches (
            id INTEGER PRIMARY KEY,
            folder TEXT NOT NULL CHECK (folder <> ''),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            printed_at TEXT CHECK (printed_at LIKE '____-__-__T__:__:__.______Z'),
            released_at TEXT CHECK (released_at LIKE '____-__-__T__:__:__.______Z'),
            posted_at TEXT CHECK (posted_at LIKE '____-__-__T__:__:__.______Z'),
            CHECK (released_at IS NULL OR printed_at IS NOT NULL),
            CHECK (posted_at IS NULL OR released_at IS NOT NULL)
        ) STRICT;
        CREATE UNIQUE INDEX letter_batches_open ON letter_batches ((released_at IS NULL)) WHERE released_at IS NULL;
        CREATE TABLE letters (
            id INTEGER PRIMARY KEY,
            access_code_id INTEGER REFERENCES access_codes (id) ON DELETE SET NULL,
            reference TEXT NOT NULL CHECK (length(reference) = 8),
            check_code TEXT NOT NULL UNIQUE CHECK (length(check_code) = 8),
            language TEXT NOT NULL CHECK (language IN ('en', 'nl')),
            address_lines TEXT NOT NULL CHECK (json_valid(address_lines)),
            address_key TEXT NOT NULL CHECK (length(address_key) = 64),
            code TEXT NOT NULL,
            valid_until TEXT NOT NULL CHECK (valid_until LIKE '____-__-__'),
            state TEXT NOT NULL CHECK (state IN ('ready', 'printed', 'posted', 'withdrawn')),
            batch_id INTEGER REFERENCES letter_batches (id),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            printed_at TEXT CHECK (printed_at LIKE '____-__-__T__:__:__.______Z'),
            posted_at TEXT CHECK (posted_at LIKE '____-__-__T__:__:__.______Z'),
            CHECK ((state = 'ready') = (code <> '')),
            CHECK ((state IN ('ready', 'printed')) = (address_lines <> '[]')),
            CHECK ((state IN ('printed', 'posted')) = (printed_at IS NOT NULL)),
            CHECK ((state = 'posted') = (posted_at IS NOT NULL)),
            CHECK (state <> 'withdrawn' OR batch_id IS NULL),
            CHECK (printed_at IS NULL OR batch_id IS NOT NULL)
        ) STRICT;
        CREATE INDEX letters_state ON letters (state, id);
        CREATE INDEX letters_batch ON letters (batch_id);
        CREATE INDEX letters_address ON letters (address_key, created_at);
        CREATE INDEX letters_code ON letters (access_code_id);
        CREATE INDEX letters_created ON letters (created_at);
    """)


@migrations()
def keep_a_seed(db: Database) -> None:
    """A letter that waits keeps a nonce and the id of a key, from which its code is derived when it is printed. What
    stands in the column until now is a code: `plain_secrets.replace_plain_secrets` gives each such letter another in
    the same transaction.
    """
    db.executescript("""
        ALTER TABLE letters RENAME COLUMN code TO nonce;
        ALTER TABLE letters ADD COLUMN key_id TEXT REFERENCES secret_keys (id) CHECK (key_id IS NULL OR nonce <> '');
        CREATE INDEX letters_key ON letters (key_id) WHERE key_id IS NOT NULL;
    """)

"""The tables of requests for an access code.

Retention (`scheduled.KEPT`): a request goes so long after it was made, with its states; by then the account
to collect from has long been blanked, as soon as the request was fulfilled or closed. A person with no access code
and no request goes with the last of these.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("requests")


@migrations()
def create_requests(db: Database) -> None:
    """Requests, and each state they came into. `closing` says why a closed one was closed."""
    db.executescript("""
        CREATE TABLE requests (
            id INTEGER PRIMARY KEY,
            reference TEXT NOT NULL UNIQUE CHECK (length(reference) = 8),
            idempotency_key TEXT NOT NULL UNIQUE CHECK (idempotency_key <> ''),
            person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            organisation_id INTEGER REFERENCES organisations (id),
            kind TEXT NOT NULL CHECK (kind IN ('business', 'private')),
            given_name TEXT NOT NULL CHECK (given_name <> ''),
            family_name TEXT NOT NULL CHECK (family_name <> ''),
            email TEXT NOT NULL CHECK (email LIKE '%_@_%'),
            telephone TEXT,
            language TEXT NOT NULL CHECK (language IN ('en', 'nl')),
            payment_method TEXT NOT NULL CHECK (payment_method IN ('credit', 'direct_debit')),
            iban TEXT,
            holder TEXT,
            delivery TEXT NOT NULL CHECK (delivery IN ('email', 'letter')),
            delivery_email TEXT,
            letter_lines TEXT,
            corrected_at TEXT CHECK (corrected_at LIKE '____-__-__T__:__:__.______Z'),
            state TEXT NOT NULL CHECK (state IN ('received', 'checking', 'approved', 'sent', 'printed', 'posted',
                                                 'withdrawn', 'rejected', 'duplicate')),
            reason TEXT,
            approved_by TEXT,
            token_hash TEXT CHECK (length(token_hash) = 64),
            confirmed_at TEXT CHECK (confirmed_at LIKE '____-__-__T__:__:__.______Z'),
            access_code_id INTEGER REFERENCES access_codes (id) ON DELETE SET NULL,
            letter_id INTEGER,
            expected_from TEXT NOT NULL CHECK (expected_from LIKE '____-__-__'),
            expected_until TEXT NOT NULL CHECK (expected_until >= expected_from),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            CHECK ((kind = 'business') = (organisation_id IS NOT NULL)),
            CHECK ((delivery = 'email') = (delivery_email IS NOT NULL)),
            CHECK ((delivery = 'letter') = (letter_lines IS NOT NULL)),
            CHECK (delivery = 'email' OR state <> 'sent'),
            CHECK (delivery = 'letter' OR state NOT IN ('printed', 'posted')),
            CHECK (kind = 'private' OR approved_by IS NOT NULL
                   OR state NOT IN ('approved', 'sent', 'printed', 'posted')),
            CHECK (state <> 'rejected' OR reason IS NOT NULL)
        ) STRICT;
        CREATE INDEX requests_state ON requests (state, created_at);
        CREATE INDEX requests_person ON requests (person_id);
        CREATE INDEX requests_code ON requests (access_code_id);
        CREATE INDEX requests_letter ON requests (letter_id);
        CREATE INDEX requests_token ON requests (token_hash);
        CREATE INDEX requests_organisation ON requests (organisation_id);
        CREATE INDEX requests_created ON requests (created_at);
        CREATE TABLE request_states (
            id INTEGER PRIMARY KEY,
            request_id INTEGER NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
            state TEXT NOT NULL,
            at TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE INDEX request_states_request ON request_states (request_id, at);
        CREATE INDEX request_states_at ON request_states (state, at);
    """)


@migrations()
def add_link_until(db: Database) -> None:
    """Until when the link in the mail about a request works, counted from when that mail may leave."""
    db.executescript("""
        ALTER TABLE requests ADD COLUMN link_until TEXT
            CHECK (link_until IS NULL OR link_until LIKE '____-__-__T__:__:__.______Z');
    """)


@migrations()
def bind_links_to_requests(db: Database) -> None:
    """The link in the mail about a request is for that request alone: its token's kind says which. `token_hash`, by
    which a link for a first password was found again, is used no more.
    """
    db.executescript("""
        UPDATE tokens SET kind = 'request:' || (SELECT r.id FROM requests r WHERE r.token_hash = tokens.token_hash)
        WHERE kind = 'password' AND EXISTS (SELECT 1 FROM requests r WHERE r.token_hash = tokens.token_hash
                                                                          AND r.person_id = tokens.person_id);
        UPDATE requests SET token_hash = NULL;
        -- What is left of such links, which live a day and not an hour, was mailed for requests that are closed.
        UPDATE tokens SET used_at = created_at
        WHERE kind = 'password' AND used_at IS NULL AND julianday(expires_at) - julianday(created_at) > 0.5;
    """)


@migrations()
def allow_one_name(db: Database) -> None:
    """Who has one name has no last name. A column takes the place of one that may not be empty: so nothing that refers
    to the table is touched.
    """
    db.executescript("""
        ALTER TABLE requests ADD COLUMN last_name TEXT NOT NULL DEFAULT '';
        UPDATE requests SET last_name = family_name;
        ALTER TABLE requests DROP COLUMN family_name;
        ALTER TABLE requests RENAME COLUMN last_name TO family_name;
    """)

"""The tables of organisations, people, access codes, accounts, passwords, tokens and mandates.

Retention, by what `KEPT` says beside each `clean`: revoked access codes, and tokens, with the address for invoices that
waited for one (`retention`); ended mandates (`mandates`); people, with their password, once nothing refers to them
(`requests.scheduled`), and closed organisations to which nothing refers any more (`register.closing`). Times are UTC
text of fixed width (selfservice/clock.py); of a secret
only its hash is kept (`code_hash`, `token_hash`). The fingerprints of our own secrets stay.
"""

from itertools import groupby
from operator import itemgetter

from sqlite_utils import Database, Migrations

from selfservice.db import MigrationError

migrations = Migrations("members")


@migrations()
def create_organisations(db: Database) -> None:
    """Organisations, with what the register knows of them."""
    db.executescript("""
        CREATE TABLE organisations (
            id INTEGER PRIMARY KEY,
            kvk_number TEXT NOT NULL UNIQUE CHECK (length(kvk_number) = 8 AND kvk_number NOT GLOB '*[^0-9]*'),
            name TEXT NOT NULL CHECK (name <> ''),
            email TEXT NOT NULL CHECK (email LIKE '%_@_%'),
            street TEXT NOT NULL,
            house_number TEXT NOT NULL,
            postcode TEXT NOT NULL,
            city TEXT NOT NULL,
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
    """)


@migrations()
def create_people(db: Database) -> None:
    """People, who hold access codes; `email_key` is the same for all spellings of an address."""
    db.executescript("""
        CREATE TABLE people (
            id INTEGER PRIMARY KEY,
            given_name TEXT NOT NULL CHECK (given_name <> ''),
            family_name TEXT NOT NULL CHECK (family_name <> ''),
            email TEXT NOT NULL CHECK (email LIKE '%_@_%'),
            email_key TEXT NOT NULL,
            language TEXT NOT NULL CHECK (language IN ('en', 'nl')),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE INDEX people_email ON people (email_key);
    """)


@migrations()
def create_access_codes(db: Database) -> None:
    """Access codes: one active per person and organisation, and one private."""
    db.executescript("""
        CREATE TABLE access_codes (
            id INTEGER PRIMARY KEY,
            code_hash TEXT NOT NULL UNIQUE CHECK (length(code_hash) = 64),
            hint TEXT NOT NULL CHECK (length(hint) = 3),
            person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            organisation_id INTEGER REFERENCES organisations (id),
            kind TEXT NOT NULL CHECK (kind IN ('business', 'private')),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            revoked_at TEXT CHECK (revoked_at LIKE '____-__-__T__:__:__.______Z'),
            CHECK ((kind = 'business') = (organisation_id IS NOT NULL))
        ) STRICT;
        CREATE UNIQUE INDEX access_codes_active
            ON access_codes (person_id, coalesce(organisation_id, 0)) WHERE revoked_at IS NULL;
        CREATE INDEX access_codes_organisation ON access_codes (organisation_id);
    """)


@migrations()
def create_passwords(db: Database) -> None:
    """One argon2id hash for each person."""
    db.executescript("""
        CREATE TABLE passwords (
            person_id INTEGER PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
            hash TEXT NOT NULL CHECK (hash LIKE '$argon2id$%'),
            changed_at TEXT NOT NULL CHECK (changed_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
    """)


@migrations()
def create_tokens(db: Database) -> None:
    """Single-use tokens; without a person a token is void and can never be redeemed."""
    db.executescript("""
        CREATE TABLE tokens (
            id INTEGER PRIMARY KEY,
            token_hash TEXT NOT NULL UNIQUE CHECK (length(token_hash) = 64),
            kind TEXT NOT NULL CHECK (kind <> ''),
            person_id INTEGER REFERENCES people (id) ON DELETE CASCADE,
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            expires_at TEXT NOT NULL CHECK (expires_at LIKE '____-__-__T__:__:__.______Z'),
            used_at TEXT CHECK (used_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE INDEX tokens_person ON tokens (person_id, kind);
        CREATE INDEX tokens_expires ON tokens (expires_at);
    """)


@migrations()
def add_register_columns(db: Database) -> None:
    """More columns of the register: a separate postal address, the payment method, the holder of the main code."""
    db.executescript("""
        ALTER TABLE organisations ADD COLUMN postal_street TEXT;
        ALTER TABLE organisations ADD COLUMN postal_house_number TEXT;
        ALTER TABLE organisations ADD COLUMN postal_postcode TEXT;
        ALTER TABLE organisations ADD COLUMN postal_city TEXT;
        ALTER TABLE organisations ADD COLUMN payment_method TEXT CHECK (payment_method = 'direct_debit');
        ALTER TABLE organisations ADD COLUMN invoices_email TEXT CHECK (invoices_email LIKE '%_@_%');
        ALTER TABLE organisations ADD COLUMN main_person_id INTEGER REFERENCES people (id) ON DELETE SET NULL;
        ALTER TABLE organisations ADD COLUMN updated_at TEXT CHECK (updated_at LIKE '____-__-__T__:__:__.______Z');
        CREATE INDEX organisations_main_person ON organisations (main_person_id);
        UPDATE organisations SET main_person_id = (
            SELECT person_id FROM access_codes c WHERE c.organisation_id = organisations.id
            ORDER BY c.created_at, c.id LIMIT 1);
    """)


@migrations()
def add_person_columns(db: Database) -> None:
    """A person's telephone number, and how they pay privately."""
    db.executescript("""
        ALTER TABLE people ADD COLUMN telephone TEXT;
        ALTER TABLE people ADD COLUMN payment_method TEXT CHECK (payment_method IN ('credit', 'direct_debit'));
    """)


@migrations()
def add_code_moments(db: Database) -> None:
    """When a code was sent, reminded of and first used; and the time before which it must be used."""
    db.executescript("""
        ALTER TABLE access_codes ADD COLUMN valid_until TEXT
            CHECK (valid_until LIKE '____-__-__T__:__:__.______Z');
        ALTER TABLE access_codes ADD COLUMN first_used_at TEXT
            CHECK (first_used_at LIKE '____-__-__T__:__:__.______Z');
        ALTER TABLE access_codes ADD COLUMN reminded_at TEXT
            CHECK (reminded_at LIKE '____-__-__T__:__:__.______Z');
        ALTER TABLE access_codes ADD COLUMN handed_over_at TEXT
            CHECK (handed_over_at LIKE '____-__-__T__:__:__.______Z');
        CREATE INDEX access_codes_unused ON access_codes (handed_over_at)
            WHERE first_used_at IS NULL AND revoked_at IS NULL;
    """)


@migrations()
def create_mandates(db: Database) -> None:
    """Direct debit mandates, private or for an organisation; at most one open one of each."""
    db.executescript("""
        CREATE TABLE mandates (
            id INTEGER PRIMARY KEY,
            person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            organisation_id INTEGER REFERENCES organisations (id),
            iban TEXT NOT NULL CHECK (length(iban) BETWEEN 15 AND 34 AND iban NOT GLOB '*[^A-Z0-9]*'),
            holder TEXT NOT NULL CHECK (holder <> ''),
            agreed_at TEXT NOT NULL CHECK (agreed_at LIKE '____-__-__T__:__:__.______Z'),
            effective_on TEXT NOT NULL CHECK (effective_on LIKE '____-__-__'),
            ended_at TEXT CHECK (ended_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE UNIQUE INDEX mandates_open
            ON mandates (person_id, coalesce(organisation_id, 0)) WHERE ended_at IS NULL;
        CREATE INDEX mandates_organisation ON mandates (organisation_id);
        CREATE INDEX mandates_ended ON mandates (ended_at) WHERE ended_at IS NOT NULL;
    """)


@migrations()
def index_codes_by_person(db: Database) -> None:
    """An index to find all codes of a person, revoked ones too."""
    db.executescript("CREATE INDEX access_codes_person ON access_codes (person_id);")


@migrations()
def add_key_ids(db: Database) -> None:
    """The fingerprints of the secrets that rows were made with (`Keys.id`), and which one each code's hash uses."""
    db.executescript("""
        CREATE TABLE secret_keys (
            id TEXT PRIMARY KEY CHECK (length(id) = 16),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        ALTER TABLE access_codes ADD COLUMN key_id TEXT REFERENCES secret_keys (id);
        CREATE INDEX access_codes_key ON access_codes (key_id) WHERE revoked_at IS NULL;
    """)


@migrations()
def make_addresses_unique(db: Database) -> None:
    """One person an e-mail address. The forms never made two of them, and which of two passwords counts is not ours to
    say: a database that holds such people is refused.
    """
    rows = db.execute("""
        SELECT email_key, id FROM people
        WHERE email_key IN (SELECT email_key FROM people GROUP BY email_key HAVING count(*) > 1)
        ORDER BY email_key, id
    """).fetchall()
    if rows:
        shared = [" and ".join(str(id_) for _, id_ in same) for _, same in groupby(rows, itemgetter(0))]
        raise MigrationError(
            f"people {', '.join(shared)} have one e-mail address, which is one person's alone from now on. Nothing was "
            "changed. Write another address for all but one of them (columns email and email_key of the table people), "
            "and run this again"
        )
    db.executescript("""
        DROP INDEX people_email;
        CREATE UNIQUE INDEX people_email ON people (email_key);
    """)


@migrations()
def allow_one_name(db: Database) -> None:
    """Who has one name has no last name. A column takes the place of one that may not be empty: so nothing that refers
    to the table is touched.
    """
    db.executescript("""
        ALTER TABLE people ADD COLUMN last_name TEXT NOT NULL DEFAULT '';
        UPDATE people SET last_name = family_name;
        ALTER TABLE people DROP COLUMN family_name;
        ALTER TABLE people RENAME COLUMN last_name TO family_name;
    """)


@migrations()
def add_countries(db: Database) -> None:
    """The country of each address: two letters."""
    db.executescript("""
        ALTER TABLE organisations ADD COLUMN country TEXT NOT NULL DEFAULT 'NL' CHECK (length(country) = 2);
        ALTER TABLE organisations ADD COLUMN postal_country TEXT CHECK (length(postal_country) = 2);
        UPDATE organisations SET postal_country = 'NL' WHERE postal_city IS NOT NULL;
    """)


@migrations()
def index_names_of_organisations(db: Database) -> None:
    """Organisations by the words of their name and place, kept up by triggers: of a changed line only if one of the two
    did.
    """
    db.executescript("""
        CREATE VIRTUAL TABLE organisation_names USING fts5 (
            name, city, content='organisations', content_rowid='id', columnsize=0,
            tokenize='unicode61 remove_diacritics 2');
        CREATE TRIGGER organisation_names_added AFTER INSERT ON organisations BEGIN
            INSERT INTO organisation_names (rowid, name, city) VALUES (new.id, new.name, new.city);
        END;
        CREATE TRIGGER organisation_names_removed AFTER DELETE ON organisations BEGIN
            INSERT INTO organisation_names (organisation_names, rowid, name, city)
            VALUES ('delete', old.id, old.name, old.city);
        END;
        CREATE TRIGGER organisation_names_changed AFTER UPDATE OF name, city ON organisations
        WHEN old.name <> new.name OR old.city <> new.city BEGIN
            INSERT INTO organisation_names (organisation_names, rowid, name, city)
            VALUES ('delete', old.id, old.name, old.city);
            INSERT INTO organisation_names (rowid, name, city) VALUES (new.id, new.name, new.city);
        END;
        INSERT INTO organisation_names (organisation_names) VALUES ('rebuild');
    """)


@migrations()
def add_last_use(db: Database) -> None:
    """The day on which somebody last logged in with a code. Of earlier logins it is not known."""
    db.executescript("ALTER TABLE access_codes ADD COLUMN last_used_on TEXT CHECK (last_used_on LIKE '____-__-__');")


@migrations()
def create_invoice_addresses(db: Database) -> None:
    """Addresses for invoices that wait for their link to be used: one for each organisation, gone with the token."""
    db.executescript("""
        CREATE TABLE invoice_addresses (
            organisation_id INTEGER PRIMARY KEY REFERENCES organisations (id),
            person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            email TEXT NOT NULL CHECK (email LIKE '%_@_%'),
            token_hash TEXT NOT NULL UNIQUE REFERENCES tokens (token_hash) ON DELETE CASCADE
        ) STRICT;
        CREATE INDEX invoice_addresses_person ON invoice_addresses (person_id);
    """)


@migrations()
def add_closing(db: Database) -> None:
    """The day on which the register closes an organisation, and when that took effect here; and why a code was revoked,
    where that is kept.
    """
    db.executescript("""
        ALTER TABLE organisations ADD COLUMN closed_on TEXT CHECK (closed_on LIKE '____-__-__');
        ALTER TABLE organisations ADD COLUMN closed_at TEXT CHECK (closed_at LIKE '____-__-__T__:__:__.______Z');
        CREATE INDEX organisations_to_close ON organisations (closed_on)
            WHERE closed_on IS NOT NULL AND closed_at IS NULL;
        CREATE INDEX organisations_closed ON organisations (closed_at) WHERE closed_at IS NOT NULL;
        ALTER TABLE access_codes ADD COLUMN revoked_reason TEXT CHECK (revoked_reason <> '');
    """)


@migrations()
def create_user_accounts(db: Database) -> None:
    """Accounts: a second log-in of a person, by e-mail address, with a password of its own. Whoever has one is not
    deleted: the version before, which knows no accounts, takes them for people with nothing left.
    """
    db.executescript("""
        CREATE TABLE user_accounts (
            person_id INTEGER PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
            password_hash TEXT NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
            password_changed_at TEXT NOT NULL CHECK (password_changed_at LIKE '____-__-__T__:__:__.______Z'),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            used_at TEXT CHECK (used_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE TRIGGER people_with_account BEFORE DELETE ON people
        WHEN EXISTS (SELECT 1 FROM user_accounts a WHERE a.person_id = old.id) BEGIN
            SELECT raise(IGNORE);
        END;
    """)


@migrations()
def create_account_openings(db: Database) -> None:
    """Mailed links behind which the password of an account is chosen: of a new one, or a new one of an old. A void one
    opens nothing: the address has an account already, or none.
    """
    db.executescript("""
        CREATE TABLE account_openings (
            token_hash TEXT PRIMARY KEY CHECK (length(token_hash) = 64),
            purpose TEXT NOT NULL CHECK (purpose IN ('create', 'password')),
            given_name TEXT NOT NULL,
            family_name TEXT NOT NULL,
            email TEXT NOT NULL CHECK (email LIKE '%_@_%'),
            email_key TEXT NOT NULL,
            language TEXT NOT NULL CHECK (length(language) >= 2),
            void INTEGER NOT NULL CHECK (void IN (0, 1)),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            expires_at TEXT NOT NULL CHECK (expires_at LIKE '____-__-__T__:__:__.______Z'),
            used_at TEXT CHECK (used_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE INDEX account_openings_email ON account_openings (email_key);
        CREATE INDEX account_openings_expires ON account_openings (expires_at);
    """)


@migrations()
def create_email_changes(db: Database) -> None:
    """Changes of a person's e-mail address: asked for, confirmed at the new address, and undone from the old one. One
    that waits is a person's only one. `expires_at` is until when it can be confirmed, and then until when it can be
    undone; so long `old_key`, the key of the old address, is nobody else's.
    """
    db.executescript("""
        CREATE TABLE email_changes (
            id INTEGER PRIMARY KEY,
            person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            old_email TEXT NOT NULL CHECK (old_email LIKE '%_@_%'),
            old_key TEXT NOT NULL,
            new_email TEXT NOT NULL CHECK (new_email LIKE '%_@_%'),
            confirm_hash TEXT NOT NULL UNIQUE CHECK (length(confirm_hash) = 64),
            state TEXT NOT NULL CHECK (state IN ('asked', 'confirmed', 'cancelled', 'undone')),
            asked_at TEXT NOT NULL CHECK (asked_at LIKE '____-__-__T__:__:__.______Z'),
            expires_at TEXT NOT NULL CHECK (expires_at LIKE '____-__-__T__:__:__.______Z'),
            confirmed_at TEXT CHECK (confirmed_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE UNIQUE INDEX email_changes_asked ON email_changes (person_id) WHERE state = 'asked';
        CREATE INDEX email_changes_person ON email_changes (person_id);
        CREATE INDEX email_changes_old ON email_changes (old_key) WHERE state = 'confirmed';
    """)

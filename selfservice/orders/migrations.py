"""The tables of orders.

`orders` is clustered by account and moment (WITHOUT ROWID): newest first is then a walk along the table, which is what
a list, a page and a download of a million lines cost least in (docs/why.md). An account is an organisation (its row
number) or a person privately (theirs, negative); a holder is one person's use of an account, whatever codes it had.
Amounts are whole cents. `ordered_at` is in seconds since 1970 (UTC), short because every index has it;
`ordered_on` is that moment's day in Amsterdam. `updated_at` is when the shop last changed it and `stored_at` when
this was last written here, in microseconds since 1970 (UTC); 0 when that is not known. The number has to be in every
index anyway; standing before the last column it makes each of them an exact order, and that last column lets sums and
filters stay within the index.

The sums by month are kept in the transaction that changes an order (`OrderStore.upsert`), by account and by holder.

Retention (`orders.retention`): an order goes by fact orders.keep_years, with its sums and redeliveries, and a holder
with their last order and access code; a delivery key by fact api_key.keep_days.
"""

from sqlite_utils import Database, Migrations

from selfservice.db import migrations as ledger

migrations = Migrations("orders")


@migrations()
def create_orders(db: Database) -> None:
    """Products, holders, orders, and what finds and sorts them."""
    db.executescript("""
        CREATE TABLE order_products (
            id INTEGER PRIMARY KEY,
            code TEXT NOT NULL UNIQUE CHECK (code <> ''),
            name_en TEXT NOT NULL CHECK (name_en <> ''),
            name_nl TEXT NOT NULL CHECK (name_nl <> '')
        ) STRICT;
        CREATE TABLE order_holders (
            id INTEGER PRIMARY KEY,
            person_id INTEGER NOT NULL REFERENCES people (id),
            organisation_id INTEGER REFERENCES organisations (id),
            account INTEGER NOT NULL CHECK (account = coalesce(organisation_id, -person_id))
        ) STRICT;
        CREATE UNIQUE INDEX order_holders_person ON order_holders (person_id, coalesce(organisation_id, 0));
        CREATE INDEX order_holders_account ON order_holders (account);
        CREATE INDEX order_holders_organisation ON order_holders (organisation_id);
        CREATE TABLE orders (
            account INTEGER NOT NULL,
            ordered_at INTEGER NOT NULL CHECK (ordered_at BETWEEN 0 AND 253402300799),
            number TEXT NOT NULL UNIQUE CHECK (length(number) BETWEEN 1 AND 32 AND number NOT GLOB '*[^A-Z0-9-]*'),
            ordered_on TEXT NOT NULL CHECK (ordered_on LIKE '____-__-__'),
            holder_id INTEGER NOT NULL REFERENCES order_holders (id),
            product_id INTEGER NOT NULL REFERENCES order_products (id),
            payment TEXT NOT NULL CHECK (payment IN ('credit', 'direct_debit', 'ideal', 'credit_card')),
            cents INTEGER NOT NULL CHECK (cents BETWEEN -100000000 AND 100000000),
            invoice TEXT CHECK (length(invoice) BETWEEN 1 AND 32 AND invoice NOT GLOB '*[^A-Z0-9-]*'),
            state TEXT NOT NULL CHECK (state IN ('ordered', 'delivered', 'failed', 'cancelled')),
            PRIMARY KEY (account, ordered_at, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX orders_account_product ON orders (account, product_id, ordered_at, number, cents);
        CREATE INDEX orders_account_amount ON orders (account, cents, ordered_at, number, product_id);
        CREATE INDEX orders_holder ON orders (holder_id, ordered_at, number);
        CREATE INDEX orders_holder_product ON orders (holder_id, product_id, ordered_at, number, cents);
        CREATE INDEX orders_holder_amount ON orders (holder_id, cents, ordered_at, number, product_id);
    """)


@migrations()
def create_sums(db: Database) -> None:
    """How many orders and cents by account, and by holder, in each month of each product."""
    db.executescript("""
        CREATE TABLE order_account_months (
            account INTEGER NOT NULL,
            month TEXT NOT NULL CHECK (month LIKE '____-__'),
            product_id INTEGER NOT NULL REFERENCES order_products (id),
            orders INTEGER NOT NULL CHECK (orders >= 0),
            cents INTEGER NOT NULL,
            PRIMARY KEY (account, month, product_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE order_holder_months (
            holder_id INTEGER NOT NULL REFERENCES order_holders (id) ON DELETE CASCADE,
            month TEXT NOT NULL CHECK (month LIKE '____-__'),
            product_id INTEGER NOT NULL REFERENCES order_products (id),
            orders INTEGER NOT NULL CHECK (orders >= 0),
            cents INTEGER NOT NULL,
            PRIMARY KEY (holder_id, month, product_id)
        ) STRICT, WITHOUT ROWID;
    """)


@migrations()
def create_redeliveries(db: Database) -> None:
    """Orders asked for again, at most once each; `done_at` when the shop said that it delivered."""
    db.executescript("""
        CREATE TABLE order_redeliveries (
            id INTEGER PRIMARY KEY,
            number TEXT NOT NULL UNIQUE REFERENCES orders (number) ON DELETE CASCADE,
            person_id INTEGER NOT NULL REFERENCES people (id),
            asked_at TEXT NOT NULL CHECK (asked_at LIKE '____-__-__T__:__:__.______Z'),
            done_at TEXT CHECK (done_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE INDEX order_redeliveries_person ON order_redeliveries (person_id);
    """)


@migrations()
def create_keys(db: Database) -> None:
    """Keys with which a shop delivers orders: a name for people, a hash, what it may do."""
    db.executescript("""
        CREATE TABLE delivery_keys (
            id INTEGER PRIMARY KEY,
            public_id TEXT NOT NULL UNIQUE CHECK (length(public_id) = 8),
            key_hash TEXT NOT NULL UNIQUE CHECK (length(key_hash) = 64),
            name TEXT NOT NULL CHECK (name <> ''),
            scope TEXT NOT NULL CHECK (scope IN ('orders:write', 'redeliveries')),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            revoked_at TEXT CHECK (revoked_at LIKE '____-__-__T__:__:__.______Z'),
            last_used_on TEXT CHECK (last_used_on LIKE '____-__-__')
        ) STRICT;
    """)


@migrations()
def name_products_in_any_language(db: Database) -> None:
    """Names of products by language (product_names.py). Where a product had none, its code stood in both columns."""
    db.executescript("""
        ALTER TABLE order_products ADD COLUMN names TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(names));
        UPDATE order_products SET names = json_object('en', name_en, 'nl', name_nl)
        WHERE name_en <> code OR name_nl <> code;
        ALTER TABLE order_products DROP COLUMN name_en;
        ALTER TABLE order_products DROP COLUMN name_nl;
    """)


@migrations()
def add_last_day_of_keys(db: Database) -> None:
    """The last day on which a key works (the site's time zone); none for those made before, which go on."""
    db.executescript("ALTER TABLE delivery_keys ADD COLUMN last_day TEXT CHECK (last_day LIKE '____-__-__')")


@migrations()
def say_when_orders_were_updated(db: Database) -> None:
    """When the shop last changed each order, and when that was written here: not known of those that are there."""
    db.executescript("""
        ALTER TABLE orders ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE orders ADD COLUMN stored_at INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX orders_stored ON orders (stored_at, number);
    """)


@migrations()
def allow_any_scope(db: Database) -> None:
    """What a key may be for is the program's to say (`api_keys.SCOPES`), no longer the table's."""
    ledger.rebuild(db, "delivery_keys", "CHECK (scope IN ('orders:write', 'redeliveries'))", "CHECK (scope <> '')")

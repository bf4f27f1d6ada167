"""A database for the load tests, filled through the domains' own functions, and the requests that go with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from unittest.mock import patch

from bench.load_generator import post
from selfservice import clock
from selfservice.accounts import access_codes, anonymous_sessions, people, tokens
from selfservice.accounts.saved_forms import SavedForm
from selfservice.config import load
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.fragments.replacement_password.form import TOKEN_KIND
from selfservice.fragments.replacement_password.routes import LINK, NAME
from selfservice.migrations import migrate
from selfservice.seeds import new_seed
from selfservice.values.access_code import derive_code
from selfservice.web.forms import About

FORM = f"/en/self-service/{NAME}"
NEW_PASSWORD = f"{FORM}/new-password"


UNKNOWN_KEYS = Keys(b"for codes that nobody has, long enough")


def link_requests(count: int) -> list[bytes]:
    """Right input, each from another address and with another code: the limits let through 600 a minute in all.

    Nobody has these codes; the answer does the same work as for a code that somebody has.
    """
    return [
        post(
            FORM,
            {
                "access_code": derive_code(UNKNOWN_KEYS, new_seed(UNKNOWN_KEYS, "code")),
                "email": f"visitor{number}@loket.example",
            },
            {"X-Forwarded-For": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"},
        )
        for number in range(count)
    ]


def password_requests(environment: Mapping[str, str], count: int) -> list[bytes]:
    """New passwords, each of another person who followed a mailed link that works."""
    with patch.dict(os.environ, environment):
        config = load()
    db, keys, now = Database(config.database), Keys(config.secret), clock.now()
    migrate(db, keys)
    requests = []
    with db.write() as conn:
        for number in range(count):
            person = people.add(
                conn,
                now,
                given_name="Wil",
                family_name="Peeters",
                email=f"{number}@loket.example",
                language="en",
            )
            access_codes.add(conn, keys, now, code=derive_code(keys, new_seed(keys, "code")), person_id=person)
            token_hash = tokens.issue(conn, keys, TOKEN_KIND, person, 1, now).token_hash
            session_id, cookie = anonymous_sessions.start(conn, now)
            SavedForm(session_id, LINK.saved).save(conn, {"token_hash": token_hash}, now)
            # The same for all: one with the number in it would hold what some e-mail addresses begin with.
            sent = {
                "new_password": "laarzen fluiten zacht zeven keer",
                "about": About(LINK.saved, record=token_hash).sign(keys),
            }
            requests.append(post(NEW_PASSWORD, sent, {"Cookie": f"loket={cookie}"}))
    db.close()
    return requests

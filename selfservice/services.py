"""What the fragments work with, wired once: database, keys, facts, limits, mail texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import jinja2
from flask import current_app

from selfservice.config import Config
from selfservice.db import Database, sqlite3
from selfservice.facts import Facts
from selfservice.members.passwords import Hasher
from selfservice.requests.model import Desk
from selfservice.secrets import Keys

# Called in the transaction that redeemed a password link, with whose it was and the hash of its token.
PasswordHook = Callable[[sqlite3.Connection, int, str, datetime], None]


@dataclass(frozen=True)
class Services:
    """The parts of this app, as create_app wired them."""

    config: Config
    db: Database
    keys: Keys
    facts: Facts
    hasher: Hasher
    templates: jinja2.Environment
    password_hooks: tuple[PasswordHook, ...] = ()

    @property
    def desk(self) -> Desk:
        """What requests for access codes are handled with."""
        return Desk(self.db, self.keys, self.facts, self.config.sender.rpartition("@")[2])


def services() -> Services:
    """The services of the app that answers this request."""
    found: Services = current_app.extensions["services"]
    return found

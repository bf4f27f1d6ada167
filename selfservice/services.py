"""What the fragments work with, wired once: database, keys, facts, limits, mail texts."""

from __future__ import annotations

from dataclasses import dataclass

import jinja2
from flask import current_app

from selfservice.config import Config
from selfservice.db import Database
from selfservice.facts import Facts
from selfservice.members.passwords import Hasher
from selfservice.requests.model import Desk
from selfservice.secrets import Keys


@dataclass(frozen=True)
class Services:
    """The parts of this app, as create_app wired them."""

    config: Config
    db: Database
    keys: Keys
    facts: Facts
    hasher: Hasher
    templates: jinja2.Environment

    @property
    def desk(self) -> Desk:
        """What requests for access codes are handled with."""
        return Desk(self.db, self.keys, self.facts, self.config.sender.rpartition("@")[2])


def services() -> Services:
    """The services of the app that answers this request."""
    found: Services = current_app.extensions["services"]
    return found

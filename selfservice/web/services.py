"""What the fragments work with, wired once: database, keys, facts, limits, mail texts."""

from __future__ import annotations

from dataclasses import dataclass

import jinja2
from flask import current_app

from selfservice.accounts.passwords import Hasher
from selfservice.config import Config
from selfservice.context import Context
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.facts.facts import Facts


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
    def context(self) -> Context:
        """What the rules of every domain work with."""
        return Context(self.keys, self.facts, self.config.sender.rpartition("@")[2])


def services() -> Services:
    """The services of the app that answers this request."""
    wired: Services = current_app.extensions["services"]
    return wired

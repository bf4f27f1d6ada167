"""The API for a shop: that it does what openapi.json says, whatever it is sent (schemathesis, every check)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis import AuthContext, Case
from schemathesis.config import SchemathesisConfig

from selfservice import clock
from selfservice.api.description import description
from selfservice.crypto import hash_token
from selfservice.db import Database
from selfservice.demo import accounts
from tests.sign_in_helpers import database

pytestmark = pytest.mark.slow

# What `make attack` goes by too.
CONFIG = Path(__file__).parent / "schemathesis.toml"
# Cases are made before there is any app, so these are its keys.
KEYS = {"orders:write": "loket_" + "w" * 43, "redeliveries": "loket_" + "r" * 43}


class Door:
    """The app of the test that runs."""

    app: Flask

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Let the request through."""
        return self.app(environ, start_response)


DOOR = Door()
SCHEMA = schemathesis.openapi.from_dict(description(), config=SchemathesisConfig.from_path(CONFIG))
SCHEMA.app = DOOR


@SCHEMA.auth(refresh_interval=None)
class KeyOfTheDoor:
    """The key that the case needs."""

    def get(self, case: Case[Any], context: AuthContext) -> str:
        return KEYS["redeliveries" if case.path.startswith("/api/redeliveries") else "orders:write"]

    def set(self, case: Case[Any], data: str, context: AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@SCHEMA.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
def test_described(app: Flask, case: Case[Any]) -> None:
    """Every answer, to what fits the description and to what does not, is one that the description has."""
    own = Database(database(app).path)
    with own.write() as conn:
        # How often is another test's business.
        conn.execute("DELETE FROM limits")
        for scope, plain in KEYS.items():
            values = {"id": scope[:8], "hash": hash_token(plain), "scope": scope, "now": clock.to_text(clock.now())}
            conn.execute(
                """INSERT INTO delivery_keys (public_id, key_hash, name, scope, created_at)
                   VALUES (:id, :hash, 'test', :scope, :now) ON CONFLICT DO NOTHING""",
                values,
            )
    own.close()
    DOOR.app = app
    for sent in case.body if isinstance(case.body, list) else [case.body]:
        # So that some go in.
        if isinstance(sent, dict) and isinstance(sent.get("access_code"), str):
            sent["access_code"] = accounts.code(0)
    case.call_and_validate()

"""The API for a shop: that it does what openapi.json says, whatever it is sent (schemathesis, every check)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis import AuthContext, Case, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from selfservice import clock
from selfservice.api.description import description
from selfservice.crypto import hash_token
from selfservice.db import Database
from selfservice.demo import accounts
from tests.sign_in_helpers import database

pytestmark = pytest.mark.slow

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SETTINGS: dict[str, Any] = {
    "deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True, "database": None,
}  # fmt: skip

# What `make attack` goes by too.
CONFIG = Path(__file__).parent / "schemathesis.toml"
# Cases are made before there is any app, so these are its keys.
KEYS = {"orders:write": "loket_" + "w" * 43, "redeliveries": "loket_" + "r" * 43, "register:write": "loket_" + "o" * 43}
SCOPES = {"/api/redeliveries": "redeliveries", "/api/organisations": "register:write"}


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
        return KEYS[next((scope for path, scope in SCOPES.items() if case.path.startswith(path)), "orders:write")]

    def set(self, case: Case[Any], data: str, context: AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


def prepare(app: Flask, case: Case[Any]) -> None:
    """Let the case in, as often as it likes, and let some orders be of a code that was given out."""
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
        if isinstance(sent, dict) and isinstance(sent.get("access_code"), str):
            sent["access_code"] = accounts.code(0)


@SCHEMA.parametrize()
@settings(max_examples=40, **SETTINGS)
def test_described(app: Flask, case: Case[Any]) -> None:
    """Every answer, to what fits the description and to what does not, is one that the description has."""
    prepare(app, case)
    case.call_and_validate()


def test_links(app: Flask) -> None:
    """What an answer links to (the order that went in, the next page) is there, one after the other."""
    followed = set()

    class Workflow(SCHEMA.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Case[Any]) -> None:
            prepare(app, case)

        def after_call(self, response: Response, case: Case[Any]) -> None:
            if response.status_code == 200:
                followed.add(case.operation.definition.raw["operationId"])

    Workflow.run(settings=settings(max_examples=25, stateful_step_count=6, **SETTINGS))
    assert {"deliverOrders", "listOrders", "getOrder"} <= followed


def test_is_openapi() -> None:
    """The description is OpenAPI 3.1, its schemas are JSON Schema 2020-12, what it refers to is there, and each example
    is what it is an example of.
    """
    described = description()
    OPENAPI_31_VALIDATOR.validate(described)
    for name, schema in described["components"]["schemas"].items():
        jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})
        assert [] == [each for each in references(schema) if look_up(described, each) is None], name
    assert [] == [each for each in references(described["paths"]) if look_up(described, each) is None]
    body = described["paths"]["/api/orders"]["post"]["requestBody"]["content"]["application/json"]
    validator = jsonschema_rs.Draft202012Validator({"$ref": "#/components/schemas/Order", **described})
    assert [] == [name for name, each in body["examples"].items() if not validator.is_valid(each["value"])]


def references(part: Any) -> Iterator[str]:
    """Everything that is referred to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def look_up(described: Any, reference: str) -> Any:
    """What stands there; None when nothing does."""
    for name in reference.removeprefix("#/").split("/"):
        described = described.get(name, {})
    return described or None

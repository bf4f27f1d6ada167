"""The API's description (OpenAPI 3.1): openapi.json, and what is written down elsewhere already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from selfservice.api.problems import PROBLEMS
from selfservice.orders import product_names

_FILE = (Path(__file__).parent / "openapi.json").read_text("utf-8")


def description() -> dict[str, Any]:
    """The description, with a product's name in each language of the site and every problem's code."""
    described: dict[str, Any] = json.loads(_FILE)
    schemas = described["components"]["schemas"]
    for schema in (schemas["Order"], schemas["StoredOrder"]):
        properties = schema["properties"]
        for column in product_names.COLUMNS:
            properties.setdefault(column, properties["product_nl"] | {"description": "As product_en."})
    schemas["Code"]["oneOf"] = [{"const": code, "description": text} for code, text in PROBLEMS.items()]
    return described

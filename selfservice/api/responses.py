"""What the API answers: JSON, and what became of a delivery."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask import Response

from selfservice.web.problem_details import problem_response


def json_response(content: dict[str, Any]) -> Response:
    """An answer that went well."""
    return Response(json.dumps(content), mimetype="application/json")


def delivery_response(
    name: str, answers: Sequence[dict[str, Any]], results: Sequence[str], *, alone: str | None
) -> Response:
    """What became of each that was delivered, under this name, and how many had each of the results. One that was sent
    by itself and refused is a problem (422) with the code `alone`, which is None for a list.
    """
    if alone is not None and answers[0]["result"] == "refused":
        members: dict[str, Any] = {name: answers[0][name] for name in ("errors", "ignored") if name in answers[0]}
        return problem_response(422, answers[0]["reason"], code=alone, members=members)
    counts = Counter(each["result"] for each in answers)
    return json_response({name: answers, **{result: counts[result] for result in results}})

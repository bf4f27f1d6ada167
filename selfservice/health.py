"""/health: how it is, for the operator and for monitoring."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Flask, Response, jsonify

from selfservice import clock, crypto, db
from selfservice.migrations import pending
from selfservice.outbox import model as outbox
from selfservice.services import services

LATE_SECONDS = 300  # a mail that waits longer means that mail does not get out


def report() -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and the particulars. Raises nothing: what cannot be asked is reported as such."""
    parts: dict[str, Any] = {"version": _version()}
    well = True
    try:
        database = services().db
        waiting = pending(database)
        parts["database"] = database.note() or "well"
        parts["migrations"] = "up to date" if not waiting else f"{len(waiting)} waiting"
        parts["outbox"] = outbox.status(database, clock.now())
        well = not waiting and parts["outbox"]["oldest_seconds"] < LATE_SECONDS
        if not waiting and (line := crypto.problem(database.read(), services().keys)):
            parts["secret"] = line
            well = False
    except db.Error as error:
        parts["database"] = f"cannot be used: {type(error).__name__}"
        well = False
    today = clock.now().date()
    if stale := [day for day in services().facts.changes if day <= today]:
        parts["facts"] = f"changed on {stale[0].isoformat()}: build and restart"
        well = False
    return well, {"ok": well, **parts}


def _version() -> str:
    try:
        return version("loket")
    except PackageNotFoundError:
        return "unknown"


def init_app(app: Flask) -> None:
    """Answer /health with 200 or 503."""

    @app.get("/health")
    def health() -> Response:
        well, parts = report()
        response = jsonify(parts)
        response.status_code = 200 if well else 503
        return response

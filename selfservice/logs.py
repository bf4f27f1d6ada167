"""Logs: one JSON line an event, in UTC, without anything that could be used against a person."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime

from flask import Flask, Response, g, request

from selfservice.metrics import METERS

# Made here, which is before anything imports Pelican: loggers made after that leave out repeated messages.
LOGGER = logging.getLogger("loket")


class JsonLines(logging.Formatter):
    """A record as one line of JSON. Extra fields come from `extra={"fields": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; an exception is reduced to its type and place, since its text may hold what a visitor typed."""
        line = {
            "when": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "what": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = []
            trace = error.__traceback__
            while trace:
                frames.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
                trace = trace.tb_next
            line |= {"error": type(error).__name__, "at": frames[-5:]}
        return json.dumps(line, ensure_ascii=False)


def to_stderr(level: int = logging.INFO) -> None:
    """Send our log lines to standard error, where the operator's service manager keeps them."""
    if not LOGGER.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        LOGGER.addHandler(handler)
    LOGGER.setLevel(level)
    LOGGER.propagate = False


def init_app(app: Flask) -> None:
    """Count and time each request, and log those that changed something or failed: the endpoint's name, never its
    address.
    """

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def done(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        METERS.requests.labels(request.endpoint or "none", str(response.status_code)).observe(seconds)
        if request.method not in ("GET", "HEAD") or response.status_code >= 500:
            fields = {
                "method": request.method,
                "endpoint": request.endpoint,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
            }
            LOGGER.info("request", extra={"fields": fields})
        return response

"""A log line for each request that changed something or failed."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from selfservice.logs import LOGGER
from selfservice.metrics import METERS


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

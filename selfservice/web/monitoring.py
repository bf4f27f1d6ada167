"""/health, /live and /metrics. To the outside /health says only whether all is well; the particulars are for who has
the key for monitoring, and for a demonstration.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Any

from flask import Flask, Response, abort, current_app, jsonify, request

from selfservice import clock, health, metrics
from selfservice.config import Config
from selfservice.web.services import services


def report() -> tuple[bool, dict[str, Any]]:
    """Whether all is well with this app, and the particulars (`health.report`)."""
    wired = services()
    return health.report(wired.config, wired.db, wired.keys, current_app.extensions["write_probe"])


def has_key(config: Config) -> bool:
    """Whether this request brings the key for monitoring (LOKET_MONITOR_KEY)."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if config.monitor_key is None or kind.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), config.monitor_key)


def _is_local() -> bool:
    """Whether the request comes from this machine and through no front: what a front passes on says for whom."""
    names = [name for name, _ in request.headers]
    if any(name.startswith("X-Forwarded-") or name in ("Forwarded", "Via") for name in names):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def init_app(app: Flask, config: Config) -> None:
    """Answer /health with 200 or 503, /live with 200 as long as the app answers at all, and /metrics where they are
    on to who may see them.
    """

    @app.get("/health", endpoint="health")
    def show_health() -> Response:
        well, parts = report()
        response = jsonify(parts if config.demo or has_key(config) else {"ok": well})
        response.status_code = 200 if well else 503
        return response

    @app.get("/live")
    def live() -> Response:
        return Response("ok\n", mimetype="text/plain")

    if metrics.METERS.on:

        @app.get("/metrics", endpoint="numbers")
        def show_metrics() -> Response:
            if not (has_key(config) or _is_local()):
                abort(404)
            text, content_type = metrics.exposition(health.gauges(services().db, clock.now()))
            return Response(text, content_type=content_type)

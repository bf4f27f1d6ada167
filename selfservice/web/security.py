"""What may be answered at all: hosts, origins and parameters; and the headers of every answer."""

from __future__ import annotations

import re

from flask import Request, Response, abort, request
from werkzeug.datastructures import ImmutableMultiDict

from selfservice.config import Config
from selfservice.i18n.languages import current_language
from selfservice.web.rendering import layout_context
from selfservice.web.request import REFUSED_STATUS, is_api

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    # For browsers that do not know frame-ancestors.
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000; includeSubDomains"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
NO_STORE = "no-store"
# Also not to be compressed on its way: the length of a compressed answer tells of a secret in it (BREACH).
NO_TRANSFORM = "no-store, no-transform"
# What answers whatever the Host is, for load balancers, and what also answers by the machine's own names, at any port,
# for its monitoring. All else only to the name of the site: a forged one could end up in a cache.
ANY_HOST_PATHS = {"/live"}
LOCAL_HOST_PATHS = {"/health", "/metrics"}
LOCAL_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1])(?::\d+)?")
# Control characters but tab and line ends, and noncharacters: no keyboard sends them, and no valid page may hold them.
_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def is_our_host(config: Config, host: str | None, path: str) -> bool:
    """Whether a request with this Host may be answered; without regard to case (RFC 9110, section 4.2.3)."""
    host = (host or "").lower()
    return (
        host in config.hosts
        or path in ANY_HOST_PATHS
        or (path in LOCAL_HOST_PATHS and LOCAL_HOST.fullmatch(host) is not None)
    )


def is_same_origin(request: Request, origin: str) -> bool:
    """Whether an unsafe request comes from our own pages: Sec-Fetch-Site where the browser sends it, else Origin."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("Origin") == origin


def refuse_foreign_hosts() -> None:
    """Refuse a request with a Host that is not the site's own (400)."""
    if not is_our_host(layout_context().config, request.environ.get("HTTP_HOST"), request.path):
        abort(400)


def abort_refused() -> None:
    """Answer a request that the server refused (`request.REFUSED_STATUS`) with its status."""
    status = request.environ.get(REFUSED_STATUS)
    if status == 405:
        abort(405, valid_methods=("GET", "HEAD"))
    if status:
        abort(status)


def refuse_foreign_posts() -> None:
    """Refuse an unsafe request that another site's page sent (403)."""
    # The API takes no cookie, so another site's page can send nothing there in a visitor's name (selfservice/api).
    if (
        request.method not in SAFE_METHODS
        and not is_api()
        and not is_same_origin(request, layout_context().config.base_url)
    ):
        abort(403)


def refuse_invalid_parameters() -> None:
    """Refuse parameters that come twice, files, and characters that no keyboard sends (400)."""
    forms = request.method == "POST" and not is_api()
    sent = request.form if forms else ImmutableMultiDict[str, str]()
    if any(len(found) > 1 for found in sent.listvalues()) or (forms and request.files):
        abort(400)
    for values in (request.args, sent):
        if any(_CONTROL_CHARACTERS.search(text) for found in values.listvalues() for text in found):
            abort(400)


def forbid_transforms(response: Response) -> Response:
    """The answer, marked as one that holds a code or a mailed link."""
    response.headers["Cache-Control"] = NO_TRANSFORM
    return response


def set_headers(response: Response) -> Response:
    """Give every answer the headers that it must have."""
    # Looked through once, not for each: that took a quarter of a short answer's time.
    given = {name.lower() for name, _ in response.headers}
    for name, value in SECURITY_HEADERS.items():
        if name.lower() not in given:
            response.headers.add(name, value)
    if layout_context().config.secure:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    # What answers a form may hold what was typed (an access code); a file is compressed already, or is kept as it is.
    if request.method not in SAFE_METHODS or "Content-Disposition" in response.headers:
        response.headers["Cache-Control"] = NO_TRANSFORM
    response.headers.setdefault("Cache-Control", NO_STORE)
    response.vary.add("HX-Request")
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Language", current_language())
    return response

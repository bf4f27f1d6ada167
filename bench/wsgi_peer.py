"""The peer of our server: the same app behind WhiteNoise, on granian's WSGI interface."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import TYPE_CHECKING, Any
from wsgiref.headers import Headers

from bench import peers
from selfservice.app import create_app
from selfservice.config import load
from selfservice.web import security

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

TARGET = "bench.wsgi_peer:application"


def application() -> WSGIApplication:
    """Our app, and the built site's files in front of it, with the same headers."""
    # At the end, so that all else comes from our own environment.
    sys.path.append(str(next(peers.ENVIRONMENT.glob("lib/python*/site-packages"))))
    whitenoise: Any = importlib.import_module("whitenoise")
    config = load()

    def add(headers: Headers, _path: str, _url: str) -> None:
        for name, value in security.SECURITY_HEADERS.items():
            headers.add_header(name, value)

    whole: WSGIApplication = whitenoise.WhiteNoise(
        create_app(config),
        str(config.site),
        max_age=0,
        allow_all_origins=False,
        index_file=True,
        add_headers_function=add,
    )
    # As the server does (selfservice/server.py).
    gc.collect()
    gc.freeze()
    return whole

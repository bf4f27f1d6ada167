"""One origin: the built site's files and the app behind them, as granian loads it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.headers import Headers

from werkzeug.sansio.utils import host_is_trusted
from whitenoise import WhiteNoise

from selfservice import create_app, logs, web
from selfservice.config import Config, load
from selfservice.theme import HASHED, PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PAGE_SECONDS = 0  # pages revalidate: with an ETag that is a 304 and no body


def application() -> WSGIApplication:
    """The whole of Loket, from the environment's settings (a factory, for granian)."""
    logs.to_stderr()
    config = load()
    whole = serve(create_app(config), config)
    # What is there now stays as long as the process: looking through it for garbage again and again takes a tenth of
    # each request's time.
    gc.collect()
    gc.freeze()
    return whole


def serve(app: WSGIApplication, config: Config) -> WSGIApplication:
    """Put the site's files in front of an app. In preview each file is looked up anew, so an edit shows at once."""
    files = WhiteNoise(
        app,
        autorefresh=config.preview,
        max_age=PAGE_SECONDS,
        allow_all_origins=False,
        index_file=True,
        immutable_file_test=lambda _path, url: url.startswith(PREFIX) and bool(HASHED.search(url)),
        add_headers_function=_headers(config),
    )
    if config.output.is_dir():
        files.add_files(str(config.output))

    def whole(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        # The file at / is for hosts that only serve files; we can read Accept-Language.
        if path in ("/", "/index.html"):
            return app({**environ, "PATH_INFO": "/"}, start_response)
        # The app says what is wrong with it.
        if not host_is_trusted(environ.get("HTTP_HOST"), config.hosts):
            return app(environ, start_response)
        answer: Iterable[bytes] = files(environ, start_response)
        return answer

    return whole


def _headers(config: Config) -> Callable[[Headers, str, str], None]:
    def add(headers: Headers, path: str, url: str) -> None:
        for name, value in web.SECURITY_HEADERS.items():
            headers[name] = value
        if config.secure:
            headers["Strict-Transport-Security"] = web.HSTS
        if not HASHED.search(url):
            headers["Cache-Control"] = "no-cache, public"

    return add


def spec() -> dict[str, Any]:
    """Where granian finds us."""
    return {"target": "selfservice.server:application", "factory": True, "interface": "wsgi"}

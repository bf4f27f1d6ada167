"""The server: the built site's files and the app behind them, one origin, on granian's own interface (RSGI).

No thread of the app waits for a client. A request's body is collected before one is taken, and what the app answers is
whole, in memory or in a file, before it is sent.
"""

from __future__ import annotations

import asyncio
import gc
import io
import multiprocessing
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

from werkzeug.wsgi import FileWrapper

from selfservice import following, logs
from selfservice.api.request_body import MAX_BYTES
from selfservice.app import MAX_BODY_BYTES
from selfservice.config import load
from selfservice.following import Following, SiteFile
from selfservice.static_files import CACHED_BYTES, Headers, RawResponse, Redirect, StaticFile, StaticFiles
from selfservice.web import request, security
from selfservice.web.layout import compile_templates

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Flask
    from granian._granian import RSGIHeaders, RSGIHTTPProtocol
    from granian.rsgi import Scope

    _PendingRequest = tuple[asyncio.Future[IO[bytes] | None], Flask, RSGIHTTPProtocol, Scope, RSGIHeaders, bytes, int]

TARGET = "selfservice.server:application"
SHUTDOWN_SECONDS = 10
# For a new worker to listen, before the former one is told to stop.
RESPAWN_SECONDS = 10
# The file there is for hosts that only serve files: the app can read Accept-Language.
HOME_PATHS = {"/", "/index.html"}
MAX_CONNECTIONS = 4096  # at once, for each process
# Of a body that is too long so much is taken in before the answer: who still sends does not listen.
MAX_DISCARDED_BYTES = 1024 * 1024
# An open file by a name of its own, under which it is found when it was deleted or replaced meanwhile (Linux).
FD_FOLDER = "/proc/self/fd" if Path("/proc/self/fd").is_dir() else None
HOLD_OPEN_SECONDS = 5
# Files on their way, by what they are on the disk: one for all who get it. Who sends it last lets it be closed.
_OPEN_FILES: WeakValueDictionary[tuple[int, int], IO[bytes]] = WeakValueDictionary()


def application() -> Server:
    """The whole of Loket, from the environment's settings (a factory, for granian)."""
    logs.to_stderr()
    following = Following(load())
    if not following.config.preview:
        compile_templates(following.app.jinja_env)
    whole = Server(following)
    _freeze()
    Thread(target=whole.follow, name="following", daemon=True).start()
    return whole


def _freeze() -> None:
    """Leave what is there now out of the search for garbage until the next build: looking through it again and again
    takes a tenth of each request's time.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def run(host: str, port: int, workers: int, *, target: str = TARGET) -> None:
    """Serve until told to stop. SIGHUP starts the workers anew; so does a build with another site.toml."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    config = load()
    server = Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        factory=True,
        workers=workers,
        backpressure=MAX_CONNECTIONS,
        # Not HTTP/2 too, which no browser speaks without TLS: granian would wait for the first byte without end.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=config.client_seconds * 1000),
        websockets=False,
        workers_kill_timeout=SHUTDOWN_SECONDS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        working_dir=Path.cwd(),
        respawn_interval=RESPAWN_SECONDS,
    )
    file = SiteFile(config)
    if file.changed():
        _start_afresh()
    server.on_reload(_start_afresh)
    server.on_startup(Thread(target=_renew_workers, args=(file,), name="site.toml", daemon=True).start)
    server.serve()


def _start_afresh() -> None:
    """Let new workers read all anew: as forks of this process they would have its site.toml, and its code."""
    multiprocessing.set_start_method("spawn", force=True)


def _renew_workers(file: SiteFile) -> None:
    """Start the workers anew, once, whenever a build with another site.toml was published."""
    while True:
        time.sleep(following.SECONDS)
        try:
            if file.changed():
                os.kill(os.getpid(), signal.SIGHUP)
        except Exception:  # noqa: BLE001 (as in Server.follow)
            logs.LOGGER.exception("following")


class Served(NamedTuple):
    """What answers requests: the files of one build, and the app for it."""

    app: Flask
    files: StaticFiles


class Server:
    """The site's files in front of the app, both of the build that is current. A request is answered by the one that
    was when it began.
    """

    def __init__(self, following: Following) -> None:
        self._following, self._config = following, following.config
        headers = security.SECURITY_HEADERS
        self._headers = headers | ({"Strict-Transport-Security": security.HSTS} if self._config.secure else {})
        self._served = self._serve()
        self._queue: SimpleQueue[_PendingRequest] = SimpleQueue()
        for number in range(self._config.threads):
            Thread(target=self._run_thread, name=f"app-{number}", daemon=True).start()

    def _serve(self) -> Served:
        return Served(self._following.app, StaticFiles(self._following.config.site, self._headers))

    def follow(self) -> None:
        """Serve each build that becomes current from then on, for as long as the process lives."""
        while True:
            time.sleep(following.PREVIEW_SECONDS if self._config.preview else following.SECONDS)
            try:
                if self._following.look():
                    self._served = self._serve()
                    if not self._config.preview:  # an editor waits for the next answer
                        _freeze()
            except Exception:  # noqa: BLE001 (else this process would serve its build for as long as it lives)
                logs.LOGGER.exception("following")

    async def __rsgi__(self, scope: Scope, proto: RSGIHTTPProtocol) -> None:
        """Answer one request."""
        method, path, headers = scope.method, scope.path, scope.headers
        served = self._served
        with suppress(OSError):  # a file that has just gone
            found = self._find(served.files, path, headers)
            if found is not None and method in ("GET", "HEAD"):
                await _hold_open(_send(method, proto, found.respond(headers.get)))
                return
        body, error = await self._body(path, headers, proto) if found is None else (b"", 405)
        answered = asyncio.get_running_loop().create_future()
        self._queue.put((answered, served.app, proto, scope, headers, body, error))
        await _hold_open(await answered)

    def _run_thread(self) -> None:
        """What each thread does; a pool of the standard library's takes a tenth of a request's time to itself."""
        while True:
            self._respond(*self._queue.get())

    def _respond(
        self,
        answered: asyncio.Future[IO[bytes] | None],
        app: Flask,
        proto: RSGIHTTPProtocol,
        scope: Scope,
        headers: RSGIHeaders,
        body: bytes,
        error: int,
    ) -> None:
        file = None
        try:
            file = _send(scope.method, proto, _call_app(app, scope, headers, body, error))
        except Exception:  # noqa: BLE001 (it is logged, granian answers 500, and others need this thread)
            logs.LOGGER.exception("request")
        answered.get_loop().call_soon_threadsafe(answered.set_result, file)

    def _find(self, files: StaticFiles, path: str, headers: RSGIHeaders) -> StaticFile | Redirect | None:
        """The file at an address, or the way to it."""
        # The app says what is wrong with a Host that is not ours.
        if path in HOME_PATHS or not security.is_our_host(self._config, headers.get("host"), path):
            return None
        return files.find(path)

    async def _body(self, path: str, headers: RSGIHeaders, proto: RSGIHTTPProtocol) -> tuple[bytes, int]:
        """The whole body of a request, or the status that says why not."""
        length = headers.get("content-length")
        if length in (None, "0") and "transfer-encoding" not in headers:
            return b"", 0
        limit = MAX_BYTES if path.startswith(request.API_PREFIX) else MAX_BODY_BYTES
        parts: list[bytes] = []
        taken = ends = 0
        try:
            async with asyncio.timeout(self._config.client_seconds):
                if length and int(length) <= limit:
                    return await proto(), 0
                async for part in proto:
                    # The last part is empty; there is another empty one after a body that was cut off or whose chunks
                    # are broken (and after trailers, which nobody sends us).
                    ends += not part
                    taken += len(part)
                    if taken <= limit:
                        parts.append(part)
                    elif taken > MAX_DISCARDED_BYTES:
                        break
        except TimeoutError:
            return b"", 408
        except RuntimeError:  # granian's RSGIProtocolClosed: the same, without parts
            return b"", 400
        if taken > limit:
            return b"", 413
        return (b"".join(parts), 0) if ends == 1 else (b"", 400)


def _call_app(app: Flask, scope: Scope, headers: RSGIHeaders, body: bytes, error: int) -> RawResponse:
    """The app's answer; with `error` the page that says so. In a thread of the pool."""
    status, sent_headers = 500, Headers()

    def start(line: str, given: Headers, _: object = None, /) -> Callable[[bytes], object]:
        nonlocal status, sent_headers
        status, sent_headers = int(line[:3]), given
        return _no_write

    opened: list[FileWrapper] = []  # what views' send_file has: Werkzeug asks for it here

    def wrap(file: IO[bytes], block: int) -> FileWrapper:
        opened.append(FileWrapper(file, block))
        return opened[-1]

    environ = _environ(scope, headers, body) | {"wsgi.file_wrapper": wrap}
    if error:
        environ[request.REFUSED_STATUS] = error
    result = app(environ, start)
    # Werkzeug wraps it once more when a part was asked for.
    sent = getattr(result, "iterable", result)
    if isinstance(sent, FileWrapper) and (part := _byte_range(sent.file, sent_headers)):
        return RawResponse(status, sent_headers, file=sent.file, byte_range=part)
    try:
        content = b"".join(result)
    except Exception:
        if error:
            raise
        logs.LOGGER.exception("answer")
        return _call_app(app, scope, headers, b"", 500)
    finally:
        # A file is not the answer itself when only its head was asked for.
        for each in (result, *opened):
            if hasattr(each, "close"):
                each.close()
    # What is left of a body that was not taken in would be read as the next request.
    return RawResponse(
        status, [*sent_headers, ("Connection", "close")] if error in (400, 408, 413) else sent_headers, content
    )


def _no_write(_: bytes) -> None:
    """PEP 3333's write(), which nothing here uses."""
    raise NotImplementedError


def _environ(scope: Scope, headers: RSGIHeaders, body: bytes) -> WSGIEnvironment:
    """The request as PEP 3333 has it, its body whole."""
    name, _, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/" if scope.path in HOME_PATHS else scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": name.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for field, value in headers.items():
        if key := _environ_key(field):
            environ[key] = value if key not in environ else f"{environ[key]}{';' if field == 'cookie' else ','}{value}"
    environ.setdefault("HTTP_HOST", scope.authority or "")
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    if environ.pop("HTTP_CONTENT_LENGTH", None) or body:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


@lru_cache(256)
def _environ_key(field: str) -> str | None:
    """What PEP 3333 calls a header. None for one with an underscore: it would pass for another, such as one that only
    a proxy sets.
    """
    return None if "_" in field else "HTTP_" + field.upper().replace("-", "_")


def _byte_range(file: IO[bytes], headers: Headers) -> tuple[int, int] | None:
    """From and up to which byte of a file on the disk to send; None when it is short, or none on the disk."""
    try:
        size = os.fstat(file.fileno()).st_size
    except OSError:  # io.UnsupportedOperation: it is in memory
        return None
    if size <= CACHED_BYTES:
        return None
    sent_headers = dict(headers)
    start = re.match(r"bytes (\d+)-", sent_headers.get("Content-Range", ""))
    first = int(start[1]) if start else 0
    return first, first + int(sent_headers["Content-Length"])


def _send(method: str, proto: RSGIHTTPProtocol, answer: RawResponse) -> IO[bytes] | None:
    """Hand an answer to granian, which sends it however slowly it is read. Returns a file to keep open for a while."""
    if method == "HEAD":
        if answer.file is not None:
            answer.file.close()
        proto.response_empty(answer.status, answer.headers)
        return None
    if answer.file is None:
        proto.response_bytes(answer.status, answer.headers, answer.content)
        return None
    found = os.fstat(answer.file.fileno())
    file = _OPEN_FILES.setdefault((found.st_dev, found.st_ino), answer.file)
    if file is not answer.file:
        answer.file.close()
    name = f"{FD_FOLDER}/{file.fileno()}" if FD_FOLDER else file.name
    proto.response_file_range(answer.status, answer.headers, name, *answer.byte_range)
    return file


async def _hold_open(file: IO[bytes] | None) -> None:
    """Keep a file until granian has opened it again by its name: it does so at once, but does not say when it has."""
    if file is not None:
        await asyncio.sleep(HOLD_OPEN_SECONDS)

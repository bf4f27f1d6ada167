"""Clients that keep a server waiting: forms sent by halves, and answers that nobody reads. For tests and benchmarks."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

FORM = "/en/self-service/replacement-password"
LOOK_SECONDS = 0.2
BUFFER = 4096  # bytes that the system takes in for a client that reads nothing; the least that Linux allows


def half_form(path: str, host: str) -> bytes:
    """The head of a form of 500 bytes, and the first 13 of them."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Sec-Fetch-Site: same-origin"]
    lines += ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 500"]
    return "\r\n".join([*lines, "", ""]).encode() + b"access_code=A"


def whole_request(path: str, host: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A GET request, for a client that does not read the answer."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def half_sent_forms(port: int, count: int = 200, *, path: str = FORM, host: str | None = None) -> Iterator[None]:
    """Hold so many half-sent forms open at 127.0.0.1; one that the server ends is begun anew.

    `host` is the Host header, when it is not the address connected to.
    """
    data = half_form(path, host or f"127.0.0.1:{port}")
    with _held([data] * count, port, again=True):
        yield


@contextmanager
def unread_downloads(
    port: int, path: str, count: int = 50, *, headers: Mapping[str, str] | None = None, host: str | None = None
) -> Iterator[None]:
    """Ask so many times for a large file at 127.0.0.1, and read none of them.

    `headers` (a cookie, say) go with each request; `host` is as in `half_sent_forms`.
    """
    data = whole_request(path, host or f"127.0.0.1:{port}", headers)
    with _held([data] * count, port, again=False):
        yield


@contextmanager
def _held(requests: list[bytes], port: int, *, again: bool) -> Iterator[None]:
    """Connections that each sent one request and wait; with `again` one that is answered or closed is replaced."""
    stop = threading.Event()
    with selectors.DefaultSelector() as waiting:
        opened = [_sent(data, port) for data in requests]

        def replace() -> None:
            for one, data in zip(opened, requests, strict=True):
                waiting.register(one, selectors.EVENT_READ, data)
            while not stop.is_set():
                for key, _ in waiting.select(LOOK_SECONDS):
                    waiting.unregister(key.fileobj)
                    old = opened.index(key.fileobj)  # type: ignore[arg-type]
                    opened[old].close()
                    # A server that went away has no more of us to hold.
                    with suppress(OSError):
                        opened[old] = _sent(key.data, port)
                        waiting.register(opened[old], selectors.EVENT_READ, key.data)

        thread = threading.Thread(target=replace, daemon=True)
        if again:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            if again:
                thread.join()
            for one in opened:
                one.close()


def _sent(data: bytes, port: int) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", port))
    connection.sendall(data)
    return connection

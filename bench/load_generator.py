"""A small load generator: processes that each keep one connection and send prepared requests, one after the other."""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlencode


@dataclass(frozen=True)
class Client:
    """What one process sends: these requests in turn, again and again or only `once`, `pause` seconds apart."""

    requests: Sequence[bytes]
    once: bool = False
    pause: float = 0.0


@dataclass(frozen=True)
class Answers:
    """What came back: how often each status, the milliseconds of each answer, and the seconds all took."""

    statuses: Counter[int]
    milliseconds: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.milliseconds) / self.seconds

    def percentile(self, percent: float) -> float:
        """The milliseconds within which so many per cent of the answers came."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def get(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A GET request as it goes over the wire."""
    return _request("GET", path, headers or {}, b"")


def post(path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> bytes:
    """A form sent from one of our own pages."""
    body = urlencode(fields).encode()
    own = {
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
    }
    return _request("POST", path, own | dict(headers or {}), body)


def _request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "HX-Request: true"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run_clients(port: int, clients: Sequence[Client], seconds: float) -> list[Answers]:
    """Let all clients loose at once for at most so many seconds; each one's answers, in their order."""
    context = multiprocessing.get_context("fork")
    start = time.perf_counter() + 0.2
    with context.Pool(len(clients)) as pool:
        return pool.starmap(_send, [(port, client, start, seconds) for client in clients], chunksize=1)


def combined(answers: Sequence[Answers]) -> Answers:
    """Several clients' answers as one."""
    statuses = sum((one.statuses for one in answers), Counter[int]())
    return Answers(statuses, [ms for one in answers for ms in one.milliseconds], max(one.seconds for one in answers))


def _send(port: int, client: Client, start: float, seconds: float) -> Answers:
    statuses: Counter[int] = Counter()
    taken: list[float] = []
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        time.sleep(max(0.0, start - time.perf_counter()))
        now = begun = time.perf_counter()
        for request in client.requests if client.once else cycle(client.requests):
            before = time.perf_counter()
            connection.sendall(request)
            statuses[_status(connection)] += 1
            now = time.perf_counter()
            taken.append((now - before) * 1000)
            if now - begun > seconds:
                break
            if client.pause:
                time.sleep(client.pause)
    return Answers(statuses, taken, now - begun)


def _status(connection: socket.socket) -> int:
    """Read one whole answer, by its Content-Length or its chunks."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    fields = head.lower()
    if b"transfer-encoding: chunked" in fields:
        while not body.endswith(b"0\r\n\r\n"):
            body += _receive(connection)
    elif b"content-length:" in fields:
        left = int(fields.partition(b"content-length:")[2].partition(b"\r\n")[0]) - len(body)
        while left > 0:
            left -= len(_receive(connection))
    return int(head[9:12])


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the server hung up")
    return data

"""Downloads: whole files with their length, or no file; who may have how many; and when they go."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from selfservice import clock
from selfservice.config import Config
from selfservice.orders import export
from selfservice.web import downloads
from selfservice.web.downloads import DownloadBusyError, DownloadFolder, QuotaError
from selfservice.web.services import Services
from tests.clients import HTMX_HEADERS, HouseClient
from tests.domain_helpers import CONTEXT
from tests.orders.factories import buy
from tests.sign_in_helpers import MAIN, browser, database, prepare, sign_in

ORDERS = "/en/self-service/orders"
KINDS = [".csv", "-programs.csv", ".xlsx", ".json"]

HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> DownloadFolder:
    return DownloadFolder(tmp_path / "files", HOUR)


def write(text: str = "x") -> downloads.FileWriter:
    return lambda part: part.write_text(text) and None


def make(folder: DownloadFolder, session_id: int, name: str, text: str = "x") -> Path:
    return folder.make(session_id, name, len(text), write(text))


def names(folder: DownloadFolder) -> list[str]:
    return sorted(entry.name for entry in folder.path.iterdir())


def test_whole_and_ours_alone(folder: DownloadFolder) -> None:
    """A file is there under its session and name, whole, and nobody else on this machine can read it."""
    file = make(folder, 7, "abc", "the whole")
    assert (file, "the whole") == (folder.find(7, "abc"), file.read_text())
    assert [None, None] == [folder.find(8, "abc"), folder.find(7, "abd")]
    assert (0o700, 0o600) == (folder.path.stat().st_mode & 0o777, file.stat().st_mode & 0o777)


def test_failure_leaves_nothing(folder: DownloadFolder) -> None:
    """What fails while it is made leaves no part, and the next one can be made at once."""

    def fail(part: Path) -> None:
        part.write_text("half of")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        folder.make(7, "abc", 1, fail)
    assert [] == names(folder)
    assert make(folder, 7, "abc")


def test_one_at_a_time(folder: DownloadFolder) -> None:
    """While a session's file is being made no other is begun in the same place; another session's is."""
    found: list[object] = []

    def nested(part: Path) -> None:
        part.write_text("outer")
        with pytest.raises(DownloadBusyError):
            folder.make(7, "second", 1, write(), slot="now")
        found.append(folder.make(8, "first", 1, write(), slot="now"))

    outer = folder.make(7, "first", 1, nested, slot="now")
    assert (["7-first", "8-first"], "outer") == (names(folder), outer.read_text())
    assert folder.make(7, "second", 1, write(), slot="now")


def race(path: Path, number: int) -> int:
    """How many of its tries to make a file for the same session succeed; each file is whole."""
    made = 0
    for turn in range(200):
        try:
            file = DownloadFolder(path, HOUR).make(7, f"{number}x{turn}", 1, write(f"{number} {turn}" * 50), slot="now")
        except DownloadBusyError:
            continue
        made += 1
        # Unless it made place for another process's already.
        with suppress(FileNotFoundError):
            assert f"{number} {turn}" * 50 == file.read_text()
    return made


@pytest.mark.slow
def test_many_processes(folder: DownloadFolder) -> None:
    """Processes that make files for one session at once never write into each other's."""
    context = multiprocessing.get_context("forkserver")
    with context.Pool(4) as pool:
        made = pool.starmap(race, [(folder.path, number) for number in range(4)])
    assert (True, []) == (sum(made) > 0, [name for name in names(folder) if name.endswith(".part")])


def test_a_dead_process_holds_nothing(folder: DownloadFolder) -> None:
    """What a killed process left of a file does not keep the next from being made."""
    folder.path.mkdir()
    (folder.path / "7-now.part").write_text("what is left of a file")
    file = folder.make(7, "abc", 1, write("whole"), slot="now")
    assert ("whole", ["7-abc"]) == (file.read_text(), names(folder))


def test_age_and_session(folder: DownloadFolder) -> None:
    """After an hour, or when its session is over, a file goes, whole or not; before that it does not."""
    for session, name in ((1, "a"), (1, "b.part"), (2, "a"), (3, "a")):
        make(folder, session, name)
    (folder.path / "3-rows").mkdir()
    (folder.path / "3-rows" / "tmp").write_text("rows of a workbook")
    now = clock.now()
    assert 2 == folder.delete_expired(now, lambda ids: ids - {3})
    assert ["1-a", "1-b.part", "2-a"] == names(folder)
    os.utime(folder.path / "1-a", (now.timestamp() - 3599, now.timestamp() - 3599))
    os.utime(folder.path / "2-a", (now.timestamp() - 3600, now.timestamp() - 3600))
    assert (1, ["1-a", "1-b.part"]) == (folder.delete_expired(now, lambda ids: ids), names(folder))
    folder.delete_session_files(1)
    assert [] == names(folder)


def test_the_last_three(folder: DownloadFolder) -> None:
    """A session keeps its last three files; others' stay."""
    make(folder, 8, "other")
    for number in range(5):
        file = make(folder, 7, f"n{number}")
        os.utime(file, (clock.now().timestamp() + number, clock.now().timestamp() + number))
    assert ["7-n2", "7-n3", "7-n4", "8-other"] == names(folder)


@pytest.mark.usefixtures("real_clock")
def test_a_share_of_the_disk(folder: DownloadFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files together take at most a fifth of what would be free without them; who is too much hears until when."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10_000, 0, 800))
    make(folder, 7, "a", "x" * 100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10_000, 0, 700))
    with pytest.raises(QuotaError) as refused:
        make(folder, 8, "a", "x" * 61)
    assert 3500 < refused.value.seconds <= 3600
    assert make(folder, 8, "a", "x" * 60)


def test_a_full_disk() -> None:
    """A disk that is really full is no room either, and leaves no part."""
    folder = DownloadFolder(Path("/dev/shm") / f"loket-{os.getpid()}", HOUR)

    def fill(part: Path) -> None:
        part.write_text("half of")
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")

    try:
        with pytest.raises(QuotaError):
            folder.make(7, "a", 1, fill)
        assert [] == names(folder)
    finally:
        shutil.rmtree(folder.path)


@pytest.fixture
def signed_in(app: Flask, client: HouseClient) -> HouseClient:
    prepare(app)
    buy(app, MAIN)
    sign_in(client)
    return client


def made(app: Flask) -> list[Path]:
    """The files that lie there."""
    wired: Services = app.extensions["services"]
    return list(wired.config.downloads.glob("*"))


@pytest.mark.parametrize("ending", KINDS)
def test_answer(app: Flask, signed_in: HouseClient, ending: str) -> None:
    """A download has its length and a name of ours, is neither kept nor changed on its way, and is not a part of
    itself; it stays for a server that is still sending it.
    """
    asked = signed_in.get(f"{ORDERS}{ending}", headers={"Range": "bytes=0-3", "If-None-Match": "*"})
    assert (200, len(asked.data)) == (asked.status_code, asked.content_length)
    assert (f"attachment; filename=orders-all{ending}", "no-store, no-transform", "nosniff") == (
        asked.headers["Content-Disposition"],
        asked.headers["Cache-Control"],
        asked.headers["X-Content-Type-Options"],
    )
    assert set() == {"ETag", "Last-Modified", "Accept-Ranges", "Transfer-Encoding"} & set(asked.headers.keys())
    (file,) = made(app)
    assert (asked.data, True) == (file.read_bytes(), len(file.name) > 32)


def test_the_server_gets_the_file(app: Flask, signed_in: HouseClient) -> None:
    """Whoever serves is handed the file itself, to send it without holding one of our threads."""
    got: list[str] = []

    class Wrapper:
        def __init__(self, file: object, _size: int = 0) -> None:
            self.file = file

        def __iter__(self) -> Iterator[bytes]:
            got.append(self.file.name)  # type: ignore[attr-defined]
            return iter(self.file)  # type: ignore[call-overload, no-any-return]

        def close(self) -> None:
            self.file.close()  # type: ignore[attr-defined]

    signed_in.get(f"{ORDERS}.csv", environ_overrides={"wsgi.file_wrapper": Wrapper})
    assert [str(each) for each in made(app)] == got


def test_an_error_page(app: Flask, signed_in: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails while it is made is an ordinary error page: no part of a file is sent, and none is left."""
    original = export.pieces

    def fail(*arguments: object) -> Iterator[bytes]:
        yield next(original(*arguments))  # type: ignore[arg-type]
        raise OSError("the disk is gone")

    monkeypatch.setattr(export, "pieces", fail)
    answer = signed_in.get(f"{ORDERS}.csv")
    assert (500, False, []) == (answer.status_code, "Content-Disposition" in answer.headers, made(app))


@pytest.mark.parametrize("lang", ["en", "nl"])
@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS], ids=["page", "fragment"])
def test_busy(app: Flask, signed_in: HouseClient, lang: str, headers: dict[str, str]) -> None:
    """While a file is being made for this session, another one is 429, as a page and a fragment, with when to try
    again; after that it is made.
    """
    wired: Services = app.extensions["services"]
    folder = downloads.folder_of(wired)
    session = database(app).read().execute("SELECT id FROM sessions").fetchone()["id"]
    asked, address = list[TestResponse](), f"/{lang}/self-service/orders.csv"

    def meanwhile(part: Path) -> None:
        part.touch()
        asked.append(signed_in.get(address, headers=headers))

    folder.make(session, "a", 1, meanwhile, slot="now")
    said = {"en": "Another file is being made", "nl": "Er wordt al een ander bestand gemaakt"}[lang]
    assert (429, "5", True) == (asked[0].status_code, asked[0].headers["Retry-After"], said in asked[0].text)
    assert 200 == signed_in.get(address).status_code


def test_two_at_once(app: Flask, signed_in: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process makes two files at once, and tells a third session when to try again; others are answered."""
    clients = [signed_in, browser(app), browser(app)]
    for client in clients[1:]:
        sign_in(client)
    go, begun = threading.Event(), threading.Semaphore(0)
    original = export.pieces

    def wait(*arguments: object) -> Iterator[bytes]:
        begun.release()
        assert go.wait(60)
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(export, "pieces", wait)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda by=client: found.append(by.get(f"{ORDERS}.csv").status_code))
        for client in clients[:2]
    ]
    try:
        for thread in threads:
            thread.start()
            assert begun.acquire(timeout=60)
        third = clients[2].get(f"{ORDERS}.csv")
        other = clients[2].get(ORDERS)
    finally:
        go.set()
        for thread in threads:
            thread.join(60)
    assert ([200, 200], 429, 200) == (found, third.status_code, other.status_code)
    assert 200 == clients[2].get(f"{ORDERS}.csv").status_code


@pytest.mark.parametrize("lang", ["en", "nl"])
@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS], ids=["page", "fragment"])
def test_no_room(signed_in: HouseClient, monkeypatch: pytest.MonkeyPatch, lang: str, headers: dict[str, str]) -> None:
    """Without room a file is 503, as a page and a fragment, with when to try again; the list still comes."""
    monkeypatch.setattr(downloads, "MAX_DISK_SHARE", 0)
    answer = signed_in.get(f"/{lang}/self-service/orders.csv", headers=headers)
    said = {"en": "There is no room for this file now", "nl": "Er is nu geen plaats voor dit bestand"}[lang]
    assert (503, True, True) == (
        answer.status_code,
        int(answer.headers["Retry-After"]) >= 60,
        said in answer.text,
    )
    assert 200 == signed_in.get(ORDERS).status_code


def test_gone_at_log_out(app: Flask, signed_in: HouseClient) -> None:
    """Logging out deletes the session's files, and no other's."""
    other = browser(app)
    sign_in(other)
    for client in (signed_in, other):
        client.get(f"{ORDERS}.csv")
    theirs = len(made(app))
    signed_in.send("/en/self-service/sign-in/out", {})
    assert (2, 1) == (theirs, len(made(app)))
    assert 200 == other.get(f"{ORDERS}.csv").status_code


@pytest.mark.parametrize("how", ["idle", "ended", "revoked"])
def test_gone_with_the_session(app: Flask, config: Config, signed_in: HouseClient, how: str) -> None:
    """A session that ends otherwise takes its files with it at the next sweep, an open one keeps them."""
    signed_in.get(f"{ORDERS}.csv")
    db, folder, now = database(app), downloads.folder_of(app.extensions["services"]), clock.now()
    assert (0, 1) == (downloads.delete_expired(folder, db, CONTEXT, now), len(made(app)))
    with db.write() as conn:
        if how == "ended":
            conn.execute("UPDATE sessions SET ended_at = created_at")
        elif how == "revoked":
            conn.execute("UPDATE access_codes SET revoked_at = created_at WHERE revoked_at IS NULL")
    later = now + timedelta(minutes=16 if how == "idle" else 0)
    assert (1, []) == (downloads.delete_expired(folder, db, CONTEXT, later), made(app))

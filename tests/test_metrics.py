"""/metrics: what all processes counted, together, for who may see it, and nothing of a visitor in it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfservice import metrics
from selfservice.config import ROOT
from tests.clients import HouseClient
from tests.commands.test_cli import loket
from tests.live_server import processes, running, started_by, wait_until

pytestmark = pytest.mark.slow

FORM = "/en/self-service/replacement-password"


def get(base: str, path: str = "/metrics", **headers: str) -> tuple[int, str]:
    """Status and text of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(base + path, headers=named), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def number(text: str, sample: str) -> float:
    """A sample's value; 0 when it is not there."""
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def value(base: str, sample: str) -> float:
    """What /metrics says of it now."""
    return number(get(base)[1], sample)


def count(endpoint: str, status: int) -> str:
    """The sample that counts answers."""
    return f'loket_request_seconds_count{{endpoint="{endpoint}",status="{status}"}}'


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server with two processes, and its folder. What an earlier server counted is there when it starts."""
    folder = tmp_path_factory.mktemp("metrics")
    (folder / "var" / "metrics").mkdir(parents=True)
    (folder / "var" / "metrics" / "counter_1.db").write_bytes(b"left behind")
    with running(folder, None, "--workers", "2") as base:
        yield base, folder


def test_a_second_server_is_refused(two: tuple[str, Path]) -> None:
    """Another server of this database, at another port, says so in one line, and the first one's numbers stay."""
    base, folder = two
    assert 200 == get(base, f"{FORM}?x")[0]
    before = get(base)[1].count("loket_request_seconds_count")
    done = loket(folder, "serve", "--port", "18098")
    line = f"loket: another `loket serve` counts in {folder / 'var' / 'metrics'}: "
    assert (1, [True]) == (done.returncode, [said.startswith(line) for said in done.stderr.splitlines()]), done.stderr
    assert 0 < before <= get(base)[1].count("loket_request_seconds_count")


def test_a_preview_beside_it(two: tuple[str, Path]) -> None:
    """Who edits looks at the preview and at the site at once: the preview counts, and keeps its log, by itself."""
    _, folder = two
    with running(folder, None, "--reload"):
        assert "var/preview.log" in (folder / "serve.log").read_text("utf-8")


def test_what_else_is_in_the_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only numbers are cleared away: a folder that was named by mistake loses nothing."""
    kept, old = tmp_path / "loket.db", tmp_path / "counter_1.db"
    kept.write_text("all that there is")
    old.write_text("numbers")
    monkeypatch.setenv(metrics.SETTING, str(tmp_path))
    monkeypatch.setattr(metrics.METERS, "on", True)
    metrics.start(tmp_path / "elsewhere")
    os.close(metrics._lock)
    assert [kept] == list(tmp_path.iterdir())


def test_two_processes_are_one(two: tuple[str, Path]) -> None:
    """Whichever process is asked, it tells what all of them did: nothing is missing and nothing is double."""
    base, folder = two
    before = value(base, count("replacement_password.start", 200))
    # One connection each, so that both processes get some.
    for _ in range(60):
        assert 200 == get(base, f"{FORM}?x")[0]
    assert {60} == {value(base, count("replacement_password.start", 200)) - before for _ in range(10)}
    kept = {file.stem.rpartition("_")[2] for file in (folder / "var" / "metrics").glob("histogram_*.db")}
    assert len(kept & {str(one) for one in processes(folder, "serve")}) >= 2
    assert not (folder / "var" / "metrics" / "counter_1.db").exists()


def test_what_is_told(two: tuple[str, Path]) -> None:
    """Requests with their times, mail, worker, hashes, refusals, waits for the lock, room on the disk; the last backup
    once there was one.
    """
    base, folder = two
    assert 404 == get(base, "/en/nothing/at/all?who=jan@example.org")[0]
    wait_until(lambda: "loket_worker_age_seconds" in get(base)[1])
    text = get(base)[1]
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    expected = {
        *("loket_request_seconds", "loket_password_hashes", "loket_write_lock_wait_seconds", "loket_disk_free_bytes"),
        *("loket_outbox_mails", "loket_outbox_oldest_seconds", "loket_worker_age_seconds"),
    }
    assert (set(), True) == (expected - told, number(text, 'loket_outbox_mails{state="failed"}') == 0)
    assert (True, True) == (number(text, "loket_disk_free_bytes") > 1, number(text, count("none", 404)) >= 1)
    assert 'loket_request_seconds_bucket{endpoint="none",le="0.001",status="404"}' in text
    assert 0 <= number(text, "loket_worker_age_seconds") < 60
    assert 0 < number(text, "loket_write_lock_wait_seconds_count")
    assert "loket_backup_age_seconds" not in text
    assert 0 == loket(folder, "backup", str(folder / "copy.db")).returncode
    assert 0 <= value(base, "loket_backup_age_seconds") < 600


def test_refusals(two: tuple[str, Path]) -> None:
    """What a limit refused is counted under the limit's name; what waits for hashing is over when it is over."""
    base, _ = two
    asked = [get(base, "/api/redeliveries", Authorization=f"Bearer wrong{number}")[0] for number in range(60)]
    text = get(base)[1]
    refused = asked.count(429)
    assert (True, refused, 0) == (
        refused > 0,
        number(text, 'loket_limiter_refusals_total{limit="api-wrong"}'),
        number(text, "loket_password_hashes"),
    )


def test_nobody_is_in_it(two: tuple[str, Path]) -> None:
    """No label holds an address, a path or what was typed: only endpoints, statuses, limits, states and bounds."""
    base, _ = two
    get(base, "/en/self-service/replacement-password/link/SECRETTOKEN")
    get(base, "/en/self-service/orders?order=jan@example.org")
    labels = set(re.findall(r'(\w+)="([^"]*)"', get(base)[1]))
    assert {"endpoint", "status", "le", "state", "limit"} >= {name for name, _ in labels}
    assert [] == [text for _, text in labels if not re.fullmatch(r"[a-z_.-]+|[0-9.]+|\+Inf", text)]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"])
def test_through_a_front(two: tuple[str, Path], header: str) -> None:
    """What came through a front is from elsewhere, whoever it says it is from."""
    base, _ = two
    assert [200, 404] == [get(base)[0], get(base, **{header: "127.0.0.1"})[0]]


def test_from_elsewhere(tmp_path: Path) -> None:
    """From another machine it takes the key. By any WSGI server it works, where the folder is set."""
    code = f"""if True:
        import dataclasses
        from pathlib import Path
        from selfservice.app import create_app
        from tests.conftest import new_config
        key = "a key for monitoring, long enough"
        real = dataclasses.replace(
            new_config(Path({str(tmp_path)!r})), demo=False, base_url="https://help.example.org",
            monitor_key=key.encode())
        client = create_app(real).test_client()
        for address in ("127.0.0.1", "::1", "192.0.2.7", "nonsense", ""):
            for sent in ("", "Bearer " + key, "Bearer " + key[1:]):
                answer = client.get("/metrics", base_url="https://help.example.org", headers={{"Authorization": sent}},
                                    environ_base={{"REMOTE_ADDR": address}})
                print(answer.status_code, end=" ")
    """
    (tmp_path / "numbers").mkdir()
    own = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "numbers")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=True
    )
    assert ["200"] * 6 + ["404", "200", "404"] * 3 == done.stdout.split()


def test_off(client: HouseClient) -> None:
    """Where no folder is set there is no such address, and the library is not even imported."""
    assert 404 == client.get("/metrics").status_code
    code = "import sys, selfservice.app; sys.exit('prometheus_client' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode


def test_a_killed_process(tmp_path: Path) -> None:
    """What a process that was killed counted stays; what it had under way does not."""
    with running(tmp_path, None) as base:
        for _ in range(5):
            get(base, f"{FORM}?x")
        folder = tmp_path / "var" / "metrics"
        every = processes(tmp_path, "serve")
        [served] = [one for one in every if started_by(one) in every]
        before = value(base, count("replacement_password.start", 200))
        os.kill(served, signal.SIGKILL)
        wait_until(lambda: _answers(base))
        text = get(base)[1]
        assert (True, before) == (before >= 5, number(text, count("replacement_password.start", 200)))
        assert not (folder / f"gauge_livesum_{served}.db").exists()


def _answers(base: str) -> bool:
    try:
        return get(base, "/live")[0] == 200
    except OSError:
        return False

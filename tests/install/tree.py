"""An empty Debian in a folder, booted: its own systemd, processes and network, in which only loopback exists."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

SUITE = os.environ.get("DEBIAN_SUITE", "trixie")
# What is needed here: each program, and Debian's package that has it.
PROGRAMS = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}
BOOT_SECONDS = 90
# How this machine's apt and pip reach what they get, which the tree's must know too.
OUTSIDE = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_CERT", "PIP_TRUSTED_HOST")
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
_CLONE_NEWNET = 0x40000000  # setns(2)


class TreeError(Exception):
    """The tree cannot be made or does not do what it should; the message says what to do."""


def check_host() -> None:
    """Raises TreeError, one line, where no tree can be made."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        raise TreeError(f"this needs Debian's {', '.join(missing)}: apt install {' '.join(missing)}")
    if os.geteuid() != 0:
        raise TreeError("this makes a Debian tree and boots it, so it must be run by root")


class Tree:
    """One Debian tree. `variables` are set for each command in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.variables: dict[str, str] = {}
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def boot(self) -> None:
        """Start it, as a machine is started. Returns when all units that should run do."""
        with (self.root.parent / "console.log").open("ab") as log:
            self._nspawn = subprocess.Popen(
                # This machine may have no systemd to keep a register, or to make a unit for it.
                [
                    *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot"),
                    *("--hostname=install-test", "--console=read-only", "--directory", str(self.root)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us, who then stop it
            )
        end = time.monotonic() + BOOT_SECONDS
        while not self._has_booted():
            if self._nspawn.poll() is not None or time.monotonic() > end:
                raise TreeError(f"the tree did not boot: see {log.name}")
            time.sleep(0.2)
        # Offline or degraded is for who asks next; until then all jobs have ended.
        self.run("systemctl is-system-running --wait", check=False)

    def _has_booted(self) -> bool:
        assert self._nspawn is not None
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text("ascii").split()
        self._leader = int(children[0]) if children else 0
        return bool(self._leader) and (self.root / "proc").exists() and self._asks_systemd()

    def _asks_systemd(self) -> bool:
        asked = self._enter("systemctl", "is-system-running")
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        return done.stdout.strip() not in ("", "offline", "unknown")

    def shut_down(self) -> None:
        """Stop it, as a machine is shut down; does nothing when it is not running."""
        if self._nspawn is None:
            return
        self._nspawn.terminate()  # systemd-nspawn: an orderly shutdown
        try:
            self._nspawn.wait(BOOT_SECONDS)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        self._nspawn, self._leader = None, 0

    def run(self, script: str, *, online: bool = False, check: bool = True) -> str:
        """Run lines of shell as root in the booted tree, up to the first that fails; what they print, errors too.

        `online` lends them this machine's network, for packages. Raises TreeError when they fail and `check`.
        """
        process = self.start(script, online=online)
        printed, _ = process.communicate()
        if check and process.returncode:
            raise TreeError(f"exit status {process.returncode} of:\n{script}\nwhich printed:\n{printed[-3000:]}")
        return printed

    def start(self, script: str, *, online: bool = False) -> subprocess.Popen[str]:
        """Begin what `run` does, and leave it running."""
        environment = {name: os.environ[name] for name in OUTSIDE if online and name in os.environ} | self.variables
        return subprocess.Popen(
            self._enter(*_env(environment), "bash", "-euo", "pipefail", "-c", script, online=online),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _enter(self, *words: str, online: bool = False) -> list[str]:
        namespaces = ["--mount", "--uts", "--ipc", "--pid", *([] if online else ["--net"])]
        return ["nsenter", "--target", str(self._leader), *namespaces, "--", *words]

    @contextmanager
    def network(self) -> Iterator[None]:
        """Let this thread, and the threads and processes that it starts, use the tree's network (its loopback). What
        was opened there stays there afterwards.
        """
        with Path("/proc/thread-self/ns/net").open("rb") as own, Path(f"/proc/{self._leader}/ns/net").open("rb") as its:
            _set_network(its)
            try:
                yield
            finally:
                _set_network(own)


def _env(variables: Mapping[str, str]) -> list[str]:
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    fixed = {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    return ["env", "-i", *(f"{name}={value}" for name, value in (fixed | dict(variables)).items())]


def _set_network(file: IO[bytes]) -> None:
    # os.setns is there from Python 3.12 on.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(file.fileno(), _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def empty_debian(*, keep: bool = False) -> Iterator[Tree]:
    """A new Debian with next to nothing in it, not booted yet; stopped and removed at the end, also after Ctrl-C.

    Raises TreeError where it cannot be made.
    """
    check_host()
    folder = Path(tempfile.mkdtemp(prefix="loket-install-", dir="/var/tmp"))
    tree = Tree(folder / "tree")
    try:
        _bootstrap(tree.root, folder / "debootstrap.log")
        yield tree
    finally:
        tree.shut_down()
        if keep:
            sys.stderr.write(f"Kept in {folder}\n")
        else:
            shutil.rmtree(folder)


def _bootstrap(root: Path, log: Path) -> None:
    include = "--include=systemd,systemd-sysv,dbus,ca-certificates"
    mirror = [os.environ["DEBIAN_MIRROR"]] if os.environ.get("DEBIAN_MIRROR") else []  # else debootstrap's own
    with log.open("wb") as out:
        # In a mount namespace of its own: broken off, it leaves nothing mounted.
        words = ["unshare", "--mount", "debootstrap", "--variant=minbase", include, SUITE, str(root), *mirror]
        process = subprocess.Popen(words, stdout=out, stderr=out, start_new_session=True)
        try:
            failed = process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
    if failed:
        raise TreeError(f"debootstrap failed: {log.read_text('utf-8', 'replace')[-500:]}")
    if (Path("/") / CERTIFICATES).exists():  # this machine may trust more, such as its own mirror
        shutil.copyfile(Path("/") / CERTIFICATES, root / CERTIFICATES)
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")

"""What a server's processes hold in memory (Linux: /proc)."""

from __future__ import annotations

from pathlib import Path


def workers(port: int) -> list[int]:
    """The processes, other than the one that started them, that `bench.server` has for this port."""
    mine = [pid for pid in _all() if f"\0{port}\0" in _read(pid, "cmdline") and "bench.server" in _read(pid, "cmdline")]
    return [pid for pid in _all() if _parent(pid) in mine and _peak(pid, "VmRSS") > 20]


def forget_peak(pid: int) -> None:
    """Begin the peak anew at what the process holds now (man 5 proc: clear_refs)."""
    (Path("/proc") / str(pid) / "clear_refs").write_text("5")


def peak(pid: int) -> float:
    """The most MiB the process has held since."""
    return _peak(pid, "VmHWM")


def _all() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def _read(pid: int, name: str) -> str:
    try:
        return (Path("/proc") / str(pid) / name).read_text(errors="replace")
    except OSError:
        return ""


def _parent(pid: int) -> int:
    return int(_read(pid, "stat").rpartition(") ")[2].split(" ")[1] if _read(pid, "stat") else 0)


def _peak(pid: int, field: str) -> float:
    _, found, rest = _read(pid, "status").partition(f"{field}:")
    return int(rest.split()[0]) / 1024 if found else 0.0

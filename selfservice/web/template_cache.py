"""Compiled templates on the disk: compiling all of them takes each process longer than all else that it starts with."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from types import CodeType

import jinja2
from jinja2.bccache import Bucket

from selfservice.config import PACKAGE

_NAME = "templates-"


class _ByOptions(jinja2.BytecodeCache):
    """Keeps apart what environments with other options compile of the same template: a mail's texts are not escaped,
    and keep their line ends.
    """

    def get_bucket(self, environment: jinja2.Environment, name: str, filename: str | None, source: str) -> Bucket:
        """The place of a template as this environment compiles it."""
        options = f"{environment.autoescape} {environment.trim_blocks} {environment.lstrip_blocks}"
        return super().get_bucket(environment, f"{options} {name}", filename, source)


class CompiledTemplates(_ByOptions):
    """Compiled templates in memory, by what they were compiled from."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Put the code in, if it is there."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code."""
        assert bucket.code is not None
        self._code[bucket.key, bucket.checksum] = bucket.code


class TemplateCache(_ByOptions, jinja2.FileSystemBytecodeCache):
    """What was compiled, by the template's name, held against its source. It is of this very program, since compiling
    works out what filters make of a constant. Where it cannot be written, each process compiles for itself.
    """

    def __init__(self, cache: Path) -> None:
        folder = cache / f"{_NAME}{_program()}"
        if not folder.is_dir():
            for former in cache.glob(f"{_NAME}*"):
                shutil.rmtree(former, ignore_errors=True)
            with suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # what stands there is run
        super().__init__(str(folder))

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was compiled before; what was damaged since is as if it were not there."""
        try:
            super().load_bytecode(bucket)
        except (OSError, pickle.UnpicklingError, EOFError, ValueError, TypeError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _program() -> str:
    """What tells this program from another version of it, or of what runs it; by sizes and times, which is quick."""
    digest = hashlib.sha256(f"{sys.version} {jinja2.__version__}".encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        stat = path.stat()
        digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]

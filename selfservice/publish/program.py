"""Which version of Loket this is: a build made by another one is made anew."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version

from selfservice.config import PACKAGE, ROOT
from selfservice.i18n.catalogs import CATALOGS

_NOT_READ = {".pyc", ".mo", ".pot"}


@cache
def program_version() -> str:
    """The version's number and, since a clone changes without another number, a hash of its files."""
    digest = hashlib.sha256()
    for folder in (PACKAGE, ROOT / "site", CATALOGS):
        for path in sorted(path for path in folder.rglob("*") if path.suffix not in _NOT_READ and path.is_file()):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return f"{version('loket')}+{digest.hexdigest()[:16]}"

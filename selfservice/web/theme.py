"""The theme's files under names that hold a hash of their content, so that browsers may keep them for a year."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath

THEME_PREFIX = "/theme/"
HASHED_NAME = re.compile(r"\.[0-9a-f]{10}\.\w+$")
SERVED_SUFFIXES = {".css", ".js", ".woff2", ".svg", ".png", ".ico"}
_CSS_URL = re.compile(r"""url\((["']?)([^"')]+)\1\)""")
_CSS_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)


class Theme:
    """The static folder as served: each file's address and content. Reads the folder once."""

    def __init__(self, static: Path, *, preview: bool = False) -> None:
        self._static = static
        self._served: dict[str, tuple[str, bytes]] = {}
        names = [
            path.relative_to(static).as_posix() for path in sorted(static.rglob("*")) if path.suffix in SERVED_SUFFIXES
        ]
        names = [name for name in names if preview or not name.startswith("preview/")]
        # Style sheets last: they refer to fonts and images by their hashed names.
        for name in sorted(names, key=lambda name: name.endswith(".css")):
            self._served[name] = self._hashed(name)

    def url(self, name: str) -> str:
        """The address of a file named relative to the static folder. Raises KeyError when there is none."""
        return THEME_PREFIX + self._served[name][0]

    def files(self) -> dict[str, bytes]:
        """Content by path, relative to the site's root."""
        return {THEME_PREFIX.strip("/") + "/" + path: content for path, content in self._served.values()}

    def _hashed(self, name: str) -> tuple[str, bytes]:
        content = (self._static / name).read_bytes()
        if name.endswith(".css"):
            content = self._css(name, content.decode("utf-8")).encode()
        digest = hashlib.sha256(content).hexdigest()[:10]
        path = PurePosixPath(name)
        return f"{path.with_suffix('').as_posix()}.{digest}{path.suffix}", content

    def _css(self, name: str, text: str) -> str:
        folder = PurePosixPath(name).parent

        def hashed(match: re.Match[str]) -> str:
            parts: list[str] = []
            for part in (folder / match[2]).parts:
                parts = parts[:-1] if part == ".." else [*parts, part]
            return f'url("{self.url("/".join(parts))}")'

        return _CSS_URL.sub(hashed, _CSS_COMMENT.sub("", text))

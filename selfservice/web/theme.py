"""The theme's files under names that hold a hash of their content, so that browsers may keep them for a year."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

MAIN_STYLE_SHEET = "css/loket.css"
THEME_PREFIX = "/theme/"
HASHED_NAME = re.compile(r"\.[0-9a-f]{10}\.\w+$")
SERVED_SUFFIXES = {".css", ".js", ".woff2", ".svg", ".png", ".ico"}
_CSS_URL = re.compile(r"""url\((["']?)([^"')]+)\1\)""")
_TOKEN = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]+), (#[0-9a-f]+)\)")
_CSS_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)


class Theme:
    """The static folder as served: each file's address and content, with the owner's colours, and logo if there is one.
    Reads all once.
    """

    def __init__(
        self,
        static: Path,
        *,
        preview: bool = False,
        colours: Mapping[str, tuple[str, str]] | None = None,
        logo: Path | None = None,
    ) -> None:
        self._static = static
        self._colours = colours or {}
        self._served: dict[str, tuple[str, bytes]] = {}
        names = [
            path.relative_to(static).as_posix() for path in sorted(static.rglob("*")) if path.suffix in SERVED_SUFFIXES
        ]
        names = [name for name in names if preview or not name.startswith("preview/")]
        if logo is not None:
            self._served[f"img/{logo.name}"] = _named(f"img/{logo.name}", logo.read_bytes())
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
        if name == MAIN_STYLE_SHEET and self._colours:
            own = {token: f"light-dark({light},{dark})" for token, (light, dark) in self._colours.items()}
            # The first block of the home page has a ground of its own, and what drops down in it is as elsewhere.
            hero = f".home>.hero{{background:{own.pop('hero')}}}" if "hero" in own else ""
            tokens = "".join(f"--{token}:{value};" for token, value in own.items())
            content += f":root,.drop{{{tokens}}}{hero}\n".encode()
        return _named(name, content)

    def _css(self, name: str, text: str) -> str:
        folder = PurePosixPath(name).parent

        def hashed(match: re.Match[str]) -> str:
            parts: list[str] = []
            for part in (folder / match[2]).parts:
                parts = parts[:-1] if part == ".." else [*parts, part]
            return f'url("{self.url("/".join(parts))}")'

        return _CSS_URL.sub(hashed, _CSS_COMMENT.sub("", text))


def colours(static: Path) -> dict[str, tuple[str, str]]:
    """The colours of the style sheet, light and dark, by token."""
    found = _TOKEN.findall((static / MAIN_STYLE_SHEET).read_text("utf-8"))
    return {token: (_six_digits(light), _six_digits(dark)) for token, light, dark in found}


def _six_digits(colour: str) -> str:
    return "#" + "".join(digit * 2 for digit in colour[1:]) if len(colour) == 4 else colour


def _named(name: str, content: bytes) -> tuple[str, bytes]:
    path, digest = PurePosixPath(name), hashlib.sha256(content).hexdigest()[:10]
    return f"{path.with_suffix('').as_posix()}.{digest}{path.suffix}", content

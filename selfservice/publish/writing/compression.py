"""The compressed copies that stand beside the files of the site, for browsers that take them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import brotli

COMPRESSIBLE = {".html", ".css", ".js", ".svg", ".xml", ".txt", ".json"}
MIN_BYTES = 200  # bytes; below this a compressed copy saves nothing
# Measured on the pages of the site: 11, the highest, makes a tenth less of them, and takes 37 times as long. The few
# style sheets and scripts, which every page needs, are worth it.
BROTLI_QUALITY, BROTLI_QUALITY_OF_ALL_PAGES = 5, 11
GZIP_LEVEL = 6


def is_compressible(path: str, size: int) -> bool:
    """Whether a file of this name and size gets copies."""
    return size >= MIN_BYTES and Path(path).suffix in COMPRESSIBLE


def _brotli(path: str, content: bytes) -> bytes:
    quality = BROTLI_QUALITY_OF_ALL_PAGES if Path(path).suffix in (".css", ".js") else BROTLI_QUALITY
    squeezed: bytes = brotli.compress(content, mode=brotli.MODE_TEXT, quality=quality)
    return squeezed


def _gzip(_path: str, content: bytes) -> bytes:
    return gzip.compress(content, GZIP_LEVEL, mtime=0)


# By the ending of the copy, of a file's path and content.
COMPRESSORS: dict[str, Callable[[str, bytes], bytes]] = {".br": _brotli, ".gz": _gzip}

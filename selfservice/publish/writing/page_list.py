"""Writing the list of pages into a build (web/page_list.py)."""

from __future__ import annotations

from pathlib import Path

from selfservice.builds import PAGES
from selfservice.publish.content import Content
from selfservice.publish.writing.outputs import FILE_MODE
from selfservice.web.page_list import list_text


def write(build: Path, content: Content, *, preview: bool) -> None:
    """Write the list into a build."""
    path = build / PAGES
    files = [(name, stamp[0], stamp[1]) for name, stamp in content.stamps.items()]
    path.write_text(list_text((page.info for page in content.pages.values()), files, preview=preview), "utf-8")
    path.chmod(FILE_MODE)

"""The Reader that Pelican uses for .md files: it hands over what was read before (publish/content.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pelican.readers import BaseReader

from selfservice.publish.content import Content
from selfservice.web.pages import TREE


def page_reader(content: Content) -> type[BaseReader]:
    """A Reader class for these pages. (Pelican makes the instances, so they ride on the class.)"""

    class PageReader(BaseReader):  # type: ignore[misc]
        file_extensions = ("md",)

        def read(self, source_path: str) -> tuple[str, dict[str, Any]]:
            path = Path(source_path)
            page = content.pages[path.parent.name, path.stem]
            info, document = page.info, page.document
            return page.html, {
                "title": info.title,
                "slug": info.key,
                "status": "published",
                "url": info.path.lstrip("/"),
                "save_as": info.path.lstrip("/") + "index.html",
                "template": TREE if info.is_tree else document.meta.get("template", "page"),
                "info": info,
                "document": document,
                "read": page,
            }

    return PageReader

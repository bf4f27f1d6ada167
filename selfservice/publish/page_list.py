"""What the pages say of themselves, for an app that serves the build: it need not read them (web/pages.py)."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path

from selfservice.builds import PAGES
from selfservice.publish.content import Content
from selfservice.publish.outputs import FILE_MODE


def write(build: Path, content: Content) -> None:
    """Write the list into a build."""
    path = build / PAGES
    path.write_text(json.dumps([astuple(page.info) for page in content.pages.values()]), "utf-8")
    path.chmod(FILE_MODE)

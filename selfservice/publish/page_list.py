"""What the pages say of themselves, for an app that serves the build: it need not read them (web/pages.py)."""

from __future__ import annotations

import json
from dataclasses import fields
from operator import attrgetter
from pathlib import Path

from selfservice.builds import PAGES
from selfservice.publish.content import Content
from selfservice.publish.outputs import FILE_MODE
from selfservice.web.pages import PageInfo, Question

_info = attrgetter(*(each.name for each in fields(PageInfo)))
_question = attrgetter(*(each.name for each in fields(Question)))


def write(build: Path, content: Content) -> None:
    """Write the list into a build."""
    path = build / PAGES
    path.write_text(json.dumps([_info(page.info) for page in content.pages.values()], default=_question), "utf-8")
    path.chmod(FILE_MODE)

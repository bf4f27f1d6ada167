"""What the search index adds to a build, the first time and after an edit: run as a process of its own, it prints
wall-clock and processor seconds of each.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from selfservice.app import create_app
from selfservice.config import load
from selfservice.publish.content import read_content
from selfservice.publish.reading.searches import entries_with_wordings, read_searches
from selfservice.publish.writing.indexing import Indexing


def main() -> None:
    """Index the site that the environment names, from its pages as they are read for writing them."""
    config = load()
    app = create_app(config)
    content = read_content(app, config)
    site, searches = content.site(app), read_searches(config.content)
    # The forms are looked at for their pages too.
    pins, worded = searches.pins(site), searches.worded(site)
    for lang, name in site.form_addresses:
        site.starts.title(lang, name)
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        former = Path(scratch) / "former"
        for folder, kept in ((former, None), (Path(scratch) / "fresh", former)):
            if kept:
                edited = next(page for _, page in site.pages if page.questions)
                edited.questions[0] = replace(edited.questions[0], text="Something else.")
            started, used = time.perf_counter(), _processor()
            with closing(Indexing(folder, kept)) as indexing:
                indexing.start(entries_with_wordings(site, worded), searches.words(), pins)
                indexing.finish()
            found.append((time.perf_counter() - started, _processor() - used))
    json.dump(found, sys.stdout)


def _processor() -> float:
    """Of this process and of those that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


# The index is made in processes that import this module too.
if __name__ == "__main__":
    main()

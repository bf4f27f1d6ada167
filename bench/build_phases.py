"""Where our own build's time goes: run as a process of its own, it prints seconds by phase as JSON."""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from pathlib import Path

from selfservice.app import create_app
from selfservice.config import load
from selfservice.publish.build import build
from selfservice.publish.writing.compression import COMPRESSORS

SAMPLE = 60  # pages to compress; all of a large site would take minutes


def main() -> None:
    """Build the site that the environment names, then compress some of its pages with nothing in the cache."""
    started = time.perf_counter()
    config = load()
    app = create_app(config)
    marks = [("start", started)]
    build(app, config, compress=False, progress=lambda text: marks.append((text, time.perf_counter())))
    marks.append(("", time.perf_counter()))
    seconds = {name: later - at for (name, at), (_, later) in pairwise(marks)}
    seconds["compress a page"] = _compress(config.site)
    json.dump(seconds, sys.stdout)


def _compress(output: Path) -> float:
    pages = sorted(output.rglob("index.html"))
    pages = pages[:: max(1, len(pages) // SAMPLE)][:SAMPLE]
    contents = [page.read_bytes() for page in pages]
    started = time.perf_counter()
    for content in contents:
        for squeeze in COMPRESSORS.values():
            squeeze("index.html", content)
    return (time.perf_counter() - started) / len(pages)


# The search index is made in a process that imports this module too.
if __name__ == "__main__":
    main()

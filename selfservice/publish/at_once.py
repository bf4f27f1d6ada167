"""A preview's short cut: a page of which only the text changed is shown before the site is built."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from selfservice.builds import SITE
from selfservice.config import Config
from selfservice.i18n.languages import using_language
from selfservice.publish.content import Content, ContentPage, PageReader
from selfservice.publish.inputs import digest_bytes, stamp
from selfservice.publish.page_cache import PageCache, ParsedPage
from selfservice.publish.site_pages import SitePage
from selfservice.publish.writing.outputs import FILE_MODE, Output
from selfservice.publish.writing.page_writer import PageWriter

_PICTURE = re.compile(r"<img[^>]*>")


@dataclass
class LastBuild:
    """What was built last, as it was made."""

    app: Flask
    content: Content
    pages: list[SitePage]
    writer: PageWriter
    outputs: dict[str, Output]
    build: Path


class _InPlace:
    """Replaces files of a build that is served: who asks gets what was there, or what is there now, whole."""

    def __init__(self, site: Path, outputs: dict[str, Output]) -> None:
        self._site, self._outputs = site, outputs

    def write(self, path: str, content: bytes, key: str, facts: list[str], values: str) -> None:
        target = self._site / path
        fresh = target.with_name(f"{target.name}.new")
        fresh.write_bytes(content)
        fresh.chmod(FILE_MODE)
        changed = fresh.stat().st_mtime_ns
        fresh.replace(target)
        self._outputs[path] = Output(key, facts, values, digest_bytes(content), {"": [len(content), changed]})


def show_at_once(last: LastBuild, cache: PageCache, config: Config, paths: Collection[Path]) -> int | None:
    """Put these pages into the build that is served, when nothing is wrong with them and only their texts changed:
    nothing else shows those. Returns how many were other than before; None when it was not so, and nothing was touched.

    The build that follows does the same as without us, and finds these pages written.
    """
    reader = PageReader(last.app, config, cache)
    found: list[tuple[SitePage, ContentPage, ContentPage]] = []
    for path in paths:
        with suppress(OSError, ValueError):
            name = path.relative_to(config.content).as_posix()
            lang, key = name.removesuffix(".md").split("/")
            former = last.content.pages[lang, key]
            own = [page for page in last.pages if page.source is former]
            with using_language(lang):
                parsed = reader.read(name, stamp(path.stat()))
            if len(own) == 1 and _is_other_text_alone(former.parsed, parsed):
                found.append((own[0], former, ContentPage(parsed)))
                continue
        return None
    fresh = [each for each in found if each[1].parsed.key != each[2].parsed.key]
    for _, former, page in fresh:
        page.publication, page.state = former.publication, former.state
        last.content.resolve([page])
        if any(problem.error for problem in page.all_problems()):
            return None
    for shown, _, page in fresh:
        last.content.pages[page.place] = shown.source = page
        cache.pages["/".join(page.place) + ".md"] = page.parsed
        shown.output_key = last.writer.key(shown)
    last.writer.write([shown for shown, _, _ in fresh], _InPlace(last.build / SITE, last.outputs))
    return len(fresh)


def _is_other_text_alone(former: ParsedPage, page: ParsedPage) -> bool:
    """Whether nothing changed that others may look at, or that may be wrong seen from elsewhere."""
    is_same = all(one == other for one, other in zip(_for_others(former), _for_others(page), strict=True))
    return is_same and page.facts_named >= former.facts_named


def _for_others(page: ParsedPage) -> Iterator[object]:
    yield from (page.info, page.ids, page.document.meta, page.forms)
    yield _PICTURE.findall(page.document.html)  # which are published when a page shows them

"""The files a site has beside its pages: theme, sitemap, robots, security.txt, 404s, and compressed copies."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.sax.saxutils import escape

import brotli
from flask import Flask

from selfservice import clock, front
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.publish.content import Content
from selfservice.publish.site_pages import SitePage
from selfservice.publish.trees import ALL
from selfservice.web import error_pages, request
from selfservice.web.layout import LayoutContext

COMPRESSIBLE = {".html", ".css", ".js", ".svg", ".xml", ".txt", ".json"}
HTMX_HEADERS = {"HX-Request": "true"}
MIN_BYTES = 200  # bytes; below this a compressed copy saves nothing


def write(app: Flask, content: Content, pages: list[SitePage], output: Path) -> None:
    """Write everything that is not a page of content."""
    layout: LayoutContext = app.extensions["layout"]
    for path, data in (layout.theme.files() | content.pictures.files()).items():
        _save(output / path, data)
    base = layout.config.base_url
    _save(output / "sitemap.xml", _sitemap(pages, base))
    hidden = "".join(f"Disallow: /{lang}/self-service/search\n" for lang in LANGUAGES)
    _save(output / "robots.txt", f"User-agent: *\n{hidden}\nSitemap: {base}/sitemap.xml\n")
    _save(output / ".well-known" / "security.txt", _security(layout.facts, base))
    for lang in LANGUAGES:
        for code in front.ERROR_CODES:
            _save(output / lang / f"{code}.html", _error(app, code, lang, f"/{lang}/{code}.html"))
            _save(output / lang / f"{code}.fragment.html", _error(app, code, lang, f"/{lang}/", HTMX_HEADERS))
            _save(output / lang / f"{code}.json", _error(app, code, lang, request.API_PREFIX))
    for page in pages:
        if page.node and not page.name:
            # Where links to the first question by its id lead, as to any other.
            folder = output / page.info.path.strip("/")
            _save(folder / page.node.id / "index.html", (folder / "index.html").read_bytes())
    home = app.test_client().get("/choose-language", base_url=app.config["BASE_URL"])
    _save(output / "index.html", home.get_data())


def _error(app: Flask, code: int, lang: str, path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """What the app says at this error, for whoever says it while the app cannot (selfservice/front.py)."""
    with app.test_request_context(path, base_url=app.config["BASE_URL"], headers=headers), using_language(lang):
        return error_pages.error_response(code, offers_nearest=False).get_data()


def _save(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _sitemap(pages: list[SitePage], base: str) -> str:
    """Every page with its twins, as https://www.sitemaps.org and search engines want them."""
    rows = ['<?xml version="1.0" encoding="UTF-8"?>']
    rows.append(
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">'
    )
    for page in pages:
        if page.name == ALL:
            continue
        rows.append(f"<url><loc>{escape(base + page.info.path)}</loc>")
        if page.updated:
            rows.append(f"<lastmod>{page.updated.isoformat()}</lastmod>")
        for lang, path in page.alternates.items():
            rows.append(f'<xhtml:link rel="alternate" hreflang="{lang}" href="{escape(base + path)}"/>')
        rows.append("</url>")
    rows.append("</urlset>\n")
    return "\n".join(rows)


def _security(facts: Facts, base: str) -> str:
    """RFC 9116. It expires a year after the build, the longest that the RFC recommends."""
    expires = (clock.now() + dt.timedelta(days=365)).strftime("%Y-%m-%dT00:00:00Z")
    contact = facts.get("organisation.security").href
    return (
        f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: {', '.join(LANGUAGES)}\n"
        f"Canonical: {base}/.well-known/security.txt\n"
    )


def compress(folder: Path, cache: Path) -> None:
    """Put a .br and a .gz beside each text file. What was compressed before, by content, comes from the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    paths = [path for path in folder.rglob("*") if path.suffix in COMPRESSIBLE and path.stat().st_size >= MIN_BYTES]
    # Both compressors let other threads run.
    with ThreadPoolExecutor() as pool:
        used = set(pool.map(lambda path: _compress(path, cache), paths))
    _prune_cache(cache, used)


def _compress(path: Path, cache: Path) -> str:
    content = path.read_bytes()
    name = hashlib.sha256(content).hexdigest()[:32]
    for ending, squeeze in ((".br", _brotli), (".gz", _gzip)):
        kept = cache / (name + ending)
        if kept.exists():
            data = kept.read_bytes()
        else:
            data = squeeze(content)
            # In one move: another build may be reading the cache.
            fresh = kept.with_name(f"{kept.name}.{os.getpid()}.{threading.get_ident()}")
            fresh.write_bytes(data)
            fresh.replace(kept)
        path.with_name(path.name + ending).write_bytes(data)
    return name


def _brotli(content: bytes) -> bytes:
    squeezed: bytes = brotli.compress(content, mode=brotli.MODE_TEXT, quality=11 if len(content) < 100_000 else 9)
    return squeezed


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def _prune_cache(cache: Path, used: Iterable[str]) -> None:
    """Drop what this build had no use for, once the cache has grown beyond a few builds' worth."""
    keep = set(used)
    kept = list(cache.iterdir())
    if len(kept) > 8 * max(50, len(keep)):
        for path in kept:
            if path.stem not in keep:
                path.unlink(missing_ok=True)

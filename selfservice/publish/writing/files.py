"""The files a site has beside its pages: theme, sitemap, robots, security.txt, 404s."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from xml.sax.saxutils import escape

from flask import Flask

from selfservice import clock, front
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.publish.content import Content
from selfservice.publish.reading.trees import ALL
from selfservice.publish.site_pages import SitePage
from selfservice.publish.writing.outputs import Outputs
from selfservice.publish.writing.page_writer import PageWriter
from selfservice.web import error_pages, request
from selfservice.web.layout import LayoutContext

HTMX_HEADERS = {"HX-Request": "true"}


def write(app: Flask, content: Content, pages: list[SitePage], outputs: Outputs, writer: PageWriter) -> None:
    """Write everything that is not a page of content. What the app says is asked for when it may be another thing."""
    layout: LayoutContext = app.extensions["layout"]
    for path, data in (layout.theme.files() | content.pictures.files()).items():
        outputs.write(path, data)
    base, around = layout.config.base_url, writer.around
    outputs.write("sitemap.xml", _sitemap(pages, base).encode())
    hidden = "".join(f"Disallow: /{lang}/self-service/search\n" for lang in LANGUAGES)
    outputs.write("robots.txt", f"User-agent: *\n{hidden}\nSitemap: {base}/sitemap.xml\n".encode())
    outputs.write(".well-known/security.txt", _security(layout.facts, base).encode())

    def ask(path: str, answer: Callable[[], bytes]) -> None:
        if not outputs.keep(path, around):
            outputs.write(path, answer(), around)

    for lang in LANGUAGES:
        for code in front.ERROR_CODES:
            ask(f"{lang}/{code}.html", partial(_error, app, code, lang, f"/{lang}/{code}.html"))
            ask(f"{lang}/{code}.fragment.html", partial(_error, app, code, lang, f"/{lang}/", HTMX_HEADERS))
            ask(f"{lang}/{code}.json", partial(_error, app, code, lang, request.API_PREFIX))
    for page in pages:
        if page.node and not page.name:
            # Where links to the first question by its id lead, as to any other.
            outputs.copy(page.path, f"{page.info.path.strip('/')}/{page.node.id}/index.html")
    ask("index.html", lambda: _choose_language(app))


def _choose_language(app: Flask) -> bytes:
    return app.test_client().get("/choose-language", base_url=app.config["BASE_URL"]).get_data()


def _error(app: Flask, code: int, lang: str, path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """What the app says at this error, for whoever says it while the app cannot (selfservice/front.py)."""
    with app.test_request_context(path, base_url=app.config["BASE_URL"], headers=headers), using_language(lang):
        return error_pages.error_response(code, offers_nearest=False).get_data()


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

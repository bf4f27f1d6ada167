"""What Pelican does for us beyond its own: forms, links, menus and neighbours, put in between reading and writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape
from pelican import signals
from pelican.contents import Page
from pelican.generators import PagesGenerator

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import LANGUAGES, set_language
from selfservice.publish.links import Links
from selfservice.publish.markdown import HEADING, Problem
from selfservice.site_config import SITE
from selfservice.web.layout import LayoutContext
from selfservice.web.pages import SECTIONS, PageInfo, section_title


class Plugin:
    """One build's worth of state; hand it to Pelican as a plugin object."""

    __name__ = "loket"

    def __init__(
        self,
        layout: LayoutContext,
        forms: Iterable[str],
        embed: Callable[[str, str], str],
        on_pages_read: Callable[[Plugin], None] = lambda _: None,
    ) -> None:
        """`on_pages_read` is called when all pages are read and none is written yet."""
        self.layout = layout
        self.forms = set(forms)
        self.embed = embed
        self.on_pages_read = on_pages_read
        self.pages: list[Page] = []
        self.problems: list[Problem] = []

    def register(self) -> None:
        """Called by Pelican. The signals keep weak references: this object must outlive the run."""
        signals.generator_init.connect(self._install)
        signals.page_generator_finalized.connect(self._after_pages_read)
        signals.page_generator_write_page.connect(self._before_page_written)

    def unregister(self) -> None:
        """Take our hands off Pelican's signals, which are global, so that the next build has only its own."""
        signals.generator_init.disconnect(self._install)
        signals.page_generator_finalized.disconnect(self._after_pages_read)
        signals.page_generator_write_page.disconnect(self._before_page_written)

    def _install(self, generator: Any) -> None:
        self.layout.install(generator.env)

    def _after_pages_read(self, generator: PagesGenerator) -> None:
        """All pages are read: resolve what refers to other pages."""
        self.pages = sorted([*generator.pages, *generator.translations], key=_sort_key)
        infos = {(page.info.lang, page.info.key): page.info for page in self.pages}
        self.layout.set_pages(infos)
        anchors = {(p.info.lang, p.info.key): {q.id for q in p.document.questions if q.id} for p in self.pages}
        links = Links({place: info.path for place, info in infos.items()}, anchors, self.forms, self.embed)
        self.problems += links.broken_roles(self.layout.config.content)
        for page in self.pages:
            self._complete(page, links, infos)
        for lang in LANGUAGES:
            _set_neighbours([page for page in self.pages if page.info.lang == lang and page.info.key != "index"])
        self.on_pages_read(self)

    def _complete(self, page: Page, links: Links, infos: dict[tuple[str, str], PageInfo]) -> None:
        info, document = page.info, page.document
        set_language(info.lang)
        file = f"content/{info.lang}/{info.key}.md"
        html, page.forms = links.resolve(document, info.lang, file)
        page.content_html = Markup(_decorate(html))  # noqa: S704 (made from our own pages)
        page.questions = [q for q in document.questions if q.id]
        page.key = info.key
        page.minutes = document.minutes
        updated = document.meta.get("updated")
        page.updated = format_date(updated) if updated else ""
        page.updated_iso = updated.isoformat() if updated else ""
        page.related = []
        for key in document.meta.get("related") or ():
            if (info.lang, key) in infos:
                page.related.append(infos[info.lang, key])
            else:
                document.problems.append(
                    Problem(file, document.line_of("related:"), f"there is no page '{key}' to relate to")
                )
        page.lead = document.meta.get("lead", "")
        for name in ("tasks", "wants"):
            entries = document.meta.get(name) or ()
            resolved = [
                entry | {"path": links.check(document, info.lang, file, entry.get("link", ""))} for entry in entries
            ]
            setattr(page, name, resolved)
        self.problems += document.problems

    def _before_page_written(self, generator: PagesGenerator, content: Page) -> None:
        """A page is about to be written: its language and its surroundings."""
        info = content.info
        set_language(info.lang)
        alternates = {info.lang: info.path}
        alternates |= {other.info.lang: other.info.path for other in content.translations}
        generator.context.update(self.layout.variables(info.lang, info.path, dict(sorted(alternates.items()))))
        generator.context.update(
            title=info.title,
            description=info.description,
            breadcrumbs=[(section_title(info.section), None)]
            if info.section in SECTIONS and info.key != "index"
            else [],
            has_form=bool(content.forms),
            useful=Markup(self.embed(info.lang, "useful") if "useful" in SITE.forms else ""),  # noqa: S704 (Jinja escaped it)
        )


def _sort_key(page: Page) -> tuple[str, int, int, str]:
    info = page.info
    section = SECTIONS.index(info.section) if info.section in SECTIONS else len(SECTIONS)
    return info.lang, section, info.order, info.key


def _set_neighbours(pages: list[Page]) -> None:
    for page in pages:
        page.previous = page.next = None
    for one, two in pairwise(pages):
        one.next, two.previous = two.info, one.info


def _decorate(html: str) -> str:
    """What the design adds to plain markdown HTML: a link at each question, tables that can be scrolled by keyboard."""
    label = escape(gettext("Link to this question"))

    def heading(match: Any) -> str:
        anchor, text = match[1], match[2]
        if not anchor:
            return str(match[0])
        return f'<h2 id="{anchor}">{text} <a class="anchor" href="#{anchor}" aria-label="{label}">#</a></h2>'

    html = HEADING.sub(heading, html)
    if "<table>" in html:
        name = escape(gettext("Table"))
        html = html.replace("<table>", f'<div class="table-wrap" role="group" aria-label="{name}" tabindex="0"><table>')
        html = html.replace("</table>", "</table></div>").replace("<th>", '<th scope="col">')
    return html

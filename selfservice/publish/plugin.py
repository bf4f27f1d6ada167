"""What Pelican does for us beyond its own: forms, links, menus and neighbours, put in between reading and writing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape
from pelican import signals
from pelican.contents import Page
from pelican.generators import PagesGenerator

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, set_language
from selfservice.publish import trees
from selfservice.publish.content import Content
from selfservice.publish.markdown import HEADING, plain_text
from selfservice.site_config import SITE
from selfservice.web.layout import LayoutContext
from selfservice.web.pages import TREE, question_address


class Plugin:
    """One build's worth of state; hand it to Pelican as a plugin object."""

    __name__ = "loket"

    def __init__(
        self,
        layout: LayoutContext,
        content: Content,
    ) -> None:
        self.layout = layout
        self.content = content
        self.embed = content.starts
        self.pages: list[Page] = []
        self.tree_pages: list[Page] = []  # those of nodes, but for each first question, which is the tree's own page

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
        made = {(page.info.lang, page.info.key): page for page in (*generator.pages, *generator.translations)}
        self.pages = [made[page.place] for page in self.content.in_order()]
        for page in self.pages:
            self._complete(page)
        for lang in LANGUAGES:
            _set_neighbours(
                [
                    page
                    for page in self.pages
                    if page.info.lang == lang and page.info.key != "index" and not page.info.is_tree
                ]
            )
        self._add_tree_pages(generator)

    def _complete(self, page: Page) -> None:
        read, document = page.read, page.document
        set_language(page.info.lang)
        page.forms = read.forms
        page.undecorated = _scrollable_tables(read.html)
        lead, end, text = page.undecorated.partition("</p>\n")
        # A page that begins with anything else, such as a form, has no lead.
        lead, text = (lead + end, text) if lead.startswith("<p>") else ("", page.undecorated)
        page.lead_html = Markup(lead)  # noqa: S704 (made from our own pages)
        page.content_html = Markup(_with_anchors(text))  # noqa: S704 (made from our own pages)
        page.questions = [q for q in document.questions if q.id]
        page.key = page.info.key
        page.tree_page = page.previous = page.next = None
        page.minutes = document.minutes
        page.updated, page.reviewed = document.meta.get("updated"), document.meta.get("reviewed")
        page.related, page.tasks, page.wants = read.related, read.tasks, read.wants
        page.lead = document.meta.get("lead", "")

    def _add_tree_pages(self, generator: PagesGenerator) -> None:
        """A page for each node of each tree, and one for the whole of it."""
        own_pages = [page for page in self.pages if page.info.is_tree]
        twins: dict[tuple[str, str], list[Page]] = defaultdict(list)
        for page in own_pages:
            set_language(page.info.lang)
            page.tree = tree = trees.read_tree(page.document, "", page.undecorated)
            _set_node(page, page, tree.nodes[0])
            for node in tree.nodes[1:]:
                made = _page_beside(page, node.id, node.title, trees.description(node))
                _set_node(made, page, node)
                self.tree_pages.append(made)
                twins[page.info.key, node.id].append(made)
            whole = _page_beside(page, trees.ALL, page.info.title, trees.description(tree), "tree_all")
            whole.lead_html = page.lead_html
            whole.content_html = Markup(trees.with_titles(page.content_html, tree))  # noqa: S704 (made from our own pages)
            twins[page.info.key, trees.ALL].append(whole)
        for pages in twins.values():
            for page in pages:
                page.translations = [other for other in pages if other is not page]
                generator.pages.append(page)

    def _before_page_written(self, generator: PagesGenerator, content: Page) -> None:
        """A page is about to be written: its language and its surroundings."""
        info = content.info
        set_language(info.lang)
        alternates = {info.lang: info.path}
        alternates |= {other.info.lang: other.info.path for other in content.translations}
        generator.context.update(self.layout.variables(info.lang, info.path, dict(sorted(alternates.items()))))
        generator.context.update(
            title=content.node.title if content.template == TREE else info.title,
            description=info.description,
            has_form=bool(content.forms),
            useful=Markup(self.embed(info.lang, "useful") if "useful" in SITE.forms else ""),  # noqa: S704 (Jinja escaped it)
        )


def _page_beside(page: Page, name: str, title: str, description: str, template: str = TREE) -> Page:
    """A page of a tree, with the name that its address ends in."""
    info = replace(
        page.info, title=title, description=description, path=question_address(page.info.path, name, tree=True)
    )
    values = {
        "title": title, "status": "published", "template": template, "lang": info.lang, "info": info,
        "url": info.path.lstrip("/"), "save_as": info.path.lstrip("/") + "index.html",
    }  # fmt: skip
    made = Page("", values, page.settings, page.source_path, {})
    made.forms, made.tree_page = [], page
    made.key, made.updated, made.reviewed, made.minutes = page.key, page.updated, page.reviewed, page.minutes
    return made


def _set_node(made: Page, page: Page, node: trees.Node) -> None:
    """What the template shows of a node."""
    start, tree = page.info.path, page.tree

    def address(one: trees.Node) -> str:
        return start if one is tree.nodes[0] else question_address(start, one.id, tree=True)

    before = tree.before(node)
    made.node = node
    made.tree_page = page
    made.above, made.below = (
        Markup(trees.on_own_page(html, start))  # noqa: S704 (made from our own pages)
        for html in (node.above, node.below)
    )
    made.answers = [(address(tree.by_id[answer.to]), answer.label) for answer in node.answers]
    made.said = [(step.question.title, step.answer.label, address(step.question)) for step in tree.said(node)]
    made.back = address(before) if before else ""


def _set_neighbours(pages: list[Page]) -> None:
    for one, two in pairwise(pages):
        one.next, two.previous = two.info, one.info


def _with_anchors(html: str) -> str:
    """At each question a link to copy."""
    label = escape(gettext("Copy link"))

    def heading(match: Any) -> str:
        anchor, text = match[1], match[2]
        if not anchor:
            return str(match[0])
        name = escape(gettext("Copy link to ‘%(question)s’", question=plain_text(text)))
        link = f'<a class="anchor" href="#{anchor}" tabindex="-1" aria-label="{name}">{label}</a>'
        return f'<h2 id="{anchor}">{text} {link}</h2>'

    return HEADING.sub(heading, html)


def _scrollable_tables(html: str) -> str:
    """Tables that can be scrolled by keyboard."""
    if "<table>" in html:
        name = escape(gettext("Table"))
        html = html.replace("<table>", f'<div class="table-wrap" role="group" aria-label="{name}" tabindex="0"><table>')
        html = html.replace("</table>", "</table></div>").replace("<th>", '<th scope="col">')
    return html

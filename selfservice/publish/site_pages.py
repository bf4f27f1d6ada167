"""The pages of the site as their templates see them: those of the content, and those of the questions of trees."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.publish.content import Content, ContentPage
from selfservice.publish.reading import trees
from selfservice.publish.reading.markdown import HEADING, Question, plain_text
from selfservice.web.pages import TREE, PageInfo, question_address
from selfservice.web.publication import Publication, State


@dataclass(eq=False)
class SitePage:
    """A page to be written, `page` in its template. `name` is what the address of a page of a tree ends in."""

    info: PageInfo
    source: ContentPage
    template: str
    title: str
    name: str = ""
    output_key: str = ""  # what it is made from (page_writer.py)
    alternates: dict[str, str] = field(default_factory=dict)  # addresses by language, its own too
    previous: PageInfo | None = None
    next: PageInfo | None = None
    tree_page: SitePage | None = None
    # What a question of a tree shows, or an outcome.
    node: trees.Node | None = None
    above: str = ""
    below: str = ""
    answers: list[tuple[str, str]] = field(default_factory=list)
    said: list[tuple[str, str, str]] = field(default_factory=list)
    back: str = ""
    # Of the text.
    lead_html: str = ""
    content_html: str = ""

    @property
    def path(self) -> str:
        """Its file, relative to the site's root."""
        return self.info.path.lstrip("/") + "index.html"

    @property
    def key(self) -> str:
        """The key of its page of the content."""
        return self.info.key

    @property
    def minutes(self) -> int:
        """How long it takes to read."""
        return self.source.document.minutes

    @property
    def updated(self) -> dt.date | None:
        """The day of the last change."""
        return self.source.document.meta.get("updated")

    @property
    def reviewed(self) -> dt.date | None:
        """The day on which it was last found to be true."""
        return self.source.document.meta.get("reviewed")

    @property
    def state(self) -> State:
        """Whether visitors see it, or why not."""
        return self.source.state

    @property
    def publication(self) -> Publication:
        """The days between which visitors see it."""
        return self.source.publication

    @property
    def lead(self) -> str:
        """What the first page says below its title."""
        return str(self.source.document.meta.get("lead", ""))

    @property
    def questions(self) -> list[Question]:
        """Its questions, without its own opening."""
        return [question for question in self.source.document.questions if question.id]

    @property
    def forms(self) -> dict[str, str]:
        """The forms in it, by name: what their links say."""
        return {} if self.name else self.source.forms

    @property
    def related(self) -> list[PageInfo]:
        """The pages that it says are near to it."""
        return self.source.related

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """What is done most often."""
        return self.source.tasks

    @property
    def wants(self) -> list[dict[str, Any]]:
        """What visitors want, and how."""
        return self.source.wants


def site_pages(content: Content) -> list[SitePage]:
    """All pages, in the order of the menus, and behind them those of the trees."""
    own = [_of(page) for page in content.in_order()]
    for lang in LANGUAGES:
        in_turn = (page for page in own if page.info.lang == lang and page.info.key != "index")
        for one, two in pairwise(page for page in in_turn if not page.info.is_tree):
            one.next, two.previous = two.info, one.info
    made = [beside for page in own if page.info.is_tree for beside in _pages_of_tree(page)]
    twins: dict[tuple[str, str], list[SitePage]] = defaultdict(list)
    for page in (*own, *made):
        twins[page.info.key, page.name].append(page)
    for pages in twins.values():
        alternates = dict(sorted((page.info.lang, page.info.path) for page in pages))
        for page in pages:
            page.alternates = alternates
    return [*own, *made]


def _of(page: ContentPage) -> SitePage:
    template = TREE if page.info.is_tree else str(page.document.meta.get("template", "page"))
    return SitePage(page.info, page, template, page.info.title)


def _pages_of_tree(page: SitePage) -> Iterator[SitePage]:
    """A page for each node of the tree, the first of which is the page itself, and one for the whole of it."""
    tree = trees.read_tree(page.source.document, "")
    _set_node(page, page, tree, tree.nodes[0])
    for node in tree.nodes[1:]:
        made = _page_beside(page, node.id, node.title, trees.description(node))
        _set_node(made, page, tree, node)
        yield made
    yield _page_beside(page, trees.ALL, page.info.title, trees.description(tree), "tree_all")


def _page_beside(page: SitePage, name: str, title: str, description: str, template: str = TREE) -> SitePage:
    path = question_address(page.info.path, name, tree=True)
    info = replace(page.info, title=title, description=description, path=path)
    return SitePage(info, page.source, template, title, name, tree_page=page)


def _set_node(made: SitePage, page: SitePage, tree: trees.Tree, node: trees.Node) -> None:
    """What the template shows of a node, but for its text."""
    start = page.info.path

    def address(one: trees.Node) -> str:
        return start if one is tree.nodes[0] else question_address(start, one.id, tree=True)

    before = tree.before(node)
    made.node, made.title = node, node.title
    made.tree_page = page
    made.answers = [(address(tree.by_id[answer.to]), answer.label) for answer in node.answers]
    made.said = [(step.question.title, step.answer.label, address(step.question)) for step in tree.said(node)]
    made.back = address(before) if before else ""


def fill(pages: list[SitePage]) -> None:
    """Put the text in, of pages whose content was resolved."""
    texts: dict[int, str] = {}
    for page in pages:
        with using_language(page.info.lang):
            if id(page.source) not in texts:
                texts[id(page.source)] = _scrollable_tables(page.source.html)
            _fill(page, texts[id(page.source)])


def _fill(page: SitePage, html: str) -> None:
    if page.node is not None:
        node = trees.read_tree(page.source.document, "", html).by_id[page.node.id]
        assert page.tree_page
        start = page.tree_page.info.path
        page.above = Markup(trees.on_own_page(node.above, start))  # noqa: S704 (made from our own pages)
        page.below = Markup(trees.on_own_page(node.below, start))  # noqa: S704 (made from our own pages)
        return
    lead, end, text = html.partition("</p>\n")
    # A page that begins with anything else, such as a form, has no lead.
    lead, text = (lead + end, text) if lead.startswith("<p>") else ("", html)
    text = _with_anchors(text)
    if page.name == trees.ALL:
        text = trees.with_titles(text, trees.read_tree(page.source.document, "", html))
    page.lead_html, page.content_html = Markup(lead), Markup(text)  # noqa: S704 (made from our own pages)


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

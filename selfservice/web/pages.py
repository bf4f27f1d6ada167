"""What the help pages say of themselves: enough for menus, breadcrumbs and links, in site and app alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup, escape

from selfservice.facts.facts import Facts
from selfservice.facts.kinds import FactError
from selfservice.i18n.languages import LANGUAGES, current_language, using_language
from selfservice.site_config import SITE
from selfservice.web.labels import LABEL_REFERENCE, LabelError, label_of
from selfservice.web.publication import in_all_languages, publication_of

SECTIONS = tuple(SITE.sections)
# Every page names these in its footer, so without a bound the site would grow with the square of its pages.
MAX_IN_MENU = 12
TREE = "tree"  # the kind of a page that is a question tree
WHOLE_TREE = "all"  # the address of a whole tree on one page, beside the ids of its questions
# A form about the page on which it stands: nothing that one comes to do.
ABOUT_ITS_PAGE = frozenset({"useful"})
# A form in a page is a link alone in its paragraph (publish/reading/links.py).
_FORM = re.compile(
    r"^\[(?:[^\[\]\n]|\[[^\[\]\n]*])+]\(selfservice:([a-z0-9-]+)(?: +(?:\"[^\"\n]*\"|'[^'\n]*'))? *\) *$", re.MULTILINE
)
_FORM_LINK = re.compile(r"]\(selfservice:([a-z0-9-]+)(?=[ )])")
_UNSEEN = re.compile(r"<!--.*?-->|^```.*?^```", re.DOTALL | re.MULTILINE)
_QUESTION = re.compile(r"## (?<![^\n]## )(.+?) ?\{[^{}\n]*?#([a-z0-9-]+)(?: [^{}\n]*)?\}$", re.MULTILINE)
FACT_REFERENCE = re.compile(r"\{\{\s*fact\.([\w.]+)\s*}}")
_WORDED_LINK = re.compile(rf"\[([^\]]+)\]\({FACT_REFERENCE.pattern}\)")
# All values are texts, as they were written: a slug 007 is no number (publish/reading/front_matter.py knows what each
# must be).
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)(?<=\n)---[ \t]*(?:\n|\Z)", re.DOTALL)


def section_title(key: str) -> str:
    """The title of a section in the language in force; empty for one that is not there."""
    return SITE.sections[key][current_language()] if key in SITE.sections else ""


@dataclass(frozen=True)
class Question:
    """A question of a page: its id, what it asks, the forms that stand below it, and all those that it leads to."""

    id: str
    title: str
    forms: tuple[str, ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class PageInfo:
    """A page as others refer to it. `path` begins and ends with a slash; `forms` are the names of those in it, `links`
    also of those that it leads to.
    """

    lang: str
    key: str
    title: str
    description: str
    path: str
    section: str
    order: int
    is_tree: bool = False
    forms: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    links: tuple[str, ...] = ()

    def questions_near(self, form: str, count: int = 4) -> tuple[Question, ...]:
        """So many questions: the one that has this form, or else leads to it, and what follows it."""
        has = [at for at, question in enumerate(self.questions) if form in question.forms]
        leads = [at for at, question in enumerate(self.questions) if form in question.links]
        first = [*has, *leads, 0][0]
        first = max(0, min(first, len(self.questions) - count))
        return self.questions[first : first + count]


def path_of(lang: str, slug: str) -> str:
    """The address of the page with this slug; the home page's slug is empty."""
    return f"/{lang}/{slug}/" if slug else f"/{lang}/"


def question_address(path: str, question: str, *, tree: bool) -> str:
    """The address of a question of the page at this path, or of the page itself; those of a tree have pages."""
    if not question:
        return path
    return f"{path}{question}/" if tree else f"{path}#{question}"


def split_front_matter(text: str) -> tuple[dict[str, Any], str, int]:
    """Front matter, body, and the line on which the body begins. Raises yaml.YAMLError when malformed."""
    if not (match := _FRONT_MATTER.match(text)):
        return {}, text, 1
    meta = yaml.load(match[1], _Loader)  # noqa: S506 (it makes texts, lists and tables, nothing else)
    if not isinstance(meta, dict):
        raise yaml.YAMLError("the front matter must be lines of 'name: value'")
    return meta, text[match.end() :], match[1].count("\n") + 3


def fill_facts(text: str, facts: Facts) -> str:
    """Facts and labels in a title or description, as plain text in the language in force. Raises FactError and
    LabelError.
    """
    if "{{" not in text:
        return text
    text = LABEL_REFERENCE.sub(lambda match: label_of(match[1]), text)
    return FACT_REFERENCE.sub(lambda match: str(facts.get(match[1])), text)


def linked_facts(text: str, facts: Facts) -> Markup:
    """A text of the owner's, in HTML: facts in it that are addresses or telephone numbers become links, and
    `[words]({{ fact.group.name }})` is those words as a link.
    """
    worded = _WORDED_LINK.sub(
        lambda match: f'<a href="{escape(facts.get(match[2]).href)}">{match[1]}</a>', escape(text)
    )
    return Markup(FACT_REFERENCE.sub(lambda match: facts.get(match[1]).link(), worded))  # noqa: S704 (escaped)


def page_info(lang: str, key: str, meta: Mapping[str, Any], facts: Facts, source: str = "") -> PageInfo:
    """What the front matter says of the page, and which forms its source has. The language must be in force.

    Never raises for what an editor wrote: the build and the check say what is wrong, and where.
    """

    def filled(name: str, otherwise: str) -> str:
        return with_facts(str(meta.get(name, otherwise)))

    def with_facts(text: str) -> str:
        try:
            return fill_facts(text, facts)
        except (FactError, LabelError):
            return text

    # What stands before the first question, and then a title, an id and what stands below it, each.
    if "<!--" in source or "```" in source:
        source = _UNSEEN.sub("", source)
    parts = _QUESTION.split(source)[1:]
    questions = tuple(
        Question(id_, with_facts(title), tuple(_FORM.findall(below)), tuple(_FORM_LINK.findall(below)))
        for title, id_, below in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )

    has_forms = "selfservice:" in source
    order = str(meta.get("order", 0))
    return PageInfo(
        lang,
        key,
        filled("title", key),
        filled("description", ""),
        path_of(lang, str(meta.get("slug", key) or "")),
        str(meta.get("section", "")),
        int(order) if re.fullmatch(r"-?[0-9]{1,6}", order) else 0,
        meta.get("kind") == TREE,
        tuple(_FORM.findall(source)) if has_forms else (),
        questions,
        tuple(_FORM_LINK.findall(source)) if has_forms else (),
    )


def read_pages(content: Path, facts: Facts, *, preview: bool = False) -> dict[tuple[str, str], PageInfo]:
    """The pages of a content folder that visitors see on the day of the facts, by language and key; in a preview all of
    them. For the app, which has no site build at hand.
    """
    pages, publications = {}, {}
    for lang in LANGUAGES:
        with using_language(lang):
            for file in sorted((content / lang).glob("*.md")):
                try:
                    # What is wrong with a file is told by the build and the check.
                    source = file.read_text("utf-8-sig", "replace")
                except OSError:
                    continue
                try:
                    meta = split_front_matter(source)[0]
                except yaml.YAMLError:
                    meta = {}
                pages[lang, file.stem] = page_info(lang, file.stem, meta, facts, source)
                publications[lang, file.stem] = publication_of(meta)
    publications = in_all_languages(publications)
    return {place: page for place, page in pages.items() if preview or publications[place].is_shown(facts.day)}


def menu(pages: Iterable[PageInfo], lang: str) -> list[dict[str, Any]]:
    """The sections of a language with their first MAX_IN_MENU pages in order, and whether there are `more`.

    The home page stands in none; nor does a question tree, to which pages lead where its question is asked.
    """
    ordered = sorted(
        (page for page in pages if page.lang == lang and page.key != "index" and not page.is_tree),
        key=lambda page: (page.order, page.key),
    )
    sections: dict[str, list[PageInfo]] = {section: [] for section in SECTIONS}
    for page in ordered:
        sections.get(page.section, []).append(page)
    with using_language(lang):
        return [
            {"key": key, "title": section_title(key), "pages": theirs[:MAX_IN_MENU], "more": len(theirs) > MAX_IN_MENU}
            for key, theirs in sections.items()
        ]

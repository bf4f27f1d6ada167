"""What the search finds: the questions of the pages, and the forms that are on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from selfservice.facts.facts import Facts
from selfservice.facts.rights import Rights
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import using_language
from selfservice.publish.reading import trees
from selfservice.publish.reading.embed import FormStarts
from selfservice.publish.reading.markdown import EMBED, HEADING, Document, Question
from selfservice.search.index import IndexedQuestion
from selfservice.search.schema import FORM, QUESTION, STEP
from selfservice.web import authentication
from selfservice.web.pages import ABOUT_ITS_PAGE, PageInfo, question_address

# A question under which a form stands goes before one that matches as well; a step of a question tree, which is better
# begun at its beginning, after one, and so does what says something of this site.
WITH_FORM = 1.15
STEP_OF_TREE = 0.8
ABOUT_US = 0.6


@dataclass(frozen=True)
class Site:
    """What entries are made from: the pages, where a link of theirs leads, and what is known of forms and numbers."""

    pages: list[tuple[PageInfo, Document]]
    address: Callable[[str, str], str]
    forms: Iterable[str]
    starts: FormStarts
    rights: Rights
    facts: Facts

    @cached_property
    def form_addresses(self) -> dict[tuple[str, str], str]:
        """Where each form is found, by language and name: the question under which it stands, else its own address."""
        languages = dict.fromkeys(info.lang for info, _ in self.pages)
        names = [name for name in self.forms if name not in ABOUT_ITS_PAGE]
        found = {(lang, name): f"/{lang}/self-service/{name}" for lang in languages for name in names}
        # In a question tree it stands at the end of a way, for who went that way.
        for info, document in reversed([page for page in self.pages if not page[0].is_tree]):
            for name, question in embedded_forms(document).items():
                found[info.lang, name] = question_address(info.path, question, tree=False)
        return found


def search_entries(site: Site) -> Iterator[IndexedQuestion]:
    """An entry for each question of each page, and for each form in each language."""
    named = _names_on_front_pages(site)
    addresses = site.form_addresses
    questions: dict[str, IndexedQuestion] = {}
    described = {(info.lang, info.key): info.description for info, _ in site.pages}
    with_form = set(addresses.values())
    phones_of = {lang: _phones(site.facts, lang) for lang in {info.lang for info, _ in site.pages}}
    for info, document in site.pages:
        phones = phones_of[info.lang]
        for question in _questions(info, document):
            url = question_address(info.path, question.id, tree=info.is_tree)
            questions[url] = IndexedQuestion(
                lang=info.lang,
                url=url,
                page_title=info.title,
                title=question.title,
                text=question.text,
                page_key=info.key,
                anchor=question.id,
                kind=STEP if info.is_tree and question.id else QUESTION,
                names=tuple(named[url]),
                phones=tuple(digits for shown, digits in phones.items() if shown in question.text),
                lift=_lift(document, has_form=url in with_form, is_step=info.is_tree and bool(question.id)),
            )
    yield from questions.values()
    for (lang, name), url in addresses.items():
        yield _form(site, lang, name, questions.get(url), described)


def _questions(info: PageInfo, document: Document) -> list[Question]:
    """What is asked on the page; of a question tree without the first question, which stands on the page itself."""
    if not info.is_tree:
        return document.questions
    nodes = trees.read_tree(document, "").nodes[1:]
    return [*document.questions[:1], *(Question(node.id, node.title, node.text) for node in nodes)]


def _lift(document: Document, *, has_form: bool, is_step: bool) -> float:
    if is_step:
        return STEP_OF_TREE
    return (ABOUT_US if document.meta.get("about_this_site") else 1) * (WITH_FORM if has_form else 1)


def embedded_forms(document: Document) -> dict[str, str]:
    """The forms in a page, each with the id of the question under which it stands."""
    if "selfservice:" not in document.html:
        return {}
    parts = HEADING.split(document.html)
    places = [("", parts[0]), *((parts[at] or "", parts[at + 2]) for at in range(1, len(parts), 3))]
    return {match[1]: question for question, text in reversed(places) for match in EMBED.finditer(text)}


def _form(
    site: Site,
    lang: str,
    name: str,
    question: IndexedQuestion | None,
    described: Mapping[tuple[str, str], str],
) -> IndexedQuestion:
    """The entry of a form: at the question under which it stands, so that it is seen with what is said of it."""
    title = site.starts.title(lang, name)
    names = [right.title(lang) for right in site.rights.listed if right.form == name]
    if question is not None:
        names += [*question.names, question.title]
    with using_language(lang):
        own = gettext("Log in first. Then you can go on.")
    return IndexedQuestion(
        lang=lang,
        url=question.url if question else f"/{lang}/self-service/{name}",
        page_title=question.page_title if question else title,
        title=title,
        text=described[lang, question.page_key] if question else own if name in authentication.personal_forms() else "",
        page_key=question.page_key if question else name,
        anchor=question.anchor if question else "",
        kind=FORM,
        lift=WITH_FORM,
        names=tuple(dict.fromkeys(names)),
    )


def _names_on_front_pages(site: Site) -> defaultdict[str, list[str]]:
    """By address what the tasks and wants of a page call it."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for info, document in site.pages:
        for key in ("tasks", "wants"):
            for entry in document.meta.get(key) or ():
                try:
                    address = site.address(info.lang, str(entry.get("link", "")))
                except KeyError:  # it is told where the page is read
                    continue
                names[address].append(str(entry.get("title") or entry.get("want") or ""))
    return names


def _phones(facts: Facts, lang: str) -> dict[str, str]:
    """The telephone numbers as they are written in this language, with their digits."""
    with using_language(lang):
        return {" ".join(str(fact).split()): re.sub(r"\D", "", str(fact.raw)) for fact in facts if fact.kind == "phone"}

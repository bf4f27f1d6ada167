"""Every page and every question exists in every language: which do not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import permutations

from selfservice.i18n.languages import LANGUAGES
from selfservice.problems import Problem
from selfservice.publish.reading.body import body_of
from selfservice.publish.reading.markdown import Document

# While something is wrong there, it is not known which questions a page has.
_HIDING = frozenset(("files", "html", "questions"))


def are_questions_known(document: Document) -> bool:
    """Whether what a page seems to lack may be told: not as long as it has a mistake from which that may follow."""
    hiding = any(problem.error and problem.see in _HIDING for problem in document.problems)
    return not hiding and not (document.problems and not document.html.strip())


def missing_translations(pages: Mapping[tuple[str, str], Document]) -> Iterator[Problem]:
    """A problem for each page, and each question of a page, that one of the languages does not have."""
    ids = {place: {id_: text for _, id_, text in one.headings if id_} for place, one in pages.items()}
    for lang, other in permutations(LANGUAGES, 2):
        for place, document in pages.items():
            if place[0] != lang:
                continue
            file, there = f"content/{lang}/{place[1]}.md", f"content/{other}/{place[1]}.md"
            twin = pages.get((other, place[1]))
            if not re.fullmatch("[a-z0-9-]+", place[1]):
                continue  # a name that must become another
            if twin is None:
                message = (
                    f"this page is not there in each language: write {there}, or 'status: draft' here until you have"
                )
                yield Problem(file, 1, message, see="translations")
            elif ids[place].keys() <= ids[other, place[1]].keys():
                continue
            elif are_questions_known(twin) and are_questions_known(document):
                yield from _questions(document, ids[place], ids[other, place[1]], file, there)


def _questions(
    document: Document, own: Mapping[str, str], theirs: Mapping[str, str], file: str, there: str
) -> Iterator[Problem]:
    only_here, only_there = ([id_ for id_ in one if id_ not in other] for one, other in ((own, theirs), (theirs, own)))
    hint = ""
    if len(only_here) == len(only_there) == 1:
        # One question with two ids is one mistake: the first of the two files says so.
        if file > there:
            return
        hint = f", which has {{#{only_there[0]}}}: give both the same id"
    lines = {heading.id: body_of(document).line(heading.start) for heading in body_of(document).headings}
    for id_ in only_here:
        message = f"'{own[id_]}' ({{#{id_}}}) has no twin in {there}{hint}"
        yield Problem(file, lines.get(id_, 1), message, see="translations")

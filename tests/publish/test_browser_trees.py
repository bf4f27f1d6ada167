"""Question trees in a browser without scripts, by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from selfservice.facts.facts import Facts
from selfservice.i18n.languages import using_language
from selfservice.publish.reading.markdown import read
from selfservice.publish.reading.trees import paths, read_tree
from selfservice.web.pages import PageInfo
from tests.domain_helpers import CONTENT
from tests.live_server import every_page
from tests.visitors import VisitorFactory

FACTS = Facts.load(CONTENT / "facts.toml")
HIGH = 400  # CSS pixels, of a phone's 844
TREES = [info for info in every_page() if info.is_tree]


@pytest.mark.parametrize("info", TREES, ids=lambda info: info.path)
def test_every_outcome(visit: VisitorFactory, info: PageInfo) -> None:
    """On a phone without JavaScript each outcome is reached by its answers and the Enter key, and no cookie is set;
    'Back' leads to the question before. Nobody has to scroll for the first answer.
    """
    with using_language(info.lang):
        tree = read_tree(read((CONTENT / info.lang / f"{info.key}.md").read_text("utf-8"), "", FACTS), "")
    visitor = visit(scripts=False, width=390)
    page = visitor.page
    for steps, end in {end.id: (steps, end) for steps, end in paths(tree)}.values():
        visitor.go(info.path)
        for step in steps:
            expect(page.get_by_role("heading", level=1)).to_have_text(step.question.title)
            box = page.locator(".answers li").first.bounding_box()
            assert box is not None
            assert box["y"] < HIGH, page.url
            page.get_by_role("main").get_by_role("link", name=step.answer.label, exact=True).press("Enter")
            expect(page.get_by_role("heading", level=1)).not_to_have_text(step.question.title)
        expect(page.get_by_role("heading", level=1)).to_have_text(end.title)
        expect(page.locator(".notice")).to_be_visible()
        if len(tree.ways_to[end.id]) == 1:
            page.get_by_role("main").locator("p > a").first.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_have_text(steps[-1].question.title)
    assert [] == visitor.context.cookies()

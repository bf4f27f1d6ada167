"""Question trees: each fault is named with its line, and each way through ends where somebody is helped."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfservice.config import ROOT
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES
from selfservice.publish.content import read_pages
from selfservice.publish.reading.markdown import Document, read
from selfservice.publish.reading.trees import (
    ALL,
    ANSWERS,
    MAX_QUESTIONS,
    Tree,
    faults,
    is_tree,
    paths,
    problems,
    read_tree,
)
from selfservice.search.query import search
from selfservice.web.pages import PageInfo
from tests import house
from tests.conftest import Site
from tests.house import elements, text_of
from tests.publish.test_site import weight

FACTS = Facts.load(ROOT / "content" / "facts.toml")
FILE = "content/en/tree.md"
LIGHT = 10_000  # bytes


def document(body: str, lang: str = "en") -> Document:
    """A page that is a tree."""
    return read(f"---\ntitle: T\nkind: tree\n---\n{body}", f"content/{lang}/tree.md", FACTS)


def said_of(body: str) -> list[tuple[int, str]]:
    """Line and message of each fault of a tree."""
    return [(one.line, one.message) for one in faults(read_tree(document(body), FILE))]


# Trees that somebody might write, and one fault in each.


@dataclass
class Written:
    """A node as it is written: its id, its answers by where they lead, and its text."""

    id: str
    answers: list[str] = field(default_factory=list)
    text: str = "See [this page](x.md)."
    between: dict[int, str] = field(default_factory=dict)  # what stands before the answer of that number

    def lines(self) -> list[str]:
        """The node's lines in the file."""
        rows = [f"## What of {self.id}? {{#{self.id}}}" if self.id else "## Nameless", "", self.text, ""]
        for number, to in enumerate(self.answers):
            label = f"To {to}" + " too" * self.answers[:number].count(to)
            rows += [*self.between.get(number, "").splitlines(), f"- [{label}](#{to})"]
        return [*rows, ""]


def written(nodes: list[Written]) -> str:
    """A tree's markdown."""
    return "\n".join(line for node in nodes for line in node.lines())


def line_of(nodes: list[Written], node: Written, answer: int | None = None) -> int:
    """The line in the file of a node's heading or of one of its answers."""
    before = [line for one in nodes[: nodes.index(node)] for line in one.lines()]
    own = node.lines()
    at = 0 if answer is None else [n for n, line in enumerate(own) if line.startswith("- [")][answer]
    return len("---\ntitle: T\nkind: tree\n---\n".splitlines()) + len(before) + at + 1


def above(nodes: list[Written], node: Written) -> list[Written]:
    """The questions on the way to a question, and itself."""
    over = next((one for one in nodes if node.id in one.answers), None)
    return [node, *(above(nodes, over) if over else [])]


@st.composite
def good_trees(draw: st.DrawFn) -> list[Written]:
    """A tree without faults, of at most three questions after each other, whose last outcome several answers share."""
    nodes: list[Written] = []

    def grow(depth: int) -> str:
        node = Written(f"n{len(nodes)}")
        nodes.append(node)
        if depth == 1 or (depth < 4 and draw(st.booleans())):
            node.answers = [grow(depth + 1) for _ in range(draw(st.integers(2, 3)))]
            node.answers += ["shared"] * draw(st.integers(0, 1))
        return node.id

    grow(1)
    nodes[0].answers.append("shared")
    return [*nodes, Written("shared")]


Fault = Callable[[list[Written], random.Random], tuple[int, str]]


def questions(nodes: list[Written]) -> list[Written]:
    """Those with answers."""
    return [node for node in nodes if node.answers]


def leads_nowhere(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """An answer leads to nothing."""
    node = rng.choice(questions(nodes))
    at = rng.randrange(len(node.answers))
    node.answers[at] = "zzzzzzzz"
    return line_of(nodes, node, at), "there is no question '#zzzzzzzz' on this page"


def one_answer(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """A question has one answer."""
    node = rng.choice(questions(nodes))
    del node.answers[1:]
    return line_of(nodes, node), f"'What of {node.id}?' has one answer: a question has 2 to 7"


def eight_answers(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """A question has eight answers."""
    node = rng.choice(questions(nodes))
    node.answers += ["shared"] * (8 - len(node.answers))
    return line_of(nodes, node), f"'What of {node.id}?' has 8 answers: a question has 2 to 7"


def circle(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """An answer leads back to a question on the way to it."""
    node = rng.choice(questions(nodes))
    back = rng.choice(above(nodes, node))
    at = rng.randrange(len(node.answers) + 1)
    node.answers.insert(at, back.id)
    return line_of(nodes, node, at), (
        f"the answer 'To {back.id}' leads back to 'What of {back.id}?': who chooses it goes round in a circle"
    )


def second_way(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """Two answers lead to a question."""
    to = Written("twice", ["shared", "shared"])
    one, two = sorted(rng.choices(questions(nodes), k=2), key=nodes.index)
    one.answers.append("twice")
    two.answers.append("twice")
    nodes.append(to)
    places = [line_of(nodes, node, at) for node in {one.id: one, two.id: two}.values()
              for at, answer in enumerate(node.answers) if answer == "twice"]  # fmt: skip
    return places[1], (
        f"the answer 'To twice' on line {places[0]} leads to 'What of twice?' already: to a question one answer leads, "
        "to an outcome any number"
    )


def unreachable(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """Nothing leads to an outcome, or to a question."""
    node = Written("island", rng.choice([[], ["shared", "shared"]]))
    nodes.insert(rng.randrange(1, len(nodes) + 1), node)
    return line_of(nodes, node), "no answer leads to 'What of island?' {#island}"


def dead_end(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """An outcome has no form, link or number, at most a link to another place in the tree."""
    node = rng.choice([node for node in nodes if not node.answers])
    node.text = rng.choice(["Alas.", f"See [again](#{nodes[0].id})."])
    return line_of(nodes, node), (
        f"the outcome 'What of {node.id}?' leads nowhere: end it with a form, a link or a telephone number"
    )


def no_beginning(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """What comes first is an outcome."""
    node = Written("early")
    nodes.insert(0, node)
    return line_of(nodes, node), "'What of early?' has no answers: a tree begins with a question"


def same_id(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """Two nodes have one id."""
    node = Written(rng.choice(nodes).id)
    nodes.append(node)
    return line_of(nodes[:-1], nodes[-2]) + len(nodes[-2].lines()), f"the id '{node.id}' is used twice on this page"


def no_id(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """A node has no id."""
    nodes.insert(rng.randrange(1, len(nodes) + 1), node := Written(""))
    return line_of(nodes, node), ("the question 'Nameless' has no id: add {#a-short-name}, the same in every language")


def id_is_no_address(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """An id cannot stand in an address."""
    shared = nodes[-1]
    shared.id = rng.choice(["Shared", "sha_red"])
    for node in nodes:
        node.answers = [shared.id if answer == "shared" else answer for answer in node.answers]
    return line_of(nodes, shared), (
        f"the id '{shared.id}' is a part of an address: use small letters, digits and dashes"
    )


def taken_address(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """An id is the address of the whole tree."""
    nodes.append(node := Written(ALL))
    rng.choice(questions(nodes)).answers.append(ALL)
    return line_of(
        nodes, node
    ), f"'{ALL}' is the address of the whole tree on one page: choose another id for 'What of all?'"


def too_deep(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """Six questions come after each other."""
    chain = [Written(f"deep{number}", [f"deep{number + 1}", "shared"]) for number in range(MAX_QUESTIONS)]
    last = Written(f"deep{MAX_QUESTIONS}")
    nodes[0].answers.append("deep0")
    nodes += [*chain, last]
    return line_of(nodes, chain[-1]), f"'What of {chain[-1].id}?' is the 6th question on its way: 5 is the most"


def two_lists(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """Something stands between the answers."""
    node = rng.choice(questions(nodes))
    node.between[rng.randrange(1, len(node.answers))] = "\nOr else:\n\n"
    return line_of(nodes, node), f"'What of {node.id}?' has 2 lists of answers: make them one"


def more_than_a_link(nodes: list[Written], rng: random.Random) -> tuple[int, str]:
    """An item of the list of answers says more than a link does, or something else."""
    node = rng.choice(questions(nodes))
    at = rng.randrange(1, len(node.answers))
    node.between[at] = rng.choice(["- none of these", "- [Elsewhere](x.md)", "- [To shared](#shared), perhaps"])
    listed = [n for n, line in enumerate(node.lines()) if line.startswith("- ")]
    return line_of(nodes, node) + listed[at], (
        "each item of a list of answers is a link to a question of this page, and nothing else"
    )


FAULTS: list[Fault] = [
    leads_nowhere, one_answer, eight_answers, circle, second_way, unreachable, dead_end, no_beginning, same_id, no_id,
    id_is_no_address, taken_address, too_deep, two_lists, more_than_a_link,
]  # fmt: skip


@settings(deadline=None)
@given(nodes=good_trees())
def test_good_trees(nodes: list[Written]) -> None:
    """A tree without faults has none named, and each way through it ends at an outcome."""
    tree = read_tree(document(written(nodes)), FILE)
    assert ([], [node.id for node in nodes]) == (faults(tree), [node.id for node in tree.nodes])
    ways = list(paths(tree))
    assert {node.id for node in nodes if not node.answers} == {end.id for _, end in ways}
    for steps, end in ways:
        assert tree.said(end) in ([], list(steps))
        assert (len(tree.ways_to[end.id]) > 1) is (tree.said(end) == [])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@settings(deadline=None)
@given(nodes=good_trees(), seed=st.integers(0, 2**32))
def test_one_fault(fault: Fault, nodes: list[Written], seed: int) -> None:
    """Of a tree with one fault that fault is named, with its line, and nothing else."""
    expected = fault(nodes, random.Random(seed))
    assert [expected] == said_of(written(nodes))


@settings(deadline=None)
@given(nodes=good_trees(), seed=st.integers(0, 2**32))
def test_another_order_in_another_language(nodes: list[Written], seed: int) -> None:
    """A question whose answers lead elsewhere, or in another order, than in the other language is named there."""
    node = random.Random(seed).choice(questions(nodes))
    pages = {("en", "tree"): document(written(nodes))}
    there = ", ".join(f"#{to}" for to in node.answers)
    node.answers = [*node.answers[1:], node.answers[0]]
    pages["nl", "tree"] = document(written(nodes), "nl")
    here = ", ".join(f"#{to}" for to in node.answers)
    message = f"the answers to 'What of {node.id}?' lead to {here}; in content/en/tree.md they lead to {there}"
    assert ([] if here == there else [f"content/nl/tree.md:{line_of(nodes, node)}: {message}"]) == [
        str(replace(one, see="")) for one in problems(pages)
    ]


SMALL = "## A? {#a}\n\n- [B](#b)\n- [C](#c)\n\n## B {#b}\n\n[x](x.md)\n\n## C {#c}\n\n[x](x.md)\n"


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("Words.\n", 1, "a tree needs a first question: write '## … {#a-short-name}' and its answers"),
        (SMALL.replace("(#b)", "(#bb)"), 7, "there is no question '#bb' on this page; did you mean 'b'?"),
        (SMALL.replace("- [C](#c)", "- [C](#c)\n- [D](#d)") + "\n## D {#d}\n\nCall.\n", 19,
         "the outcome 'D' leads nowhere: end it with a form, a link or a telephone number"),
        (SMALL.replace("\n- [C]", "\n\n- [C]").replace("(#c)", "(#nothing)"), 9,
         "there is no question '#nothing' on this page"),
        ("".join(f"## {n}? {{#n{n}}}\n\n- [A](#n{n + 1})\n\n" for n in range(2000)), 805,
         "a tree of 2000 questions and outcomes: 200 is the most, make it several"),
        (SMALL.replace("[C](#c)", "[B](#c)"), 8, "the answer 'B' is that on line 7 too: nobody can choose"),
        (SMALL.replace("[C](#c)", "[](#c)"), 8, "an answer says nothing: write its words between [ and ]"),
    ],
)  # fmt: skip
def test_said_plainly(body: str, line: int, message: str) -> None:
    """What is said, and of which line, also of a list with empty lines in it."""
    assert [(line, message)] == said_of(body)


def test_twins() -> None:
    """A tree is one in every language, with the same questions, the same one first."""
    plain = document(SMALL, "nl")
    plain.meta.pop("kind")
    there = {("en", "tree"): document(SMALL)}
    missing = document(SMALL.replace("#c", "#d"), "nl")
    turned = document("## B? {#b}\n\n- [A](#a)\n- [C](#c)\n\n## A {#a}\n\n[x](x.md)\n\n## C {#c}\n\n[x](x.md)\n", "nl")
    found = [
        [str(replace(one, see="")) for one in problems(there | {("nl", "tree"): twin})]
        for twin in (plain, missing, turned)
    ]
    assert [
        ["content/nl/tree.md:1: content/en/tree.md is a tree: write 'kind: tree' here too"],
        [],  # which is told as of any page
        ["content/nl/tree.md:5: the first question is '#b' here and '#a' in content/en/tree.md"],
    ] == found


def test_home_page() -> None:
    """A home page that is a tree is named."""
    found = problems({("en", "index"): document(SMALL)})
    assert ["content/en/index.md:3: the home page cannot be a tree"] == [str(replace(one, see="")) for one in found]


def test_unreadable_kind() -> None:
    """Whose front matter says nothing that can be read, is not told to be a tree as its twin is."""
    spoilt = document(SMALL.replace("kind: tree", "kind: forest"))
    assert [] == problems({("en", "x"): document(SMALL), ("nl", "x"): spoilt})


# The trees of the site.


@pytest.fixture(scope="module")
def trees(site: Site) -> dict[PageInfo, Tree]:
    """Each tree of the content, by the page it is."""
    documents = {place: page.document for place, page in read_pages(site.app, site.config).items()}
    pages = site.app.extensions["layout"].pages()
    return {pages[place]: read_tree(page, "") for place, page in documents.items() if is_tree(page)}


def answers_of(text: str) -> list[tuple[str, str]]:
    """What can be answered on a page: words and address."""
    lists = [one for one in elements(house.parse(text), "ul") if "answers" in one.get("class", "").split()]
    return [(text_of(a), a.get("href", "")) for one in lists for a in elements(one, "a")]


def test_every_way_by_links(site: Site, trees: dict[PageInfo, Tree]) -> None:
    """From the first question of each tree, in each language, plain links lead every way to its outcome, where what was
    answered can be changed and which ends in a link, a form or a number.
    """
    walked = 0
    for info, tree in trees.items():
        for steps, end in paths(tree):
            address = info.path
            seen = []
            for step in steps:
                page = site.text(address)
                assert step.question.title == text_of(next(elements(house.parse(page), "h1")))
                seen.append((step.question.title, step.answer.label, address))
                address = dict(answers_of(page))[step.answer.label]
            outcome = house.parse(site.text(address))
            main = next(elements(outcome, "main"))
            article = next(elements(main, "article"))
            assert (end.title, []) == (text_of(next(elements(main, "h1"))), answers_of(site.text(address)))
            assert [a.get("href") for a in elements(article, "a") if not a.get("href", "").startswith("#")]
            assert f"{info.path}{end.id}/" == address
            said = [(text_of(q), text_of(a)) for q, a in zip(elements(main, "dt"), elements(main, "dd"), strict=True)]
            changes = [a.get("href") for dd in elements(main, "dd") for a in elements(dd, "a")]
            if len(tree.ways_to[end.id]) == 1:
                # 'Change' says to whoever hears it what is changed.
                assert [question for question, _, _ in seen] == [question for question, _ in said]
                assert all(shown.startswith(f"{a} ") and shown.endswith(f": {q}")
                           for (q, a, _), (_, shown) in zip(seen, said, strict=True))  # fmt: skip
                assert [address for _, _, address in seen] == changes
            else:
                assert ([], []) == (said, changes)
            assert info.path in [a.get("href") for a in elements(main, "a")]
            walked += 1
    assert walked >= len(trees) * ANSWERS[0] > 0


def test_language_switch_keeps_the_node(site: Site, trees: dict[PageInfo, Tree]) -> None:
    """On each page of a tree the switch leads to the same question or outcome in the other language."""
    by_place = {(info.lang, info.key): info for info in trees}
    for info, tree in trees.items():
        other = by_place[next(lang for lang in LANGUAGES if lang != info.lang), info.key]
        for name in [*(f"{node.id}/" for node in tree.nodes[1:]), "", f"{ALL}/"]:
            links = elements(house.parse(site.text(info.path + name)), "a")
            assert [other.path + name] == [a.get("href") for a in links if a.get("class") == "switch"]


def test_whole_tree(site: Site, trees: dict[PageInfo, Tree]) -> None:
    """One page holds each question and outcome, with links between them on the page itself, and what each leads to."""
    for info, tree in trees.items():
        article = next(elements(house.parse(site.text(f"{info.path}{ALL}/")), "article"))
        assert [node.id for node in tree.nodes] == [one.get("id") for one in elements(article, "h2")]
        inside = [a.get("href", "") for a in elements(article, "a") if a.get("class") != "anchor"]
        answers = [f"#{answer.to}" for node in tree.nodes for answer in node.answers]
        assert answers == [link for link in inside if link.startswith("#")]
        # On paper there is no link to follow.
        said = [text_of(item) for item in elements(article, "li")]
        assert {
            f"{answer.label} → {tree.by_id[answer.to].title}" for node in tree.nodes for answer in node.answers
        } <= set(said)


def test_light(site: Site, trees: dict[PageInfo, Tree]) -> None:
    """A page of a tree is at most 10 KB of HTML, CSS and JavaScript, and has no form in it."""
    for path, text in site.pages().items():
        if any(path.startswith(info.path) for info in trees):
            tree = house.parse(text)
            assert weight(site, tree, path) <= LIGHT, path
            assert [] == [one for one in elements(tree, "form") if one.get("role") != "search"]


def test_found_by_search(site: Site, trees: dict[PageInfo, Tree]) -> None:
    """What a question or an outcome is called finds its tree, of which results show one step."""
    for info, tree in trees.items():
        for node in tree.nodes[1:]:
            found = search(site.config.search_index, info.lang, node.title)
            assert [hit.url for hit in found.hits if hit.url.startswith(info.path)], (info.lang, node.title)


def test_linked_from_other_pages(site: Site, trees: dict[PageInfo, Tree]) -> None:
    """Some other page of its language leads to each tree, besides the list of all pages."""
    pages = site.pages()
    for info in trees:
        mains = [next(elements(house.parse(text), "main")) for path, text in pages.items()
                 if path.startswith(f"/{info.lang}/") and not path.startswith(info.path)]  # fmt: skip
        assert [a for main in mains for a in elements(main, "a") if a.get("href", "").startswith(info.path)], info.path

"""Question trees: a page of `kind: tree`, whose lists of links to its own questions are the answers to choose from.

Each `##` heading is a node. With a list whose items are only links to `#id` of the page it is a question, without one
an outcome. The rest of its text explains it.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from selfservice.publish.reading.markdown import HEADING, HREF, Document, Problem, plain_text
from selfservice.site_config import did_you_mean
from selfservice.web.pages import TREE, WHOLE_TREE, question_address

ALL = WHOLE_TREE
ANSWERS = (2, 7)
MAX_QUESTIONS = 5
MAX_NODES = 200  # what is more than anybody can look through is no tree
_LIST = re.compile(r"<(ul|ol)(?: start=\"\d+\")?>(.*?)</\1>", re.DOTALL)
_ITEM = re.compile(r"<li>(.*?)</li>", re.DOTALL)
_ANSWER = re.compile(r'\s*(?:<p>)?<a href="#([^"]*)">((?:(?!</a>).)*)</a>(?:</p>)?\s*', re.DOTALL)
_ITEM_LINE = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
_LOWER_HEADING = re.compile(r"(</?h)([3-6])\b")
_HEADING_LINE = re.compile(r" {0,3}##\s")


@dataclass(frozen=True)
class Answer:
    """One of the answers to a question, the node that it leads to, and its line in the file."""

    label: str
    to: str
    line: int


@dataclass(frozen=True)
class Node:
    """A question, with answers; or an outcome, without. `above` is its text before the answers."""

    id: str
    title: str
    above: str
    below: str
    answers: tuple[Answer, ...]
    line: int
    lists: int = 1  # of answers, as the editor wrote them
    mixed: int = 0  # the line of an item, among answers, that is none

    @property
    def text(self) -> str:
        """Its text without the answers, as plain text."""
        return plain_text(f"{self.above} {self.below}")

    @property
    def links(self) -> list[str]:
        """Where links in its text lead, as they stand there."""
        return [html.unescape(link) for link in HREF.findall(self.above + self.below)]


@dataclass(frozen=True)
class Step:
    """A question on the way, and the answer given to it."""

    question: Node
    answer: Answer


@dataclass(frozen=True)
class Tree:
    """The nodes of a page in their order, the first question first. It may have faults, which `problems` names."""

    file: str
    nodes: tuple[Node, ...]

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """The nodes by their id."""
        return {node.id: node for node in reversed(self.nodes)}

    @cached_property
    def ways_to(self) -> dict[str, list[Step]]:
        """By id of a node each question and answer that lead to it."""
        found: dict[str, list[Step]] = defaultdict(list)
        for node in self.nodes:
            for answer in node.answers:
                found[answer.to].append(Step(node, answer))
        return dict(found)

    def said(self, node: Node) -> list[Step]:
        """What somebody answered who is at this node. Nothing at the first question, nor where several ways lead."""
        steps: list[Step] = []
        while len(ways := self.ways_to.get(node.id, [])) == 1:
            steps.insert(0, ways[0])
            node = ways[0].question
        return [] if ways else steps

    def before(self, node: Node) -> Node | None:
        """The question that leads to this node; None at the first, and where several do."""
        questions = {step.question.id: step.question for step in self.ways_to.get(node.id, [])}
        return next(iter(questions.values())) if len(questions) == 1 else None


def is_tree(document: Document) -> bool:
    """Whether a page is a question tree."""
    return document.meta.get("kind") == TREE


def read_tree(document: Document, file: str, resolved: str = "") -> Tree:
    """The tree of a page, from its HTML with addresses resolved when that is at hand. Never raises."""
    lines = document.source.splitlines()
    headings = [at for at, line in enumerate(lines, 1) if at >= document.body_line and _HEADING_LINE.match(line)]
    parts = HEADING.split(resolved or document.html)[1:]
    if len(headings) * 3 != len(parts):  # a heading written otherwise
        headings = [document.line_of("{#" + id_ + "}") for id_ in parts[::3]]
    ends = [*headings, len(lines) + 1][1:]
    return Tree(
        file,
        tuple(
            _node(id_ or "", title, text, lines[first - 1 : end - 1], first)
            for id_, title, text, first, end in zip(parts[::3], parts[1::3], parts[2::3], headings, ends, strict=True)
        ),
    )


def _node(id_: str, title: str, text: str, lines: Sequence[str], first: int) -> Node:
    item_lines = iter([at for at, line in enumerate(lines, first) if _ITEM_LINE.match(line)])
    answers: list[Answer] = []
    lists: list[str] = []
    mixed = 0
    for match in _LIST.finditer(text):
        items = [(_ANSWER.fullmatch(item), next(item_lines, first)) for item in _ITEM.findall(match[2])]
        if all(link for link, _ in items):
            lists.append(match[0])
            answers += [Answer(plain_text(link[2]), link[1], line) for link, line in items if link]
        elif '<li><a href="#' in match[2].replace("<li>\n<p>", "<li>"):
            mixed = mixed or next(line for link, line in items if not link)
    above, _, below = text.partition(lists[0]) if lists else (text, "", "")
    return Node(id_, plain_text(title), above.strip(), below.strip(), tuple(answers), first, len(lists), mixed)


def on_own_page(text: str, path: str) -> str:
    """The text of a node as it stands on a page of its own: links to other nodes of the tree at `path` lead to theirs,
    and a heading is one higher, since the node's own is the first.
    """
    text = re.sub(r'href="#([^"]+)"', lambda match: f'href="{question_address(path, match[1], tree=True)}"', text)
    return _LOWER_HEADING.sub(lambda match: f"{match[1]}{int(match[2]) - 1}", text)


def with_titles(text: str, tree: Tree) -> str:
    """A whole tree's HTML with, behind each answer, what it leads to: on paper there is no link to follow."""

    def write(match: re.Match[str]) -> str:
        node = tree.by_id.get(match[2])
        return f"{match[1]} → {html.escape(node.title)}" if node else match[0]

    return re.sub(r'(?<=<li>)(\s*(?:<p>)?<a href="#([^"]*)">(?:(?!</a>).)*</a>)', write, text)


def description(of: Node | Tree) -> str:
    """What search engines show of a node: its text, or its answers; of a whole tree its questions."""
    if isinstance(of, Tree):
        return " · ".join(node.title for node in of.nodes if node.answers)
    return of.text or " · ".join([of.title, *(answer.label for answer in of.answers)])


def paths(tree: Tree) -> Iterator[tuple[tuple[Step, ...], Node]]:
    """Each way from the first question to an outcome. The tree must have no faults."""

    def walk(node: Node, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Node]]:
        if not node.answers:
            yield steps, node
        for answer in node.answers:
            yield from walk(tree.by_id[answer.to], (*steps, Step(node, answer)))

    yield from walk(tree.nodes[0], ())


def problems(pages: Mapping[tuple[str, str], Document]) -> list[Problem]:
    """What is wrong with the trees among these pages (by language and key), each fault with its line."""
    found: list[Problem] = []
    trees: dict[str, dict[str, Tree]] = defaultdict(dict)
    kinds: dict[str, dict[str, bool]] = defaultdict(dict)
    for (lang, key), document in pages.items():
        file = f"content/{lang}/{key}.md"
        kind = document.meta.get("kind")
        if "kind" not in document.told:
            kinds[key][lang] = kind == TREE
        if kind == TREE:
            trees[key][lang] = tree = read_tree(document, file)
            found += faults(tree)
            if key == "index":
                found.append(Problem(file, document.line_of("kind:"), "the home page cannot be a tree", see="trees"))
    for key, by_lang in trees.items():
        for lang, is_one in kinds[key].items():
            if not is_one:
                there = next(iter(by_lang.values())).file
                found.append(
                    Problem(
                        f"content/{lang}/{key}.md", 1, f"{there} is a tree: write 'kind: {TREE}' here too", see="trees"
                    )
                )
        one, *others = by_lang.values()
        for other in others:
            if not faults(one) and not faults(other):
                found += _differences(one, other)
    return found


def faults(tree: Tree) -> list[Problem]:
    """What is wrong with a tree, whatever its twins say."""
    if not tree.nodes:
        message = "a tree needs a first question: write '## … {#a-short-name}' and its answers"
        return [Problem(tree.file, 1, message, see="trees")]
    if len(tree.nodes) > MAX_NODES:
        message = f"a tree of {len(tree.nodes)} questions and outcomes: {MAX_NODES} is the most, make it several"
        return [Problem(tree.file, tree.nodes[MAX_NODES].line, message, see="trees")]
    found = [Problem(tree.file, line, message, see="trees") for line, message in _shape(tree)]
    # The ways through a tree with loose ends say nothing, nor how long they are where one has no end.
    for rule in (_ways, _too_deep):
        found = found or [Problem(tree.file, line, message, see="trees") for line, message in rule(tree)]
    return found


def _shape(tree: Tree) -> Iterator[tuple[int, str]]:
    """What is wrong with single nodes."""
    seen = set()
    for node in tree.nodes:
        name = f"'{node.title}'"
        if not node.id:
            yield node.line, f"the question {name} has no id: add {{#a-short-name}}, the same in every language"
        elif node.id in seen:
            yield node.line, f"the id '{node.id}' is used twice on this page"
        elif not re.fullmatch("[a-z0-9-]+", node.id):
            yield node.line, f"the id '{node.id}' is a part of an address: use small letters, digits and dashes"
        elif node.id == ALL:
            yield node.line, f"'{ALL}' is the address of the whole tree on one page: choose another id for {name}"
        seen.add(node.id)
        yield from _answers(tree, node)


def _answers(tree: Tree, node: Node) -> Iterator[tuple[int, str]]:
    """What is wrong with the answers of a question, or the end of an outcome."""
    low, high = ANSWERS
    name = f"'{node.title}'"
    for answer in node.answers:
        # With a question that has no id, it may be meant.
        if answer.to not in tree.by_id and all(one.id for one in tree.nodes):
            message = (
                f"there is no question '#{answer.to}' on this page{did_you_mean(answer.to, filter(None, tree.by_id))}"
            )
            yield answer.line, message
        if twins := [other.line for other in node.answers if other.label == answer.label and other.line < answer.line]:
            yield answer.line, f"the answer '{answer.label}' is that on line {twins[0]} too: nobody can choose"
        elif not answer.label:
            yield answer.line, "an answer says nothing: write its words between [ and ]"
    if node.mixed:
        yield node.mixed, "each item of a list of answers is a link to a question of this page, and nothing else"
    elif node.lists > 1:
        yield node.line, f"{name} has {node.lists} lists of answers: make them one"
    elif node.answers and not low <= len(node.answers) <= high:
        many = "one answer" if len(node.answers) == 1 else f"{len(node.answers)} answers"
        yield node.line, f"{name} has {many}: a question has {low} to {high}"
    elif not node.answers and node is tree.nodes[0]:
        yield node.line, f"{name} has no answers: a tree begins with a question"
    elif not node.answers and all(link.startswith("#") for link in node.links):
        yield node.line, f"the outcome {name} leads nowhere: end it with a form, a link or a telephone number"


def _ways(tree: Tree) -> Iterator[tuple[int, str]]:
    """What is wrong with the ways through a tree."""
    back = list(_closing(tree))
    for answer in back:
        title = tree.by_id[answer.to].title
        yield answer.line, f"the answer '{answer.label}' leads back to '{title}': who chooses it goes round in a circle"
    for node in tree.nodes:
        ways = [step.answer for step in tree.ways_to.get(node.id, []) if step.answer not in back]
        if node is not tree.nodes[0] and not tree.ways_to.get(node.id):
            yield node.line, f"no answer leads to '{node.title}' {{#{node.id}}}"
        for answer in ways[1:] if node.answers else ():
            first = f"the answer '{ways[0].label}' on line {ways[0].line}"
            message = (
                f"{first} leads to '{node.title}' already: to a question one answer leads, to an outcome any number"
            )
            yield answer.line, message


def _closing(tree: Tree) -> Iterator[Answer]:
    """Each answer that leads back to a question on the way to it."""
    done: set[str] = set()

    def walk(node: Node, above: frozenset[str]) -> Iterator[Answer]:
        above |= {node.id}
        for answer in node.answers:
            if answer.to in above:
                yield answer
            elif answer.to not in done:
                yield from walk(tree.by_id[answer.to], above)
        done.add(node.id)

    for node in tree.nodes:
        if node.id not in done:
            yield from walk(node, frozenset())


def _too_deep(tree: Tree) -> Iterator[tuple[int, str]]:
    """The questions that come after as many as there may be."""

    def walk(node: Node, depth: int) -> Iterator[tuple[int, str]]:
        if node.answers and depth > MAX_QUESTIONS:
            yield node.line, f"'{node.title}' is the {depth}th question on its way: {MAX_QUESTIONS} is the most"
        elif node.answers:
            for answer in node.answers:
                yield from walk(tree.by_id[answer.to], depth + 1)

    yield from walk(tree.nodes[0], 1)


def _differences(one: Tree, other: Tree) -> Iterator[Problem]:
    """Where a tree and its twin in another language do not have the same answers in the same order."""
    if set(one.by_id) != set(other.by_id):
        return  # which is told as of any page
    if one.nodes[0].id != other.nodes[0].id:
        message = f"the first question is '#{other.nodes[0].id}' here and '#{one.nodes[0].id}' in {one.file}"
        yield Problem(other.file, other.nodes[0].line, message, see="trees")
        return
    for node in other.nodes:
        ours, theirs = ([answer.to for answer in each.answers] for each in (node, one.by_id[node.id]))
        if ours != theirs:
            message = (
                f"the answers to '{node.title}' lead to {_named(ours)}; in {one.file} they lead to {_named(theirs)}"
            )
            yield Problem(other.file, node.line, message, see="trees")


def _named(ids: Sequence[str]) -> str:
    return ", ".join(f"#{id_}" for id_ in ids) or "nothing"

"""`loket trees`: the question trees as an outline, or as diagrams, for whoever knows whether they are right."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import with_appcontext

from selfservice.publish.content import read_pages
from selfservice.publish.reading import trees
from selfservice.publish.reading.trees import Node, Tree
from selfservice.web.services import services


@click.command("trees")
@click.argument("page", required=False)
@click.option("--mermaid", is_flag=True, help="Print a flowchart of each, for https://mermaid.js.org.")
@with_appcontext
def command(page: str | None, mermaid: bool) -> None:
    """Print the question trees, for whoever has to agree with them: all, or that of PAGE (its key)."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (how Flask names it)
    documents = {place: page.document for place, page in read_pages(app, services().config).items()}
    found = trees.problems(documents)
    for problem in found:
        click.echo(str(problem), err=True)
    if found:
        sys.exit(1)
    chosen = [
        (document.questions[0].title, trees.read_tree(document, f"content/{lang}/{key}.md"))
        for (lang, key), document in documents.items()
        if trees.is_tree(document) and page in (None, key)
    ]
    if page and not chosen:
        sys.exit(f"loket: no page '{page}' is a question tree")
    for title, tree in chosen:
        click.echo("\n".join(_flowchart(title, tree) if mermaid else _outline(title, tree)) + "\n")


def _outline(title: str, tree: Tree) -> Iterator[str]:
    """Each question with its answers below it, and below an answer where it leads; then what each outcome says."""
    yield f"{title} ({tree.file})"

    def below(node: Node, indent: str) -> Iterator[str]:
        yield f"{indent}{node.title}{'' if node.answers else f' [{node.id}]'}"
        for answer in node.answers:
            yield f"{indent}  - {answer.label}"
            yield from below(tree.by_id[answer.to], indent + "      ")

    yield from below(tree.nodes[0], "  ")
    for node in tree.nodes:
        if node.text:
            yield f"  [{node.id}] {node.title}: {node.text}"
            yield from (f"      {link}" for link in node.links if not link.startswith("#"))


def _flowchart(title: str, tree: Tree) -> Iterator[str]:
    """Nodes are numbered: an id such as 'end' has a meaning of its own there."""
    names = {node.id: f"n{number}" for number, node in enumerate(tree.nodes)}

    def quoted(text: str) -> str:
        return '"' + text.replace('"', "#quot;") + '"'

    yield f"---\ntitle: {quoted(title)}\n---\nflowchart TD"
    for node in tree.nodes:
        yield f"  {names[node.id]}{'{' + quoted(node.title) + '}' if node.answers else '[' + quoted(node.title) + ']'}"
        for answer in node.answers:
            yield f"  {names[node.id]} -->|{quoted(answer.label)}| {names[answer.to]}"

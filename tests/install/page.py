"""A page of docs/ as an operator follows it: its blocks of shell, in their order."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.install.tree import Tree, TreeError

# ```sh is run; ```text and the like only show something.
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,3} (.*)$", re.MULTILINE)
_ASSIGNMENT = re.compile(r"^([A-Z_]+)=(.*)$", re.MULTILINE)
# Commands that get something from elsewhere; all others have the tree's loopback only.
_ONLINE = re.compile(r"^(?:apt-get |git |.*\bpip\b)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """Lines of shell, and the heading above them."""

    heading: str
    script: str


def blocks(page: Path) -> list[Block]:
    """The blocks that are to be run."""
    text = page.read_text("utf-8")
    return [Block(_HEADING.findall(text[: found.start()])[-1], found[1]) for found in _BLOCK.finditer(text)]


def follow(tree: Tree, page: Path, own: Mapping[str, str], sections: Collection[str] = ()) -> None:
    """Run a page's blocks one after another in the booted tree, and say which section is being followed; of these
    sections only, when some are named.

    Its first block sets the variables that a reader fills in; `own` are the values here of some of them, and the rest
    of the page has all. Raises TreeError at the first that fails, or when `own` names one that the page does not have.
    """
    first, *others = blocks(page)
    if unknown := set(sections) - {block.heading for block in others}:
        raise TreeError(f"{page.name} has no section with a block named {', '.join(sorted(unknown))}")
    variables = dict(_ASSIGNMENT.findall(first.script))
    if unknown := own.keys() - variables:
        raise TreeError(f"{page.name} has no variable {', '.join(sorted(unknown))}")
    tree.variables = variables | dict(own)
    heading = ""
    for block in (each for each in others if not sections or each.heading in sections):
        if block.heading != heading:
            heading = block.heading
            sys.stderr.write(f"  {page.name}: {heading}\n")
        tree.run(block.script, online=bool(_ONLINE.search(block.script)))

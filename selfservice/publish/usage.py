"""Which facts nobody uses, and which nobody can: a value that no page, form or mail shows is a value that nobody keeps
right, and an address that was made up for a demonstration reaches nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selfservice.config import INVENTED, PACKAGE, Config
from selfservice.facts.facts import Facts
from selfservice.publish.markdown import Problem

_IN_TEXT = re.compile(r"\bfact\.(\w+\.\w+)")
_IN_PYTHON = re.compile(r"""["'](\w+\.\w+)["']""")


def unused_facts(config: Config, facts: Facts) -> list[Problem]:
    """A problem for each fact that stands in no page, template, mail or program."""
    used = set(facts.used)
    if any(fact.name not in used for fact in facts):
        used |= set(_mentioned(config))
    return [
        Problem(
            "content/facts.toml", fact.line, f"no page, form or mail uses the fact '{fact.name}': use it or remove it"
        )
        for fact in facts
        if fact.name not in used
    ]


def demo_contacts(config: Config, facts: Facts) -> list[Problem]:
    """A problem for each contact of a real site that was made up for a demonstration: who is told to write there, also
    by security.txt, reaches nobody.
    """
    if config.demo:
        return []
    return [
        Problem(
            "content/facts.toml",
            fact.line,
            f"the fact '{fact.name}' is {value}, which reaches nobody: give it an address of your own",
        )
        for fact in facts
        if fact.kind in ("email", "url")
        for value in sorted({str(each) for each in (fact.raw, *fact.by_group.values())})
        if INVENTED.search(value)
    ]


def _mentioned(config: Config) -> Iterator[str]:
    for folder, pattern, expression in (
        (config.content, "*.md", _IN_TEXT),
        (config.root / "site" / "templates", "*.html", _IN_TEXT),
        (PACKAGE, "*.html", _IN_TEXT),
        (PACKAGE, "*.txt", _IN_TEXT),
        (PACKAGE, "*.py", _IN_PYTHON),
    ):
        for path in folder.rglob(pattern):
            yield from expression.findall(path.read_text("utf-8"))

"""Tables that a page takes from data: `{{ rights }}`, alone in a paragraph, is what can be done with an access code,
`{{ retention }}` how long what is kept of people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Flask

from selfservice.facts.facts import Facts
from selfservice.facts.rights import CODE_KINDS, Right, Rights
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.publish.reading.retention_table import retention_table
from selfservice.site_config import SITE

Tables = Mapping[str, Callable[[], str]]


def page_tables(app: Flask) -> Tables:
    """The tables a page may ask for by name, each a function that gives its markdown in the language in force."""
    rights: Rights = app.extensions["rights"]
    facts: Facts = app.extensions["layout"].facts
    return {"rights": lambda: _rights(rights, facts), "retention": lambda: retention_table(facts)}


def _rights(rights: Rights, facts: Facts) -> str:
    """What each kind of use may do; a link where it is done, here or elsewhere. A list where all use is private."""
    links = {right.key: f"[{right.title(current_language())}]({_address(right, facts)})" for right in rights.listed}
    if not SITE.organisation_number:
        return "\n".join(f"- {links[right.key]}" for right in rights.of_kind("private"))
    yes, no = gettext("Yes"), gettext("No")
    head = (gettext("What you can do"), gettext("Business"), gettext("Private"))
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for right in rights.listed:
        rows.append(f"| {links[right.key]} | {' | '.join(yes if kind in right.kinds else no for kind in CODE_KINDS)} |")
    return "\n".join(rows)


def _address(right: Right, facts: Facts) -> str:
    return f"selfservice:{right.form}" if right.form else str(facts.get(right.where).href)

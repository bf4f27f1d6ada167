"""What a page takes from data: `{{ rights }}`, alone in a paragraph, is the table of what can be done with an access
code, `{{ rights.account }}` the list of what can be done with an account, `{{ retention }}` how long what is kept of
people.
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
    return {
        "rights": lambda: _rights(rights, facts),
        "rights.account": lambda: _list(rights, "account", facts),
        "retention": lambda: retention_table(facts),
    }


def _rights(rights: Rights, facts: Facts) -> str:
    """What each kind of access code may do. A list where all use is private."""
    if not SITE.organisation_number:
        return _list(rights, "private", facts)
    yes, no = gettext("Yes"), gettext("No")
    head = (gettext("What you can do"), gettext("Business"), gettext("Private"))
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for right in rights.listed:
        cells = [yes if kind in right.kinds else no for kind in CODE_KINDS]
        if yes in cells:
            rows.append(f"| {_link(right, facts)} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _list(rights: Rights, kind: str, facts: Facts) -> str:
    return "\n".join(f"- {_link(right, facts)}" for right in rights.of_kind(kind))


def _link(right: Right, facts: Facts) -> str:
    """A right as a link to where it is done, here or elsewhere."""
    address = f"selfservice:{right.form}" if right.form else str(facts.get(right.where).href)
    return f"[{right.title(current_language())}]({address})"

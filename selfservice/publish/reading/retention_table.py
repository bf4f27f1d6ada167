"""The table of a privacy page, `{{ retention }}`: what is kept of people, and until when."""

from __future__ import annotations

from selfservice import backups, retention
from selfservice.facts.facts import Facts
from selfservice.i18n.catalogs import gettext


def retention_table(facts: Facts) -> str:
    """A row for each kind of data, in markdown, in the language in force; nothing where nothing is kept."""
    if not retention.DOMAINS:
        return ""
    head = (gettext("What we keep"), gettext("How long"))
    rows = [(str(kept.what), kept.until_text(facts)) for kept in (*retention.kept(), *backups.KEPT)]
    return "\n".join(f"| {what} | {until} |" for what, until in (head, ("---", "---"), *rows))

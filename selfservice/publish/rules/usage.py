"""Which facts and pages are missing; which facts nobody uses, and which nobody can: a value that no page, form or mail
shows is a value that nobody keeps right, and an address that was made up for a demonstration reaches nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from selfservice.config import INVENTED, PACKAGE, Config
from selfservice.facts.facts import Facts
from selfservice.jobs import queue
from selfservice.publish.reading.markdown import Problem
from selfservice.site_config import FILE, SITE, line_of

_IN_TEXT = re.compile(r"fact(?<!\wfact)\.(\w+\.\w+)")  # what is the same everywhere first: so it is found in no time
_ASKED_IN_PYTHON = re.compile(r"""\bfact(?:s\.get)?[(=]\s*f?"(\w+\.\w+)""")
_PAGE = re.compile(r"""\bpage_(?:url|address)["']?\]?\(["']([a-z-]+)["']\)""")
_HAS_PAGE = re.compile(r"""\bhas_page\(["']([a-z-]+)["']\)""")
# Without the first nothing is paid here; without the second backups are kept for eight weeks, as a site of an earlier
# version has them.
OPTIONAL_FACTS = frozenset({"payment.methods", "backup.keep_weeks"})
_SITE_FILE = f"content/{FILE}"
_IN_PYTHON = re.compile(r"""["'](\w+\.\w+)["']""")


@dataclass(frozen=True)
class Mentions:
    """What templates and programs name: facts and pages by role, each with the first place; and whatever may be a fact,
    also in what is off.
    """

    facts: dict[str, str]
    pages: dict[str, str]
    optional_pages: frozenset[str]
    anywhere: frozenset[str]


def mentions(config: Config) -> Mentions:
    """Read all templates and programs."""
    facts: dict[str, str] = {}
    pages: dict[str, str] = {}
    optional: set[str] = set()
    for place, text in sources(config):
        for name in (_ASKED_IN_PYTHON if place.endswith(".py") else _IN_TEXT).findall(text):
            facts.setdefault(name, place)
        for name in _PAGE.findall(text):
            pages.setdefault(name, place)
        optional.update(_HAS_PAGE.findall(text))
    return Mentions(facts, pages, frozenset(optional), frozenset(_mentioned(config)))


def facts_in(source: str) -> frozenset[str]:
    """The facts that a page's source mentions."""
    return frozenset(_IN_TEXT.findall(source)) if "fact." in source else frozenset()


def unused_facts(
    config: Config, facts: Facts, pages: Iterable[Collection[str]], named: Mentions | None = None
) -> list[Problem]:
    """A problem for each fact that stands in none of the pages (what their sources mention), and in no template, mail
    or program.
    """
    used = facts.used.union(*pages)
    if any(fact.name not in used for fact in facts):
        used |= (named or mentions(config)).anywhere
    return [
        Problem(
            "content/facts.toml",
            fact.line,
            f"no page, form or mail uses the fact '{fact.name}': use it or remove it",
            see="facts",
        )
        for fact in facts
        if fact.name not in used
    ]


def missing_for_code(
    config: Config, facts: Facts, pages: Container[tuple[str, str]], named: Mentions | None = None
) -> list[Problem]:
    """A problem for each fact, and each page by role, that a template or program of what is on uses, and that is not
    there: with one of those missing pages cannot be rendered.
    """
    found = []
    named = named or mentions(config)
    for name, place in named.facts.items():
        if name not in facts and name not in OPTIONAL_FACTS:
            found.append(
                Problem("content/facts.toml", 1, f"the fact '{name}' is missing: {place} uses it", see="facts")
            )
    for name, place in named.pages.items():
        if name not in SITE.pages and name not in named.optional_pages:
            message = f"'{name}' is missing under [pages]: {place} leads there"
            found.append(Problem(_SITE_FILE, line_of(config.content, "pages"), message, see="site"))
    for (name, link), lang in product(SITE.pages.items(), SITE.languages):
        if (lang, key := link.partition(".md")[0]) not in pages:
            line = line_of(config.content, name, "pages")
            found.append(
                Problem(_SITE_FILE, line, f"'{name}' leads nowhere: there is no content/{lang}/{key}.md", see="site")
            )
    return found


def sources(config: Config) -> Iterator[tuple[str, str]]:
    """The templates and programs of what is on, by place."""
    off = _switched_off()
    for folder in (config.root / "site" / "templates", PACKAGE):
        for path in sorted(folder.rglob("*.*")):
            place = path.relative_to(folder).as_posix()
            if path.suffix in (".html", ".txt", ".py") and not place.startswith(off):
                yield place, path.read_text("utf-8")


def _switched_off() -> tuple[str, ...]:
    """What is not used, by the beginning of its place."""
    # In a wheel the folder site/ is inside the package: its templates are looked at as those of the site.
    off = ["demo/", "commands/", "site/"]
    if not SITE.forms:
        off += ["accounts/", "letters/", "limits/", "macros/forms.html", "mail/", "mailer.py", "register/", "requests/"]
        off += ["web/"]
    if "orders" not in SITE.forms:
        off += ["api/", "orders/", "fragments/access_code/mail_closed.txt"]
    if not queue.FORMS.intersection(SITE.forms):
        off += ["jobs/", "web/downloads.py"]
    if "direct-debit" not in SITE.forms:
        off += ["accounts/mandate", "fragments/access_code/mandate.html", "macros/mandate.html"]
    if not SITE.organisation_number:
        off += ["register/"]
    if not SITE.has_accounts:
        off += ["accounts/account_links", "accounts/email_changes"]
    if "digital-invoices" not in SITE.forms:
        off += ["accounts/invoice_addresses"]
    names = {path.name for path in (PACKAGE / "fragments").iterdir() if path.is_dir()}
    return (*off, *(f"fragments/{name}/" for name in names if name.replace("_", "-") not in (*SITE.forms, "search")))


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
            see="facts",
        )
        for fact in facts
        if fact.kind in ("email", "url")
        for value in sorted({str(each) for each in (fact.raw, *fact.by_group.values())})
        if INVENTED.search(value)
    ]


def _mentioned(config: Config) -> Iterator[str]:
    for folder, pattern, expression in (
        (config.root / "site" / "templates", "*.html", _IN_TEXT),
        (PACKAGE, "*.html", _IN_TEXT),
        (PACKAGE, "*.txt", _IN_TEXT),
        (PACKAGE, "*.py", _IN_PYTHON),
    ):
        for path in folder.rglob(pattern):
            yield from expression.findall(path.read_text("utf-8"))

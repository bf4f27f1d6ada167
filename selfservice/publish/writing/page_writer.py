"""Writing the pages of the site, each by its template. What a page is made from is its key: a page with the same key as
in the former build, and with the same values of the facts in it, is the same page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from flask import Flask
from markupsafe import Markup

from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.publish.content import Content
from selfservice.publish.inputs import digest, digest_bytes
from selfservice.publish.page_cache import FactValues
from selfservice.publish.shares import shared
from selfservice.publish.site_pages import SitePage, fill
from selfservice.publish.writing.outputs import Output, Outputs
from selfservice.publish.writing.page_frames import PageFrames
from selfservice.site_config import SITE
from selfservice.web.layout import LayoutContext


class Target(Protocol):
    """Where written pages go."""

    def write(self, path: str, content: bytes, key: str, facts: list[str], values: str) -> None:
        """Put a page there (outputs.py says what the last three are)."""


class PageWriter:
    """Writes pages with the app's templates. `settings` is the key of all that any page may depend on."""

    def __init__(self, app: Flask, content: Content, settings: str) -> None:
        self._env = app.jinja_env
        self._layout: LayoutContext = app.extensions["layout"]
        self._facts: Facts = self._layout.facts
        self._frames = PageFrames(self._env, self._facts)
        self._content = content
        self.values = FactValues(self._facts)
        self._useful = {lang: content.starts(lang, "useful") if "useful" in SITE.forms else "" for lang in LANGUAGES}
        self._around = {
            lang: digest(settings, self._layout.around_any_page(lang), self._useful[lang]) for lang in LANGUAGES
        }
        self._embedded: dict[tuple[str, str], str] = {}

    @property
    def around(self) -> str:
        """What stands around any page, in all languages, and all facts."""
        return digest(*self._around.values(), self.values.all())

    def unwritten(self, pages: Iterable[SitePage], outputs: Outputs) -> list[SitePage]:
        """Take the pages over that are as they were; returns the others, each with its key."""
        found = []
        for page in pages:
            page.output_key = self.key(page)
            former = outputs.former(page.path)
            if not former or not outputs.keep(page.path, page.output_key, self.values.key(former.facts)):
                found.append(page)
        return found

    def key(self, page: SitePage) -> str:
        """What the page is made from, but for facts that its template shows."""
        source, info = page.source, page.info
        parsed, lang = source.parsed, info.lang
        parts = [self._around[lang], parsed.key, info.key, page.name, page.template, *page.alternates.values()]
        parts += page.alternates
        for near in (page.previous, page.next):
            parts += (near.path, near.title) if near else ("", "")
        parts += [self._content.address(lang, link) for link in parsed.links]
        parts += [self._form(lang, name) for name in parsed.forms]
        for key in source.related_keys:
            if related := self._content.pages.get((lang, key)):
                parts += (related.info.path, related.info.title)
        if source.html:  # resolved, since it depends on more of others
            parts += (source.html, str(source.publication), source.state)
        return digest_bytes("\x1f".join(parts).encode())

    def _form(self, lang: str, name: str) -> str:
        if (lang, name) not in self._embedded:
            known = name in self._content.links.forms
            self._embedded[lang, name] = digest(self._content.starts(lang, name)) if known else ""
        return self._embedded[lang, name]

    def render(self, page: SitePage) -> str:
        """The HTML of a page whose text was filled in."""
        info = page.info
        with using_language(info.lang):
            variables = self._layout.variables(info.lang, info.path, page.alternates) | {
                "page": page,
                "title": page.title,
                "description": info.description,
                "has_form": bool(page.forms),
                "useful": Markup(self._useful[info.lang]),  # noqa: S704 (Jinja escaped it)
                # The page is the same for all, whoever asks the app.
                "signed_in": _nobody,
            }
            if page.template == PageFrames.TEMPLATE:
                return self._frames.render(variables)
            return self._env.get_template(f"{page.template}.html").render(variables)

    def write_all(self, pages: Iterable[SitePage], outputs: Outputs) -> None:
        """Write these pages, if they are many in several processes."""

        def write(share: Iterator[SitePage]) -> tuple[dict[str, Output], set[str], set[str]]:
            before = outputs.paths()
            self.write(share, outputs)
            return *outputs.made_since(before), self._facts.used

        for made, written, facts in shared(list(pages), write):
            outputs.take_in(made, written)
            self._facts.used |= facts

    def write(self, pages: Iterable[SitePage], outputs: Target) -> None:
        """Write these pages."""
        for page in pages:
            used, self._facts.used = self._facts.used, set()
            try:
                fill([page])
                content = self.render(page).encode()
                facts = sorted(self._facts.used)
            finally:
                self._facts.used |= used
            outputs.write(page.path, content, page.output_key, facts, self.values.key(facts))


def _nobody() -> None:
    return None

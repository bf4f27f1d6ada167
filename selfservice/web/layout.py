"""What every template can use, whichever renderer it runs in: the same globals for Pelican and for Flask."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any, NamedTuple

import jinja2

from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES, current_language, using_language
from selfservice.i18n.templates import install_translations
from selfservice.site_config import SITE
from selfservice.values.organisation_number import number_label, number_name, register_name
from selfservice.web.escaping import install_escaping
from selfservice.web.labels import label_of
from selfservice.web.pages import (
    ABOUT_ITS_PAGE,
    SECTIONS,
    WHOLE_TREE,
    PageInfo,
    Question,
    menu,
    question_address,
    section_title,
)
from selfservice.web.template_cache import CompiledTemplates
from selfservice.web.theme import Theme

JINJA_OPTIONS: dict[str, Any] = {
    "autoescape": True,
    "undefined": jinja2.StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "extensions": ["jinja2.ext.i18n", "jinja2.ext.do"],
}


def compile_templates(env: jinja2.Environment) -> None:
    """Read and compile every template now, and take none from the disk from then on: what is replaced there later is
    not mixed with what was there before.

    Raises jinja2.TemplateSyntaxError for one that is broken.
    """
    names = env.list_templates(extensions=["html", "txt"])
    loader = env.loader
    assert loader is not None
    env.loader = jinja2.DictLoader({name: loader.get_source(env, name)[0] for name in names})
    env.bytecode_cache = env.bytecode_cache or CompiledTemplates()
    for name in names:
        env.get_template(name)


def share_templates(env: jinja2.Environment, former: jinja2.Environment) -> None:
    """Take templates from where another environment does, and what was compiled for it: that takes over a second."""
    former.bytecode_cache = former.bytecode_cache or CompiledTemplates()
    env.loader, env.bytecode_cache = former.loader, former.bytecode_cache


def path_in_language(code: str, path: str) -> str:
    """A path of this site in another language, when it is one that has languages."""
    head, slash, rest = path.lstrip("/").partition("/")
    return f"/{code}{slash}{rest}" if head in LANGUAGES else path


class HelpBeside(NamedTuple):
    """What stands beside a form."""

    page: PageInfo
    questions: tuple[Question, ...]


class LayoutContext:
    """Facts, theme and menus: what the one layout needs around any page."""

    def __init__(self, config: Config, facts: Facts, theme: Theme) -> None:
        self.config = config
        self.facts = facts
        self.theme = theme
        self._pages: dict[tuple[str, str], PageInfo] = {}
        self._menus: dict[str, list[dict[str, Any]]] = {}
        self._by_path: dict[str, PageInfo] = {}
        self._leads_to: dict[tuple[str, str], PageInfo] = {}

    def set_pages(self, pages: dict[tuple[str, str], PageInfo]) -> None:
        """Tell which pages there are; menus are made once a language."""
        self._pages = pages
        self._menus = {lang: menu(pages.values(), lang) for lang in LANGUAGES}
        self._by_path = {page.path: page for page in pages.values()}
        # Of several pages with one form the last to be set is the first in order. In a tree a form is a link.
        ordered = sorted(
            (page for page in pages.values() if not page.is_tree), key=lambda page: (page.order, page.key), reverse=True
        )
        by_form = {(page.lang, form): page for page in ordered for form in page.forms}
        # The page that leads to a form most; where two do so as often, none.
        leading = Counter((page.lang, form, page.path) for page in ordered for form in page.links)
        ties = Counter((lang, form, times) for (lang, form, _), times in leading.items())
        most = {
            (lang, form): self._by_path[path] if ties[lang, form, times] == 1 else None
            for (lang, form, path), times in reversed(leading.most_common())
        }
        self._leads_to = {form: page for form, page in most.items() if page} | by_form

    def pages(self) -> dict[tuple[str, str], PageInfo]:
        """All the help pages, by language and key."""
        return self._pages

    def page(self, key: str, lang: str | None = None) -> PageInfo:
        """The help page of this key in the language in force (or the one given). Raises KeyError."""
        return self._pages[lang or current_language(), key]

    def has_page(self, path: str) -> bool:
        """Whether a page, or a question of a tree, has this address."""
        above, _, question = path.rstrip("/").rpartition("/")
        tree = self._by_path.get(f"{above}/")
        is_step = tree is not None and tree.is_tree and question in {WHOLE_TREE, *(one.id for one in tree.questions)}
        return path in self._by_path or is_step

    def around_any_page(self, lang: str) -> object:
        """What stands around the pages of a language, as a value to compare: where menus and roles lead."""
        sections = [
            (s["key"], s["title"], s["more"], [(p.path, p.title) for p in s["pages"]]) for s in self._menus[lang]
        ]
        with using_language(lang):
            return sections, [(role, self.page_url(role)) for role in SITE.pages]

    def page_url(self, role: str) -> str:
        """The address of the page, or the question of one, that has this role (site.toml). Raises KeyError."""
        file, _, question = SITE.pages[role].partition("#")
        page = self.page(file.removesuffix(".md"))
        return question_address(page.path, question, tree=page.is_tree)

    def globals(self) -> dict[str, Any]:
        """The variables that never change while a site is built or an app runs."""
        return {
            "fact": self.facts,
            "label_of": label_of,
            "asset": self.theme.url,
            "page_url": self.page_url,
            "has_page": lambda role: role in SITE.pages,
            "site": SITE,
            "number_name": number_name,
            "number_label": number_label,
            "register_name": register_name,
            "base_url": self.config.base_url,
            "demo": self.config.demo,
            "preview": self.config.preview,
            "lang_code": current_language,
            # Nobody is signed in on a page that is the same for all; the app puts its own in this one's place.
            "signed_in": lambda: None,
            "path_in_language": path_in_language,
        }

    def breadcrumbs(self, lang: str, path: str) -> list[tuple[str, str]]:
        """Titles and addresses of what stands above this path: of a page its section; of a form, also the page that
        has it, or else the one that leads to it most; of a question of a tree, also its page.

        A section's address is its heading on the home page.
        """
        slug, _, rest = path.removeprefix(f"/{lang}/").partition("/")
        of_form = self._leads_to.get((lang, rest.partition("/")[0])) if slug == "self-service" else None
        page = of_form or self._by_path.get(f"/{lang}/{slug}/")
        if page is None or page.section not in SECTIONS:
            return []
        section = (section_title(page.section), f"/{lang}/#pages-{page.section}")
        return [section] if page.path == path else [section, (page.title, page.path)]

    def help_beside(self, lang: str, path: str, *, signed_in: bool = False) -> HelpBeside | None:
        """What to show beside a form at this path: the page that has it, or else leads to it most, and its questions
        nearest to the form. Where there is none, to who is not signed in the page for who cannot log in. Nothing beside
        what is asked of a page.
        """
        form = path.removeprefix(f"/{lang}/self-service/").partition("/")[0]
        if form not in SITE.forms or form in ABOUT_ITS_PAGE:
            return None
        page = self._leads_to.get((lang, form))
        if page is None and not signed_in and "cannot-log-in" in SITE.pages:
            page = self._pages.get((lang, SITE.pages["cannot-log-in"].partition("#")[0].removesuffix(".md")))
        return HelpBeside(page, page.questions_near(form)) if page else None

    def variables(self, lang: str, path: str, alternates: dict[str, str]) -> dict[str, Any]:
        """The variables that the layout wants for the page at this path."""
        return {
            "lang": lang,
            "path": path,
            "alternates": alternates,
            "canonical": self.config.base_url + path,
            "nav": self._menus.get(lang, []),
            "breadcrumbs": self.breadcrumbs(lang, path),
            "help_beside": partial(self.help_beside, lang, path),
            "site_name": SITE.name[lang],
            "home": f"/{lang}/",
        }

    def install(self, env: jinja2.Environment) -> None:
        """Make a Jinja environment render with our texts, facts and theme."""
        install_translations(env)
        install_escaping(env)
        env.globals.update(self.globals())

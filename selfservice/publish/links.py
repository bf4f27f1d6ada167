"""Links between pages and to forms: from what an editor writes to addresses, each checked."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from pathlib import Path

from selfservice.config import PACKAGE
from selfservice.publish.markdown import EMBED, HREF, Document, Problem, plain_text
from selfservice.publish.pictures import Pictures
from selfservice.site_config import FILE, SITE, line_of
from selfservice.web.pages import TREE, question_address

FORMS = PACKAGE / "fragments"
FormRenderer = Callable[[str, str], str]


class Links:
    """Resolves the links of pages, once all pages are known.

    `paths` and `anchors` are by language and key; `forms` are the known names; `embed` gives a form's start state.
    The questions of `trees` have pages of their own.
    """

    def __init__(
        self,
        paths: Mapping[tuple[str, str], str],
        anchors: Mapping[tuple[str, str], Collection[str]],
        forms: Collection[str],
        embed: FormRenderer,
        trees: Collection[tuple[str, str]] = (),
        pictures: Pictures | None = None,
    ) -> None:
        self._paths = paths
        self._trees = trees
        self._anchors = anchors
        self._forms = forms
        self._embed = embed
        self._pictures = pictures

    def target(self, lang: str, link: str) -> str:
        """The address of `page.md`, `page.md#question` or `selfservice:name`. Raises KeyError with plain words."""
        if link.startswith("selfservice:"):
            return f"/{lang}/self-service/{self._form(link.removeprefix('selfservice:'))}"
        file, _, anchor = link.partition("#")
        key = file.removesuffix(".md")
        if (lang, key) not in self._paths:
            near = get_close_matches(key, [known for code, known in self._paths if code == lang], 1)
            raise KeyError(f"the link to '{file}' leads nowhere" + (f"; did you mean '{near[0]}.md'?" if near else ""))
        if anchor and anchor not in self._anchors[lang, key]:
            near = get_close_matches(anchor, list(self._anchors[lang, key]), 1)
            raise KeyError(f"'{file}' has no question '#{anchor}'" + (f"; did you mean '#{near[0]}'?" if near else ""))
        return question_address(self._paths[lang, key], anchor, tree=(lang, key) in self._trees)

    def _form(self, name: str) -> str:
        if name not in self._forms:
            if name not in (*SITE.forms, "search") and (FORMS / name.replace("-", "_") / "routes.py").is_file():
                raise KeyError(f"the form '{name}' is off in site.toml: take what leads to it away, or turn it on")
            here = f"the forms are {', '.join(sorted(self._forms))}" if self._forms else "none is on in site.toml"
            raise KeyError(f"there is no form 'selfservice:{name}'; {here}")
        return name

    def resolve(self, document: Document, lang: str, file: str) -> tuple[str, dict[str, str]]:
        """The page's HTML with live forms, real addresses and pictures, and the forms in it: what their links say, by
        name.

        What cannot be resolved is added to the document's problems.
        """
        embedded: dict[str, str] = {}

        def live(name: str, label: str) -> str:
            try:
                self._form(name)
            except KeyError as error:
                self._add_problem(document, file, f"selfservice:{name}", error)
                return ""
            embedded[name] = plain_text(label)
            if f'id="{name}"' in document.html:
                message = f"the id '{name}' is that of the form on this page; choose another for the question"
                document.problems.append(Problem(file, document.line_of("{#" + name + "}"), message))
            return self._embed(lang, name)

        def address(match: re.Match[str]) -> str:
            link = html.unescape(match[1])
            if not (link.startswith("selfservice:") or _is_page(link)):
                return match[0]
            try:
                return f'href="{html.escape(self.target(lang, link))}"'
            except KeyError as error:
                self._add_problem(document, file, link, error)
                return match[0]

        text = self._pictures.resolve(document, lang, file) if self._pictures else document.html
        # Text, name, label, text, name, label, …: only the text is ours to look for addresses in.
        parts = EMBED.split(_with_buttons(text) if document.meta.get("kind") == TREE else text)
        resolved = [HREF.sub(address, parts[0])]
        for at in range(1, len(parts), 3):
            resolved += [live(parts[at], parts[at + 1]), HREF.sub(address, parts[at + 2])]
        return "".join(resolved), embedded

    def check(self, document: Document, lang: str, file: str, link: str) -> str:
        """The address of a link in the front matter; what is wrong with it is added to the document's problems."""
        try:
            return self.target(lang, link)
        except KeyError as error:
            self._add_problem(document, file, link, error)
            return ""

    def broken_roles(self, content: Path) -> list[Problem]:
        """A problem for each page by role (site.toml) that leads nowhere in one of the languages."""
        found = []
        for role, link in SITE.pages.items():
            for lang in SITE.languages:
                try:
                    self.target(lang, link)
                except KeyError as error:
                    line = line_of(content, role, "pages")
                    found.append(Problem(f"content/{FILE}", line, f"'{role}' in {lang}: {error.args[0]}"))
        return found

    def _add_problem(self, document: Document, file: str, link: str, error: KeyError) -> None:
        document.problems.append(Problem(file, document.line_of(link), str(error.args[0])))


def _with_buttons(html: str) -> str:
    """HTML in which a form alone in a paragraph is a button that leads to it: so the pages of a tree, of which somebody
    sees several after each other, are light.
    """
    return EMBED.sub(r'<p><a class="button" href="selfservice:\1">\2</a></p>', html)


def _is_page(link: str) -> bool:
    return link.partition("#")[0].endswith(".md") and "://" not in link

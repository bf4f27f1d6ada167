"""Links between pages and to forms: from what an editor writes to addresses, each checked."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote

from selfservice.config import PACKAGE
from selfservice.publish.reading import schedule
from selfservice.publish.reading.body import body_of
from selfservice.publish.reading.markdown import EMBED, HREF, Document, Problem, plain_text
from selfservice.publish.reading.outside_addresses import is_outside, wrong_address
from selfservice.publish.reading.pictures import SUFFIXES, Pictures
from selfservice.site_config import FILE, SITE, did_you_mean, line_of
from selfservice.web.pages import TREE, question_address
from selfservice.web.publication import ALWAYS, Publication

FORMS = PACKAGE / "fragments"
_FILE = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|od[tsp]|zip|csv|txt|rtf|png|jpe?g|webp|svg|gif|mp[34])(?:$|\?)", re.IGNORECASE
)
_DOMAIN = re.compile(
    r"(?:[a-z0-9-]+\.)+(?:nl|com|org|eu|net|be|de|fr|uk|info|io|gov|edu|amsterdam|frl)(?:[/:?]|$)", re.IGNORECASE
)
# What is there beside pages and forms (app.py, publish/writing/files.py).
_NO_PAGES = ("/.well-known/", "/api/", "/theme/", "/sitemap.xml", "/robots.txt", "/health", "/live")
FormRenderer = Callable[[str, str], str]


class Links:
    """Resolves the links of pages, once all pages are known.

    `paths` and `anchors` are by language and key; a page of which they are not known has no anchors. `forms` are the
    known names; `embed` gives a form's start state. The questions of `trees` have pages of their own.
    """

    def __init__(
        self,
        paths: Mapping[tuple[str, str], str],
        anchors: Mapping[tuple[str, str], Collection[str]],
        forms: Collection[str],
        embed: FormRenderer,
        trees: Collection[tuple[str, str]] = (),
        pictures: Pictures | None = None,
        publications: Mapping[tuple[str, str], Publication] | None = None,
        day: dt.date = dt.date.min,
    ) -> None:
        self._paths = paths
        self._trees = trees
        self._anchors = anchors
        self.forms = forms
        self._embed = embed
        self._pictures = pictures
        self._publications = publications or {}
        self._day = day

    def target(self, lang: str, link: str, source: Publication = ALWAYS) -> str:
        """The address of `page.md`, `page.md#question` or `selfservice:name`; of a page that has ended, that of the one
        it names under `see:`. `source` says when the page with the link is shown. Raises KeyError with plain words.
        """
        if link.startswith("selfservice:"):
            return f"/{lang}/self-service/{self._form(link.removeprefix('selfservice:'))}"
        file, _, anchor = link.removeprefix("./").partition("#")
        key = file.removesuffix(".md")
        if (lang, key) not in self._paths or key == file:
            raise KeyError(self._no_page(lang, link))
        self._require_question(lang, key, anchor)
        self._require_shown(lang, key, source)
        return self._instead(lang, key) or question_address(
            self._paths[lang, key], anchor, tree=(lang, key) in self._trees
        )

    def has_page(self, lang: str, key: str) -> bool:
        """Whether there is such a page, whoever sees it."""
        return (lang, key) in self._paths

    def has_ends(self, lang: str, key: str) -> bool:
        """Whether there is a page that is not always shown."""
        return (lang, key) in self._publications and self._publications[lang, key] != ALWAYS

    def _publication(self, lang: str, key: str) -> Publication:
        return self._publications.get((lang, key), ALWAYS)

    def _require_shown(self, lang: str, key: str, source: Publication) -> None:
        if message := schedule.why_not(f"{key}.md", self._publication(lang, key), source, self._day):
            raise KeyError(message)

    def _ended(self, lang: str, link: str, source: Publication) -> str:
        """What to look at when a link leads to a page that has ended."""
        file = link.removeprefix("./").partition("#")[0]
        return schedule.ended(file, self._publication(lang, file.removesuffix(".md")), source, self._day)

    def _instead(self, lang: str, key: str, before: tuple[str, ...] = ()) -> str:
        """The address of the page that stands in for one that has ended; empty when there is none."""
        page = self._publication(lang, key)
        if page.state(self._day) != "ended" or not page.see or key in before:
            return ""
        file, _, anchor = page.see.partition("#")
        other = file.removesuffix(".md")
        if (lang, other) not in self._paths or self._publication(lang, other).state(self._day) in ("draft", "planned"):
            return ""
        if self._publication(lang, other).state(self._day) == "ended":
            return self._instead(lang, other, (*before, key))
        return question_address(self._paths[lang, other], anchor, tree=(lang, other) in self._trees)

    def ended(self) -> list[tuple[str, str]]:
        """The addresses of pages that have ended, each with that of the page to see in its place, or nothing."""
        shown = {path for place, path in self._paths.items() if self._publication(*place).is_shown(self._day)}
        return [
            (path, self._instead(*place))
            for place, path in self._paths.items()
            if self._publication(*place).state(self._day) == "ended" and path not in shown
        ]

    def _require_question(self, lang: str, key: str, anchor: str) -> None:
        known = self._anchors.get((lang, key))
        if anchor and known is not None and anchor not in known:
            near = did_you_mean(f"#{anchor}", [f"#{id_}" for id_ in known])
            raise KeyError(f"'{key}.md' has no question '#{anchor}'{near}")

    def _no_page(self, lang: str, link: str) -> str:
        """What is said of a link that leads to no page of the language: what may be meant."""
        path, hash_, anchor = link.partition("#")
        files = {key: f"{key}.md" for code, key in self._paths if code == lang}
        slugs = {path.split("/")[-2]: f"{key}.md" for (code, key), path in self._paths.items() if code == lang}
        name = re.sub(r"(?:\.(?:md|html?))?/?$", "", path.split("?")[0], flags=re.IGNORECASE)
        name = name.rpartition("/")[2].replace("%20", "-").lower()
        if file := files.get(name) or slugs.get(name):
            return f"'{link}' is no link to a page: write '{file}{hash_}{anchor}'"
        if name in self.forms:
            return f"'{link}' is no link to a form: write 'selfservice:{name}'"
        if "@" in path:
            return f"'{link}' is no address: write 'mailto:{link}'"
        if _FILE.search(path):
            is_picture = path.lower().endswith(SUFFIXES)
            return (
                f"'{link}' is a picture, to which no link leads: to show it put ! before the [" if is_picture else
                f"there is no file '{link}': only pages and pictures are published; give its whole address, https://…"
            )  # fmt: skip
        if path.startswith("www.") or _DOMAIN.match(path):
            return f"'{link}' is no whole address: write 'https://{link}'"
        return f"the link to '{path}' leads nowhere{did_you_mean(f'{name}.md', {**files, **slugs}.values())}"

    def _site_address(self, lang: str, link: str, source: Publication) -> str:
        """How a link that begins with / had better be written; empty for what is no page. Raises KeyError when nothing
        is there.
        """
        path, _, anchor = link.partition("#")
        path = path.partition("?")[0].rstrip("/").lower()
        if not path or path.startswith(_NO_PAGES):
            return ""
        form = re.fullmatch(r"/[a-z-]+/self-service/([a-z0-9-]+)(/.*)?", path)
        if form:
            self._form(form[1])
            return "" if form[2] else f"selfservice:{form[1]}"
        by_path = {path: place for place, path in self._paths.items()}
        place = by_path.get(f"{path}/")
        if place is None and (by_path.get(parent := path.rpartition("/")[0] + "/")) in self._trees:
            place, anchor = by_path[parent], path.rpartition("/")[2]
            anchor = "" if anchor == "all" else anchor
        if place is None:
            wanted = {path: f"{key}.md" for path, (code, key) in by_path.items() if code == lang}
            near = get_close_matches(f"{path}/", wanted, 1)
            hint = (
                f"; did you mean '{wanted[near[0]]}'?"
                if near
                else ": a page is linked by its file, such as 'contact.md'"
            )
            raise KeyError(f"there is no page '{link}'{hint}")
        self._require_question(*place, anchor)
        self._require_shown(*place, source)
        return f"{place[1]}.md" + (f"#{anchor}" if anchor else "")

    def _form(self, name: str) -> str:
        if name not in self.forms:
            if name not in (*SITE.forms, "search") and (FORMS / name.replace("-", "_") / "routes.py").is_file():
                raise KeyError(f"the form '{name}' is off in site.toml: take what leads to it away, or turn it on")
            here = f"; the forms are {', '.join(sorted(self.forms))}" if self.forms else "; none is on in site.toml"
            raise KeyError(f"there is no form 'selfservice:{name}'{did_you_mean(name, self.forms) or here}")
        return name

    def resolve(self, document: Document, lang: str, file: str) -> tuple[str, dict[str, str]]:
        """The page's HTML with live forms, real addresses and pictures, and the forms in it: what their links say, by
        name.

        What cannot be resolved is added to the document's problems.
        """
        embedded: dict[str, str] = {}
        told: dict[str, Problem] = {}  # by link
        source = self._publication(lang, file.rpartition("/")[2].removesuffix(".md"))

        def live(name: str, label: str) -> str:
            try:
                self._form(name)
            except KeyError as error:
                told[f"selfservice:{name}"] = Problem(file, 1, str(error.args[0]), see="forms")
                return ""
            embedded[name] = plain_text(label)
            if f'id="{name}"' in document.html:
                message = f"the id '{name}' is that of the form on this page; choose another for the question"
                document.problems.append(Problem(file, document.line_of("{#" + name + "}"), message, see="forms"))
            return self._embed(lang, name)

        def address(match: re.Match[str]) -> str:
            link = html.unescape(match[1])
            try:
                found, better = self._written(lang, link, source)
            except KeyError as error:
                see = "forms" if "selfservice" in str(error) else "links"
                told[link] = Problem(file, 1, str(error.args[0]), see=see)
                return match[0]
            if better:
                message = f"'{link}' may become another address: write '{better}'"
                told[link] = Problem(file, 1, message, error=False, see="links")
            elif message := self._ended(lang, link, source):
                told[link] = Problem(file, 1, message, error=False, see=schedule.SECTION)
            return match[0] if found is link else f'href="{html.escape(found)}"'

        text = self._pictures.resolve(document, lang, file) if self._pictures else document.html
        # Text, name, label, text, name, label, …: only the text is ours to look for addresses in.
        parts = EMBED.split(_with_buttons(text) if document.meta.get("kind") == TREE else text)
        resolved = [HREF.sub(address, parts[0])]
        for at in range(1, len(parts), 3):
            resolved += [live(parts[at], parts[at + 1]), HREF.sub(address, parts[at + 2])]
        for link, problem in told.items():
            document.problems += [replace(problem, line=line) for line in _lines(document, link)]
        return "".join(resolved), embedded

    def _written(self, lang: str, link: str, source: Publication) -> tuple[str, str]:
        """The address of a link in a page, and how it had better be written; nothing when it is right. Raises KeyError
        with plain words.
        """
        if is_own(link):
            return self.target(lang, link, source), ""
        if link[0] == "#":  # which is told of the page by itself
            return link, ""
        if is_outside(link):
            if wrong := wrong_address(link):
                raise KeyError(wrong)
            return link, ""
        if link[0] == "/":
            return link, self._site_address(lang, link, source)
        raise KeyError(self._no_page(lang, link))

    def check(self, document: Document, lang: str, file: str, link: str) -> str:
        """The address of a link in the front matter; what is wrong with it is added to the document's problems."""
        source = self._publication(lang, file.rpartition("/")[2].removesuffix(".md"))
        line = document.line_of(link)
        try:
            address = self.target(lang, link, source)
        except KeyError as error:
            document.problems.append(Problem(file, line, str(error.args[0]), see="links"))
            return ""
        if message := self._ended(lang, link, source):
            document.problems.append(Problem(file, line, message, error=False, see=schedule.SECTION))
        return address

    def broken_roles(self, content: Path) -> list[Problem]:
        """A problem for each page by role (site.toml) that leads nowhere in one of the languages."""
        found = []
        for role, link in SITE.pages.items():
            for lang in SITE.languages:
                try:
                    self.target(lang, link)
                except KeyError as error:
                    line = line_of(content, role, "pages")
                    found.append(Problem(f"content/{FILE}", line, f"'{role}' in {lang}: {error.args[0]}", see="site"))
        return found


def _lines(document: Document, link: str) -> list[int]:
    """The lines on which a link stands in a page."""
    body = body_of(document)
    wanted = unquote(link)
    found = [each for each in body.links if unquote(each.dest) in (wanted, wanted.removeprefix("mailto:"))]
    if found:
        return sorted({body.line(each.start) for each in found})
    # In a table from data; one in a tag of HTML is told for that.
    return [] if "<a " in body.source else [document.line_of(link)]


def _with_buttons(html: str) -> str:
    """HTML in which a form alone in a paragraph is a button that leads to it: so the pages of a tree, of which somebody
    sees several after each other, are light.
    """
    return EMBED.sub(r'<p><a class="button" href="selfservice:\1">\2</a></p>', html)


def is_own(link: str) -> bool:
    """Whether a link leads to a page or form of this site, as it is written best."""
    return link.startswith("selfservice:") or (link.partition("#")[0].endswith(".md") and "://" not in link)

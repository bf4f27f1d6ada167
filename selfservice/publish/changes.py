"""What a publication changed: two builds held against each other, by what is in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import unescape

from selfservice.builds import CONTENT, SITE, notes_of
from selfservice.publish.writing.former_files import hashed_files
from selfservice.web.moved import FILE as REDIRECTS
from selfservice.web.moved import canonical
from selfservice.web.theme import THEME_PREFIX

Addresses = tuple[str, ...]  # of one page, in each language
SECURITY = ".well-known/security.txt"  # which says how long it holds, so that each day's is another
OLD_ADDRESSES = "addresses.toml"  # which no page shows
MAX_LISTED = 10  # pages that changed only by something else than their text
_PAGE = "/index.html"
_COMPRESSED = (".br", ".gz")
_HASH = re.compile(rf"({THEME_PREFIX}[\w./-]*?)\.[0-9a-f]{{10}}(\.\w+)")
_URL = re.compile(r"<url><loc>([^<]*)</loc>(.*?)</url>", re.DOTALL)
_TWIN = re.compile(r'hreflang="[^"]*" href="([^"]*)"')
_WHEN = re.compile(r"^(status|publish|until):\s*[\"']?([\w-]+)", re.MULTILINE)
_SLUG = re.compile(r"^slug:\s*[\"']?([a-z0-9-]*)", re.MULTILINE)


def differences(old: Path, new: Path, leave_out: Iterable[str] = ()) -> set[str]:
    """The files, by their paths, that are in one of two folders only or are not the same in both. Compressed copies are
    not looked into: they are of the files beside them.
    """
    had, has = _files(old), _files(new)
    found = had.keys() ^ has.keys()
    for name in had.keys() & has.keys():
        if not name.endswith(_COMPRESSED) and not _is_same(had[name], has[name]):
            found.add(name)
    return found - set(leave_out)


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _is_same(one: Path, other: Path) -> bool:
    first, second = one.stat(), other.stat()
    if (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino):
        return True
    return first.st_size == second.st_size and one.read_bytes() == other.read_bytes()


@dataclass
class Changes:
    """What changed between two builds. Of each page its addresses, of each file its name without its hash."""

    new: list[Addresses] = field(default_factory=list)
    changed: list[Addresses] = field(default_factory=list)  # those whose text was edited
    moved: list[Addresses] = field(default_factory=list)  # from where to where
    gone: list[Addresses] = field(default_factory=list)
    others: list[Addresses] = field(default_factory=list)  # those that changed by something else: `reasons`
    reasons: list[str] = field(default_factory=list)
    hidden: list[tuple[str, Addresses]] = field(default_factory=list)  # edited, but not shown: why, and which
    files: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """What is told of it, a line each."""
        for what, pages in (("new", self.new), ("moved", self.moved), ("changed", self.changed), ("gone", self.gone)):
            for addresses in pages:
                yield f"  {what:<9}{'  '.join(addresses)}"
        for why, addresses in self.hidden:
            yield f"  {why:<16}{'  '.join(addresses)}"
        because = ", ".join(self.reasons)
        if self.others and (not because or len(self.others) > MAX_LISTED):
            count = sum(len(addresses) for addresses in self.others)
            causes = ["which name these"] * bool(self.edited) + [f"by {because}"] * bool(because)
            why = " or ".join(causes) or "by the layout or a setting"
            yield f"  changed  {count} {'other ' if self.edited else ''}{'page' if count == 1 else 'pages'}, {why}"
        else:
            for addresses in self.others:
                yield f"  changed  {'  '.join(addresses)}  by {because}"
        if self.files:
            yield f"  files    {'  '.join(self.files)}"
        if not (self.edited or self.hidden or self.others or self.files):
            yield f"  No page changed{f', only {because}' if because else ''}"

    @property
    def edited(self) -> list[Addresses]:
        """All pages that an editor changed."""
        return self.new + self.moved + self.changed + self.gone


def compare(old: Path, new: Path) -> Changes:
    """What a visitor may notice of the build `new` after `old`.

    A page whose files differ only in the names of style sheets, scripts and pictures is the same page: those are named
    by a hash of what is in them, and listed by themselves.
    """
    site = differences(old / SITE, new / SITE, {SECURITY})
    content = differences(old / CONTENT, new / CONTENT)
    before, after = _pages(old), _pages(new)
    edited = {address for build in (old, new) for address, source in _sources(build).items() if source in content}
    found = Changes()
    moved = _moved(new, before.keys() - after.keys(), after)
    found.new = _together(after, after.keys() - before.keys() - set(moved.values()))
    found.gone = _together(before, before.keys() - after.keys() - moved.keys())
    steps = _together(before, moved.keys())
    found.moved = [tuple(f"{old} to {moved[old]}" for old in addresses) for addresses in steps]
    differing = {
        address for address in after.keys() & before.keys()
        if f"{address.strip('/')}{_PAGE}" in site and _neutral(old, address) != _neutral(new, address)
    }  # fmt: skip
    by_text = {address for address in differing if _source_of(address, edited)}
    found.changed = _together(after, by_text)
    found.others = _together(after, differing - by_text)
    found.hidden = list(_hidden(new, content, after))
    found.reasons = [
        name for name in sorted(content)
        if not name.endswith(".md") and not (name == OLD_ADDRESSES and (found.edited or found.others))
    ]  # fmt: skip
    if notes_of(old).program != notes_of(new).program:
        found.reasons.append("another version of Loket")
    own = [hashed_files(build) - notes_of(build).former.keys() for build in (old, new)]
    found.files = sorted({_HASH.sub(r"\1\2", f"/{name}") for name in own[0] ^ own[1]})
    return found


def _pages(build: Path) -> dict[str, Addresses]:
    """The addresses of all pages, each with those of the same page in all languages, from the sitemap."""
    try:
        text = (build / SITE / "sitemap.xml").read_text("utf-8")
    except OSError:
        return {}
    found = {}
    for place, rest in _URL.findall(text):
        twins = tuple(_path(twin) for twin in _TWIN.findall(rest))
        found[_path(place)] = twins or (_path(place),)
    return found


def _moved(build: Path, gone: Iterable[str], pages: Mapping[str, Addresses]) -> dict[str, str]:
    """Where addresses of pages that are gone lead, of those that lead to a page."""
    try:
        table = json.loads((build / REDIRECTS).read_text("utf-8"))["moved"]
    except OSError:
        return {}
    found = {}
    for old in gone:
        by_language = table.get(canonical(old), {})
        target = by_language.get(old.split("/")[1]) or next(iter(by_language.values()), "")
        if target.partition("#")[0] in pages:
            found[old] = target.partition("#")[0]
    return found


def _path(url: str) -> str:
    return urlsplit(unescape(url)).path


def _together(pages: Mapping[str, Addresses], addresses: Iterable[str]) -> list[Addresses]:
    """These addresses, those of one page together."""
    wanted = set(addresses)
    return list(dict.fromkeys(tuple(one for one in pages[at] if one in wanted) for at in sorted(wanted)))


def _sources(build: Path) -> dict[str, str]:
    """The file of each page, by its address."""
    found = {}
    for path in (build / CONTENT).glob("*/*.md"):
        lang, key = path.parent.name, path.stem
        match = _SLUG.search(path.read_text("utf-8", "replace").partition("\n---")[0])
        slug = match[1] if match and match[1] else "" if key == "index" else key
        found[f"/{lang}/{slug}/" if slug else f"/{lang}/"] = f"{lang}/{path.name}"
    return found


def _hidden(build: Path, edited: Iterable[str], shown: Iterable[str]) -> Iterator[tuple[str, Addresses]]:
    """The pages that were edited and that visitors do not see: why not, and their addresses in each language."""
    pages: dict[str, dict[str, str]] = {}
    for address, source in _sources(build).items():
        pages.setdefault(source.partition("/")[2], {})[source] = address
    day = notes_of(build).day
    for sources in pages.values():
        if not sources.keys() & set(edited) or set(sources.values()) & set(shown):
            continue
        says: dict[str, str] = {}
        for source in sources:
            front = (build / CONTENT / source).read_text("utf-8", "replace").partition("\n---")[0]
            says |= dict(_WHEN.findall(front))
        first = says.get("publish", "")
        why = "draft" if says.get("status") == "draft" else f"from {first}" if first > day else "ended"
        yield why, tuple(sources[source] for source in sorted(sources))


def _source_of(address: str, edited: set[str]) -> bool:
    """Whether the page at this address, or that of the tree which it is a question of, was edited."""
    parts = address.strip("/").split("/")
    return address in edited or any(f"/{'/'.join(parts[:count])}/" in edited for count in range(2, len(parts)))


def _neutral(build: Path, address: str) -> str:
    """A page without the hashes in the names of other files."""
    return _HASH.sub(r"\1\2", (build / SITE / address.strip("/") / "index.html").read_text("utf-8"))

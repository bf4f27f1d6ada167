"""What stands around the text of pages: rendered once for all that have the same around them, with places left open for
what each says of itself. Of a page in a large site that takes most of the time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jinja2

from selfservice.facts.facts import Facts
from selfservice.web.escaping import escape_output

# Characters of no text. A page that has one all the same is rendered as a whole.
_OPEN, _CLOSE = "\uf8e0", "\uf8e1"
_PLACE = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


@dataclass(frozen=True)
class _Frame:
    parts: list[str]  # text, name of what goes behind it, text, name, …
    chrome: Any  # the macros, for the text of the page
    facts: frozenset[str]  # that it shows


class PageFrames:
    """The frames of pages whose template is made for it: all that it shows of one page stands in its block `main`, but
    for title, description and addresses.
    """

    TEMPLATE = "page"

    def __init__(self, env: jinja2.Environment, facts: Facts) -> None:
        self._env = env
        self._facts = facts
        self._template = env.get_template(f"{self.TEMPLATE}.html")
        self._in_menus: dict[str, set[str]] = {}
        self._frames: dict[tuple[object, ...], _Frame | None] = {}

    def render(self, variables: Mapping[str, Any]) -> str:
        """The page, the same as its template makes of these variables."""
        own, lang = _own(variables), variables["lang"]
        if lang not in self._in_menus:
            self._in_menus[lang] = {link.path for section in variables["nav"] for link in section["pages"]}
        if variables["path"] in self._in_menus[lang]:
            return self._template.render(variables)  # it is marked there
        shown = (name for name, value in own.items() if value)
        key = (lang, *shown, variables["has_form"], *variables["breadcrumbs"])
        if key not in self._frames:
            self._frames[key] = None
            whole = self._template.render(variables)
            made = self._make(variables, own)
            if self._filled(made, variables, own) == whole:
                self._frames[key] = made
            return whole
        frame = self._frames[key]
        return (frame and self._filled(frame, variables, own)) or self._template.render(variables)

    def _make(self, variables: Mapping[str, Any], own: Mapping[str, str]) -> _Frame:
        used, self._facts.used = self._facts.used, set()
        try:
            opened = dict(variables)
            for name, value in own.items():
                opened[name] = f"{_OPEN}{name}{_CLOSE}" if value else value
            opened["alternates"] = {code: opened[f"to {code}"] for code in variables["alternates"]}
            # A macro that shows what is the page's own is found out by that.
            chrome = self._env.get_template("macros/chrome.html").make_module(opened)
            main = self._main(opened, chrome)
            before, _, after = self._template.render(opened).partition(main)
            facts = frozenset(self._facts.used)
        finally:
            self._facts.used |= used
        return _Frame(_PLACE.split(f"{before}{_OPEN}{_CLOSE}{after}"), chrome, facts)

    def _main(self, variables: Mapping[str, Any], chrome: Any) -> str:
        context = self._template.new_context({**variables, "chrome": chrome})
        return "".join(self._template.blocks["main"](context))

    def _filled(self, frame: _Frame, variables: Mapping[str, Any], own: Mapping[str, str]) -> str:
        """The page in the frame; nothing when it does not go into it."""
        main = self._main(variables, frame.chrome)
        if _OPEN in main:
            return ""
        self._facts.used |= frame.facts
        values = {name: escape_output(value) for name, value in own.items()}
        values[""] = main
        parts = frame.parts.copy()
        parts[1::2] = [values[name] for name in parts[1::2]]
        return "".join(parts)


def _own(variables: Mapping[str, Any]) -> dict[str, str]:
    """What the frame shows of the page itself."""
    names = ("title", "description", "path", "canonical")
    return {name: variables[name] for name in names} | {
        f"to {code}": path for code, path in variables["alternates"].items()
    }

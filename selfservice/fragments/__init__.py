"""The forms: one folder each, named in its address, its markdown link, its templates and its test alike."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from flask import Blueprint

from selfservice.site_config import FILE, SITE, SiteError, did_you_mean, line_of
from selfservice.web import authentication, labels

# For a demonstration only.
DEMO = ("mailbox", "what-to-try")


def _discover() -> dict[str, Blueprint]:
    """The blueprint of each folder here, by the name of its form."""
    found = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        package = importlib.import_module(module.name)
        routes = package if hasattr(package, "blueprint") else importlib.import_module(f"{module.name}.routes")
        name = module.name.rpartition(".")[2].replace("_", "-")
        found[name] = routes.blueprint
        if title := getattr(importlib.import_module(f"{module.name}.routes"), "title", None):
            labels.TITLES[name] = title
    return found


ALL = _discover()
DEMO_FRAGMENTS = {name: ALL.pop(name) for name in DEMO}
# These stand on every page, or below every help page, and need no link to be there.
ON_ALL_PAGES = ("search", "useful")
# Those of this site.
FRAGMENTS = {name: blueprint for name, blueprint in ALL.items() if name == "search" or name in SITE.forms}
# These lead to each other, in their pages and their mails; to them lead all others that need an access code.
ACCESS_CODES = (
    *("access-code", "request-status", "lost-access-code", "replacement-password"),
    *("sign-in", "my", "change-password", "devices"),
)
# These too, which also need those.
ACCOUNTS = ("account", "account-create", "account-password")


def require_forms(content: Path) -> None:
    """Raise ConfigError, with its line in site.toml, for a form that is not there, or one that is on while a form that
    it leads to is off.
    """
    for name in SITE.forms:
        if name not in ALL or name == "search":
            message = f"there is no form '{name}' to choose{did_you_mean(name, set(ALL) - {'search'})}"
            raise SiteError(FILE, line_of(content, name), message)
        needs_codes = name in (*ACCESS_CODES, *ACCOUNTS, "which-situation") or name in authentication.personal_forms()
        needed = (ACCESS_CODES if needs_codes else ()) + (ACCOUNTS if name in (*ACCOUNTS, "account-email") else ())
        if missing := [other for other in needed if other not in SITE.forms]:
            message = f"the form '{name}' leads to '{missing[0]}', which is off: have both, or neither"
            raise SiteError(FILE, line_of(content, name), message)

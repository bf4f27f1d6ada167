"""The way on from an address that nothing has: an old one, as the build wrote them down
(publish/reading/addresses.py), or one that is written nearly as an address of ours is.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from flask import Response, current_app, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.urls import iri_to_uri

from selfservice.config import Config
from selfservice.i18n.languages import current_language
from selfservice.web import rendering

FILE = "redirects.json"  # in a build
_QUERY_CHARACTERS = "%/:?@!$&'()*+,;=-._~"


@dataclass(frozen=True)
class SeeInstead:
    """What has a page's place: its address and title; both are empty where nothing has."""

    url: str = ""
    title: str = ""


@dataclass(frozen=True)
class OldAddresses:
    """What stood at addresses (as `canonical` writes them), and is gone or moved: by language, since an address that
    names none may lead to each visitor's own.
    """

    moved: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    gone: Mapping[str, Mapping[str, SeeInstead]] = field(default_factory=dict)


def canonical(path: str) -> str:
    """One way to write an address: capitals, a slash at its end and how an accent is written make no other one."""
    return unicodedata.normalize("NFC", path).lower().rstrip("/")


def old_addresses(build: Path) -> OldAddresses:
    """Those of a build; none before there is one, or when they cannot be read: nobody who is lost is to get an error.
    They are read again when the build was made anew.
    """
    try:
        found = (build / FILE).stat()
        return _read(build / FILE, found.st_mtime_ns, found.st_ino)
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return OldAddresses()


@lru_cache(4)
def _read(path: Path, _changed: int, _inode: int) -> OldAddresses:
    table = json.loads(path.read_bytes())
    gone = {old: {lang: SeeInstead(*see) for lang, see in by.items()} for old, by in table["gone"].items()}
    moved = {old: {lang: str(address) for lang, address in by.items()} for old, by in table["moved"].items()}
    return OldAddresses(moved, gone)


def way_on(config: Config) -> Response | None:
    """The answer that leads on from the address that was asked for, when it is known where."""
    old, path, lang = old_addresses(config.published), canonical(request.path), current_language()
    if by_language := old.moved.get(path):
        address = by_language.get(lang) or next(iter(by_language.values()))
        if len(by_language) == 1:
            return _moved(address)
        response = _moved(address, 302)
        response.vary.add("Accept-Language")
        return response
    tidied = _tidied(request.path)
    return _moved(tidied) if tidied and tidied != request.path else None


def see_instead(config: Config) -> SeeInstead | None:
    """What to see in the place of the address that was asked for, when that is gone for good."""
    by_language = old_addresses(config.published).gone.get(canonical(request.path))
    return None if by_language is None else by_language.get(current_language(), SeeInstead())


def _moved(address: str, status: int = 301) -> Response:
    """To an address, with the query that came along. (Not to another site's: it was said to us.)"""
    query = quote(request.query_string.decode("latin-1"), safe=_QUERY_CHARACTERS)
    if query and address.startswith("/"):
        path, mark, question = address.partition("#")
        address = f"{path}?{query}{mark}{question}"
    if rendering.wants_fragment():
        # A 301 would be followed by the script's own request, and a whole page put into the panel.
        return Response(status=204, mimetype="text/plain", headers={"HX-Redirect": iri_to_uri(address)})
    answer = redirect(address, status)
    assert isinstance(answer, Response)
    return answer


def _tidied(path: str) -> str | None:
    """The address of ours that this one is but for capitals, underscores, or a slash at its end."""
    plain = path.rstrip("/")
    tidy = plain.lower().replace("_", "-")
    if rendering.layout_context().has_page(f"{tidy}/"):
        return f"{tidy}/"
    if _is_form(tidy, without_values=True):
        return tidy
    # What stands behind a form's address may be a secret, in which a capital is one.
    return quote(plain) if _is_form(plain, without_values=False) else None


def _is_form(path: str, *, without_values: bool) -> bool:
    adapter = current_app.url_map.bind("")
    try:
        rule, values = adapter.match(path, "GET", return_rule=True)
    except HTTPException:
        return False
    return "/self-service/" in rule.rule and "lang" in values and (len(values) == 1 or not without_values)

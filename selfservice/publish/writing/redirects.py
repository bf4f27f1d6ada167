"""Old addresses in a build: a list for the app, which leads on from them, and for hosts that only serve files a small
page at each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from selfservice.i18n.languages import DEFAULT_LANGUAGE, using_language
from selfservice.publish.reading.addresses import Addresses, language_of_address
from selfservice.publish.writing.outputs import Outputs
from selfservice.site_config import SITE
from selfservice.static_files import INDEX, MOVED_SUFFIX
from selfservice.web.moved import FILE, SeeInstead


def write_redirects(app: Flask, addresses: Addresses, build: Path, outputs: Outputs) -> None:
    """Write the list into the build, and the pages beside those of the site."""
    table = {
        "moved": {old: {lang: see.url for lang, see in by.items()} for old, by in addresses.moved.items()},
        "gone": {old: {lang: [see.url, see.title] for lang, see in by.items()} for old, by in addresses.gone.items()},
    }
    (build / FILE).write_text(json.dumps(table, ensure_ascii=False, sort_keys=True), "utf-8")
    for old, by_language in addresses.moved.items():
        path = addresses.written[old]
        place = path.lstrip("/") if path.endswith((".html", ".htm")) else f"{path.strip('/')}/{INDEX}".lstrip("/")
        if _can_stand(outputs.site / place, outputs.site):
            outputs.write(place, _page(app, path, by_language).encode())
            outputs.write(place + MOVED_SUFFIX, b"")


def _can_stand(file: Path, site: Path) -> bool:
    """Whether there is room for a file: two old addresses may be a folder and a file of one name."""
    folders = (folder for folder in file.parents if folder.is_relative_to(site))
    return not file.exists() and all(folder.is_dir() or not folder.exists() for folder in folders)


def _page(app: Flask, path: str, by_language: Mapping[str, SeeInstead]) -> str:
    only = next(iter(by_language)) if len(by_language) == 1 else None
    lang = language_of_address(path) or only or DEFAULT_LANGUAGE
    base_url = app.config["BASE_URL"]
    places = [
        {"lang": code, "url": see.url, "title": see.title, "canonical": base_url * see.url.startswith("/") + see.url}
        for code, see in sorted(by_language.items(), key=lambda each: each[0] != lang)
    ]
    with using_language(lang):
        template = app.jinja_env.get_template("moved.html")
        return template.render(lang=lang, site_name=SITE.name[lang], places=places)

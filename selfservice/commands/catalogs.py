"""`loket catalogs`: the translations, taken from the source, held against it, and compiled."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from selfservice.config import ROOT, site_folder
from selfservice.i18n.catalogs import CATALOGS, catalog, catalog_folder
from selfservice.i18n.languages import LANGUAGES, SOURCE_LANGUAGE

TEMPLATE = CATALOGS / "messages.pot"
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
OPTIONS = {"**.html": {"extensions": "jinja2.ext.do", "trimmed": "true", "silent": "false"}}
OPTIONS["**.txt"] = OPTIONS["**.html"]
KEYWORDS = {
    "_": None,
    "N_": (1, 2),
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}


class CatalogError(Exception):
    """A catalog cannot be used; the message says which and why."""


def translated_languages() -> list[str]:
    """The languages that have a catalog to edit: all but the one the source is written in. None where Loket was
    installed from a wheel, which holds them compiled.
    """
    return [code for code in LANGUAGES if code != SOURCE_LANGUAGE and catalog_file(code).exists()]


def catalog_file(code: str) -> Path:
    """The catalog that translators edit."""
    return catalog_folder(code) / "messages.po"


def compile_stale() -> None:
    """Compile each catalog that changed since it was last compiled. Raises CatalogError."""
    for code in translated_languages():
        po = catalog_file(code)
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        with po.open("rb") as file:
            translations = read_po(file, locale=code)
        if errors := [f"line {message.lineno}: {error}" for message, found in translations.check() for error in found]:
            raise CatalogError(f"translations/{code}/LC_MESSAGES/messages.po: {'; '.join(errors)}")
        buffer = io.BytesIO()
        write_mo(buffer, translations)
        # In one move: several processes may start at once.
        fresh = mo.with_suffix(f".{os.getpid()}.new")
        fresh.write_bytes(buffer.getvalue())
        fresh.replace(mo)
        catalog.cache_clear()


def extract() -> Catalog:
    """Every text in the source, as an empty catalog."""
    catalog = Catalog(project="Loket", copyright_holder="Loket", charset="utf-8")
    for folder in ("selfservice", "site/templates"):
        found = extract_from_dir(ROOT / folder, METHODS, OPTIONS, KEYWORDS, comment_tags=("Translators:",))
        for file, line, message, comments, context in sorted(found, key=lambda row: (row[0], row[1])):
            catalog.add(message, None, [(f"{folder}/{file}", line)], auto_comments=comments, context=context)
    return catalog


def updated_files(template: Catalog) -> dict[Path, bytes]:
    """messages.pot and each catalog as they are after an update: new texts empty, texts no longer used removed. A new
    language gets one in the site's folder.
    """
    files = {TEMPLATE: _to_bytes(template)}
    for code in LANGUAGES:
        if code != SOURCE_LANGUAGE and not catalog_folder(code).exists():
            begun = Catalog(locale=code, project="Loket", copyright_holder="Loket", charset="utf-8")
            begun.update(template, no_fuzzy_matching=True)
            files[site_folder(os.environ) / "translations" / code / "LC_MESSAGES" / "messages.po"] = _to_bytes(begun)
    for code in translated_languages():
        with catalog_file(code).open("rb") as file:
            catalog = read_po(file, locale=code)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        files[catalog_file(code)] = _to_bytes(catalog)
    return files


def update() -> None:
    """Write messages.pot anew and bring each catalog up to it."""
    for path, content in updated_files(extract()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def translate(code: str, texts: Mapping[str, str]) -> None:
    """Fill in the translations of these texts, where the catalog of the language has none yet."""
    with catalog_file(code).open("rb") as file:
        catalog = read_po(file, locale=code)
    for message in catalog:
        if message.id in texts and not message.string:
            message.string = texts[str(message.id)]
    catalog_file(code).write_bytes(_to_bytes(catalog))


def _to_bytes(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    # By text, without places: code that moves then moves no entry.
    write_po(buffer, catalog, width=110, sort_output=True, no_location=True, ignore_obsolete=True)
    # Dates in the header would make every update a difference.
    lines = buffer.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if b"-Date:" not in line and b"Generated-By" not in line)


def problems(template: Catalog, source_of: Callable[[str], Path] = catalog_file) -> list[str]:
    """What is wrong with the catalogs, one line each: texts of `extract` missing, no longer used, or not translated."""
    wanted = {_key(message): message for message in template if message.id}
    found = []
    for code in translated_languages():
        path = f"translations/{code}/LC_MESSAGES/messages.po"
        with source_of(code).open("rb") as file:
            catalog = read_po(file, locale=code)
        had = {_key(message): message for message in catalog if message.id}
        found += [
            f"{path}: not in the catalog: {key[1]!r}; run `loket catalogs --update`"
            for key in wanted.keys() - had.keys()
        ]
        found += [
            f"{path}: no longer used: {key[1]!r}; run `loket catalogs --update`" for key in had.keys() - wanted.keys()
        ]
        for message in had.values():
            texts = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
            if message.fuzzy or not all(texts):
                found.append(f"{path}:{message.lineno}: not translated: {message.id!r}")
            found += [f"{path}:{message.lineno}: {error}" for error in message.check(catalog)]
    return sorted(found)


def _key(message: object) -> tuple[str | None, str]:
    one = getattr(message, "id", "")
    return getattr(message, "context", None), one if isinstance(one, str) else one[0]


@click.command("catalogs")
@click.option("--update", "renew", is_flag=True, help="Take new texts from the source into the catalogs.")
def command(renew: bool) -> None:
    """Compile the translations; with --update first bring them up to the source."""
    if renew:
        update()
    compile_stale()
    for line in problems(extract()):
        click.echo(line)

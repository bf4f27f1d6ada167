"""A person's data as one ZIP: `data.json` for programs and `data.html` to read, both made of the same sections."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from flask import current_app
from markupsafe import Markup

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.formats import format_date, format_money, format_timestamp
from selfservice.i18n.languages import TIMEZONE, current_language
from selfservice.personal_sections import Choice, Section, Value
from selfservice.site_config import SITE
from selfservice.web.services import services

# For what there is not.
NOTHING = "–"


def write(path: Path, sections: Sequence[Section], now: datetime) -> None:
    """Write the ZIP of these sections to `path`, in the language in force."""
    base_url = current_app.config["BASE_URL"]
    links = {section.key: f"{base_url}{section.link}" for section in sections if section.link}
    head = {"site": SITE.name[current_language()], "made_at": now, "whole_list": links}
    page = services().templates.get_template("account_data/data.html")
    zone = TIMEZONE.key.rpartition("/")[2].replace("_", " ")
    html = page.stream(sections=sections, links=links, now=now, shown=shown, site=head["site"], zone=zone)
    # Fewer and larger pieces are packed in half the time.
    html.enable_buffering(1000)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, pieces in (("data.json", _json(head, sections)), ("data.html", html)):
            _add(archive, name, pieces, now)


def _add(archive: ZipFile, name: str, pieces: Iterable[str], now: datetime) -> None:
    entry = ZipInfo(name, now.astimezone(TIMEZONE).timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    with archive.open(entry, "w") as file:
        for piece in pieces:
            file.write(piece.encode())


def _json(head: Mapping[str, Any], sections: Sequence[Section]) -> Iterator[str]:
    """One object: what this is, and of each section its records, one on a line."""
    yield "{\n"
    for name, value in head.items():
        yield f"{json.dumps(name)}: {_exact(value)},\n"
    yield '"data": {'
    for number, section in enumerate(sections):
        records = ",\n".join(_exact(record) for record in section.records)
        yield f"{',' if number else ''}\n{json.dumps(section.key)}: [\n{records}\n]"
    yield "\n}\n}\n"


def _exact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: datetime | date | Decimal | Choice) -> str:
    """A value that JSON has no kind for: moments in UTC and days as in ISO 8601, amounts with their cents."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value.code if isinstance(value, Choice) else str(value)


def shown(value: Value) -> str:
    """A value in words, in the language in force. What people typed is kept from turning the text around it."""
    if isinstance(value, str | tuple):
        lines = (value,) if isinstance(value, str) else value
        return Markup("<br>").join(Markup('<bdi translate="no">{}</bdi>').format(line) for line in lines) or NOTHING
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, date):
        return format_date(value)
    if isinstance(value, Decimal):
        return format_money(value)
    return NOTHING if value is None else value.words

"""Templates: what is filled in is escaped, by our compiler just as by Jinja's own."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from flask import Flask
from markupsafe import Markup, escape

from selfservice.i18n.catalogs import lazy_gettext
from selfservice.web.layout import JINJA_OPTIONS

HOSTILE = "<script>alert(\"1\")</script> & 'x'"


class _Name(str):
    __slots__ = ()


class _Html:
    def __html__(self) -> str:
        return "<b>bold</b>"

    def __str__(self) -> str:
        return HOSTILE


VALUES = [HOSTILE, _Name(HOSTILE), Markup("<b>%s</b>") % HOSTILE, _Html(), [HOSTILE], None, 12, lazy_gettext("<&>")]
TEMPLATES = [
    "{{ value }}",
    "{{ value ~ value }}{{ value|safe }}",
    '<a title="{{ value }}"{{ {"name": value}|xmlattr }}>{% if value %}{{ value }}{% endif %}</a>',
    "{% set kept %}<i>{{ value }}</i>{% endset %}{{ kept }}",
    "{% macro bold(text) %}<b>{{ text }}{{ caller() }}</b>{% endmacro %}{% call bold(value) %}{{ value }}{% endcall %}",
    "{% for each in [value, 'x'] %}{{ each }}{% endfor %}{{ [value]|join('<') }}",
    "{% filter upper %}{{ value }}{% endfilter %}{{ {'a': value} }}",
    "{% autoescape false %}{{ value }}{% endautoescape %}{{ value }}",
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("text", TEMPLATES)
def test_as_jinja_does(app: Flask, text: str, value: Any) -> None:
    """The same bytes as a plain environment makes, of texts, of what is HTML already, and of anything else."""
    plain = jinja2.Environment(**JINJA_OPTIONS).from_string(text)
    assert plain.render(value=value) == app.jinja_env.from_string(text).render(value=value)


def test_hostile_text(app: Flask) -> None:
    """What somebody typed opens no element and leaves no attribute."""
    shown = app.jinja_env.from_string('<p title="{{ name }}">{{ name }}</p>').render(name=HOSTILE)
    assert f'<p title="{escape(HOSTILE)}">{escape(HOSTILE)}</p>' == shown
    assert "<script" not in shown

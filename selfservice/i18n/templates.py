"""Gettext and format filters for Jinja templates."""

from __future__ import annotations

import re
from functools import lru_cache

import jinja2
from markupsafe import Markup, escape

from selfservice.i18n.catalogs import catalog
from selfservice.i18n.formats import format_date, format_money, format_timestamp
from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGE_NAMES, current_language, language_of

# References and access codes as they are written, IBANs in groups and e-mail addresses, masked or not.
_CODES = re.compile(
    r"\b(?:[A-Z0-9]{4}(?:-[A-Z0-9]{4})+|[A-Z]{2}[0-9]{2}(?: (?:[A-Z0-9]{1,4}|••••))+)(?![\w-])"
    r"|(?<![\w.+•-])[\w.+•-]+@[\w-]+(?:\.[\w-]+)+"
)


def mark_codes(text: str) -> Markup:
    """The text with each code in it marked as nobody's to translate: a browser makes words of some."""
    return Markup(_CODES.sub(r'<span translate="no">\g<0></span>', str(escape(text))))  # noqa: S704 (escaped)


@lru_cache(maxsize=4096)
def _cached_gettext(code: str, message: str) -> Markup:
    return Markup(catalog(code).gettext(message) % {})  # noqa: S704 (a text of ours; Jinja's gettext does the same)


@jinja2.pass_eval_context
def _template_gettext(evaluation: jinja2.nodes.EvalContext, message: str, /, **variables: object) -> str:
    """`_` in templates, as Jinja's own 'newstyle' gettext: the text is ours, what is filled in is escaped."""
    if variables or not evaluation.autoescape:
        text = catalog(current_language()).gettext(message)
        return (Markup(text) if evaluation.autoescape else text) % variables  # noqa: S704
    return _cached_gettext(current_language(), message)


def install_translations(env: jinja2.Environment) -> None:
    """Install gettext and the format filters in a Jinja environment, using the current language when it renders."""
    env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: catalog(current_language()).gettext(text),
        lambda one, many, number: catalog(current_language()).ngettext(one, many, number),
        newstyle=True,
        pgettext=lambda context, text: catalog(current_language()).pgettext(context, text),
        npgettext=lambda context, one, many, number: catalog(current_language()).npgettext(context, one, many, number),
    )
    # Most of a template's texts by far; Jinja's own way takes six calls for each.
    env.globals["_"] = _template_gettext
    env.globals["languages"] = LANGUAGE_NAMES
    env.globals["language_of"] = language_of
    env.globals["default_language"] = DEFAULT_LANGUAGE
    env.filters["date"] = format_date
    env.filters["moment"] = format_timestamp
    env.filters["money"] = format_money
    env.filters["codes"] = mark_codes

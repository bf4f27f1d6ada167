"""What happens before and after every request, in this order."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Flask, current_app, request
from werkzeug.routing import Rule

from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES, SOURCE_LANGUAGE, current_language, set_language
from selfservice.web import cookies
from selfservice.web.rendering import check_cookie
from selfservice.web.request import LanguageConverter, StrictRequest, is_api
from selfservice.web.security import (
    abort_refused,
    refuse_foreign_hosts,
    refuse_foreign_posts,
    refuse_invalid_parameters,
    set_headers,
)


class LazyRule(Rule):
    """A route that is compiled for url_for when it is first needed."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """What url_for calls, compiled at its first call: for all rules together that was a tenth of a start."""
        compiled = cache(super()._compile_builder)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compiled(append_unknown)(rule, **values)

        return build


def init_app(app: Flask) -> None:
    """Put the shared rules in force for every route of the app."""
    app.request_class = StrictRequest
    app.url_rule_class = LazyRule
    app.url_map.converters["lang"] = LanguageConverter
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_give_language)
    app.before_request(_choose_language)
    app.before_request(refuse_foreign_hosts)
    app.before_request(abort_refused)
    app.before_request(refuse_foreign_posts)
    app.before_request(refuse_invalid_parameters)
    app.before_request(check_cookie)
    app.after_request(set_headers)
    app.after_request(cookies.send)


def _take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Views need no `lang` argument: the language is in force before they run."""
    if values:
        values.pop("lang", None)


def _give_language(endpoint: str, values: dict[str, Any]) -> None:
    """Nor do they say it in url_for."""
    if "lang" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "lang"):
        values["lang"] = current_language()


def _choose_language() -> None:
    first = request.path.lstrip("/").partition("/")[0].lower()
    set_language(first if first in LANGUAGES else _accepted_language())


def _accepted_language() -> str:
    """The language of ours that is liked best; who asks for en-GB reads en. Who names none of ours gets the site's own,
    but a program English: its makers read it, not visitors.
    """
    codes = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    other = SOURCE_LANGUAGE if is_api() else DEFAULT_LANGUAGE
    return next((code for code in codes if code in LANGUAGES), other)

"""Page or fragment, and what surrounds it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, redirect, render_template, request
from htmx_flask.requests import HtmxHeaders
from markupsafe import escape

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, current_language
from selfservice.web import cookies
from selfservice.web.layout import LayoutContext


def layout_context() -> LayoutContext:
    """What surrounds the pages of this app."""
    found: LayoutContext = current_app.extensions["layout"]
    return found


def wants_fragment() -> bool:
    """Whether htmx asks for a piece of the page in front of the visitor.

    htmx also says HX-Request when it restores a page from history, or boosts a link: then a whole page is wanted.
    """
    htmx = _htmx()
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


def htmx_page_path() -> str:
    """The path of the page from which htmx asks; empty when the browser itself does."""
    try:
        return urlsplit(_htmx().current_url or "").path
    except ValueError:  # anybody can send what is no address
        return ""


def _htmx() -> HtmxHeaders:
    found: HtmxHeaders = request.htmx  # type: ignore[attr-defined]  # our request class has it
    return found


def render(
    template: str,
    *,
    title: str,
    status: int = 200,
    error: bool = False,
    switch_form: str | None = None,
    header: bool = False,
    **variables: Any,
) -> Response:
    """Answer the fragment, or the whole page around the very same fragment. The only place that chooses.

    `title` is the page's name; with `error` its <title> says so first. `switch_form` is the id of a form that the
    language switch submits, so that what was typed travels along. With `header` a fragment brings along what the
    header of the page around it says of who is signed in, since that may have changed.
    """
    head_title = gettext("Error: %(title)s", title=title) if error else title
    variables |= {"title": title, "head_title": head_title}
    if wants_fragment():
        head = escape(f"{head_title} – {site_name()}")
        body = f"<title>{head}</title>\n{render_template(template, **variables)}"
        if header:
            body += render_template("account.html", lang=current_language())
        return Response(body, status, mimetype="text/html")
    page: dict[str, Any] = {
        "fragment_template": template,
        "switch_form": switch_form,
        "robots_noindex": request.method != "GET" or status != 200 or bool(request.query_string),
        "has_form": True,
        "breadcrumbs": [],
        "description": "",
    }
    return Response(
        render_template("fragment_page.html", **(page | layout_variables() | variables)), status, mimetype="text/html"
    )


def same_for_all(view: Callable[[], Response]) -> Callable[[], Response]:
    """Render a start view once for each language and shape, and answer the same from then on.

    A start view touches no cookie, database, session or clock, so that it can be baked; that is why it can be kept too.
    Who comes with a cookie may be signed in, and what a query asks for is its own: they get theirs rendered.
    """

    @wraps(view)
    def answer() -> Response:
        if cookies.value() is not None or request.query_string or request.method != "GET":
            return view()
        kept: dict[tuple[str, str, bool], bytes] = current_app.extensions.setdefault("same_for_all", {})
        key = (request.path, current_language(), wants_fragment())
        if key not in kept:
            kept[key] = view().get_data()
        return Response(kept[key], mimetype="text/html")

    return answer


def layout_variables() -> dict[str, Any]:
    """What the layout wants to know of the address being answered."""
    lang = current_language()
    alternates = {code: in_language(code) for code in LANGUAGES}
    return layout_context().variables(lang, alternates[lang], alternates)


def site_name() -> str:
    """The name of the site in the language in force."""
    return layout_context().site.name[current_language()]


def in_language(code: str) -> str:
    """The address being answered, in another language."""
    head = request.path.lstrip("/").partition("/")[0]
    return path_in_language(code, request.path) if head in LANGUAGES else f"/{code}/"


def path_in_language(code: str, path: str) -> str:
    """A path of this site in another language, when it is one that has languages."""
    head, slash, rest = path.lstrip("/").partition("/")
    return f"/{code}{slash}{rest}" if head in LANGUAGES else path


def see(address: str) -> Response:
    """Send the browser on to the next address of ours with a GET (303)."""
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    return answer


def switches_language() -> bool:
    """Whether the form was sent by the language switch: to be shown again as it is, in this language."""
    return "switch_language" in request.form

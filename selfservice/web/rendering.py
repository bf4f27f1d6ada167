"""Page or fragment, and what surrounds it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from flask import Response, current_app, g, redirect, render_template, request
from htmx_flask.requests import HtmxHeaders
from markupsafe import escape
from werkzeug.urls import iri_to_uri

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, current_language
from selfservice.site_config import SITE
from selfservice.web import cookies
from selfservice.web.layout import LayoutContext, path_in_language

# In an address: a cookie was just sent with the answer that led here. Who comes without one does not take cookies.
BEGUN = "begun"


class RenderedForm(Protocol):
    """What a page needs to know of the form that stands on it (web/forms.py)."""

    status: int

    @property
    def id(self) -> str:
        """The id of the form's element."""

    @property
    def action(self) -> str:
        """Where it is sent to, in the current language."""

    @property
    def has_fields(self) -> bool:
        """Whether anything can be filled in."""


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


def asking_page() -> SplitResult:
    """The address of the page from which was asked: by htmx with the question that it shows, else as Referer; empty
    when neither says.
    """
    try:
        return urlsplit(_htmx().current_url or request.referrer or "")
    except ValueError:  # anybody can send what is no address
        return urlsplit("")


def _htmx() -> HtmxHeaders:
    found: HtmxHeaders = request.htmx  # type: ignore[attr-defined]  # our request class has it
    return found


def render(
    template: str,
    *,
    title: str,
    status: int = 200,
    form: RenderedForm | None = None,
    switches: bool = True,
    header: bool = False,
    **variables: Any,
) -> Response:
    """Answer the fragment, or the whole page around the very same fragment. The only place that chooses.

    `title` is the page's name. `form` is the form that it is about: it says the status, and if something is wrong the
    <title> says so first; the language switch submits it, so that what was typed travels along (if it `switches`).
    With `header` a fragment brings along what the header of the page around it says of who is signed in, since that may
    have changed.
    """
    is_wrong = form is not None and form.status >= 400
    head_title = gettext("Error: %(title)s", title=title) if is_wrong else title
    status = form.status if form is not None and form.status != 200 else status
    variables |= {"title": title, "head_title": head_title, "form": form}
    if wants_fragment():
        head = escape(f"{head_title} – {site_name()}")
        body = f"<title>{head}</title>\n{render_template(template, **variables)}"
        if header:
            body += render_template("account.html", lang=current_language(), beside=True)
        return Response(body, status, mimetype="text/html")
    page: dict[str, Any] = {
        "fragment_template": template,
        "switch_form": form if form is not None and form.has_fields and switches else None,
        "robots_noindex": request.method != "GET" or status != 200 or bool(request.query_string),
        "has_form": True,
        "description": "",
    }
    around = layout_variables()
    beside = around["help_beside"]()
    page["description"] = (beside.page if beside else layout_context().page("index")).description
    return Response(render_template("fragment_page.html", **(page | around | variables)), status, mimetype="text/html")


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
    return SITE.name[current_language()]


def in_language(code: str) -> str:
    """The address being answered, in another language."""
    head = request.path.lstrip("/").partition("/")[0]
    return path_in_language(code, request.path) if head in LANGUAGES else f"/{code}/"


def go(address: str) -> Response:
    """Send the browser on to a place: a step, a list, a personal page. The whole page there is loaded and begins at
    its top; back, forward and reload then work by themselves.
    """
    if not wants_fragment():
        return see(address)
    # Not a 303: the script's own request would follow it, and put the page into the panel.
    return Response(status=204, mimetype="text/plain", headers={"HX-Redirect": iri_to_uri(_with_begun(address))})


def see(address: str) -> Response:
    """Show the answer at this address where the form stood (303): a reaction, not a place."""
    answer = redirect(_with_begun(address), 303)
    assert isinstance(answer, Response)
    return answer


def _with_begun(address: str) -> str:
    """The address, saying that a first cookie goes with this answer, if one does. Help pages ask for none."""
    if "new_cookie" not in g or cookies.value() is not None or "/self-service/" not in address:
        return address
    return f"{address}{'&' if '?' in address else '?'}{BEGUN}=1"


def check_cookie() -> Response | None:
    """Where a first cookie was just sent: without it, a page that says so, instead of one that seems to know nothing;
    with it the same address without that mark, so that nobody keeps it.
    """
    # Only an address of ours carries the mark. Any other path could be read as another host (`/<tab>/evil.example`).
    is_ours = request.url_rule is not None and "/self-service/" in request.path
    if request.method != "GET" or BEGUN not in request.args or not is_ours:
        return None
    if cookies.value() is None:
        title = gettext("Your browser keeps no cookie of ours")
        return render("cookies_needed.html", title=title, focus=wants_fragment())
    sent = parse_qsl(request.query_string.decode(), keep_blank_values=True)
    others = [(name, text) for name, text in sent if name != BEGUN]
    return see(quote(request.path) + (f"?{urlencode(others)}" if others else ""))


def switches_language() -> bool:
    """Whether the form was sent by the language switch: to be shown again as it is, in this language."""
    return "switch_language" in request.form

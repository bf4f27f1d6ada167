"""What all answers of the app share: page or fragment, language, the same-origin check, headers."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, redirect, render_template, request
from htmx_flask.requests import HtmxAwareRequest, HtmxHeaders
from markupsafe import escape
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.routing import BaseConverter, Rule
from werkzeug.utils import cached_property

from selfservice import cookies, i18n
from selfservice.config import Config
from selfservice.templating import Chrome

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    # For browsers that do not know frame-ancestors.
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000; includeSubDomains"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
NO_STORE = "no-store"
# Also not to be compressed on its way: the length of a compressed answer tells of a secret in it (BREACH).
NO_TRANSFORM = "no-store, no-transform"
API = "/api/"
# What answers whatever the Host is, for load balancers, and what also answers by the machine's own names, at any port,
# for its monitoring. All else only to the name of the site: a forged one could end up in a cache.
ANY_HOST = {"/live"}
ANY_OWN_HOST = {"/health", "/metrics"}
OWN_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1])(?::\d+)?")
# In the environ: the status that says what was wrong with a request before the app was asked (server.py). No client can
# set it: what clients say stands under HTTP_.
REFUSED = "loket.refused"
# Control characters but tab and line ends, and noncharacters: no keyboard sends them, and no valid page may hold them.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


class LanguageConverter(BaseConverter):
    """`<lang:lang>` in a route: one of our languages."""

    regex = "|".join(i18n.LANGUAGES)


def chrome() -> Chrome:
    """What surrounds the pages of this app."""
    found: Chrome = current_app.extensions["chrome"]
    return found


def wants_fragment() -> bool:
    """Whether htmx asks for a piece of the page in front of the visitor.

    htmx also says HX-Request when it restores a page from history, or boosts a link: then a whole page is wanted.
    """
    htmx = _htmx()
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


def page_path() -> str:
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
    head_title = i18n.gettext("Error: %(title)s", title=title) if error else title
    variables |= {"title": title, "head_title": head_title}
    if wants_fragment():
        head = escape(f"{head_title} – {site_name()}")
        body = f"<title>{head}</title>\n{render_template(template, **variables)}"
        if header:
            body += render_template("account.html", lang=i18n.language())
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
        key = (request.path, i18n.language(), wants_fragment())
        if key not in kept:
            kept[key] = view().get_data()
        return Response(kept[key], mimetype="text/html")

    return answer


def layout_variables() -> dict[str, Any]:
    """What the layout wants to know of the address being answered."""
    lang = i18n.language()
    alternates = {code: in_language(code) for code in i18n.LANGUAGES}
    return chrome().context(lang, alternates[lang], alternates)


def site_name() -> str:
    """The name of the site in the language in force."""
    return i18n.gettext("%(organisation)s Help", organisation=chrome().facts.get("organisation.name"))


def in_language(code: str) -> str:
    """The address being answered, in another language."""
    head = request.path.lstrip("/").partition("/")[0]
    return path_in(code, request.path) if head in i18n.LANGUAGES else f"/{code}/"


def path_in(code: str, path: str) -> str:
    """A path of this site in another language, when it is one that has languages."""
    head, slash, rest = path.lstrip("/").partition("/")
    return f"/{code}{slash}{rest}" if head in i18n.LANGUAGES else path


def see(address: str) -> Response:
    """Send the browser on to the next address of ours with a GET (303)."""
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    return answer


def switches_language() -> bool:
    """Whether the form was sent by the language switch: to be shown again as it is, in this language."""
    return "switch_language" in request.form


def client_address() -> str:
    """Where the request comes from; behind proxies only when the operator said how many (LOKET_PROXIES)."""
    return request.remote_addr or "unknown"


def is_api() -> bool:
    """Whether this request is for a program: it is answered in JSON, errors too, and no cookie counts for it."""
    return request.path.startswith(API)


def is_our_host(config: Config, host: str | None, path: str) -> bool:
    """Whether a request with this Host may be answered; without regard to case (RFC 9110, section 4.2.3)."""
    host = (host or "").lower()
    return host in config.hosts or path in ANY_HOST or (path in ANY_OWN_HOST and OWN_HOST.fullmatch(host) is not None)


def is_same_origin(request: Request, origin: str) -> bool:
    """Whether an unsafe request comes from our own pages: Sec-Fetch-Site where the browser sends it, else Origin."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("Origin") == origin


def init_app(app: Flask) -> None:
    """Put the shared rules in force for every route of the app."""
    app.request_class = _Request
    app.url_rule_class = _Rule
    app.url_map.converters["lang"] = LanguageConverter
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_give_language)
    app.before_request(_choose_language)
    app.before_request(_refuse_foreign_hosts)
    app.before_request(_say_what_was_refused)
    app.before_request(_refuse_foreign_posts)
    app.before_request(_refuse_strange_parameters)
    app.after_request(_set_headers)
    app.after_request(cookies.send)


def _take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Views need no `lang` argument: the language is in force before they run."""
    if values:
        values.pop("lang", None)


def _give_language(endpoint: str, values: dict[str, Any]) -> None:
    """Nor do they say it in url_for."""
    if "lang" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "lang"):
        values["lang"] = i18n.language()


def _choose_language() -> None:
    first = request.path.lstrip("/").partition("/")[0]
    i18n.set_language(first if first in i18n.LANGUAGES else _accepted_language())


def _accepted_language() -> str:
    """The language of ours that is liked best; who asks for en-GB reads en. Who names none of ours gets the site's own,
    but a program English: its makers read it, not visitors.
    """
    codes = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    other = i18n.SOURCE_LANGUAGE if is_api() else i18n.DEFAULT_LANGUAGE
    return next((code for code in codes if code in i18n.LANGUAGES), other)


def _refuse_foreign_hosts() -> None:
    if not is_our_host(chrome().config, request.environ.get("HTTP_HOST"), request.path):
        abort(400)


def _say_what_was_refused() -> None:
    status = request.environ.get(REFUSED)
    if status == 405:
        abort(405, valid_methods=("GET", "HEAD"))
    if status:
        abort(status)


def _refuse_foreign_posts() -> None:
    # The API takes no cookie, so another site's page can send nothing there in a visitor's name (selfservice/api).
    if request.method not in SAFE_METHODS and not is_api() and not is_same_origin(request, chrome().config.base_url):
        abort(403)


def _refuse_strange_parameters() -> None:
    forms = request.method == "POST" and not is_api()
    sent = request.form if forms else ImmutableMultiDict[str, str]()
    if any(len(found) > 1 for found in sent.listvalues()) or (forms and request.files):
        abort(400)
    for values in (request.args, sent):
        if any(_UNSEEN.search(text) for found in values.listvalues() for text in found):
            abort(400)


class _OneEach(ImmutableMultiDict[str, str]):
    """Parameters of an address. One that comes twice is refused when it is read, since two readers might read two
    things; what nobody reads, such as a tracking parameter that was added twice, does no harm.
    """

    def __getitem__(self, key: str) -> str:
        if len(self.getlist(key)) > 1:
            abort(400)
        return super().__getitem__(key)


class _Request(HtmxAwareRequest):
    @cached_property
    def args(self) -> MultiDict[str, str]:
        return _OneEach(super().args)


class _Rule(Rule):
    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """What url_for calls, compiled at its first call: for all rules together that was a tenth of a start."""
        compiled = cache(super()._compile_builder)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compiled(append_unknown)(rule, **values)

        return build


def _set_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if chrome().config.secure:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    # What answers a form may hold what was typed (an access code); a file is compressed already, or is kept as it is.
    if request.method not in SAFE_METHODS or "Content-Disposition" in response.headers:
        response.headers["Cache-Control"] = NO_TRANSFORM
    response.headers.setdefault("Cache-Control", NO_STORE)
    response.vary.add("HX-Request")
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Language", i18n.language())
    return response


def path_only(address: str) -> str | None:
    """The address when it is a path of this site, else None (for `next=` and the like)."""
    # Looked at first: urlsplit raises an error at some hosts, and here nothing has one.
    if not address.startswith("/") or address.startswith("//") or "\\" in address or not address.isprintable():
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc else address

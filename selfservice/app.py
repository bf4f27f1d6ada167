"""The Flask app that answers the forms; `create_app` wires it. The help site is built around its answers."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace

from flask import Flask, Response, render_template
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.middleware.proxy_fix import ProxyFix

from selfservice import audit, web
from selfservice.accounts.passwords import CONCURRENT, Hasher
from selfservice.api import routes as api
from selfservice.builds import notes_of
from selfservice.config import PACKAGE, Config
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.facts import rights
from selfservice.facts.facts import Facts
from selfservice.fragments import DEMO_FRAGMENTS, FRAGMENTS, ON_ALL_PAGES, require_forms
from selfservice.health import WriteProbe
from selfservice.i18n.catalogs import catalog, gettext
from selfservice.i18n.languages import LANGUAGES, current_language
from selfservice.site_config import SITE, require_same
from selfservice.web import access_log, authentication, downloads, error_pages, hooks, monitoring
from selfservice.web.layout import JINJA_OPTIONS, LayoutContext, share_templates
from selfservice.web.page_list import pages_of
from selfservice.web.services import Services
from selfservice.web.template_cache import TemplateCache
from selfservice.web.theme import Theme

MAX_BODY_BYTES = 64 * 1024  # bytes; our largest form is a fraction of it


def create_app(config: Config) -> Flask:
    """The app for these settings. Touches no database until a request needs it.

    Raises ConfigError, FactError or RightsError when site.toml, facts.toml or rights.toml of the content is not
    well-formed, FileNotFoundError when a catalog was not compiled.
    """
    app = wire(config)
    connect(app, config)
    return app


def connect(app: Flask, config: Config) -> None:
    """Give a wired app what is its own and no other's: its database, its keys, its locks."""
    layout: LayoutContext = app.extensions["layout"]
    database, keys = Database(config.database), Keys(config.secret, config.old_secret)
    hasher = Hasher(concurrent=CONCURRENT)
    app.extensions["services"] = Services(config, database, keys, layout.facts, hasher, app.jinja_env)
    app.extensions["write_probe"] = WriteProbe()
    app.extensions["downloads"] = threading.BoundedSemaphore(downloads.MAX_CONCURRENT)
    _trust_proxies(app, config)


def succeed(former: Flask, config: Config) -> Flask:
    """An app for these settings in the place of another, which may still be answering: with all that `connect` gave
    that one, and its compiled templates. Raises the errors of `create_app`.
    """
    app = wire(config)
    share_templates(app.jinja_env, former.jinja_env)
    layout: LayoutContext = app.extensions["layout"]
    had: Services = former.extensions["services"]
    app.extensions["services"] = replace(had, config=config, facts=layout.facts, templates=app.jinja_env)
    for name in ("write_probe", "downloads"):
        app.extensions[name] = former.extensions[name]
    _trust_proxies(app, config)
    return app


def _trust_proxies(app: Flask, config: Config) -> None:
    if config.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.proxies, x_proto=config.proxies)  # type: ignore[method-assign]


def wire(config: Config) -> Flask:
    """Routes, templates, facts, pages and theme: what is the same for each app with these settings, whichever database
    it has. Raises the errors of `create_app`.
    """
    app = Flask("selfservice", static_folder=None)
    app.config.update(
        BASE_URL=config.base_url,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=100,
    )
    require_same(config.content)
    require_forms(config.content)
    for code in LANGUAGES:
        catalog(code)
    logo = config.content / SITE.logo if SITE.logo else None
    theme = Theme(config.root / "site" / "static", preview=config.preview, colours=SITE.colours, logo=logo)
    # Those of the day on which the site was built: page and form say the same, also at midnight.
    day = notes_of(config.build).day if config.build else ""
    facts = Facts.load(config.content / "facts.toml", dt.date.fromisoformat(day) if day else None)
    audit.check_facts(facts)
    layout = LayoutContext(config, facts, theme)
    app.jinja_options = {name: value for name, value in JINJA_OPTIONS.items() if name != "autoescape"}
    app.jinja_env.autoescape = True
    app.jinja_loader = ChoiceLoader(
        [
            FileSystemLoader(config.root / "site" / "templates"),
            FileSystemLoader(PACKAGE / "fragments"),
        ]
    )
    app.jinja_env.bytecode_cache = TemplateCache(config.cache)
    layout.install(app.jinja_env)
    layout.set_pages(pages_of(config.content, layout.facts, preview=config.preview))
    app.extensions["layout"] = layout
    access_log.init_app(app)
    hooks.init_app(app)
    error_pages.init_app(app)
    downloads.init_app(app)
    monitoring.init_app(app, config)
    fragments = {**FRAGMENTS, **(DEMO_FRAGMENTS if config.demo else {})}
    for name, blueprint in fragments.items():
        app.register_blueprint(blueprint, url_prefix=f"/<lang:lang>/self-service/{name}")
    authentication.init_app(app, rights.load_rights(config.content / "rights.toml"))
    if "orders" in FRAGMENTS:
        app.register_blueprint(api.blueprint, url_prefix="/api")
    # Those that a page may hold: not what stands on all pages already, nor a demonstration's mailbox.
    app.extensions["fragments"] = tuple(name for name in FRAGMENTS if name not in ON_ALL_PAGES)
    app.add_url_rule("/", "home", _home)
    if "change-password" in FRAGMENTS:
        # Where programs that keep passwords look for it (W3C, A Well-Known URL for Changing Passwords).
        app.add_url_rule("/.well-known/change-password", "change_password_form", _change_password_form)
    app.add_url_rule("/choose-language", "choose_language", _choose_language)
    return app


def _home() -> Response:
    """To the home page in the visitor's language."""
    return _in_own_language("/")


def _change_password_form() -> Response:
    """To the form to change a password, which asks to log in first."""
    return _in_own_language("/self-service/change-password")


def _in_own_language(path: str) -> Response:
    response = web.see(f"/{current_language()}{path}")
    response.status_code = 302
    response.vary.add("Accept-Language")
    return response


def _choose_language() -> Response:
    """The page at / where only files are served and nobody can read Accept-Language."""
    variables = web.layout_variables() | {
        "title": gettext("Choose your language"),
        "description": "",
        "has_form": False,
    }
    return Response(render_template("choose_language.html", **variables), mimetype="text/html")

"""The peer of our list of orders: a bare WSGI app with the same questions to the database and the same template."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import template_rendered
from jinja2.compiler import CodeGenerator

from bench.order_accounts import LIST, sign_in
from selfservice.app import create_app
from selfservice.config import load
from selfservice.fragments.orders import chart, form
from selfservice.i18n.languages import set_language
from selfservice.orders import visibility
from selfservice.orders.models import Query
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore
from selfservice.web.services import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TARGET = "bench.bare_orders:application"
_PERSON = "BENCH_PERSON"


def person_setting(person_id: int) -> dict[str, str]:
    """The setting that says whose list it is."""
    return {_PERSON: str(person_id)}


def application() -> WSGIApplication:
    """The app: it has our template answer once, keeps what surrounds the list, and from then on asks for the list."""
    app = create_app(load())
    # Templates as Jinja itself compiles them (web/escaping.py).
    app.jinja_env.code_generator_class = CodeGenerator
    services: Services = app.extensions["services"]
    person = int(os.environ[_PERSON])
    kept: dict[str, Any] = {}

    def keep(_sender: object, template: Any, context: dict[str, Any], **_: object) -> None:
        if template.name == "orders/list.html":
            kept.update(context, template=template)

    with template_rendered.connected_to(keep, app):
        headers = {"Cookie": sign_in(os.environ, person), "HX-Request": "true"}
        assert app.test_client(use_cookies=False).get(LIST, headers=headers).status_code == 200
    template = kept.pop("template")
    organisation = (
        services.db.read()
        .execute("SELECT id FROM organisations WHERE main_person_id = :person", {"person": person})
        .fetchone()
    )

    # As the app does (selfservice/server.py).
    gc.collect()
    gc.freeze()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        conn = services.db.read()
        query = Query(visibility.visible_to(conn, person, organisation["id"]), Period(), "en")
        total, months = OrderStore(conn).totals(query)
        found = {
            "total": total,
            "page": OrderStore(conn).page(query),
            # Drawn anew each time, as is the form below: ours keeps both.
            "chart": chart.html.__wrapped__(app.jinja_env, "en", tuple(months), f"{LIST}?from="),
        }
        set_language("en")
        with app.app_context():
            people = form.people_of(kept["viewer"])
            find = form.find_html.__wrapped__(app.jinja_env, "en", kept["params"], people, ())
            body = template.render(kept | {"find": find, "listed": {**kept["listed"], **found}}).encode()
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
        return [body]

    return answer

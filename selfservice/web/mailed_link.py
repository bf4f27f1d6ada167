"""Links that are mailed to who asks for one: the form that asks, the page that says so, and how a link is opened.

start → sent (again) → [mail] link → the page behind it, or the one that says that the link works no more
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, request

from selfservice import clock
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext, lazy_gettext
from selfservice.i18n.languages import current_language
from selfservice.values.email import mask_email
from selfservice.web import cookies, rendering
from selfservice.web.forms import About, Form
from selfservice.web.services import services

Answers = dict[str, Any]


class AgainForm(Form):
    """Send the mail again: what stands on the page after a link was asked for."""

    step = "sent"
    again = lazy_gettext("Send the e-mail again")
    outdated_of_another = lazy_gettext(
        "After you opened this page, another link was asked for in this browser. We did nothing with what you "
        "just sent. Below is the last request for a link."
    )


@dataclass(frozen=True)
class LinkRequest:
    """Asking for a link, by the form `name`. Its folder has start.html and sent.html.

    `form` is what is filled in first, `again` what stands on the page after it: a field `email` there corrects the
    address. `send` queues the mail for what was typed or saved (`email` among it); it returns the seconds to wait when
    that was too often, else 0, and what to save for `sent.html`.
    """

    name: str
    title: Callable[[], str]
    form: type[Form]
    again: type[AgainForm]
    send: Callable[[Connection, Answers, datetime], tuple[int, Answers]]

    def add_routes(self, blueprint: Blueprint) -> None:
        """Give the form's blueprint these addresses. The start view can be baked: no cookie, no database, no clock."""
        blueprint.add_url_rule("", "start", rendering.same_for_all(self._start))
        blueprint.add_url_rule("", "request_link", self._request_link, methods=["POST"])
        blueprint.add_url_rule("/sent", "sent", self._sent)
        blueprint.add_url_rule("/sent", "send_again", self._send_again, methods=["POST"])

    def _path(self, step: str = "") -> str:
        return f"/{current_language()}/self-service/{self.name}{step}"

    def _template(self, page: str) -> str:
        return f"{self.name.replace('-', '_')}/{page}.html"

    def _start(self) -> Response:
        return self._show_start(self.form())

    def _show_start(self, form: Form) -> Response:
        return rendering.render(self._template("start"), title=self.title(), form=form)

    def _request_link(self) -> Response:
        """Check what was typed and queue the mail; the answer tells nobody whether it goes to anyone."""
        form = self.form.sent()
        if not form.accepts():
            return self._show_start(form)
        with services().db.write() as conn:
            wait = self._ask(conn, form.values, uuid4().hex)
        return form.too_many(wait, lambda: self._show_start(form)) if wait else rendering.see(self._path("/sent"))

    def _ask(self, conn: Connection, answers: Answers, saved_id: str) -> int:
        now = clock.now()
        wait, content = self.send(conn, answers, now)
        if not wait:
            cookies.save_form(conn, self.name, {**content, "id": saved_id}, now)
        return wait

    def _load(self, conn: Connection) -> Answers:
        saved = cookies.load_form(conn, self.name, clock.now())
        return saved if "email" in saved else {}

    def _about(self, saved: Answers) -> About:
        # Each may be for another person: an address that was typed for one is not kept for the next.
        return About(f"{self.name}/sent", person=saved.get("id", ""))

    def _sent(self) -> Response:
        """What happens next, the same whether or not a mail was sent."""
        saved = self._load(services().db.read())
        if not saved:
            return rendering.go(self._path())
        return self._show_sent(saved, self.again(about=self._about(saved)))

    def _show_sent(self, saved: Answers, form: Form) -> Response:
        return rendering.render(
            self._template("sent"),
            title=gettext("Look in your e-mail"),
            form=form,
            saved=saved,
            masked=mask_email(saved["email"]),
            before=clock.upcoming(saved.get("before", ""), clock.now()),
        )

    def _send_again(self) -> Response:
        """Send the mail again, or to a corrected address: of what the page showed, not of what was asked since."""
        wait, is_accepted, corrects = 0, False, "email" in request.form
        with services().db.write() as conn:
            saved = self._load(conn)
            about = self._about(saved)
            form = self.again.sent(about=about) if corrects else self.again(about=about)
            if saved:
                is_accepted = form.accepts() if corrects else form.is_current()
            if is_accepted:
                wait = self._ask(conn, {**saved, **(form.values if corrects else {})}, saved.get("id", ""))
        if not saved:
            return rendering.go(self._path())
        if wait:
            return form.too_many(wait, lambda: self._show_sent(saved, form))
        return rendering.see(self._path("/sent")) if is_accepted else self._show_sent(saved, form)


def follow(form: str, opened: Answers, page: str, expired: str) -> Response:
    """Open a mailed link in this browser: keep what it opens as the saved form `form` (a token's hash, never the
    token), and go on to an address without it.

    It uses nothing up, since mail scanners follow links too. A link that does not work opens nothing (`opened` is
    empty): it leaves nothing behind and leads to `expired`, also in a browser that keeps no cookies; one that works
    leads to `page`.
    """
    if not opened:
        return rendering.see(expired)
    now = clock.now()
    # What came of the same link here before stays.
    if not opened.items() <= cookies.load_form(services().db.read(), form, now).items():
        with services().db.write() as conn:
            cookies.save_form(conn, form, opened, now)
    return rendering.see(page)


def show_other_link(form: Form) -> Response:
    """The answer to the page of a link that is not the one opened last in this browser (`Form.is_current`): nothing was
    done, and what is behind the other is not shown in its place.
    """
    return rendering.render(
        "other_link.html", title=gettext("Another link was opened in the meantime"), form=form, switches=False
    )

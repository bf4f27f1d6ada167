"""The pages behind a mailed link with which a password is chosen.

[mail] link → new-password → done, or the page that says that the link works no more
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from selfservice import clock
from selfservice.accounts.people import Person
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.web import cookies, mailed_link, rendering
from selfservice.web.forms import About, Form
from selfservice.web.services import services


@dataclass(frozen=True)
class Chooser:
    """Who chooses a password (`person.id` is 0 of who is no person yet), and what their page is called and shows."""

    person: Person
    title: str
    shown: Mapping[str, Any]


@dataclass(frozen=True)
class PasswordLink:
    """Choosing a password behind a link, by the form `name`. Its folder has new_password.html, expired.html, done.html.

    `form` has a field `new_password`. `find` gives whose password a link (its token's hash) is for, if it works.
    `change` uses it up, together with setting the password (a hash) inside `write()`; it returns what `done_title` and
    done.html tell of it, nothing when the link works no more.
    """

    name: str
    form: type[Form]
    find: Callable[[Connection, str, datetime], Chooser | None]
    change: Callable[[Connection, str, str, datetime], str]
    done_title: Callable[[str], str]

    def add_routes(self, blueprint: Blueprint) -> None:
        """Give the form's blueprint these addresses; the link's own is for the form to add, and answers `follow`."""
        blueprint.add_url_rule("/new-password", "new_password", self._new_password)
        blueprint.add_url_rule("/new-password", "change_password", self._change_password, methods=["POST"])
        blueprint.add_url_rule("/expired", "expired", self._expired)
        blueprint.add_url_rule("/done", "done", self._done)

    def follow(self, token_hash: str) -> Response:
        """Open the mailed link."""
        works = self.find(services().db.read(), token_hash, clock.now()) is not None
        opened = {"token_hash": token_hash} if works else {}
        return mailed_link.follow(self.saved, opened, self._path("/new-password"), self._path("/expired"))

    @property
    def saved(self) -> str:
        """What this browser has of a link: its token's hash, and what came of it once it was used here."""
        return f"{self.name}-link"

    def _opened(self, conn: Connection) -> dict[str, Any]:
        return cookies.load_form(conn, self.saved, clock.now())

    def _about(self, opened: dict[str, Any]) -> About:
        return About(self.saved, record=opened["token_hash"])

    def _path(self, step: str = "") -> str:
        return f"/{current_language()}/self-service/{self.name}{step}"

    def _template(self, page: str) -> str:
        return f"{self.name.replace('-', '_')}/{page}.html"

    def _new_password(self) -> Response:
        """The page behind the link; or, when it no longer works, a page that says so and starts again."""
        conn = services().db.read()
        opened = self._opened(conn)
        if not opened or "done" in opened:
            return rendering.go(self._path("/done" if opened else ""))
        chooser = self.find(conn, opened["token_hash"], clock.now())
        return self._expired() if chooser is None else self._show(self.form(about=self._about(opened)), chooser)

    def _show(self, form: Form, chooser: Chooser) -> Response:
        return rendering.render(self._template("new_password"), title=chooser.title, form=form, **chooser.shown)

    def _expired(self) -> Response:
        """The link no longer works, and how to get another."""
        return rendering.render(
            self._template("expired"), title=gettext("This link no longer works"), status=410,
            focus=rendering.wants_fragment(),
        )  # fmt: skip

    def _change_password(self) -> Response:
        """Use the link up and set the password, together or not at all. Sent twice, it says what the first did."""
        wired, opened = services(), self._opened(services().db.read())
        if not opened:
            return rendering.go(self._path())
        form = self.form.sent(about=self._about(opened))
        if not form.is_current():
            return mailed_link.show_other_link(form)
        if "done" in opened:
            return rendering.go(self._path("/done"))
        chooser = self.find(wired.db.read(), opened["token_hash"], clock.now())
        if chooser is None:
            return self._expired()
        form.person = chooser.person
        if not form.accepts():
            return self._show(form, chooser)
        hashed, now = wired.hasher.hash(form["new_password"].data), clock.now()
        with wired.db.write() as conn:
            if done := self.change(conn, opened["token_hash"], hashed, now):
                cookies.save_form(conn, self.saved, {**opened, "done": done}, now)
            # By what was sent just before, perhaps.
            now_saved = self._opened(conn)
            is_done = now_saved.get("token_hash") == opened["token_hash"] and "done" in now_saved
        return rendering.go(self._path("/done")) if is_done else self._expired()

    def _done(self) -> Response:
        """It worked, and how to go on."""
        done = self._opened(services().db.read()).get("done")
        if done is None:
            return rendering.go(self._path())
        return rendering.render(self._template("done"), title=self.done_title(done), done=done)

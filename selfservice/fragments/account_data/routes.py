"""`account-data`: all that we have of whoever is logged in, as one file.

start (password) → done → download
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, url_for

from selfservice import clock, personal_data, web, workdays
from selfservice.accounts import sessions
from selfservice.accounts.sessions import Session
from selfservice.fragments.account_data import files
from selfservice.fragments.account_data.form import DataForm, record_download
from selfservice.i18n.catalogs import gettext, pgettext
from selfservice.i18n.languages import current_language
from selfservice.orders.labels import format_size
from selfservice.web import authentication, cookies, downloads, reauthentication
from selfservice.web.services import services

NAME = "account-data"
# About as much as it takes with the most orders that are in it.
ROOM = 5_000_000
blueprint = Blueprint("account_data", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("Download your data")


def _start(session: Session) -> Response:
    return _show(session, DataForm(about=authentication.about(session, NAME)))


def _show(session: Session, form: DataForm) -> Response:
    return authentication.render_personal(session, NAME, "account_data/form.html", title=title(), form=form)


@blueprint.post("")
def make() -> Response:
    """Check the password, and make the file. Its owner is told. Ends with 429 or 503 when it cannot be made now."""
    session = authentication.require_session(NAME)
    wired, now = services(), clock.now()
    form = DataForm.sent(about=authentication.about(session, NAME))
    if not form.accepts():
        return _show(session, form)
    verified = reauthentication.verify(session, form)
    if verified.wait:
        return form.too_many(verified.wait, lambda: _show(session, form))
    if verified.hash is None:
        return _show(session, form)

    def write(path: Path) -> None:
        files.write(path, personal_data.collect(wired.db, wired.context, session.person_id, now), now)

    try:
        file = downloads.make(session.id, ROOM, write, _file_name(session))
    except LookupError:
        return web.see(authentication.form_path(NAME))
    with wired.db.write() as conn:
        if sessions.find(conn, wired.context, cookies.value() or "", now) is None:
            # It ended while the file was made, in another tab: with all files that were there.
            file.unlink(missing_ok=True)
            return web.see(authentication.form_path(NAME))
        record_download(conn, wired.context, session, web.client_address(), current_language(), now)
    return web.see(url_for(".done"))


def _file_name(session: Session) -> str:
    # After a restore numbers of sessions are given again: this name is nobody else's.
    return f"{NAME}-{session.public_id}"


def _file(session: Session) -> Path | None:
    """The file that was made in this session, while it is there."""
    return downloads.folder_of(services()).find(session.id, _file_name(session))


@blueprint.get("/done")
def done() -> Response:
    """The link to the file, or the form when there is none any more."""
    session = authentication.require_session(NAME)
    file = _file(session)
    if file is None:
        return web.see(authentication.form_path(NAME))
    size = format_size(file.stat().st_size)
    return authentication.render_personal(
        session, NAME, "account_data/done.html", title=gettext("Your data is ready"), size=size
    )


@blueprint.get("/download")
def download() -> Response:
    """The file, for as long as this session and the file are there."""
    session = authentication.require_session(NAME)
    file = _file(session)
    if file is None:
        return web.see(authentication.form_path(NAME))
    day = workdays.today(clock.now()).isoformat()
    return downloads.send(file, "application/zip", pgettext("file name", "my-data-%(day)s.zip", day=day))


authentication.add_personal_routes(blueprint, title, _start, secret=True)

"""A file of orders: made at once, or by the worker while a page of its own shows how far it is.

file (kind) → a download, or → file (its page) → download
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, request
from flask.blueprints import BlueprintSetupState

from selfservice import clock, web
from selfservice.accounts.sessions import Session
from selfservice.db import Connection
from selfservice.fragments.orders import form
from selfservice.fragments.orders.query_parameters import LIST, NAME, ListParameters, alternates, link, of_request
from selfservice.fragments.orders.routes import blueprint, not_current, query_of, record_look, viewer_of
from selfservice.i18n.catalogs import gettext, pgettext
from selfservice.i18n.formats import format_time
from selfservice.i18n.languages import TIMEZONE
from selfservice.jobs import queue
from selfservice.jobs.queue import Job
from selfservice.orders import export, labels
from selfservice.orders.models import Query
from selfservice.orders.store import OrderStore
from selfservice.orders.visibility import Viewer
from selfservice.web import authentication, downloads, error_pages
from selfservice.web.services import services

# The parts of the way that are said aloud, beside the end.
QUARTERS = 4


def _file(kind: str) -> Response:
    """The orders of a list as a file, in its order; not signed in, back to the list."""
    params = of_request()
    if authentication.current_session() is None or params.errors:
        return web.see(link("", params.arguments()))
    session = authentication.require_session(NAME)
    sent = form.file(session)
    # An address that somebody kept or typed is about nothing that a page showed.
    if "about" in request.args and not sent.is_current():
        return not_current(session, sent)
    conn = services().db.read()
    viewer = viewer_of(conn, session, params.by)
    query = query_of(viewer, params)
    return _answer(session, viewer, params, query, kind, OrderStore(conn).total(query).orders)


def _answer(session: Session, viewer: Viewer, params: ListParameters, query: Query, kind: str, orders: int) -> Response:
    """The file of these orders, or where the page is that shows how far it is. Ends with 429 or 503 when no file can be
    made now.
    """
    ending, mimetype = export.KINDS[kind]
    name, room = file_name(params, ending), export.estimated_room(orders, kind)
    if export.estimated_seconds(orders, query, kind) <= downloads.MAX_REQUEST_SECONDS:
        record_look(session, viewer, "orders.download", params, once=False)
        path = downloads.make(session.id, room, lambda part: export.write(services().db, query, kind, part))
        return downloads.send(path, mimetype, name)
    folder, now = downloads.folder_of(services()), clock.now()
    folder.check_quota(session.id, room)
    payload = export.to_payload(query, kind) | {
        "name": name,
        "list": urlencode(params.arguments()),
    }
    try:
        with services().db.write() as conn:
            job, is_new = queue.enqueue(conn, export.JOB, session.id, payload, orders, now)
    except queue.UnfinishedJobError as busy:
        return error_pages.with_retry_after(
            _render(session, busy.job, status=429, is_other=True), downloads.RETRY_SECONDS
        )
    if is_new:
        record_look(session, viewer, "orders.download", params, once=False)
    return web.see(link("/file", {"id": job.name}))


def file_name(params: ListParameters, ending: str) -> str:
    """`orders-2026-01-01--2026-03-31.csv`, `bestellingen-alles.csv`: what it holds, in plain letters.

    A list that was narrowed by words or to one person says that it is a selection.
    """
    first, last = params.period.first, params.period.last
    if first and last:
        span = f"{first.isoformat()}--{last.isoformat()}"
    elif first:
        span = pgettext("file name", "from-%(day)s", day=first.isoformat())
    elif last:
        span = pgettext("file name", "until-%(day)s", day=last.isoformat())
    else:
        span = pgettext("file name", "all")
    names = [pgettext("file name", "orders"), span]
    if params.words or params.by:
        names.append(pgettext("file name", "selection"))
    return f"{'-'.join(names)}{ending}"


@blueprint.get("/file", endpoint="file")
def page() -> Response:
    """How far a file is, or the file. Another session's is the same as one that there is not."""
    session = authentication.require_session(NAME)
    if not request.args.get("id"):
        return web.see(authentication.form_path(NAME))
    job = _find(session)
    return _unknown(session) if job is None else _render(session, job)


@blueprint.get("/progress")
def progress() -> Response:
    """The part of the page that changes, for htmx, which asks for it again and again: so that does not keep somebody
    logged in who has gone.
    """
    session = authentication.peek_session()
    job = None if session is None else _find(session)
    place = authentication.form_path(NAME) if session is None else link("/file", {"id": request.args.get("id", "")})
    if session is None or job is None or not web.wants_fragment():
        return web.go(place)
    shown = _shown(session, job)
    return web.render(
        "orders/progress.html", title=_title(job), **shown, is_said=request.args.get("said") != shown["step"]
    )


@blueprint.get("/download")
def download() -> Response:
    """The file that the worker made, or its page when it is not there, or not for whoever asks."""
    session = authentication.require_session(NAME)
    job = _find(session)
    file = None if job is None or job.state != "done" else downloads.folder_of(services()).find(session.id, job.name)
    if job is None or file is None:
        return web.see(link("/file", {"id": request.args.get("id", "")}))
    return downloads.send(file, export.KINDS[job.payload["kind"]].mimetype, job.payload["name"])


def _find(session: Session) -> Job | None:
    """The session's file of the name in the address, if this person may see all that is in it and it is still there."""
    conn = services().db.read()
    job = queue.find(conn, request.args.get("id", ""), session.id)
    if job is None or job.kind != export.JOB or not _may_see(conn, session, job):
        return None
    is_gone = job.state == "done" and downloads.folder_of(services()).find(session.id, job.name) is None
    return None if is_gone else job


def _may_see(conn: Connection, session: Session, job: Job) -> bool:
    """Whether these orders are still visible to this person: the main code may be another's by now."""
    scope, wanted = viewer_of(conn, session).scope, export.from_payload(job.payload)[0].scope
    return scope.account == wanted.account and scope.holder_id in (None, wanted.holder_id)


def _unknown(session: Session) -> Response:
    return authentication.render_personal(
        session, NAME, "orders/no_file.html", title=gettext("This file is not there"),
        status=404, alternates=alternates("", {}),
        back=link("", {}, part=LIST),
    )  # fmt: skip


def _title(job: Job) -> str:
    return {
        "done": gettext("Your file is ready"),
        "failed": gettext("Your file could not be made"),
    }.get(job.state, gettext("Your file is being made"))


def _render(session: Session, job: Job, *, status: int = 200, is_other: bool = False) -> Response:
    place = {"id": job.name}
    return authentication.render_personal(
        session, NAME, "orders/file.html", title=_title(job), status=status, is_other=is_other, is_said=False,
        alternates=alternates("/file", place), back=link("", _list_of(job), part=LIST),
        **_shown(session, job),
    )  # fmt: skip


def _shown(session: Session, job: Job) -> dict[str, Any]:
    """What the page says of a file."""
    now = clock.now()
    is_late = queue.is_overdue(services().db.read(), job, now)
    step, said = _said(job, is_late=is_late)
    return {
        "job": job,
        "is_late": is_late,
        "percent": job.done * 100 // job.steps,
        "left": _left(job, now),
        "step": step,
        "said": said,
        "labels": labels,
        "page": link("/file", {"id": job.name}),
        "poll": link("/progress", {"id": job.name, "said": step}),
        "download": link("/download", {"id": job.name}),
        "again": link(export.KINDS[job.payload["kind"]].ending, _list_of(job) | {"about": form.file(session).about}),
        "until": _until(job),
    }


def _list_of(job: Job) -> dict[str, str]:
    """The arguments of the list that the file is of."""
    return dict(parse_qsl(job.payload["list"]))


def _until(job: Job) -> str:
    """Until what time of day in Amsterdam the file is there."""
    if job.ended_at is None:
        return ""
    end = job.ended_at + downloads.folder_of(services()).keep
    return format_time(end.astimezone(TIMEZONE).time())


def _left(job: Job, now: datetime) -> str:
    """About how long it still takes, by how long it took so far; or, before anything is done, by what was measured."""
    query, kind = export.from_payload(job.payload)
    seconds = export.estimated_seconds(job.steps - job.done, query, kind)
    if job.started_at and job.done:
        seconds = (now - job.started_at).total_seconds() / job.done * (job.steps - job.done)
    return labels.duration(seconds)


def _said(job: Job, *, is_late: bool) -> tuple[str, str]:
    """What is read aloud when it is another than before: a name for it, and the words. Not each look says something."""
    if job.state in ("done", "failed"):
        return job.state, _title(job)
    if is_late:
        return "late", gettext("We have not started making your file yet.")
    quarter = job.done * QUARTERS // job.steps
    if job.state == "waiting" or not quarter:
        return job.state, ""
    return str(quarter), gettext("%(percent)s%% of your file is ready.", percent=quarter * 100 // QUARTERS)


def _add_files(state: BlueprintSetupState) -> None:
    """A file stands at the list's own address with an ending, which a blueprint's own rules cannot have."""
    for kind, (ending, _) in export.KINDS.items():
        state.app.add_url_rule(f"{state.url_prefix}{ending}", f"{blueprint.name}.{kind}", partial(_file, kind))


blueprint.record(_add_files)

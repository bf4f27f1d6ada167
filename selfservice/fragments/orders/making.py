"""A file of orders: made at once, or by the worker while a page of its own shows how far it is.

file (kind) → a download, or → file (its page) → download
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request

from selfservice import clock, downloads, errors, i18n, signin, web
from selfservice.db import Connection
from selfservice.fragments.orders import here, texts
from selfservice.fragments.orders.asked import Asked
from selfservice.fragments.orders.here import NAME
from selfservice.fragments.orders.view import Person
from selfservice.i18n import gettext, ngettext
from selfservice.jobs import model as jobs
from selfservice.jobs.model import Job
from selfservice.orders import export
from selfservice.orders.models import Query
from selfservice.services import services
from selfservice.visits.sessions import Session

# By kind: what its address and name end in, and what it is.
FILES = {
    "csv": (".csv", "text/csv"),
    "programs": ("-programs.csv", "text/csv"),
    "xlsx": (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "json": (".json", "application/json"),
}
# The parts of the way that are said aloud, beside the end.
QUARTERS = 4


def add_to(blueprint: Blueprint) -> None:
    """Give the form's blueprint these addresses."""
    blueprint.add_url_rule("/file", "file", page)
    blueprint.add_url_rule("/progress", "progress", progress)
    blueprint.add_url_rule("/download", "download", download)


def choices(orders: int, query: Query, link: Callable[[str], str]) -> list[dict[str, Any]]:
    """The four files: what each is for, how large it will be, how long it takes if that is long, and where it is."""
    what = {
        "xlsx": (gettext("Excel"), gettext("with real dates and amounts, and a total row")),
        "csv": (gettext("CSV for a spreadsheet"), gettext("opens in columns with a double click")),
        "programs": (gettext("CSV for programs"), gettext("for bookkeeping software; the same in every language")),
        "json": (gettext("JSON"), gettext("for programmers")),
    }
    found = []
    for kind, (title, hint) in what.items():
        seconds = export.estimated_seconds(orders, query, kind)
        found.append(
            {
                "title": title,
                "hint": hint,
                "href": link(kind),
                "size": texts.size(export.estimated_bytes(orders, kind)),
                "wait": wait_words(seconds) if seconds > downloads.MOST_SECONDS else "",
            }
        )
    return found


def answer(session: Session, who: Person, asked: Asked, query: Query, kind: str, orders: int) -> Response:
    """The file of these orders, or where the page is that shows how far it is. Ends with 429 or 503 when no file can be
    made now.
    """
    ending, mimetype = FILES[kind]
    name, room = texts.file_name(asked, ending), export.estimated_room(orders, kind)
    if export.estimated_seconds(orders, query, kind) <= downloads.MOST_SECONDS:
        here.note(session, who, "orders.download", asked, once=False)
        path = downloads.make(session.id, room, lambda part: export.write(services().db, query, kind, part))
        return downloads.send(path, mimetype, name)
    folder, now = downloads.Folder(services().config.downloads), clock.now()
    folder.check_room(session.id, room)
    payload = export.to_payload(query, kind) | {
        "name": name,
        "list": here.link("", asked.arguments()).partition("?")[2],
    }
    try:
        with services().db.write() as conn:
            job, is_new = jobs.ask(conn, export.JOB, session.id, payload, orders, now)
    except jobs.BusyError as busy:
        return errors.retry_later(_render(session, busy.job, status=429, is_other=True), downloads.RETRY_SECONDS)
    if is_new:
        here.note(session, who, "orders.download", asked, once=False)
    return web.see(here.link("/file", {"id": job.name}))


def page() -> Response:
    """How far a file is, or the file. Another session's is the same as one that there is not."""
    session = signin.required(NAME)
    if not request.args.get("id"):
        return web.see(signin.address(NAME))
    job = _find(session)
    return _unknown(session) if job is None else _render(session, job)


def progress() -> Response:
    """The part of the page that changes, for htmx, which asks for it again and again: so that does not keep somebody
    logged in who has gone.
    """
    session = signin.looking_on()
    job = None if session is None else _find(session)
    place = signin.address(NAME) if session is None else here.link("/file", {"id": request.args.get("id", "")})
    if not web.wants_fragment():
        return web.see(place)
    if job is None:
        return Response(status=204, mimetype="text/plain", headers={"HX-Redirect": place})
    shown = _shown(job)
    return web.render(
        "orders/progress.html", title=_title(job), **shown, is_said=request.args.get("said") != shown["step"]
    )


def download() -> Response:
    """The file that the worker made, or its page when it is not there, or not for whoever asks."""
    session = signin.required(NAME)
    job = _find(session)
    file = None if job is None or job.state != "done" else _folder().find(session.id, job.name)
    if job is None or file is None:
        return web.see(here.link("/file", {"id": request.args.get("id", "")}))
    return downloads.send(file, FILES[job.payload["kind"]][1], job.payload["name"])


def wait_words(seconds: float) -> str:
    """About how long something takes."""
    if seconds < 15:
        return gettext("a few seconds")
    if seconds < 45:
        return gettext("half a minute")
    minutes = round(seconds / 60)
    return ngettext("about %(num)s minute", "about %(num)s minutes", max(1, minutes))


def _folder() -> downloads.Folder:
    return downloads.Folder(services().config.downloads)


def _find(session: Session) -> Job | None:
    """The session's file of the name in the address, if this person may see all that is in it and it is still there."""
    conn = services().db.read()
    job = jobs.find(conn, request.args.get("id", ""), session.id)
    if job is None or job.kind != export.JOB or not _may_see(conn, session, job):
        return None
    is_gone = job.state == "done" and _folder().find(session.id, job.name) is None
    return None if is_gone else job


def _may_see(conn: Connection, session: Session, job: Job) -> bool:
    """Whether these orders are still in this person's sight: the main code may be another's by now."""
    scope, asked = here.person(conn, session).scope, export.from_payload(job.payload)[0].scope
    return scope.account == asked.account and scope.holder_id in (None, asked.holder_id)


def _unknown(session: Session) -> Response:
    return signin.render(
        session, NAME, "orders/no_file.html", title=gettext("This file is not there"),
        status=200 if web.wants_fragment() else 404, alternates=here.alternates("", {}),
        back=here.link("", {}, part=here.LIST),
    )  # fmt: skip


def _title(job: Job) -> str:
    return {
        "done": gettext("Your file is ready"),
        "failed": gettext("Your file could not be made"),
    }.get(job.state, gettext("Your file is being made"))


def _render(session: Session, job: Job, *, status: int = 200, is_other: bool = False) -> Response:
    place = {"id": job.name}
    return signin.render(
        session, NAME, "orders/file.html", title=_title(job), status=status, is_other=is_other, is_said=False,
        alternates=here.alternates("/file", place), back=_with_list(job, "") + here.LIST,
        **_shown(job),
    )  # fmt: skip


def _shown(job: Job) -> dict[str, Any]:
    """What the page says of a file."""
    now = clock.now()
    is_late = jobs.is_late(services().db.read(), job, now)
    step, said = _said(job, is_late=is_late)
    return {
        "job": job,
        "is_late": is_late,
        "percent": job.done * 100 // job.steps,
        "left": _left(job, now),
        "step": step,
        "said": said,
        "texts": texts,
        "page": here.link("/file", {"id": job.name}),
        "poll": here.link("/progress", {"id": job.name, "said": step}),
        "download": here.link("/download", {"id": job.name}),
        "again": _with_list(job, FILES[job.payload["kind"]][0]),
        "until": _until(job),
    }


def _with_list(job: Job, ending: str) -> str:
    """The address of the list that the file is of, or with an ending that of the file itself."""
    query = job.payload["list"]
    return signin.address(NAME) + ending + (f"?{query}" if query else "")


def _until(job: Job) -> str:
    """Until what time of day in Amsterdam the file is there."""
    if job.ended_at is None:
        return ""
    end = job.ended_at + timedelta(seconds=downloads.KEPT_SECONDS)
    return i18n.format_time(end.astimezone(i18n.TIMEZONE).time())


def _left(job: Job, now: datetime) -> str:
    """About how long it still takes, by how long it took so far; or, before anything is done, by what was measured."""
    query, kind = export.from_payload(job.payload)
    seconds = export.estimated_seconds(job.steps - job.done, query, kind)
    if job.started_at and job.done:
        seconds = (now - job.started_at).total_seconds() / job.done * (job.steps - job.done)
    return wait_words(seconds)


def _said(job: Job, *, is_late: bool) -> tuple[str, str]:
    """What is read aloud when it is another than before: a name for it, and the words. Not each look says something."""
    if job.state in ("done", "failed"):
        return job.state, _title(job)
    if is_late:
        return "late", gettext("Making your file has not begun yet.")
    quarter = job.done * QUARTERS // job.steps
    if job.state == "waiting" or not quarter:
        return job.state, ""
    return str(quarter), gettext("%(percent)s%% of your file is made.", percent=quarter * 100 // QUARTERS)

"""`access-code`: the request for an access code.

start = need → details → preferences (→ mandate, for direct debit) → check → done; or need → no-code
[mail] link → confirm → confirmed (link_routes.py)
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, abort, request, url_for

from selfservice import clock, web, workdays
from selfservice.db import Connection
from selfservice.fragments.access_code import link_routes
from selfservice.fragments.access_code.form import (
    MAX_LENGTH,
    STEP_COUNT,
    STEP_FIELDS,
    STEP_NUMBERS,
    RequestForm,
    merge_answers,
    needs,
    organisation_number,
    read_step,
)
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.limits import table
from selfservice.limits.rate_limit import LimitSet
from selfservice.requests import submission
from selfservice.site_config import SITE
from selfservice.values.email import mask_email
from selfservice.values.iban import group_iban
from selfservice.values.reference import group_reference
from selfservice.web import cookies
from selfservice.web.error_pages import error_response as error_answer
from selfservice.web.error_pages import too_many_requests
from selfservice.web.pages import linked_facts
from selfservice.web.services import services

NAME = "access-code"
blueprint = Blueprint("access_code", __name__)
STEP_IN_PATH = "<any(need, details, preferences, mandate):step>"


def title(step: str = "need") -> str:
    """The name of the form, or of one of its steps."""
    return {
        "need": gettext("Request an access code"),
        "no-code": gettext("You need no access code"),
        "details": gettext("Your details"),
        "preferences": gettext("Your preferences"),
        "mandate": gettext("Direct debit"),
        "check": gettext("Check your request"),
        "done": gettext("We have your request"),
    }[step]


def _load(conn: Connection, now: datetime) -> dict[str, Any]:
    """What this browser has of a request: its answers, and once it was sent what the last page shows."""
    return cookies.load_form(conn, NAME, now)


def _form(conn: Connection, answers: dict[str, str]) -> RequestForm:
    return RequestForm.load(conn, services().facts, answers)


@blueprint.get("")
@web.same_for_all
def start() -> Response:
    """The first question, not answered. Baked into the help pages: no cookie, no database, no clock."""
    return _show("need", RequestForm(services().facts, {}), {}, first=True)


def _show(step: str, form: RequestForm, errors: dict[str, str], status: int = 200, **variables: Any) -> Response:
    status = 422 if errors else status
    shown = {"first": False, "looks_up": False, "lapsed": False, "notice": None} | variables
    return web.render(
        f"access_code/{step}.html",
        title=title(step),
        status=status,
        error=status >= 400,
        switch_form=f"{NAME}-form" if STEP_FIELDS[step] else None,
        # The first step also stands at the form's own address, which takes no form.
        switch_action=f"/{current_language()}/self-service/{NAME}/{step}",
        step=step,
        number=STEP_NUMBERS[step],
        last=STEP_COUNT,
        filled=form,
        needs=needs(),
        values=form.answers,
        errors=errors,
        **shown,
    )


@blueprint.get(f"/{STEP_IN_PATH}")
def show(step: str) -> Response:
    """A step as it was left; or, when one before it is not answered yet, that one."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    if "reference" in saved and step != "need":
        return web.see(url_for(".done"))
    form = _form(conn, saved.get("answers", {}))
    if not form.allows(step):
        return web.see(
            url_for(".show", step=form.first_open_step) if form.first_open_step != "check" else url_for(".check")
        )
    return _show(step, form, {}, lapsed="lapsed" in saved)


@blueprint.post(f"/{STEP_IN_PATH}")
def answer(step: str) -> Response:
    """Keep what was typed, and go on to the first step that is not answered; or show what is wrong with it."""
    typed, now = read_step(step, request.form), clock.now()
    switches, looks_up, back = web.switches_language(), "look_up" in request.form, "back" in request.form
    if (refused := _refuse_look_up(step, typed, now)) is not None:
        return refused
    with services().db.write() as conn:
        saved = _load(conn, now)
        if "reference" in saved:
            if step != "need":
                return web.see(url_for(".done"))
            saved = {}
        form = _form(conn, merge_answers(saved.get("answers", {}), typed))
        is_new = cookies.anonymous_session(conn, now) is None
        skips_check = back or looks_up or (switches and not request.form.get("checked"))
        errors = {} if skips_check or not form.allows(step) else form.check(step)
        stays = bool(errors) or ((looks_up or switches) and form.allows(step))
        if not stays and typed.get("need") == "extract":
            return web.see(url_for(".no_code"))
        if is_new and not stays:
            wait = _admit(conn, table.ANONYMOUS_SESSION, now)
            if wait:
                return _too_often(step, form, wait)
        if not is_new or not stays:
            _save(conn, saved, form, step, now)
    if stays:
        return _show(step, form, errors, looks_up=looks_up)
    return web.see(_step_path(form.previous_step(step) if back else form.first_open_step))


def _admit(conn: Connection, guard: LimitSet, now: datetime) -> int:
    """Count a try from here; the seconds to wait when there were too many, else 0."""
    return guard.allow(conn, services().keys, web.client_address(), now).retry_after_seconds


def _refuse_look_up(step: str, typed: dict[str, str], now: datetime) -> Response | None:
    """What to answer when an organisation would be looked up that was not before, and that was done too often."""
    before = _load(services().db.read(), now).get("answers", {})
    number = organisation_number(before | typed)
    if number in ("", organisation_number(before)):
        return None
    with services().db.write() as conn:
        wait = _admit(conn, table.ORGANISATION, now)
    return _too_often(step, RequestForm(services().facts, before | typed), wait) if wait else None


def _too_often(step: str, form: RequestForm, wait: int) -> Response:
    return too_many_requests(wait, lambda notice: _show(step, form, {}, 429, notice=notice))


def _save(conn: Connection, saved: dict[str, Any], form: RequestForm, step: str, now: datetime) -> None:
    """Save the answers. `key` makes sending them twice one request; `lapsed` says that those of before are gone."""
    kept: dict[str, Any] = {"key": saved.get("key") or str(uuid4()), "answers": dict(form.answers)}
    if step != "need" and not saved.get("answers"):
        kept["lapsed"] = True
    cookies.save_form(conn, NAME, kept, now)


def _step_path(step: str) -> str:
    return url_for(".check") if step == "check" else url_for(".show", step=step)


@blueprint.get("/organisation")
def organisation() -> Response:
    """The organisation with the number that was just typed, to stand below it; without htmx the whole step."""
    if not web.wants_fragment():
        return web.see(url_for(".show", step="details"))
    answers = {"need": "business", "kvk_number": request.args.get("kvk_number", "")[:MAX_LENGTH]}
    if answers["kvk_number"]:
        with services().db.write() as conn:
            wait = _admit(conn, table.ORGANISATION, clock.now())
        if wait:
            return error_answer(429, retry_after=wait)
    form = _form(services().db.read(), answers)
    return web.render(
        "access_code/organisation.html", title=title("details"), filled=form, values=answers, looks_up=False
    )


@blueprint.get("/no-code")
def no_code() -> Response:
    """What is said to who needs none."""
    if SITE.no_code is None:
        abort(404)
    text = linked_facts(SITE.no_code.text[current_language()], services().facts)
    return web.render("access_code/no_code.html", title=title("no-code"), text=text)


@blueprint.get("/check")
def check() -> Response:
    """All answers, and how the code will come, before anything is sent."""
    conn, now = services().db.read(), clock.now()
    saved = _load(conn, now)
    if "reference" in saved:
        return web.see(url_for(".done"))
    form = _form(conn, saved.get("answers", {}))
    return _check(form, now) if form.first_open_step == "check" else web.see(_step_path(form.first_open_step))


def _promise(now: datetime) -> tuple[date, date]:
    return workdays.delivery_window(
        workdays.today(now), services().facts.get("access_code.delivery_working_days").value
    )


def _check(form: RequestForm, now: datetime, status: int = 200, notice: str | None = None) -> Response:
    iban = group_iban(form.answers["iban"]) if "mandate" in form.steps else ""
    return _show("check", form, {}, status, notice=notice, iban=iban, promise=_promise(now))


@blueprint.post("/check")
def send() -> Response:
    """Hand the request in. Sent twice, from here or from another tab, it is one request."""
    now = clock.now()
    with services().db.write() as conn:
        saved = _load(conn, now)
        if "reference" in saved:
            return web.see(url_for(".done"))
        form = _form(conn, saved.get("answers", {}))
        if form.first_open_step != "check":
            return web.see(_step_path(form.first_open_step))
        proof = link_routes.opened_token_hash(conn, now)
        handed = submission.submit(
            conn, services().context, form.to_answers(), saved["key"], web.client_address(), now, proof=proof
        )
        if not handed.retry_after:
            cookies.save_form(conn, NAME, _done_values(form, handed, now), now)
    if handed.retry_after:
        way = gettext(
            "Did you get an e-mail from us about a request with this e-mail address? Open the link in it in this "
            "browser, and then send this request: you need not wait."
        )
        return too_many_requests(handed.retry_after, lambda notice: _check(form, now, 429, notice), way)
    return web.see(url_for(".done"))


def _done_values(form: RequestForm, handed: submission.SubmitResult, now: datetime) -> dict[str, Any]:
    """What the last page shows; the answers themselves are forgotten."""
    way, (since, until) = form.delivery, _promise(now)
    return {
        "reference": group_reference(handed.reference),
        "before": clock.to_text(handed.sent_before) if handed.sent_before else "",
        "kind": form.kind,
        "organisation": form.organisation.name if form.organisation else "",
        "channel": way.channel,
        "lines": list(way.lines),
        "email": mask_email(form.answers["email"]),
        "since": since.isoformat(),
        "until": until.isoformat(),
    }


@blueprint.get("/done")
def done() -> Response:
    """The reference, and what happens next."""
    saved = _load(services().db.read(), clock.now())
    if "reference" not in saved:
        return web.see(url_for(".start"))
    return web.render(
        "access_code/done.html",
        title=title("done"),
        sent=saved,
        before=clock.upcoming(saved.get("before", ""), clock.now()),
        since=date.fromisoformat(saved["since"]),
        until=date.fromisoformat(saved["until"]),
    )


link_routes.add_routes(blueprint)

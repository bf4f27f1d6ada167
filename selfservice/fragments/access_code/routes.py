"""`access-code`: the request for an access code.

start = need → preferences (→ mandate, for direct debit) → check → done; or need → no-code
[mail] link → confirm → confirmed (link_routes.py)

Each step is a place. Each form but the start view says which saved form it is about: the one that this browser fills in
now (`key`, made when the first step is sent). A start view that is sent beside one asks which of the two to go on with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, abort, request, url_for

from selfservice import clock, web, workdays
from selfservice.accounts import organisations
from selfservice.db import Connection
from selfservice.fragments.access_code import link_routes
from selfservice.fragments.access_code.form import (
    FORMS,
    PAYMENT_METHODS,
    CheckForm,
    NeedForm,
    StepForm,
    Steps,
    is_same_request,
    merge_answers,
    organisation_number,
)
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.limits import table
from selfservice.limits.rate_limit import LimitSet
from selfservice.requests import submission
from selfservice.requests.status_link import status_path
from selfservice.site_config import SITE
from selfservice.values.address import goes_abroad
from selfservice.values.email import mask_email
from selfservice.values.iban import group_iban
from selfservice.values.reference import group_reference
from selfservice.web import cookies, security
from selfservice.web.error_pages import error_response as error_answer
from selfservice.web.fields import MAX_LENGTH
from selfservice.web.forms import About
from selfservice.web.pages import linked_facts
from selfservice.web.services import services

NAME = "access-code"
blueprint = Blueprint("access_code", __name__)
# `details` is a part of `need` by now: a page of before leads to where one is.
STEP_IN_PATH = "<any(need, details, preferences, mandate):step>"


def _load(conn: Connection, now: datetime) -> dict[str, Any]:
    """What this browser has of a request: its answers, and once it was sent what the last page shows."""
    return cookies.load_form(conn, NAME, now)


def _steps(conn: Connection, saved: Mapping[str, Any]) -> Steps:
    return Steps.load(conn, services().facts, saved.get("answers", {}))


def _about(saved: Mapping[str, Any], version: str = "") -> About | None:
    return About(NAME, record=saved["key"], version=version) if "answers" in saved else None


def _address(step: str) -> str:
    return url_for(".check") if step == "check" else url_for(".show", step=step)


@blueprint.get("")
@web.same_for_all
def start() -> Response:
    """The first question, not answered. Baked into the help pages: no cookie, no database, no clock."""
    steps = Steps(services().facts, {})
    return _show(steps, steps.form("need"), first=True)


def _show(steps: Steps, form: StepForm, template: str = "", title: str = "", **variables: Any) -> Response:
    return web.render(
        f"access_code/{template or form.step}.html",
        title=title or str(form.title),
        form=form,
        steps=steps,
        payment_methods=PAYMENT_METHODS,
        iban=group_iban(steps.answers.get("iban", "")),
        promise=_promise(clock.now()) if form.step == "check" else None,
        # Of the organisation, however the code comes: which of the two is not said yet.
        abroad=steps.organisation is not None and goes_abroad(steps.organisation.letter_lines()),
        **{"first": False, "found": None, "focus": "", "lapsed": False} | variables,
    )


def _show_step(saved: Mapping[str, Any], steps: Steps, step: str, status: int = 200, notice: str = "") -> Response:
    """A step with the answers as they are."""
    about = _about(saved, steps.version if step == "check" else "")
    form = steps.form(step, about=about, notice=notice)
    form.status = status
    return _show(steps, form, lapsed="lapsed" in saved)


def _show_stale(saved: Mapping[str, Any], step: str) -> Response:
    """The answer to a page that was about something else (409): nothing is done, and this is how it is now."""
    if "reference" in saved:
        notice = gettext(
            "After you opened this page, a request was sent in another tab. We did not use what you just sent. Below "
            "is the request that we have."
        )
        return _show_done(saved, 409, notice)
    steps = _steps(services().db.read(), saved)
    if not saved:
        return _show_step({"lapsed": True}, steps, "need", 409)
    return _show_step(saved, steps, step if steps.allows(step) else steps.reached, 409, str(StepForm.outdated))


@blueprint.get("/check", defaults={"step": "check"}, endpoint="check")
@blueprint.get(f"/{STEP_IN_PATH}")
def show(step: str) -> Response:
    """A step as it was left; or, when one before it is not answered yet, that one."""
    conn = services().db.read()
    saved = _load(conn, clock.now())
    if "reference" in saved and step != "need":
        return web.go(url_for(".done"))
    steps = _steps(conn, saved)
    return _show_step(saved, steps, step) if steps.allows(step) else web.go(_address(steps.reached))


@blueprint.post(f"/{STEP_IN_PATH}")
def answer(step: str) -> Response:
    """Keep what was typed, and go on to the first step that is not answered; or show what is wrong with it."""
    if step not in FORMS:
        return show(step)
    with services().db.write() as conn:
        then = _take(conn, step, clock.now())
    # A page is made outside the transaction: it may prolong a session, which is another.
    return then()


def _take(conn: Connection, step: str, now: datetime) -> Callable[[], Response]:
    """Take in what was sent; what makes the answer."""
    saved, back = _load(conn, now), "back" in request.form
    # The start view is about no saved form; sent beside one it asks which to go on with, and that is answered here too.
    is_start, again = step == "need" and not request.form.get("about"), step == "need" and "again" in request.form
    about = None if is_start else _about(saved)
    form = FORMS[step].sent(about=about)
    if ("reference" in saved and not is_start) or not form.is_current():
        return partial(_show_stale, saved, step)
    # Whoever corrects the first step on a help page, or has it in two tabs, goes on with that request.
    begins = is_start and not is_same_request(saved.get("answers", {}), form.values)
    known = {} if again or begins else saved
    before = known.get("answers", {})
    typed = merge_answers(before, form.values)
    wait = _count_look_up(conn, saved, typed, now)
    steps = Steps(services().facts, typed) if wait else _steps(conn, {"answers": typed})
    form.fit(steps)
    # With what there was no choice of.
    steps = replace(steps, answers=merge_answers(before, form.values))
    finds = isinstance(form, NeedForm) and form.finds_by_name and not (back or web.switches_language())
    if finds:
        wait = wait or _admit(conn, table.ORGANISATION, now)
    allows = steps.allows(step)
    goes_on = not wait and (back or not allows or (not finds and form.accepts()))
    if goes_on and not back and steps.answers.get("need") == "extract":
        return lambda: web.go(url_for(".no_code"))
    if _is_begun(saved) and (begins if goes_on else again):
        begun, form = _steps(conn, saved), NeedForm.sent(about=_about(saved))
        return lambda: _show(begun, form, "begun", gettext("You already began a request"))
    if goes_on and not saved and cookies.anonymous_session(conn, now) is None:
        wait = _admit(conn, table.ANONYMOUS_SESSION, now)
    if wait:
        return lambda: form.too_many(wait, lambda: _show(steps, form))
    if goes_on or known:
        _save(conn, known, steps.answers, step, now)
    if goes_on:
        then = steps.previous(step) if back else steps.next(step if allows else "")
        return lambda: web.go(_address(then))
    # When one answer was looked for, the others are not judged yet.
    focus = "found" if finds else "organisation" if "picked" in request.form else ""
    if focus:
        form = steps.form(step, about=about)
        form.is_sent = True
    found = organisations.find_by_name(conn, steps.answers["organisation_name"]) if finds else None
    return lambda: _show(steps, form, found=found, focus=focus)


def _count_look_up(conn: Connection, saved: Mapping[str, Any], answers: Mapping[str, str], now: datetime) -> int:
    """Count it when these answers have an organisation looked up that was not before; the seconds to wait, else 0."""
    is_new = organisation_number(answers) not in ("", organisation_number(saved.get("answers", {})))
    return _admit(conn, table.ORGANISATION, now) if is_new else 0


def _is_begun(saved: Mapping[str, Any]) -> bool:
    """Whether more than the first question was answered, of a request that was not handed in."""
    return any(text for name, text in saved.get("answers", {}).items() if name != "need")


def _admit(conn: Connection, guard: LimitSet, now: datetime) -> int:
    """Count a try from here; the seconds to wait when there were too many, else 0."""
    return guard.allow(conn, services().keys, web.client_address(), now).retry_after_seconds


def _save(conn: Connection, known: Mapping[str, Any], answers: Mapping[str, str], step: str, now: datetime) -> None:
    """Save the answers. `key` makes sending them twice one request; `lapsed` says that those of before are gone."""
    kept: dict[str, Any] = {"key": known.get("key") or str(uuid4()), "answers": dict(answers)}
    if step != "need" and not known:
        kept["lapsed"] = True
    cookies.save_form(conn, NAME, kept, now)


@blueprint.get("/organisation")
def organisation() -> Response:
    """The organisation with the number that is being typed, to stand below it; nothing as long as that is not whole.
    Without htmx the whole step.
    """
    answers = {"need": "business", "kvk_number": request.args.get("kvk_number", "")[:MAX_LENGTH]}
    return _look_up("organisation", bool(organisation_number(answers)), answers)


@blueprint.get("/organisations")
def find() -> Response:
    """Organisations with the name that is being typed, to choose from. Without htmx the whole step."""
    name = request.args.get("organisation_name", "")[:MAX_LENGTH]
    return _look_up("found", bool(organisations.name_words(name)), {"organisation_name": name})


def _look_up(template: str, asks: bool, answers: Mapping[str, str]) -> Response:
    """Look an organisation up, if what was typed `asks` for that: only then it counts."""
    if not web.wants_fragment() or SITE.organisation_number is None:
        return web.go(_address("need"))
    if asks:
        with services().db.write() as conn:
            wait = _admit(conn, table.ORGANISATION, clock.now())
        if wait:
            return error_answer(429, retry_after=wait)
    conn = services().db.read()
    steps = Steps.load(conn, services().facts, answers)
    form = steps.form("need")
    found = organisations.find_by_name(conn, answers.get("organisation_name", ""))
    return web.render(
        f"access_code/{template}.html", title=str(NeedForm.title), form=form, steps=steps, found=found, focus=""
    )


@blueprint.get("/no-code")
def no_code() -> Response:
    """What is said to who needs none."""
    if SITE.no_code is None:
        abort(404)
    text = linked_facts(SITE.no_code.text[current_language()], services().facts)
    return web.render("access_code/no_code.html", title=gettext("You need no access code"), text=text)


def _promise(now: datetime) -> tuple[date, date]:
    return workdays.delivery_window(
        workdays.today(now), services().facts.get("access_code.delivery_working_days").value
    )


@blueprint.post("/check")
def send() -> Response:
    """Hand in what the page showed. Sent twice it is one request."""
    now, handed = clock.now(), None
    with services().db.write() as conn:
        saved = _load(conn, now)
        steps = _steps(conn, saved)
        form = steps.form("check", about=_about(saved, steps.version))
        is_done = "reference" in saved and saved.get("about") == request.form.get("about")
        if not is_done and steps.reached == "check" and form.is_current():
            proof = link_routes.opened_token_hash(conn, now)
            handed = submission.submit(
                conn, services().context, steps.to_answers(), saved["key"], web.client_address(), now, proof=proof
            )
            if not handed.retry_after:
                cookies.save_form(conn, NAME, _done_values(steps, handed, now), now)
    if is_done or (handed is not None and not handed.retry_after):
        return web.go(url_for(".done"))
    if handed is None:
        return _show_stale(saved, "check")
    way = gettext(
        "Did you get an e-mail from us about a request with this e-mail address? Open the link from that e-mail in "
        "this browser, and then send this request. Then you do not have to wait."
    )
    return form.too_many(handed.retry_after, lambda: _show(steps, form), way)


def _done_values(steps: Steps, handed: submission.SubmitResult, now: datetime) -> dict[str, Any]:
    """What the last page shows, and what the page was about that was sent; the answers themselves are forgotten."""
    way, (since, until) = steps.delivery, _promise(now)
    return {
        "about": request.form.get("about", ""),
        "reference": group_reference(handed.reference),
        "before": clock.to_text(handed.sent_before) if handed.sent_before else "",
        "kind": steps.kind,
        "organisation": steps.organisation.name if steps.organisation else "",
        "channel": way.channel,
        "lines": list(way.lines),
        "email": mask_email(steps.answers["email"]),
        "since": since.isoformat(),
        "until": until.isoformat(),
    }


@blueprint.get("/done")
def done() -> Response:
    """The reference, and what happens next."""
    saved = _load(services().db.read(), clock.now())
    return _show_done(saved) if "reference" in saved else web.go(url_for(".start"))


def _show_done(saved: Mapping[str, Any], status: int = 200, notice: str = "") -> Response:
    form = CheckForm(notice=notice)
    form.status = status
    answer = web.render(
        "access_code/done.html",
        title=gettext("We have your request"),
        form=form,
        sent=saved,
        before=clock.upcoming(saved.get("before", ""), clock.now()),
        since=date.fromisoformat(saved["since"]),
        until=date.fromisoformat(saved["until"]),
        abroad=goes_abroad(saved["lines"]),
        status_link=status_path(services().keys, saved["reference"]),
    )
    return security.forbid_transforms(answer)


link_routes.add_routes(blueprint)

"""`which-situation`: one question, whose answers lead to the right form.

start → another form, or a checklist in the place of the question
"""

from __future__ import annotations

from flask import Blueprint, Response

from selfservice import web
from selfservice.i18n.catalogs import gettext

NAME = "which-situation"
blueprint = Blueprint("which_situation", __name__)


def title() -> str:
    """The name of the form."""
    return gettext("What is the problem?")


@blueprint.get("")
@web.same_for_all
def start() -> Response:
    """The question. Its answers are links, so that it works without a script."""
    return web.render("which_situation/start.html", title=title())


@blueprint.get("/checklist")
def checklist() -> Response:
    """What to look at with code and password at hand."""
    return web.render("which_situation/checklist.html", title=gettext("Check these things first"))

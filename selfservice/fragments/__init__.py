"""The forms: one folder each, named in its address, its markdown link, its templates and its test alike."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint

from selfservice.config import ConfigError
from selfservice.fragments import orders
from selfservice.fragments.access_code import routes as access_code
from selfservice.fragments.change_password import routes as change_password
from selfservice.fragments.devices import routes as devices
from selfservice.fragments.digital_invoices import routes as digital_invoices
from selfservice.fragments.direct_debit import routes as direct_debit
from selfservice.fragments.lost_access_code import routes as lost_access_code
from selfservice.fragments.mailbox import routes as mailbox
from selfservice.fragments.my import routes as my
from selfservice.fragments.replacement_password import routes as replacement_password
from selfservice.fragments.request_status import routes as request_status
from selfservice.fragments.search import routes as search
from selfservice.fragments.sign_in import routes as sign_in
from selfservice.fragments.which_situation import routes as which_situation
from selfservice.site_config import FILE, SITE, did_you_mean, line_of

ALL: dict[str, Blueprint] = {
    "replacement-password": replacement_password.blueprint,
    "which-situation": which_situation.blueprint,
    "access-code": access_code.blueprint,
    "request-status": request_status.blueprint,
    "lost-access-code": lost_access_code.blueprint,
    "search": search.blueprint,
    "sign-in": sign_in.blueprint,
    "my": my.blueprint,
    "change-password": change_password.blueprint,
    "devices": devices.blueprint,
    "direct-debit": direct_debit.blueprint,
    "orders": orders.blueprint,
    "digital-invoices": digital_invoices.blueprint,
}
# Those of this site.
FRAGMENTS = {name: blueprint for name, blueprint in ALL.items() if name == "search" or name in SITE.forms}
DEMO_FRAGMENTS: dict[str, Blueprint] = {"mailbox": mailbox.blueprint}
# These lead to each other, in their pages and their mails; the others lead to them.
ACCESS_CODES = (
    *("access-code", "request-status", "lost-access-code", "replacement-password"),
    *("sign-in", "my", "change-password", "devices"),
)


def require_forms(content: Path) -> None:
    """Raise ConfigError, with its line in site.toml, for a form that is not there, or one that is on while a form that
    it leads to is off.
    """
    for name in SITE.forms:
        if name not in ALL or name == "search":
            message = f"there is no form '{name}' to choose{did_you_mean(name, set(ALL) - {'search'})}"
            raise ConfigError(f"{FILE}:{line_of(content, name)}: {message}")
    if missing := [name for name in ACCESS_CODES if SITE.forms and name not in SITE.forms]:
        message = f"'{SITE.forms[0]}' leads to '{missing[0]}': add that to the forms, or take all out"
        raise ConfigError(f"{FILE}:{line_of(content, 'forms')}: {message}")

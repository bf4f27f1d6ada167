"""The forms: one folder each, named in its address, its markdown link, its templates and its test alike."""

from __future__ import annotations

from flask import Blueprint

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

FRAGMENTS: dict[str, Blueprint] = {
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
DEMO_FRAGMENTS: dict[str, Blueprint] = {"mailbox": mailbox.blueprint}

"""The forms: one folder each, named in its address, its markdown link, its templates and its test alike."""

from __future__ import annotations

from flask import Blueprint

from selfservice.fragments import (
    access_code,
    change_password,
    devices,
    digital_invoices,
    direct_debit,
    lost_access_code,
    mailbox,
    my,
    orders,
    replacement_password,
    request_status,
    search,
    sign_in,
    which_situation,
)

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

"""The forms: one folder each, named in its address, its markdown link, its templates and its test alike."""

from __future__ import annotations

from flask import Blueprint

from selfservice.fragments import mailbox, replacement_password, search

FRAGMENTS: dict[str, Blueprint] = {
    "replacement-password": replacement_password.blueprint,
    "search": search.blueprint,
}
DEMO_FRAGMENTS: dict[str, Blueprint] = {"mailbox": mailbox.blueprint}

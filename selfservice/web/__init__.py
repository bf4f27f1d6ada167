"""What views call: `web.render`, `web.see` and what a request says. All else is imported from its own module."""

from selfservice.web.layout import path_in_language
from selfservice.web.rendering import (
    go,
    in_language,
    layout_context,
    layout_variables,
    render,
    same_for_all,
    see,
    site_name,
    switches_language,
    wants_fragment,
)
from selfservice.web.request import client_address, is_api, local_path

__all__ = [
    "client_address",
    "go",
    "in_language",
    "is_api",
    "layout_context",
    "layout_variables",
    "local_path",
    "path_in_language",
    "render",
    "same_for_all",
    "see",
    "site_name",
    "switches_language",
    "wants_fragment",
]

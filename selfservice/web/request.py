"""What a request says: its language, address and parameters."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import abort, request
from htmx_flask.requests import HtmxAwareRequest
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.routing import BaseConverter
from werkzeug.utils import cached_property

from selfservice.i18n.languages import LANGUAGES

API_PREFIX = "/api/"
# In the environ: the status that says what was wrong with a request before the app was asked (server.py). No client can
# set it: what clients say stands under HTTP_.
REFUSED_STATUS = "loket.refused"


class LanguageConverter(BaseConverter):
    """`<lang:lang>` in a route: one of our languages."""

    regex = "|".join(LANGUAGES)


def client_address() -> str:
    """Where the request comes from; behind proxies only when the operator said how many (LOKET_PROXIES)."""
    return request.remote_addr or "unknown"


def is_api() -> bool:
    """Whether this request is for a program: it is answered in JSON, errors too, and no cookie counts for it."""
    return request.path.startswith(API_PREFIX)


class _SingleValues(ImmutableMultiDict[str, str]):
    """Parameters of an address. One that comes twice is refused when it is read, since two readers might read two
    things; what nobody reads, such as a tracking parameter that was added twice, does no harm.
    """

    def __getitem__(self, key: str) -> str:
        if len(self.getlist(key)) > 1:
            abort(400)
        return super().__getitem__(key)


class StrictRequest(HtmxAwareRequest):
    """A request that says each thing once."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The parameters of the address; one that comes twice is refused (400) when it is read."""
        return _SingleValues(super().args)


def local_path(address: str) -> str | None:
    """The address when it is a path of this site, else None (for `next=` and the like)."""
    # Looked at first: urlsplit raises an error at some hosts, and here nothing has one.
    if not address.startswith("/") or address.startswith("//") or "\\" in address or not address.isprintable():
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc else address

"""Addresses that lead out of the site: which of them cannot be right, without asking the network."""

from __future__ import annotations

import re
from functools import lru_cache

from selfservice.site_config import did_you_mean
from selfservice.values.email import check_email
from selfservice.values.error import FieldError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+._-]*):(.*)", re.DOTALL)
_DISK = re.compile(r"[A-Za-z]:[\\/]|\\\\|file:", re.IGNORECASE)
_HOST = re.compile(r"//(?:[^/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#:]*)(?::\d+)?(?:[/?#]|\Z)")
_HERE = re.compile(
    r"localhost|.*\.(?:localhost|local|internal|lan|home|test)|\[.*\]|0\.0\.0\.0"
    r"|(?:127|10)(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\+?[\d().-]{3,}(?:;.*)?")
_PROGRAMS = ("javascript", "data", "vbscript", "blob", "about")
_KNOWN = ("https", "http", "mailto", "tel", "sms", "selfservice")


def is_outside(link: str) -> bool:
    """Whether an address leads out of the site, or is meant to."""
    return link.startswith(("//", "\\")) or _SCHEME.match(link) is not None


@lru_cache(maxsize=4096)
def wrong_address(link: str) -> str:
    """What is wrong with an address that leads out of the site, in plain words; empty when nothing is."""
    if _DISK.match(link):
        return (
            f"'{link}' is a place on a computer, which visitors cannot open: give an address that begins with https://"
        )
    match = _SCHEME.fullmatch(link)
    scheme, rest = (match[1], match[2]) if match else ("", link)
    if scheme.lower() in ("", "http", "https"):
        return _wrong_host(link, rest)
    if scheme == "mailto":
        return _wrong_mail(link, rest.partition("?")[0])
    if scheme in ("tel", "sms"):
        return "" if _PHONE.fullmatch(rest) else f"'{link}' is no telephone number: write {scheme}:+31 and digits"
    return _wrong_scheme(link, scheme, rest)


def _wrong_scheme(link: str, scheme: str, rest: str) -> str:
    if scheme.lower() in _PROGRAMS:
        return f"'{_short(link)}' does nothing on this site: give an address that begins with https://"
    if "selfservice" in re.sub(r"\W|_", "", scheme.lower()):
        return f"'{link}' is no form: write selfservice:{rest.strip('/ ').lower().replace('_', '-')}"
    near = did_you_mean(f"{scheme.lower()}:", [f"{known}:" for known in _KNOWN])
    return f"'{_short(link)}' is no address that browsers know{near}"


def _wrong_host(link: str, rest: str) -> str:
    match = _HOST.match(rest)
    if match is None or not match[1]:
        return f"'{link}' is no whole address: write https:// and then a name, such as https://www.example.org/"
    host = match[1]
    if _HERE.fullmatch(host):
        return f"'{link}' is a computer of your own, which visitors cannot open: give the address that they use"
    if "." not in host.strip(".") or ".." in host or re.search(r"[\s,;_]", host):
        return f"'{link}' has no name of a website behind //, such as www.example.org"
    return ""


def _wrong_mail(link: str, address: str) -> str:
    try:
        check_email(address.replace("%20", " "))
    except FieldError:
        return f"'{link}' has no e-mail address that can be right: write mailto:name@example.org"
    return ""


def _short(link: str) -> str:
    return link if len(link) <= 40 else link[:39] + "…"

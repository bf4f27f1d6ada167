"""Counting a search that found nothing, for editors (`loket searches`)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request

from selfservice import clock, web
from selfservice.db import DatabaseBusyError
from selfservice.feedback import searches
from selfservice.i18n.languages import current_language
from selfservice.limits import table
from selfservice.search.query import SearchResults
from selfservice.web.services import services

# What programs that walk the web call themselves; most give the address of a page about them.
_ROBOT = re.compile(r"bot|crawl|spider|slurp|preview|https?:", re.IGNORECASE)


def count_if_unanswered(results: SearchResults) -> None:
    """Count the words, when nothing was found and somebody sent them. The answer never waits for it: while others
    write in the database, nothing is counted. Nor is it from who sends very many.
    """
    if not results.q or results.hits or not _was_sent():
        return
    wired = services()
    words = searches.countable_words(wired.config.search_index, current_language(), results.q)
    if not words:
        return
    now = clock.now()
    try:
        with wired.db.write_if_free() as conn:
            if table.UNANSWERED.allow(conn, wired.keys, web.client_address(), now).allowed:
                searches.count(conn, current_language(), words, now)
    except DatabaseBusyError:
        return


def _was_sent() -> bool:
    """Whether a person sent the search from a page of ours or an address of their own: not each letter that was typed,
    not another site's page, no browser that fetches ahead, no robot, and not the same words again, as by the switch of
    language.
    """
    headers = request.headers
    return (
        request.method == "GET"
        and "HX-Request" not in headers
        and headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        and not any(name in headers for name in ("Sec-Purpose", "Purpose", "X-Moz"))
        and bool(agent := headers.get("User-Agent", ""))
        and not _ROBOT.search(agent)
        and _query_of(request.referrer or "") != request.query_string.decode("latin-1")
    )


def _query_of(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:  # anybody can send what is no address
        return ""

"""Retention of links and revoked access codes."""

from datetime import datetime

from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext

_CODES = Kept(
    what=lazy_gettext("Your access code, as a scrambled trace, and the day on which you last logged in with it"),
    until=lazy_gettext("%(time)s after the code stopped working"),
    tables=("access_codes",),
    fact="access_code.revoked_keep_days",
)
# As long as a browser may remember the link: to say that it was used or has expired.
_LINKS = Kept(
    what=lazy_gettext(
        "A link that we mailed to you, as a scrambled trace, and the address for invoices that waits for it"
    ),
    until=lazy_gettext("%(time)s after the link stopped working"),
    tables=("tokens", "invoice_addresses"),
    fact="visit.keep_hours",
)
KEPT = (_CODES, _LINKS)


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete what is past its retention period (see migrations.py); returns how many rows."""
    links, codes = ({"before": kept.before(ctx.facts, now)} for kept in (_LINKS, _CODES))
    return (
        conn.execute("DELETE FROM tokens WHERE expires_at < :before", links).rowcount
        + conn.execute("DELETE FROM access_codes WHERE revoked_at < :before", codes).rowcount
    )

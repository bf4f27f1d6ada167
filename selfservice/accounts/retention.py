"""Retention of accounts, links and revoked access codes."""

from datetime import datetime

from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.site_config import SITE

_CODES = Kept(
    what=lazy_gettext("Your access code (scrambled), and when you last logged in with it"),
    until=lazy_gettext("%(time)s after the code stopped working"),
    tables=("access_codes",),
    fact="access_code.revoked_keep_days",
)
# As long as a browser may remember the link: to say that it was used or has expired.
_LINKS = Kept(
    what=lazy_gettext("A link that we mail to you (scrambled), and what you filled in for it"),
    until=lazy_gettext("%(time)s after the link stopped working"),
    tables=("tokens", "invoice_addresses", "account_openings"),
    fact="visit.keep_hours",
)
_CHANGES = Kept(
    what=lazy_gettext("A change of your e-mail address"),
    until=lazy_gettext("%(time)s after you can no longer confirm or undo the change"),
    tables=("email_changes",),
    fact="visit.keep_hours",
)
_ACCOUNTS = Kept(
    what=lazy_gettext("Your account, and when you last logged in with it"),
    until=lazy_gettext("Until you delete the account"),
    tables=("user_accounts",),
)
KEPT: tuple[Kept, ...] = (_CODES, _LINKS)
if "account" in SITE.forms:
    KEPT = (_ACCOUNTS, _CHANGES, *KEPT)


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete what is past its retention period (see migrations.py); returns how many rows."""

    def before(kept: Kept) -> dict[str, str]:
        return {"before": kept.before(ctx.facts, now)}

    return (
        conn.execute("DELETE FROM tokens WHERE expires_at < :before", before(_LINKS)).rowcount
        + conn.execute("DELETE FROM access_codes WHERE revoked_at < :before", before(_CODES)).rowcount
        + conn.execute("DELETE FROM account_openings WHERE expires_at < :before", before(_LINKS)).rowcount
        + conn.execute("DELETE FROM email_changes WHERE expires_at < :before", before(_CHANGES)).rowcount
    )

"""The rules of downloading one's own data: the password once more, and its owner is told."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.mail import outbox
from selfservice.web.reauthentication import PasswordForm


class DataForm(PasswordForm):
    """The password, filled in once more."""

    fragment = "account-data"
    submit = lazy_gettext("Make my file")
    download = lazy_gettext("Download the file")


def record_download(conn: Connection, ctx: Context, session: Session, address: str, lang: str, now: datetime) -> None:
    """Write down that the person's data was downloaded, and tell them by mail. Call inside `write()`."""
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"data-downloaded:{uuid4()}",
        kind="account_data.downloaded",
        recipient=session.email,
        language=lang,
        payload={"name": session.given_name, "is_account": session.access_code_id is None},
        earned=True,
        topic="account_data.downloaded",
    )
    who = f"person:{session.person_id}"
    record(conn, ctx.keys, now, "data.download", "ok", who=who, on_what=who, address=address)

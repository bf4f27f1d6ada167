"""What the table of letters says of one person."""

from __future__ import annotations

import json
from datetime import datetime

from selfservice.context import Context
from selfservice.db import Database
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGE_NAMES
from selfservice.mail.verification import group_check_code
from selfservice.personal_sections import Section, choice, day, moment
from selfservice.values.reference import group_reference


def sections(db: Database, _: Context, person_id: int, __: datetime) -> list[Section]:
    """The letters with an access code of this person. Their address is kept until they are posted."""
    rows = db.read().execute(
        """SELECT l.reference, l.check_code, l.language, l.address_lines, l.state, l.valid_until, l.created_at,
                  l.printed_at, l.posted_at
           FROM letters l JOIN access_codes c ON c.id = l.access_code_id
           WHERE c.person_id = :id ORDER BY l.created_at DESC, l.id DESC""",
        {"id": person_id},
    )
    records = [
        {
            "reference": group_reference(row["reference"]),
            "message_code": group_check_code(row["check_code"]),
            "language": choice(row["language"], LANGUAGE_NAMES),
            "address": tuple(json.loads(row["address_lines"])),
            "state": choice(row["state"], _states()),
            "asked_at": moment(row["created_at"]),
            "printed_at": moment(row["printed_at"]),
            "posted_at": moment(row["posted_at"]),
            "valid_until": day(row["valid_until"]),
        }
        for row in rows
    ]
    columns = {
        "reference": gettext("Reference"),
        "message_code": gettext("Code of the letter"),
        "language": gettext("Language"),
        "address": gettext("Address"),
        "state": gettext("Status"),
        "asked_at": gettext("Written"),
        "printed_at": gettext("Printed"),
        "posted_at": gettext("Posted"),
        "valid_until": gettext("Use the code on or before"),
    }
    return [Section("letters", gettext("Letters from us"), columns, records)]


def _states() -> dict[str, str]:
    return {
        "ready": gettext("ready to be printed"),
        "printed": gettext("printed"),
        "posted": gettext("in the post"),
        "withdrawn": gettext("withdrawn"),
    }

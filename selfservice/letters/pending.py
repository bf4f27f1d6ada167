"""Letters with an access code: queueing them, and withdrawing them while they are not printed. See batches.py."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.letters.characters import to_printable, unprintable
from selfservice.mail import verification
from selfservice.seeds import Seed
from selfservice.values.address import mask_address, split_envelope

KEPT = (
    Kept(
        what=lazy_gettext("That there was a letter to an address (scrambled)"),
        until=lazy_gettext("%(time)s after the letter was made"),
        tables=("letters", "letter_batches"),
        fact="letter.keep_days",
    ),
)
# What fits a window (see letter.typ): an addressee of one to three lines (abroad two), street, postcode and place, and
# abroad the country.
MIN_LINES, MAX_LINES = 3, 5
MAX_LINE_LENGTH = 200
_WITHDRAW = """UPDATE letters SET state = 'withdrawn', nonce = '', key_id = NULL, address_lines = '[]', batch_id = NULL
              WHERE state = 'ready' AND {which}"""


class OpenLetterError(Exception):
    """A letter went to this address in the last days (fact letter.every_days), and its code was not used yet; nothing
    was queued.
    """


class UnprintableError(ValueError):
    """The letter has characters that no font of ours has; nothing was queued. The message is those characters."""


class LetterPrintedError(Exception):
    """The letter is printed or withdrawn already, and can no longer be withdrawn."""


@dataclass(frozen=True)
class Letter:
    """A letter to be printed."""

    id: int
    reference: str
    check_code: str
    language: str
    lines: tuple[str, ...]
    seed: Seed
    valid_until: date


def enqueue(
    conn: Connection,
    ctx: Context,
    *,
    access_code_id: int,
    reference: str,
    language: str,
    lines: Sequence[str],
    seed: Seed,
    valid_until: date,
    now: datetime,
) -> int:
    """Queue a letter with a code and return its id. Call inside `write()`.

    `lines` are those of the envelope: whom it is for, and then the address (`Address.lines`). The code is what `seed`
    gives when the letter is printed; `reference` is not grouped; `valid_until` is the last day on which the code can be
    used for the first time. Raises OpenLetterError, UnprintableError, and ValueError when the lines are fewer or more
    than an envelope has.
    """
    shown = _envelope_lines(lines)
    # One open letter an address in so many days: it is open until its code was used.
    hashes = ctx.keys.keyed_hashes("letter-address", _address_key(shown))
    check_code = verification.register(conn, "access_code.letter", mask_address(shown), language, now)
    row = conn.execute(
        """INSERT INTO letters (access_code_id, reference, check_code, language, address_lines, address_key, nonce,
                                key_id, valid_until, state, created_at)
           SELECT :access_code_id, :reference, :check_code, :language, :address_lines, :new_key, :nonce,
                  :key_id, :valid_until, 'ready', :now
           WHERE NOT EXISTS (
               SELECT 1 FROM letters l LEFT JOIN access_codes c ON c.id = l.access_code_id
               WHERE l.address_key IN (:new_key, :old_key) AND l.state <> 'withdrawn' AND l.created_at > :since
                     AND c.first_used_at IS NULL)
           RETURNING id""",
        {
            "access_code_id": access_code_id,
            "reference": reference,
            "check_code": check_code,
            "language": language,
            "address_lines": json.dumps(shown, ensure_ascii=False),
            "new_key": hashes[0],
            "old_key": hashes[1],
            "since": to_text(now - timedelta(days=ctx.fact("letter.every_days"))),
            "nonce": seed.nonce,
            "key_id": seed.key_id,
            "valid_until": valid_until.isoformat(),
            "now": to_text(now),
        },
    ).fetchone()
    if row is None:
        raise OpenLetterError
    return int(row["id"])


def withdraw(conn: Connection, letter_id: int, now: datetime) -> None:
    """Withdraw a letter and delete its seed and address. Raises LetterPrintedError."""
    changed = conn.execute(
        _WITHDRAW.format(which="id = :id"),
        {"id": letter_id},
    ).rowcount
    if changed != 1:
        raise LetterPrintedError


def withdraw_revoked(conn: Connection) -> None:
    """Withdraw all letters whose code was revoked."""
    conn.execute(
        _WITHDRAW.format(
            which="""NOT EXISTS (
                SELECT 1 FROM access_codes c WHERE c.id = letters.access_code_id AND c.revoked_at IS NULL)"""
        )
    )


def _address_key(lines: Sequence[str]) -> str:
    """A key that all spellings of one address share: the letters and digits of its lines, without case and accents. The
    addressee is not part of it.
    """
    plain = unicodedata.normalize("NFKD", " ".join(split_envelope(lines)[1])).casefold()
    return "".join(char for char in plain if char.isalnum())


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Remove letters that were made over fact letter.keep_days ago, but none that still has to be printed or posted,
    and batches that have none left; returns how many letters.
    """
    gone = conn.execute(
        "DELETE FROM letters WHERE state IN ('posted', 'withdrawn') AND created_at < :before",
        {"before": KEPT[0].before(ctx.facts, now)},
    ).rowcount
    conn.execute(
        """DELETE FROM letter_batches WHERE posted_at IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM letters WHERE letters.batch_id = letter_batches.id)"""
    )
    return gone


def _envelope_lines(lines: Sequence[str]) -> tuple[str, ...]:
    shown = tuple(line for line in map(_printable_line, lines) if line)
    if not MIN_LINES <= len(shown) <= MAX_LINES:
        raise ValueError(f"an envelope has {MIN_LINES} to {MAX_LINES} lines, not {len(shown)}")
    if missing := unprintable("".join(shown)):
        raise UnprintableError(missing)
    return shown


def _printable_line(text: str) -> str:
    """One line as letters print it (`to_printable`), truncated when very long."""
    plain = to_printable(text).strip()
    return plain if len(plain) <= MAX_LINE_LENGTH else plain[: MAX_LINE_LENGTH - 1].rstrip() + "…"

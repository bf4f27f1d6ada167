"""What every part of the store works on."""

from __future__ import annotations

from dataclasses import dataclass

from selfservice.db import Connection


@dataclass(frozen=True)
class OnConnection:
    """A part of the store, behind one connection."""

    conn: Connection

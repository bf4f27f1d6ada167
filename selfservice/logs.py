"""Logs: one JSON line an event, in UTC, without anything that could be used against a person."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

# Made here, which is before anything imports Pelican: loggers made after that leave out repeated messages.
LOGGER = logging.getLogger("loket")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON. Extra fields come from `extra={"fields": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; an exception is reduced to its type and place, since its text may hold what a visitor typed."""
        line = {
            "when": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "what": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = []
            trace = error.__traceback__
            while trace:
                frames.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
                trace = trace.tb_next
            line |= {"error": type(error).__name__, "at": frames[-5:]}
        return json.dumps(line, ensure_ascii=False)


def to_stderr(level: int = logging.INFO) -> None:
    """Send our log lines to standard error, where the operator's service manager keeps them."""
    if not LOGGER.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonFormatter())
        LOGGER.addHandler(handler)
    LOGGER.setLevel(level)
    LOGGER.propagate = False

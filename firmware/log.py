"""Log lines of the terminal: one JSON object each, on stderr, for the journal."""

import json
import logging
import sys

_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "taskName"}


class _JsonLines(logging.Formatter):
    """Message and `extra` fields. Whoever logs sees to it that nothing personal is in them."""

    def format(self, record: logging.LogRecord) -> str:
        extra = {key: value for key, value in record.__dict__.items() if key not in _OWN}
        line = {"level": record.levelname.lower(), "where": record.name, "what": record.msg}
        return json.dumps({**line, **extra}, ensure_ascii=False, default=str)


def start(level: int = logging.INFO) -> None:
    """Send the log to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)

"""Log lines of the terminal: one JSON object each, on stderr, for the journal.

Nothing personal comes through: every value passes `firmware.redaction`, and of an exception only
its type and its place are told, since its message may carry what somebody has just read.
"""

import json
import logging
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

from firmware.redaction import plain, text
from hal.events.log import Plain

_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "taskName"}
_log = logging.getLogger(__name__)


def sentence(record: logging.LogRecord) -> str:
    """The fixed text of a line. What a library would fill into it is left out."""
    return text(record.msg) if isinstance(record.msg, str) else f"‹{type(record.msg).__name__}›"


def beside(record: logging.LogRecord) -> dict[str, Plain]:
    """The values of a line that may be told."""
    extra = {key: plain(key, value) for key, value in record.__dict__.items() if key not in _OWN}
    if record.exc_info and record.exc_info[0] is not None:
        extra["exception"] = record.exc_info[0].__name__
    return extra


class JsonLines(logging.Formatter):
    """`level`, `where`, `what` and the values beside it."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname.lower(),
            "where": record.name,
            "what": sentence(record),
        }
        return json.dumps({**line, **beside(record)}, ensure_ascii=False)


def start(level: int = logging.INFO) -> None:
    """Send the log to stderr, and what nobody caught into the log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # A handler that fails must not print the record with its values.
    logging.raiseExceptions = False
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    places = traceback.extract_tb(error.__traceback__ if trace is None else trace)
    place = f"{Path(places[-1].filename).name}:{places[-1].lineno}" if places else "unknown"
    _log.critical("uncaught", extra={"error": kind.__name__, "from": place})


def _uncaught_in_thread(thrown: threading.ExceptHookArgs) -> None:
    if thrown.exc_value is not None:
        _uncaught(thrown.exc_type, thrown.exc_value, thrown.exc_traceback)

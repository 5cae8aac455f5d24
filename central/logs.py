"""Log lines of the centre: one JSON object each, on stderr, without anybody's data."""

import json
import logging
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from central.service.moments import written


class JsonLines(logging.Formatter):
    """An error is told by its type and where it happened: its text might be personal."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": written(self._now()),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__qualname__
            line["trace"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.dumps(line, ensure_ascii=False)


def start_logging(
    now: Callable[[], datetime], level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Send every log line of this process to `stream`, stderr if None."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(now))
    logging.basicConfig(level=level, handlers=[handler], force=True)

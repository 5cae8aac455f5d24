"""A log line is one JSON object, and never says whom the terminal has just met."""

import json
import logging
import subprocess
import sys

from firmware.log import JsonLines

PERSON = "贾示安 110199198001010018"


def line(record: logging.LogRecord) -> dict[str, object]:
    return dict(json.loads(JsonLines().format(record)))


def record(message: object, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("firmware.x", logging.WARNING, "x.py", 1, message, arguments, None)
    made.__dict__.update(extra)
    return made


def test_a_line_has_its_values_beside_it() -> None:
    """Level, place, sentence and values are fields of one object."""
    assert line(record("device lost", device="card", count=3)) == {
        "level": "warning",
        "where": "firmware.x",
        "what": "device lost",
        "device": "card",
        "count": 3,
    }


def test_what_a_library_fills_in_stays_out() -> None:
    """The arguments of a message are not formatted into it."""
    told = line(record("cannot decode %s", PERSON))
    assert told["what"] == "cannot decode %s"


def test_a_person_in_sentence_or_value_is_replaced() -> None:
    """Whoever writes a person into a line by mistake writes nothing."""
    assert PERSON not in json.dumps(line(record(PERSON, cause=PERSON)), ensure_ascii=False)
    assert line(record(ValueError(PERSON)))["what"] == "‹ValueError›"


def test_of_an_exception_the_type_is_told() -> None:
    """Its message may carry what was just read."""
    try:
        raise ValueError(PERSON)
    except ValueError:
        made = record("failed")
        made.exc_info = sys.exc_info()
    assert line(made) == {
        "level": "warning",
        "where": "firmware.x",
        "what": "failed",
        "exception": "ValueError",
    }


def test_what_nobody_caught_is_told_without_its_message() -> None:
    """In the main thread and in another one: type and place, one line each, no trace."""
    program = (
        "import threading\n"
        "from firmware import log\n"
        "log.start()\n"
        f"def fail():\n    raise ValueError({PERSON!r})\n"
        "thread = threading.Thread(target=fail)\n"
        "thread.start()\nthread.join()\nfail()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    lines = [json.loads(text) for text in ended.stderr.splitlines()]
    assert [(told["what"], told["error"], told["from"]) for told in lines] == [
        ("uncaught", "ValueError", "<string>:5")
    ] * 2
    assert PERSON not in ended.stderr
    assert ended.returncode == 1


def test_a_line_that_cannot_be_written_is_not_printed_instead() -> None:
    """logging would tell of its failure with the values of the line."""
    program = (
        "import logging, sys\n"
        "from firmware import log\n"
        "log.start()\n"
        "(handler,) = logging.getLogger().handlers\n"
        "handler.setFormatter(logging.Formatter('%(nothing)s'))\n"
        f"logging.warning('cannot take %s', {PERSON!r})\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")

"""What the centre hears of the terminal's log: little, later, and nobody's name."""

import json
import logging
from collections.abc import Iterator
from queue import Queue
from threading import Event
from typing import Any

import pytest

from firmware.remote_log import BURST, CAPACITY, RemoteLog
from hal.events.log import LogLevel

DEADLINE_S = 10
_log = logging.getLogger("firmware.somewhere")


class Wire:
    """The line to the broker: it takes what it is given while it is up, and logs about it."""

    def __init__(self) -> None:
        self.up = True
        self.lines: Queue[dict[str, Any]] = Queue()
        self.refused = Event()

    def publish(self, level: LogLevel, body: bytes) -> bool:
        _log.warning("publishing has something to say")
        if self.up:
            line = json.loads(body)
            assert line["level"] == level
            self.lines.put(line)
        else:
            self.refused.set()
        return self.up

    def next(self) -> dict[str, Any]:
        return self.lines.get(timeout=DEADLINE_S)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def remote(wire: Wire, clock: Any) -> Iterator[RemoteLog]:
    remote = RemoteLog(wire.publish, clock)
    remote.start()
    yield remote
    remote.stop()


def test_warnings_and_errors_are_sent(remote: RemoteLog, wire: Wire) -> None:
    """As lines of the contract, in order, with the values that may be told."""
    remote.line(True)
    _log.warning("device lost", extra={"device": "card", "cause": "贾示安"})
    _log.critical("task failed", extra={"count": 2})
    assert [wire.next(), wire.next()] == [
        {
            "at": "2026-11-23T08:00:00.000000+00:00",
            "level": "warning",
            "where": "firmware.somewhere",
            "what": "device lost",
            "extra": {"device": "card", "cause": "‹str›"},
        },
        {
            "at": "2026-11-23T08:00:00.000000+00:00",
            "level": "error",
            "where": "firmware.somewhere",
            "what": "task failed",
            "extra": {"count": 2},
        },
    ]


def test_only_chosen_infos_are_sent(remote: RemoteLog, wire: Wire) -> None:
    """What goes well stays here, but for the end of what went wrong."""
    logging.getLogger().setLevel(logging.INFO)
    remote.line(True)
    _log.info("centre")
    _log.info("device returned", extra={"device": "card"})
    assert (wire.next()["what"], wire.lines.qsize()) == ("device returned", 0)


def test_a_storm_is_cut_and_counted(remote: RemoteLog, wire: Wire, clock: Any) -> None:
    """Ten at once, then one each two seconds; how many were left out stands in the next."""
    remote.line(True)
    for _ in range(BURST + 5):
        _log.warning("again")
    for _ in range(BURST):
        assert "skipped" not in wire.next()
    clock.pass_s(2)
    _log.warning("later")
    assert (wire.next(), wire.lines.qsize())[0]["skipped"] == 5
    _log.warning("too soon")
    clock.pass_s(2)
    _log.warning("at last")
    assert wire.next()["skipped"] == 1


def test_lines_wait_for_the_line(remote: RemoteLog, wire: Wire) -> None:
    """What was logged while the line was down is sent when it is back, also after a refusal."""
    _log.warning("connection to the broker lost")
    wire.up = False
    remote.line(True)
    assert wire.refused.wait(DEADLINE_S)
    wire.up = True
    _log.warning("second")
    assert wire.lines.empty()
    remote.line(True)
    assert [wire.next()["what"], wire.next()["what"]] == [
        "connection to the broker lost",
        "second",
    ]


def test_a_long_outage_keeps_the_newest(remote: RemoteLog, wire: Wire, clock: Any) -> None:
    """The queue has an end; what gave way is counted in what comes after it."""
    for number in range(CAPACITY + 3):
        _log.warning("line", extra={"count": number})
        clock.pass_s(2)
    remote.line(True)
    lines = [wire.next() for _ in range(CAPACITY)]
    assert lines[0]["extra"]["count"] == 3
    assert sum(line.get("skipped", 0) for line in lines) == 3


def test_nothing_is_heard_after_the_stop(wire: Wire, clock: Any) -> None:
    """What is logged while the terminal ends goes to the journal only."""
    remote = RemoteLog(wire.publish, clock)
    remote.start()
    remote.line(True)
    remote.stop()
    _log.warning("too late")
    assert remote not in logging.getLogger().handlers
    assert wire.lines.empty()

"""What terminals log."""

import json
import logging

import pytest

from central.ingest.terminal_logs import KEPT, LONGEST_LINE, TerminalLogs


def line(what: str, level: str = "warning") -> bytes:
    told = {"at": "2026-11-23T09:00:00+08:00", "level": level, "where": "link", "what": what}
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("error", logging.ERROR),
        ("warning", logging.WARNING),
        ("info", logging.INFO),
        ("chatter", logging.DEBUG),
    ],
)
def test_a_log_line_is_passed_on(
    caplog: pytest.LogCaptureFixture, level: str, severity: int
) -> None:
    """With its level and the terminal's name, and cut where it is endless."""
    caplog.set_level(logging.DEBUG)
    body = b"\xffcard reader " + b"x" * 2 * LONGEST_LINE
    TerminalLogs().add("pzh01-w01", level, body)
    (record,) = caplog.records
    assert record.levelno == severity
    assert record.getMessage().startswith("pzh01-w01 says: \N{REPLACEMENT CHARACTER}card reader")
    assert len(record.getMessage()) == len("pzh01-w01 says: ") + LONGEST_LINE


def test_the_last_lines_are_kept_newest_first() -> None:
    """So many of each terminal and no more; one terminal's never push out another's."""
    logs = TerminalLogs()
    logs.add("pzh01-w02", "warning", line("alone"))
    for count in range(KEPT + 3):
        logs.add("pzh01-w01", "warning", line(str(count)))
    assert [each.what for each in logs.of("pzh01-w01")] == [
        str(count) for count in range(KEPT + 2, 2, -1)
    ]
    assert [each.what for each in logs.of("pzh01-w02")] == ["alone"]


def test_only_lines_of_the_contract_are_kept() -> None:
    """Garbage, endless lines, and lines under another level's topic are passed on only."""
    logs = TerminalLogs()
    for level, body in (
        ("warning", b"garbage"),
        ("error", line("under another level")),
        ("warning", line("x" * 20 * LONGEST_LINE)),
    ):
        logs.add("pzh01-w01", level, body)
    assert logs.of("pzh01-w01") == []

"""What the terminal's disk must bear, counted by strace: the limits of docs/adr/0003."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "wear.py"
LINE = re.compile(
    r"wear: fact fsyncs (\S+), bytes (\S+) KiB; case fsyncs (\S+), bytes (\S+) KiB;"
    r" page (\S+) x sealed, fsyncs (\S+)"
)


def test_limits(capsys: pytest.CaptureFixture[str]) -> None:
    """A fact is one fsync and 6 KiB, a case 30 and 200 KiB, a page is written once, safely.

    Folding the log and trimming by receipts are shared among the facts: 5 % more fsyncs at most.
    """
    ended = subprocess.run(
        [sys.executable, str(BENCH)], capture_output=True, text=True, check=True, timeout=100
    )
    with capsys.disabled():
        print(f"\n{ended.stdout.strip()}")
    line = LINE.match(ended.stdout)
    assert line is not None
    fact_fsyncs, fact_kib, case_fsyncs, case_kib, page_share, page_fsyncs = map(
        float, line.groups()
    )
    assert 1.0 <= fact_fsyncs <= 1.05
    assert 1 < fact_kib <= 6
    assert 11 <= case_fsyncs <= 30
    assert 10 < case_kib <= 200
    assert 1.0 <= page_share <= 1.05
    assert page_fsyncs == 2

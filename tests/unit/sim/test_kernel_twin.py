"""The handle on a testbed program: what it starts ends with it, and what it is told comes back."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.errors import PortFault
from sim.twins.testbed import GUN, I2C_BUS, KernelTwin

ROOT = Path(__file__).resolve().parents[3]
WAIT_S = 10.0
PARENT = """
import sys
from sim.twins.testbed import KernelTwin
twin = KernelTwin()
print(twin.start(), twin.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def twin() -> Iterator[KernelTwin]:
    made = KernelTwin(key_ms=1)
    made.start()
    yield made
    made.stop()


def test_stopped_it_leaves_nothing_behind(twin: KernelTwin) -> None:
    """The devices' folder goes with the program; stopping twice is no error."""
    assert (Path(twin.root) / I2C_BUS.lstrip("/")).exists()
    twin.stop()
    twin.stop()
    assert not Path(twin.root).exists()


def test_the_program_ends_when_we_are_killed() -> None:
    """Without a chance to stop it, and it still takes its folder along."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    root, pid = parent.stdout.readline().decode().split()
    program = os.pidfd_open(int(pid))
    try:
        parent.kill()
        parent.wait(WAIT_S)
        ended, _, _ = select.select([program], [], [], WAIT_S)
        assert ended
        assert not Path(root).exists()
    finally:
        os.close(program)
        parent.stdin.close()
        parent.stdout.close()


def test_the_guns_link_comes_and_goes(twin: KernelTwin) -> None:
    """A program finds the gun under the same link after it was pulled and put back."""
    link = Path(twin.root) / GUN.lstrip("/")
    assert link.is_symlink()
    twin.unplug()
    assert not link.is_symlink()
    twin.plug()
    assert link.is_symlink()


def test_a_scan_that_nobody_hears_is_none(twin: KernelTwin) -> None:
    """Neither plugged in and unread nor pulled out does a gun deliver; `sent` is not called."""
    calls: list[bool] = []
    assert not twin.scan("A", lambda: calls.append(True))
    twin.unplug()
    assert not twin.scan("A", lambda: calls.append(True))
    assert calls == []


def test_an_ended_program_is_told(twin: KernelTwin) -> None:
    """Orders to a program that was stopped are refused and not swallowed."""
    twin.stop()
    with pytest.raises(PortFault):
        twin.scan("A")


def test_the_gun_pulled_out_in_the_middle_of_a_code(twin: KernelTwin) -> None:
    """The scan under way is not whole, and the gun is out until it is plugged in again."""
    twin.pull_in_scan(after_reports=3)
    assert not twin.scan("OW:T:01")
    assert twin.wait_pulled(timeout_s=10)
    node = Path(twin.root + GUN)
    assert not node.exists()
    twin.plug()
    assert node.exists()

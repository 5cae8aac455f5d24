"""`ow-sim fault`: what can go wrong is told to the hall that runs, and happens at its twins."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import named_faults
from sim.cli import main
from sim.control import Control, fault
from sim.errors import PortFault, UsageFault
from sim.pcscd import Pcscd
from sim.window import Window

TERMINAL = "pzh01-w03"
LONGEST_S = 5.0


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    """A window with an ID reader, lamps and keys; of the others it has no device plugged in."""
    there = Window(Pcscd(tmp_path / "cards", ["Sim Card W01"]), 1)
    there.identity.plug()
    there.gpio.open()
    yield there
    there.unplug()


@pytest.fixture
def identities(tmp_path: Path, window: Window) -> Iterator[Path]:
    """The folder of a hall with that window, which listens."""
    control = Control(tmp_path, {TERMINAL: window})
    control.open()
    yield tmp_path
    control.close()


def test_a_fault_happens_at_the_twin(identities: Path, window: Window) -> None:
    """The reader's cable is out when the command has returned, and in again after `plug`."""
    assert fault(identities, TERMINAL, "identity", "unplug") == f"{TERMINAL}: identity unplug"
    assert not window.wires.identity.is_symlink()
    fault(identities, TERMINAL, "identity", "plug")
    assert window.wires.identity.is_symlink()


@pytest.mark.parametrize("device", ["pad", "lamps"])
def test_the_wires_of_lamps_and_pad_come_off_and_on(
    identities: Path, window: Window, device: str
) -> None:
    """Nobody can connect to them while they are off; `plug` twice is as once."""
    fault(identities, TERMINAL, device, "unplug")
    assert not window.wires.gpio.exists()
    fault(identities, TERMINAL, device, "plug")
    fault(identities, TERMINAL, device, "plug")
    assert window.wires.gpio.is_socket()


def test_each_window_is_struck_by_its_own_name(identities: Path) -> None:
    """A terminal that the hall does not have is a usage error that names those it has."""
    with pytest.raises(UsageFault, match=TERMINAL):
        fault(identities, "pzh01-w09", "identity", "garble")


def test_a_device_whose_twin_does_not_run_is_told_so(identities: Path) -> None:
    """The hall answers with the twin's own sentence and goes on listening."""
    with pytest.raises(PortFault, match="testbed"):
        fault(identities, TERMINAL, "gun", "unplug")
    fault(identities, TERMINAL, "identity", "mend")


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"nonsense\n", b'{"terminal": 1}\n', b""])
def test_a_line_that_is_none_is_refused(identities: Path, line: bytes) -> None:
    """Whatever is sent, there is an answer with exit code 2, and the next one is heard."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LONGEST_S)
        connection.connect(Control(identities, {})._address)
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        assert json.loads(connection.makefile("rb").readline())["exit_code"] == 2
    fault(identities, TERMINAL, "identity", "mend")


def test_without_a_hall_it_says_how_to_begin_one(tmp_path: Path) -> None:
    """No hall with these identities: a port fault; also after a hall has ended."""
    control = Control(tmp_path, {})
    control.open()
    control.close()
    with pytest.raises(PortFault, match="make run"):
        fault(tmp_path, TERMINAL, "identity", "garble")


def test_a_second_hall_with_the_same_identities_is_not_heard(identities: Path) -> None:
    """It finds out when it begins to listen."""
    with pytest.raises(PortFault, match="another hall"):
        Control(identities, {}).open()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["pzh01-w03", "identity", "burn"], "garble"),
        (["pzh01-w03", "toaster", "unplug"], "identity"),
        (["pzh01-w03", "identity"], "--list"),
        ([], "--list"),
    ],
)
def test_unknown_words_are_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], named: str
) -> None:
    """Exit code 2, and the sentence has the list of what there is; no hall is needed for it."""
    assert main(["fault", "--dir", str(tmp_path), *words]) == 2
    assert named in capsys.readouterr().err


def test_the_list_names_every_fault_of_every_device(capsys: pytest.CaptureFixture[str]) -> None:
    """`--list` needs no hall and leaves out no device of a window and no name."""
    assert main(["fault", "--list"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    for device, each in named_faults.IN_HALL.items():
        assert [f"{device}:", *each.names] in lines

"""The card readers without hardware: how they start, and that they end."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sim.errors import LaunchFault, PortFault
from sim.pcscd import Pcscd

WAIT_S = 10.0
STARTED_BY_ANOTHER = """
import sys
from pathlib import Path
from sim.pcscd import Pcscd
readers = Pcscd(Path(sys.argv[1]), ["Sim Card W01"])
readers.start()
print("started", flush=True)
sys.stdin.read()
"""


def test_all_ends_with_its_parent(tmp_path: Path) -> None:
    """A simulator that is killed leaves no pcscd behind."""
    probe = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("the kernel does not permit mount and network namespaces here")
    with (
        subprocess.Popen(
            [sys.executable, "-c", STARTED_BY_ANOTHER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as parent,
        socket.socket(socket.AF_UNIX) as client,
    ):
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        client.settimeout(WAIT_S)
        client.connect(str(tmp_path / "run" / "pcscd.comm"))
        parent.kill()
        assert client.recv(1) == b""


def test_a_folder_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    """A sentence with the remedy, before anything is started."""
    with pytest.raises(PortFault, match="shorter folder"):
        Pcscd(tmp_path / ("deep" * 30), ["Sim Card W01"]).start()


def test_orders_before_the_start_are_refused(tmp_path: Path) -> None:
    """Readers that are not running say so."""
    with pytest.raises(LaunchFault, match="not running"):
        Pcscd(tmp_path, ["Sim Card W01"]).withdraw(0)


def test_reader_names_are_those_of_pcsc(tmp_path: Path) -> None:
    """pcscd appends the numbers of reader and slot."""
    readers = Pcscd(tmp_path, ["Sim Card W01", "Sim Card W03"])
    assert readers.reader(1) == "Sim Card W03 00 00"

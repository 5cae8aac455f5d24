"""`ow-sim fault` at a hall that runs: something goes wrong, and the visit goes on."""

import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

OW_SIM = str(Path(sys.executable).parent / "ow-sim")
DEADLINE_S = 60
TERMINAL = "pzh01-w01"


class Hall:
    """A hall of one window; `line` waits for the next line that it says."""

    def __init__(self, folder: Path) -> None:
        options = ["--dir", str(folder / "dev"), "--windows", "1", "--speed", "20"]
        self.identities = folder / "dev"
        self._program = subprocess.Popen(
            [OW_SIM, "hall", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._program.stdout is not None
        with self._program.stdout as lines:
            for line in lines:
                self._lines.put(line.strip())

    def line(self, pattern: str) -> str:
        """The first group of the next line in which `pattern` is found."""
        while True:
            if found := re.search(pattern, self._lines.get(timeout=DEADLINE_S)):
                return found[1]

    def strike(self, *words: str) -> int:
        command = [OW_SIM, "fault", "--dir", str(self.identities), *words]
        return subprocess.run(command, timeout=DEADLINE_S, check=False).returncode

    def end(self) -> None:
        self._program.terminate()
        self._program.wait(DEADLINE_S)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    begun = Hall(tmp_path)
    yield begun
    begun.end()


def test_a_garbled_frame_is_read_again_and_the_visit_goes_on(hall: Hall) -> None:
    """The ticket whose card's reading was spoilt is read once more, and served to its end."""
    acts = Path(hall.line(r"acts\.jsonl: (.*)")) / "acts.jsonl"
    assert hall.strike("pzh01-w09", "identity", "garble") == 2
    assert hall.strike(TERMINAL, "identity", "garble") == 0
    served: list[str] = []
    while not set(served) & read_twice(acts):
        served.append(hall.line(rf"at {TERMINAL}: ticket (\w+)"))
        assert len(served) < 5


def read_twice(acts: Path) -> set[str]:
    """Tickets in whose visit an ID card was read more than once."""
    told = [json.loads(line) for line in acts.read_text().splitlines() if line.endswith("}")]
    reads = [act["ticket"] for act in told if act.get("kind") == "identity.read"]
    return {ticket for ticket, times in Counter(reads).items() if times > 1}

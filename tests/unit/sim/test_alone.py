"""One twin by itself, told what to do by lines."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from queue import Queue

import pytest

from sim import alone
from sim.card import EXAMPLE, Card
from sim.twins import gpio, gun, identity, keypad, tower

LONGEST_S = 10.0
Said = pytest.CaptureFixture[str]
Begin = Callable[[Path, Iterable[str]], int]


def read(path: Path) -> Card:
    raise AssertionError(f"no card file was named, but {path} is read")


TWINS: dict[str, tuple[Begin, tuple[str, ...]]] = {
    "identity": (lambda at, lines: alone.identity(at, EXAMPLE, read, lines), identity.FAULTS),
    "gun": (lambda at, lines: alone.gun(at, 9600, "cr", lines), gun.FAULTS),
    "rating": (lambda at, lines: alone.rating(at, [5, 6], {}, lines), gpio.FAULTS),
    "keypad": (lambda at, lines: alone.keypad(at, 1, lines), keypad.FAULTS),
    "tower": (alone.tower, tower.FAULTS),
}


@pytest.mark.parametrize("name", TWINS)
def test_every_fault_of_a_twin_can_be_said(name: str, tmp_path: Path, capsys: Said) -> None:
    """`fault NAME` of each of its faults is done, and so is `mend`."""
    begin, faults = TWINS[name]
    lines = [*(f"fault {fault}\n" for fault in faults), "mend\n"]
    assert begin(tmp_path / "twin", lines) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert sum(line.startswith("done: ") for line in said.out.splitlines()) == len(lines)


@pytest.mark.parametrize("name", TWINS)
def test_a_fault_that_is_none_is_answered_with_the_list(
    name: str, tmp_path: Path, capsys: Said
) -> None:
    """The twin names its faults and goes on."""
    begin, faults = TWINS[name]
    assert begin(tmp_path / "twin", ["fault burn\n", "mend\n"]) == 0
    said = capsys.readouterr()
    assert ", ".join(faults) in said.err
    assert "done: mend" in said.out


def test_a_tower_says_what_its_lights_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order for red on is told as such; a byte that is none is not."""
    link, heard = tmp_path / "tower", said(monkeypatch)

    def lines() -> Iterator[str]:
        assert heard.get(timeout=LONGEST_S) == f"ready at {link}"
        with open(link, "wb", buffering=0) as port:
            port.write(b"\xff\x11")
            assert heard.get(timeout=LONGEST_S) == "red on"
        yield from ()

    assert alone.tower(link, lines()) == 0


def test_a_keypad_says_what_it_shows_and_whether_it_was_echoed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number for its display is told; a press that nobody echoes is told as that."""
    link, heard = tmp_path / "keypad", said(monkeypatch)

    def lines() -> Iterator[str]:
        assert heard.get(timeout=LONGEST_S) == f"ready at {link}"
        with open(link, "wb", buffering=0) as port:
            port.write(keypad.framed(1, 0x02, [0x0A, 0x0A, 0x0A, 1, 2, 3]))
            assert heard.get(timeout=LONGEST_S) == "shows [   123]"
        yield "press call_next\n"

    assert alone.keypad(link, 1, lines()) == 0
    assert heard.get(timeout=LONGEST_S) == "not echoed"


def said(monkeypatch: pytest.MonkeyPatch) -> Queue[str]:
    """What twins say from now on, line by line."""
    heard: Queue[str] = Queue()
    monkeypatch.setattr(alone, "say", heard.put)
    return heard

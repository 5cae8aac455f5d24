"""The voice: a program that is started for each text, and ended when it hangs.

The same for each driver of this kind. The hardware's part runs with ONEWINDOW_HARDWARE_VOICE=1
and a person who listens.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from drivers.registry import load
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.interfaces import Voice

WAIT_S = 10.0
TEXT = "请A012号到3号窗口"
HARDWARE = os.environ.get("ONEWINDOW_HARDWARE_VOICE")
KINDS = ("voice_command", "voice_clips")
Run = Callable[[str, dict[str, object]], Any]


class Player:
    """A program in a folder that writes down what it was told to say, and then does as it must."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "player"
        self.said = folder / "said"
        self.pids = folder / "pids"
        self.behave("exit 0")

    def behave(self, ending: str) -> None:
        body = (
            f'#!/bin/sh\nprintf "%s|" "$@" >> "{self.said}"\necho $$ >> "{self.pids}"\n{ending}\n'
        )
        self.path.write_text(body, "utf-8")
        self.path.chmod(0o700)

    def started(self) -> list[int]:
        return [int(line) for line in self.pids.read_text().split()] if self.pids.exists() else []

    def await_started(self) -> list[int]:
        deadline_s = time.monotonic() + WAIT_S
        while not (pids := self.started()):
            assert time.monotonic() < deadline_s
            threading.Event().wait(0.01)
        return pids


@pytest.fixture
def player(tmp_path: Path) -> Player:
    return Player(tmp_path)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def table(player: Player, kind: str) -> dict[str, object]:
    return told(kind, player.path)


def told(kind: str, program: Path) -> dict[str, object]:
    """A driver's table with this program."""
    if kind == "voice_command":
        return {"command": [str(program), "-v", "cmn"], "timeout_s": 1.0}
    return {"packs": ["mandarin"], "player": [str(program), "-q"], "margin_s": 0.5}


def voice(kind: str, table: dict[str, object]) -> Voice:
    spec = load(kind)
    return cast(Voice, spec.build(spec.configure(table), SystemClock()))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_text_is_the_last_argument(player: Player) -> None:
    """One text after the other, each whole and behind the arguments of the table."""
    device = voice("voice_command", told("voice_command", player.path))
    device.open()
    device.say(TEXT)
    device.say("$(id); 'x'")
    assert player.said.read_text("utf-8") == f"-v|cmn|{TEXT}|-v|cmn|$(id); 'x'|"


def test_one_program_after_the_other(player: Player, kind: str, table: dict[str, object]) -> None:
    """Each text starts it once, and is over when it has ended."""
    device = voice(kind, table)
    device.open()
    device.say(TEXT)
    device.say(TEXT)
    pids = player.started()
    assert len(pids) == 2
    assert not any(map(alive, pids))


def test_a_program_that_is_not_there(tmp_path: Path, kind: str) -> None:
    """Opening says which, and what to do; nothing is said before."""
    device = voice(kind, told(kind, tmp_path / "nobody"))
    with pytest.raises(DeviceLost, match="nobody") as lost:
        device.open()
    assert lost.value.remedy == "configure"
    with pytest.raises(DeviceLost, match="not open"):
        device.say(TEXT)


def test_a_program_that_fails_is_a_loss(
    player: Player, kind: str, table: dict[str, object], run: Run
) -> None:
    """Both who wanted to speak and who watches the device hear of it; opened again, it speaks."""
    player.behave("exit 3")
    running = run(kind, table).started()
    with pytest.raises(DeviceLost, match="ended with 3") as lost:
        cast(Voice, running.device).say(TEXT)
    assert lost.value.remedy == "maintain"
    assert "ended with 3" in running.lost().cause
    player.behave("exit 0")
    running.started()
    cast(Voice, running.device).say(TEXT)


def test_a_program_that_hangs_is_ended(player: Player, kind: str, table: dict[str, object]) -> None:
    """With what it started: nothing of it runs on."""
    player.behave('sleep 100 & echo $! >> "$(dirname "$0")/pids"; wait')
    device = voice(kind, table)
    device.open()
    with pytest.raises(DeviceLost, match="does not end") as lost:
        device.say("请")
    assert lost.value.remedy == "reset"
    pids = player.started()
    assert len(pids) == 2
    deadline_s = time.monotonic() + WAIT_S
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.01)


def test_closing_ends_what_is_being_said(
    player: Player, kind: str, table: dict[str, object]
) -> None:
    """Whoever speaks comes back at once, and it is no loss."""
    player.behave("exec sleep 100")
    long: dict[str, object] = {"timeout_s" if kind == "voice_command" else "margin_s": 60}
    device = voice(kind, {**table, **long})
    device.open()
    errors: list[BaseException] = []

    def speak() -> None:
        try:
            device.say(TEXT)
        except DeviceLost as error:
            errors.append(error)

    speaking = threading.Thread(target=speak)
    speaking.start()
    player.await_started()
    device.close()
    device.close()
    speaking.join(WAIT_S)
    assert not speaking.is_alive()
    assert errors == []


def test_a_program_that_goes_away_is_a_loss(
    player: Player, run: Run, kind: str, table: dict[str, object]
) -> None:
    """The loss is told though nobody speaks; it is back when the program is."""
    running = run(kind, table).started()
    player.path.unlink()
    assert "there is no program" in running.lost().cause
    player.behave("exit 0")
    running.started()


@pytest.mark.skipif(HARDWARE is None, reason="set ONEWINDOW_HARDWARE_VOICE=1 to hear it")
def test_a_real_voice(run: Run) -> None:
    """A call is played through aplay to its end: 请A零幺二号到三号窗口办理业务."""
    running = run("voice_clips", {"packs": ["mandarin"]}).started()
    cast(Voice, running.device).say("请A012号到3号窗口办理业务")

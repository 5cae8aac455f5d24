"""The player's twin: what was played is kept, what is no sound is noise."""

import io
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.twins.display import DisplayTwin
from sim.twins.player import FAULTS, PlayerTwin, Sound
from sim.twins.testbed import KernelTwin

TIMEOUT_S = 10


@pytest.fixture
def player(tmp_path: Path) -> Iterator[PlayerTwin]:
    twin = PlayerTwin(tmp_path, pace=0.0)
    twin.open()
    yield twin
    twin.close()
    twin.close()


def wav(samples: bytes, channels: int = 1) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(samples)
    return written.getvalue()


def play(player: PlayerTwin, body: bytes) -> tuple[int, str]:
    ended = subprocess.run(
        [player.program, "-q", "-"], input=body, capture_output=True, timeout=TIMEOUT_S
    )
    return ended.returncode, ended.stderr.decode()


def test_a_sound_is_heard_as_it_was_given(player: PlayerTwin) -> None:
    """Rate and samples, one sound after the other."""
    assert play(player, wav(b"\1\2\3\4")) == (0, "")
    assert play(player, wav(b"\5\6")) == (0, "")
    assert player.heard == [Sound(8000, b"\1\2\3\4"), Sound(8000, b"\5\6")]
    assert player.started == 2


@pytest.mark.parametrize("body", [b"", b"RIFF", b"no sound at all", wav(b"\1\2\3\4", channels=2)])
def test_anything_else_is_noise(player: PlayerTwin, body: bytes) -> None:
    """aplay plays it, and ends well."""
    assert play(player, body) == (0, "")
    assert (player.heard, player.noises) == ([], 1)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("no_card", "audio open error: No such file or directory"),
        ("busy", "audio open error: Device or resource busy"),
        ("unplug", "write error: No such device"),
    ],
)
def test_it_fails_as_aplay_does(player: PlayerTwin, fault: str, complaint: str) -> None:
    """A complaint on standard error, 1, and nothing was heard; mended it plays."""
    player.fault(fault)
    code, said = play(player, wav(b"\1\2"))
    assert code == 1
    assert complaint in said
    assert player.heard == []
    player.mend()
    assert play(player, wav(b"\1\2")) == (0, "")


def test_hanging_it_ends_with_the_twin(player: PlayerTwin) -> None:
    """Nobody who waits for it waits for ever."""
    player.fault("hang")
    with subprocess.Popen([player.program], stdin=subprocess.PIPE) as hanging:
        assert player.wait(lambda: player.started == 1, TIMEOUT_S)
        assert hanging.poll() is None
        player.close()
        assert hanging.stdin is not None
        hanging.stdin.close()
        assert hanging.wait(TIMEOUT_S) != 0


def test_only_named_faults() -> None:
    """A misspelt fault is no fault that passed."""
    assert "quiet" not in FAULTS
    with pytest.raises(ValueError, match="quiet"):
        PlayerTwin(Path()).fault("quiet")
    with pytest.raises(ValueError, match="quiet"):
        DisplayTwin(KernelTwin()).fault("quiet")

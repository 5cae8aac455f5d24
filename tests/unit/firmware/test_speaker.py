"""The voice's thread, on a voice that remembers and may be slow or away."""

from collections.abc import Iterator
from threading import Condition, Event
from threading import enumerate as enumerate_threads

import pytest

from firmware.speaker import Speaker
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.interfaces import Report, Role, Voice

WAIT_S = 5.0
LEFT = "请取回您的社会保障卡"


class FakeVoice:
    """Remembers texts. While `free` is clear, a text stays under way; `gone`, it says nothing."""

    role: Role = "voice"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.gone = False
        self.free = Event()
        self.free.set()
        self._changed = Condition()

    def open(self) -> None: ...

    def watch(self, report: Report, stop: Event) -> None: ...

    def close(self) -> None: ...

    def say(self, text: str) -> None:
        with self._changed:
            self.said.append(text)
            self._changed.notify_all()
        if self.gone:
            raise DeviceLost("gone")
        assert self.free.wait(WAIT_S)

    def await_texts(self, count: int) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.said) >= count, WAIT_S), self.said
            return list(self.said)


@pytest.fixture
def voice() -> FakeVoice:
    return FakeVoice()


@pytest.fixture
def speaker(voice: FakeVoice, monkeypatch: pytest.MonkeyPatch) -> Iterator[Speaker]:
    monkeypatch.setattr("firmware.speaker.AGAIN_S", 0.02)
    as_voice: Voice = voice
    made = Speaker(as_voice, SystemClock())
    made.start()
    yield made
    voice.free.set()
    made.stop()


def test_a_text_is_said_once(speaker: Speaker, voice: FakeVoice) -> None:
    """Each in turn, also the same one again: it is another call."""
    for count in (1, 2):
        speaker.say("请A001号")
        assert voice.await_texts(count) == ["请A001号"] * count


def test_the_newest_is_said(speaker: Speaker, voice: FakeVoice) -> None:
    """Whoever speaks never waits, and what was overtaken meanwhile is not said."""
    voice.free.clear()
    speaker.say("请A001号")
    voice.await_texts(1)
    for text in ("请A002号", "请A003号"):
        speaker.say(text)
    voice.free.set()
    assert voice.await_texts(2) == ["请A001号", "请A003号"]


def test_a_phrase_that_holds_is_said_again(speaker: Speaker, voice: FakeVoice) -> None:
    """Until it holds no more; what is said between does not end it."""
    speaker.hold(LEFT)
    voice.await_texts(2)
    speaker.say("请稍候")
    while "请稍候" not in voice.said or voice.said[-1] != LEFT:
        voice.await_texts(len(voice.said) + 1)
    speaker.hold(None)
    speaker.say("请A001号")
    while voice.said[-1] != "请A001号":
        voice.await_texts(len(voice.said) + 1)


def test_holding_the_same_phrase_does_not_begin_anew(
    voice: FakeVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scene that is shown again does not make the voice stammer."""
    monkeypatch.setattr("firmware.speaker.AGAIN_S", 1000.0)
    speaker = Speaker(voice, SystemClock())
    speaker.start()
    speaker.hold(LEFT)
    voice.await_texts(1)
    speaker.hold(LEFT)
    speaker.say("请A001号")
    assert voice.await_texts(2) == [LEFT, "请A001号"]
    speaker.stop()


def test_a_voice_that_is_away_stops_nothing(speaker: Speaker, voice: FakeVoice) -> None:
    """A lost voice costs a text, not the thread; what holds is said when it is back."""
    voice.gone = True
    speaker.hold(LEFT)
    voice.await_texts(2)
    voice.gone = False
    voice.await_texts(len(voice.said) + 1)


def test_a_window_without_a_voice() -> None:
    """Nothing is said and nothing hangs."""
    speaker = Speaker(None, SystemClock())
    speaker.start()
    speaker.say("请A001号")
    speaker.hold(LEFT)
    speaker.stop()
    assert "speaker" not in {thread.name for thread in enumerate_threads()}

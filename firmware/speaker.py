"""The voice of the window (语音): says the newest thing, in a thread of its own.

Speaking takes seconds; whoever has something to say must not wait for that. A phrase that is held,
such as that a card was left, is said again and again while it holds.
"""

from threading import Condition

from firmware.task import Task
from hal.clock import Clock
from hal.errors import DeviceLost
from hal.interfaces import Voice

AGAIN_S = 10.0
"""From the end of a held phrase to its beginning again."""
_NS_PER_S = 1e9


class Speaker:
    """Safe to use from several threads; every call but `stop` returns at once.

    What a newer text overtakes before it is begun is never said.
    """

    def __init__(self, voice: Voice | None, clock: Clock) -> None:
        self._voice = voice
        self._clock = clock
        self._changed = Condition()
        self._once: str | None = None
        self._held: str | None = None
        self._held_at_s = 0.0
        self._stopping = False
        self._task = Task("speaker", self._run)

    def start(self) -> None:
        self._task.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Say nothing more. What is being said is not waited for longer than the time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._task.join(timeout_s)

    def say(self, text: str) -> None:
        """Say `text` once, as soon as what is being said has ended."""
        with self._changed:
            self._once = text
            self._changed.notify()

    def hold(self, phrase: str | None) -> None:
        """Say `phrase` now and every AGAIN_S, until another is held. None: none."""
        with self._changed:
            if phrase != self._held:
                self._held, self._held_at_s = phrase, self._now_s()
                self._changed.notify()

    def _run(self) -> None:
        while (text := self._next()) is not None:
            if self._voice is not None:
                # A voice that is away is the supervisor's business. The phrase that holds is said
                # when it is back; what was to be said once has had its time.
                try:
                    self._voice.say(text)
                except DeviceLost:
                    continue

    def _next(self) -> str | None:
        """Wait for what is to be said. None: nothing more."""
        with self._changed:
            while not self._stopping:
                now_s = self._now_s()
                if self._held is not None and now_s >= self._held_at_s:
                    self._held_at_s = now_s + AGAIN_S
                    return self._held
                if self._once is not None:
                    text, self._once = self._once, None
                    return text
                wait_s = None if self._held is None else self._held_at_s - now_s
                self._changed.wait(wait_s)
            return None

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / _NS_PER_S

"""A voice (语音) that is another program: it is given the text as its last argument, and speaks.

Source: docs/protocols/voice-command.md.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from threading import Event, Lock
from typing import Annotated

import msgspec

from hal.clock import Clock
from hal.errors import DeviceLost
from hal.interfaces import Report, Role

_CHECK_S = 1.0


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`command` is a program and its arguments, as ["espeak-ng", "-v", "cmn"].

    It is ended when it has not said a text within `timeout_s`.
    """

    command: Annotated[list[str], msgspec.Meta(min_length=1)]
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 10.0


class VoiceCommand:
    """See hal.interfaces.Voice."""

    role: Role = "voice"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._lock = Lock()
        self._is_open = False
        self._speaking: subprocess.Popen[bytes] | None = None
        self._failed: DeviceLost | None = None

    def open(self) -> None:
        self._check()
        with self._lock:
            self._is_open, self._failed = True, None

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.wait(_CHECK_S):
            if (failed := self._failed) is not None:
                raise failed
            self._check()

    def say(self, text: str) -> None:
        player = self._begin(text)
        try:
            code: int | None = player.wait(self._options.timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(player)
        with self._lock:
            if code == 0 or not self._is_open:
                return
            if code is None:
                cause = f"{self._name} does not end within {self._options.timeout_s:g} s"
                self._failed = DeviceLost(cause, remedy="reset")
            else:
                self._failed = DeviceLost(f"{self._name} ended with {code}", remedy="maintain")
            raise self._failed

    def close(self) -> None:
        with self._lock:
            self._is_open = False
            player = self._speaking
        if player is not None:
            _end(player)

    def _begin(self, text: str) -> "subprocess.Popen[bytes]":
        with self._lock:
            if not self._is_open:
                raise DeviceLost("the voice is not open")
            try:
                # A group of its own: a player that starts players ends with all of them.
                self._speaking = subprocess.Popen(
                    [*self._options.command, text],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    process_group=0,
                )
            except OSError as error:
                raise DeviceLost(f"{self._name}: {error.strerror}", remedy="configure") from error
            return self._speaking

    def _check(self) -> None:
        if shutil.which(self._options.command[0]) is None:
            raise DeviceLost(f"there is no program {self._name}", remedy="configure")

    @property
    def _name(self) -> str:
        return self._options.command[0]


def _end(player: "subprocess.Popen[bytes]") -> None:
    """Kill it and what it started, if they still run. A second call does nothing."""
    if player.poll() is None:
        # Two threads may end it; the later one finds nobody.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(player.pid, signal.SIGKILL)
        player.wait()

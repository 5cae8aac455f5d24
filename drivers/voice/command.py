"""A voice (语音) that is another program: it is given the text as its last argument, and speaks.

Source: docs/protocols/voice-command.md.
"""

from threading import Event
from typing import Annotated

import msgspec

from drivers.voice import player
from drivers.voice.player import Player
from hal.clock import Clock
from hal.interfaces import Report, Role

FOUND_S = player.FOUND_S


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`command` is a program and its arguments, as ["espeak-ng", "-v", "cmn-latn-pinyin"].

    It is ended when it has not said a text within `timeout_s`.
    """

    command: Annotated[list[str], msgspec.Meta(min_length=1)]
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 10.0


class VoiceCommand:
    """See hal.interfaces.Voice."""

    role: Role = "voice"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._player = Player(options.command[0])

    def open(self) -> None:
        self._player.open()

    def watch(self, report: Report, stop: Event) -> None:
        self._player.watch(stop)

    def say(self, text: str) -> None:
        self._player.run([*self._options.command[1:], text], None, self._options.timeout_s)

    def close(self) -> None:
        self._player.close()

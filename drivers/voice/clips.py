"""A voice (语音) of recorded clips: calls and fixed phrases, put together and played.

Source: docs/protocols/voice-clips.md.
"""

import logging
from pathlib import Path
from threading import Event
from typing import Annotated

import msgspec

from drivers.voice import player
from drivers.voice.pack import Pack
from drivers.voice.player import Player
from hal.clock import Clock
from hal.errors import DeviceLost
from hal.interfaces import Report, Role

FOUND_S = player.FOUND_S
_OURS = Path(__file__).resolve().parent.parent / "voice_pack"

_log = logging.getLogger(__name__)


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`packs` are said one after the other: "mandarin", or a folder of the site's own.

    `player` is given a WAV file as its standard input, and ends when it was played. It is ended
    when it takes `margin_s` longer than the sound: to open the card, to play what that holds back.
    `card` is a path that goes away with the sound card, as /proc/asound/Device; without it, a card
    that was pulled out is found when something is to be said.
    """

    packs: Annotated[list[str], msgspec.Meta(min_length=1)]
    player: Annotated[list[str], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: ["aplay", "-q", "-"]
    )
    card: str | None = None
    margin_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0


class VoiceClips:
    """See hal.interfaces.Voice. What no pack can say whole is not said, and logged once."""

    role: Role = "voice"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._player = Player(options.player[0], options.card)
        self._packs: list[Pack] = []
        self._told: set[Path] = set()

    def open(self) -> None:
        self._packs = [Pack(_folder(name)) for name in self._options.packs]
        self._player.open()

    def watch(self, report: Report, stop: Event) -> None:
        self._player.watch(stop)

    def say(self, text: str) -> None:
        if not self._packs:
            raise DeviceLost("the voice is not open")
        for pack in self._packs:
            sentence = pack.sentence(text)
            if sentence is None:
                self._tell(pack, text)
                continue
            timeout_s = pack.duration_s(sentence) + self._options.margin_s
            self._player.run(self._options.player[1:], sentence, timeout_s)

    def close(self) -> None:
        self._player.close()
        self._packs = []

    def _tell(self, pack: Pack, text: str) -> None:
        """Once for each pack. How long the text is, and not what: anybody may have written it."""
        if pack.folder not in self._told:
            self._told.add(pack.folder)
            _log.warning(
                "voice degraded: a text has no clips and was not said",
                extra={"pack": pack.folder.name, "characters": len(text)},
            )


def _folder(name: str) -> Path:
    """A name without a slash is one of ours."""
    return Path(name) if "/" in name else _OURS / name

"""A pack of clips (语音包): recorded pieces of speech, and which words each of them says.

Source: docs/protocols/voice-clips.md.
"""

import io
import tomllib
import unicodedata
import wave
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hal.errors import DeviceLost

TABLE = "pack.toml"
_PAUSES = frozenset(" ,.;:!?、。")
_WIDTH_BYTES, _CHANNELS = 2, 1


class Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """pack.toml. `clips`: what is said → the clip's file name, without `.wav`.

    `voice` is who spoke them, for the program that makes clips; empty where a person did.
    """

    language: str
    clips: dict[str, str]
    voice: str = ""
    gap_ms: int = 40
    pause_ms: int = 300


class Pack:
    """The clips of one folder. Reads a clip when it is wanted, not before."""

    def __init__(self, folder: Path) -> None:
        """DeviceLost (`configure`) says which file is missing or not as the others."""
        self.folder = folder
        try:
            table = tomllib.loads((folder / TABLE).read_text("utf-8"))
            self._table = msgspec.convert(table, Table)
        except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise _wrong(f"{folder / TABLE}: {error}") from error
        self._longest = max(map(len, self._table.clips), default=0)
        rates = {stem: self._rate_hz(stem) for stem in set(self._table.clips.values())}
        if len(set(rates.values())) != 1:
            raise _wrong(f"{folder}: the clips must be there, and all of one rate")
        self._hz = next(iter(rates.values()))

    def sentence(self, text: str) -> bytes | None:
        """`text` as a WAV file, whole. None if a part of it has no clip: half is never said.

        DeviceLost if a clip went away meanwhile.
        """
        words = self._words(_plain(text))
        if words is None:
            return None
        gap, pause = self._silence(self._table.gap_ms), self._silence(self._table.pause_ms)
        sounds = [pause if word in _PAUSES else self._frames(word) + gap for word in words]
        written = io.BytesIO()
        with wave.open(written, "wb") as sound:
            sound.setnchannels(_CHANNELS)
            sound.setsampwidth(_WIDTH_BYTES)
            sound.setframerate(self._hz)
            sound.writeframes(b"".join(sounds))
        return written.getvalue()

    def duration_s(self, sentence: bytes) -> float:
        """How long it takes to play what `sentence` returned."""
        return len(sentence) / _WIDTH_BYTES / self._hz

    def _words(self, text: str) -> Sequence[str] | None:
        """The fewest clips and pauses that say all of `text`; None if there are none."""
        best: list[list[str] | None] = [[]]
        for end in range(1, len(text) + 1):
            ways = [
                [*before, text[start:end]]
                for start in range(max(0, end - self._longest), end)
                if (before := best[start]) is not None and self._says(text[start:end])
            ]
            best.append(min(ways, key=len, default=None))
        words = best[-1]
        return words if words and not _PAUSES.issuperset(words) else None

    def _says(self, word: str) -> bool:
        return word in self._table.clips or word in _PAUSES

    def _frames(self, word: str) -> bytes:
        stem = self._table.clips[word]
        try:
            with wave.open(str(self._path(stem)), "rb") as clip:
                return clip.readframes(clip.getnframes())
        except (OSError, EOFError, wave.Error) as error:
            raise _wrong(f"{self._path(stem)}: {error}") from error

    def _rate_hz(self, stem: str) -> int:
        try:
            with wave.open(str(self._path(stem)), "rb") as clip:
                if (clip.getsampwidth(), clip.getnchannels()) == (_WIDTH_BYTES, _CHANNELS):
                    return clip.getframerate()
        except (OSError, EOFError, wave.Error) as error:
            raise _wrong(f"{self._path(stem)}: {error}") from error
        raise _wrong(f"{self._path(stem)}: must be 16 bit, mono")

    def _path(self, stem: str) -> Path:
        return self.folder / f"{stem}.wav"

    def _silence(self, duration_ms: int) -> bytes:
        return bytes(self._hz * duration_ms // 1000 * _WIDTH_BYTES)


def _plain(text: str) -> str:
    """Full-width digits and small letters are said as the others are."""
    return unicodedata.normalize("NFKC", text).upper()


def _wrong(cause: str) -> DeviceLost:
    return DeviceLost(f"{cause}; make the clips anew: ow-provision voice-pack", remedy="configure")

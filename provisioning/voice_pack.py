"""The clips of a voice pack (语音包), spoken by espeak-ng from the pack's own table.

Source: docs/protocols/voice-clips.md. A clip's file name is what is spoken, in the words of the
table's `voice`: pinyin for cmn-latn-pinyin (the voice `cmn` would read it as English).
"""

import array
import io
import os
import subprocess
import sys
import tomllib
import wave
from pathlib import Path

from provisioning.errors import FolderError, UsageError

TABLE = "pack.toml"
ESPEAK = "espeak-ng"
_TIMEOUT_S = 20.0
_SILENT = 150
"""Of 32768: below this nothing is heard."""
_LEAD_S, _TAIL_S = 0.01, 0.03


def make(folder: Path, program: str = ESPEAK) -> int:
    """Speak every clip of the table into `folder`; how many. The same again gives the same.

    FolderError if table or folder cannot be used, UsageError if there is no `program`.
    """
    voice, stems = _table(folder / TABLE)
    for stem in stems:
        clip = _trimmed(_spoken(program, voice, stem.replace("-", " ")))
        path = folder / f"{stem}.wav"
        fresh = path.with_suffix(".part")
        try:
            fresh.write_bytes(clip)
            os.replace(fresh, path)
        except OSError as error:
            raise FolderError(f"{path} cannot be written: {error.strerror}.") from error
    return len(stems)


def _table(path: Path) -> tuple[str, list[str]]:
    """The voice, and the clips that it shall speak."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        voice, clips = table["voice"], table["clips"]
        return str(voice), sorted({str(stem) for stem in clips.values()})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise FolderError(f"{path} cannot be read: {error}.") from error
    except (KeyError, AttributeError) as error:
        raise FolderError(f"{path} must name a `voice` and have a table `clips`.") from error


def _spoken(program: str, voice: str, words: str) -> bytes:
    """A WAV file in which `voice` says `words`."""
    command = [program, "-v", voice, "--stdout", words]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S
        )
    except FileNotFoundError as error:
        raise UsageError(f"there is no program {program}; install espeak-ng.") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"{program} does not end; try again.") from error
    if ended.returncode or not ended.stdout:
        raise UsageError(f"{program} does not say {words!r} as {voice}; see `{program} --voices`.")
    return ended.stdout


def _trimmed(sound: bytes) -> bytes:
    """The same without the silence around it. Mono, 16 bit, as espeak-ng writes."""
    head = _data_at(sound)
    with wave.open(io.BytesIO(sound)) as read:
        hz = read.getframerate()
    samples = array.array("h", sound[head : head + (len(sound) - head) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    heard = [place for place, sample in enumerate(samples) if abs(sample) >= _SILENT]
    if not heard:
        return _wav(samples[:0], hz)
    first = max(0, heard[0] - round(_LEAD_S * hz))
    return _wav(samples[first : heard[-1] + 1 + round(_TAIL_S * hz)], hz)


def _data_at(sound: bytes) -> int:
    """Where the samples begin. Their length is not to be believed: it was written to a pipe."""
    return sound.index(b"data") + 8


def _wav(samples: "array.array[int]", hz: int) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(hz)
        sound.writeframes(samples.tobytes())
    return written.getvalue()

"""The maker of voice packs: what espeak-ng is asked to say, sound by sound, and what is made."""

import json
import platform
import re
import shutil
import subprocess
import tomllib
import wave
from pathlib import Path

import pytest

from provisioning.cli import main
from provisioning.errors import FolderError, UsageError
from provisioning.voice_pack import make

ROOT = Path(__file__).resolve().parents[3]
MANDARIN = ROOT / "drivers" / "voice_pack" / "mandarin"
TABLE = tomllib.loads((MANDARIN / "pack.toml").read_text("utf-8"))
EXPECTED = json.loads((ROOT / "tests" / "vectors" / "voice-phonemes.json").read_text("utf-8"))
STEMS = sorted(set(TABLE["clips"].values()))
TIMEOUT_S = 20
# espeak-ng's names of sounds (its docs/phonemes.md), longest first, and those of the IPA.
IPA = {
    "tS;h": "tɕʰ", "ts.h": "tʂʰ", "tS;": "tɕ", "ts.": "tʂ", "tsh": "tsʰ", "S;": "ɕ", "s.": "ʂ",
    "ph": "pʰ", "th": "tʰ", "kh": "kʰ", "o-": "ɤ", "i[": "ɨ", "X": "x", "N": "ŋ", "A": "a",
    "@": "ə", "E": "ɛ",
}  # fmt: skip
NAMES = re.compile("|".join(map(re.escape, IPA)) + "|.")


def espeak(*arguments: str) -> str:
    command = ["espeak-ng", *arguments]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S
    ).stdout


def sounds(words: str, voice: str) -> str:
    """What espeak-ng says for `words`: syllables in IPA, each with its tone behind it."""
    syllables = espeak("-v", voice, "-x", "-q", words).replace("'", "").split("_|")
    return " ".join(_syllable(each.strip()) for each in syllables if each.strip())


def _syllable(names: str) -> str:
    tone = "".join(re.findall(r"\d", names))
    return "".join(IPA.get(name, name) for name in NAMES.findall(re.sub(r"\d", "", names))) + tone


@pytest.mark.parametrize("stem", STEMS)
def test_every_clip_is_spoken_as_it_should_sound(stem: str) -> None:
    """Each sound and each tone, with what neighbours do to a third tone."""
    assert sounds(stem.replace("-", " "), TABLE["voice"]) == EXPECTED["clips"][stem]


def test_no_sound_is_expected_of_nothing() -> None:
    """The vectors are of the clips that there are."""
    assert sorted(EXPECTED["clips"]) == STEMS


def test_another_voice_would_be_heard() -> None:
    """The voice `cmn` reads pinyin as English; the comparison above sees it."""
    assert sounds("qing3", "cmn") != EXPECTED["clips"]["qing3"]
    assert "(en)" in espeak("-v", "cmn", "-x", "-q", "请")


def test_the_clips_are_those_that_the_table_makes(tmp_path: Path) -> None:
    """Made again they are the same bytes, so nobody has put another word in a file."""
    if "1.51" not in espeak("--version") or platform.machine() != "x86_64":
        pytest.skip("the clips were made by espeak-ng 1.51 on x86_64; this is another")
    shutil.copy(MANDARIN / "pack.toml", tmp_path)
    assert make(tmp_path) == len(STEMS)
    for stem in STEMS:
        assert (tmp_path / f"{stem}.wav").read_bytes() == (MANDARIN / f"{stem}.wav").read_bytes()


@pytest.mark.parametrize("stem", STEMS)
def test_a_clip_begins_and_ends_with_its_sound(stem: str) -> None:
    """Mono, 16 bit, 22,050 Hz; heard within a tenth of a second of both ends."""
    with wave.open(str(MANDARIN / f"{stem}.wav")) as clip:
        assert clip.getparams()[:3] == (1, 2, 22_050)
        body = clip.readframes(clip.getnframes())
    loud = [
        place
        for place in range(0, len(body), 2)
        if abs(int.from_bytes(body[place : place + 2], "little", signed=True)) > 1000
    ]
    assert loud
    assert loud[0] / 2 < 0.1 * 22_050
    assert (len(body) - loud[-1]) / 2 < 0.1 * 22_050
    assert len(body) / 2 > 0.1 * 22_050


def test_the_command_says_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and the files are there."""
    (tmp_path / "pack.toml").write_text('voice = "cmn-latn-pinyin"\n[clips]\n"好" = "hao3"\n')
    assert main(["voice-pack", "--dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path}: 1 clips spoken\n"
    assert [path.name for path in tmp_path.glob("*.wav")] == ["hao3.wav"]


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (None, "cannot be read"),
        ("[clips\n", "cannot be read"),
        ('voice = "cmn-latn-pinyin"\n', "must name"),
        ('voice = "cmn-latn-pinyin"\nclips = 3\n', "must name"),
    ],
)
def test_a_table_that_cannot_be_used(tmp_path: Path, table: str | None, named: str) -> None:
    """Which, and what is wrong with it."""
    if table is not None:
        (tmp_path / "pack.toml").write_text(table)
    with pytest.raises(FolderError, match=named):
        make(tmp_path)


def test_without_espeak(tmp_path: Path) -> None:
    """What to install."""
    (tmp_path / "pack.toml").write_text('voice = "cmn"\n[clips]\n"好" = "hao3"\n')
    with pytest.raises(UsageError, match="install espeak-ng"):
        make(tmp_path, program=str(tmp_path / "nobody"))


def test_a_voice_that_there_is_not(tmp_path: Path) -> None:
    """How to see which there are."""
    (tmp_path / "pack.toml").write_text('voice = "nobody"\n[clips]\n"好" = "hao3"\n')
    with pytest.raises(UsageError, match="--voices"):
        make(tmp_path)

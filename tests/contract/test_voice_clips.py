"""Recorded clips, as they are heard behind a player: whole sentences, or nothing."""

import logging
import shutil
import tomllib
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from drivers.registry import load
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.interfaces import Voice
from sim.twins.player import FAULTS, PlayerTwin

MANDARIN = Path(__file__).parents[2] / "drivers" / "voice_pack" / "mandarin"
CALL = "请A012号到3号窗口办理业务"
HEARD = "qing3 ei1 ling2 yao1 er4 hao4-dao4 san1 hao4-chuang1-kou3-ban4-li3-ye4-wu4"
WAIT_S = 10.0
Run = Callable[[str, dict[str, object]], Any]


@pytest.fixture
def player(tmp_path: Path) -> Iterator[PlayerTwin]:
    twin = PlayerTwin(tmp_path, pace=0.0)
    twin.open()
    yield twin
    twin.close()


def table(player: PlayerTwin, *packs: Path | str) -> dict[str, object]:
    return {
        "packs": [str(pack) for pack in packs or ("mandarin",)],
        "player": [str(player.program), "-q", "-"],
        "margin_s": 1.0,
    }


def voice(table: dict[str, object]) -> Voice:
    spec = load("voice_clips")
    device = cast(Voice, spec.build(spec.configure(table), SystemClock()))
    device.open()
    return device


def samples(path: Path) -> bytes:
    with wave.open(str(path)) as clip:
        return clip.readframes(clip.getnframes())


def heard(player: PlayerTwin, folder: Path = MANDARIN) -> list[str]:
    """What was played so far, each sound as its clips; fails on a sound that is none of them."""
    clips = {path.stem: samples(path) for path in folder.glob("*.wav")}
    return [_clips(sound.samples, clips) for sound in player.heard]


def _clips(sound: bytes, clips: dict[str, bytes]) -> str:
    found, place = [], 0
    while place < len(sound):
        fits = [stem for stem, body in clips.items() if sound.startswith(body, place)]
        if fits:
            found.append(max(fits, key=lambda stem: len(clips[stem])))
            place += len(clips[found[-1]])
        else:
            assert sound[place : place + 2] == b"\0\0"
            place += 2
    return " ".join(found)


def dialect(folder: Path, clips: dict[str, str]) -> Path:
    """A site's own pack, with sounds of its own."""
    folder.mkdir()
    lines = [f'"{said}" = "{stem}"' for said, stem in clips.items()]
    (folder / "pack.toml").write_text('language = "yue"\n[clips]\n' + "\n".join(lines), "utf-8")
    for number, stem in enumerate(clips.values()):
        with wave.open(str(folder / f"{stem}.wav"), "wb") as clip:
            clip.setnchannels(1)
            clip.setsampwidth(2)
            clip.setframerate(8000)
            clip.writeframes(bytes([number + 1, 7]) * 400)
    return folder


def test_a_call_is_heard_digit_by_digit(player: PlayerTwin) -> None:
    """One sound: 请, the letter, each digit, 1 as 幺, and where to go."""
    voice(table(player)).say(CALL)
    assert heard(player) == [HEARD]
    assert player.noises == 0
    assert [sound.rate_hz for sound in player.heard] == [22050]


def test_a_number_is_never_read_as_a_whole(player: PlayerTwin) -> None:
    """A window of two digits too; full width and small letters are said the same."""
    device = voice(table(player))
    device.say("请B110号到11号窗口办理业务")
    device.say("请b110号到11号窗口办理业务")
    first, second = heard(player)
    assert "bi4 yao1 yao1 ling2 hao4-dao4 yao1 yao1 hao4-chuang1-kou3" in first
    assert second == first


def test_packs_are_said_one_after_the_other(player: PlayerTwin, tmp_path: Path) -> None:
    """Each whole, in the order of the table, though their rates differ."""
    site = dialect(tmp_path / "yue", {"请": "ceng2", "号窗口": "hou6-coeng1-hau2", "3": "saam1"})
    voice(table(player, "mandarin", site)).say("请3号窗口")
    assert [sound.rate_hz for sound in player.heard] == [22050, 8000]
    player.heard = player.heard[1:]
    assert heard(player, site) == ["ceng2 saam1 hou6-coeng1-hau2"]


def test_half_a_sentence_is_never_said(
    player: PlayerTwin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A pack that lacks a word is silent, the others speak; logged once, without the text."""
    site = dialect(tmp_path / "yue", {"请": "ceng2", "3": "saam1"})
    device = voice(table(player, site, "mandarin"))
    with caplog.at_level(logging.WARNING):
        device.say("请3号窗口")
        device.say("请3号窗口")
        device.say("请韦安到3号窗口")
        device.say("，。")
        device.say("")
    assert heard(player) == ["qing3 san1 hao4-chuang1-kou3"] * 2
    assert player.started == 2
    told = [(vars(record)["pack"], vars(record)["characters"]) for record in caplog.records]
    assert told == [("yue", 5), ("mandarin", 8)]
    assert "韦" not in caplog.text


@pytest.mark.parametrize("fault", FAULTS)
def test_lost_and_back(player: PlayerTwin, run: Run, fault: str) -> None:
    """Who speaks and who watches hear of it within seconds; mended and opened, it speaks."""
    running = run("voice_clips", table(player)).started()
    player.fault(fault)
    with pytest.raises(DeviceLost) as lost:
        cast(Voice, running.device).say("请")
    expected = {"hang": "reset", "absent": "configure"}.get(fault, "maintain")
    assert lost.value.remedy == expected
    assert running.lost().remedy == expected
    player.mend()
    running.started()
    cast(Voice, running.device).say(CALL)
    assert heard(player) == [HEARD]


def test_a_card_pulled_out_in_silence(player: PlayerTwin, run: Run) -> None:
    """Found though nobody speaks; without it nothing opens; back, it speaks."""
    running = run("voice_clips", {**table(player), "card": str(player.card)}).started()
    player.fault("unplug")
    assert running.lost().cause == f"there is no sound card {player.card}"
    running.start()
    assert running.lost().remedy == "maintain"
    player.mend()
    running.started()
    cast(Voice, running.device).say(CALL)
    assert heard(player) == [HEARD]


def _without_a_clip(folder: Path) -> str:
    (folder / "yao1.wav").unlink()
    return "yao1.wav"


def _cut_off(folder: Path) -> str:
    (folder / "er4.wav").write_bytes(b"RIFF\x24\0\0\0WAVE")
    return "er4.wav"


def _other_rate(folder: Path) -> str:
    with wave.open(str(folder / "er4.wav"), "wb") as clip:
        clip.setnchannels(1)
        clip.setsampwidth(2)
        clip.setframerate(8000)
        clip.writeframes(b"\1\0" * 80)
    return "all of one rate"


def _stereo(folder: Path) -> str:
    with wave.open(str(folder / "er4.wav"), "wb") as clip:
        clip.setnchannels(2)
        clip.setsampwidth(2)
        clip.setframerate(22050)
        clip.writeframes(b"\1\0" * 80)
    return "er4.wav: must be 16 bit, mono"


def _no_table(folder: Path) -> str:
    (folder / "pack.toml").unlink()
    return "pack.toml"


def _broken_table(folder: Path) -> str:
    (folder / "pack.toml").write_text("[clips\n", "utf-8")
    return "pack.toml"


def _other_table(folder: Path) -> str:
    (folder / "pack.toml").write_text('language = "cmn"\n[clips]\n"1" = 1\n', "utf-8")
    return "pack.toml"


def _no_clips(folder: Path) -> str:
    (folder / "pack.toml").write_text('language = "cmn"\n[clips]\n', "utf-8")
    return "the clips must be there"


BROKEN = (_without_a_clip, _cut_off, _other_rate, _stereo, _no_table, _broken_table, _other_table)


@pytest.mark.parametrize("damage", [*BROKEN, _no_clips])
def test_a_pack_that_cannot_be_used(
    player: PlayerTwin, tmp_path: Path, damage: Callable[[Path], str]
) -> None:
    """Opening says which file, and what to do."""
    folder = Path(shutil.copytree(MANDARIN, tmp_path / "pack"))
    named = damage(folder)
    with pytest.raises(DeviceLost) as lost:
        voice(table(player, folder))
    assert lost.value.remedy == "configure"
    assert named in lost.value.cause
    assert "ow-provision voice-pack" in lost.value.cause


def test_a_clip_that_goes_away_is_a_loss(player: PlayerTwin, tmp_path: Path) -> None:
    """Nothing is heard of the sentence it belonged to."""
    folder = Path(shutil.copytree(MANDARIN, tmp_path / "pack"))
    device = voice(table(player, folder))
    (folder / "yao1.wav").unlink()
    with pytest.raises(DeviceLost, match="yao1"):
        device.say(CALL)
    assert player.started == 0


def test_the_pack_is_small_and_whole() -> None:
    """All clips of the table and no others, under two megabytes."""
    clips = tomllib.loads((MANDARIN / "pack.toml").read_text("utf-8"))["clips"]
    files = sorted(MANDARIN.glob("*.wav"))
    assert sorted(path.stem for path in files) == sorted(set(clips.values()))
    assert sum(path.stat().st_size for path in files) < 2_000_000

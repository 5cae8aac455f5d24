"""Frames of the SAM module, against published bytes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.codecs.sam import (
    LONGEST,
    PREAMBLE,
    Command,
    Deframer,
    Reply,
    answers,
    command,
    sam_id,
)
from hal.codecs.sam_status import Status, error_of, words
from hal.errors import DeviceError, DeviceLost, DeviceRefused, WireError

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "resident-id-reader.json").read_text("utf-8")
)
FOUND, NONE = (bytes.fromhex(VECTORS["replies"][name][0]) for name in ("found", "none"))


def fed(*chunks: bytes) -> list[Reply]:
    deframer = Deframer()
    return [reply for chunk in chunks for reply in deframer.feed(chunk)]


@pytest.mark.parametrize(("name", "frame"), VECTORS["commands"].items())
def test_commands_are_the_published_bytes(name: str, frame: str) -> None:
    """Byte for byte, check included."""
    assert command(Command[name]) == bytes.fromhex(frame)


@pytest.mark.parametrize(("frame", "status", "data"), VECTORS["replies"].values())
def test_replies_are_read_as_published(frame: str, status: str, data: str) -> None:
    """Status and data of each published reply."""
    assert fed(bytes.fromhex(frame)) == [Reply(bytes.fromhex(status), bytes.fromhex(data))]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=40))
def test_chunks_of_any_size_give_the_same_replies(sizes: list[int]) -> None:
    """A serial line cuts where it likes."""
    stream = FOUND + NONE + FOUND
    chunks, position = [], 0
    for size in sizes:
        chunks.append(stream[position : position + size])
        position += size
    assert fed(*chunks, stream[position:]) == fed(FOUND) + fed(NONE) + fed(FOUND)


@given(st.binary(max_size=200))
def test_one_good_frame_after_garbage_is_found(garbage: bytes) -> None:
    """Whatever came before, and though it may swallow one frame, the next is read."""
    filler = b"\x00" * (LONGEST + 16)
    assert fed(garbage, filler, FOUND)[-1:] == fed(FOUND)


@pytest.mark.parametrize("flipped", range(len(PREAMBLE), len(FOUND)))
def test_a_frame_with_a_flipped_bit_is_not_believed(flipped: int) -> None:
    """The check catches it, and the frame behind it is read."""
    broken = bytearray(FOUND)
    broken[flipped] ^= 0x04
    replies = fed(bytes(broken), NONE, b"\x00" * (LONGEST + 16), NONE)
    assert fed(FOUND)[0] not in replies
    assert replies[-1:] == fed(NONE)


def test_damage_is_counted() -> None:
    """A wrong check is seen in the count, so that a bad cable shows."""
    deframer = Deframer()
    assert list(deframer.feed(FOUND[:-1] + b"\x00" + NONE)) == fed(NONE)
    assert deframer.damaged == 1


def test_an_echo_of_the_command_is_no_reply() -> None:
    """Some lines send back what we sent; the reply behind it is the one that counts."""
    assert fed(command(Command.FIND) + FOUND) == fed(FOUND)


def test_a_fourth_aa_belongs_to_the_next_preamble() -> None:
    """A frame cut after its first byte does not hide the one that follows."""
    assert fed(b"\xaa" + FOUND) == fed(FOUND)
    assert fed(PREAMBLE[:3] + FOUND) == fed(FOUND)


@pytest.mark.parametrize("length", [0, 1, 2, LONGEST + 1, 0xFFFF])
def test_an_impossible_length_is_not_waited_for(length: int) -> None:
    """A length that no reply has must not make us wait for bytes that never come."""
    assert fed(PREAMBLE + length.to_bytes(2, "big") + FOUND) == fed(FOUND)


def test_what_a_frame_still_lacks_is_known() -> None:
    """None while no frame has begun; then the bytes up to its end."""
    deframer = Deframer()
    list(deframer.feed(FOUND[:9]))
    assert deframer.pending() == len(FOUND) - 9
    deframer.reset()
    assert deframer.pending() == 0


def test_half_an_echo_is_no_reply_under_way() -> None:
    """A line that echoes slowly does not make a silent module speak."""
    deframer = Deframer()
    list(deframer.feed(command(Command.FIND)[:8]))
    assert deframer.pending() == 0


def test_a_frame_behind_a_damaged_length_is_found_when_the_line_falls_still() -> None:
    """The length promised more than came: what it swallowed is given back, in order."""
    deframer = Deframer()
    lying = bytearray(FOUND)
    lying[5:7] = (0x05, 0x08)
    assert list(deframer.feed(bytes(lying) + NONE + FOUND)) == []
    assert list(deframer.gap()) == fed(NONE) + fed(FOUND)
    assert deframer.held == 0


def test_half_a_frame_is_given_up_when_the_line_falls_still() -> None:
    """Its rest, if it comes after all, is no frame."""
    deframer = Deframer()
    assert list(deframer.feed(FOUND[:-3])) == []
    assert list(deframer.gap()) == []
    assert list(deframer.feed(FOUND[-3:] + NONE)) == fed(NONE)


@given(st.lists(st.binary(max_size=64), max_size=40))
def test_what_is_kept_is_bounded(chunks: list[bytes]) -> None:
    """Whatever comes, no more than one frame is waited for."""
    deframer = Deframer()
    for chunk in chunks:
        list(deframer.feed(PREAMBLE + b"\x09\x0a" + chunk))
        assert deframer.held <= len(PREAMBLE) + 2 + LONGEST


def test_noise_is_not_kept() -> None:
    """Nothing with which a frame may begin: nothing is under way."""
    deframer = Deframer()
    list(deframer.feed(b"\x00\xff\xaa\x96"))
    assert deframer.held == 0
    list(deframer.feed(PREAMBLE[:4]))
    assert deframer.held == 4


@pytest.mark.parametrize(
    ("order", "frame", "possible"),
    [
        (Command.FIND, "found", True),
        (Command.FIND, "none", True),
        (Command.FIND, "selected", False),
        (Command.SELECT, "found", False),
        (Command.SELECT, "select failed", True),
        (Command.READ_BASE, "selected", False),
        (Command.READ_BASE, "read failed", True),
        (Command.SAM_ID, "selected", False),
    ],
)
def test_a_reply_left_over_is_recognised(order: Command, frame: str, possible: bool) -> None:
    """A success of another order, or with data of another size, is not the answer."""
    (reply,) = fed(bytes.fromhex(VECTORS["replies"][frame][0]))
    assert answers(order, reply) is possible


@pytest.mark.parametrize(("frame", "text", "old"), VECTORS["sam_ids"])
def test_a_sam_id_is_shown_as_it_is_printed(frame: str, text: str, old: bool) -> None:
    """Little endian numbers; old modules begin with 05.01."""
    (reply,) = fed(bytes.fromhex(frame))
    assert (sam_id(reply.data).text, sam_id(reply.data).old) == (text, old)
    with pytest.raises(WireError):
        sam_id(reply.data[:-1])


@pytest.mark.parametrize("status", Status)
def test_every_status_that_is_no_success_says_what_to_do(status: Status) -> None:
    """Each has a typed error with its code; the cause is words, not a number."""
    error = error_of(status)
    assert isinstance(error, DeviceLost | DeviceRefused | WireError)
    assert error.code == status
    assert error.remedy != "none"
    assert not any(character.isdigit() for character in error.cause)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status.READ_FAILED, DeviceRefused),
        (Status.SELECT_FAILED, DeviceRefused),
        (Status.CHECKSUM, WireError),
        (Status.LENGTH, WireError),
        (Status.SELF_TEST, DeviceLost),
        (Status.NOT_AUTHORISED, DeviceLost),
        (Status.RANDOM, DeviceLost),
        (Status.UNKNOWN_CARD, DeviceRefused),
    ],
)
def test_who_must_act_follows_from_the_status(status: Status, kind: type[DeviceError]) -> None:
    """A bad card: the person; damage on the wire: we; the module itself: a technician."""
    assert type(error_of(status)) is kind


def test_an_unlisted_status_is_refused_with_its_code() -> None:
    """A module newer than the standard does not stop us."""
    error = error_of(0x7E)
    assert isinstance(error, DeviceRefused)
    assert error.code == 0x7E


@pytest.mark.parametrize("code", range(256))
def test_people_are_told_what_to_do_in_both_languages(code: int) -> None:
    """Whatever a module says: the cause and the remedy, never a bare number."""
    zh, en = words(code)
    assert "，" in zh
    assert "; " in en
    assert en.startswith(error_of(code).cause)
    assert not zh.isascii()


def test_the_page_says_the_same_of_every_status() -> None:
    """Remedy and Chinese words in the table are those that people are told."""
    page = Path(__file__).parents[3] / "docs" / "protocols" / "resident-id-reader.md"
    rows = re.findall(
        r"^\| `([0-9A-F]{2})` \|[^|]+\| (?:person|again|module) \| (\w+) \| ([^|]+) \|$",
        page.read_text("utf-8"),
        re.MULTILINE,
    )
    told = {int(code, 16): (remedy, zh) for code, remedy, zh in rows}
    expected = {
        status: (error_of(status).remedy, words(status)[0])
        for status in Status
        if status not in (Status.DONE, Status.FOUND)
    }
    assert told == expected

"""Frames of the SAM module, against published bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.codecs.sam import LONGEST, PREAMBLE, Command, Deframer, Reply, Status, command, error_of
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


@pytest.mark.parametrize("status", Status)
def test_every_status_that_is_no_success_says_what_to_do(status: Status) -> None:
    """Each has a typed error with its code; the cause is words, not a number."""
    error = error_of(Reply(bytes([0, 0, status]), b""))
    assert isinstance(error, DeviceLost | DeviceRefused | WireError)
    assert error.code == status
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
    ],
)
def test_who_must_act_follows_from_the_status(status: Status, kind: type[DeviceError]) -> None:
    """A bad card: the person; damage on the wire: we; the module itself: a technician."""
    assert type(error_of(Reply(bytes([0, 0, status]), b""))) is kind


def test_an_unlisted_status_is_refused_with_its_code() -> None:
    """A module newer than the standard does not stop us."""
    error = error_of(Reply(bytes([0, 0, 0x7E]), b""))
    assert isinstance(error, DeviceRefused)
    assert error.code == 0x7E

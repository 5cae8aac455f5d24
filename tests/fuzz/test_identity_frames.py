"""Frames of a resident-ID reader, mutated: nothing but typed errors comes out, and nothing stays.

ONEWINDOW_FUZZ_FRAMES says how many (20,000). Half of them have length and checksum repaired, so
that the damage reaches what reads the card. A failing frame is printed as hex.
"""

import os
import resource
import struct
from datetime import date
from functools import reduce
from operator import xor
from random import Random

import msgspec
import pytest

from hal.codecs.identity.card import identity, new_address, split_base
from hal.codecs.sam import LONGEST, PREAMBLE, Command, Deframer, Reply, answers, sam_id
from hal.codecs.sam_status import Status, error_of, words
from hal.errors import DeviceError
from sim.card import EXAMPLES
from sim.twins.sam import Order, Sam

FRAMES = int(os.environ.get("ONEWINDOW_FUZZ_FRAMES", "20000"))
SEED = int(os.environ.get("ONEWINDOW_FUZZ_SEED", "1"))
TODAY = date(2026, 11, 23)
HEAD_SIZE = len(PREAMBLE) + 2
MOST_HELD = HEAD_SIZE + LONGEST
GROWTH_BYTES = 32 * 1024 * 1024
_TEMPTING = (0x00, 0x20, 0x31, 0x4A, 0x59, 0x69, 0x90, 0x96, 0x9F, 0xAA, 0xD8, 0xDC, 0xFF)


def ask(sam: Sam, *orders: Order) -> list[bytes]:
    """The module's replies to these commands."""
    bodies = [struct.pack(">HH", 3, order) for order in orders]
    sent = b"".join(PREAMBLE + body + bytes([reduce(xor, body)]) for body in bodies)
    return [reply.frame for reply in sam.feed(sent)]


def good_frames() -> list[bytes]:
    """Replies of every kind, with each of the four documents in them, from the twin."""
    frames = ask(Sam(), Order.STATUS, Order.SAM_ID, Order.FIND, Order.SELECT)
    for card in EXAMPLES.values():
        for read, prints in ((Order.READ, False), (Order.READ_WITH_PRINTS, True)):
            sam = Sam()
            laid = msgspec.structs.replace(card, fingerprint=prints, new_address="虚构路9号")
            sam.lay(laid)
            frames += ask(sam, Order.FIND, Order.SELECT, read, Order.READ_ADDRESS)
    return frames


def mutate(random: Random, frame: bytes, other: bytes, *, deep: bool) -> bytes:
    """One to four changes of a kind that lines, cables and broken modules make.

    `deep`: mostly such as leave the size as it was, for frames whose checksum will be good again.
    """
    body = bytearray(frame)
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        at = random.randrange(min(len(body), 300) if deep else len(body)) if body else 0
        in_place = deep and random.random() < 0.8
        match random.choice((0, 1, 6)) if in_place else random.randrange(8):
            case 0 if body:
                body[at] ^= 1 << random.randrange(8)
            case 1 if body:
                body[at] = random.choice(_TEMPTING)
            case 2:
                body[at:at] = random.randbytes(random.randrange(1, 5))
            case 3:
                del body[at : at + random.randrange(1, 5)]
            case 4:
                del body[at:]
            case 5:
                body[at:at] = other[: random.randrange(len(other))]
            case 6:
                body[at : at + 2] = random.choice(("长", "示", "9", "\n", "２")).encode("utf-16-le")
            case 7:
                body[5:7] = random.randbytes(2)
    return bytes(body)


def repaired(frame: bytes) -> bytes:
    """With preamble, length and checksum made good, as far as it is long enough to have them."""
    counted = bytearray(frame[HEAD_SIZE:-1])
    if len(counted) < 3 or len(counted) + 1 > LONGEST:
        return frame
    counted[:0] = struct.pack(">H", len(counted) + 1)
    return PREAMBLE + bytes(counted) + bytes([reduce(xor, counted)])


def take(reply: Reply) -> bool:
    """All that the driver may do with a reply. Whether a card came of it."""
    for order in Command:
        answers(order, reply)
    words(reply.sw3)
    if reply.sw3 != Status.DONE:
        assert isinstance(error_of(reply.sw3), DeviceError)
        return False
    for read in (new_address, sam_id):
        try:
            read(reply.data)
        except DeviceError:
            continue
    try:
        card = identity(split_base(reply.data), TODAY)
    except DeviceError:
        return False
    msgspec.json.encode(card)
    assert card.name
    return True


def fed(random: Random, deframer: Deframer, stream: bytes) -> list[Reply]:
    """In chunks of any size."""
    replies, at = [], 0
    while at < len(stream):
        size = random.choice((1, 16, 61, 4096)) if len(stream) - at < 64 else 256
        replies += deframer.feed(stream[at : at + size])
        at += size
        assert deframer.held <= MOST_HELD
    return replies


@pytest.mark.timeout(3600)
def test_mutated_frames_end_in_typed_errors_and_the_next_good_one_is_read() -> None:
    """Whatever comes: no other exception, bounded memory, and resynchronised within one frame."""
    random = Random(SEED)
    frames = good_frames()
    deframer = Deframer()
    cards = 0
    settled_kib = 0
    for number in range(FRAMES):
        frame = mutate(random, random.choice(frames), random.choice(frames), deep=number % 2 == 1)
        if number % 2:
            frame = repaired(frame)
        good = frames[number % len(frames)]
        try:
            replies = fed(random, deframer, frame)
            replies += deframer.gap()
            cards += sum(map(take, replies))
            last = fed(random, deframer, good)
        except Exception:
            print(f"\nframe {number} of seed {SEED}: {frame.hex()}")
            raise
        assert last, frame.hex()
        assert last[-1].status + last[-1].data == good[HEAD_SIZE:-1], frame.hex()
        assert deframer.held == 0
        if number == min(1000, FRAMES // 2):
            settled_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - settled_kib) * 1024
    print(f"\nidentity frames: {FRAMES} mutated, {cards} still a card, {grown_bytes // 1024} KiB")
    assert 0 < cards < FRAMES
    assert grown_bytes < GROWTH_BYTES


@pytest.mark.timeout(3600)
def test_frames_that_begin_inside_others_are_found() -> None:
    """A frame cut anywhere, the next one right behind it: that one is read once the line is still.

    Unless the cut frame's length happens to end with a good checksum, as it does once in 256.
    """
    random = Random(SEED + 1)
    frames = good_frames()
    found = 0
    rounds = max(1, FRAMES // 10)
    for _ in range(rounds):
        first, second = random.choice(frames), random.choice(frames)
        deframer = Deframer()
        replies = fed(random, deframer, first[: random.randrange(len(first))] + second)
        replies += deframer.gap()
        found += any(each.status + each.data == second[HEAD_SIZE:-1] for each in replies)
    assert found >= rounds * 0.98

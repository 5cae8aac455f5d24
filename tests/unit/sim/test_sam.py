"""The SAM module against the bytes of docs/protocols/resident-id-reader.md."""

import msgspec
import pytest

from sim.card import Card
from sim.twins.sam import LONGEST_COMMAND, SW3, Reply, Sam

PREAMBLE = "AAAAAA9669"
FIND, SELECT, READ, READ_WITH_PRINTS = (
    bytes.fromhex(PREAMBLE + tail)
    for tail in ("0003200122", "0003200221", "0003300132", "0003301023")
)
RESET, STATUS, SAM_ID = (
    bytes.fromhex(PREAMBLE + tail) for tail in ("000310FFEC", "000311FFED", "000312FFEE")
)


def shown(replies: list[Reply]) -> list[str]:
    return [reply.frame.hex().upper().removeprefix(PREAMBLE) for reply in replies]


def statuses(replies: list[Reply]) -> list[SW3]:
    return [reply.status for reply in replies]


@pytest.fixture
def sam(card: Card) -> Sam:
    module = Sam()
    module.lay(card)
    return module


def test_empty_reader_finds_nothing() -> None:
    """Without a card, find and select fail and a read says that nothing is there."""
    assert shown(Sam().feed(FIND + SELECT + READ)) == [
        "000400008084",
        "000400008185",
        "000400009195",
    ]


def test_golden_replies_of_find_and_select(sam: Sam) -> None:
    """Find and select answer with the page's bytes."""
    assert shown(sam.feed(FIND + SELECT)) == [
        "000800009F0000000097",
        "000C00009000000000000000009C",
    ]


def test_read_before_select_fails(sam: Sam) -> None:
    """A card that was not selected is not read."""
    assert shown(sam.feed(FIND + READ)) == ["000800009F0000000097", "000400004145"]


def test_base_data_has_the_page_s_shape(sam: Sam, card: Card) -> None:
    """The base reply is 1295 bytes: length, status, block sizes, text, photo, checksum."""
    reply = sam.feed(FIND + SELECT + READ)[2]
    assert len(reply.frame) == 1295
    assert reply.frame[:14].hex().upper() == PREAMBLE + "0508" + "000090" + "01000400"
    assert reply.frame[14:270] == card.text()
    assert reply.frame[270:1294] == card.photo()
    assert reply.carries_card


def test_every_reply_s_checksum_is_zero_over_length_to_checksum(sam: Sam) -> None:
    """XOR over everything after the preamble is 0."""
    for reply in sam.feed(FIND + SELECT + READ + STATUS + SAM_ID):
        total = 0
        for byte in reply.frame[5:]:
            total ^= byte
        assert total == 0


def test_fingerprint_reply_with_and_without_prints(card: Card) -> None:
    """With fingerprints the reply is 2321 bytes, 1297 for a card without them."""
    lengths = []
    for fingerprint in (True, False):
        sam = Sam()
        sam.lay(msgspec.structs.replace(card, fingerprint=fingerprint))
        lengths.append(len(sam.feed(FIND + SELECT + READ_WITH_PRINTS)[2].frame))
    assert lengths == [2321, 1297]


def test_old_module_does_not_know_fingerprints(card: Card) -> None:
    """An old module answers 21 to `30 10` and still reads the base data after it."""
    sam = Sam(old=True)
    sam.lay(card)
    replies = sam.feed(FIND + SELECT + READ_WITH_PRINTS + READ)
    assert statuses(replies)[2:] == [SW3.BAD_COMMAND, SW3.DONE]


def test_read_card_must_be_lifted_and_laid_again(sam: Sam, card: Card) -> None:
    """After a read, find fails until the card was lifted and laid again."""
    sam.feed(FIND + SELECT + READ)
    assert statuses(sam.feed(FIND)) == [SW3.FIND_FAILED]
    sam.lift()
    assert statuses(sam.feed(FIND)) == [SW3.FIND_FAILED]
    sam.lay(card)
    assert statuses(sam.feed(FIND)) == [SW3.FOUND]


def test_status_reset_and_sam_id() -> None:
    """Status and reset are done; the SAM id has 16 bytes."""
    replies = Sam().feed(STATUS + RESET + SAM_ID)
    assert shown(replies)[:2] == ["000400009094", "000400009094"]
    assert len(replies[2].frame) == 5 + 2 + 3 + 16 + 1


@pytest.mark.parametrize(
    ("index", "baud"), [(0, 115200), (1, 57600), (2, 38400), (3, 19200), (4, 9600)]
)
def test_baud_index(index: int, baud: int) -> None:
    """`60 0i` chooses the i-th rate of the page."""
    sam = Sam()
    sam.baud = 0
    assert statuses(sam.feed(bytes.fromhex(PREAMBLE) + bytes([0, 3, 0x60, index, 0x63 ^ index])))
    assert sam.baud == baud


def test_wrong_checksum_length_and_command() -> None:
    """What was garbled is answered with 10, what has a wrong length 11, unknown commands 21."""
    replies = Sam().feed(
        bytes.fromhex(PREAMBLE + "0003200123")
        + bytes.fromhex(PREAMBLE + f"{LONGEST_COMMAND + 1:04X}")
        + bytes.fromhex(PREAMBLE + "000420010025")
        + bytes.fromhex(PREAMBLE + "0003550056")
    )
    assert statuses(replies) == [
        SW3.BAD_CHECKSUM,
        SW3.BAD_LENGTH,
        SW3.BAD_LENGTH,
        SW3.BAD_COMMAND,
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_of_any_size(sam: Sam, size: int) -> None:
    """Commands arriving byte by byte or joined are answered alike, noise between them ignored."""
    stream = b"\xaa\x00noise" + FIND + b"\xaa" + SELECT + b"\xaa\xaa\xaa\x96" + READ
    replies = [
        reply for at in range(0, len(stream), size) for reply in sam.feed(stream[at : at + size])
    ]
    assert statuses(replies) == [SW3.FOUND, SW3.DONE, SW3.DONE]


def test_broken_off_command_does_not_swallow_the_next(sam: Sam) -> None:
    """A command that breaks off costs one error; the one behind it is answered."""
    assert statuses(sam.feed(FIND[:-2] + FIND)) == [SW3.BAD_CHECKSUM, SW3.FOUND]

"""The photo of an identity card: kept as it came, shown where somebody can decode it."""

import pytest

from hal.events.photo import NO_DECODER, SIZE, UNDECODABLE, PhotoDecoders, PhotoError, pack, unpack

WLT = bytes(range(256)) * 4


class Library:
    """A decoder that takes photos beginning with `first`."""

    def __init__(self, name: str, first: int) -> None:
        self.name = name
        self._first = first

    def decode(self, wlt: bytes) -> bytes:
        if wlt[0] != self._first:
            raise PhotoError("not a photo of this library")
        return b"BM" + wlt[:4]


def test_a_photo_comes_back_from_its_text() -> None:
    """1024 bytes are 1366 characters that JSON and URLs leave alone."""
    packed = pack(WLT)
    assert len(packed) == 1366
    assert packed.replace("-", "").replace("_", "").isalnum()
    assert unpack(packed) == WLT
    assert len(WLT) == SIZE


@pytest.mark.parametrize(
    "packed", ["", "AAAA", pack(WLT)[:-2], pack(WLT) + "AA", "照片", "+" * 1366]
)
def test_what_is_no_photo_is_told(packed: str) -> None:
    """A typed error, whatever stands there."""
    with pytest.raises(PhotoError):
        unpack(packed)


def test_without_a_decoder_there_is_a_word() -> None:
    """The usual case: WLT libraries are closed and licensed."""
    shown = PhotoDecoders().show(pack(WLT))
    assert (shown.picture, shown.word) == (None, NO_DECODER)


def test_the_first_decoder_that_takes_it_shows_it() -> None:
    """Its name stands beside the picture."""
    decoders = PhotoDecoders()
    decoders.add(Library("one", 0xFF))
    decoders.add(Library("two", 0x00))
    shown = decoders.show(pack(WLT))
    assert (shown.picture, shown.word) == (b"BM" + WLT[:4], "two")


@pytest.mark.parametrize("packed", [None, "", pack(b"\x7f" * SIZE)])
def test_a_photo_nobody_takes_is_undecodable(packed: str | None) -> None:
    """The card is served without its picture."""
    decoders = PhotoDecoders()
    decoders.add(Library("one", 0x00))
    shown = decoders.show(packed)
    assert (shown.picture, shown.word) == (None, UNDECODABLE)

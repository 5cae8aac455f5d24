"""Strokes, their canonical form, and the picture that carries them."""

import hashlib
import struct
import zlib
from pathlib import Path

import msgspec
import pytest

from firmware.screen.signature import KEYWORD, SignatureError, Strokes, sign

PAGE = Path(__file__).parents[4] / "docs" / "protocols" / "signature.md"
SENT = b'{"width":200,"height":100,"strokes":[[[20,50,0],[120,50,40]],[[60,20,300],[60,80,360]]]}'


def chunks(png: bytes) -> dict[bytes, bytes]:
    """The chunks of a PNG by their kind, their check sums looked at."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = {}, 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", png[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(kind + data)
        found[kind] = data
        at += 12 + size
    return found


def test_the_picture_carries_what_the_hash_is_of() -> None:
    """Anybody who opens the picture can see that the strokes in it are those of the fact."""
    signature = sign(msgspec.json.decode(SENT, type=Strokes))
    keyword, _, canonical = chunks(signature.png)[b"tEXt"].partition(b"\0")
    assert keyword.decode() == KEYWORD
    assert canonical == (
        b'{"height":100,"strokes":[[[20,50,0],[120,50,40]],[[60,20,300],[60,80,360]]],"width":200}'
    )
    assert hashlib.sha256(canonical).hexdigest() == signature.strokes_hash


def test_the_worked_example_of_the_page() -> None:
    """docs/protocols/signature.md has the canonical form of these strokes and its hash."""
    signature = sign(msgspec.json.decode(SENT, type=Strokes))
    _, _, canonical = chunks(signature.png)[b"tEXt"].partition(b"\0")
    page = PAGE.read_text("utf-8")
    assert canonical.decode() in page
    assert signature.strokes_hash in page


def test_the_order_of_the_fields_changes_nothing() -> None:
    """The form is canonical: the same strokes have one hash."""
    other = b'{ "strokes": [[[20,50,0],[120,50,40]],[[60,20,300],[60,80,360]]],\n"width":200, "height":100}'  # noqa: E501
    one, two = (sign(msgspec.json.decode(each, type=Strokes)) for each in (SENT, other))
    assert one.strokes_hash == two.strokes_hash
    assert one.png == two.png


def test_the_picture_shows_the_strokes() -> None:
    """Black where the pen was, white elsewhere, of the size of the field."""
    found = chunks(sign(msgspec.json.decode(SENT, type=Strokes)).png)
    assert struct.unpack(">IIBBBBB", found[b"IHDR"]) == (200, 100, 8, 0, 0, 0, 0)
    rows = zlib.decompress(found[b"IDAT"])
    assert len(rows) == 100 * 201
    dark = {(at % 201 - 1, at // 201) for at, pixel in enumerate(rows) if at % 201 and pixel == 0}
    assert {(20, 50), (70, 50), (120, 50), (60, 20), (60, 80)} <= dark
    assert not {(150, 50), (20, 20), (199, 99)} & dark
    assert len(dark) < 1000


def test_a_pen_at_the_edge_stays_in_the_picture() -> None:
    """Half of a disc lies outside; the rows keep their length."""
    drawn = Strokes(width=100, height=60, strokes=[[(0, 0, 0), (100, 0, 9), (100, 60, 20)]])
    assert len(zlib.decompress(chunks(sign(drawn).png)[b"IDAT"])) == 60 * 101


@pytest.mark.parametrize(
    "strokes",
    [
        [[(10, 10, 0)]],
        [[(10, 10, 0), (30, 10, 5)]],
        [[]],
        [[(10, 10, 0), (90, 10, 50)], []],
        [[(10, 10, 50), (90, 10, 0)]],
        [[(10, 10, 0), (190, 10, 5), (201, 10, 9)]],
        [[(0, 0, 0), (200, 100, 1)] * 400],
        [[(10, 10, 0), (90, 10, 5)] * 10_001],
    ],
)
def test_what_nobody_can_have_signed_is_refused(strokes: list[list[tuple[int, int, int]]]) -> None:
    """A touch, a stroke without points, time that goes back, a point outside, a scribble."""
    with pytest.raises(SignatureError):
        sign(Strokes(width=200, height=100, strokes=strokes))


@pytest.mark.parametrize(
    "sent",
    [
        b'{"width":200,"height":100,"strokes":[]}',
        b'{"width":200,"height":100,"strokes":[[[1.5,2,0]]]}',
        b'{"width":200,"height":100,"strokes":[[[-1,2,0]]]}',
        b'{"width":200000,"height":100,"strokes":[[[1,2,0]]]}',
        b'{"width":200,"height":100,"strokes":[[[1,2]]]}',
    ],
)
def test_what_is_no_drawing_is_not_read(sent: bytes) -> None:
    """Fractions, negative places, fields too large: refused before anything is drawn."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(sent, type=Strokes)

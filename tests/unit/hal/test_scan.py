"""Codes of a barcode gun in serial mode."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.codecs.scan import CONTROL, LONGEST_BYTES, ScanLines, Suffix, code_of, kind_of, refusal
from hal.events.facts import CodeScanned

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "barcode.json").read_text("utf-8")
)
TICKET = "OW:T:01J9ZK3V7Q8F2M4N6P8R0T2V4X"


def texts(suffix: Suffix, *chunks: bytes) -> list[str | None]:
    lines = ScanLines(suffix)
    return [code.text for chunk in chunks for code in lines.feed(chunk)]


@pytest.mark.parametrize(
    ("suffix", "stream"),
    [("cr", b"one\rtwo\r"), ("cr", b"one\r\ntwo\r\n"), ("tab", b"one\ttwo\t")],
)
def test_a_suffix_ends_a_code(suffix: Suffix, stream: bytes) -> None:
    """CR, CR LF or Tab, as the gun is set."""
    assert texts(suffix, stream) == ["one", "two"]


@given(st.lists(st.integers(1, 5), max_size=40))
def test_chunks_of_any_size_give_the_same_codes(sizes: list[int]) -> None:
    """A serial line cuts where it likes."""
    stream = (TICKET + "\r6901234567892\r").encode()
    chunks, position = [], 0
    for size in sizes:
        chunks.append(stream[position : position + size])
        position += size
    assert texts("cr", *chunks, stream[position:]) == [TICKET, "6901234567892"]


def test_without_a_suffix_silence_ends_a_code() -> None:
    """The caller tells of the gap; a CR is then part of the code's bytes."""
    lines = ScanLines("none")
    assert list(lines.feed(b"6901")) == []
    assert lines.waiting
    assert [code.text for code in lines.gap()] == ["6901"]
    assert not lines.waiting
    assert list(lines.gap()) == []


def test_silence_where_a_suffix_belongs_is_a_time_out() -> None:
    """Half a code is told as damaged, and is not the beginning of the next one."""
    lines = ScanLines("cr")
    list(lines.feed(b"half"))
    assert [(code.text, code.integrity) for code in lines.gap()] == [("half", "timeout")]
    assert [code.text for code in lines.feed(b"whole\r")] == ["whole"]


def test_a_code_longer_than_any_symbol_is_cut_and_marked() -> None:
    """A gun gone mad fills no memory, and the code behind it is good."""
    lines = ScanLines("cr")
    (long,) = lines.feed(b"9 " * (LONGEST_BYTES // 2 + 50) + b"\r")
    assert long.integrity == "dropped"
    assert len(long.text or "") == LONGEST_BYTES
    assert [code.integrity for code in lines.feed(b"next\r")] == ["ok"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"]Q1" + TICKET.encode(), CodeScanned(text=TICKET, kind="ticket", symbology="qr",
                                               aim_id="]Q1")),
        (b"]C0ABC", CodeScanned(text="ABC", symbology="code128", aim_id="]C0")),
        (b"]E06901234567892", CodeScanned(text="6901234567892", symbology="ean", aim_id="]E0")),
        (b"]Z9ABC", CodeScanned(text="]Z9ABC")),
        (b"]Q", CodeScanned(text="]Q")),
        (b"\\000026" + "社保".encode(), CodeScanned(text="社保")),
        ("社保".encode("gb18030"), CodeScanned(text="社保")),
        (b"]Q2\\000026a\\\\b", CodeScanned(text="a\\b", symbology="qr", aim_id="]Q2")),
        (b"\\000029" + "社保".encode("gb18030"), CodeScanned(text="社保")),
        (b"\\000003\xe9", CodeScanned(text="é")),
        (b"\\999999", CodeScanned(text="\\999999")),
        (b"\xff\xfe\x00", CodeScanned(bytes_hex="fffe00")),
        (b"a\x07b", CodeScanned(bytes_hex="610762")),
    ],
)  # fmt: skip
def test_what_a_code_says(body: bytes, expected: CodeScanned) -> None:
    """AIM identifier and ECI prefix are taken off; UTF-8, then GB18030, else the bytes."""
    assert code_of(body) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TICKET, "ticket"),
        ("OW:C:PZH01-20261123-00007", "case"),
        ("OW:M:0001", "material"),
        (CONTROL, "unknown"),
        ("ow:t:1", "unknown"),
        ("6901234567892", "unknown"),
        ("11010519491231002X", "unknown"),
        ("6222020000000000000", "unknown"),
        ("a sentence of more than twenty characters", "unknown"),
        ("3400" * 7, "e_card"),
        ("eyJhbGciOiJTTTMifQ.e30.c2ln", "e_card"),
        ("https://card.example.cn/q?t=5f2c", "e_card"),
    ],
)
def test_codes_are_told_apart(text: str, kind: str) -> None:
    """Ours by prefix; a long opaque one is taken for an electronic card's; the rest is unknown."""
    assert kind_of(text) == kind


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=20, max_size=90))
def test_a_token_does_not_leave(token: str) -> None:
    """Nothing of an electronic card's code is in what is given out, but that there was one."""
    code = code_of(b"]Q3" + token.encode())
    if code.kind == "e_card":
        assert code == CodeScanned(
            kind="e_card", symbology="qr", aim_id="]Q3", integrity=code.integrity
        )
    else:
        assert (
            token.upper().startswith("OW:")
            or code.integrity == "dropped"
            or code.integrity == "layout"
            or "\\" in token
        )


@pytest.mark.parametrize(
    "text", [TICKET[:-1], TICKET + "0", TICKET[:-1] + "U", "OW:T:", TICKET[1:]]
)
def test_a_ticket_that_is_none_is_refused(text: str) -> None:
    """A character lost or changed on the line makes no other ticket."""
    code = code_of(text.encode())
    assert code.integrity == "dropped"
    error = refusal(code)
    assert error is not None
    assert error.remedy == "clear"


@pytest.mark.parametrize(
    "typed",
    ["OW>T>01J9YK3V7Q8F2M4N6P8R0T2V4X", "OZ.T.01J9WK3V7A8F2?4N6P8R0T2V4X", "OW'T'01J9ZK", "OW>L>0"],
)
def test_another_layout_is_told(typed: str) -> None:
    """QWERTZ, AZERTY, JIS: the prefix shows it, and a technician is told what to do."""
    code = code_of(typed.encode())
    assert code.integrity == "layout"
    error = refusal(code)
    assert error is not None
    assert error.remedy == "configure"
    assert typed not in error.cause


@pytest.mark.parametrize("vector", VECTORS["codes"].values(), ids=list(VECTORS["codes"]))
def test_the_bytes_of_our_page(vector: list[str]) -> None:
    """Each worked code is read as the page says."""
    wire, kind, text, aim_id, symbology = vector
    code = code_of(bytes.fromhex(wire))
    assert (code.kind, code.text, code.aim_id, code.symbology) == (kind, text, aim_id, symbology)
    assert code.integrity == "ok"

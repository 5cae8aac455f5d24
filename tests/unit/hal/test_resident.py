"""The resident layout, on a card built here field by field from the protocol page."""

import hashlib
from datetime import date

import pytest

from hal.codecs.resident import LONG, identity, split_base
from hal.errors import DeviceRefused, WireError

TODAY = date(2026, 11, 23)
PHOTO = bytes(range(256)) * 4
FIELDS = {
    0: "示例人",
    30: "2",
    32: "25",
    36: "19491231",
    52: "样本省示范市虚构路1号",
    122: "11010519491231002X",
    158: "示范市公安局",
    188: "20200101",
    204: "20400101",
}


def text(**changed: str) -> bytes:
    """256 bytes of UTF-16LE; `at_30="9"` replaces the field at offset 30."""
    block = bytearray(" ".encode("utf-16-le") * 128)
    for offset, value in {**FIELDS, **{int(k[3:]): v for k, v in changed.items()}}.items():
        encoded = value.encode("utf-16-le")
        block[offset : offset + len(encoded)] = encoded
    return bytes(block)


def reply(body: bytes, fingerprint: bytes | None = None) -> bytes:
    lengths = [len(body), len(PHOTO), *([] if fingerprint is None else [len(fingerprint)])]
    head = b"".join(length.to_bytes(2, "big") for length in lengths)
    return head + body + PHOTO + (fingerprint or b"")


def test_every_field_is_read_from_its_place() -> None:
    """All fields of the page, with the codes of the standards and dates as ISO 8601."""
    read = identity(split_base(reply(text())), TODAY)
    assert (read.document, read.name, read.number) == ("resident", "示例人", "11010519491231002X")
    assert (read.sex, read.nation) == ("2", "25")
    assert (read.address, read.issuer) == ("样本省示范市虚构路1号", "示范市公安局")
    assert (read.birth_date, read.valid_from) == ("1949-12-31", "2020-01-01")
    assert read.valid_until == "2040-01-01"
    assert read.photo_hash == hashlib.sha256(PHOTO).hexdigest()
    assert (read.number_valid, read.expired, read.fingerprint_present) == (True, False, False)


def test_long_term_validity_never_expires() -> None:
    """长期 is no date."""
    read = identity(split_base(reply(text(at_204="长期      "))), TODAY)
    assert read.valid_until == LONG
    assert read.expired is False


@pytest.mark.parametrize(("until", "expired"), [("20261122", True), ("20261123", False)])
def test_a_card_is_good_on_its_last_day(until: str, expired: bool) -> None:
    """Expired is the day after."""
    assert identity(split_base(reply(text(at_204=until))), TODAY).expired is expired


@pytest.mark.parametrize(
    ("field", "value"), [("at_122", "110105194912310021"), ("at_36", "19491230")]
)
def test_a_number_that_disagrees_is_told_and_not_hidden(field: str, value: str) -> None:
    """A wrong check character, or a birth date unlike the card's: the reading goes on, flagged."""
    assert identity(split_base(reply(text(**{field: value}))), TODAY).number_valid is False


@pytest.mark.parametrize(
    ("fingerprint", "size", "present"),
    [(None, 1295, False), (b"\x11" * 1024, 2321, True), (b"", 1297, False)],
)
def test_replies_with_and_without_fingerprint(
    fingerprint: bytes | None, size: int, present: bool
) -> None:
    """1295, 2321 and 1297 bytes with frame: the lengths say which it is."""
    body = reply(text(), fingerprint)
    frame_bytes = 5 + 2 + 3 + len(body) + 1
    assert frame_bytes == size
    assert identity(split_base(body), TODAY).fingerprint_present is present


@pytest.mark.parametrize("kind", ["I", "J", "Y"])
def test_another_layout_is_refused_and_not_guessed(kind: str) -> None:
    """A foreigner's or Hong Kong resident's card has other fields in other places."""
    with pytest.raises(DeviceRefused):
        identity(split_base(reply(text(at_248=kind))), TODAY)


@pytest.mark.parametrize(
    ("field", "value"),
    [("at_30", "3"), ("at_32", "57"), ("at_36", "20261301"), ("at_188", "2020----")],
)
def test_codes_and_dates_outside_the_standard_are_damage(field: str, value: str) -> None:
    """The check of a frame is one byte: what passes it may still be wrong."""
    with pytest.raises(WireError):
        identity(split_base(reply(text(**{field: value}))), TODAY)


@pytest.mark.parametrize("cut", [0, 3, 4, 1283, 1285])
def test_lengths_that_do_not_add_up_are_damage(cut: int) -> None:
    """A short reply is never read as a card with empty fields."""
    body = (reply(text()) + b"\x00" * 2)[:cut]
    with pytest.raises(WireError):
        split_base(body)


def test_half_a_surrogate_is_damage() -> None:
    """Bytes that are no UTF-16 are not replaced by question marks."""
    body = bytearray(text())
    body[0:2] = b"\x00\xd8"
    with pytest.raises(WireError):
        identity(split_base(reply(bytes(body))), TODAY)

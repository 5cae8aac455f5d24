"""Identity cards of all four layouts, built here field by field from the protocol page."""

import hashlib
from datetime import date

import pytest

from hal.codecs.identity.card import identity, new_address, split_base
from hal.codecs.identity.text import LONG
from hal.errors import DeviceRefused, WireError
from hal.events import photo

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
PERMIT = {
    0: "示例人",
    30: "1",
    36: "19900101",
    52: "样本省示范市虚构路2号",
    122: "810000199001010019",
    158: "示范市公安局",
    188: "20230101",
    204: "20280101",
    220: "H00000000",
    238: "01",
    248: "J",
}
FOREIGN_2017 = {
    0: "SPECIMEN, EXAMPLE ANNA",
    120: "2",
    122: "UTO110085020323",
    152: "UTO",
    158: "示例真",
    188: "20180101",
    204: "20280101",
    220: "19850203",
    236: "01",
    240: "1500",
    248: "I",
}
FOREIGN_2023 = {
    0: "示例新",
    30: "2",
    32: "02",
    36: "19810803",
    52: "SPECIMEN, EXAMPLE MARIA OF THE FIC ",
    122: "911124198108030024",
    188: "20231201",
    204: "20331201",
    220: "TION ISLES",
    242: "CAN",
    248: "Y",
    250: "001",
}
LAYOUTS = {
    "resident": FIELDS, "hmt": PERMIT, "foreign_2017": FOREIGN_2017, "foreign_2023": FOREIGN_2023,
}  # fmt: skip


def text(fields: dict[int, str] = FIELDS, **changed: str) -> bytes:
    """256 bytes of UTF-16LE; `at_30="9"` replaces the field at offset 30."""
    block = bytearray(" ".encode("utf-16-le") * 128)
    for offset, value in {**fields, **{int(k[3:]): v for k, v in changed.items()}}.items():
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
    assert (read.number_valid, read.expired, read.fingerprint_present) == (True, False, None)


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
    [
        (None, 1295, None),
        (b"\x11" * 1024, 2321, True),
        (bytes(1024), 2321, False),
        (b"", 1297, False),
    ],
)
def test_replies_with_and_without_fingerprint(
    fingerprint: bytes | None, size: int, present: bool | None
) -> None:
    """1295, 2321 and 1297 bytes with frame: the lengths say which it is."""
    body = reply(text(), fingerprint)
    frame_bytes = 5 + 2 + 3 + len(body) + 1
    assert frame_bytes == size
    assert identity(split_base(body), TODAY).fingerprint_present is present


def test_a_residence_permit_has_a_pass_and_no_nation() -> None:
    """港澳台居民居住证: 通行证号 and 签发次数, and otherwise a resident's fields."""
    read = identity(split_base(reply(text(PERMIT))), TODAY)
    assert (read.document, read.name, read.number_valid) == ("hmt", "示例人", True)
    assert (read.pass_number, read.issue_count, read.nation) == ("H00000000", "01", None)
    assert (read.address, read.issuer) == ("样本省示范市虚构路2号", "示范市公安局")


def test_a_foreigner_s_card_of_2017() -> None:
    """English name first, 15 characters of number, birth date near the end."""
    read = identity(split_base(reply(text(FOREIGN_2017))), TODAY)
    assert (read.document, read.name, read.number_valid) == ("foreign_2017", "示例真", True)
    assert (read.name_foreign, read.nationality) == ("SPECIMEN, EXAMPLE ANNA", "UTO")
    assert (read.birth_date, read.version, read.issuer) == ("1985-02-03", "01", "1500")


def test_a_foreigner_s_card_of_2023() -> None:
    """The English name stands in two places, and the space between them belongs to it."""
    read = identity(split_base(reply(text(FOREIGN_2023))), TODAY)
    assert (read.document, read.name, read.number_valid) == ("foreign_2023", "示例新", True)
    assert read.name_foreign == "SPECIMEN, EXAMPLE MARIA OF THE FIC TION ISLES"
    assert (read.issue_count, read.nationality, read.linked_number) == ("02", "CAN", "001")


@pytest.mark.parametrize(("fields", "at"), [(FOREIGN_2017, "at_158"), (FOREIGN_2023, "at_0")])
def test_a_foreigner_without_a_chinese_name_has_the_other(fields: dict[int, str], at: str) -> None:
    """`name` is never empty: two cards are compared by it."""
    read = identity(split_base(reply(text(fields, **{at: "   "}))), TODAY)
    assert read.name == read.name_foreign


@pytest.mark.parametrize("document", LAYOUTS)
@pytest.mark.parametrize("other", LAYOUTS)
def test_a_document_bears_numbers_of_its_own_kind(document: str, other: str) -> None:
    """A resident's number on a foreigner's card is possible, and not valid there."""
    fields = dict(LAYOUTS[document])
    birth = 220 if document == "foreign_2017" else 36
    fields[122] = LAYOUTS[other][122].ljust(15 if document == "foreign_2017" else 18)
    if document == "foreign_2017":
        fields[122] = fields[122][:15]
    fields[birth] = LAYOUTS[other][220 if other == "foreign_2017" else 36]
    assert identity(split_base(reply(text(fields))), TODAY).number_valid is (document == other)


@pytest.mark.parametrize("kind", ["A", "j", "外", "\uffff"])
def test_a_layout_that_is_not_of_the_page_is_refused(kind: str) -> None:
    """Nothing is guessed from the places of another one."""
    with pytest.raises(DeviceRefused):
        identity(split_base(reply(text(at_248=kind))), TODAY)


@pytest.mark.parametrize("document", LAYOUTS)
def test_the_photo_is_kept_as_it_came(document: str) -> None:
    """1024 bytes of WLT, which whoever has a decoder may show later."""
    packed = identity(split_base(reply(text(LAYOUTS[document]))), TODAY).photo
    assert packed is not None
    assert photo.unpack(packed) == PHOTO


def test_a_new_address_with_its_length_and_without() -> None:
    """Both ways in which modules send it; spaces only are none."""
    written = "样本省示范市示例巷7号".ljust(35).encode("utf-16-le")
    assert new_address(written) == "样本省示范市示例巷7号"
    assert new_address(b"\x00\x46" + written) == "样本省示范市示例巷7号"
    assert new_address(b"\x00\x46" + " ".encode("utf-16-le") * 35) is None
    assert new_address(b"\x00\x00") is None
    assert new_address(b"") is None


def test_a_base_is_not_printed() -> None:
    """A log line or a traceback that shows one shows nobody."""
    assert repr(split_base(reply(text(), b""))) == "Base()"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at_0", "   "),
        ("at_0", "示\n人"),
        ("at_30", "3"),
        ("at_32", "57"),
        ("at_36", "20261301"),
        ("at_36", "２０２０01"),
        ("at_36", " 9491231"),
        ("at_188", "2020----"),
        ("at_204", "长期有效"),
    ],
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

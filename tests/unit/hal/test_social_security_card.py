"""The social-security card's commands and records, with the bytes of the protocol page."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hal.codecs import social_security_card as codec
from hal.codecs.social_security_card import StatusWord, atr_family, read_card
from hal.errors import DeviceError, DeviceRefused, WireError

VECTORS = json.loads(
    Path(__file__).parents[2].joinpath("vectors", "social-security-card.json").read_text("utf-8")
)
SELECT = bytes.fromhex("00A404000F7378312E73682EC9E7BBE1B1A3D5CF")
EF05 = {
    0x01: "0110" + "110199" + "00" * 13,
    0x03: "0304322E3030",
    0x04: "040C" + "0102030405060708090A0B0C",
    0x05: "050420200101",
    0x06: "060420300101",
    0x07: "0709413030303030303031",
}
EF06 = {
    0x08: "081231313031303531393439313233313030 3258",
    0x09: "091EBCD6A1A4CABEC0FD" + "00" * 22,
    0x4E: "4E14" + "00" * 20,
    0x0A: "0A0132",
    0x0B: "0B0101",
    0x0C: "0C03110199",
    0x0D: "0D0419491231",
}


class Card:
    """Answers as the page says; `replies` overrides the answer to one command."""

    def __init__(self, version: str | None = None) -> None:
        self.records = {
            (tag, p2): bytes.fromhex(record)
            for p2, file in ((0x28, EF05), (0x30, EF06))
            for tag, record in file.items()
        }
        if version:
            self.records[0x03, 0x28] = b"\x03\x04" + version.encode()
        self.replies: dict[bytes, bytes] = {SELECT: b"\x90\x00"}
        self.heard: list[bytes] = []

    def put(self, tag: int, value: bytes) -> None:
        p2 = 0x28 if tag in EF05 else 0x30
        self.records[tag, p2] = bytes((tag, len(value))) + value

    def answer(self, tag: int, reply: str) -> None:
        p2 = 0x28 if tag in EF05 else 0x30
        command = bytes((0x00, 0xB2, tag, p2, len(self.records[tag, p2])))
        self.replies[command] = bytes.fromhex(reply)

    def __call__(self, command: bytes) -> bytes:
        self.heard.append(command)
        if command in self.replies:
            return self.replies[command]
        record = self.records.get((command[2], command[3]))
        return record + b"\x90\x00" if command[1] == 0xB2 and record else b"\x6a\x83"


def failing(card: Callable[[bytes], bytes]) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        read_card(card)
    return caught.value


def test_the_whole_card_is_read() -> None:
    """Every field of the page comes out as the fact wants it; the dot in the name stays."""
    read = read_card(Card())
    assert (read.scheme, read.generation, read.area_code) == ("social_security", "2", "110199")
    assert (read.card_number, read.social_security_number) == ("A00000001", "11010519491231002X")
    assert (read.name, read.name_extension) == ("贾\u00b7示例", None)
    assert (read.sex, read.nation, read.birthplace) == ("2", "01", "110199")
    assert (read.birth_date, read.issued_on) == ("1949-12-31", "2020-01-01")
    assert (read.valid_until, read.issuer) == ("2030-01-01", "0102030405060708090A0B0C")
    assert read.withheld == []


@pytest.mark.parametrize(
    ("command", "published"),
    [
        (codec.select_application(), "select"),
        (codec.select_file(0xEF05), "select_ef05"),
        (codec.select_file(0xEF06), "select_ef06"),
        (codec.read_record(0x03, codec.EF05.p2, 4), "version_by_identifier"),
        (codec.read_record(0x03, 0x00, 4), "version_in_selected_file"),
        (codec.read_record(0x09, codec.EF06.p2, 30), "name_by_identifier"),
        (codec.read_record(0x4E, codec.EF06.p2, 20), "name_extension_by_identifier"),
        (codec.get_response(11), "fetch_11"),
    ],
)
def test_commands_are_the_published_ones(command: bytes, published: str) -> None:
    """Byte for byte those of the sources named in tests/vectors."""
    assert command == bytes.fromhex(VECTORS["commands"][published])


@pytest.mark.parametrize(
    ("tag", "attribute"),
    [
        ("05", "issued_on"),
        ("07", "card_number"),
        ("08", "social_security_number"),
        ("09", "name"),
        ("0A", "sex"),
        ("0B", "nation"),
        ("0D", "birth_date"),
    ],
)
def test_records_mean_what_the_page_says(tag: str, attribute: str) -> None:
    """The worked records, one by one."""
    record, meaning = VECTORS["records"][tag]
    card = Card()
    card.put(int(tag, 16), bytes.fromhex(record)[2:])
    assert getattr(read_card(card), attribute) == meaning


def test_only_reading_commands_are_sent() -> None:
    """SELECT, READ RECORD by identifier, and nothing else: VERIFY would burn a try."""
    card = Card()
    read_card(card)
    assert card.heard[0] == SELECT
    assert {command[1] for command in card.heard} == {0xA4, 0xB2}
    assert {command[3] for command in card.heard[1:]} == {0x28, 0x30}
    assert card.heard[2] == bytes.fromhex("00B2032806")


@pytest.mark.parametrize(("version", "generation"), [("1.00", "1"), ("2.00", "2"), ("3.00", "3")])
def test_the_generation_comes_from_the_version(version: str, generation: str) -> None:
    """The first digit of 规范版本."""
    assert read_card(Card(version)).generation == generation


def test_what_waits_is_fetched() -> None:
    """61xx is followed by GET RESPONSE with that length."""
    card = Card()
    card.answer(0x07, "610B")
    fetch = bytes.fromhex("00C000000B")
    card.replies[fetch] = bytes.fromhex("0709413030303030303032 9000")
    assert read_card(card).card_number == "A00000002"
    assert fetch in card.heard


def test_the_wanted_length_is_sent_again() -> None:
    """6Cxx repeats the same command with the Le that the card names."""
    card = Card()
    card.answer(0x4E, "6C06")
    card.replies[bytes.fromhex("00B24E3006")] = bytes.fromhex("4E04BCD6CABE9000")
    assert read_card(card).name_extension == "贾示"


def test_a_refused_record_is_named_as_withheld() -> None:
    """6982 costs that field only."""
    card = Card("3.00")
    card.answer(0x08, "6982")
    card.answer(0x09, "6982")
    read = read_card(card)
    assert (read.withheld, read.name, read.social_security_number) == (["08", "09"], None, None)
    assert read.card_number == "A00000001"


def test_a_missing_record_is_an_absent_field() -> None:
    """6A83 is no error: a card need not have every record."""
    card = Card()
    card.answer(0x0C, "6A83")
    assert read_card(card).birthplace is None


@pytest.mark.parametrize("after", [2, 6, 7, 9, 13])
def test_a_card_that_is_reset_is_not_read_in_part(after: int) -> None:
    """A bad contact must not make a person without a name of somebody."""
    card = Card()
    heard: list[bytes] = []

    def forgetful(command: bytes) -> bytes:
        heard.append(command)
        return card(command) if len(heard) <= after else b"\x6a\x82"

    error = failing(forgetful)
    assert isinstance(error, WireError)
    assert error.remedy == "clear"


def test_files_without_short_identifiers_are_selected() -> None:
    """Where the short identifier finds nothing, the file is selected and read with P2 00."""
    card = Card()
    card.records = {(tag, 0): record for (tag, _), record in card.records.items()}
    for file in ("EF05", "EF06"):
        card.replies[bytes.fromhex("00A4020002" + file)] = b"\x90\x00"
    assert read_card(card).name == "贾\u00b7示例"


def test_a_file_selection_is_never_altered() -> None:
    """6Cxx to a command without Le is an answer like another: its last byte is no Le."""
    card = Card()
    card.records = {(tag, 0): record for (tag, _), record in card.records.items()}
    selection = bytes.fromhex("00A4020002EF05")
    card.replies[selection] = b"\x6c\x10"
    card.replies[bytes.fromhex("00A4020002EF06")] = b"\x90\x00"
    assert read_card(card).generation is None
    selections = {command for command in card.heard if command[1] == 0xA4}
    assert selections == {SELECT, selection, bytes.fromhex("00A4020002EF06")}


def test_a_selection_may_say_that_more_waits() -> None:
    """61xx after the selection is a success, and what waits is not needed."""
    card = Card()
    card.replies[SELECT] = b"\x61\x20"
    assert read_card(card).card_number == "A00000001"


@pytest.mark.parametrize("status", ["6A82", "6A81", "6283"])
def test_another_card_is_refused(status: str) -> None:
    """No application, or a blocked one: the person should take another card."""
    error = failing(lambda _: bytes.fromhex(status))
    assert isinstance(error, DeviceRefused)
    assert error.code == int(status, 16)


@pytest.mark.parametrize("reply", [b"", b"\x90", bytes(60_000)])
def test_answers_that_are_none_end_in_an_error(reply: bytes) -> None:
    """Too short for a status word, or longer than any short APDU's answer."""
    assert isinstance(failing(lambda _: reply), WireError)
    card = Card()
    card.replies[bytes.fromhex("00B2032806")] = reply
    assert isinstance(failing(card), WireError)


@pytest.mark.parametrize("status", ["61FF", "6C06"])
def test_an_endless_answer_is_given_up(status: str) -> None:
    """A card that always promises more, or always wants another Le, is left after four commands."""
    card = Card()
    heard: list[bytes] = []

    def endless(command: bytes) -> bytes:
        heard.append(command)
        return card(command) if command == SELECT else bytes.fromhex(status)

    assert isinstance(failing(endless), WireError)
    assert len(heard) <= 1 + codec.MAX_STEPS


@pytest.mark.parametrize(
    "record",
    ["", "03", "0404322E3030", "0305322E3030", "0303322E3030", "0304322E303000", "038104322E3030"],
)
def test_malformed_records_are_errors(record: str) -> None:
    """Another tag, a length that disagrees, bytes behind the value, a long-form length."""
    card = Card()
    card.answer(0x03, record + "9000")
    assert isinstance(failing(card), WireError)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (0x09, b"\xbc"),
        (0x09, b"\xbc\xd6\x1b[2J"),
        (0x4E, b"\xbc"),
        (0x07, b"A\x00\x000001"),
        (0x0A, b"x"),
        (0x0B, b"\x0a"),
        (0x0D, bytes.fromhex("19491332")),
        (0x05, bytes.fromhex("2020")),
    ],
)
def test_values_that_mean_nothing_are_errors(tag: int, value: bytes) -> None:
    """Broken text, codes and dates end in an error that names the tag and not the value."""
    card = Card()
    card.put(tag, value)
    error = failing(card)
    assert isinstance(error, WireError)
    assert f"{tag:02X}" in error.cause
    assert error.__context__ is None or error.__suppress_context__


@pytest.mark.parametrize("filler", ["00", "FF"])
def test_empty_values_are_absent(filler: str) -> None:
    """A record that the issuer left empty is no date and no name."""
    card = Card()
    card.put(0x06, bytes.fromhex(filler * 4))
    card.put(0x09, bytes.fromhex(filler * 30))
    read = read_card(card)
    assert (read.valid_until, read.name) == (None, None)


@pytest.mark.parametrize("record", ["0712" + "41" * 18, "0712" + "41" * 9])
def test_a_longer_card_number_begins_with_the_number(record: str) -> None:
    """A card of the third generation holds more behind it, and gives all or what was asked for."""
    card = Card("3.00")
    card.answer(0x07, record + "9000")
    assert read_card(card).card_number == "A" * 9


@pytest.mark.parametrize("cut", ["\U00020000", "a\u4f8b", "aa\U00020000"])
def test_a_full_name_may_end_within_a_character(cut: str) -> None:
    """What is whole of it is read; a card of the first generation has no more."""
    card = Card("1.00")
    card.answer(0x4E, "6A83")
    whole = "例" * 14 + cut
    card.put(0x09, whole.encode("gb18030")[:30])
    read = read_card(card)
    assert (read.name, read.name_extension) == (whole[:-1], None)


@pytest.mark.parametrize("at", [28, 29, 30, 31, 32])
def test_a_name_goes_on_in_its_extension(at: int) -> None:
    """Even from within a character: together they are the whole name."""
    card = Card()
    whole = "a" * (at - 28) + "例" * 14 + "\U00020000" * 2 + "例\u00b7贾"
    data = whole.encode("gb18030")
    card.put(0x09, data[:30])
    card.put(0x4E, data[30:].ljust(20, b"\0"))
    read = read_card(card)
    assert f"{read.name}{read.name_extension}" == whole


def test_an_extension_may_be_full_too() -> None:
    """Then it may end within a character, too."""
    card = Card()
    card.put(0x09, ("例" * 15).encode("gb18030"))
    card.put(0x4E, ("本" * 9 + "\U00020000").encode("gb18030")[:20])
    assert read_card(card).name_extension == "本" * 9


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("BCD6 FE59", "贾\u9fb4"),
        ("BCD6 82359037", "贾\u9fb4"),
        ("BCD6 FE51", "贾\U00020087"),
        ("BCD6 AAA1", "贾\ue000"),
        ("BCD6 9B31A337", "贾\U000323af"),
        ("BCD6 8139A739 CABE", "贾\u00b7示"),
    ],
)
def test_names_are_those_of_the_present_standard(value: str, name: str) -> None:
    """Codes that moved, somebody's own character, one that is very new, another dot."""
    card = Card()
    card.put(0x09, bytes.fromhex(value).ljust(30, b"\0"))
    assert read_card(card).name == name


def test_rare_characters_of_names_are_read() -> None:
    """The four-byte characters of GB 18030, which GBK has not."""
    card = Card()
    card.put(0x09, bytes.fromhex("BCD6 95328236").ljust(30, b"\0"))
    assert read_card(card).name == "贾\U00020000"


@pytest.mark.parametrize(("value", "sex"), [(b"1", "1"), (b"\x02", "2"), (b"\x00", "0")])
def test_sex_is_a_character_or_a_number(value: bytes, sex: str) -> None:
    """Both codings of GB/T 2261.1 that cards use."""
    card = Card()
    card.put(0x0A, value)
    assert read_card(card).sex == sex


def test_an_application_without_records_is_an_error() -> None:
    """A blank card is not read as a person without a name."""
    card = Card()
    card.records.clear()
    assert isinstance(failing(card), WireError)


def test_an_unexpected_status_names_the_tag() -> None:
    """A fault of the card in the middle of reading carries its status word."""
    card = Card()
    card.answer(0x05, "6F00")
    assert failing(card).code == 0x6F00


@pytest.mark.parametrize(
    ("atr", "family"),
    [
        ("3B6D0000008154443686605328A8888888", "social_security"),
        ("3B6D000000814E43238697159900BF7C7A", "social_security"),
        ("3B781800000073C8400000900000", None),
        ("", None),
    ],
)
def test_families_of_answers_to_reset(atr: str, family: str | None) -> None:
    """Both published examples are known, a bank card's and none are not."""
    assert atr_family(bytes.fromhex(atr)) == family


def test_status_words_have_the_standards_values() -> None:
    """The names stand for the numbers of ISO/IEC 7816-4."""
    assert (StatusWord.NOT_ALLOWED, StatusWord.NO_RECORD) == (0x6982, 0x6A83)

"""The simulated social-security card, with the worked bytes of the protocol page."""

import msgspec
import pytest

from sim.card import EXAMPLE
from sim.card_person import card_of
from sim.errors import CardFault
from sim.twins.card import Chip

SELECT = "00 A4 04 00 0F 73 78 31 2E 73 68 2E C9 E7 BB E1 B1 A3 D5 CF"
CARD = msgspec.structs.replace(
    card_of(EXAMPLE), name="贾\u00b7示例", card_number="A00000001", name_extension="贾示"
)


def ask(chip: Chip, command: str) -> str:
    return chip.answer(bytes.fromhex(command)).hex(" ").upper()


def selected(**changed: object) -> Chip:
    chip = Chip(msgspec.structs.replace(CARD, **changed))
    assert ask(chip, SELECT) == "90 00"
    return chip


@pytest.mark.parametrize(
    ("command", "record"),
    [
        ("00 B2 03 28 06", "03 04 32 2E 30 30"),
        ("00 B2 05 28 06", "05 04 20 20 01 01"),
        ("00 B2 07 28 0B", "07 09 41 30 30 30 30 30 30 30 31"),
        ("00 B2 09 30 20", "09 1E BC D6 A1 A4 CA BE C0 FD" + " 00" * 22),
        ("00 B2 0A 30 03", "0A 01 32"),
        ("00 B2 0D 30 06", "0D 04 19 49 12 31"),
    ],
)
def test_records_are_those_of_the_page(command: str, record: str) -> None:
    """Tag, length and value, byte for byte."""
    assert ask(selected(), command) == record + " 90 00"


@pytest.mark.parametrize(("version", "number"), [("1.00", 3), ("2.00", 4), ("3.00", 4)])
def test_numbers_moved_between_the_generations(version: str, number: int) -> None:
    """The sex is record 3 of the first and record 4 since, where 4E stands before it."""
    chip = selected(version=version)
    assert ask(chip, f"00 B2 {number:02X} 34 03") == "0A 01 32 90 00"
    assert (ask(chip, "00 B2 4E 30 16") == "6A 83") is (version == "1.00")


def test_long_names_go_on_in_the_extension() -> None:
    """From the first whole character that has no room; the first generation has no extension."""
    person = msgspec.structs.replace(EXAMPLE, name="例" * 14 + "a" + "本虚")
    assert card_of(person).name_extension == "本虚"
    assert card_of(person).name + card_of(person).name_extension == person.name
    assert card_of(person, "1.00").name_extension == ""


def test_a_chip_may_hold_any_value() -> None:
    """Given in hex, for what no person's data would make."""
    assert ask(selected(values={"0A": "02"}), "00 B2 0A 30 03") == "0A 01 02 90 00"


def test_answers_may_have_to_be_fetched() -> None:
    """61xx, then the record."""
    chip = selected(transfer="fetch")
    assert ask(chip, "00 B2 03 28 06") == "61 06"
    assert ask(chip, "00 C0 00 00 06") == "03 04 32 2E 30 30 90 00"


def test_another_length_may_be_asked_for() -> None:
    """6Cxx where a record is not as long as the host thinks."""
    chip = selected(padded=False)
    assert ask(chip, "00 B2 4E 30 16") == "6C 06"
    assert ask(chip, "00 B2 4E 30 06") == "4E 04 BC D6 CA BE 90 00"


def test_nothing_is_read_before_the_application_is_selected() -> None:
    """And a reset deselects it."""
    chip = selected()
    chip.reset()
    assert ask(chip, "00 B2 03 28 06") == "6A 82"


def test_withheld_records_are_refused() -> None:
    """6982 for a tag that needs a key, and the others are given."""
    chip = selected(withheld=("08",))
    assert ask(chip, "00 B2 08 30 14") == "69 82"
    assert ask(chip, "00 B2 0A 30 03").endswith("90 00")


def test_files_can_be_selected() -> None:
    """A card without short identifiers wants its file selected first."""
    chip = selected(short_identifiers=False)
    assert ask(chip, "00 B2 03 28 06") == "6A 82"
    assert ask(chip, "00 A4 02 00 02 EF 05") == "90 00"
    assert ask(chip, "00 B2 03 00 06") == "03 04 32 2E 30 30 90 00"


def test_an_attempt_on_the_holders_tries_is_counted() -> None:
    """VERIFY is answered as a card would, and remembered."""
    chip = selected()
    assert ask(chip, "00 20 00 00 03 12 34 56") == "63 C2"
    assert chip.verified == 1


def test_a_name_too_long_for_the_chip_is_refused() -> None:
    """A sentence instead of a card that no chip could hold."""
    with pytest.raises(CardFault, match="30 bytes"):
        msgspec.structs.replace(CARD, name="例" * 16).records()

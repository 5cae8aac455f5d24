import pytest

from central.domain import mask


@pytest.mark.parametrize(
    ("name", "shown"), [("张三", "张*"), ("欧阳明明", "欧***"), ("李", "*"), (" 王五 ", "王*")]
)
def test_a_name_keeps_its_first_character(name: str, shown: str) -> None:
    """Of a name only the first character is seen, of a single character nothing."""
    assert mask.mask_name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [("11010119000101002X", "1101**********002X"), ("H12345678", "********8"), ("1", "*")],
)
def test_a_number_keeps_its_ends(number: str, shown: str) -> None:
    """Of a long number the two ends are seen, of a short one no more than its last character."""
    assert mask.mask_number(number) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [("OW:M:0123456789", "********6789"), ("1234567", "*******"), ("", "")]
)
def test_a_code_keeps_its_tail(text: str, shown: str) -> None:
    """Of a scanned code at most the last four characters are seen."""
    assert mask.mask_tail(text) == shown

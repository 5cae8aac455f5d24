import pytest

from central.domain import ticket
from central.domain.errors import Incorrect, Refused

# state: the answers to call, serve, finish, return
EXPECTED = {
    "WAITING": ("CALLED", "ticket_not_called", "ticket_not_called", "ticket_not_called"),
    "CALLED": ("ticket_called", "SERVING", "DONE", "WAITING"),
    "SERVING": ("ticket_called", "SERVING", "DONE", "ticket_serving"),
    "DONE": ("ticket_done", "DONE", "ticket_done", "ticket_done"),
}


def answer(state: ticket.State, command: ticket.Command) -> str:
    try:
        return ticket.after(state, command)
    except Refused as refusal:
        return refusal.code


def test_every_state_answers_every_command() -> None:
    """A ticket moves, or says why not, for each of its states and commands."""
    found = {
        str(state): tuple(answer(state, command) for command in ticket.Command)
        for state in ticket.State
    }
    assert found == EXPECTED


@pytest.mark.parametrize(("count", "text"), [(1, "A001"), (42, "A042"), (1000, "A1000")])
def test_numbers_have_three_digits_and_grow(count: int, text: str) -> None:
    """A number is the lane and the count, padded to three digits, and never wraps around."""
    assert ticket.number("A", count) == text


def test_a_number_is_read_as_it_is_written() -> None:
    """A terminal's number leads back to its count; one written otherwise is no number."""
    assert [ticket.count("L", text) for text in ("L001", "L050", "L1000")] == [1, 50, 1000]
    for text in ("A001", "L1", "L0001", "L001 ", "L-01", "", "L٠٠١"):
        assert ticket.count("L", text) is None


@pytest.mark.parametrize("lane", ["", "a", "AA", "1", "队"])
def test_a_lane_is_one_capital_letter(lane: str) -> None:
    """Anything but one letter A-Z is no lane."""
    with pytest.raises(Incorrect) as refusal:
        ticket.number(lane, 1)
    assert refusal.value.code == "lane_unknown"


def test_a_barcode_leads_back_to_its_ticket() -> None:
    """What the slip's barcode says names the ticket; other codes name none."""
    assert ticket.barcode("01ABC") == "OW:T:01ABC"
    assert ticket.scanned("OW:T:01ABC\r") == "01ABC"
    assert ticket.scanned("OW:C:PZH01-20261123-00001") is None

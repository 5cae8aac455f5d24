"""Slip printers, against their twin: what comes out, and what is said of it."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from drivers.printer_escpos.port import Port
from hal.errors import DeviceLost, DeviceRefused
from hal.interfaces import Slip
from sim.twins.line import Delivery
from sim.twins.printer import FAULTS, PrinterTwin

Run = Callable[[str, dict[str, object]], Any]
WAIT_S = 20.0
CASE = "OW:C:PZH01-20261123-00007"
TICKET = "OW:T:01M3K7Q2ZV9XJ5W8R6T4Y2N0BD"
RECEIPT = Slip("receipt", "业务回执", ["号票 A012", "办件 PZH01-20261123-00007"], CASE)
LINES = ["业务回执", "号票 A012", "办件 PZH01-20261123-00007"]
DELIVERIES = {
    "whole": Delivery(chunk_size=64),
    "byte by byte": Delivery(chunk_size=1),
    "delayed": Delivery(delay_s=0.05),
    "lossy": Delivery(lose_every=3),
}


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[PrinterTwin]:
    printer = PrinterTwin(tmp_path / "printer")
    printer.plug()
    yield printer
    printer.unplug()


@pytest.fixture
def met(run: Run, twin: PrinterTwin, tmp_path: Path) -> Any:
    return run("printer_escpos", {"port": str(tmp_path / "printer")}).started()


def test_a_receipt_comes_out_whole(met: Any, twin: PrinterTwin) -> None:
    """Chinese text, a case number as bars, cut; and the printer said so."""
    assert met.device.print_slip(RECEIPT) == "printed"
    (slip,) = twin.slips
    assert (slip.lines, slip.barcodes, slip.qr, slip.cut) == (LINES, [CASE], [], True)
    assert twin.unknown == []


def test_what_is_too_wide_for_bars_is_a_qr_code(met: Any, twin: PrinterTwin) -> None:
    """A ticket's 31 characters need more than the paper has; a gun reads either."""
    ticket = Slip("ticket", "A012", ["请等候叫号"], TICKET, "https://hall.example/t/1")
    assert met.device.print_slip(ticket) == "printed"
    (slip,) = twin.slips
    assert (slip.barcodes, slip.qr) == ([], ["https://hall.example/t/1", TICKET])
    assert slip.lines[:2] == ["A012", "请等候叫号"]


def test_narrow_paper_has_no_room_for_a_case_number(
    run: Run, twin: PrinterTwin, tmp_path: Path
) -> None:
    """On a 58 mm roll the case number is a QR code; a short text is still bars."""
    table = {"port": str(tmp_path / "printer"), "paper_mm": 58}
    device = run("printer_escpos", table).started().device
    assert device.print_slip(RECEIPT) == device.print_slip(Slip("ticket", "A1", [], "A012"))
    assert [(slip.barcodes, slip.qr) for slip in twin.slips] == [([], [CASE]), (["A012"], [])]


def test_nothing_in_a_text_is_a_command(met: Any, twin: PrinterTwin) -> None:
    """No cut, no drawer, no reset from what somebody typed."""
    wild = Slip("ticket", "A\x1d\x56\x00B", ["\x1b@x\x10\x14\x01", "OW:C:1604"], "OW:C:1604")
    assert met.device.print_slip(wild) == "printed"
    (slip,) = twin.slips
    assert slip.lines[:3] == ["AVB", "@x", "OW:C:1604"]
    assert (slip.barcodes, slip.qr) == ([], ["OW:C:1604"])


@pytest.mark.parametrize(
    ("fault", "remedy", "words"),
    [
        ("paper_out", "replace", "out of paper.*更换纸卷"),
        ("cover_open", "clear", "cover is open.*合上"),
        ("cutter", "clear", "cutter.*切刀"),
    ],
)
def test_a_fault_seen_before_refuses_and_prints_nothing(
    met: Any, twin: PrinterTwin, fault: str, remedy: str, words: str
) -> None:
    """The remedy in both languages; not a byte of the slip went out; mended, it prints."""
    twin.fault(fault)
    with pytest.raises(DeviceRefused) as refused:
        met.device.print_slip(RECEIPT)
    assert refused.value.remedy == remedy
    assert re.search(words, refused.value.cause)
    twin.mend()
    assert twin.slips == []
    assert met.device.print_slip(RECEIPT) == "printed"
    assert met.ends.empty()


def test_a_fault_of_the_paper_midway_and_its_end(met: Any, twin: PrinterTwin) -> None:
    """The rest is printed from the buffer, and then it is printed."""
    twin.fault("paper_out_midway")
    verdicts: list[str] = []
    printing = Thread(target=lambda: verdicts.append(met.device.print_slip(RECEIPT)))
    printing.start()
    assert twin.wait(lambda: len(twin.slips) == 1 and len(twin.slips[0].lines) == 2, WAIT_S)
    twin.mend()
    printing.join(WAIT_S)
    assert verdicts == ["printed"]
    assert len(twin.whole()) == 1


def test_a_slip_that_was_given_up_holds_up_the_next(
    run: Run, serial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the printer has said that nothing of it is left: its late answer would be mistaken."""
    monkeypatch.setattr("drivers.printer_escpos.driver.PRINT_S", 1.0)
    answering = Thread(target=answer_status_only, args=(serial,), daemon=True)
    answering.start()
    device = run("printer_escpos", {"port": str(serial.path)}).started().device
    assert device.print_slip(RECEIPT) == "unknown"
    with pytest.raises(DeviceRefused, match="earlier slip"):
        device.print_slip(RECEIPT)
    serial.unplug()
    answering.join(WAIT_S)


def answer_status_only(peer: Any) -> None:
    """All is well, whenever it is asked at once; whatever waits behind a slip is never answered."""
    while heard := peer.read():
        peer.write(b"\x12" * heard.count(b"\x10\x04"))


@pytest.mark.parametrize("fault", ["power", "silent", "garble", "unplug"])
def test_a_fault_that_leaves_the_fate_unknown(
    met: Any, twin: PrinterTwin, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """The power fails, the line goes dumb or comes out: never `printed`; then it works again."""
    monkeypatch.setattr("drivers.printer_escpos.driver.PRINT_S", 4.0)
    if fault == "garble":
        twin.fault(fault)
        assert met.lost().remedy == "reset"
        twin.mend()
        met.started()
    else:
        twin.fault(fault)
        assert met.device.print_slip(RECEIPT) == "unknown"
        if fault != "power":
            assert met.lost().remedy == "reset"
            twin.mend()
            if fault == "unplug":
                twin.plug()
            met.started()
    before = len(twin.whole())
    assert met.device.print_slip(Slip("ticket", "A013", ["二"])) == "printed"
    assert len(twin.whole()) == before + 1


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_however_its_answers_come(met: Any, twin: PrinterTwin, delivery: str) -> None:
    """One copy each time; where an answer was lost its fate is unknown, and never failed."""
    twin.line.delivery = DELIVERIES[delivery]
    verdicts = []
    for _ in range(2):
        with contextlib.suppress(DeviceRefused):
            verdicts.append(met.device.print_slip(RECEIPT))
    assert len(twin.whole()) == len(verdicts)
    assert set(verdicts) <= ({"printed", "unknown"} if delivery == "lossy" else {"printed"})


def test_lost_and_back_while_idle(met: Any, twin: PrinterTwin) -> None:
    """A loss, told once; a print meanwhile fails before anything is sent; then it prints."""
    twin.unplug()
    assert met.lost().remedy == "reset"
    with pytest.raises(DeviceLost):
        met.device.print_slip(RECEIPT)
    twin.plug()
    met.started()
    assert met.device.print_slip(RECEIPT) == "printed"
    assert met.ends.empty()


def test_a_printer_that_is_not_there(run: Run, tmp_path: Path) -> None:
    """Opening fails with a remedy, and closing twice is no error."""
    running = run("printer_escpos", {"port": str(tmp_path / "none")}).start()
    assert running.lost().remedy == "configure"
    running.device.close()
    running.device.close()


def test_a_printer_that_is_no_serial_port(tmp_path: Path) -> None:
    """usblp's node is no terminal: read, written with a deadline, and let go of just the same."""
    os.mkfifo(tmp_path / "lp0")
    port = Port(str(tmp_path / "lp0"), 9600)
    port.write(b"\x10\x04\x01", 1.0)
    assert port.read(1.0) == b"\x10\x04\x01"
    assert port.read(0.0) == b""
    with pytest.raises(DeviceLost, match="takes no more"):
        port.write(bytes(1 << 20), 0.05)
    port.drop_input()
    port.close()
    port.close()
    with pytest.raises(DeviceLost, match="gone"):
        port.read(1.0)


@pytest.mark.parametrize("where", ["hardware"])
def test_a_receipt_on_a_real_printer(run: Run, where: str) -> None:
    """A person looks at it: Chinese text, bars under it, cut. It must say that it is done."""
    port = os.environ.get(f"ONEWINDOW_{where.upper()}_SLIP")
    if not port:
        pytest.skip("no printer: make bench-hardware DEVICE=slip PORT=/dev/ttyUSB0")
    device = run("printer_escpos", {"port": port}).started().device
    assert device.print_slip(RECEIPT) == "printed"


def test_every_fault_of_the_twin_has_its_test() -> None:
    """A fault that is added is met here."""
    met_here = {"paper_out", "cover_open", "cutter", "paper_out_midway", "power", "silent"}
    assert met_here | {"garble", "unplug"} == set(FAULTS)

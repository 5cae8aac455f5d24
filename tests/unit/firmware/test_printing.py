"""Printing on order: each slip once, whatever fails, and its fate told."""

from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event
from typing import Any

import msgspec
import pytest

from firmware.lights import Lights
from firmware.orders import Orders
from firmware.outbox import Outbox
from firmware.panel import Panel
from firmware.printing import Job, Making, Printed, Printers
from firmware.session import Print
from firmware.sheet_pdf import SheetPdfError
from firmware.sheets import SheetError
from firmware.stamp import Stamp
from firmware.window import Ordered, Window
from hal.clock import SystemClock
from hal.errors import DeviceLost, DeviceRefused
from hal.events.envelope import decode_fact
from hal.events.facts import OrderRefused, SlipPrinted
from hal.events.orders import Order, PrintSheet, PrintSlip
from hal.events.sheets import Sheet
from hal.interfaces import Device, PrintVerdict, Report, Role, Slip

WAIT_S = 5.0
SHA256 = "ab" * 32
SHEET = Sheet(title="一次性告知书", number="N1")
SLIP = PrintSlip(slip="s1", kind="receipt", title="业务回执", lines=["A012"], copies=2)
PAGE = PrintSheet(slip="s2", kind="notice", sheet=SHA256)


class Fake:
    """What a printer's driver is besides printing. Each copy meets the next fate in line."""

    role: Role = "slip"

    def __init__(self, *fates: PrintVerdict | Exception) -> None:
        self.fates = list(fates)
        self.copies: list[object] = []

    def open(self) -> None:
        self.copies.clear()

    def watch(self, report: Report, stop: Event) -> None:
        stop.wait()

    def close(self) -> None:
        self.fates.clear()

    def put_out(self, copy: object) -> PrintVerdict:
        fate = self.fates.pop(0) if self.fates else "printed"
        if isinstance(fate, Exception):
            raise fate
        self.copies.append(copy)
        return fate


class FakeSlips(Fake):
    def print_slip(self, slip: Slip) -> PrintVerdict:
        return self.put_out(slip)


class FakePages(Fake):
    def print_pdf(self, pdf: bytes, title: str) -> PrintVerdict:
        return self.put_out((pdf, title))


def fetch(sha256: str) -> Sheet:
    if sha256 != SHA256:
        raise SheetError("the centre answered 404")
    return SHEET


def compose(sheet: Sheet) -> bytes:
    if sheet is not SHEET:
        raise SheetPdfError("no")
    return b"%PDF"


def job(wish: PrintSlip | PrintSheet, device: str = "slip") -> Job:
    return Job("o1", device, Print("v1", wish))


Work = Callable[..., Printed]


@pytest.fixture
def work() -> Iterator[Callable[[dict[str, Device], Job], Printed]]:
    """What a job leads to at these printers."""
    made: list[Printers] = []

    def run(devices: dict[str, Device], what: Job) -> Printed:
        done: SimpleQueue[Printed] = SimpleQueue()
        printers = Printers(devices, Making(fetch, compose), done.put)
        made.append(printers)
        printers.start()
        printers.take(what)
        return done.get(timeout=WAIT_S)

    yield run
    for printers in made:
        printers.stop()


def told(printed: Printed) -> tuple[str, int]:
    return printed.verdict, printed.copies


def test_a_slip_is_printed_as_often_as_ordered(work: Work) -> None:
    """By the printer that takes slips, called by its name or by its role."""
    slips, pages = FakeSlips(), FakePages()
    assert told(work({"a4": pages, "roll": slips}, job(SLIP))) == ("printed", 2)
    assert told(work({"a4": pages, "roll": slips}, job(SLIP, "roll"))) == ("printed", 2)
    assert slips.copies == [Slip("receipt", "业务回执", ["A012"])] * 4
    assert pages.copies == []


def test_a_sheet_is_fetched_composed_and_printed(work: Work) -> None:
    """Under a title that says only which slip it is."""
    pages = FakePages()
    assert told(work({"roll": FakeSlips(), "a4": pages}, job(PAGE))) == ("printed", 1)
    assert pages.copies == [(b"%PDF", "notice s2")]


@pytest.mark.parametrize(
    ("fates", "outcome"),
    [
        (["printed", "unknown"], ("unknown", 1)),
        (["failed"], ("failed", 0)),
        ([DeviceRefused("out of paper")], ("failed", 0)),
        (["printed", DeviceRefused("out of paper")], ("failed", 1)),
        ([DeviceLost("gone")], ("failed", 0)),
        ([ValueError("a bug")], ("unknown", 0)),
    ],
)
def test_the_first_copy_that_fails_is_the_last(
    work: Work, fates: list[Any], outcome: tuple[str, int]
) -> None:
    """The verdict is that copy's; those before it are counted; nothing ends without a word."""
    assert told(work({"slip": FakeSlips(*fates)}, job(SLIP))) == outcome


def test_what_cannot_be_had_or_printed_here_fails(work: Work) -> None:
    """No such sheet, no such printer: told, and why."""
    absent = PrintSheet(slip="s3", kind="notice", sheet="cd" * 32)
    assert work({"a4": FakePages()}, job(absent, "a4")).refusal == "the centre answered 404"
    assert told(work({"a4": FakePages()}, job(SLIP))) == ("failed", 0)
    assert told(work({"a4": FakePages()}, job(SLIP, "a4"))) == ("failed", 0)


def test_a_printer_that_is_lost_in_a_print_is_told() -> None:
    """Its worker may see nothing of it."""
    lost: SimpleQueue[tuple[str, DeviceLost]] = SimpleQueue()
    gone = DeviceLost("gone")
    printers = Printers({"roll": FakeSlips(gone)}, Making(fetch, compose), lambda printed: None)
    printers.on_lost(lambda name, error: lost.put((name, error)))
    printers.start()
    printers.take(job(SLIP, "roll"))
    assert lost.get(timeout=WAIT_S) == ("roll", gone)
    printers.stop()


def test_at_the_end_nothing_more_is_begun() -> None:
    """What waits is told as failed: not a copy of it was printed."""
    done: SimpleQueue[Printed] = SimpleQueue()
    printer = FakeSlips()
    printers = Printers({"slip": printer}, Making(fetch, compose), done.put)
    printers.take(job(SLIP))
    printers.stop()
    printers.start()
    assert told(done.get(timeout=WAIT_S)) == ("failed", 0)
    assert printer.copies == []


@pytest.fixture
def open_window(outbox: Outbox, stamp: Stamp) -> Callable[[], Window]:
    """A window on the outbox, as after a start."""
    orders = Orders({"roll": "slip", "a4": "slip"}, sheets=["a4"])
    lights = Lights(None, None, Panel(None))
    return lambda: Window(outbox, stamp, lights, orders, SystemClock())


def order(id: str, wish: PrintSlip | PrintSheet, device: str, verb: str) -> Ordered:
    body = Order(
        id=id,
        issued_at="2026-11-23T08:00:00+08:00",
        expires_at="2999-01-01T00:00:00+08:00",
        by="teller",
        visit="v1",
        data=msgspec.Raw(msgspec.json.encode(wish)),
    )
    return Ordered(device, verb, msgspec.json.encode(body))


PRINT = order("o1", SLIP, "roll", "print")


def handle(window: Window, *events: Any) -> None:
    for event in events:
        window.put(event)
    window.stop()
    window.run()


def facts(outbox: Outbox) -> list[tuple[str, str, str | None, dict[str, Any]]]:
    found = [decode_fact(entry.body) for entry in outbox.after(0, 100)]
    return [
        (
            fact.type.removeprefix("cn.onewindow.").removesuffix(".v1"),
            fact.subject or "",
            fact.visit,
            msgspec.json.decode(fact.data),
        )
        for fact in found
    ]


def names(outbox: Outbox) -> list[tuple[str, str]]:
    return [
        (name, str(data.get("verdict", data.get("reason", ""))))
        for name, _, _, data in facts(outbox)
    ]


def test_an_order_is_kept_before_the_printer_hears_of_it(
    open_window: Callable[[], Window], outbox: Outbox
) -> None:
    """When the first byte may go out, a repeat is known already, also after a power failure."""
    window = open_window()
    known: list[tuple[bool, int]] = []
    window.on_print(
        lambda job: known.append((outbox.seen(job.order), len(outbox.state()["prints"])))
    )
    handle(window, PRINT, PRINT)
    assert known == [(True, 1)]


def test_its_fate_is_told_and_answers_the_order(
    open_window: Callable[[], Window], outbox: Outbox
) -> None:
    """Printed: the order is done. Failed: it is refused with the reason, and may come anew."""
    window = open_window()
    jobs: list[Job] = []
    window.on_print(jobs.append)
    handle(window, PRINT, order("o2", PAGE, "a4", "print-sheet"))
    handle(
        window,
        Printed(jobs[0], "printed", 2),
        Printed(jobs[1], "failed", 0, "缺纸"),
        Printed(jobs[1], "failed", 0, "缺纸"),
    )
    assert names(outbox) == [
        *[("slip.printed", "printed"), ("order.done", "")],
        *[("slip.printed", "failed"), ("order.refused", "unavailable")],
    ]
    (_, _, visit, data), *_ = facts(outbox)
    assert (visit, msgspec.convert(data, SlipPrinted)) == (
        "v1",
        SlipPrinted(slip="s1", kind="receipt", copies=2, verdict="printed"),
    )
    assert msgspec.convert(facts(outbox)[-1][3], OrderRefused).detail == "缺纸"


def test_after_a_power_failure_the_fate_is_unknown_and_nothing_is_printed_again(
    open_window: Callable[[], Window], outbox: Outbox
) -> None:
    """Told once; the order that comes again finds itself answered."""
    window = open_window()
    window.on_print(lambda job: None)
    handle(window, PRINT)
    assert names(outbox) == []
    again: list[Job] = []
    for _ in range(2):
        window = open_window()
        window.on_print(again.append)
        handle(window, PRINT)
    assert names(outbox) == [("slip.printed", "unknown"), ("order.done", "")]
    assert again == []


def test_a_window_without_printers_fails_at_once(
    open_window: Callable[[], Window], outbox: Outbox
) -> None:
    """Nobody waits for a print that nobody makes."""
    handle(open_window(), PRINT)
    handle(open_window())
    assert names(outbox)[-1][0] in ("order.refused", "order.done")


@pytest.mark.parametrize(
    ("device", "verb", "reason"),
    [
        ("roll", "print-sheet", "unknown_verb"),
        ("a4", "print", "unknown_verb"),
        ("fax", "print", "unknown_device"),
        ("roll", "fold", "unknown_verb"),
    ],
)
def test_an_order_that_this_printer_cannot_have_is_refused(
    open_window: Callable[[], Window], outbox: Outbox, device: str, verb: str, reason: str
) -> None:
    """A roll takes no sheet and the A4 printer no slip; nothing is begun."""
    window = open_window()
    jobs: list[Job] = []
    window.on_print(jobs.append)
    handle(window, order("o1", PAGE if verb == "print-sheet" else SLIP, device, verb))
    assert (names(outbox), jobs) == ([("order.refused", reason)], [])


def test_printers_say_what_they_take() -> None:
    """Each by its own name; without one there is nothing to print with."""
    understood = Orders({"roll": "slip", "a4": "slip"}, sheets=["a4"]).understood()
    assert {each for each in understood if "print" in each} == {"roll/print", "a4/print-sheet"}
    assert not [each for each in Orders({}).understood() if "print" in each]

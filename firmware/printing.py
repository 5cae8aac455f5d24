"""The printers of the window, each in a thread of its own: a slip takes seconds, a sheet longer.

Slips are printed as the order says. A sheet (A4) is fetched from the centre and composed in
memory; nothing of it is kept.
"""

import logging
import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from firmware.session import Print
from firmware.sheet_pdf import SheetPdfError
from firmware.sheets import SheetError
from firmware.task import Task
from hal.errors import DeviceError, DeviceLost
from hal.events.orders import PrintSheet, PrintSlip
from hal.events.sheets import Sheet
from hal.interfaces import Device, PagePrinter, PrintVerdict, Slip, SlipPrinter

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A print as it was ordered of `device`, a printer's name or its role."""

    order: str
    device: str
    wish: Print


@dataclass(frozen=True)
class Printed:
    """What became of a job. `copies`: how many came out for certain. `refusal`: why it failed."""

    job: Job
    verdict: PrintVerdict
    copies: int
    refusal: str = ""


@dataclass(frozen=True)
class Making:
    """How a sheet becomes a document: `fetch` raises SheetError, `compose` SheetPdfError."""

    fetch: Callable[[str], Sheet]
    compose: Callable[[Sheet], bytes]


def takes_sheets(printer: Device) -> bool:
    """Whether it is a printer for A4: what else has the role prints slips."""
    return hasattr(printer, "print_pdf")


class Printers:
    """All printers. `take` may be called from any thread and returns at once."""

    def __init__(
        self, devices: Mapping[str, Device], making: Making, done: Callable[[Printed], None]
    ) -> None:
        """`devices`: those of the role `slip`, by name. `done` is called once for each job."""
        self._done = done
        self._lost: Callable[[str, DeviceLost], None] = _nobody
        self._printers = {
            name: _Printer(name, device, making, done, self._tell_lost)
            for name, device in devices.items()
        }

    def start(self) -> None:
        for printer in self._printers.values():
            printer.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """What has not begun is told as failed; what is under way is not waited for longer."""
        for printer in self._printers.values():
            printer.end()
        for printer in self._printers.values():
            printer.join(timeout_s)

    def on_lost(self, lost: Callable[[str, DeviceLost], None]) -> None:
        """Who wants to know that a print found its printer lost. Before `start`; in its thread."""
        self._lost = lost

    def take(self, job: Job) -> None:
        """Have it printed, after what was taken before it."""
        named = self._printers.get(job.device)
        sheet = isinstance(job.wish.wish, PrintSheet)
        able = [each for each in self._printers.values() if each.sheets == sheet]
        printer = named or next(iter(able), None)
        if printer is None or printer.sheets != sheet:
            self._done(Printed(job, "failed", 0, "this window has no printer for it"))
        else:
            printer.take(job)

    def _tell_lost(self, name: str, lost: DeviceLost) -> None:
        self._lost(name, lost)


class _Printer:
    """One of them."""

    def __init__(
        self,
        name: str,
        device: Device,
        making: Making,
        done: Callable[[Printed], None],
        lost: Callable[[str, DeviceLost], None],
    ) -> None:
        self.sheets = takes_sheets(device)
        self._name = name
        self._device = device
        self._making = making
        self._done = done
        self._lost = lost
        self._ending = False
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._task = Task(f"printer {name}", self._run)

    def start(self) -> None:
        self._task.start()

    def end(self) -> None:
        self._ending = True
        self._jobs.put(None)

    def join(self, timeout_s: float) -> None:
        self._task.join(timeout_s)

    def take(self, job: Job) -> None:
        if self._ending:
            self._done(Printed(job, "failed", 0, "the terminal ends"))
        else:
            self._jobs.put(job)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._ending:
                self._done(Printed(job, "failed", 0, "the terminal ends"))
                continue
            try:
                printed = self._print(job)
            except BaseException:
                self._done(Printed(job, "unknown", 0))
                raise
            self._done(printed)

    def _print(self, job: Job) -> Printed:
        copies = 0
        try:
            print_one = self._prepare(job.wish.wish)
            for _ in range(job.wish.wish.copies):
                verdict = print_one()
                if verdict != "printed":
                    return Printed(job, verdict, copies, "the printer gave it up")
                copies += 1
        except (DeviceError, SheetError, SheetPdfError) as error:
            _log.warning("not printed", extra={"error": type(error).__name__})
            if isinstance(error, DeviceLost):
                self._lost(self._name, error)
            return Printed(job, "failed", copies, str(error))
        return Printed(job, "printed", copies)

    def _prepare(self, wish: PrintSlip | PrintSheet) -> Callable[[], PrintVerdict]:
        """What prints one copy."""
        if isinstance(wish, PrintSlip):
            slips = cast(SlipPrinter, self._device)
            slip = Slip(wish.kind, wish.title, wish.lines, wish.barcode, wish.qr)
            return lambda: slips.print_slip(slip)
        pages = cast(PagePrinter, self._device)
        pdf = self._making.compose(self._making.fetch(wish.sheet))
        # The id only: a queue's list of titles is for everybody.
        return lambda: pages.print_pdf(pdf, f"{wish.kind} {wish.slip}")


def _nobody(name: str, lost: DeviceLost) -> None:
    """Nobody wants to know."""

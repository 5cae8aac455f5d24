"""How long a slip takes until its printer has confirmed it, and an A4 sheet until it is a document.

    python -m bench.printers [--slips 10] [--sheets 3]

The slip goes by the driver to the twin, whose paper takes no time; so what is counted is our own:
composing in a process of its own, the questions before and behind the slip. The sheet is composed
as the terminal does it. Also told: what this process has grown by, and the largest of its children.
"""

import argparse
import resource
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median, quantiles

from drivers.printer_escpos.composer import Work, compose
from drivers.registry import load
from firmware import sheet_pdf
from hal.clock import SystemClock
from hal.events.sheets import Row, Sheet
from hal.interfaces import Slip
from sim.twins.printer import BAUD, PrinterTwin

CASE = "PZH01-20261123-00007"
SLIP = Slip("receipt", "业务回执", ["号票 A012", f"办件 {CASE}"], f"OW:C:{CASE}")
SHEET = Sheet(
    title="一次性告知书",
    number=CASE,
    rows=[Row(label=f"材料 {n}", value="原件一份,复印件一份") for n in range(1, 13)],
    barcode=f"OW:C:{CASE}",
    check_code="OWCHK-7F3K-92QD",
)
_MS_PER_S, _KIB_PER_MIB = 1000, 1024
_BITS_PER_BYTE = 10


def slips_s(count: int) -> list[float]:
    """Seconds of each slip from the call to its verdict; RuntimeError if one was not printed."""
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="ow-printer-") as folder:
        twin = PrinterTwin(Path(folder) / "printer")
        twin.plug()
        spec = load("printer_escpos")
        device = spec.build(spec.configure({"port": f"{folder}/printer"}), SystemClock())
        try:
            device.open()
            for _ in range(count):
                began_s = time.monotonic()
                verdict = device.print_slip(SLIP)  # type: ignore[attr-defined]
                took.append(time.monotonic() - began_s)
                if verdict != "printed":
                    raise RuntimeError(f"a slip was {verdict}")
        finally:
            device.close()
            twin.unplug()
    return took


def sheets_s(count: int) -> tuple[list[float], int]:
    """Seconds of each sheet, and how many bytes its document has."""
    took, size = [], 0
    for _ in range(count):
        began_s = time.monotonic()
        size = len(sheet_pdf.compose(SHEET))
        took.append(time.monotonic() - began_s)
    return took, size


def told(took: list[float]) -> str:
    p95 = quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    return f"p50 {median(took) * _MS_PER_S:.0f} ms p95 {p95 * _MS_PER_S:.0f} ms"


def main(slips: int, sheets: int) -> int:
    before_kib = _rss_kib()
    took = slips_s(slips)
    pdfs, size = sheets_s(sheets)
    grown_mib = (_rss_kib() - before_kib) / _KIB_PER_MIB
    child_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _KIB_PER_MIB
    with redirect_stdout(sys.stderr):  # the library tells of itself
        data = len(compose(Work(slip=SLIP, width_dots=576, encoding="gb18030")))
    wire_ms = data * _BITS_PER_BYTE / BAUD * _MS_PER_S
    print(
        f"slip: {told(took)} over {slips} slips (floor: {data} bytes at {BAUD} baud "
        f"{wire_ms:.0f} ms and the paper; here a pty has neither)"
    )
    print(f"sheet: {told(pdfs)} over {sheets} sheets of {size / 1024:.0f} KiB (no floor)")
    print(
        f"sheet: the process grew by {grown_mib:.1f} MiB, the largest child had {child_mib:.0f} MiB"
    )
    return 0


def _rss_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slips", type=int, default=10, help="how many (10)")
    parser.add_argument("--sheets", type=int, default=3, help="how many (3)")
    arguments = parser.parse_args()
    sys.exit(main(arguments.slips, arguments.sheets))

"""A printer for A4 behind a queue of CUPS on this machine.

Source: docs/protocols/a4-printer-cups.md. Spoken to over cupsd's own socket: no tool is started,
and nothing of the document is in a command line or a file of ours.
"""

import socket
from http.client import HTTPConnection, HTTPException
from threading import Event, Lock
from time import monotonic

import msgspec

from drivers.printer_cups import ipp
from hal.clock import Clock
from hal.errors import DeviceLost, DeviceRefused
from hal.events.status import Remedy
from hal.interfaces import PrintVerdict, Report, Role

PRINT_S = 120.0
"""So long a sheet may take, a change of paper in its middle included."""
HINDERED_S = 10.0
"""So long a sheet waits for paper that was out before it; then it is taken back and refused."""
_CHECK_S, _TIMEOUT_S = 1.0, 3.0
FOUND_S = _CHECK_S + _TIMEOUT_S
"""No later than this after cupsd died or lost the queue, `watch` ends with DeviceLost."""
_POLL_S = 0.3
_SOCKET = "/run/cups/cups.sock"
_USER = "onewindow"
_GONE = (OSError, HTTPException, ipp.IppError)
_COMPLAINTS: tuple[tuple[str, Remedy, str], ...] = (
    ("media-empty", "replace", "the A4 printer is out of paper; fill its tray. 缺纸,请添加纸张。"),
    ("media-needed", "replace", "the A4 printer is out of paper; fill its tray. 缺纸,请添加纸张。"),
    ("media-jam", "clear", "paper is jammed; free it. 卡纸,请清理。"),
    ("cover-open", "clear", "the printer's cover is open; close it. 打印机盖未关,请合上。"),
    ("door-open", "clear", "the printer's cover is open; close it. 打印机盖未关,请合上。"),
    ("toner-empty", "replace", "the toner is used up; replace it. 墨粉用尽,请更换。"),
    ("marker-supply-empty", "replace", "the toner is used up; replace it. 墨粉用尽,请更换。"),
    ("offline", "reset", "the A4 printer is off; switch it on. 打印机未开机或未连接。"),
)
"""Keywords of printer-state-reasons (RFC 8011, section 5.4.12), without their severity."""
_ASKED = (
    (ipp.KEYWORD, "requested-attributes", "printer-state"),
    (ipp.KEYWORD, "", "printer-state-reasons"),
    (ipp.KEYWORD, "", "printer-is-accepting-jobs"),
)
_MY_JOBS = (
    (ipp.BOOLEAN, "my-jobs", 1),
    (ipp.KEYWORD, "which-jobs", "not-completed"),
    (ipp.KEYWORD, "requested-attributes", "job-id"),
)
_STOPPED = "the print queue is stopped; a technician must start it. 打印队列已停止,请联系技术员。"
_REFUSES = "the print queue takes no jobs; call a technician. 打印队列拒绝作业,请联系技术员。"


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`queue`: its name at CUPS. `socket`: cupsd's, where it is not the machine's own."""

    queue: str
    socket: str = _SOCKET


class PrinterCups:
    """See hal.interfaces.PagePrinter."""

    role: Role = "slip"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._using = Lock()
        self._closed = Event()
        self._closed.set()

    def open(self) -> None:
        """DeviceLost if there is no cupsd, or no such queue.

        What an earlier run left in the queue is taken out: its fate has been told as unknown, so
        it must not come out now.
        """
        self._closed.clear()
        self._state()
        try:
            left = self._call(ipp.GET_JOBS, *_MY_JOBS)
            # CUPS' operation for all of them asks for a password, which each by itself does not.
            for job in left.numbers("job-id"):
                self._call(ipp.CANCEL_JOB, (ipp.INTEGER, "job-id", job))
        except _GONE as error:
            raise DeviceLost("the print service is gone", remedy="reset") from error

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.wait(_CHECK_S):
            self._state()

    def print_pdf(self, pdf: bytes, title: str) -> PrintVerdict:
        with self._using:
            self._refuse()
            try:
                job = self._submit(pdf, title)
                return self._await(job)
            except (DeviceLost, *_GONE):
                # It may have taken the job, or not; `open` takes out what is left of it.
                return "unknown"

    def close(self) -> None:
        self._closed.set()

    def _state(self) -> ipp.Answer:
        """How the queue is. DeviceLost if that cannot be had."""
        if self._closed.is_set():
            raise DeviceLost("the print queue is not open")
        try:
            answer = self._call(ipp.GET_PRINTER, *_ASKED)
        except _GONE as error:
            raise DeviceLost("the print service does not answer", remedy="reset") from error
        if not answer.good:
            cause = f"there is no print queue {self._options.queue}; add it by lpadmin"
            raise DeviceLost(cause, remedy="configure", code=answer.status)
        return answer

    def _refuse(self) -> None:
        """DeviceRefused if something hinders a print.

        Of an idle queue only what people did to it: CUPS keeps what the last job complained of.
        """
        end_s = monotonic() + _TIMEOUT_S
        while True:
            state = self._state()
            if state.number("printer-state") == ipp.STOPPED:
                raise DeviceRefused(_STOPPED, remedy="maintain")
            if state.number("printer-is-accepting-jobs") == 0:
                raise DeviceRefused(_REFUSES, remedy="maintain")
            busy = state.number("printer-state") == ipp.PROCESSING
            complaint = _complaint(state)
            if complaint is None or not busy:
                return
            if monotonic() > end_s or self._closed.wait(_POLL_S):
                raise complaint

    def _submit(self, pdf: bytes, title: str) -> int:
        answer = self._call(
            ipp.PRINT_JOB,
            (ipp.NAME, "job-name", title),
            (ipp.MIME, "document-format", "application/pdf"),
            document=pdf,
        )
        job = answer.number("job-id")
        if not answer.good or job is None:
            raise DeviceRefused(_REFUSES, remedy="maintain", code=answer.status)
        return job

    def _await(self, job: int) -> PrintVerdict:
        """How it went; a job that takes too long is taken back, and its fate is unknown.

        DeviceRefused if it met a hindrance from its beginning on.
        """
        begun_s = monotonic()
        hindered: DeviceRefused | None = None
        begins = True
        while (for_s := monotonic() - begun_s) < PRINT_S and not self._closed.wait(_POLL_S):
            answer = self._call(ipp.GET_JOB, (ipp.INTEGER, "job-id", job))
            match answer.number("job-state"):
                case ipp.COMPLETED:
                    return "printed"
                case ipp.CANCELED | ipp.ABORTED:
                    # The printer may have begun it: some pages of it may lie in the tray.
                    return "unknown" if answer.number("job-media-sheets-completed") else "failed"
            hindered = _complaint(self._state())
            begins = begins and hindered is not None
            if begins and for_s > HINDERED_S:
                break
        self._call(ipp.CANCEL_JOB, (ipp.INTEGER, "job-id", job))
        if begins and hindered is not None:
            raise hindered
        return "unknown"

    def _call(
        self, operation: int, *attributes: ipp.Attribute, document: bytes = b""
    ) -> ipp.Answer:
        """One request, its answer. _GONE if there is none."""
        queue = self._options.queue
        body = ipp.request(
            operation,
            (
                (ipp.URI, "printer-uri", f"ipp://localhost/printers/{queue}"),
                *(each for each in attributes if each[1] == "job-id"),
                (ipp.NAME, "requesting-user-name", _USER),
                *(each for each in attributes if each[1] != "job-id"),
            ),
        )
        line = _Line(self._options.socket)
        try:
            headers = {"Content-Type": "application/ipp"}
            line.request("POST", f"/printers/{queue}", body + document, headers)
            return ipp.read(line.getresponse().read())
        finally:
            line.close()


def _complaint(state: ipp.Answer) -> DeviceRefused | None:
    """What the queue says against printing, the first of our list."""
    reasons = state.words("printer-state-reasons")
    for word, remedy, sentence in _COMPLAINTS:
        if any(reason.startswith(word) for reason in reasons):
            return DeviceRefused(sentence, remedy=remedy)
    return None


class _Line(HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)

"""The resident-ID reader (居民身份证阅读器) on a serial line: find, select, read.

Source: docs/protocols/resident-id-reader.md, "Link". A card that was read is not found again until
it has been lifted and laid anew: the module sees to that, so a card left lying is read once.
"""

from contextlib import suppress
from threading import Event
from time import monotonic
from typing import Annotated, Literal

import msgspec

from drivers.serial_port import SerialPort
from hal.clock import Clock
from hal.codecs.resident import identity, split_base
from hal.codecs.sam import Command, Deframer, Reply, Status, command, error_of
from hal.errors import DeviceLost, DeviceRefused, WireError
from hal.events.facts import IdentityRead
from hal.interfaces import IdentityCardRead, Report, Role, Unreadable

BAUDS = (115200, 57600, 38400, 19200, 9600)
POLL_S = 0.15
_ANSWER_S = 0.5  # the module's own work: finding, selecting, asking the card
_READ_ANSWER_S = 2.0
_GAP_S = 0.5  # between two bytes of a reply, on the slowest bridge
_SILENT_POLLS = 3
FOUND_S = _GAP_S + _READ_ANSWER_S + (_SILENT_POLLS - 1) * (POLL_S + 2 * _ANSWER_S)
"""No later than this after the module fell silent, `watch` ends with DeviceLost: at worst in the
middle of a card, which is asked for once more. An unplugged port is found at once.
"""
_BASE_REPLY_BYTES = 1295
_BITS_PER_BYTE = 10  # 8N1


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`baud` is a rate, or "search" to try the module's rates in their order."""

    port: str
    baud: Annotated[int, msgspec.Meta(gt=0)] | Literal["search"] = 115200


class IdSerial:
    """See hal.interfaces.Device. Reports each card once, and once that it cannot be read."""

    role: Role = "identity"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._line: _Line | None = None

    def open(self) -> None:
        """DeviceLost if the port is not there, or no module answers at any of the rates."""
        bauds = BAUDS if self._options.baud == "search" else (self._options.baud,)
        for baud in bauds:
            line = _Line(self._options.port, baud)
            self._line = line
            with suppress(WireError):
                line.ask(Command.STATUS, _ANSWER_S, tries=1)
                return
            line.close()
        raise DeviceLost(f"no module answers at {self._options.port}", remedy="reset")

    def watch(self, report: Report, stop: Event) -> None:
        line = self._line
        if line is None:
            raise DeviceLost("the reader is not open")
        silent, complained = 0, False
        while not stop.wait(POLL_S):
            try:
                found = self._find(line)
                silent = 0
            except WireError as error:
                silent += 1
                if silent >= _SILENT_POLLS:
                    raise DeviceLost("the module does not answer", remedy="reset") from error
                continue
            if not found:
                complained = False
                continue
            try:
                report(IdentityCardRead(self._read(line)))
            except (DeviceRefused, WireError) as error:
                silent = int(line.is_silent)
                # A card that lies badly is found at each poll; its owner is told once.
                if not complained:
                    report(Unreadable(error))
                complained = True

    def close(self) -> None:
        if self._line is not None:
            self._line.close()

    def _find(self, line: "_Line") -> bool:
        """Whether a new card lies there. The module may miss it at first: asked twice."""
        for _ in range(2):
            reply = line.ask(Command.FIND, _ANSWER_S)
            if reply.sw3 == Status.FOUND:
                return True
            if reply.sw3 != Status.FIND_FAILED:
                raise error_of(reply)
        return False

    def _read(self, line: "_Line") -> IdentityRead:
        for order, timeout_s in (
            (Command.SELECT, _ANSWER_S),
            (Command.READ_BASE, _READ_ANSWER_S),
        ):
            reply = line.ask(order, timeout_s)
            if reply.sw3 != Status.DONE:
                raise error_of(reply)
        return identity(split_base(reply.data), self._clock.now().date())


class _Line:
    """One module at one rate: a command out, its reply in."""

    def __init__(self, path: str, baud: int) -> None:
        self._port = SerialPort(path, baud)
        self._transfer_s = _BASE_REPLY_BYTES * _BITS_PER_BYTE / baud
        self._deframer = Deframer()
        self.is_silent = False
        """Whether not one byte came of the last reply."""

    def ask(self, order: Command, answer_s: float, tries: int = 2) -> Reply:
        """Send a command and wait for the reply; again when it did not come whole, or not at all.

        Asking twice is safe: reading changes nothing on the card. WireError after the last try.
        Silence after a long wait is not waited for again: the next poll finds out sooner.
        """
        for _ in range(tries):
            reply = self._exchange(order, answer_s)
            if reply is not None and not isinstance(error_of(reply), WireError):
                return reply
            if self.is_silent and answer_s > _ANSWER_S:
                break
        raise WireError(f"no whole reply to {order.name}")

    def close(self) -> None:
        self._port.close()

    def _exchange(self, order: Command, answer_s: float) -> Reply | None:
        """The first whole frame after `order`, None when the time is over, or a gap too long."""
        self._deframer.reset()
        self._port.drop_input()
        self._port.write(command(order))
        self.is_silent = True
        begun_s = monotonic()
        deadline_s = begun_s + answer_s
        while (rest_s := deadline_s - monotonic()) > 0:
            chunk = self._port.read(rest_s)
            for reply in self._deframer.feed(chunk):
                self.is_silent = False
                return reply
            if chunk:
                self.is_silent = False
                longest_s = begun_s + answer_s + self._transfer_s
                deadline_s = min(longest_s, monotonic() + _GAP_S)
        return None

"""The resident-ID reader (居民身份证阅读器) on a serial line: find, select, read.

Source: docs/protocols/resident-id-reader.md, "Link". A card that was read is not found again until
it has been lifted and laid anew: the module sees to that, so a card left lying is read once. Whose
reading failed, or nobody here remembers, is found again after a reset of the module.
"""

from contextlib import suppress
from threading import Event
from time import monotonic
from typing import Annotated, Literal

import msgspec

from drivers.serial_port import SerialPort
from hal.clock import Clock
from hal.codecs.identity.card import identity, new_address, split_base
from hal.codecs.sam import LONGEST, Command, Deframer, Reply, SamId, answers, command, sam_id
from hal.codecs.sam_status import ASK_AGAIN, Status, error_of
from hal.errors import DeviceLost, DeviceRefused, WireError
from hal.events.facts import IdentityRead
from hal.interfaces import IdentityCardRead, Report, Role, Unreadable

BAUDS = (115200, 57600, 38400, 19200, 9600)
POLL_S = 0.15
_ANSWER_S = 0.5  # the module's own work: finding, selecting, asking the card
_READ_ANSWER_S = 2.0
_GAP_S = 0.5  # between two bytes of a reply, on the slowest bridge
_SILENT_POLLS = 3
FOUND_S = 2 * _ANSWER_S + _SILENT_POLLS * (POLL_S + 2 * _ANSWER_S)
"""No later than this after the module fell silent, `watch` ends with DeviceLost: at worst when it
was asked for a new address, which is asked for twice and without which a card is good. An
unplugged port is found at once.
"""
_BITS_PER_BYTE = 10  # 8N1


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`baud` is a rate, or "search" to try the module's rates in their order.

    `fingerprint`: ask also whether the card holds fingerprints. That makes the reply of a card that
    does 89 ms longer at 115200 baud; the prints themselves are not kept.
    """

    port: str
    baud: Annotated[int, msgspec.Meta(gt=0)] | Literal["search"] = 115200
    fingerprint: bool = False


class IdSerial:
    """See hal.interfaces.Device. Reports each card once, and once that it cannot be read."""

    role: Role = "identity"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._line: _Line | None = None
        self._sam: SamId | None = None
        self._asks_prints = options.fingerprint
        self._reset_due = False

    @property
    def model(self) -> str | None:
        """The module's own number (SAM id) as `SAM 05.03-…`; None if none was read yet."""
        return None if self._sam is None else f"SAM {self._sam.text}"

    def open(self) -> None:
        """DeviceLost if the port is not there, or no module answers at any of the rates."""
        bauds = BAUDS if self._options.baud == "search" else (self._options.baud,)
        for baud in bauds:
            line = _Line(self._options.port, baud)
            self._line = line
            with suppress(WireError):
                line.ask(Command.STATUS, _ANSWER_S)
                self._meet(line)
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
                    raise _lost(line) from error
                continue
            if not found:
                complained = False
                continue
            try:
                report(IdentityCardRead(self._read_or_read_again(line)))
            except (DeviceRefused, WireError) as error:
                self._reset_due = True
                silent = int(line.is_silent)
                # A card that lies badly is found at each poll; its owner is told once.
                if not complained:
                    report(Unreadable(error))
                complained = True

    def close(self) -> None:
        if self._line is not None:
            self._line.close()

    def _meet(self, line: "_Line") -> None:
        """Learn which module it is. One that does not say is used all the same."""
        self._sam = None
        with suppress(WireError):
            reply = line.ask(Command.SAM_ID, _ANSWER_S)
            if reply.sw3 == Status.DONE:
                self._sam = sam_id(reply.data)
        old = self._sam is not None and self._sam.old
        self._asks_prints = self._options.fingerprint and not old
        # Another program, or we before a restart, may have read the card that lies there.
        self._reset_due = True

    def _find(self, line: "_Line") -> bool:
        """Whether a new card lies there. The module may miss it at first: asked twice."""
        if self._reset_due:
            self._reset_due = False
            line.ask(Command.RESET, _ANSWER_S)
        for _ in range(2):
            reply = line.ask(Command.FIND, _ANSWER_S)
            if reply.sw3 == Status.FOUND:
                return True
            error = error_of(reply.sw3)
            if isinstance(error, DeviceLost):
                raise error
        return False

    def _read_or_read_again(self, line: "_Line") -> IdentityRead:
        """Read the card that was found; once more from the start where the line failed it."""
        try:
            return self._read(line)
        except WireError:
            if line.is_silent:
                raise
            line.ask(Command.RESET, _ANSWER_S, tries=1)
            if not self._find(line):
                raise
            return self._read(line)

    def _read(self, line: "_Line") -> IdentityRead:
        reply = line.ask(Command.SELECT, _ANSWER_S)
        if reply.sw3 == Status.DONE:
            reply = self._read_base(line)
        if reply.sw3 != Status.DONE:
            raise error_of(reply.sw3)
        read = identity(split_base(reply.data), self._clock.now().date())
        if read.document == "resident" and (address := _new_address(line)):
            return msgspec.structs.replace(read, new_address=address)
        return read

    def _read_base(self, line: "_Line") -> Reply:
        """With fingerprint where wished; without where module or card cannot."""
        if self._asks_prints:
            order = Command.READ_BASE_AND_FINGERPRINT
            reply = line.ask(order, _READ_ANSWER_S, tries=1)
            if reply.sw3 not in (Status.COMMAND, Status.FINGERPRINT):
                return reply
            self._asks_prints = reply.sw3 != Status.COMMAND
        return line.ask(Command.READ_BASE, _READ_ANSWER_S, tries=1)


def _new_address(line: "_Line") -> str | None:
    """The address written to the card later. Few cards have one, and none needs it to be good."""
    with suppress(WireError):
        reply = line.ask(Command.READ_NEW_ADDRESS, _ANSWER_S)
        if reply.sw3 == Status.DONE:
            return new_address(reply.data)
    return None


def _lost(line: "_Line") -> DeviceLost:
    if line.is_silent:
        return DeviceLost("the module does not answer", remedy="reset")
    return DeviceLost("the module's answers come damaged", remedy="maintain")


class _Line:
    """One module at one rate: a command out, its reply in."""

    def __init__(self, path: str, baud: int) -> None:
        self._port = SerialPort(path, baud)
        self._transfer_s = LONGEST * _BITS_PER_BYTE / baud
        self._deframer = Deframer()
        self.is_silent = False
        """Whether nothing came of the last reply but noise, or an echo of the command."""

    def ask(self, order: Command, answer_s: float, tries: int = 2) -> Reply:
        """Send a command and wait for the reply; again when it did not come whole, or not at all.

        WireError after the last try.
        """
        reply = None
        for _ in range(tries):
            reply = self._exchange(order, answer_s)
            if reply is not None and reply.sw3 not in ASK_AGAIN:
                return reply
        if reply is not None:
            raise error_of(reply.sw3)
        raise WireError(f"no whole reply to {order.name}", remedy="clear")

    def close(self) -> None:
        self._port.close()

    def _exchange(self, order: Command, answer_s: float) -> Reply | None:
        """The first frame that can answer `order`, None when time is over, or a gap too long."""
        self._deframer.reset()
        self._port.drop_input()
        self._port.write(command(order))
        damaged = self._deframer.damaged
        self.is_silent = True
        begun_s = monotonic()
        deadline_s = begun_s + answer_s
        while (rest_s := deadline_s - monotonic()) > 0:
            chunk = self._port.read(rest_s)
            frames = self._deframer.feed(chunk) if chunk else self._deframer.gap()
            for reply in frames:
                self.is_silent = False
                if answers(order, reply):
                    return reply
            # Part of a reply has come, or a damaged one: only what follows soon belongs to it.
            if self._deframer.pending() or self._deframer.damaged > damaged:
                self.is_silent = False
                longest_s = begun_s + answer_s + self._transfer_s
                if chunk:
                    deadline_s = min(longest_s, monotonic() + _GAP_S)
        return None

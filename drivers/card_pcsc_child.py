"""The process that speaks to pcscd for `drivers.card_pcsc`, made to be killed.

PC/SC's transmit has no timeout: a card that stops answering holds the caller for ever. So the
calls are made here, one JSON line to standard output tells what happened, and whoever started this
process ends it when it has been silent too long. A second thread asks pcscd whether it is there,
so that a card which is silent can be told from a pcscd which is. The process ends by itself when
standard input does, which is when its parent dies. It writes no log: what it reads is personal.

    python -m drivers.card_pcsc_child READER [EVENT]

EVENT is the event count of a card that is in the reader and has been told of already.
"""

import os
import sys
import threading
import time
from collections.abc import Callable

import msgspec
from smartcard import scard  # type: ignore[import-untyped]

from hal.codecs.social_security_card import atr_family, read_card
from hal.errors import DeviceError, DeviceLost, DeviceRefused, WireError
from hal.events.facts import CardRead
from hal.events.status import Remedy

ALIVE_S = 0.5
_QUIET_S = 60.0


class Message(msgspec.Struct, frozen=True, tag=True, tag_field="what"):
    """One line from the child."""


class Ready(Message, frozen=True):
    """pcscd answers and knows the reader."""


class Alive(Message, frozen=True):
    """pcscd answers, whatever the card does. Comes every ALIVE_S, between any other lines."""


class Inserted(Message, frozen=True):
    """A card answered to reset. `Read` or `Failed` follows, and nothing but `Alive` before it.

    `event` is pcscd's count of insertions and removals in this reader.
    """

    event: int
    atr_family: str | None


class Read(Message, frozen=True):
    card: CardRead


class Failed(Message, frozen=True):
    """The card was not read. `refused`: it answered, and said no.

    Without `Inserted` before it: the card did not answer to reset.
    """

    cause: str
    remedy: Remedy
    code: int | None
    refused: bool


class Taken(Message, frozen=True):
    """The card of the last `Inserted` is gone."""


class Lost(Message, frozen=True):
    """The last line: pcscd or the reader is gone."""

    cause: str
    remedy: Remedy
    code: int | None


Line = Ready | Alive | Inserted | Read | Failed | Taken | Lost
Tell = Callable[[Line], None]

_GONE = frozenset(
    {scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_REMOVED_CARD, scard.SCARD_W_RESET_CARD}
)
_NO_DAEMON = frozenset(
    {
        scard.SCARD_E_NO_SERVICE,
        scard.SCARD_E_SERVICE_STOPPED,
        scard.SCARD_F_COMM_ERROR,
        scard.SCARD_E_INVALID_HANDLE,
    }
)
# polkit forbids it, or pcscd was dying while it asked polkit.
_FORBIDDEN = scard.SCARD_W_SECURITY_VIOLATION
_NO_READER = frozenset({scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE})
_UNUSABLE = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE
EMPTY_S = 2.0
"""How long a slot must be empty after the start to be told so."""
_printing = threading.Lock()
_PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1


class CardWatch:
    """Follows one reader, and reads each card once when it comes."""

    def __init__(self, reader: str, event: int | None, tell: Tell) -> None:
        self._reader = reader
        self._card = event
        self._told = event is not None
        self._tell = tell
        self._context = 0

    def run(self) -> None:
        """Ends with DeviceLost only."""
        code, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        _check(code)
        state, atr = self._change(scard.SCARD_STATE_UNAWARE, 0.0)
        self._tell(Ready())
        threading.Thread(target=_tell_alive, args=(self._tell,), name="alive", daemon=True).start()
        if self._card is None and not state & scard.SCARD_STATE_PRESENT:
            # A reader that has just been found may not have looked into its slot yet.
            state, atr = self._change(state, EMPTY_S)
            if not state & scard.SCARD_STATE_PRESENT:
                # Somebody may have taken a card out while nobody looked.
                self._tell(Taken())
        while True:
            self._follow(state, atr)
            state, atr = self._change(state, _QUIET_S)

    def _change(self, known: int, timeout_s: float) -> tuple[int, bytes]:
        """The reader's state with its event count, and the card's answer to reset."""
        question = [(self._reader, known)]
        code, answers = scard.SCardGetStatusChange(self._context, int(timeout_s * 1000), question)
        if code == scard.SCARD_E_TIMEOUT and known != scard.SCARD_STATE_UNAWARE:
            return known, b""
        _check(code)
        _, state, atr = answers[0]
        if state & _UNUSABLE:
            _check(scard.SCARD_E_READER_UNAVAILABLE)
        return state & ~scard.SCARD_STATE_CHANGED, bytes(atr)

    def _follow(self, state: int, atr: bytes) -> None:
        """Tell and read what `state` says that was not told yet."""
        event = state >> 16 if state & scard.SCARD_STATE_PRESENT else None
        if event == self._card:
            return
        if self._told:
            self._tell(Taken())
        self._card = event
        self._told = event is not None and not state & scard.SCARD_STATE_MUTE
        if event is None:
            return
        if self._told:
            self._tell(Inserted(event, atr_family(atr)))
            self._tell(self._read())
        else:
            self._tell(Failed("the card does not answer to reset", "clear", None, False))

    def _read(self) -> Read | Failed:
        try:
            code, card, protocol = scard.SCardConnect(
                self._context, self._reader, scard.SCARD_SHARE_SHARED, _PROTOCOLS
            )
            _check_card(code)
            try:
                return Read(read_card(lambda command: _transmit(card, protocol, command)))
            finally:
                scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        except (DeviceRefused, WireError) as error:
            refused = isinstance(error, DeviceRefused)
            return Failed(error.cause, error.remedy, error.code, refused)


def _tell_alive(tell: Tell) -> None:
    """Until pcscd is gone, of which the other thread tells. Hangs when pcscd does, which tells too.

    A context of its own: libpcsclite lets one thread at a time use each.
    """
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    while code == scard.SCARD_S_SUCCESS:
        tell(Alive())
        time.sleep(ALIVE_S)
        code, _ = scard.SCardListReaders(context, [])


def _transmit(card: int, protocol: int, command: bytes) -> bytes:
    header = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
    code, answer = scard.SCardTransmit(card, header, list(command))
    _check_card(code)
    return bytes(answer)


def _check(code: int) -> None:
    """DeviceLost unless the call succeeded."""
    if code == scard.SCARD_S_SUCCESS:
        return
    if code in _NO_READER:
        raise DeviceLost("the card reader is not there", remedy="maintain", code=_plain(code))
    if code == _FORBIDDEN:
        raise DeviceLost("pcscd forbids the reader", remedy="configure", code=_plain(code))
    raise DeviceLost("pcscd does not serve the reader", remedy="reset", code=_plain(code))


def _check_card(code: int) -> None:
    """WireError if the card is why the call failed, DeviceLost if pcscd or the reader is."""
    if code in _NO_DAEMON | _NO_READER or code == _FORBIDDEN:
        _check(code)
    if code in _GONE:
        raise WireError("the card was taken while it was read", remedy="clear", code=_plain(code))
    if code != scard.SCARD_S_SUCCESS:
        raise WireError("the card does not answer", remedy="clear", code=_plain(code))


def _plain(code: int) -> int:
    """The code as PC/SC prints it, without a sign."""
    return code & 0xFFFFFFFF


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _print(line: Line) -> None:
    with _printing:
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()


def main(reader: str, event: int | None) -> None:
    threading.Thread(target=_end_with_input, name="parent", daemon=True).start()
    try:
        CardWatch(reader, event, _print).run()
    except DeviceError as error:
        _print(Lost(error.cause, error.remedy, error.code))
    except Exception as error:  # noqa: BLE001  atop the process: its parent must hear why it ends
        # The type only: a message may carry what was just read.
        _print(Lost(f"the card process failed: {type(error).__name__}", "maintain", None))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)

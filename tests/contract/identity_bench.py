"""What a resident-ID reader is tried on: the twin behind a line that is good, slow or bad, or iron.

On iron a person does what they are told on the terminal; what only a twin can do is skipped.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from hal.events.facts import IdentityRead
from sim.card import EXAMPLES, Card
from sim.twins.identity import IdentityTwin
from sim.twins.line import Delivery
from sim.twins.sam import SW3, Order, Sam

HARDWARE = "ONEWINDOW_HARDWARE_IDENTITY"
DELIVERIES = {
    "whole": Delivery(chunk_size=4096),
    "byte by byte": Delivery(chunk_size=1),
    "lossy": Delivery(lose_every=7),
    "delayed": Delivery(delay_s=0.05),
}


class Bench(Protocol):
    """A reader and the person beside it. What a bench cannot do, it skips the test for."""

    port: Path
    lossy: bool

    def lay(self, document: str = "resident", **changed: str | bool) -> None: ...
    def lift(self) -> None: ...
    def unplug(self) -> None: ...
    def plug(self) -> None: ...
    def at_half(self, call: Callable[[], None]) -> None: ...
    def fault(self, name: str) -> None: ...
    def mend(self) -> None: ...
    def refuse(self, order: Order, status: SW3, times: int = 1) -> None: ...
    def expect(self, read: IdentityRead, document: str = "resident", **changed: str) -> None: ...


class TwinBench:
    """The twin; it knows which card lies there, field by field."""

    def __init__(self, port: Path, delivery: Delivery, sam: Sam) -> None:
        self.port = port
        self.lossy = delivery.lose_every > 0
        self.sam = sam
        self.twin = IdentityTwin(port, sam=sam, delivery=delivery)
        self.unplug, self.plug = self.twin.unplug, self.twin.plug
        self.lift, self.at_half = self.twin.lift, self.twin.at_half
        self.fault, self.mend, self.refuse = self.twin.fault, self.twin.mend, sam.refuse

    def lay(self, document: str = "resident", **changed: str | bool) -> None:
        self.twin.lay(_card(document, changed))

    def expect(self, read: IdentityRead, document: str = "resident", **changed: str) -> None:
        card = _card(document, changed)
        assert read.document == document
        assert (read.name, read.number) == (card.name or card.name_foreign, card.number)
        assert read.number_valid


class IronBench:
    """A reader at a real port. The terminal asks for what a hand must do."""

    lossy = False

    def __init__(self, port: Path) -> None:
        self.port = port

    def lay(self, document: str = "resident", **changed: str | bool) -> None:
        if set(changed) - {"name"}:
            pytest.skip("needs a card with just these contents")
        self._ask(f"lay a card of the kind {document} on the reader")

    def lift(self) -> None:
        self._ask("take the card off the reader")

    def unplug(self) -> None:
        self._ask("unplug the reader")

    def plug(self) -> None:
        self._ask("plug the reader in again")

    def at_half(self, call: Callable[[], None]) -> None:
        pytest.skip("no hand is quick enough to pull the cable within a frame")

    def fault(self, name: str) -> None:
        pytest.skip(f"the fault {name!r} is of the line: only the twin has it")

    def mend(self) -> None:
        return

    def refuse(self, order: Order, status: SW3, times: int = 1) -> None:
        pytest.skip(f"no real module can be told to answer {status.name}")

    def expect(self, read: IdentityRead, document: str = "resident", **changed: str) -> None:
        assert read.document == document
        assert read.name
        assert read.number_valid

    def _ask(self, what: str) -> None:
        try:
            terminal = os.open("/dev/tty", os.O_RDWR)
        except OSError:
            pytest.skip(f"nobody at a terminal to {what}")
        with os.fdopen(terminal, "rb+", buffering=0) as screen:
            screen.write(f"\n>>> {what}, then press Enter (s: there is none) ".encode())
            if screen.readline().strip() == b"s":
                pytest.skip(f"asked to {what}: there is none")


def iron() -> IronBench:
    """The reader named in the environment; the test is skipped where there is none."""
    port = os.environ.get(HARDWARE)
    if not port:
        pytest.skip(f"no real reader: set {HARDWARE} to its port, e.g. /dev/ttyUSB0")
    return IronBench(Path(port))


def _card(document: str, changed: dict[str, str | bool] | dict[str, str]) -> Card:
    fields = {name: getattr(EXAMPLES[document], name) for name in Card.__struct_fields__}
    return Card(**{**fields, **changed})

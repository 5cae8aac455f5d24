"""What can happen to single messages between a terminal and the broker. Bytes are not its business.

Source: the contract between terminal and centre, version 1, "Topics"; OASIS MQTT Version 5.0,
section 4.3 (QoS): a PUBACK says that a message was taken, not what becomes of it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sim.twins.mqtt_packet import PUBACK, PUBLISH, Packet, acknowledge

_OWN_IDENTIFIERS = range(65_535, 65_000, -1)
"""For repetitions: a broker counts from 1 upwards and has few under way."""

Send = Callable[[Packet], None]
Hit = Callable[[str], None]


@dataclass
class LineFaults:
    """What is still to happen, for whichever connection comes. For one event loop only."""

    hit: Hit
    receipts_to_drop: int = 0
    receipt_delay_s: float = 0.0
    pairs_to_swap: int = 0
    facts_to_forget: int = 0
    orders_to_repeat: int = 0

    def on_connection(self, to_terminal: Send, to_broker: Send) -> "ConnectionFaults":
        return ConnectionFaults(self, to_terminal, to_broker)


class ConnectionFaults:
    """The same, as it happens to one connection: `to_…` say what is handed on for a packet."""

    def __init__(self, plan: LineFaults, to_terminal: Send, to_broker: Send) -> None:
        self._plan = plan
        self._send_terminal = to_terminal
        self._send_broker = to_broker
        self._held: Packet | None = None
        self._own: set[int] = set()
        self._receipt_not_before_s = 0.0
        self._delayed = 0

    def to_broker(self, packet: Packet) -> list[Packet]:
        if packet.kind == PUBACK and packet.identifier in self._own:
            self._own.discard(packet.identifier)
            return []
        if not _is(packet, "/fact/"):
            return [packet]
        if self._held is not None:
            return self._swap(packet)
        if self._plan.facts_to_forget:
            self._plan.facts_to_forget -= 1
            self._plan.hit("forget_facts")
            self._send_terminal(acknowledge(packet))
            return []
        if self._plan.pairs_to_swap:
            self._held = packet
            return []
        return [packet]

    def _swap(self, packet: Packet) -> list[Packet]:
        first, self._held = self._held, None
        assert first is not None
        if first.message == packet.message:
            return [first, packet]
        self._plan.pairs_to_swap = max(0, self._plan.pairs_to_swap - 1)
        self._plan.hit("swap_facts")
        return [packet, first]

    def to_terminal(self, packet: Packet) -> list[Packet]:
        if _is(packet, "/receipt"):
            return self._receipt(packet)
        if _is(packet, "/order/") and self._plan.orders_to_repeat:
            self._plan.orders_to_repeat -= 1
            self._plan.hit("repeat_orders")
            identifier = next(n for n in _OWN_IDENTIFIERS if n not in self._own)
            if packet.qos:
                self._own.add(identifier)
            return [packet, packet.again(identifier)]
        return [packet]

    def _receipt(self, packet: Packet) -> list[Packet]:
        if self._plan.receipts_to_drop:
            self._plan.receipts_to_drop -= 1
            self._plan.hit("drop_receipts")
            if packet.qos:
                self._send_broker(acknowledge(packet))
            return []
        loop = asyncio.get_running_loop()
        due_s = max(self._receipt_not_before_s, loop.time() + self._plan.receipt_delay_s)
        # One that is due may still wait for its turn in the loop: nothing overtakes it.
        if due_s <= loop.time() and not self._delayed:
            return [packet]
        self._plan.hit("delay_receipts")
        self._receipt_not_before_s = due_s + 1e-6  # timers of one moment have no order
        self._delayed += 1
        loop.call_at(due_s, self._deliver, packet)
        return []

    def _deliver(self, packet: Packet) -> None:
        self._delayed -= 1
        self._send_terminal(packet)


def _is(packet: Packet, channel: str) -> bool:
    """Whether it is a PUBLISH below this part of a terminal's branch."""
    if packet.kind != PUBLISH:
        return False
    parts = packet.topic.split("/")
    return len(parts) > 4 and parts[:2] == ["hall", "1"] and parts[4] == channel.strip("/")

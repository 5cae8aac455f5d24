"""What happens to single packets, without any connection."""

import asyncio

import pytest

from sim.twins.line_faults import ConnectionFaults, LineFaults
from sim.twins.mqtt_packet import (
    PUBACK,
    PUBLISH,
    MalformedPacket,
    Packet,
    acknowledge,
    read,
)

ORDER = b"hall/1/pzh01/pzh01-w01/order/rating/request"


def publish(topic: bytes, identifier: int, payload: bytes) -> Packet:
    """With QoS 1 and no properties."""
    body = len(topic).to_bytes(2) + topic + identifier.to_bytes(2) + b"\0" + payload
    return Packet(PUBLISH << 4 | 2, body)


def connection(plan: LineFaults) -> ConnectionFaults:
    return plan.on_connection(lambda _: None, lambda _: None)


async def from_bytes(*parts: bytes) -> Packet:
    stream = asyncio.StreamReader()
    for part in parts:
        stream.feed_data(part)
    stream.feed_eof()
    return await read(stream)


def test_the_acknowledgement_of_a_repetition_goes_no_further() -> None:
    """The broker sent the order once and hears of it once, under the identifier it gave."""
    faults = connection(LineFaults(hit=lambda _: None, orders_to_repeat=1))
    first, second = faults.to_terminal(publish(ORDER, 7, b"o"))
    assert first.message == second.message
    assert (first.identifier, second.first & 0x08) == (7, 0x08)
    assert faults.to_broker(acknowledge(second)) == []
    answer = acknowledge(first)
    assert faults.to_broker(answer) == [answer]


def test_other_terminals_words_are_left_alone() -> None:
    """Only what lies below a terminal's branch is a receipt, whatever else ends in the word."""
    faults = connection(LineFaults(hit=lambda _: None, receipts_to_drop=1))
    other = publish(b"hall/2/a/b/receipt", 1, b"")
    assert faults.to_terminal(other) == [other]
    assert faults.to_terminal(publish(b"hall/1/a/b/receipt", 2, b"")) == []


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 1_000_000])
def test_a_packet_comes_whole_however_it_was_cut(size: int) -> None:
    """At every length of the remaining length, byte for byte."""
    packet = Packet(PUBLISH << 4, bytes(size))
    encoded = packet.encode()
    parts = [encoded[:1], encoded[1:2], encoded[2:3], encoded[3:]]
    assert asyncio.run(from_bytes(*parts)) == packet


@pytest.mark.parametrize("wire", [b"\x30\xff\xff\xff\xff\x01", b"\x30\xff\xff\xff\x7f"])
def test_what_is_no_packet_is_refused(wire: bytes) -> None:
    """A remaining length of five bytes, or of more than a broker allows."""
    with pytest.raises(MalformedPacket):
        asyncio.run(from_bytes(wire))


def test_an_acknowledgement_carries_the_identifier() -> None:
    """Two bytes mean success, as the specification allows."""
    assert acknowledge(publish(ORDER, 513, b"")) == Packet(PUBACK << 4, b"\x02\x01")

"""The centre's connection to the broker: MQTT 5 over TLS 1.3, as the identity `centre`.

Every reason code is looked at: a broker refuses quietly. While the broker is away we go on trying;
what should have been published meanwhile is published again by whoever wants it published. So each
connection is a client of its own: what paho still held of the last one would come twice.
"""

import logging
import random
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from central.config import Broker
from central.errors import Unavailable
from central.service.moments import written
from hal.events.orders import CentreState, encode
from hal.events.topics import CENTRE_STATE, ROOT

CLIENT_ID = "centre"
_HEARD = ("fact/#", "state", "about", "device/#", "health", "log/#")
FILTERS = tuple(f"{ROOT}/+/+/{rest}" for rest in _HEARD)
KEEPALIVE_S = 10
SESSION_EXPIRY_S = 86_400
RECEIVE_MAXIMUM = 1000
RECONNECT_BASE_S, RECONNECT_CAP_S = 0.2, 5.0
_CONNECT_TIMEOUT_S = 5.0
_LOOK_S = 1.0

log = logging.getLogger(__name__)
Receive = Callable[[str, bytes], None]


class BrokerLink:
    """`receive(topic, body)` and `connected()` are called in the network thread; be quick there."""

    def __init__(
        self,
        broker: Broker,
        receive: Receive,
        connected: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        """Unavailable when a certificate or key cannot be used. Connects to nothing yet."""
        self._broker = broker
        self._receive = receive
        self._connected = connected
        self._now = now
        self._stopping = Event()
        self._ready = Event()
        self._failures = 0
        self._said: set[str] = set()
        self._tls = _tls(broker)
        self._client = self._make()
        self._thread = Thread(target=self._run, name="broker-link", daemon=True)

    @property
    def ready(self) -> Event:
        """Set while connected with every subscription granted."""
        return self._ready

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Say `stopping`, disconnect, end."""
        if self._ready.is_set():
            told = self._client.publish(CENTRE_STATE, self._state("stopping"), qos=1, retain=True)
            try:
                told.wait_for_publish(timeout_s)
            except (ValueError, RuntimeError):
                log.warning("the broker went before the last word")
        self._stopping.set()
        self._client.disconnect()
        self._thread.join(timeout_s)

    def publish(self, topic: str, body: bytes, expiry_s: int | None = None) -> bool:
        """Publish with QoS 1; False if there is no connection now. From any thread."""
        if not self._ready.is_set():
            return False
        properties = _properties(PacketTypes.PUBLISH)
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        return self._client.publish(topic, body, qos=1, properties=properties).rc == 0

    def _make(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=CLIENT_ID,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        client.tls_set_context(self._tls)
        client.will_set(CENTRE_STATE, self._state("lost"), qos=1, retain=True)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(RECEIVE_MAXIMUM)
        # Without this paho writes to the socket in whichever thread publishes, while the network
        # thread reads and writes it too: OpenSSL's connections do not bear that.
        client.on_socket_register_write = _leave_to_the_network_thread
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_message = lambda _client, _data, message: self._receive(
            message.topic, bytes(message.payload)
        )
        return client

    def _state(self, state: str) -> bytes:
        return encode(CentreState(state=state, since=written(self._now())))

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._client = self._make()
            try:
                self._connect()
                # Not `loop_forever`: that makes no pair of sockets by which `publish` could wake it
                # from its select, so that a receipt would wait for other traffic.
                while self._client.loop(_LOOK_S) == mqtt.MQTT_ERR_SUCCESS:
                    continue
            except (OSError, ValueError) as error:
                self._say("no connection to the broker", type(error).__name__)
            except Exception:  # atop the task: a message that nobody foresaw must not end it
                log.exception("The connection to the broker broke on our side.")
            self._down()
            ceiling_s = min(RECONNECT_CAP_S, RECONNECT_BASE_S * 2**self._failures)
            self._failures = min(self._failures + 1, 16)
            self._stopping.wait(random.uniform(0, ceiling_s))

    def _connect(self) -> None:
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect(
            self._broker.address.host,
            self._broker.address.port,
            keepalive=KEEPALIVE_S,
            clean_start=False,
            properties=properties,
        )

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._say("the broker refuses the centre", str(reason))
            client.disconnect()
            return
        if self._stopping.is_set():
            client.disconnect()
            return
        client.subscribe([(name, SubscribeOptions(qos=1)) for name in FILTERS])

    def _on_subscribe(
        self,
        client: mqtt.Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._say("the broker refuses a subscription", str(reasons))
            client.disconnect()
            return
        client.publish(CENTRE_STATE, self._state("ready"), qos=1, retain=True)
        self._failures = 0
        self._said.clear()
        self._ready.set()
        log.info("connected to the broker")
        self._connected()

    def _on_publish(
        self,
        _client: mqtt.Client,
        _data: object,
        _mid: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        if reason.is_failure:
            self._say("the broker refuses a message", str(reason))

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        # A session taken over, say: somebody else connects under our name.
        if reason.is_failure and not self._stopping.is_set():
            self._say("the broker ended the connection", str(reason))
        self._down()

    def _down(self) -> None:
        if self._ready.is_set():
            self._ready.clear()
            if not self._stopping.is_set():
                log.warning("connection to the broker lost")

    def _say(self, what: str, detail: str) -> None:
        """Log a failure once, until the connection has been good again."""
        if what not in self._said:
            self._said.add(what)
            log.warning("%s (%s)", what, detail)


def _leave_to_the_network_thread(_client: mqtt.Client, _data: object, _socket: object) -> None:
    """Nothing: `publish` wakes the loop, and the loop writes."""


def _send_at_once(_client: mqtt.Client, _data: object, connection: Any) -> None:
    """A small message must not wait 40 ms for the acknowledgement of the one before it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho left this one untyped


def _tls(broker: Broker) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(broker.ca)
        context.load_cert_chain(broker.cert, broker.key)
    except (OSError, ssl.SSLError) as error:
        raise Unavailable(
            f"The centre's identity for the broker cannot be used ({broker.ca.name}, "
            f"{broker.cert.name}, {broker.key.name}); issue it anew."
        ) from error
    return context

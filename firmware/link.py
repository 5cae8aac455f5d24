"""The line to the broker: MQTT 5 over TLS 1.3, with the terminal's certificate.

A connection is worth nothing until its subscriptions are granted; every reason code is looked at,
since a broker refuses quietly. Each connection is a client of its own: what paho still held of the
last one is in the outbox anyway, and would come twice.
Source: the contract between terminal and centre, version 1, "Topics".
"""

import logging
import random
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Event, Lock
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from firmware.config import Broker
from firmware.credentials import tls_context
from firmware.task import Task
from hal.events.topics import CENTRE_STATE, Branch

KEEPALIVE_S = 10
"""A half-open connection is found after about 1.9 times this."""
SESSION_EXPIRY_S = 86_400
RECEIVE_MAXIMUM = 64
RECONNECT_BASE_S, RECONNECT_CAP_S = 0.2, 5.0
_CONNECT_TIMEOUT_S = 5.0
_LOOK_S = 1.0

_log = logging.getLogger(__name__)
Received = Callable[[str, bytes], None]


class Link:
    """One terminal's connection. `received` and the listeners run in the network thread."""

    def __init__(self, broker: Broker, branch: Branch, will: bytes, received: Received) -> None:
        """KeyFault if a certificate or key cannot be used; connects to nothing yet."""
        self._broker = broker
        self._branch = branch
        self._received = received
        self._retained: dict[str, bytes] = {}
        self._lock = Lock()
        self._stopping = Event()
        self.subscribed = Event()
        self._listeners: list[Callable[[bool], None]] = []
        self._complained: set[str] = set()
        self._failures = 0
        self._will = will
        self._tls = tls_context(broker, branch.terminal)
        self._client = self._make_client()
        self._task = Task("link", self._run)

    def on_change(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(True)` when the line is usable, `listener(False)` when it is not."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Connect, and connect again for ever, in a thread of its own."""
        self._task.start()

    def stop(self, last_words: Mapping[str, bytes], timeout_s: float = 2.0) -> None:
        """Publish `last_words` retained, wait for their acknowledgement, disconnect."""
        if self.subscribed.is_set():
            for topic, body in last_words.items():
                told = self._client.publish(topic, body, qos=1, retain=True)
                with suppress(RuntimeError):  # the line broke just now: the will says it
                    told.wait_for_publish(timeout_s)
        self._stopping.set()
        self._client.disconnect()
        self._task.join(timeout_s)

    def retain(self, topic: str, body: bytes) -> None:
        """Keep `body` at the broker under `topic`: now, and again after each reconnection."""
        with self._lock:
            self._retained[topic] = body
        if self.subscribed.is_set():
            self._client.publish(topic, body, qos=1, retain=True)

    def publish(
        self, topic: str, body: bytes, *, qos: int, content_type: str, retain: bool = False
    ) -> bool:
        """Hand a message to the network thread. False if the line is not usable now."""
        if not self.subscribed.is_set():
            return False
        properties = _properties(PacketTypes.PUBLISH)
        properties.ContentType = content_type
        told = self._client.publish(topic, body, qos=qos, retain=retain, properties=properties)
        return told.rc == mqtt.MQTT_ERR_SUCCESS

    def _make_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._branch.terminal,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        client.tls_set_context(self._tls)
        client.will_set(self._branch.state, self._will, qos=1, retain=True)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.max_queued_messages_set(0)
        # Without this paho writes to the socket in whichever thread publishes, while the network
        # thread reads and writes it too: OpenSSL's connections do not bear that.
        client.on_socket_register_write = _leave_to_the_network_thread
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = lambda _client, _data, message: self._received(
            message.topic, bytes(message.payload)
        )
        return client

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._client = self._make_client()
                self._connect()
                while self._client.loop(_LOOK_S) == mqtt.MQTT_ERR_SUCCESS:
                    continue
            except (OSError, ValueError) as error:
                self._complain("cannot reach the broker", type(error).__name__)
            finally:
                self._lost()
            ceiling_s = min(RECONNECT_CAP_S, RECONNECT_BASE_S * 2**self._failures)
            self._failures += 1
            self._stopping.wait(random.uniform(0, ceiling_s))

    def _connect(self) -> None:
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect(
            self._broker.host,
            self._broker.port,
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
            self._complain("the broker refuses the connection", str(reason))
            client.disconnect()
            return
        options = SubscribeOptions(qos=1)
        filters = (self._branch.orders, self._branch.receipt, CENTRE_STATE)
        client.subscribe([(name, options) for name in filters])

    def _on_subscribe(
        self,
        client: mqtt.Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._complain("the broker refuses a subscription", str(reasons))
            client.disconnect()
            return
        with self._lock:
            retained = dict(self._retained)
        for topic, body in retained.items():
            client.publish(topic, body, qos=1, retain=True)
        self._complained.clear()
        self._failures = 0
        self.subscribed.set()
        _log.info("connected to the broker")
        self._tell(True)

    def _on_disconnect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._lost()

    def _on_publish(
        self,
        _client: mqtt.Client,
        _data: object,
        _mid: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        # "No matching subscribers" (16) is a success: the centre may be away.
        if reason.is_failure:
            self._complain("the broker refuses a message", str(reason))

    def _lost(self) -> None:
        if self.subscribed.is_set():
            self.subscribed.clear()
            if not self._stopping.is_set():
                _log.warning("connection to the broker lost")
            self._tell(False)

    def _tell(self, usable: bool) -> None:
        for listener in self._listeners:
            listener(usable)

    def _complain(self, what: str, detail: str) -> None:
        """Log a failure once, until the line has been good again."""
        if what not in self._complained:
            self._complained.add(what)
            _log.warning(what, extra={"detail": detail})


def _leave_to_the_network_thread(_client: mqtt.Client, _data: object, _socket: object) -> None:
    """Nothing: `publish` wakes the loop, and the loop writes."""


def _send_at_once(_client: mqtt.Client, _data: object, connection: Any) -> None:
    """A small message must not wait 40 ms for the acknowledgement of the one before it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho left this one untyped

"""The centre's connection to the broker: MQTT 5 over TLS 1.3, as the identity `centre`.

Every reason code is looked at: a broker refuses quietly. While the broker is away we go on trying;
what should have been published meanwhile is published again by whoever wants it published.
"""

import logging
import random
import ssl
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

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
FILTERS = tuple(f"{ROOT}/+/+/{rest}" for rest in ("fact/#", "state", "about", "device/#"))
KEEPALIVE_S = 10
SESSION_EXPIRY_S = 86_400
RECEIVE_MAXIMUM = 1000
RECONNECT_BASE_S, RECONNECT_CAP_S = 0.2, 5.0

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
        self._up = Event()
        self._failures = 0
        self._said: set[str] = set()
        self._client = self._make()
        self._thread = Thread(target=self._run, name="broker-link", daemon=True)

    @property
    def up(self) -> Event:
        """Set while connected with every subscription granted."""
        return self._up

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Say `stopping`, disconnect, end."""
        if self._up.is_set():
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
        if not self._up.is_set():
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
        client.tls_set_context(_tls(self._broker))
        client.will_set(CENTRE_STATE, self._state("lost"), qos=1, retain=True)
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(RECEIVE_MAXIMUM)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_disconnect = lambda *_: self._down()
        client.on_message = lambda _client, _data, message: self._receive(
            message.topic, bytes(message.payload)
        )
        return client

    def _state(self, state: str) -> bytes:
        return encode(CentreState(state=state, since=written(self._now())))

    def _run(self) -> None:
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        address = self._broker.address
        while not self._stopping.is_set():
            try:
                self._client.connect(
                    address.host,
                    address.port,
                    keepalive=KEEPALIVE_S,
                    clean_start=False,
                    properties=properties,
                )
                self._client.loop_forever()
            except (OSError, ValueError) as error:
                self._say("no connection to the broker", type(error).__name__)
            self._down()
            ceiling_s = min(RECONNECT_CAP_S, RECONNECT_BASE_S * 2**self._failures)
            self._failures += 1
            self._stopping.wait(random.uniform(0, ceiling_s))

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
        self._up.set()
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

    def _down(self) -> None:
        if self._up.is_set():
            self._up.clear()
            if not self._stopping.is_set():
                log.warning("connection to the broker lost")

    def _say(self, what: str, detail: str) -> None:
        """Log a failure once, until the connection has been good again."""
        if what not in self._said:
            self._said.add(what)
            log.warning("%s (%s)", what, detail)


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

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
from time import monotonic

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from firmware.config import Broker, Intervals
from firmware.credentials import tls_context
from firmware.handshake import UNREACHABLE, Connection, Validity, Verdict, judge
from firmware.task import Task
from hal.clock import Clock, SystemClock
from hal.events.topics import CENTRE_STATE, Branch

SESSION_EXPIRY_S = 86_400
RECEIVE_MAXIMUM = 64
_CONNECT_TIMEOUT_S = 5.0
_PING_SHARE = 0.9
_LOOK_SHARE = 0.05
"""paho asks after an interval without a word, and gives up an interval later, each at its next look
at the clock. With these shares of `keepalive_s` a half-open line is found within 1.9 times it."""
_MOST_DOUBLINGS = 16

_log = logging.getLogger(__name__)
_DEFAULTS = Intervals()
_MACHINE = SystemClock()
Received = Callable[[str, bytes], None]
_REMEDIES = {
    "Not authorized": "register this terminal at the centre",
    "Session taken over": "another terminal has this certificate; issue it one of its own",
    "Server busy": "it will be tried again",
    "Server unavailable": "it will be tried again",
}


class Backoff:
    """How long to rest before the next attempt: full jitter below a ceiling that doubles.

    The first rest is as random as the others: a broker that restarts cuts a whole hall at once.
    """

    def __init__(self, base_s: float, cap_s: float) -> None:
        self._base_s, self._cap_s = base_s, cap_s
        self._failures = 0

    def next_s(self, good_s: float) -> float:
        """`good_s`: how long the line was good; one that broke sooner than the cap was not."""
        if good_s > self._cap_s:
            self._failures = 0
        ceiling_s = min(self._cap_s, self._base_s * 2**self._failures)
        self._failures = min(self._failures + 1, _MOST_DOUBLINGS)
        return random.uniform(0, ceiling_s)


class Link:
    """One terminal's connection. `received` and the listeners run in the network thread."""

    def __init__(
        self,
        broker: Broker,
        branch: Branch,
        will: bytes,
        received: Received,
        intervals: Intervals = _DEFAULTS,
        clock: Clock = _MACHINE,
    ) -> None:
        """KeyFault if a certificate or key cannot be used; connects to nothing yet."""
        self._broker = broker
        self._branch = branch
        self._received = received
        self._intervals = intervals
        self._clock = clock
        self._retained: dict[str, bytes] = {}
        self._lock = Lock()
        self._stopping = Event()
        self.subscribed = Event()
        self._listeners: list[Callable[[bool], None]] = []
        self._clock_listeners: list[Callable[[bool], None]] = []
        self._clock_wrong: bool | None = None
        self._complained: set[str] = set()
        self._backoff = Backoff(intervals.reconnect_base_s, intervals.reconnect_cap_s)
        self._good_since_s: float | None = None
        self._will = will
        self._tls = tls_context(broker, branch.terminal)
        self._tls.sslsocket_class = Connection
        self._own = Validity(broker.cert)
        self._connection: Connection | None = None
        self._client = self._make_client()
        self._task = Task("link", self._run)

    def on_change(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(True)` when the line is usable, `listener(False)` when it is not."""
        self._listeners.append(listener)

    def on_clock(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(True)` when a wrong clock keeps us from the broker, `listener(False)`
        after a good connection; each only when it changes. Certificates know what time it is.
        """
        self._clock_listeners.append(listener)

    def start(self) -> None:
        """Connect, and connect again for ever, in a thread of its own."""
        self._task.start()

    def stop(self, last_words: Mapping[str, bytes], timeout_s: float = 2.0) -> None:
        """Publish `last_words` retained, wait for their acknowledgement, disconnect."""
        if self.subscribed.is_set():
            for topic, body in last_words.items():
                told = self._client.publish(topic, body, qos=1, retain=True)
                with suppress(RuntimeError, ValueError):  # it broke just now: the will says it
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
        client.connect_timeout = min(_CONNECT_TIMEOUT_S, float(self._intervals.keepalive_s))
        client.max_queued_messages_set(0)
        # Without this paho writes to the socket in whichever thread publishes, while the network
        # thread reads and writes it too: OpenSSL's connections do not bear that.
        client.on_socket_register_write = _leave_to_the_network_thread
        client.on_socket_open = self._on_socket_open
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
                self._check_own_certificate()
                self._client = self._make_client()
                self._connect()
                self._stay()
                self._look_for_refusal()
            except (OSError, ValueError) as error:
                self._failed(judge(error), type(error).__name__)
            finally:
                self._lost()
                self._let_go()
            self._stopping.wait(self._backoff.next_s(self._good_for_s()))

    def _stay(self) -> None:
        """Carry messages until the line is lost. TimeoutError if it does not become usable."""
        look_s = min(1.0, self._intervals.keepalive_s * _LOOK_SHARE)
        deadline_s = monotonic() + 2 * self._intervals.keepalive_s
        while self._client.loop(look_s) == mqtt.MQTT_ERR_SUCCESS:
            if not self.subscribed.is_set() and monotonic() > deadline_s:
                raise TimeoutError("the broker grants no subscription")

    def _let_go(self) -> None:
        """paho closes a connection that is lost, and leaves one that we have given up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _good_for_s(self) -> float:
        """How long the connection that has just ended was usable."""
        since_s, self._good_since_s = self._good_since_s, None
        return 0.0 if since_s is None else monotonic() - since_s

    def _check_own_certificate(self) -> None:
        if not self._own.covers(self._clock.now()):
            what = "our certificate is not valid at this time; set the clock, or renew it"
            self._failed(Verdict(what, clock=True), "")

    def _connect(self) -> None:
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect(
            self._broker.host,
            self._broker.port,
            keepalive=max(1, int(self._intervals.keepalive_s * _PING_SHARE)),
            clean_start=False,
            properties=properties,
        )

    def _on_socket_open(self, _client: mqtt.Client, _data: object, connection: object) -> None:
        assert isinstance(connection, Connection)
        # A small message must not wait 40 ms for the acknowledgement of the one before it.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection

    def _look_for_refusal(self) -> None:
        """The broker's word about our certificate comes after the handshake, as an alert."""
        refusal = None if self._connection is None else self._connection.refusal
        if refusal is not None and (verdict := judge(refusal)) is not UNREACHABLE:
            self._failed(verdict, str(refusal.reason))

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refused("the broker refuses the connection", reason)
            client.disconnect()
            return
        if self._stopping.is_set():
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
        # Always all of it, also when the broker knows our session: the will may have been
        # published, and a broker that was killed has the session of its last autosave and not
        # what it was told to retain since.
        self._complained.clear()
        self._good_since_s = monotonic()
        self._tell_clock(False)
        with self._lock:
            # Under the lock: what `retain` is given meanwhile comes behind, and is not missed.
            for topic, body in self._retained.items():
                client.publish(topic, body, qos=1, retain=True)
            self.subscribed.set()
        _log.info("connected to the broker")
        self._tell(True)

    def _on_disconnect(
        self,
        client: mqtt.Client,
        _data: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server and reason.is_failure:
            self._refused("the broker ended the connection", reason)
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
            self._refused("the broker refuses a message", reason)

    def _lost(self) -> None:
        if self.subscribed.is_set():
            self.subscribed.clear()
            if not self._stopping.is_set():
                _log.warning("connection to the broker lost")
            self._tell(False)

    def _tell(self, usable: bool) -> None:
        for listener in self._listeners:
            listener(usable)

    def _tell_clock(self, wrong: bool) -> None:
        if wrong != self._clock_wrong:
            self._clock_wrong = wrong
            for listener in self._clock_listeners:
                listener(wrong)

    def _failed(self, verdict: Verdict, detail: str) -> None:
        if verdict.clock:
            self._tell_clock(True)
        self._complain(verdict.what, detail)

    def _refused(self, what: str, reason: ReasonCode) -> None:
        remedy = _REMEDIES.get(reason.getName())
        self._complain(f"{what}; {remedy}" if remedy else what, str(reason))

    def _complain(self, what: str, detail: str) -> None:
        """Log a failure once, until the line has been good again."""
        if what not in self._complained:
            self._complained.add(what)
            _log.warning(what, extra={"detail": detail})


def _leave_to_the_network_thread(_client: mqtt.Client, _data: object, _socket: object) -> None:
    """Nothing: `publish` wakes the loop, and the loop writes."""


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho left this one untyped

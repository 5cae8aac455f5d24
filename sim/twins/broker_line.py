"""The line between one terminal and the broker, with everything that can happen to it.

A man in the middle on the loopback: the terminal's TLS ends here, at the broker's own certificate,
and a second connection goes on to the broker with the terminal's. Between them packets pass one by
one, so that a receipt can be lost and a fact forgotten although everybody acknowledged it.
"""

import asyncio
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sim.errors import PortFault
from sim.twins.line_faults import LineFaults
from sim.twins.mqtt_packet import MalformedPacket, Packet, read

HOST = "127.0.0.1"
_CALL_S = 10.0
_HANDSHAKE_S = 10.0
_CLOSED_S = 1.0
_LAST_TURNS_S = 0.01
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends RST and forgets what was not sent."""
_BROKEN = (OSError, asyncio.IncompleteReadError, MalformedPacket)

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _End:
    """One of the two connections."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    plain: socket.socket

    def send(self, packet: Packet) -> None:
        if not self.writer.is_closing():
            self.writer.write(packet.encode())

    def close(self) -> None:
        # Closing a transport twice breaks asyncio's TLS, up to Python 3.11.2 at least.
        if not self.writer.is_closing():
            self.writer.close()

    def reset(self) -> None:
        _reset_on_close(self.plain)
        if not self.writer.is_closing():
            self.writer.transport.abort()
        else:
            with suppress(OSError):  # it is closed already
                self.plain.shutdown(socket.SHUT_RDWR)

    async def end(self) -> None:
        """Reset it, and wait until its socket is closed."""
        self.reset()
        with suppress(OSError):  # whatever broke it
            await asyncio.wait_for(self.writer.wait_closed(), _CLOSED_S)


@dataclass(eq=False)
class _Pair:
    """The terminal's connection and the one to the broker that stands for it."""

    terminal: _End
    broker: _End
    swallowed: bool = False

    def reset(self) -> None:
        self.terminal.reset()
        self.broker.reset()


class BrokerLine:
    """All methods may be called from any thread; they return when what they ask for is so.

    `identities` is the folder of `ow-provision dev`: the line shows broker.pem, asks for a
    certificate of ca.pem, and goes on as `terminal`. `port` 0: one that is free.
    """

    def __init__(self, identities: Path, terminal: str, broker_port: int, port: int = 0) -> None:
        self._port = port
        self._broker_port = broker_port
        self._server = _context(ssl.PROTOCOL_TLS_SERVER, identities, "broker")
        self._client = _context(ssl.PROTOCOL_TLS_CLIENT, identities, terminal)
        self._met = threading.Condition()
        self._counted: Counter[str] = Counter()
        self._faults = LineFaults(self._hit)
        self._thread: threading.Thread | None = None
        self._listening: socket.socket | None = None
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._refusing = False

    @property
    def port(self) -> int:
        """Where the terminal connects; 0 before `start` when none was given."""
        return self._port

    @property
    def hits(self) -> dict[str, int]:
        """How often each fault really hit, by the name of its method.

        `cut`, `freeze`: connections reset, connections of which something was swallowed. `refuse`:
        attempts refused. All others: messages (pairs of messages for `swap_facts`).
        """
        with self._met:
            return dict(self._counted)

    def wait_hit(self, fault: str, count: int, timeout_s: float) -> bool:
        """Block until `fault` has hit `count` times altogether; False if it does not in time."""
        with self._met:
            return self._met.wait_for(lambda: self._counted[fault] >= count, timeout_s)

    def start(self) -> None:
        """Listen. PortFault if the port is taken. A line that was stopped cannot start again."""
        try:
            listening = socket.create_server((HOST, self._port), backlog=64)
        except OSError as error:
            raise PortFault(f"{HOST}:{self._port}: {error.strerror}; choose another.") from error
        listening.setblocking(False)
        self._listening = listening
        self._loop = asyncio.new_event_loop()
        self._port = int(listening.getsockname()[1])
        self._thread = threading.Thread(target=self._run, name="broker line", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Reset what is connected and end; a second call does nothing."""
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CALL_S)

    def cut(self) -> None:
        """Reset both connections of every pair, as when the broker's machine lost its power."""

        def reset() -> None:
            for pair in self._pairs:
                self._hit("cut")
                pair.reset()

        self._call(reset)

    def freeze(self) -> None:
        """Half-open: swallow what comes from both sides, close nothing, answer no newcomer."""
        self._call(self._thawed.clear)

    def thaw(self) -> None:
        """Let the line live again. What has lost bytes meanwhile is reset: TCP loses none."""

        def release() -> None:
            self._thawed.set()
            for pair in self._pairs:
                if pair.swallowed:
                    pair.reset()

        self._call(release)

    def refuse(self, refusing: bool) -> None:
        """Reset every newcomer at once; what is connected stays."""
        self._call(lambda: setattr(self, "_refusing", refusing))

    def drop_receipts(self, count: int) -> None:
        """The next `count` receipts never reach the terminal; the broker gets its PUBACK."""
        self._plan(receipts_to_drop=count)

    def delay_receipts(self, delay_s: float) -> None:
        """Every receipt from now on comes so much later, in order; 0 ends it."""
        self._plan(receipt_delay_s=delay_s)

    def swap_facts(self, pairs: int) -> None:
        """The next `pairs` pairs of different facts reach the broker in the other order.

        The first one of a pair is held until the second comes, or the first one again.
        """
        self._plan(pairs_to_swap=pairs)

    def forget_facts(self, count: int) -> None:
        """The next `count` facts are acknowledged to the terminal and never reach the broker."""
        self._plan(facts_to_forget=count)

    def repeat_orders(self, count: int) -> None:
        """The next `count` orders are delivered twice."""
        self._plan(orders_to_repeat=count)

    def _plan(self, **what: float) -> None:
        self._call(lambda: vars(self._faults).update(what))

    def _hit(self, fault: str) -> None:
        with self._met:
            self._counted[fault] += 1
            self._met.notify_all()

    def _call(self, work: Callable[[], None]) -> None:
        """Have it done in the line's own thread."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  handed to the caller
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(run)
        done.result(_CALL_S)

    def _run(self) -> None:
        self._spawn(self._listen())
        try:
            self._loop.run_forever()
        finally:
            if self._listening is not None:
                self._listening.close()
            for task in self._tasks:
                task.cancel()
            ended = asyncio.gather(*self._tasks, return_exceptions=True)
            self._loop.run_until_complete(ended)
            # Transports close their sockets in the turn after they were told to.
            self._loop.run_until_complete(asyncio.sleep(_LAST_TURNS_S))
            self._loop.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self) -> None:
        assert self._listening is not None
        while True:
            connection, _ = await self._loop.sock_accept(self._listening)
            if self._refusing:
                self._hit("refuse")
                _reset_on_close(connection)
                connection.close()
            else:
                self._spawn(self._serve(connection))

    async def _serve(self, connection: socket.socket) -> None:
        """One connection of the terminal, from its handshake to its end."""
        await self._thawed.wait()
        try:
            pair = await self._connect(connection)
        except OSError:
            _reset_on_close(connection)
            connection.close()
            return
        self._pairs.add(pair)
        try:
            faults = self._faults.on_connection(pair.terminal.send, pair.broker.send)
            up = self._pump(pair, pair.terminal, pair.broker, faults.to_broker)
            down = self._pump(pair, pair.broker, pair.terminal, faults.to_terminal)
            await asyncio.gather(up, down)
        finally:
            self._pairs.discard(pair)
            await asyncio.gather(pair.terminal.end(), pair.broker.end())

    async def _connect(self, connection: socket.socket) -> _Pair:
        reader, writer = await asyncio.open_connection(
            HOST, self._broker_port, ssl=self._client, server_hostname=HOST
        )
        broker = _end(reader, writer)
        try:
            terminal = await self._welcome(connection)
        except BaseException:  # the terminal gave up, or we are to stop
            await broker.end()
            raise
        return _Pair(terminal, broker)

    async def _welcome(self, connection: socket.socket) -> _End:
        """The terminal's TLS handshake. OSError if it does not come about."""
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol, connection, ssl=self._server, ssl_handshake_timeout=_HANDSHAKE_S
        )
        return _end(reader, asyncio.StreamWriter(transport, protocol, reader, self._loop))

    async def _pump(
        self, pair: _Pair, source: _End, target: _End, passes: Callable[[Packet], list[Packet]]
    ) -> None:
        """Hand on what comes until one side ends; then end the other in the same way."""
        try:
            while True:
                packet = await read(source.reader)
                if not self._thawed.is_set():
                    self._swallow(pair)
                    continue
                for each in passes(packet):
                    target.send(each)
                await target.writer.drain()
        except _BROKEN:
            await self._thawed.wait()
            target.close()

    def _swallow(self, pair: _Pair) -> None:
        if not pair.swallowed:
            pair.swallowed = True
            self._hit("freeze")


def _context(protocol: int, identities: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(identities / "ca.pem")
    context.load_cert_chain(identities / f"{name}.pem", identities / f"{name}.key")
    return context


def _end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _End:
    plain: socket.socket = writer.get_extra_info("socket")
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _End(reader, writer, plain)


def _reset_on_close(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

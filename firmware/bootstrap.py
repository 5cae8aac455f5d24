"""Chooses and connects the real parts of the terminal, starts them, and stops them again."""

import fcntl
import hashlib
import logging
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import cast

import msgspec

from firmware.config import Configuration
from firmware.credentials import expiry, tls_context
from firmware.errors import EssentialMissing, StateFault
from firmware.health import Examiner, HealthTimer
from firmware.lights import Lights
from firmware.link import Link
from firmware.orders import Orders
from firmware.outbox import Outbox
from firmware.panel import Panel
from firmware.photographer import Photographer
from firmware.seal import Seal, load_seal
from firmware.sender import Sender
from firmware.spool import Spool, SpoolError
from firmware.stamp import Stamp
from firmware.supervisor import Supervisor
from firmware.task import Task
from firmware.uploader import Uploader
from firmware.window import Noted, Ordered, Seen, Window
from hal.clock import Clock, rfc3339
from hal.events.envelope import PLAIN
from hal.events.facts import FACTS, DeviceChanged, TerminalChanged
from hal.events.orders import CentreState, OrderError, decode, encode
from hal.events.status import About, DeviceAbout, DeviceStatus, TerminalMode, TerminalState
from hal.events.topics import CENTRE_STATE, Branch, parse_topic
from hal.interfaces import Device, Display, DocumentCamera, Lamps, Observation, RatingPad

ESSENTIAL_GRACE_S = 10.0
"""How long an essential device may take to appear after the start."""
_END_S = 2.0
_LOOK_S = 0.02

_log = logging.getLogger(__name__)
_OF_TERMINAL = ("terminal.started", "terminal.stopping")
_OF_DEVICES = ("device.lost", "device.returned")
_OF_ORDERS = ("order.done", "order.refused")
_OF_ROLE = {
    "card": ("card.presented", "card.read", "card.removed"),
    "identity": ("identity.read",),
    "code": ("code.scanned",),
    "document": ("document.captured",),
    "rating": ("rating.given", "rating.expired"),
}


class Terminal:
    """One window's program. `run` blocks until `end` is set."""

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        """StartFault when a key, a certificate or the state folder cannot be used."""
        self._configuration = configuration
        self._clock = clock
        self._branch = configuration.branch
        state_dir = configuration.terminal.state_dir
        seal = load_seal(configuration.seal.kid, configuration.seal.public_key)
        self._stamp = Stamp(self._branch, clock, seal)
        self._lock_file = _take(state_dir)
        self._outbox = _open_outbox(state_dir / "outbox.db", self._stamp.new_id)
        self._started = rfc3339(clock.now())
        self._centre = "unknown"
        self._link = Link(
            configuration.broker, self._branch, encode(self._state("lost")), self._received
        )
        self._sender = Sender(self._outbox, self._link)
        tables = configuration.devices
        self._devices = {t.name: t.spec.build(t.options, clock) for t in tables}
        spool = _open_spool(state_dir / "spool", self._branch.terminal, seal, self._stamp.new_id)
        tls = tls_context(configuration.broker, self._branch.terminal)
        self._uploader = Uploader(spool, configuration.centre.url, tls)
        self._panel = Panel(cast(Display | None, self._first("display")))
        self._lights = Lights(
            cast(Lamps | None, self._first("lamp")),
            cast(RatingPad | None, self._first("rating")),
            self._panel,
        )
        orders = Orders({table.name: table.spec.role for table in tables})
        self._window = Window(self._outbox, self._stamp, self._lights, orders, clock)
        self._photographer = Photographer(
            cast(DocumentCamera | None, self._first("document")), spool, self._window.put
        )
        self._window.on_capture(self._photographer.take)
        desk = _Desk(self._window, self._link, self._lights, self._branch)
        self._supervisor = Supervisor(self._devices, desk, clock)
        expires_at = expiry(configuration.broker.cert)
        self._examiner = Examiner(self._outbox, state_dir, expires_at, clock)
        self._health = HealthTimer(self._tell_health)
        self._window.on_kept(self._sender.wake)
        self._link.on_change(self._sender.line)
        self._link.on_change(lambda usable: self._tell_health() if usable else None)
        self._link.retain(self._branch.about, encode(self._about(orders)))

    def run(self, end: Event, ready: Callable[[], None]) -> None:
        """Start everything, call `ready` when line and devices have settled, stop at `end`.

        EssentialMissing when an essential device is not there after its grace.
        """
        window = Task("window", self._window.run)
        window.start()
        self._link.retain(self._branch.state, encode(self._state("starting")))
        why = "start" if self._outbox.set_aside is None else "outbox damaged, set aside"
        self._note_terminal("started", why)
        self._panel.start()
        self._photographer.start()
        self._uploader.start()
        self._supervisor.start()
        self._sender.start()
        self._link.start()
        self._health.start()
        try:
            self._await_essential(end)
            self._settle(end, ready)
            end.wait()
        finally:
            self._stop(window)

    def _await_essential(self, end: Event) -> None:
        """Until every device has had its first verdict and no essential one is missing.

        After the grace the window does without a device that is not essential.
        """
        essential = {table.name for table in self._configuration.devices if table.essential}
        deadline_ns = self._clock.monotonic_ns() + int(ESSENTIAL_GRACE_S * 1e9)
        while not end.is_set():
            lost, unheard = self._supervisor.missing(), self._supervisor.unheard()
            absent = sorted(essential & (lost.keys() | unheard))
            late = self._clock.monotonic_ns() >= deadline_ns
            if not absent and (late or not unheard):
                return
            if absent and late:
                cause = lost[absent[0]].cause if absent[0] in lost else "it does not open"
                raise EssentialMissing(
                    f"device.{absent[0]} is essential and is not there: {cause}. "
                    "Plug it in, or correct its table."
                )
            end.wait(_LOOK_S)

    def _settle(self, end: Event, ready: Callable[[], None]) -> None:
        while not end.is_set():
            if self._link.subscribed.wait(0.1):
                self._link.retain(self._branch.state, encode(self._state("ready")))
                ready()
                return

    def _stop(self, window: Task) -> None:
        self._health.stop()
        self._photographer.stop()
        self._uploader.stop()
        self._supervisor.stop()
        self._note_terminal("stopping", "asked to stop")
        self._window.stop()
        window.join(_END_S)
        self._lights.stop()
        self._panel.stop()
        self._sender.stop()
        self._link.stop({self._branch.state: encode(self._state("stopping"))})
        for device in self._devices.values():
            device.close()
        self._outbox.close()
        os.close(self._lock_file)

    def _received(self, topic: str, body: bytes) -> None:
        if topic == CENTRE_STATE:
            self._note_centre(body)
        elif topic == self._branch.receipt:
            self._sender.receipt(body)
        else:
            rest = parse_topic(topic).rest
            if len(rest) == 2:
                self._window.put(Ordered(rest[0], rest[1], body))

    def _note_centre(self, body: bytes) -> None:
        try:
            state = decode(body, CentreState).state
        except OrderError:
            state = "unknown"
        if state != self._centre:
            self._centre = state
            _log.info("centre", extra={"state": state})
            if state == "ready":
                self._sender.centre_ready()

    def _note_terminal(self, name: str, why: str) -> None:
        data = TerminalChanged(
            version=version("onewindow"),
            epoch=self._outbox.epoch,
            outbox_depth=self._outbox.waiting()[0],
            why=why,
        )
        self._window.put(Noted("terminal", "terminal", name, data))

    def _tell_health(self) -> None:
        lost = sorted(self._supervisor.missing())
        health = self._examiner.look(centre=self._centre, devices_lost=lost)
        if health is None:
            return
        self._link.publish(
            self._branch.health, encode(health), qos=0, content_type=PLAIN, retain=True
        )

    def _state(self, mode: TerminalMode) -> TerminalState:
        return TerminalState(
            state=mode,
            epoch=self._outbox.epoch,
            boot=self._stamp.boot,
            since=self._started if mode == "lost" else rfc3339(self._clock.now()),
        )

    def _first(self, role: str) -> Device | None:
        return next((device for device in self._devices.values() if device.role == role), None)

    def _about(self, orders: Orders) -> About:
        tables = self._configuration.devices
        devices = [
            DeviceAbout(
                device=table.name,
                role=table.spec.role,
                driver=table.spec.name,
                essential=table.essential,
            )
            for table in tables
        ]
        roles = {table.spec.role for table in tables}
        facts = [*_OF_TERMINAL, *_OF_DEVICES, *_OF_ORDERS]
        facts += [name for role in sorted(roles) for name in _OF_ROLE.get(role, ())]
        about = About(
            version=version("onewindow"),
            devices=devices,
            facts=[name for name in facts if name in FACTS],
            orders=orders.understood(),
            hash="",
        )
        digest = hashlib.sha256(msgspec.json.encode(about)).hexdigest()
        return msgspec.structs.replace(about, hash=digest)


@dataclass(frozen=True)
class _Desk:
    """Takes what devices tell to the window, and their status to the broker."""

    window: Window
    link: Link
    lights: Lights
    branch: Branch

    def observed(self, device: str, observation: Observation) -> None:
        self.window.put(Seen(device, observation))

    def changed(self, device: str, name: str, data: DeviceChanged) -> None:
        self.window.put(Noted(device, "device", name, data))

    def status(self, device: str, status: DeviceStatus) -> None:
        self.link.retain(self.branch.device(device), encode(status))

    def opened(self, device: str) -> None:
        self.lights.refresh()


def _take(state_dir: Path) -> int:
    """Hold the state folder; StateFault if another process does, or it cannot be made."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateFault(f"terminal.state_dir: {state_dir}: {error.strerror}.") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise StateFault(f"terminal.state_dir: another terminal runs on {state_dir}.") from error
    return held


def _open_outbox(path: Path, new_id: Callable[[], str]) -> Outbox:
    try:
        return Outbox(path, new_id)
    except sqlite3.Error as error:
        raise StateFault(f"{path}: {error}; make room, or call a technician.") from error


def _open_spool(folder: Path, terminal: str, seal: Seal, new_id: Callable[[], str]) -> Spool:
    try:
        return Spool(folder, terminal, seal, new_id)
    except SpoolError as error:
        raise StateFault(f"terminal.state_dir: {error}; let it be a folder of ours.") from error

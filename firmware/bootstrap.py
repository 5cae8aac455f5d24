"""Chooses and connects the real parts of the terminal, starts them, and stops them again."""

import logging
import os
from collections.abc import Callable
from importlib.metadata import version
from threading import Event
from typing import Protocol, cast

from firmware.care import Cared
from firmware.centre_time import CentreTime
from firmware.clock_watch import ClockWatch
from firmware.config import Configuration, DeviceTable
from firmware.credentials import tls_context
from firmware.desk import Desk, Probes
from firmware.disk import DiskWatch, WriteMeter
from firmware.downlink import Downlink
from firmware.errors import EssentialMissing
from firmware.lights import Lights
from firmware.link import Link
from firmware.local_desk import LocalDesk
from firmware.notify import Notifier
from firmware.number_display import NumberDisplay
from firmware.orders import Orders
from firmware.panel import Panel
from firmware.photographer import Photographer
from firmware.presence import Presence, about
from firmware.preview import Preview
from firmware.printing import Making, Printers, takes_sheets
from firmware.recovery import SystemRestorer
from firmware.screen.part import CustomerScreen
from firmware.seal import load_seal
from firmware.sender import Sender
from firmware.sheet_pdf import compose
from firmware.sheets import Sheets
from firmware.speaker import Speaker
from firmware.stamp import Stamp
from firmware.state_folder import open_outbox, open_spool, take_folder
from firmware.supervisor import Supervisor
from firmware.surroundings import ClockSeen, Disk
from firmware.task import Task
from firmware.upkeep import Parts, Upkeep
from firmware.uploader import Uploader
from firmware.view import View
from firmware.window import Noted, Tick, Window
from hal.clock import Clock
from hal.events.facts import TerminalChanged
from hal.events.orders import encode
from hal.interfaces import Device, Display, DocumentCamera, Lamps, RatingPad, Voice

ESSENTIAL_GRACE_S = 10.0
"""How long an essential device may take to appear after the start."""
_END_S = 2.0
_LOOK_S = 0.02
_LINE_LOOK_S = 0.1

_log = logging.getLogger(__name__)


class _Part(Protocol):
    """Something that works in threads of its own from its start on."""

    def start(self) -> object: ...


class Terminal:
    """One window's program. `run` blocks until `end` is set."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        centre_time: CentreTime,
        notifier: Notifier,
    ) -> None:
        """StartFault when a key, a certificate or the state folder cannot be used.

        `centre_time` is told the centre's time; `clock` may ask it what it heard.
        """
        self._configuration = configuration
        self._clock = clock
        self._centre_time = centre_time
        self._branch = configuration.branch
        self._settled = False
        self._about = b""
        self._devices = {t.name: t.spec.build(t.options, clock) for t in configuration.devices}
        self._open_state()
        self._make_window()
        self._make_line()
        self._make_care(notifier)
        self._connect_parts()

    def _open_state(self) -> None:
        """What is on the disk, and the keys. The meter comes before the process is locked up."""
        configuration, state_dir = self._configuration, self._configuration.terminal.state_dir
        seal = load_seal(configuration.seal.kid, configuration.seal.public_key)
        self._meter = WriteMeter(self._clock)
        self._stamp = Stamp(self._branch, self._clock, seal)
        self._lock_file = take_folder(state_dir)
        self._outbox = open_outbox(state_dir / "outbox.db", self._stamp.new_id)
        self._spool = open_spool(configuration, seal, self._stamp.new_id)
        self._presence = Presence(self._outbox.epoch, self._stamp.boot, self._clock)

    def _make_window(self) -> None:
        """The session and its answers: lamps, pad, display, voice, camera."""
        self._panel = Panel(cast(Display | None, self._first("display")))
        self._speaker = Speaker(cast(Voice | None, self._first("voice")), self._clock)
        lamps = cast(Lamps | None, self._first("lamp"))
        pad = cast(RatingPad | None, self._first("rating"))
        self._number = NumberDisplay(self._devices)
        self._lights = Lights(lamps, pad, self._panel, self._speaker, self._number)
        tables = self._configuration.devices
        self._orders = Orders(
            {table.name: table.spec.role for table in tables},
            screen=self._configuration.screen.port != 0,
            sheets=[name for name, each in self._slips().items() if takes_sheets(each)],
            raters=self._number.raters,
        )
        idle_s = self._configuration.intervals.idle_s
        self._window = Window(
            self._outbox, self._stamp, self._lights, self._orders, self._clock, idle_s
        )
        camera = cast(DocumentCamera | None, self._first("document"))
        preview = Preview(self._clock)
        self._photographer = Photographer(camera, self._spool, self._window.put, preview)

    def _make_line(self) -> None:
        """What goes to the broker and the centre, and what comes from there."""
        configuration, intervals = self._configuration, self._configuration.intervals
        self._link = Link(
            configuration.broker,
            self._branch,
            encode(self._presence.will()),
            lambda topic, body: self._downlink.received(topic, body),
            intervals,
            self._clock,
        )
        self._sender = Sender(self._outbox, self._link, intervals, self._centre_time)
        tls = tls_context(configuration.broker, self._branch.terminal)
        self._uploader = Uploader(
            self._spool,
            configuration.centre.url,
            tls,
            intervals.upload_base_s,
            intervals.upload_cap_s,
        )
        self._downlink = Downlink(self._branch, self._window, self._sender)
        sheets = Sheets(configuration.centre.url, tls)
        making = Making(sheets.fetch, compose)
        self._printers = Printers(self._slips(), making, self._window.put)
        self._screen = self._make_screen(sheets) if configuration.screen.port else None

    def _make_screen(self, sheets: Sheets) -> CustomerScreen:
        """The citizen's touch display; before the window runs."""
        configuration = self._configuration
        return CustomerScreen(
            configuration.screen,
            configuration.terminal.state_dir,
            self._window,
            self._spool,
            sheets.fetch,
            self._speaker.say,
            self._clock,
        )

    def _make_care(self, notifier: Notifier) -> None:
        """Who looks after devices, disk, clock, and the terminal itself."""
        configuration, window = self._configuration, self._window
        probes = Probes(self._clock)
        keypad_rates = self._orders.pad in self._number.raters
        self._desk = Desk(
            window, self._link, self._lights, self._branch, probes, keypad_rates=keypad_rates
        )
        self._supervisor = Supervisor(
            {table.name: _cared(table, self._devices) for table in configuration.devices},
            self._desk,
            configuration.intervals,
            SystemRestorer(configuration.recovery),
            self._clock,
        )
        state_dir = configuration.terminal.state_dir
        reserve_bytes = configuration.limits.reserve_bytes
        self._disk = DiskWatch(state_dir, reserve_bytes, lambda low: window.put(Disk(low)))
        self._clock_watch = ClockWatch(self._clock, lambda wrong: window.put(ClockSeen(wrong)))
        self._upkeep = Upkeep(configuration, self._clock, self._parts(notifier, probes))

    def _parts(self, notifier: Notifier, probes: Probes) -> Parts:
        window = self._window
        return Parts(
            outbox=self._outbox,
            spool=self._spool,
            line=self._link,
            lost=self._supervisor.missing,
            centre=lambda: self._downlink.centre,
            mode=lambda: window.view().mode,
            probes={
                "window": lambda done: window.put(Tick(done)),
                "supervisor": self._supervisor.probe,
                "sender": self._sender.probe,
            },
            config=self._configuration.path,
            written=self._meter,
            reference=self._centre_time.now,
            probe_ms=probes.all,
            desk=LocalDesk(window),
            preview=self._photographer.seen,
            notifier=notifier,
        )

    def _connect_parts(self) -> None:
        """Who calls whom."""
        window, link = self._window, self._link
        window.on_kept(self._sender.wake)
        window.on_capture(self._photographer.take, self._photographer.preview)
        window.on_print(self._printers.take)
        self._printers.on_lost(self._supervisor.doubt)
        window.on_view(self._show_state)
        window.on_answered(self._upkeep.metrics.answered)
        self._sender.on_sent(self._upkeep.metrics.sent)
        self._desk.report_to(self._upkeep.board, self._upkeep.metrics)
        self._downlink.on_heard(self._upkeep.contact.heard)
        camera = self._name_of("document")
        if camera is not None:
            self._photographer.on_lost(lambda lost: self._supervisor.doubt(camera, lost))
        self._photographer.on_full(self._disk.look)
        link.on_change(self._downlink.line)
        link.on_clock(self._clock_watch.certificate)
        self._desk.on_opened(self._tell_about)
        self._tell_about()

    def _tell_about(self) -> None:
        """Keep `about` at the broker; once more when a device has told its model."""
        tables, understood = self._configuration.devices, self._orders.understood()
        told = encode(about(tables, self._devices, understood))
        if told != self._about:
            self._about = told
            self._link.retain(self._branch.about, told)

    def run(self, end: Event, settled: Callable[[], None], ready: Callable[[], None]) -> None:
        """Start everything; stop at `end`.

        `settled` is called when every device has been tried: the window takes people in, with or
        without a centre. `ready` is called after it, when the line to the broker stands.
        EssentialMissing when an essential device is not there after its grace.
        """
        window = Task("window", self._window.run)
        window.start()
        try:
            self._link.retain(self._branch.state, encode(self._presence.become("starting")))
            why = "start" if self._outbox.set_aside is None else "outbox damaged, set aside"
            self._note_terminal("started", why)
            for part in self._working_parts():
                part.start()
            self._await_essential(end)
            self._settle(end, settled, ready)
            end.wait()
        finally:
            self._stop(window)

    def _working_parts(self) -> tuple["_Part", ...]:
        """In the order in which they start; devices before the line, which tells of them."""
        return (
            self._panel,
            self._number,
            self._speaker,
            *([] if self._screen is None else [self._screen]),
            self._photographer,
            self._printers,
            self._uploader,
            self._disk,
            self._clock_watch,
            self._supervisor,
            self._sender,
            self._link,
            self._upkeep,
        )

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

    def _settle(self, end: Event, settled: Callable[[], None], ready: Callable[[], None]) -> None:
        if end.is_set():
            return
        self._settled = True
        self._show_state(self._window.view())
        settled()
        while not end.is_set():
            if self._link.subscribed.wait(_LINE_LOOK_S):
                ready()
                return

    def _show_state(self, view: View) -> None:
        """Tell how the window is. While it starts it is `starting`, whatever it could do."""
        self._presence.be_able(view.able)
        if self._settled:
            state = self._presence.become("paused" if view.why else "ready", view.why)
            self._link.retain(self._branch.state, encode(state))

    def _stop(self, window: Task) -> None:
        """In this order, and each part whatever became of those before it."""
        self._settled = False
        screen = () if self._screen is None else (self._screen.stop,)
        steps: tuple[Callable[[], object], ...] = (
            *(self._upkeep.stop, self._clock_watch.stop, self._disk.stop),
            *(*screen, self._photographer.stop, self._printers.stop, self._uploader.stop),
            lambda: self._note_terminal("stopping", "asked to stop"),
            self._window.stop,
            lambda: window.join(_END_S),
            # While the devices are still there: what they show must not outlive us.
            *(self._lights.stop, self._speaker.stop, self._panel.stop, self._number.stop),
            self._supervisor.stop,
            self._sender.stop,
            self._say_last_words,
            *(device.close for device in self._devices.values()),
            *(self._outbox.close, self._meter.close, lambda: os.close(self._lock_file)),
        )
        for step in steps:
            try:
                step()
            except Exception as error:  # noqa: BLE001  the rest must still be put away
                _log.error("a part does not stop", extra={"error": type(error).__name__})

    def _say_last_words(self) -> None:
        state = encode(self._presence.become("stopping"))
        self._link.stop({self._branch.state: state})

    def _note_terminal(self, name: str, why: str) -> None:
        data = TerminalChanged(
            version=version("onewindow"),
            epoch=self._outbox.epoch,
            outbox_depth=self._outbox.waiting()[0],
            why=why,
        )
        self._window.put(Noted("terminal", "terminal", name, data))

    def _slips(self) -> dict[str, Device]:
        """The printers, for slips and for A4."""
        return {name: each for name, each in self._devices.items() if each.role == "slip"}

    def _first(self, role: str) -> Device | None:
        return next((device for device in self._devices.values() if device.role == role), None)

    def _name_of(self, role: str) -> str | None:
        return next((name for name, each in self._devices.items() if each.role == role), None)


def _cared(table: DeviceTable, devices: dict[str, Device]) -> Cared:
    return Cared(devices[table.name], table.essential, table.daemon, table.usb_port)

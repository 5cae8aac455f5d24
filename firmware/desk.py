"""Takes what devices tell to the window, the broker, the page and the figures."""

from collections.abc import Callable
from threading import Lock

from firmware.lights import Lights
from firmware.link import Link
from firmware.metrics import Metrics
from firmware.page.views import Board
from firmware.surroundings import AbleSeen, Recovering
from firmware.window import Noted, Seen, Window
from hal.clock import Clock
from hal.events.facts import DeviceChanged, DeviceRecovery
from hal.events.orders import encode
from hal.events.status import DeviceStatus
from hal.events.topics import Branch
from hal.interfaces import Observation, Role

_NS_PER_MS = 1e6


class Probes:
    """How long the last opening of each device took. Safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._begun_ns: dict[str, int] = {}
        self._took_ms: dict[str, float] = {}

    def begun(self, device: str) -> None:
        """An attempt to open the device begins."""
        with self._lock:
            self._begun_ns[device] = self._clock.monotonic_ns()

    def ended(self, device: str) -> None:
        """It is open."""
        with self._lock:
            begun_ns = self._begun_ns.pop(device, None)
            if begun_ns is not None:
                took_ns = self._clock.monotonic_ns() - begun_ns
                self._took_ms[device] = took_ns / _NS_PER_MS

    def now_ns(self) -> int:
        """The moment, by the monotonic clock."""
        return self._clock.monotonic_ns()

    def all(self) -> dict[str, float]:
        """Device → milliseconds, of those that were ever open."""
        with self._lock:
            return dict(self._took_ms)


class Desk:
    """The supervisor's Listener."""

    def __init__(
        self,
        window: Window,
        link: Link,
        lights: Lights,
        branch: Branch,
        probes: Probes,
        *,
        keypad_rates: bool = False,
    ) -> None:
        """`keypad_rates`: a calling keypad takes the place of the rating pad."""
        self._window = window
        self._link = link
        self._lights = lights
        self._branch = branch
        self._probes = probes
        self._keypad_rates = keypad_rates
        self._opened: Callable[[], None] = _nobody
        self._board: Board | None = None
        self._metrics: Metrics | None = None

    def report_to(self, board: Board, metrics: Metrics) -> None:
        """Tell these too; before the supervisor is started only."""
        self._board, self._metrics = board, metrics

    def on_opened(self, opened: Callable[[], None]) -> None:
        """Call `opened` after each opening of a device, in the supervisor's thread."""
        self._opened = opened

    def opening(self, device: str) -> None:
        self._probes.begun(device)

    def observed(self, device: str, observation: Observation) -> None:
        self._window.put(Seen(device, observation, self._probes.now_ns()))

    def changed(self, device: str, name: str, data: DeviceChanged) -> None:
        self._window.put(Noted(device, "device", name, data))
        if name == "returned":
            self._window.put(Recovering(device, ""))

    def recovering(self, device: str, data: DeviceRecovery, text_zh: str, text_en: str) -> None:
        if self._metrics is not None:
            self._metrics.rung(device, data.rung)
        self._window.put(Noted(device, "device", "recovery", data))
        self._window.put(Recovering(device, text_zh))

    def status(self, device: str, status: DeviceStatus) -> None:
        if self._board is not None:
            self._board.tell(device, status)
        self._link.retain(self._branch.device(device), encode(status))

    def opened(self, device: str) -> None:
        self._probes.ended(device)
        self._lights.refresh()
        self._opened()

    def able(self, roles: frozenset[Role], lost_essential: frozenset[str]) -> None:
        pad: frozenset[Role] = frozenset({"rating"})
        also = pad if self._keypad_rates and "key" in roles else frozenset[Role]()
        self._window.put(AbleSeen(frozenset(roles | also), lost_essential))


def _nobody() -> None:
    """Nobody wants to know."""

"""What devices tell reaches window, broker, page and figures."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from firmware.desk import Desk, Probes
from firmware.lights import Lights
from firmware.metrics import Metrics
from firmware.orders import Orders
from firmware.outbox import Outbox
from firmware.page.views import Board
from firmware.panel import Panel
from firmware.scene import Scene
from firmware.session import Sign
from firmware.stamp import Stamp
from firmware.surroundings import CentreSeen
from firmware.window import Window
from hal.events.envelope import decode_fact
from hal.events.facts import CodeScanned, DeviceChanged, DeviceRecovery
from hal.events.status import DeviceStatus
from hal.events.topics import Branch
from hal.interfaces import CodeRead

BRANCH = Branch("pzh01", "pzh01-w03")
CODE = CodeRead(CodeScanned(text="OW:T:1", kind="ticket"))
LOST = DeviceChanged(state="offline", cause="unplugged", remedy="reset")
RETURNED = DeviceChanged(state="online", cause="unplugged", remedy="none")
REOPEN = DeviceRecovery(rung="reopen", state="offline", cause="unplugged", remedy="reset")
ONLINE = DeviceStatus(
    state="online", since="2026-11-23T08:00:00+08:00", remedy="none", text_zh="正常", text_en="good"
)


class Witness(Lights):
    """Lamps that remember what they were to show, and how often all of it again."""

    def __init__(self) -> None:
        super().__init__(None, None, Panel(None))
        self.scenes: list[Scene] = []
        self.refreshed = 0

    def show(self, scene: Scene) -> None:
        self.scenes.append(scene)

    def refresh(self) -> None:
        self.refreshed += 1

    def give(self, sign: Sign) -> None:
        """Of no interest here."""

    @property
    def words(self) -> str:
        screen = self.scenes[-1].screen
        return " ".join((screen.large, *screen.lines))


class RetainingLine:
    """A line that keeps the last of each topic, as a broker does."""

    def __init__(self) -> None:
        self.retained: dict[str, bytes] = {}

    def retain(self, topic: str, body: bytes) -> None:
        self.retained[topic] = body


@pytest.fixture
def lights() -> Witness:
    return Witness()


@pytest.fixture
def line() -> RetainingLine:
    return RetainingLine()


@pytest.fixture
def probes(clock: Any) -> Probes:
    return Probes(clock)


@pytest.fixture
def window(outbox: Outbox, stamp: Stamp, lights: Witness, clock: Any) -> Window:
    return Window(outbox, stamp, lights, Orders({"gun": "code"}), clock)


@pytest.fixture
def desk(window: Window, line: RetainingLine, lights: Witness, probes: Probes) -> Desk:
    return Desk(window, line, lights, BRANCH, probes)  # type: ignore[arg-type]


@pytest.fixture
def come_to_an_end(window: Window) -> Callable[[], None]:
    """Have the window handle what was put so far."""

    def handle() -> None:
        window.stop()
        window.run()

    return handle


def kinds(outbox: Outbox) -> list[str]:
    facts = [decode_fact(entry.body) for entry in outbox.after(0, 100)]
    return [f"{fact.source.rpartition('/')[2]} {fact.type}" for fact in facts]


def test_an_observation_is_kept_and_its_answer_is_timed(
    desk: Desk, window: Window, outbox: Outbox, clock: Any, come_to_an_end: Callable[[], None]
) -> None:
    """From the moment it was made, through the time it waited for the window's thread."""
    took_s: list[float] = []
    window.on_answered(took_s.append)
    desk.observed("gun", CODE)
    clock.pass_s(0.25)
    come_to_an_end()
    assert kinds(outbox) == ["gun cn.onewindow.code.scanned.v1"]
    assert took_s == [0.25]


def test_loss_ladder_and_return_are_facts_and_a_text(
    desk: Desk, window: Window, outbox: Outbox, lights: Witness, come_to_an_end: Callable[[], None]
) -> None:
    """The display says what is being done until the device is back."""
    window.put(CentreSeen(True))
    desk.changed("gun", "lost", LOST)
    desk.recovering("gun", REOPEN, "正在重连扫码枪", "reopening the gun")
    come_to_an_end()
    assert "正在重连扫码枪" in lights.words
    desk.changed("gun", "returned", RETURNED)
    come_to_an_end()
    assert "正在重连扫码枪" not in lights.words
    assert kinds(outbox) == [
        f"gun cn.onewindow.device.{name}.v1" for name in ("lost", "recovery", "returned")
    ]


def test_a_return_leaves_the_words_about_another_device(
    desk: Desk, window: Window, lights: Witness, come_to_an_end: Callable[[], None]
) -> None:
    """Two devices are lost, one comes back: the display goes on speaking of the other."""
    window.put(CentreSeen(True))
    desk.recovering("camera", REOPEN, "正在重连高拍仪", "reopening the camera")
    desk.recovering("gun", REOPEN, "正在重连扫码枪", "reopening the gun")
    desk.changed("gun", "returned", RETURNED)
    desk.able(frozenset({"code"}), frozenset())
    come_to_an_end()
    assert "正在重连高拍仪" in lights.words
    assert "正在重连扫码枪" not in lights.words


def test_a_status_is_retained_and_on_the_page(desk: Desk, line: RetainingLine) -> None:
    """Both say the same; before the page is there, the broker alone is told."""
    topic = BRANCH.device("gun")
    desk.status("gun", ONLINE)
    assert msgspec.json.decode(line.retained[topic], type=DeviceStatus) == ONLINE
    board = Board({"gun": "code"})
    desk.report_to(board, Metrics(["gun"], lambda: None, lambda: None))
    lost = msgspec.structs.replace(ONLINE, state="offline", remedy="reset")
    desk.status("gun", lost)
    assert msgspec.json.decode(line.retained[topic], type=DeviceStatus) == lost
    assert board.all() == {"gun": lost}


def test_each_rung_is_counted(desk: Desk) -> None:
    """By device and rung, in the figures."""
    metrics = Metrics(["gun"], lambda: None, lambda: None)
    desk.recovering("gun", REOPEN, "文", "text")
    desk.report_to(Board({"gun": "code"}), metrics)
    desk.recovering("gun", REOPEN, "文", "text")
    told = metrics.exposition().decode()
    assert 'onewindow_recoveries_total{device="gun",rung="reopen"} 1.0' in told


def test_an_opened_device_shows_the_scene_again(desk: Desk, lights: Witness, clock: Any) -> None:
    """What a lamp or display was to show meanwhile is shown when it is there."""
    desk.opening("oled")
    assert lights.refreshed == 0
    desk.opened("oled")
    assert lights.refreshed == 1


def test_what_the_window_can_do_follows_from_its_devices(
    desk: Desk, window: Window, come_to_an_end: Callable[[], None]
) -> None:
    """Roles that work, and whether something it cannot do without is away."""
    desk.able(frozenset({"code", "rating"}), frozenset())
    come_to_an_end()
    assert (window.view().able, window.view().why) == ({"code", "rating"}, None)
    desk.able(frozenset({"rating"}), frozenset({"gun"}))
    come_to_an_end()
    assert (window.view().able, window.view().why) == ({"rating"}, "fault")


def test_how_long_an_opening_took(desk: Desk, probes: Probes, clock: Any) -> None:
    """By the last attempt, in milliseconds; the attempts that failed before do not count."""
    desk.opening("gun")
    clock.pass_s(9.0)
    desk.opening("gun")
    clock.pass_s(0.125)
    assert probes.all() == {}
    desk.opened("gun")
    assert probes.all() == {"gun": 125.0}


def test_the_last_opening_stands_until_the_next(probes: Probes, clock: Any) -> None:
    """Also while the device is lost; an end without a beginning changes nothing."""
    probes.begun("gun")
    clock.pass_s(0.5)
    probes.ended("gun")
    clock.pass_s(1.0)
    probes.ended("gun")
    probes.ended("camera")
    probes.begun("gun")
    assert probes.all() == {"gun": 500.0}


def test_a_keypad_that_rates_counts_as_a_pad(
    window: Window,
    line: RetainingLine,
    lights: Witness,
    probes: Probes,
    come_to_an_end: Callable[[], None],
) -> None:
    """While it works, the window can rate; while it is away, not."""
    desk = Desk(
        window, line, lights, BRANCH, probes, keypad_rates=True  # type: ignore[arg-type]
    )  # fmt: skip
    desk.able(frozenset({"key"}), frozenset())
    come_to_an_end()
    assert window.view().able == {"key", "rating"}
    desk.able(frozenset({"code"}), frozenset())
    come_to_an_end()
    assert window.view().able == {"code"}

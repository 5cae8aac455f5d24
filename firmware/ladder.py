"""The recovery ladder of a lost device: what is tried, in which order, for how long, and its words.

    reopen → restart_daemon → power_cycle → technician

Pure: times are passed in, in seconds of any one monotonic clock. Opening goes on at every rung.
"""

from typing import Literal

from hal.events.status import Remedy
from hal.interfaces import Role

Rung = Literal["reopen", "restart_daemon", "power_cycle", "technician"]

_NAMES: dict[Role, tuple[str, str]] = {
    "card": ("社保卡读卡器", "card reader"),
    "identity": ("身份证阅读器", "identity reader"),
    "code": ("扫码枪", "barcode gun"),
    "document": ("高拍仪", "document camera"),
    "rating": ("评价器", "rating pad"),
    "key": ("叫号键盘", "keypad"),
    "slip": ("小票打印机", "slip printer"),
    "display": ("显示屏", "display"),
    "lamp": ("指示灯", "lamps"),
    "voice": ("语音", "voice"),
    "terminal": ("终端", "terminal"),
}
_WORDS: dict[Rung, tuple[str, str]] = {
    "reopen": ("正在重新连接", "connecting again"),
    "restart_daemon": ("正在重启服务", "restarting its service"),
    "power_cycle": ("正在断电重启", "switching it off and on"),
    "technician": ("请联系技术员", "call a technician"),
}
_CARD_SERVICE = "正在重启读卡服务"
_REMEDIES: dict[Rung, Remedy] = {
    "restart_daemon": "reset",
    "power_cycle": "reset",
    "technician": "maintain",
}


def rungs(*, daemon: bool, usb_port: bool) -> tuple[Rung, ...]:
    """The rungs that a device has: only one with a daemon can have it restarted, and so on."""
    between: list[Rung] = []
    if daemon:
        between.append("restart_daemon")
    if usb_port:
        between.append("power_cycle")
    return ("reopen", *between, "technician")


def text(role: Role, rung: Rung) -> tuple[str, str]:
    """What the display says, in Chinese and English: `社保卡读卡器: 请联系技术员`."""
    zh_name, en_name = _NAMES[role]
    zh, en = _WORDS[rung]
    if role == "card" and rung == "restart_daemon":
        zh = _CARD_SERVICE
    return f"{zh_name}: {zh}", f"{en_name}: {en}"


def remedy(rung: Rung, of_loss: Remedy) -> Remedy:
    """The rung in a word of XFS. `of_loss` is the driver's own, which stands while reopening."""
    return _REMEDIES.get(rung, of_loss)


class Ladder:
    """Where one device stands. Each rung lasts `rung_s` of being lost.

    A device that is lost again within `rung_s` of its return is flapping: it goes on where it was,
    with what was left of the time there. Any other loss begins at the first rung.
    """

    def __init__(self, rungs: tuple[Rung, ...], rung_s: float) -> None:
        self._rungs = rungs
        self._rung_s = rung_s
        self._index = 0
        self._left_s = rung_s
        self._lost_at_s: float | None = None
        self._regained_at_s: float | None = None
        self._held = False

    @property
    def rung(self) -> Rung:
        """Where it stands, or stood when the device was lost last."""
        return self._rungs[self._index]

    @property
    def due_s(self) -> float | None:
        """When the next rung is due; None if the device is there, or at the last rung."""
        if self._lost_at_s is None or self._index + 1 == len(self._rungs):
            return None
        return self._lost_at_s + self._left_s

    def lose(self, now_s: float) -> Rung | None:
        """The device is lost. The rung that it enters; None if it is flapping."""
        self._lost_at_s = now_s
        if self._regained_at_s is not None and now_s - self._regained_at_s < self._rung_s:
            return None
        self._index, self._held = 0, False
        self._left_s = self._rung_s
        return self.rung

    def regain(self, now_s: float) -> None:
        """The device is there again. Its first opening is no return."""
        if self._lost_at_s is None:
            return
        self._left_s = max(0.0, self._left_s - (now_s - self._lost_at_s))
        self._lost_at_s, self._regained_at_s = None, now_s

    def climb(self, now_s: float) -> Rung | None:
        """The next rung if it is due; the device is on it from now on."""
        if self.due_s is None or now_s < self.due_s:
            return None
        self._index, self._held = self._index + 1, False
        self._lost_at_s, self._left_s = now_s, self._rung_s
        return self.rung

    def hold(self, now_s: float, at_most_s: float) -> None:
        """What the rung does is under way: its time begins at `settle`, or ends when over it."""
        self._held = True
        self._left_s = at_most_s
        if self._lost_at_s is not None:
            self._lost_at_s = now_s

    def settle(self, now_s: float, *, done: bool) -> None:
        """It was done, or could not be, in which case the next rung is due at once."""
        if not self._held:
            return
        self._held = False
        self._left_s = self._rung_s if done else 0.0
        if self._lost_at_s is not None:
            self._lost_at_s = now_s

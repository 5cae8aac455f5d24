"""What the customer screen shows this moment, and the only place where a sheet lies meanwhile.

A sheet is in memory for as long as the session reads it back, and no longer. When a visit closes
everything of it is gone at once; a good-bye stands for BLANK_S, unless another visit opens.
"""

from collections.abc import Callable
from threading import Condition
from typing import Literal

import msgspec

from firmware.screen_session import Scenery, Shown
from firmware.sheets import SheetError
from firmware.task import Task
from hal.clock import Clock
from hal.events.orders import ShowService
from hal.events.sheets import Row, Sheet

BLANK_S = 5.0
"""How long after a visit its good-bye stands (process: the customer screen blanks 5 s after)."""
SPEAK_AGAIN_S = 3.0
"""How long the voice is left alone after it was asked to say something."""
PHRASES: dict[Scenery, str] = {
    "card": "请取回您的社会保障卡",
    "called": "请稍候",
    "serving": "请稍候",
    "sheet": "请核对",
    "sign": "请签字",
    "rating": "请评价",
    "rated": "谢谢",
}
"""What 朗读 says aloud, whole clips of the voice packs. A hall hears it: so never a name, a number
or anything else that the sheet says."""
_NS_PER_S = 1e9


Fetch = Callable[[str], Sheet]
"""SHA-256 → the sheet with exactly these bytes (firmware.sheets). Blocks; SheetError if not."""


class ReadSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet as the citizen sees it. `hash` is what the answers name."""

    hash: str
    title: str
    number: str
    rows: list[Row]
    paragraphs: list[str]
    sign: bool


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One picture of the screen. `version` grows with each; `visit` changes with the visit.

    `sheet` is None in the sceneries `sheet` and `sign` while it is being fetched.
    """

    version: int
    scenery: Scenery | Literal["thanks"]
    window: int | None
    visit: str | None
    ticket: str | None
    service: ShowService | None
    sheet: ReadSheet | None
    request: str | None
    level: int | None


class Presenter:
    """Safe to use from several threads. `frame` and `wait` are for browsers."""

    def __init__(
        self,
        clock: Clock,
        fetch: Fetch,
        unavailable: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        """`unavailable` is told the hash of a sheet that could not be had, in our thread.

        `say` speaks in the hall and returns at once.
        """
        self._clock = clock
        self._fetch = fetch
        self._unavailable = unavailable
        self._say = say
        self._changed = Condition()
        self._version = 1
        self._shown = Shown()
        self._sheet: Sheet | None = None
        self._wanted: str | None = None
        self._thanks_until_s: float | None = None
        self._silent_until_s = 0.0
        self._viewers = 0
        self._on_viewed: Callable[[bool], None] = _nobody
        self._ending = False
        self._task = Task("customer screen", self._load)

    def on_viewed(self, told: Callable[[bool], None]) -> None:
        """Call `told` when the first browser opens the screen and when the last is gone."""
        self._on_viewed = told

    def start(self) -> None:
        self._task.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Every browser's `wait` ends, and nothing is shown any more."""
        with self._changed:
            self._ending = True
            self._shown, self._sheet, self._wanted = Shown(), None, None
            self._bump()
        self._task.join(timeout_s)

    @property
    def ending(self) -> bool:
        return self._ending

    @property
    def shown(self) -> Shown:
        """What the session last had for the screen."""
        return self._shown

    def show(self, shown: Shown) -> None:
        """Show this from now on. Returns at once."""
        with self._changed:
            if shown == self._shown or self._ending:
                return
            before, self._shown = self._shown, shown
            if shown.visit is not None:
                self._thanks_until_s = None
            elif before.visit is not None:
                self._thanks_until_s = self._now_s() + BLANK_S
            if shown.sheet != before.sheet:
                self._sheet, self._wanted = None, shown.sheet
            self._bump()

    def frame(self) -> Frame:
        """As it is now."""
        with self._changed:
            self._settle()
            return self._frame()

    def wait(self, version: int, timeout_s: float) -> Frame | None:
        """The frame as soon as it is another than `version`; None after `timeout_s` seconds."""
        with self._changed:
            self._settle()
            if version == self._version and not self._ending:
                self._changed.wait(self._short(timeout_s))
                self._settle()
            return None if version == self._version else self._frame()

    def speak(self) -> bool:
        """Have the phrase of this scenery said; False if it has none or was said just now."""
        with self._changed:
            phrase, now_s = PHRASES.get(self._shown.scenery), self._now_s()
            if phrase is None or now_s < self._silent_until_s:
                return False
            self._silent_until_s = now_s + SPEAK_AGAIN_S
        self._say(phrase)
        return True

    def viewer_came(self) -> None:
        with self._changed:
            self._viewers += 1
            if self._viewers == 1:
                self._on_viewed(True)

    def viewer_left(self) -> None:
        with self._changed:
            self._viewers -= 1
            if self._viewers == 0:
                self._on_viewed(False)

    def _frame(self) -> Frame:
        shown = self._shown
        thanks = self._thanks_until_s is not None and shown.scenery in ("idle", "offline")
        return Frame(
            version=self._version,
            scenery="thanks" if thanks else shown.scenery,
            window=shown.window,
            visit=shown.visit,
            ticket=shown.ticket,
            service=shown.service,
            sheet=self._read_sheet() if shown.scenery in ("sheet", "sign") else None,
            request=shown.request,
            level=shown.level,
        )

    def _read_sheet(self) -> ReadSheet | None:
        sheet, hash = self._sheet, self._shown.sheet
        if sheet is None or hash is None:
            return None
        return ReadSheet(
            hash=hash,
            title=sheet.title,
            number=sheet.number,
            rows=sheet.rows,
            paragraphs=sheet.paragraphs,
            sign=self._shown.sign,
        )

    def _settle(self) -> None:
        """The good-bye is over when its time is."""
        if self._thanks_until_s is not None and self._now_s() >= self._thanks_until_s:
            self._thanks_until_s = None
            self._bump()

    def _short(self, timeout_s: float) -> float:
        if self._thanks_until_s is None:
            return timeout_s
        return max(0.0, min(timeout_s, self._thanks_until_s - self._now_s()))

    def _bump(self) -> None:
        self._version += 1
        self._changed.notify_all()

    def _load(self) -> None:
        """Fetch what is wanted, again and again; what is not wanted any more is dropped."""
        while (wanted := self._next_wanted()) is not None:
            try:
                sheet = self._fetch(wanted)
            except SheetError:
                self._unavailable(wanted)
                continue
            with self._changed:
                if self._shown.sheet == wanted:
                    self._sheet = sheet
                    self._bump()

    def _next_wanted(self) -> str | None:
        """Wait for a sheet to fetch, once each. None: nothing more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ending or self._wanted is not None)
            wanted, self._wanted = self._wanted, None
            return wanted

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / _NS_PER_S


def _nobody(viewed: bool) -> None:
    """Nobody wants to know."""

"""Work at the window without the centre (离线办理): what a person there may wish, and learns.

Safe to call from any thread. A wish passes through the window's own thread, behind what people and
devices did before it, and is answered when it is on disk.
"""

from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from typing import Literal, Protocol

from firmware.session import Mode
from hal.events.facts import Party

ANSWER_S = 5.0
"""How long the window's thread may take; it waits for nothing but an fsync."""
PAGE_S = 30.0
"""How long a page may take: the camera is given 10 s, and may first have to be opened again."""

Code = Literal[
    "online",
    "paused",
    "disk_full",
    "card_inside",
    "visit_open",
    "no_visit",
    "item",
    "device",
    "no_number",
    "rating_pending",
    "rated",
    "nobody_pending",
    "several_pending",
    "page",
    "not_asked",
    "slow",
]
"""Why a wish is refused; docs/terminal-states.md has the list with the remedies."""

CloseReason = Literal["finished", "left"]


@dataclass(frozen=True)
class LocalItem:
    """An item (业务办理项) allowed offline. `devices` are roles, `missing` those away now."""

    code: str
    name: str
    devices: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class LocalStatus:
    """The window as the person at it needs to see it. Nothing in it is personal.

    `visit` is the open visit's id, `local` whether this terminal opened it by itself. `item` is
    the code of its item, None in a visit of the centre. `pages` are those kept in this visit.
    `numbers_left` are the reserved numbers (预留号段) of this day. `since_s` is how long ago the
    visit was opened here, or began again after a restart, in seconds.
    """

    mode: Mode
    offline: bool
    visit: str | None = None
    local: bool = False
    ticket: str | None = None
    item: str | None = None
    rating: Literal["asking", "rated"] | None = None
    pages: int = 0
    card_inside: bool = False
    mismatch: bool = False
    paused: bool = False
    disk_full: bool = False
    clock_wrong: bool = False
    numbers_left: int = 0
    items: tuple[LocalItem, ...] = ()
    since_s: float | None = None


class LocalRefused(Exception):
    """The wish cannot be carried out. The messages are one sentence each, with the remedy."""

    def __init__(self, code: Code, message_zh: str, message_en: str) -> None:
        super().__init__(message_en)
        self.code: Code = code
        self.message_zh = message_zh
        self.message_en = message_en


@dataclass(frozen=True)
class OpenLocalVisit:
    """Give out the next reserved number and begin a visit for `item`."""

    item: str


@dataclass(frozen=True)
class ChooseParty:
    """The person whose document differed (证卡不一致) has this role in the visit."""

    party: Party


@dataclass(frozen=True)
class AskRating:
    """Ask the citizen for one of five levels."""


@dataclass(frozen=True)
class TakePage:
    """Take the page that lies under the camera."""


@dataclass(frozen=True)
class CloseLocalVisit:
    """End the visit."""

    reason: CloseReason


@dataclass(frozen=True)
class ConfirmShown:
    """The citizen confirms the sheet with this hash (确认无误)."""

    shown: str


@dataclass(frozen=True)
class DisputeShown:
    """Something on it is wrong (有误): the rows with these labels, or the citizen did not say."""

    shown: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignShown:
    """The citizen signed what was shown; the fields are those of SignatureGiven."""

    shown: str
    strokes_hash: str
    picture: str
    size_bytes: int


@dataclass(frozen=True)
class GiveUpSheet:
    """The sheet could not be had, so it is not shown to anybody."""

    shown: str


@dataclass(frozen=True)
class PressLevel:
    """The citizen pressed a level on the screen, which showed this request."""

    request: str
    level: int


ScreenWish = ConfirmShown | DisputeShown | SignShown | GiveUpSheet | PressLevel
"""What is wished at the customer screen, with the centre or without it."""
LocalWish = OpenLocalVisit | ChooseParty | AskRating | TakePage | CloseLocalVisit
Wish = LocalWish | ScreenWish


@dataclass(frozen=True)
class LocalCommand:
    """A wish on its way through the window's thread; `answer` gets the status or LocalRefused."""

    wish: Wish
    answer: "Future[LocalStatus]"


class Counter(Protocol):
    """The window, as much of it as is needed here."""

    def put(self, event: LocalCommand) -> None: ...

    def local_status(self) -> LocalStatus: ...


class LocalDesk:
    """For the terminal's own page. Every wish blocks until it is on disk, or raises LocalRefused.

    `code` of LocalRefused `slow` means that the answer did not come in time; the wish may still
    be carried out, so look at `status` before wishing again.
    """

    def __init__(self, window: Counter) -> None:
        self._window = window

    def status(self) -> LocalStatus:
        """How things stand now; does not wait for the window's thread."""
        return self._window.local_status()

    def open_visit(self, item: str) -> LocalStatus:
        """Open a local visit for the item with this code, with the next reserved number."""
        return self._wish(OpenLocalVisit(item), ANSWER_S)

    def choose_party(self, party: Party) -> LocalStatus:
        """Give the person whose document differed a role in the open visit."""
        return self._wish(ChooseParty(party), ANSWER_S)

    def request_rating(self) -> LocalStatus:
        """Have the pad ask; only in a local visit, once."""
        return self._wish(AskRating(), ANSWER_S)

    def capture_page(self) -> LocalStatus:
        """Take a page; returns when it is sealed and on disk. `page`: it must be laid again."""
        return self._wish(TakePage(), PAGE_S)

    def close_visit(self, reason: CloseReason) -> LocalStatus:
        """Close the local visit, or the centre's while the centre is away."""
        return self._wish(CloseLocalVisit(reason), ANSWER_S)

    def _wish(self, wish: Wish, timeout_s: float) -> LocalStatus:
        return carried_out(self._window, wish, timeout_s)


def carried_out(window: Counter, wish: Wish, timeout_s: float = ANSWER_S) -> LocalStatus:
    """Have the window do it; blocks until it is on disk. LocalRefused as for LocalDesk."""
    answer: Future[LocalStatus] = Future()
    window.put(LocalCommand(wish, answer))
    try:
        return answer.result(timeout_s)
    except NotInTime as error:
        raise LocalRefused(
            "slow", "窗口程序忙,请查看状态后再试", "no answer in time; look at the status first"
        ) from error

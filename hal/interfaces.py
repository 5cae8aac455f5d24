"""What the firmware asks of a device, and what a device tells the firmware.

A driver owns its handle and nothing else: no thread, no retry, no outbox. `drivers.worker` runs
it, the firmware's supervisor opens it again. A device tells what it saw as an `Observation`; what
that means for the visit is the session's business.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol, runtime_checkable

from hal.errors import DeviceError
from hal.events.facts import CardRead, CodeScanned, IdentityRead, Key

Colour = Literal["red", "yellow", "green", "buzzer"]
FlashRate = Literal["off", "slow", "medium", "quick", "continuous"]
"""Words of CEN XFS4IoT, Lights interface, `flashRate`."""
Role = Literal[
    "card",
    "identity",
    "code",
    "document",
    "rating",
    "key",
    "slip",
    "display",
    "lamp",
    "voice",
    "terminal",
]


@dataclass(frozen=True)
class IdentityCardRead:
    """A whole identity document was read."""

    data: IdentityRead


@dataclass(frozen=True)
class CardInserted:
    """A contact card lies in the reader and answered to reset. `atr_family` None: unknown to us."""

    slot: str
    atr_family: str | None


@dataclass(frozen=True)
class SocialSecurityCardRead:
    """The basic data of a social-security card (社会保障卡) were read."""

    data: CardRead


@dataclass(frozen=True)
class CardTaken:
    """The card was drawn out of the reader. Also told when a reader opens with an empty slot."""

    slot: str


@dataclass(frozen=True)
class CodeRead:
    """The gun sent one whole code."""

    data: CodeScanned


@dataclass(frozen=True)
class LevelPressed:
    """A rating key went down, debounced. `level` is 1 (非常不满意) to 5 (非常满意)."""

    level: int
    raw_key: str


@dataclass(frozen=True)
class KeyDown:
    """A key of the calling keypad (叫号键盘) went down. `raw_key`: as the keypad names it."""

    key: Key
    raw_key: str


@dataclass(frozen=True)
class Unreadable:
    """A person did something that the device could not read; they should try again."""

    error: DeviceError


Observation = (
    IdentityCardRead
    | CardInserted
    | SocialSecurityCardRead
    | CardTaken
    | CodeRead
    | LevelPressed
    | KeyDown
    | Unreadable
)
Report = Callable[[Observation], None]


class Device(Protocol):
    """One device at the window.

    For callers: `open`, then `watch` in a thread of its own, then `close`, in this order, again
    and again. `close` may be called from another thread and makes a `watch` under way end.
    For implementers: constructing must not touch hardware. Any failure of the library below
    becomes a DeviceError here, with `from`.
    """

    role: Role

    def open(self) -> None:
        """Take the device. Blocks at most some seconds. DeviceLost if it is not there."""

    def watch(self, report: Report, stop: Event) -> None:
        """Report what people do until `stop` is set, then return; block meanwhile.

        Returns only when `stop` is set. Ends with DeviceLost when the device is gone; a
        WireError or DeviceRefused never leaves this method: it is reported as `Unreadable` where
        a person waits for an answer, and otherwise counted.
        A device that only obeys waits here, and checks now and then that it is still there.
        """

    def close(self) -> None:
        """Let go of the device. Never raises; a second call does nothing."""


class Lamps(Device, Protocol):
    """The indicator lights of the window."""

    def set(self, colour: Colour, on: bool) -> None:
        """Switch one lamp; at once. A lamp that is not fitted is ignored. DeviceLost if gone."""

    def flash(self, colour: Colour, rate: FlashRate) -> None:
        """Let one lamp flash from now on, or be steady. As `set` otherwise; returns at once."""


class RatingPad(Device, Protocol):
    """Five rating keys with lamps. Presses come through `watch` as `LevelPressed`."""

    def light(self, levels: Set[int]) -> None:
        """Light exactly the lamps of these levels (1 to 5). DeviceLost if the pad is gone."""


@runtime_checkable
class Keypad(Device, Protocol):
    """A calling keypad (叫号键盘). Keys come through `watch` as `KeyDown`.

    `rates`: it has rating keys too, which come as `LevelPressed`.
    """

    rates: bool

    def show_number(self, number: str) -> None:
        """Show the digits of `number` to the teller; none: blank. DeviceLost if it is gone.

        Returns at once; whether it is shown, nobody tells.
        """

    def beep(self) -> None:
        """Beep once. As `show_number` otherwise."""


@dataclass(frozen=True)
class Screen:
    """What a small display says: one large text, and lines below it, top to bottom.

    Never wrapped: a text too wide for its row goes past slowly, a line below the edge is not seen.
    `corner` stands small atop at the right, whatever else is shown: the window's number. `qr` is
    a text for a technician's telephone, drawn as a QR code over the right half: best at most 53
    bytes; one above 321 is left out.
    """

    large: str = ""
    lines: Sequence[str] = ()
    corner: str = ""
    qr: str | None = None


class Display(Device, Protocol):
    """A small display for the citizen and the technician, 128 × 64 pixels."""

    def show(self, screen: Screen) -> None:
        """Replace what is shown. Blocks for one transfer, about 25 ms. DeviceLost if gone."""


@dataclass(frozen=True)
class ScannedPage:
    """One page as the camera saw it, found on the desk and squared.

    `jpeg` is the squared page. `corners` are its corners in the frame, in pixels: top left, top
    right, bottom right, bottom left. `sharpness` and `glare` are 0 to 1, `skew_deg` is how far
    the page lay turned on the desk. `upright` is how sure it is that the page stands upright: 1,
    surely, to −1, surely upside down; 0 if nobody can tell. `verdict` is `good`, or why the page
    must be laid again. `fingerprint` is of hal.same_page: in memory only.
    """

    jpeg: bytes
    width_px: int
    height_px: int
    dpi: float
    corners: Sequence[tuple[float, float]]
    sharpness: float
    glare: float
    skew_deg: float
    verdict: Literal["good", "no_page", "blurred", "glare", "cut_edge", "blank", "upside_down"]
    codes: Sequence[str] = ()
    upright: float = 0.0
    fingerprint: bytes = b""


class DocumentCamera(Device, Protocol):
    """An overhead camera (高拍仪). Takes a page when told to; reports nothing by itself."""

    def scan(self, timeout_s: float = 10.0) -> ScannedPage:
        """Take a frame, find the page, judge it. Blocks about a second on a Pi.

        A page that is not good comes back with its verdict; `no_page` has an empty `jpeg`.
        DeviceLost when no whole frame comes in the time: the camera is gone or hangs.
        """

    def preview(self, timeout_s: float = 4.0) -> bytes:
        """What lies there now, as a small JPEG; whatever it is, it is not judged. Costs little.

        In memory only. DeviceLost as `scan`; also when the camera sees nothing but darkness.
        """


class Voice(Device, Protocol):
    """Something that speaks (语音). Reports nothing."""

    def say(self, text: str) -> None:
        """Say `text` in the hall's language. Blocks until it was said, at most some seconds.

        DeviceLost if nothing can be said: the player is gone, or hangs and was ended.
        """


SlipKind = Literal["ticket", "receipt", "notice", "certificate"]
PrintVerdict = Literal["printed", "failed", "unknown"]
"""`unknown`: the power or the line failed in the middle; a new copy voids this one (补打)."""


@dataclass(frozen=True)
class Slip:
    """A short print without personal data: a ticket (号票) or a receipt (回执) by its number."""

    kind: SlipKind
    title: str
    lines: Sequence[str] = ()
    barcode: str | None = None
    qr: str | None = None


class SlipPrinter(Device, Protocol):
    """A small printer for slips (小票打印机). Reports nothing by itself."""

    def print_slip(self, slip: Slip) -> PrintVerdict:
        """Print one copy and cut it. Blocks some seconds.

        DeviceRefused with the remedy when paper is out or the cover is open (nothing was printed);
        DeviceLost if the printer is gone before anything was sent.
        """


class PagePrinter(Device, Protocol):
    """A printer for A4. Reports nothing by itself."""

    def print_pdf(self, pdf: bytes, title: str) -> PrintVerdict:
        """Print one copy of a document. Blocks until the printer says how it went, or for long.

        Errors as of SlipPrinter. `title` is for the print queue and holds no name of a citizen.
        """

"""What the window must know of the world around it, told by other parts as it changes."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class CentreSeen:
    """There is a line and the centre is `ready` (`reachable`), or one of the two is missing."""

    reachable: bool


@dataclass(frozen=True)
class AbleSeen:
    """`roles` of the devices that work now; the names of essential devices that do not."""

    roles: frozenset[str]
    lost_essential: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Recovering:
    """A device is being brought back; `text_zh` is for the display, empty when that is over."""

    device: str
    text_zh: str


@dataclass(frozen=True)
class ClockSeen:
    """Whether the clock is known to be wrong: stepped, unknown, or a certificate not yet valid."""

    wrong: bool


@dataclass(frozen=True)
class Disk:
    """Whether the free space is under what must never be used up."""

    full: bool


@dataclass(frozen=True)
class ScreenSeen:
    """Whether the customer screen (用户交互终端) is open somewhere."""

    open: bool


@dataclass(frozen=True)
class KeepFailed:
    """Whether the last attempt to keep something failed; the window tells itself."""

    failed: bool


Change = CentreSeen | AbleSeen | Recovering | ClockSeen | Disk | ScreenSeen | KeepFailed


@dataclass(frozen=True)
class Around:
    """As it was last told. Until it is told, nothing is there: no centre and no device."""

    centre: bool = False
    able: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    recovering: tuple[tuple[str, str], ...] = ()
    clock_wrong: bool = False
    disk_low: bool = False
    keep_failed: bool = False
    screen: bool = False

    @property
    def disk_full(self) -> bool:
        return self.disk_low or self.keep_failed

    @property
    def fault(self) -> bool:
        """Whether the window is out of order: nothing can be kept, or what it needs is away."""
        return self.disk_full or bool(self.lost)


def after(around: Around, change: Change) -> Around:
    """The surroundings as they are now."""
    match change:
        case CentreSeen(reachable=reachable):
            return replace(around, centre=reachable)
        case AbleSeen(roles=roles, lost_essential=lost):
            return replace(around, able=roles, lost=lost)
        case Recovering(device=device, text_zh=text):
            others = tuple(each for each in around.recovering if each[0] != device)
            now = ((device, text),) if text else ()
            return replace(around, recovering=(*now, *others))
        case ClockSeen(wrong=wrong):
            return replace(around, clock_wrong=wrong)
        case Disk(full=full):
            return replace(around, disk_low=full)
        case ScreenSeen(open=open):
            return replace(around, screen=open)
        case KeepFailed(failed=failed):
            return replace(around, keep_failed=failed)

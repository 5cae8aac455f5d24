"""Every fault by name: at which act of a visit it strikes, what it does, how it is seen to hit.

A fault strikes while an act is in progress: the act's answer goes on record only after `begun`
has been called. `strike` blocks until the fault is over and says whether it had an effect.
"""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from random import Random
from threading import Event

from sim.faults.lane import NOTHING, Lane, Needs
from sim.settings import PCSCD

IDENTITY, CARD, CODE = "identity.read", "card.read", "code.scanned"
PAGE, RATING = "document.captured", "rating.given"
DEVICE_ACTS = (IDENTITY, CARD, CODE, PAGE, RATING)
_HIT_S = 6.0
_LADDER_S = 15.0
_CLOCK_S = 10.0
_JUMPS = ("+3652d", "-3652d", "@2028-02-29 00:00:00", "@2027-06-30 15:59:58")
"""Ten years on and back, a leap day, and two seconds before midnight in the hall."""


@dataclass(frozen=True)
class Blow:
    """One fault as it strikes: where, by which chance, and the act it strikes in.

    `begun` is to be called when the fault is there; `answered` is set when the person has seen an
    answer to that act.
    """

    lane: Lane
    random: Random
    begun: Callable[[], None]
    answered: Event
    before: Mapping[str, int]
    """What the line had counted before the fault was armed."""

    def pause(self, least_s: float, most_s: float) -> None:
        time.sleep(self.random.uniform(least_s, most_s))

    def wait_line(self, fault: str) -> bool:
        """Block until the line has counted one more; False if it does not in time."""
        return self.lane.line.wait_hit(fault, self.before.get(fault, 0) + 1, _HIT_S)

    def unanswered(self) -> bool:
        """Whether the act is still without an answer; lets it have one from now on."""
        missing = not self.answered.is_set()
        self.begun()
        return missing


def _nothing(lane: Lane, random: Random) -> None:
    return None


@dataclass(frozen=True)
class Fault:
    """`arm` is called before the act begins, `strike` beside it in a thread of its own."""

    name: str
    acts: Sequence[str]
    strike: Callable[[Blow], bool]
    arm: Callable[[Lane, Random], None] = _nothing
    needs: Needs = NOTHING


def _kill(blow: Blow) -> bool:
    blow.pause(0.0, 0.3)
    child = blow.lane.running()
    lived = child.alive
    child.kill()
    blow.begun()
    blow.pause(0.1, 0.6)
    child.start()
    child.wait_ready()
    return lived


def _stop(blow: Blow) -> bool:
    blow.pause(0.0, 0.2)
    child = blow.lane.running()
    child.signal(signal.SIGSTOP)
    stopped = blow.lane.wait_stopped_state(1.0)
    blow.begun()
    blow.pause(0.5, 3.0)
    child.signal(signal.SIGCONT)
    return stopped


def _half_open(blow: Blow) -> bool:
    line = blow.lane.line
    blow.pause(0.0, 0.1)
    line.freeze()
    hit = blow.wait_line("freeze")
    blow.begun()
    blow.pause(1.0, 3.0)
    line.thaw()
    return hit


def _reset(blow: Blow) -> bool:
    blow.pause(0.0, 0.2)
    blow.lane.line.refuse(True)
    blow.lane.line.cut()
    blow.begun()
    blow.pause(0.1, 1.0)
    blow.lane.line.refuse(False)
    return blow.lane.line.hits.get("cut", 0) > blow.before.get("cut", 0)


def _on_line(counted: str) -> Callable[[Blow], bool]:
    """A fault of single messages that `arm` has ordered; it is over when it has hit."""

    def strike(blow: Blow) -> bool:
        hit = blow.wait_line(counted)
        blow.begun()
        return hit

    return strike


def _receipt_late(blow: Blow) -> bool:
    hit = blow.wait_line("delay_receipts")
    blow.begun()
    blow.pause(0.5, 2.0)
    blow.lane.line.delay_receipts(0.0)
    return hit


def _disk_full(blow: Blow) -> bool:
    disk = blow.lane.disk
    assert disk is not None
    full = disk.free_bytes == 0
    blow.pause(1.5, 3.0)
    unanswered = blow.unanswered()
    disk.free()
    return full and unanswered


def _fill(lane: Lane, random: Random) -> None:
    assert lane.disk is not None
    lane.disk.fill()


def _clock_jumps(blow: Blow) -> bool:
    """Hit when the terminal shows, on its page too, that its clock is wrong."""
    clock = blow.lane.clock
    assert clock is not None
    blow.pause(0.0, 0.2)
    clock.set(blow.random.choice(_JUMPS))
    blow.begun()
    with closing(blow.lane.page()) as page:
        page.wait(lambda status: bool(status["local"]["clock_wrong"]), "clock", _CLOCK_S)
    blow.pause(0.0, 2.0)
    if blow.random.random() < 0.5:
        clock.set("+0")
    return True


def _pcscd_killed(blow: Blow) -> bool:
    blow.pause(0.0, 0.2)
    blow.lane.readers.kill_daemon()
    unanswered = blow.unanswered()
    blow.pause(0.3, 1.5)
    blow.lane.restart_pcscd()
    return unanswered


def _pcscd_left_dead(blow: Blow) -> bool:
    """Nobody starts it again but the terminal itself, by its ladder."""
    systemctl = blow.lane.systemctl
    before = systemctl.restarts(PCSCD)
    blow.pause(0.0, 0.2)
    blow.lane.readers.kill_daemon()
    unanswered = blow.unanswered()
    if not systemctl.wait(lambda: systemctl.restarts(PCSCD) > before, _LADDER_S):
        blow.lane.restart_pcscd()
        return False
    return unanswered


def _identity_pulled(blow: Blow) -> bool:
    window = blow.lane.window
    half = Event()
    window.identity.at_half(half.set)
    hit = half.wait(_HIT_S)
    window.identity.unplug()
    hit = blow.unanswered() and hit
    blow.pause(0.2, 1.0)
    window.identity.plug()
    return hit


def _gun_pulled(blow: Blow) -> bool:
    kernel = blow.lane.window.kernel
    hit = kernel.wait_pulled(_HIT_S)
    hit = blow.unanswered() and hit
    blow.pause(0.2, 1.0)
    kernel.plug("gun")
    return hit


def _card_torn_out(blow: Blow) -> bool:
    # The person sees no answer: then the card was out before it had been read.
    hit = not blow.answered.wait(1.5)
    blow.begun()
    return hit


def _wires_cut(blow: Blow) -> bool:
    gpio = blow.lane.window.gpio
    blow.pause(0.0, 0.05)
    connected = gpio.connected
    gpio.close()
    unanswered = blow.unanswered()
    blow.pause(0.2, 1.0)
    gpio.open()
    return connected and unanswered


def _display_pulled(blow: Blow) -> bool:
    kernel = blow.lane.window.kernel
    before = kernel.refused
    kernel.unplug("display")
    blow.begun()
    hit = kernel.wait(lambda: kernel.refused > before, _HIT_S)
    blow.pause(0.1, 0.5)
    kernel.plug("display")
    return hit


def _camera_gone(blow: Blow) -> bool:
    camera = blow.lane.window.camera
    blow.pause(0.0, 0.1)
    camera.unplug()
    unanswered = blow.unanswered()
    blow.pause(0.2, 1.0)
    camera.plug()
    return unanswered


ON_DISK, ON_CLOCK = Needs(small_disk=True), Needs(jumping_clock=True)
FAULTS: tuple[Fault, ...] = (
    Fault("kill -9", DEVICE_ACTS, _kill),
    Fault("SIGSTOP", DEVICE_ACTS, _stop),
    Fault("half-open socket", DEVICE_ACTS, _half_open),
    Fault("connection reset", DEVICE_ACTS, _reset),
    Fault(
        "receipt lost", DEVICE_ACTS, _on_line("drop_receipts"),
        lambda lane, random: lane.line.drop_receipts(random.randint(1, 2)),
    ),
    Fault(
        "receipt late", DEVICE_ACTS, _receipt_late,
        lambda lane, random: lane.line.delay_receipts(random.uniform(0.3, 2.0)),
    ),
    Fault(
        "facts reordered", (CARD,), _on_line("swap_facts"),
        lambda lane, _: lane.line.swap_facts(1),
    ),
    Fault(
        "facts forgotten", DEVICE_ACTS, _on_line("forget_facts"),
        lambda lane, random: lane.line.forget_facts(random.randint(1, 3)),
    ),
    Fault(
        "order twice", (PAGE,), _on_line("repeat_orders"),
        lambda lane, _: lane.line.repeat_orders(1),
    ),
    Fault("disk full", (IDENTITY, CODE, PAGE, RATING), _disk_full, _fill, ON_DISK),
    Fault("clock jump", (IDENTITY, CARD, CODE, PAGE), _clock_jumps, needs=ON_CLOCK),
    Fault("pcscd killed", (CARD,), _pcscd_killed),
    Fault("pcscd left dead", (CARD,), _pcscd_left_dead),
    Fault("identity reader unplugged", (IDENTITY,), _identity_pulled),
    Fault(
        "gun unplugged", (CODE,), _gun_pulled,
        lambda lane, random: lane.window.kernel.pull_in_scan(random.randint(2, 20)),
    ),
    Fault(
        "card withdrawn", (CARD,), _card_torn_out,
        lambda lane, random: lane.window.tear_out(random.randint(0, 8)),
    ),
    Fault("GPIO wires unplugged", (RATING,), _wires_cut),
    Fault("display unplugged", DEVICE_ACTS, _display_pulled),
    Fault("camera folder gone", (PAGE,), _camera_gone),
)  # fmt: skip

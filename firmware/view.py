"""The window as health, broker and watchdog need to know it: few words, nothing personal."""

from dataclasses import dataclass
from typing import Literal

from firmware.session import Mode, State, mode

Why = Literal["teller", "fault", "disk"]


@dataclass(frozen=True)
class View:
    """`why` is why it takes nobody in, as TerminalState has it; None: it does.

    `able` are the roles of the devices that work.
    """

    mode: Mode
    why: Why | None
    visit_open: bool
    offline: bool
    paused: bool
    disk_full: bool
    clock_wrong: bool
    card_inside: bool
    able: frozenset[str]


def view(state: State) -> View:
    """As the state is."""
    around = state.around
    return View(
        mode=mode(state),
        why=_why(state),
        visit_open=state.visit is not None,
        offline=not around.centre,
        paused=state.paused,
        disk_full=around.disk_full,
        clock_wrong=around.clock_wrong,
        card_inside=bool(state.inside),
        able=around.able,
    )


def _why(state: State) -> Why | None:
    if state.around.disk_full:
        return "disk"
    if state.around.fault:
        return "fault"
    return "teller" if state.paused else None

"""窗口 Window: when a number may be called there, and when it may pause (暂停服务)."""

from central.domain.errors import Refused

AWAY = frozenset({"lost", "stopping"})
"""States of a terminal that nobody can be served at. One that is starting will be there at once,
and the order that opens the visit waits for it."""
PAUSED = "paused"


def call(state: str | None, *, card_left: bool) -> None:
    """Refused where nobody can be served. `state` is the terminal's last word, None: never heard.

    `card_left`: the last visit left a card inside (遗留卡) that nobody has taken yet.
    """
    reachable(state)
    if state == PAUSED:
        raise Refused(
            "window_paused",
            "This window is paused; resume it, or wait until its devices are back.",
            "本窗口已暂停服务,请恢复服务或等待设备恢复。",
        )
    _empty(card_left)


def offline(state: str | None) -> bool:
    """Whether the terminal is not there to be told anything; None: it was never heard."""
    return state is None or state in AWAY


def reachable(state: str | None) -> None:
    """Refused when the terminal is not there to be told anything."""
    if offline(state):
        raise Refused(
            "window_offline",
            "The terminal of this window is not connected; wait for it or call a technician.",
            "本窗口终端离线,请等待恢复或联系技术人员。",
        )


def pause(state: str | None, *, serving: bool, card_left: bool) -> None:
    """Refused while somebody is served, while a card lies inside, and where nobody hears it."""
    reachable(state)
    if serving:
        raise Refused(
            "window_busy", "Close the visit at this window first.", "请先结束本窗口当前服务。"
        )
    _empty(card_left)


def _empty(card_left: bool) -> None:
    if card_left:
        raise Refused(
            "card_left",
            "A card was left in the reader; take it out and keep it for its owner.",
            "读卡器内有遗留卡,请先取出并登记。",
        )

"""签到 Session: a teller (综合柜员) serves at a window, from signing in to signing out."""

from enum import StrEnum

from central.domain.errors import Refused


class State(StrEnum):
    OPEN = "OPEN"  # 已签到
    CLOSED = "CLOSED"  # 已签退


def sign_in(teller: str, present: str | None) -> None:
    """Refused when a colleague is signed in at this window; `present` is None when nobody is."""
    if present not in (None, teller):
        raise Refused(
            "window_taken",
            "A colleague is signed in at this window; let them sign out first.",
            "本窗口已有其他柜员签到,请先由其签退。",
        )


def act(teller: str, present: str | None) -> None:
    """Refused for whoever is not signed in at this window."""
    if present != teller:
        raise Refused(
            "not_signed_in", "You are not signed in at this window.", "您未在本窗口签到。"
        )


def sign_out(teller: str, present: str | None, *, serving: bool) -> None:
    """Refused for whoever is not signed in at this window, and while a visit is open there."""
    act(teller, present)
    if serving:
        raise Refused(
            "window_busy", "Close the visit at this window first.", "请先结束本窗口当前服务。"
        )

"""核对 Read-back: the application shown to the citizen, who confirms it or says what is wrong."""

from enum import StrEnum


class State(StrEnum):
    ASKED = "ASKED"  # 核对中
    CONFIRMED = "CONFIRMED"  # 已确认
    DISPUTED = "DISPUTED"  # 有误
    UNANSWERED = "UNANSWERED"  # 未确认

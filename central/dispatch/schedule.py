"""When each unanswered order is to be sent again. Pure: moments are handed in."""

from collections.abc import Callable, Iterable

FIRST_S, LONGEST_S = 1.0, 10.0
SPREAD = 0.2
"""Each pause is up to so much shorter or longer, so that a hall's orders do not march in step."""


class Schedule:
    """Orders by their id. An order it has not met is due at once; so is each after `all_due`."""

    def __init__(self, uniform: Callable[[float, float], float]) -> None:
        self._uniform = uniform
        self._due: dict[str, float] = {}
        self._pause_s: dict[str, float] = {}

    def is_due(self, order: str, now_s: float) -> bool:
        return self._due.get(order, now_s) <= now_s

    def sent(self, order: str, now_s: float) -> None:
        """It went out at `now_s`; the next time is a pause away, and the pause after it longer."""
        pause_s = self._pause_s.get(order, FIRST_S)
        self._pause_s[order] = min(LONGEST_S, 2 * pause_s)
        self._due[order] = now_s + pause_s * self._uniform(1 - SPREAD, 1 + SPREAD)

    def all_due(self) -> None:
        """The line is new: what went over the old one may never have arrived."""
        self._due.clear()
        self._pause_s.clear()

    def keep(self, orders: Iterable[str]) -> None:
        """Forget every order that is not among `orders`: it is answered or expired."""
        pending = set(orders)
        for gone in self._pause_s.keys() - pending:
            del self._pause_s[gone], self._due[gone]

    def next_s(self) -> float | None:
        """The earliest moment at which a known order is due."""
        return min(self._due.values(), default=None)

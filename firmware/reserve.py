"""Reserved ticket numbers (预留号段): given out while the centre is away, each at most once.

A number that was given is remembered even when its block is gone, so that a block which comes
again, whole or in part, under another order gives none of its numbers a second time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

REMEMBERED = 64
"""How many ranges of given numbers are kept; a hall has a lane or two, and one range a day each."""
MOST_BLOCKS = 64


@dataclass(frozen=True)
class Block:
    """`first` to `last`, both included, of `lane` on `day` (YYYY-MM-DD)."""

    lane: str
    day: str
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class Number:
    """One number as the citizen is told it."""

    lane: str
    day: str
    value: int

    @property
    def text(self) -> str:
        return f"{self.lane}{self.value:03d}"


@dataclass(frozen=True)
class Numbers:
    """`left` may be given, oldest block first and disjoint; `given` were, newest last."""

    left: tuple[Block, ...] = ()
    given: tuple[Block, ...] = ()

    def added(self, block: Block) -> "Numbers":
        """With what of `block` was neither reserved nor given before."""
        pieces = [block]
        for other in (*self.left, *self.given):
            pieces = [rest for piece in pieces for rest in _without(piece, other)]
        return replace(self, left=(*self.left, *pieces)[-MOST_BLOCKS:])

    def on(self, today: str | None) -> tuple[Block, ...]:
        """The blocks that count on this day. None: no clock, so those of the newest day."""
        days = [today] if today else [block.day for block in (*self.left, *self.given)]
        return tuple(block for block in self.left if block.day == max(days))

    def count(self, today: str | None) -> int:
        return sum(len(block) for block in self.on(today))

    def current(self, today: str | None) -> "Numbers":
        """Without blocks of days that are past; without a clock no day is."""
        if today is None:
            return self
        return replace(self, left=tuple(block for block in self.left if block.day >= today))

    def next(self, today: str | None) -> tuple[Number, "Numbers"] | None:
        """The next number and what is left then; None if there is none for this day."""
        blocks = self.on(today)
        if not blocks:
            return None
        block = blocks[0]
        shorter = [replace(block, first=block.first + 1)] if len(block) > 1 else []
        left = [each for old in self.left for each in (shorter if old is block else [old])]
        number = Number(block.lane, block.day, block.first)
        return number, Numbers(tuple(left), _with(self.given, number))


def _without(block: Block, other: Block) -> list[Block]:
    """The parts of `block` outside `other`."""
    if (block.lane, block.day) != (other.lane, other.day):
        return [block]
    before = replace(block, last=min(block.last, other.first - 1))
    after = replace(block, first=max(block.first, other.last + 1))
    return [part for part in (before, after) if part.first <= part.last]


def _with(given: tuple[Block, ...], number: Number) -> tuple[Block, ...]:
    for at, block in enumerate(given):
        if (block.lane, block.day, block.last + 1) == (number.lane, number.day, number.value):
            return (*given[:at], replace(block, last=number.value), *given[at + 1 :])
    return (*given, Block(number.lane, number.day, number.value, number.value))[-REMEMBERED:]


def dump(numbers: Numbers) -> dict[str, Any]:
    return {"left": _rows(numbers.left), "given": _rows(numbers.given)}


def load(kept: dict[str, Any]) -> Numbers:
    return Numbers(_blocks(kept.get("left", ())), _blocks(kept.get("given", ())))


def _rows(blocks: Iterable[Block]) -> list[list[str | int]]:
    return [[block.lane, block.day, block.first, block.last] for block in blocks]


def _blocks(rows: Iterable[Sequence[Any]]) -> tuple[Block, ...]:
    return tuple(Block(*row) for row in rows)

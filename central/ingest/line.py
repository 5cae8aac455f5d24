"""Which sequences of one outbox are stored, and which are missing in between. Pure.

Source: the contract between terminal and centre, version 1, "Receipts and gaps".
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import islice

MOST_RANGES = 200
"""In one receipt; the later gaps are asked for when the earlier ones are filled."""


class Line:
    """`committed` is the highest sequence below which nothing is missing."""

    def __init__(self, committed: int = 0, above: Iterable[int] = ()) -> None:
        """`above`: what is stored beyond `committed`, in any order."""
        self.committed = committed
        self._starts: list[int] = []
        self._ends: list[int] = []
        for sequence in above:
            self.add(sequence)

    @property
    def highest(self) -> int:
        """The highest sequence that is stored."""
        return self._ends[-1] if self._ends else self.committed

    @property
    def missing(self) -> list[tuple[int, int]]:
        """The first closed ranges below `highest` that are not stored."""
        gaps: list[tuple[int, int]] = []
        end = self.committed
        for start, next_end in islice(zip(self._starts, self._ends, strict=True), MOST_RANGES):
            gaps.append((end + 1, start - 1))
            end = next_end
        return gaps

    def add(self, sequence: int) -> None:
        """`sequence` is stored now; one that was stored before changes nothing."""
        if sequence == self.committed + 1:
            self.committed = sequence
            if self._starts and self._starts[0] == sequence + 1:
                self.committed = self._ends[0]
                del self._starts[0], self._ends[0]
        elif sequence > self.committed:
            self._island(sequence)

    def _island(self, sequence: int) -> None:
        at = bisect_right(self._starts, sequence)
        if at and sequence <= self._ends[at - 1]:
            return
        joins_left = at > 0 and self._ends[at - 1] == sequence - 1
        joins_right = at < len(self._starts) and self._starts[at] == sequence + 1
        if joins_left and joins_right:
            self._ends[at - 1] = self._ends[at]
            del self._starts[at], self._ends[at]
        elif joins_left:
            self._ends[at - 1] = sequence
        elif joins_right:
            self._starts[at] = sequence
        else:
            self._starts.insert(at, sequence)
            self._ends.insert(at, sequence)

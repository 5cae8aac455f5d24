"""How long the link rests before it tries again."""

import random

from firmware.link import Backoff


def test_the_first_rest_is_as_random_as_the_others() -> None:
    """A hall of terminals cut at the same moment returns spread over the whole interval."""
    random.seed(4)
    rests = sorted(Backoff(1.0, 8.0).next_s(1e9) for _ in range(300))
    tenths = [sum(n / 10 <= rest < (n + 1) / 10 for rest in rests) for n in range(10)]
    assert min(tenths) > 10
    assert max(tenths) < 60


def test_rests_grow_until_the_line_was_good() -> None:
    """The ceiling doubles up to the cap; a line that broke at once does not begin it anew."""
    random.seed(4)
    backoff = Backoff(1.0, 8.0)
    assert max(backoff.next_s(0.0) for _ in range(200)) > 7.0
    assert max(backoff.next_s(0.5) for _ in range(200)) > 7.0
    assert backoff.next_s(9.0) <= 1.0

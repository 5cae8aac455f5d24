"""Reserved numbers: in order, of the day, each at most once."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.reserve import Block, Numbers, dump, load

TODAY, YESTERDAY, TOMORROW = "2026-11-23", "2026-11-22", "2026-11-24"


def drawn(numbers: Numbers, today: str | None) -> list[str]:
    """All numbers of the day, one after the other."""
    texts = []
    while (found := numbers.next(today)) is not None:
        number, numbers = found
        texts.append(number.text)
    return texts


def test_numbers_come_in_order() -> None:
    """Block after block, a letter and at least three digits."""
    numbers = Numbers().added(Block("A", TODAY, 91, 92)).added(Block("B", TODAY, 999, 1000))
    assert drawn(numbers, TODAY) == ["A091", "A092", "B999", "B1000"]
    assert numbers.count(TODAY) == 4


def test_only_the_days_own_numbers_are_given() -> None:
    """Neither yesterday's nor tomorrow's; past days are dropped, coming ones stay."""
    numbers = Numbers()
    for day in (YESTERDAY, TODAY, TOMORROW):
        numbers = numbers.added(Block("A", day, 1, 1))
    assert drawn(numbers, TODAY) == ["A001"]
    assert [block.day for block in numbers.current(TODAY).left] == [TODAY, TOMORROW]
    assert drawn(numbers, "2026-11-25") == []


def test_without_a_clock_the_newest_day_counts() -> None:
    """And nothing is dropped for being past."""
    numbers = Numbers().added(Block("A", TODAY, 5, 6)).added(Block("A", YESTERDAY, 1, 2))
    assert drawn(numbers, None) == ["A005", "A006"]
    assert numbers.current(None) == numbers


def test_a_block_that_comes_again_gives_nothing_twice() -> None:
    """What was reserved or given before is cut out of it, wherever it lies."""
    numbers = Numbers().added(Block("A", TODAY, 10, 14))
    for _ in range(2):
        found = numbers.next(TODAY)
        assert found is not None
        numbers = found[1]
    numbers = numbers.added(Block("A", TODAY, 8, 16))
    assert sorted(drawn(numbers, TODAY)) == ["A008", "A009", "A012", "A013", "A014", "A015", "A016"]


BLOCKS = st.builds(
    lambda lane, day, first, count: Block(lane, day, first, first + count),
    st.sampled_from("AB"),
    st.sampled_from([TODAY, TOMORROW]),
    st.integers(1, 30),
    st.integers(0, 10),
)
STEPS = st.lists(st.one_of(BLOCKS, st.sampled_from([TODAY, TOMORROW, None])), max_size=40)


@given(STEPS)
def test_each_number_is_given_at_most_once(steps: list[Block | str | None]) -> None:
    """Whatever is reserved and however often the terminal starts anew between."""
    numbers = Numbers()
    given_out: list[tuple[str, str, int]] = []
    for step in steps:
        if isinstance(step, Block):
            numbers = numbers.added(step)
        elif (found := numbers.current(step).next(step)) is not None:
            number, numbers = found
            given_out.append((number.lane, number.day, number.value))
        numbers = load(dump(numbers))
    assert len(given_out) == len(set(given_out))

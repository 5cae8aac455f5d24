"""Whose documents they are, and who has a role."""

from firmware.people import People, Person, accept, read
from hal.same_person import Bearer

FIRST = Bearer("示例甲", "11010519491231002X")
AGENT = Bearer("示例乙", "110105194912310038")
THIRD = Bearer("示例丙", "110105198001010017")
NAME_ONLY = Bearer("示例甲", None)
SAME_NAME = Bearer("示例甲", "110105194912310038")


def after(*bearers: Bearer) -> People:
    people = People()
    for bearer in bearers:
        people = read(people, bearer).people
    return people


def test_the_first_document_is_a_partys() -> None:
    """Whoever comes first is who the visit is for; further documents of his agree."""
    reading = read(after(FIRST), NAME_ONLY)
    assert not reading.differs
    assert reading.people == People((Person((FIRST, NAME_ONLY)),))


def test_another_number_is_a_strangers() -> None:
    """He waits for a role, and no role is written beside what he lays."""
    reading = read(after(FIRST), AGENT)
    assert (reading.differs, reading.party) == (True, None)
    assert reading.people.strangers == (Person((AGENT,)),)


def test_an_accepted_stranger_carries_his_role() -> None:
    """From then on each of his documents does; the first person's carry none."""
    people = accept(after(FIRST, AGENT), "agent")
    assert people.strangers == ()
    assert (read(people, AGENT).party, read(people, AGENT).differs) == ("agent", False)
    assert (read(people, FIRST).party, read(people, FIRST).differs) == (None, False)


def test_a_stranger_stays_while_the_first_lays_his_card_again() -> None:
    """Nothing but a role, or the end of the visit, makes him a stranger no more."""
    assert after(FIRST, AGENT, FIRST).strangers == (Person((AGENT,)),)


def test_two_strangers_wait_until_one_is_meant() -> None:
    """A role chosen for the one must not fall on the other: laid again, one waits alone."""
    people = after(FIRST, AGENT, THIRD)
    assert len(people.strangers) == 2
    assert read(people, AGENT).people.strangers == (Person((AGENT,)),)


def test_a_name_that_two_bear_gets_nobodys_role() -> None:
    """Neither while one of them is a stranger, nor when both have roles."""
    people = after(FIRST, SAME_NAME)
    assert read(people, NAME_ONLY).party is None
    people = accept(people, "agent")
    reading = read(people, NAME_ONLY)
    assert (reading.party, reading.differs, reading.people) == (None, False, people)


def test_a_name_that_a_stranger_bears_too_gets_nobodys_role() -> None:
    """The document may be the stranger's, who has none yet."""
    people = accept(after(FIRST, AGENT), "agent")
    people = read(people, Bearer("示例乙", "110105198001010017")).people
    reading = read(people, Bearer("示例乙", None))
    assert (reading.party, reading.people) == (None, people)


def test_a_document_that_says_nothing_is_nobodys() -> None:
    """A card that tells neither name nor number makes nobody a party or a stranger."""
    nothing = Bearer(None, None)
    assert after(nothing, FIRST, nothing) == after(FIRST)


def test_nobody_is_named() -> None:
    """What a log line would show of them tells neither name nor number."""
    text = repr(after(FIRST, AGENT))
    assert "示例" not in text
    assert "1101" not in text


def test_a_name_that_is_cut_matches_with_a_warning() -> None:
    """A name of 30 bytes that is the beginning of a longer one is the same person's: it is told."""
    whole = Bearer("示例丙丙丙丙丙丙丙丙丙丙丙丙丙丙丁", None)
    cut = Bearer("示例丙丙丙丙丙丙丙丙丙丙丙丙丙", None, short=True)
    people = after(whole, cut)
    assert people.strangers == ()
    assert people.by_prefix
    assert not after(whole, whole).by_prefix

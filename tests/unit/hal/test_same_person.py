"""When two documents are of one person, and when they are not."""

import pytest

from hal.codecs.gb18030 import encode
from hal.events.facts import CardRead, IdentityRead
from hal.same_person import Bearer, Comparison, bearer, compare, difference

NUMBER, OTHER = "11010519491231002X", "110105194912310038"
LONG = "阿卜杜拉·示例·样本·虚构·拟山"
SHORT = Bearer(LONG[:15], None, short=True)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (Bearer("贾示例", NUMBER), Bearer("贾示例", NUMBER), "agree"),
        (Bearer("贾示例", NUMBER), Bearer("贾示例", NUMBER.lower()), "agree"),
        (Bearer("贾示例", NUMBER), Bearer("贾示例", OTHER), "number"),
        (Bearer("贾示例", NUMBER), Bearer("甄示例", NUMBER), "name"),
        (Bearer("贾示例", NUMBER), Bearer("甄示例", None), "name"),
        (Bearer("贾示例", NUMBER), Bearer(None, None), "agree"),
        (Bearer(None, NUMBER), Bearer("贾示例", None), "agree"),
        *((Bearer("贾·示例", None), Bearer(f"贾{dot}示例", None), "agree") for dot in "·•‧・･.．"),
        (Bearer("贾\u9fb4", None), Bearer("贾\ue81e", None), "agree"),
        (Bearer(LONG, None), SHORT, "prefix"),
        (Bearer(LONG.replace("·", "."), NUMBER), SHORT, "prefix"),
        (Bearer(LONG, None), Bearer(LONG[:15], None), "name"),
        (Bearer(LONG[:15], None), SHORT, "agree"),
        (Bearer("甄" + LONG[1:], None), SHORT, "name"),
        (Bearer("贾示例", None), Bearer("贾示", None, short=True), "name"),
        (Bearer("例" * 12 + "\U00020000贾", None), Bearer("例" * 13, None, short=True), "name"),
    ],
)
def test_two_documents(one: Bearer, other: Bearer, found: Comparison) -> None:
    """Numbers decide where both have one; a full field matches by its beginning, and says so."""
    assert compare(one, other) == found
    assert compare(other, one) == found
    assert difference(one, other) == (found if found in ("number", "name") else None)


@pytest.mark.parametrize("last", ["例", "\U00020000", "a"])
def test_a_field_is_full_where_no_character_had_room(last: str) -> None:
    """One of four bytes did not fit behind 27; behind 26 it did."""
    begun = "例" * 13
    assert compare(Bearer(begun + "a" + last, None), Bearer(begun + "a", None, True)) == "prefix"
    assert compare(Bearer(begun + last, None), Bearer(begun, None, True)) == "name"
    assert len(encode(begun)) == 26


def test_a_name_goes_on_in_its_extension() -> None:
    """So the two cards of a long name agree without a warning."""
    identity = IdentityRead(document="resident", name=LONG, number=NUMBER)
    whole = CardRead(name=LONG[:15], name_extension=LONG[15:], social_security_number=NUMBER)
    first = CardRead(name=LONG[:15], social_security_number=NUMBER)
    assert compare(bearer(identity), bearer(whole)) == "agree"
    assert compare(bearer(identity), bearer(first)) == "prefix"


def test_an_extension_may_be_full_as_well() -> None:
    """Of a name of more than 50 bytes only the beginning is known."""
    name = "例" * 15 + "本" * 12
    card = CardRead(name=name[:15], name_extension=name[15:25])
    assert compare(
        bearer(IdentityRead(document="resident", name=name, number="")), bearer(card)
    ) == ("prefix")


def test_a_card_that_withholds_its_name_is_nobodys() -> None:
    """It differs from nothing."""
    assert bearer(CardRead(withheld=["08", "09"])) == Bearer(None, None, short=True)


def test_a_bearer_is_not_printed() -> None:
    """A log line or a traceback that shows one names nobody."""
    assert NUMBER not in repr(Bearer("贾示例", NUMBER))
    assert "贾" not in repr(Bearer("贾示例", NUMBER))

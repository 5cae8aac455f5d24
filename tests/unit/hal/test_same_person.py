"""When two documents are of one person, and when they are not."""

import pytest

from hal.same_person import Bearer, difference

NUMBER, OTHER = "11010519491231002X", "110105194912310038"
LONG = "阿卜杜拉·示例·样本·虚构·拟山"


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (Bearer("贾示例", NUMBER), Bearer("贾示例", NUMBER), None),
        (Bearer("贾示例", NUMBER), Bearer("贾示例", NUMBER.lower()), None),
        (Bearer("贾示例", NUMBER), Bearer("贾示例", OTHER), "number"),
        (Bearer("贾示例", NUMBER), Bearer("甄示例", NUMBER), "name"),
        (Bearer("贾示例", NUMBER), Bearer("甄示例", None), "name"),
        (Bearer("贾示例", NUMBER), Bearer(None, None), None),
        *((Bearer("贾·示例", None), Bearer(f"贾{dot}示例", None), None) for dot in "·•‧・･.．"),
        (Bearer(LONG, None), Bearer(LONG[:15], None, short=True), None),
        (Bearer(LONG, None), Bearer(LONG[:15], None, short=False), "name"),
        (Bearer("贾示例", None), Bearer("贾示", None, short=True), "name"),
    ],
)
def test_two_documents(one: Bearer, other: Bearer, found: str | None) -> None:
    """Numbers decide where both have one; names compare over every dot, and over a full field."""
    assert difference(one, other) == found
    assert difference(other, one) == found


def test_a_bearer_is_not_printed() -> None:
    """A log line or a traceback that shows one names nobody."""
    assert NUMBER not in repr(Bearer("贾示例", NUMBER))
    assert "贾" not in repr(Bearer("贾示例", NUMBER))

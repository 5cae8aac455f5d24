"""The topic tree, held against the contract's table ("Names", "Topics")."""

import pytest

from hal.events.topics import CENTRE_STATE, Branch, Topic, TopicError, parse_topic, valid_name

BRANCH = Branch("pzh01", "pzh01-w03")


def test_every_topic_is_the_contracts() -> None:
    """Each name that a terminal or the centre writes, letter by letter."""
    assert [
        BRANCH.state,
        BRANCH.about,
        BRANCH.health,
        BRANCH.receipt,
        BRANCH.orders,
        BRANCH.device("oled"),
        BRANCH.fact("card", "presented"),
        BRANCH.order("lights", "set"),
        BRANCH.log("warning"),
        BRANCH.source("card"),
        CENTRE_STATE,
    ] == [
        "hall/1/pzh01/pzh01-w03/state",
        "hall/1/pzh01/pzh01-w03/about",
        "hall/1/pzh01/pzh01-w03/health",
        "hall/1/pzh01/pzh01-w03/receipt",
        "hall/1/pzh01/pzh01-w03/order/#",
        "hall/1/pzh01/pzh01-w03/device/oled",
        "hall/1/pzh01/pzh01-w03/fact/card/presented",
        "hall/1/pzh01/pzh01-w03/order/lights/set",
        "hall/1/pzh01/pzh01-w03/log/warning",
        "/hall/1/pzh01/pzh01-w03/card",
        "centre/1/state",
    ]


@pytest.mark.parametrize("name", ["a", "pzh01-w03", "0", "-", "x" * 32])
def test_names_of_the_contract_are_valid(name: str) -> None:
    """One to 32 small letters, digits and hyphens."""
    assert valid_name(name)


@pytest.mark.parametrize(
    "name", ["", "x" * 33, "W03", "w_03", "w 03", "a/b", "+", "#", "窗口", "w03\n", "é"]
)
def test_other_names_are_refused(name: str) -> None:
    """A name that would leave its place in the tree, or widen a filter, builds no branch."""
    assert not valid_name(name)
    with pytest.raises(TopicError):
        Branch("pzh01", name)
    with pytest.raises(TopicError):
        Branch(name, "pzh01-w03")


@pytest.mark.parametrize(
    ("text", "channel", "rest"),
    [
        ("hall/1/pzh01/pzh01-w03/state", "state", ()),
        ("hall/1/pzh01/pzh01-w03/fact/card/presented", "fact", ("card", "presented")),
        ("hall/1/pzh01/pzh01-w03/log/info", "log", ("info",)),
    ],
)
def test_a_topic_is_taken_apart(text: str, channel: str, rest: tuple[str, ...]) -> None:
    """Site, terminal, channel and what follows it."""
    assert parse_topic(text) == Topic(BRANCH, channel, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "centre/1/state",
        "hall/2/pzh01/pzh01-w03/state",
        "hall/1/pzh01/pzh01-w03",
        "/hall/1/pzh01/pzh01-w03/state",
        "hall/1/PZH/pzh01-w03/state",
        "hall/1//pzh01-w03/state",
        "$SYS/broker/uptime/a/b",
    ],
)
def test_a_topic_of_another_tree_is_refused(text: str) -> None:
    """Another version, another root, or a name that is none: TopicError."""
    with pytest.raises(TopicError):
        parse_topic(text)

"""The topic tree below `hall/1/`: who writes where. One place builds and reads topic names."""

import re
from dataclasses import dataclass

ROOT = "hall/1"
CENTRE_STATE = "centre/1/state"
NAME = re.compile(r"[a-z0-9-]{1,32}")


class TopicError(ValueError):
    """A topic that is not of this tree. The message is from another contract: set it aside."""


def valid_name(text: str) -> bool:
    """Whether `text` may name a site or a terminal: `^[a-z0-9-]{1,32}$`."""
    return NAME.fullmatch(text) is not None


@dataclass(frozen=True)
class Branch:
    """The part of the tree that belongs to one terminal."""

    site: str
    terminal: str

    def __post_init__(self) -> None:
        for name in (self.site, self.terminal):
            if not valid_name(name):
                raise TopicError(f"{name!r} is no site or terminal name (a-z, 0-9, -, at most 32)")

    @property
    def root(self) -> str:
        return f"{ROOT}/{self.site}/{self.terminal}"

    @property
    def state(self) -> str:
        return f"{self.root}/state"

    @property
    def about(self) -> str:
        return f"{self.root}/about"

    @property
    def health(self) -> str:
        return f"{self.root}/health"

    @property
    def receipt(self) -> str:
        return f"{self.root}/receipt"

    @property
    def orders(self) -> str:
        """The filter under which the terminal reads its orders."""
        return f"{self.root}/order/#"

    def device(self, device: str) -> str:
        return f"{self.root}/device/{device}"

    def fact(self, device: str, name: str) -> str:
        return f"{self.root}/fact/{device}/{name}"

    def order(self, device: str, verb: str) -> str:
        return f"{self.root}/order/{device}/{verb}"

    def log(self, level: str) -> str:
        return f"{self.root}/log/{level}"

    def source(self, device: str) -> str:
        """The CloudEvents `source` of the facts of `device`."""
        return f"/{self.root}/{device}"


@dataclass(frozen=True)
class Topic:
    """A topic taken apart. `channel` is the word after the terminal, `rest` what follows it."""

    branch: Branch
    channel: str
    rest: tuple[str, ...]


def parse_topic(topic: str) -> Topic:
    """Take apart `hall/1/{site}/{terminal}/{channel}/…`; TopicError if it is not of this tree."""
    parts = topic.split("/")
    if len(parts) < 5 or "/".join(parts[:2]) != ROOT:
        raise TopicError(f"not a topic of {ROOT}: {topic!r}")
    return Topic(Branch(parts[2], parts[3]), parts[4], tuple(parts[5:]))

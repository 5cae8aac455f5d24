"""What the rules say when something must not happen.

RuleError          carries a `code` for programs, a sentence for people in English and Chinese
├── Refused        the state of things forbids it: do something else first
├── Unknown        what was named does not exist
└── Incorrect      the words given make no sense: send other ones
"""


class RuleError(Exception):
    """A rule was asked for something it does not allow. Nothing has been changed."""

    def __init__(self, code: str, english: str, chinese: str) -> None:
        super().__init__(f"{english} {chinese}")
        self.code = code
        self.english = english
        self.chinese = chinese


class Refused(RuleError):
    """It is not allowed now; the state of the entity, or a rule of the hall, is against it."""


class Unknown(RuleError):
    """There is no such ticket, visit, case, item or window."""


class Incorrect(RuleError):
    """A value that no rule can take, whatever the state."""

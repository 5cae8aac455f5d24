"""The access rules, line by line; tests/flow asks the real broker what they do."""

import pytest

from central.broker.rules import rules

EXPECTED = """pattern write hall/1/+/%u/state
pattern write hall/1/+/%u/about
pattern write hall/1/+/%u/device/#
pattern write hall/1/+/%u/fact/#
pattern write hall/1/+/%u/health
pattern write hall/1/+/%u/log/#
pattern read hall/1/+/%u/order/#
pattern read hall/1/+/%u/receipt
pattern read centre/1/state

user centre
topic deny hall/1/+/centre/#
topic read hall/1/+/+/state
topic read hall/1/+/+/about
topic read hall/1/+/+/device/#
topic read hall/1/+/+/fact/#
topic read hall/1/+/+/health
topic read hall/1/+/+/log/#
topic write hall/1/+/+/order/#
topic write hall/1/+/+/receipt
topic write centre/1/state

user audit
topic deny hall/1/+/audit/#
topic read hall/1/#

user screen
topic deny hall/1/+/screen/#
topic read hall/1/#
"""


def test_the_rules_are_the_contracts() -> None:
    """Terminals, the centre and two observers may do what the contract says, and nothing else."""
    assert rules(["screen", "audit"]) == EXPECTED


@pytest.mark.parametrize("name", ["centre", "", "a b", "x\ntopic write #", "+", "a/b"])
def test_a_name_that_would_be_more_than_an_observer_is_refused(name: str) -> None:
    """The centre's own name, or one that would write rules of its own."""
    with pytest.raises(ValueError, match="cannot be an observer's name"):
        rules([name])

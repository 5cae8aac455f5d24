"""A card that is the same in every test of the twins."""

import pytest

from sim.card import EXAMPLE, Card


@pytest.fixture
def card() -> Card:
    """The invented person of `ow-sim twin identity --example`."""
    return EXAMPLE

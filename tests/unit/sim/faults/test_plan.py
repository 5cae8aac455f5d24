"""Which faults a run meets, and the line that says how the runs went."""

from sim.faults.kinds import FAULTS
from sim.faults.one import Verdict, plan
from sim.faults.runner import last_line
from sim.faults.strike import Struck


def test_a_seed_always_means_the_same() -> None:
    """A run that failed can be done again: its faults depend on its seed alone."""
    assert plan(10_007) == plan(10_007)


def test_a_few_runs_meet_every_fault() -> None:
    """As many neighbouring seeds as there are faults strike each of them at least once."""
    met = {fault.name for seed in range(10_000, 10_000 + len(FAULTS)) for fault, _ in plan(seed)}
    assert met == {fault.name for fault in FAULTS}


def test_faults_of_one_run_strike_in_different_acts() -> None:
    """Two faults never strike in the same act, each in one that it can strike in."""
    for seed in range(200):
        chosen = plan(seed)
        assert len({act for _, act in chosen}) == len(chosen)
        assert all(act in fault.acts for fault, act in chosen)


def test_last_line() -> None:
    """Hits are counted; the worst recovery is that of a fault that hit."""
    hit = Struck(FAULTS[0], "card.read", hit=True, recovery_s=1.25)
    missed = Struck(FAULTS[1], "card.read", recovery_s=9.0)
    total = {"lost": 0, "unexpected": 0, "duplicate": 0, "crossed": 0}
    assert last_line([Verdict(1, [hit, missed]), Verdict(2, [hit])], total) == (
        "faults: runs 2, faults hit 2, lost 0, unexpected 0, duplicate 0, crossed visits 0, "
        "worst recovery 1.2 s"
    )

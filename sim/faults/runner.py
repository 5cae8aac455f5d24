"""`ow-sim faults`: many runs of one terminal and one visit each, every one with a fault, judged."""

import queue
import shutil
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from sim.acts import Acts, new_id
from sim.errors import SimError
from sim.faults.kinds import FAULTS
from sim.faults.lane import Lane
from sim.faults.one import PACE, Now, Verdict, carry_out
from sim.judge import judge
from sim.launcher import Launcher, Say
from sim.office import Office
from sim.pace import Patience
from sim.ports import free_ports
from sim.settings import Ports, Run, make_identities, new_folder, teller_name, terminal_name
from sim.stage import broker, centre

SEEDS_APART = 10_000
"""Run n of seed s has the seed s × SEEDS_APART + n."""
_COUNTED = ("lost", "unexpected", "duplicate", "crossed")


@dataclass(frozen=True)
class Options:
    """What was asked for. `replay`: one run of this seed instead of `runs` of `seed`."""

    runs: int
    seed: int
    lanes: int
    replay: int | None
    keep: bool
    identities: Path

    def seeds(self) -> list[int]:
        if self.replay is not None:
            return [self.replay]
        return [self.seed * SEEDS_APART + number for number in range(self.runs)]


def faults(options: Options, now: Now, say: Say) -> int:
    """Carry out all runs and print the last line; 0 only if every run was good."""
    seeds = options.seeds()
    lanes = min(options.lanes, len(seeds))
    identities = make_identities(options.identities, lanes)
    folder = new_folder(identities.parent / "run", "faults", now())
    run = Run(identities, folder, Ports(*free_ports(3)))
    series = _Series(run, seeds, lanes, now, say)
    try:
        series.carry_out()
        total = _judge_all(run)
    except SimError:
        say(f"the runs are kept in {folder}")
        raise
    finally:
        series.close()
    _print_table(series.verdicts, say)
    good = _say_bad(series.verdicts, len(seeds), say) and not any(total[n] for n in _COUNTED)
    print(last_line(series.verdicts, total), flush=True)
    if good and not options.keep:
        shutil.rmtree(folder)
    else:
        say(f"the runs are kept in {folder}")
    return 0 if good else 1


class _Series:
    """Broker and centre, started once, and the lanes beside each other."""

    def __init__(self, run: Run, seeds: list[int], lanes: int, now: Now, say: Say) -> None:
        self._run = run
        self._now = now
        self._say = say
        self._count = len(seeds)
        self._seeds: queue.SimpleQueue[int] = queue.SimpleQueue()
        for seed in seeds:
            self._seeds.put(seed)
        self._launcher = Launcher(say)
        self._lanes = [Lane(run, terminal_name(n), n) for n in range(1, lanes + 1)]
        self._lock = threading.Lock()
        self._begun_s = time.monotonic()
        self.verdicts: list[Verdict] = []

    def carry_out(self) -> None:
        self._run.write_centre()
        self._launcher.start(broker(self._run, self._run.centre_toml))
        self._launcher.start(centre(self._run, self._run.centre_toml))
        for lane in self._lanes:
            lane.open()
        self._sign_in()
        threads = [
            threading.Thread(target=self._work, args=(lane,), name=lane.name, daemon=True)
            for lane in self._lanes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def close(self) -> None:
        for lane in self._lanes:
            lane.close()
        self._launcher.stop()

    def _sign_in(self) -> None:
        """Every teller at their window, for all the runs there."""
        acts = Acts(self._run.acts, self._now)
        tellers = {lane.name: teller_name(lane.number) for lane in self._lanes}
        office = Office(
            f"http://127.0.0.1:{self._run.ports.http}",
            {teller: self._run.token(teller) for teller in tellers.values()},
            acts,
            PACE,
            lambda: new_id(self._now()),
        )
        patience = Patience(PACE.visit_s, threading.Event())
        for terminal, teller in tellers.items():
            command = office.command(teller, teller, f"/windows/{terminal}/sign-in", {})
            office.send(command, patience)
        office.close()
        acts.close()

    def _work(self, lane: Lane) -> None:
        """Runs until none is left. A window whose visit was not closed takes no more of them."""
        while True:
            try:
                seed = self._seeds.get_nowait()
            except queue.Empty:
                return
            verdict = carry_out(lane, teller_name(lane.number), seed, self._now)
            self._note(lane, verdict)
            if not verdict.carried_out:
                return

    def _note(self, lane: Lane, verdict: Verdict) -> None:
        with self._lock:
            self.verdicts.append(verdict)
            struck = ", ".join(
                f"{each.fault.name} in {each.act}{'' if each.hit else ' (no hit)'}"
                + ("" if each.recovery_s is None else f", recovered {each.recovery_s:.1f} s")
                for each in verdict.struck
            )
            done, spent_s = len(self.verdicts), time.monotonic() - self._begun_s
            self._say(
                f"run {done} of {self._count} after {spent_s:.0f} s: seed {verdict.seed} at "
                f"{lane.name}: {struck or 'nothing struck'}"
            )
            if verdict.complaint is not None:
                self._say(f"BAD, seed {verdict.seed}: {verdict.complaint}")


def _judge_all(run: Run) -> dict[str, int]:
    """Everything that was done in all the runs against everything that is stored."""
    with run.acts.open("ab") as all_acts:
        for path in sorted(run.folder.glob("run-*/acts.jsonl")):
            all_acts.write(path.read_bytes())
    report = judge(run)
    return {name: int(report[name]) for name in _COUNTED}


def _print_table(verdicts: list[Verdict], say: Say) -> None:
    tries: dict[str, int] = defaultdict(int)
    hits: dict[str, int] = defaultdict(int)
    worst: dict[str, float] = defaultdict(float)
    for struck in (each for verdict in verdicts for each in verdict.struck):
        name = struck.fault.name
        tries[name] += 1
        hits[name] += struck.hit
        worst[name] = max(worst[name], struck.recovery_s or 0.0)
    say(f"{'fault':<28}{'tries':>6}{'hits':>6}{'worst recovery':>16}")
    for fault in FAULTS:
        name = fault.name
        say(f"{name:<28}{tries[name]:>6}{hits[name]:>6}{worst[name]:>14.1f} s")


def _say_bad(verdicts: list[Verdict], wanted: int, say: Say) -> bool:
    """Whether all runs were carried out and good; says which were not."""
    bad = [verdict for verdict in verdicts if verdict.complaint is not None]
    for verdict in bad:
        say(f"BAD: ow-sim faults --replay {verdict.seed}: {verdict.complaint}")
    if len(verdicts) < wanted:
        say(f"only {len(verdicts)} of {wanted} runs: no window was left for the others")
    return not bad and len(verdicts) == wanted


def last_line(verdicts: list[Verdict], total: dict[str, int]) -> str:
    """The line that says how the runs went."""
    hits = sum(verdict.hits for verdict in verdicts)
    recoveries = [each.recovery_s or 0.0 for v in verdicts for each in v.struck if each.hit]
    return (
        f"faults: runs {len(verdicts)}, faults hit {hits}, lost {total['lost']}, unexpected "
        f"{total['unexpected']}, duplicate {total['duplicate']}, crossed visits "
        f"{total['crossed']}, worst recovery {max(recoveries, default=0.0):.1f} s"
    )

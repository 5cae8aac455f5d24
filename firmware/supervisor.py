"""Every device a worker; a worker that ends is followed by the next, after a while.

A lost device is a fact and a log line once, and so is its return. A window without a device that is
not essential goes on without it. While a device is lost it climbs the ladder of firmware.ladder,
and is opened again and again at every rung, for ever at the last.

One thread decides and never waits for a device: opening, ending and mending happen in others.
"""

import logging
import queue
import random
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from pathlib import Path
from threading import Thread

from drivers.registry import start_worker
from firmware.care import Care, Cared, Listener, Running, Target
from firmware.config import Intervals
from firmware.ladder import Rung, remedy, text
from firmware.recovery import RecoveryError, Restorer
from firmware.task import Task
from hal.clock import Clock, rfc3339
from hal.errors import REMEDIES, DeviceError, DeviceLost
from hal.events.facts import DeviceChanged, DeviceRecovery
from hal.events.status import DeviceState, DeviceStatus, Remedy
from hal.interfaces import Role

MEND_S = 30.0
"""A rung whose work has not ended after this is left for the next."""
LOOK_S = 1.0
"""How often a device that can tell is asked whether all of it works."""
_RESTS = 3
"""A daemon or port that was mended is left alone for so many rungs."""
_STOP_S = 2.0
_NS_PER_S = 1e9

_log = logging.getLogger(__name__)


class Supervisor:
    """Runs in a thread of its own between `start` and `stop`."""

    def __init__(
        self,
        devices: Mapping[str, Cared],
        listener: Listener,
        intervals: Intervals,
        restorer: Restorer,
        clock: Clock,
    ) -> None:
        self._care = {name: Care(cared, intervals.rung_s) for name, cared in devices.items()}
        self._listener = listener
        self._intervals = intervals
        self._restorer = restorer
        self._clock = clock
        self._mending: dict[Target, set[str]] = {}
        self._mended_at_s: dict[Target, float] = {}
        self._able: tuple[frozenset[Role], frozenset[str]] = (frozenset(), frozenset())
        # What to do, in the order in which threads asked for it.
        self._acts: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._task = Task("supervisor", self._run)

    def start(self) -> None:
        for name, care in self._care.items():
            self._tell_status(name, "starting", "none", REMEDIES["none"])
            care.begun_at_s = self._now_s()
            self._open(name)
        self._task.start()

    def stop(self) -> None:
        """End all workers, and what is being mended; none of their ends is a loss."""
        self._acts.put(None)
        self._task.join(_STOP_S)
        self._restorer.stop()
        for name, care in self._care.items():
            if care.worker is not None:
                self._end(name, care.worker)

    def missing(self) -> dict[str, DeviceLost]:
        """The devices that are lost now, with the reason."""
        return {name: care.lost for name, care in self._care.items() if care.lost is not None}

    def unheard(self) -> set[str]:
        """The devices that have neither opened nor been lost yet."""
        return {name for name, care in self._care.items() if not care.judged}

    def doubt(self, device: str, lost: DeviceLost) -> None:
        """Somebody who used the device found it lost, while its worker may see nothing of it.

        Returns at once. The worker is ended and the device opened again; if it was lost already,
        or has been opened again since, nothing happens.
        """
        self._acts.put(partial(self._doubted, device, self._care[device].attempt, lost))

    def probe(self, done: Callable[[], None]) -> None:
        """Have `done` called by our thread when its turn comes; returns at once."""
        self._acts.put(done)

    def _run(self) -> None:
        while True:
            try:
                act = self._acts.get(timeout=self._wait_s())
            except queue.Empty:
                pass
            else:
                if act is None:
                    return
                act()
            self._do_what_is_due()
            self._tell_able()

    def _wait_s(self) -> float | None:
        due_s = min((care.due_s() for care in self._care.values()), default=inf)
        return None if due_s == inf else max(0.0, due_s - self._now_s())

    def _do_what_is_due(self) -> None:
        now_s = self._now_s()
        for name, care in self._care.items():
            if care.is_overdue(now_s):
                self._note_lost(name, DeviceLost("it does not open", remedy="reset"))
            if care.retry_at_s is not None and care.retry_at_s <= now_s:
                self._open(name)
            if (rung := care.ladder.climb(now_s)) is not None:
                self._tell_rung(name, rung)
                self._mend(name, rung)
            if care.look_at_s is not None and care.look_at_s <= now_s:
                self._look_for_trouble(name, now_s)

    def _look_for_trouble(self, name: str, now_s: float) -> None:
        """A device that works only in part says so, as a rating pad with a key that is stuck."""
        care = self._care[name]
        care.look_at_s = now_s + LOOK_S
        trouble: DeviceError | None = getattr(care.cared.device, "degraded", None)
        before, care.trouble = care.trouble, trouble
        if (trouble and trouble.cause) == (before and before.cause):
            return
        if trouble is not None:
            _log.warning("device degraded", extra={"device": name, "cause": trouble.cause})
            remedy, cause = trouble.remedy, trouble.cause
            self._tell_status(name, "hardware_error", remedy, REMEDIES[remedy])
            data = DeviceChanged(state="hardware_error", cause=cause, remedy=remedy)
            self._listener.changed(name, "degraded", data)
        elif before is not None:
            _log.info("device whole again", extra={"device": name})
            self._tell_status(name, "online", "none", REMEDIES["none"])
            data = DeviceChanged(state="online", cause=before.cause, remedy="none")
            self._listener.changed(name, "returned", data)

    def _open(self, name: str) -> None:
        care = self._care[name]
        care.retry_at_s = None
        care.attempt += 1
        attempt, listener, acts = care.attempt, self._listener, self._acts
        listener.opening(name)
        care.worker = start_worker(
            care.cared.device,
            lambda observation: listener.observed(name, observation),
            lambda: acts.put(partial(self._opened, name, attempt)),
            lambda lost: acts.put(partial(self._ended, name, attempt, lost)),
        )

    def _end(self, name: str, worker: Running) -> None:
        if not worker.stop(_STOP_S):
            _log.warning("device does not stop", extra={"device": name})

    def _opened(self, name: str, attempt: int) -> None:
        care = self._care[name]
        if attempt != care.attempt:
            return
        now_s = self._now_s()
        was_lost, care.lost = care.lost, None
        care.opened_at_s, care.judged = now_s, True
        care.ladder.regain(now_s)
        care.trouble = None
        care.look_at_s = now_s + LOOK_S if hasattr(care.cared.device, "degraded") else None
        self._tell_status(name, "online", "none", REMEDIES["none"])
        self._listener.opened(name)
        if was_lost is not None:
            _log.info("device returned", extra={"device": name})
            data = DeviceChanged(state="online", cause=was_lost.cause, remedy="none")
            self._listener.changed(name, "returned", data)

    def _ended(self, name: str, attempt: int, lost: DeviceLost) -> None:
        if attempt == self._care[name].attempt:
            self._note_lost(name, lost)
            self._plan(name)

    def _doubted(self, name: str, attempt: int, lost: DeviceLost) -> None:
        care = self._care[name]
        if attempt != care.attempt or care.opened_at_s is None or care.worker is None:
            return
        # Its last words, if it has any, are of a worker that is no more.
        care.attempt += 1
        self._note_lost(name, lost)
        args = (name, care.worker, care.attempt)
        Thread(target=self._end_doubted, args=args, name=f"end-{name}", daemon=True).start()

    def _end_doubted(self, name: str, worker: Running, attempt: int) -> None:
        self._end(name, worker)
        self._acts.put(lambda: self._plan(name) if attempt == self._care[name].attempt else None)

    def _note_lost(self, name: str, lost: DeviceLost) -> None:
        care, now_s = self._care[name], self._now_s()
        if care.opened_at_s is not None and now_s - care.opened_at_s >= self._intervals.rung_s:
            care.failures = 0
        care.opened_at_s, care.judged, care.look_at_s = None, True, None
        first, care.lost = care.lost is None, lost
        if not first:
            return
        entered = care.ladder.lose(now_s)
        state = _state(lost)
        _log.warning("device lost", extra={"device": name, "cause": lost.cause})
        data = DeviceChanged(state=state, cause=lost.cause, remedy=lost.remedy)
        self._listener.changed(name, "lost", data)
        if entered is None:
            self._tell_lost_status(name, care.ladder.rung)
        else:
            self._tell_rung(name, entered)

    def _plan(self, name: str) -> None:
        """When to open it next: full jitter, so that devices lost together return apart."""
        care = self._care[name]
        base_s, cap_s = self._intervals.device_base_s, self._intervals.device_cap_s
        # The cap is reached long before 2^32; a year of failures must not overflow.
        ceiling_s = min(cap_s, base_s * 2 ** min(care.failures, 32))
        care.retry_at_s = self._now_s() + random.uniform(0, ceiling_s)
        care.failures += 1

    def _mend(self, name: str, rung: Rung) -> None:
        """Begin what the rung does, unless it is under way or was done just now for another."""
        care, now_s = self._care[name], self._now_s()
        target = care.target(rung)
        if target is None:
            return
        if (waiting := self._mending.get(target)) is not None:
            waiting.add(name)
            care.ladder.hold(now_s, MEND_S)
        elif now_s - self._mended_at_s.get(target, -inf) >= _RESTS * self._intervals.rung_s:
            self._mending[target] = {name}
            care.ladder.hold(now_s, MEND_S)
            acts = self._acts

            def done(failure: RecoveryError | None) -> None:
                acts.put(partial(self._mended, target, failure))

            if isinstance(target, Path):
                self._restorer.power_cycle(target, done)
            else:
                self._restorer.restart_daemon(target, done)

    def _mended(self, target: Target, failure: RecoveryError | None) -> None:
        now_s = self._mended_at_s[target] = self._now_s()
        waiting = self._mending.pop(target)
        if failure is not None:
            _log.warning("recovery failed", extra={"cause": str(failure)})
        for name in waiting:
            self._care[name].ladder.settle(now_s, done=failure is None)
        for care in self._care.values():
            if failure is None and target in (care.cared.daemon, care.cared.usb_port):
                care.failures = 0
                if care.retry_at_s is not None:
                    care.retry_at_s = now_s

    def _tell_rung(self, name: str, rung: Rung) -> None:
        care = self._care[name]
        if care.lost is None:
            return
        state, cause = _state(care.lost), care.lost.cause
        of_rung = remedy(rung, care.lost.remedy)
        _log.info("device recovery", extra={"device": name, "rung": rung})
        self._tell_lost_status(name, rung)
        data = DeviceRecovery(rung=rung, state=state, cause=cause, remedy=of_rung)
        self._listener.recovering(name, data, *text(care.cared.device.role, rung))

    def _tell_lost_status(self, name: str, rung: Rung) -> None:
        """What people can do is said while we only reopen; later, what we do."""
        care = self._care[name]
        if care.lost is None:
            return
        of_rung = remedy(rung, care.lost.remedy)
        texts = REMEDIES[of_rung] if rung == "reopen" else text(care.cared.device.role, rung)
        self._tell_status(name, _state(care.lost), of_rung, texts)

    def _tell_status(
        self, name: str, state: DeviceState, remedy: Remedy, texts: tuple[str, str]
    ) -> None:
        care, (zh, en) = self._care[name], texts
        if care.state != state:
            care.state, care.since = state, rfc3339(self._clock.now())
        since = care.since
        status = DeviceStatus(state=state, since=since, remedy=remedy, text_zh=zh, text_en=en)
        self._listener.status(name, status)

    def _tell_able(self) -> None:
        care = self._care.items()
        able = (
            frozenset(each.cared.device.role for _, each in care if each.opened_at_s is not None),
            frozenset(name for name, each in care if each.cared.essential and each.lost),
        )
        if able != self._able:
            self._able = able
            self._listener.able(*able)

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / _NS_PER_S


def _state(lost: DeviceLost) -> DeviceState:
    return "no_device" if lost.remedy == "configure" else "offline"

"""Prints as the session sees them: begun, told, or cut off by a power failure. Pure.

That a print was begun is kept together with its order's id, before the printer hears of it: after
a restart the order is not carried out again, and the fate of the print is `unknown`.
"""

from dataclasses import dataclass, replace

from firmware.printing import Job, Printed
from firmware.session import Begun, Happened, Outcome, State
from hal.events.facts import Data, OrderDone, OrderRefused, SlipPrinted
from hal.interfaces import PrintVerdict

_SLIP = "slip"


@dataclass(frozen=True)
class Interrupted:
    """The terminal starts, and prints were under way when it ended."""


def begun(state: State, job: Job) -> Outcome:
    """The print is under way from now on."""
    wish = job.wish.wish
    one = Begun(job.order, job.device, wish.slip, wish.kind, job.wish.visit)
    return Outcome(replace(state, prints=(*state.prints, one)))


def nowhere(job: Job) -> Printed:
    """What becomes of a print where there is no printer."""
    return Printed(job, "failed", 0, "this window has no printer")


def ended(state: State, event: Printed | Interrupted) -> Outcome:
    """What became of a print, and the answer to its order.

    Of all that was under way when the terminal ended nobody knows the fate.
    """
    if isinstance(event, Interrupted):
        facts = tuple(fact for one in state.prints for fact in _facts(one, "unknown", 0, ""))
        return Outcome(replace(state, prints=()), facts)
    one = next((each for each in state.prints if each.order == event.job.order), None)
    if one is None:
        return Outcome(state)
    left = tuple(each for each in state.prints if each is not one)
    facts = _facts(one, event.verdict, event.copies, event.refusal)
    return Outcome(replace(state, prints=left), facts)


def _facts(one: Begun, verdict: PrintVerdict, copies: int, refusal: str) -> tuple[Happened, ...]:
    printed = SlipPrinted(slip=one.slip, kind=one.kind, copies=copies, verdict=verdict)
    answer: Data = OrderDone(order=one.order, result={"verdict": verdict})
    if verdict == "failed":
        answer = OrderRefused(order=one.order, reason="unavailable", detail=refusal)
    name = "refused" if verdict == "failed" else "done"
    return (
        Happened(one.device, _SLIP, "printed", printed, one.visit),
        Happened(one.device, "order", name, answer, one.visit),
    )

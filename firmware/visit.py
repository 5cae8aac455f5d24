"""What people, devices, orders and time do to the session. Pure: the moment is passed in.

A fact belongs to the visit that is open when it happens, or to nobody; no later visit gets it.
"""

from dataclasses import replace

import msgspec

from firmware import people, surroundings
from firmware.session import (
    READER_AWAY_S,
    REPLACE_S,
    Asking,
    ConfirmLevel,
    Explain,
    Happened,
    Inside,
    Outcome,
    Rated,
    Sign,
    State,
    Visit,
    Wink,
    ended,
    expired,
    unread,
)
from hal.events.facts import (
    CardPresented,
    CardRead,
    CardRemoved,
    Data,
    DocumentCaptured,
    IdentityRead,
    KeyPressed,
    Party,
    RatingGiven,
    VisitClosed,
)
from hal.interfaces import (
    CardInserted,
    CardTaken,
    CodeRead,
    IdentityCardRead,
    KeyDown,
    LevelPressed,
    Observation,
    SocialSecurityCardRead,
    Unreadable,
)
from hal.same_person import Bearer, bearer

READER_BACK_S = 5.0
"""A reader that works again tells within this time of a card that lies in it."""
GOOD = "good"


def observe(state: State, device: str, seen: Observation, now_s: float) -> Outcome:
    """A person did something at `device`. With a full disk nothing new is taken in: red answers.

    That a card goes in or out is true all the same, and a press that was asked for is let in.
    """
    match seen:
        case CardInserted():
            return _inserted(state, device, seen, now_s)
        case CardTaken(slot=slot):
            return _taken(state, device, slot, now_s)
        case LevelPressed():
            return _pressed(state, device, seen, now_s)
        case KeyDown(key=key, raw_key=raw_key):
            pressed = KeyPressed(key=key, raw_key=raw_key)
            fact = Happened(device, "key", "pressed", pressed, state.visit_id)
            return Outcome(state, (fact,), (Wink("yellow"),))
        case Unreadable(error=error):
            return Outcome(state, signs=(Wink("red"), Explain(error.words[0])))
    if state.around.disk_full:
        return Outcome(state, signs=(Wink("red"),))
    match seen:
        case IdentityCardRead(data=data):
            return _read(state, device, data, bearer(data), now_s)
        case SocialSecurityCardRead(data=card):
            return _read(state, device, card, bearer(card), now_s)
        case CodeRead(data=code):
            return _bound(state, device, "code", "scanned", code, now_s, Wink("yellow"))


def _bound(
    state: State, device: str, role: str, name: str, data: Data, now_s: float, *signs: Sign
) -> Outcome:
    """A fact of the open visit, or of nobody."""
    fact = Happened(device, role, name, data, state.visit_id)
    return Outcome(_touched(state, now_s, served=True), (fact,), signs)


def _touched(state: State, now_s: float, *, served: bool = False) -> State:
    visit = state.visit
    if visit is None:
        return state
    return replace(state, visit=replace(visit, served=visit.served or served, touched_s=now_s))


def _inserted(state: State, device: str, seen: CardInserted, now_s: float) -> Outcome:
    here = Inside(device, seen.slot)
    inside = state.inside if here in state.inside else (*state.inside, here)
    data = CardPresented(slot=seen.slot, atr_family=seen.atr_family)
    after = replace(state, inside=inside, unsure_s=None)
    return _bound(after, device, "card", "presented", data, now_s)


def _taken(state: State, device: str, slot: str, now_s: float) -> Outcome:
    """Nothing is served by taking a card away; a card left behind is left no more.

    A reader says so also when it opens and is empty: then mostly nobody took anything.
    """
    if Inside(device, slot) not in state.inside:
        return Outcome(state)
    inside = tuple(each for each in state.inside if each != Inside(device, slot))
    after = replace(
        state,
        inside=inside,
        left=state.left and bool(inside),
        unsure_s=state.unsure_s if inside else None,
    )
    fact = Happened(device, "card", "removed", CardRemoved(slot=slot), state.visit_id)
    return Outcome(_touched(after, now_s), (fact,))


def _read(
    state: State, device: str, data: CardRead | IdentityRead, who: Bearer, now_s: float
) -> Outcome:
    """A document was read: kept, and told at once when no party of the visit bears it."""
    role = "card" if isinstance(data, CardRead) else "identity"
    if state.visit is None:
        return _bound(state, device, role, "read", data, now_s, Wink("green"))
    reading = people.read(state.visit.people, who)
    if reading.party is not None:
        data = msgspec.structs.replace(data, party=reading.party)
    after = replace(state, visit=replace(state.visit, people=reading.people))
    sign = Wink("red" if reading.differs else "green")
    return _bound(after, device, role, "read", data, now_s, sign)


def _pressed(state: State, device: str, seen: LevelPressed, now_s: float) -> Outcome:
    """A press counts while it is asked for, and replaces another within its time."""
    visit = state.visit
    asked = None if visit is None else visit.rating
    if visit is None or asked is None:
        return Outcome(state, signs=(Wink("red"),))
    if isinstance(asked, Rated) and now_s >= asked.until_s:
        over = replace(state, visit=replace(visit, rating=None))
        return Outcome(over, signs=(Wink("red"),))
    given = RatingGiven(
        request=asked.request,
        level=seen.level,
        raw_key=seen.raw_key,
        latency_ms=max(0, round((now_s - asked.since_s) * 1000)),
        replaces=asked.level if isinstance(asked, Rated) else None,
    )
    rated = Rated(asked.request, seen.level, asked.since_s, now_s + REPLACE_S)
    after = replace(
        state, visit=replace(visit, rating=rated, rated=True, served=True, touched_s=now_s)
    )
    fact = Happened(device, "rating", "given", given, visit.id)
    return Outcome(after, (fact,), (ConfirmLevel(seen.level),))


def photographed(
    state: State, device: str, visit: str, document: DocumentCaptured, now_s: float
) -> Outcome:
    """A page was taken for `visit`. If that is over meanwhile, the page belongs to nobody.

    What lies under the camera then may be the next citizen's.
    """
    verdict = document.pages[0].verdict
    sign = Wink("yellow" if verdict == GOOD else "red")
    fact = Happened(device, "document", "captured", document, None)
    open_visit = state.visit
    if open_visit is None or open_visit.id != visit:
        return Outcome(state, (fact,), (Wink("red"),))
    after = state
    if verdict == GOOD:
        document, counted = _numbered(document, open_visit)
        after = replace(state, visit=counted)
    return replace(_bound(after, device, "document", "captured", document, now_s), signs=(sign,))


def _numbered(document: DocumentCaptured, visit: Visit) -> tuple[DocumentCaptured, Visit]:
    """A good page gets its number in its document; the visit counts it."""
    pages = dict(visit.documents)
    number = pages[document.document] = pages.get(document.document, 0) + 1
    numbered = [msgspec.structs.replace(page, page=number) for page in document.pages]
    counted = replace(visit, pages=visit.pages + 1, documents=tuple(pages.items()))
    return msgspec.structs.replace(document, pages=numbered), counted


def accept(state: State, visit: Visit, party: Party, now_s: float) -> State:
    """The one stranger of the open visit gets this role; the caller has looked."""
    accepted = people.accept(visit.people, party)
    return replace(state, visit=replace(visit, people=accepted, touched_s=now_s))


def notice(state: State, change: surroundings.Change, now_s: float) -> State:
    """The surroundings changed. A reader that comes or goes makes a card inside uncertain."""
    before, now = state.around, surroundings.after(state.around, change)
    unsure_s = state.unsure_s
    if state.inside and ("card" in before.able) != ("card" in now.able):
        unsure_s = now_s + (READER_BACK_S if "card" in now.able else READER_AWAY_S)
    return replace(state, around=now, unsure_s=unsure_s)


def due_s(state: State, idle_s: float) -> float | None:
    """When `elapse` wants to be called, None if nothing runs. `idle_s`: of a local visit."""
    due = [] if state.unsure_s is None else [state.unsure_s]
    visit = state.visit
    if visit is not None:
        match visit.rating:
            case Asking(since_s=since_s, timeout_s=timeout_s):
                due.append(since_s + timeout_s)
            case Rated(until_s=until_s):
                due.append(until_s)
            case None:
                pass
        if visit.reading is not None:
            due.append(visit.reading.until_s)
        if visit.local:
            due.append(visit.touched_s + idle_s)
    return min(due, default=None)


def believed(state: State, device: str, seen: Observation, now_s: float) -> State:
    """A card is in or out, whether that could be kept or not; no window waits for a ghost."""
    if not isinstance(seen, CardInserted | CardTaken):
        return state
    now = observe(state, device, seen, now_s).state
    return replace(state, inside=now.inside, left=now.left, unsure_s=now.unsure_s)


def _presumed_taken(state: State) -> Outcome:
    """Nobody hears of the cards inside any more: the centre, too, must not wait for them."""
    facts = tuple(
        Happened(each.device, "card", "removed", CardRemoved(slot=each.slot), state.visit_id)
        for each in state.inside
    )
    return Outcome(replace(state, inside=(), left=False, unsure_s=None), facts)


def elapse(state: State, pad: str, now_s: float, idle_s: float) -> Outcome:
    """Time went by: an unanswered request expires (未评价), an untouched local visit closes.

    A card of which the reader has not spoken again counts as taken. `pad` is the rating pad.
    """
    if state.unsure_s is not None and now_s >= state.unsure_s:
        return _presumed_taken(state)
    visit = state.visit
    if visit is None:
        return Outcome(state)
    if visit.local and now_s >= visit.touched_s + idle_s:
        closed = Happened("visit", "visit", "closed", VisitClosed(reason="idle"), visit.id)
        return ended(state, pad, closed)
    if visit.reading is not None and now_s >= visit.reading.until_s:
        after = replace(state, visit=replace(visit, reading=None))
        return Outcome(after, unread(visit, "no_answer"))
    match visit.rating:
        case Asking(since_s=since_s, timeout_s=timeout_s) if now_s >= since_s + timeout_s:
            after = replace(state, visit=replace(visit, rating=None))
            return Outcome(after, expired(visit, pad))
        case Rated(until_s=until_s) if now_s >= until_s:
            return Outcome(replace(state, visit=replace(visit, rating=None)))
    return Outcome(state)

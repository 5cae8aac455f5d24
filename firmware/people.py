"""Whose documents were read in a visit, and who of them has a role in it. In memory only.

The first person is a party of the visit as he is. A document unlike those of all parties is a
stranger's (证卡不一致): it binds nothing until somebody chooses a role for the stranger.
"""

from dataclasses import dataclass, field, replace
from itertools import combinations

from hal.events.facts import Party
from hal.same_person import Bearer, compare, difference

REMEMBERED_STRANGERS = 8


@dataclass(frozen=True)
class Person:
    """One person, by the documents that agree. `party` None: nobody chose a role."""

    bearers: tuple[Bearer, ...] = field(repr=False)
    party: Party | None = None

    @property
    def by_prefix(self) -> bool:
        """Whether two of the documents agree only as far as a cut name goes."""
        return any(compare(*pair) == "prefix" for pair in combinations(self.bearers, 2))

    def fits(self, bearer: Bearer) -> bool:
        """Whether no document of this person contradicts `bearer`."""
        return all(difference(bearer, known) is None for known in self.bearers)

    def with_document(self, bearer: Bearer) -> "Person":
        if bearer in self.bearers:
            return self
        return replace(self, bearers=(*self.bearers, bearer))


@dataclass(frozen=True)
class People:
    """`known` are parties of the visit, `strangers` wait for a role, newest last."""

    known: tuple[Person, ...] = ()
    strangers: tuple[Person, ...] = ()

    @property
    def by_prefix(self) -> bool:
        """Whether a name matched by its beginning only: somebody should look at both cards."""
        return any(person.by_prefix for person in self.known)


@dataclass(frozen=True)
class Reading:
    """What a document changes. `party`: the role to write beside it. `differs`: a stranger's."""

    people: People
    party: Party | None = None
    differs: bool = False


def read(people: People, bearer: Bearer) -> Reading:
    """A document was read. One that tells neither name nor number says nothing of anybody."""
    if not (bearer.name or bearer.number):
        return Reading(people)
    fitting = [person for person in people.known if person.fits(bearer)]
    if len(fitting) == 1:
        return _known(people, fitting[0], bearer)
    if fitting:
        return Reading(people)
    if not people.known:
        return Reading(replace(people, known=(Person((bearer,)),)))
    return Reading(replace(people, strangers=_strangers(people, bearer)), differs=True)


def _known(people: People, person: Person, bearer: Bearer) -> Reading:
    if any(stranger.fits(bearer) for stranger in people.strangers):
        # A name alone that two people bear: it may be either's, so it gets nobody's role.
        return Reading(people)
    fuller = person.with_document(bearer)
    known = tuple(fuller if each is person else each for each in people.known)
    return Reading(replace(people, known=known), person.party)


def _strangers(people: People, bearer: Bearer) -> tuple[Person, ...]:
    """A stranger whose document is laid again is the one that is meant: he waits alone."""
    for stranger in people.strangers:
        if stranger.fits(bearer):
            return (stranger.with_document(bearer),)
    return (*people.strangers, Person((bearer,)))[-REMEMBERED_STRANGERS:]


def accept(people: People, party: Party) -> People:
    """The one stranger has this role from now on. There must be exactly one."""
    (stranger,) = people.strangers
    return People((*people.known, replace(stranger, party=party)))

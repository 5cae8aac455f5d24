"""Social-security cards that answer anything: every reading ends, in data or in a typed error.

ONEWINDOW_FUZZ_APDUS says how many answers are mutated (5,000); `make nightly` takes 100,000.
"""

import os
from collections.abc import Callable

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hal.codecs.gb18030 import is_text
from hal.codecs.social_security_card import MAX_STEPS, read_card
from hal.errors import DeviceError
from hal.events.facts import CardRead
from sim.card import EXAMPLE
from sim.card_person import VERSIONS, card_of
from sim.twins.card import Chip

ANSWERS = int(os.environ.get("ONEWINDOW_FUZZ_APDUS", "5000"))
AN_EXAMPLE = 20  # mutated answers in one, each in a reading of its own
RECORDS = 13
MOST_COMMANDS = MAX_STEPS * (RECORDS + 6)  # with both files selected, and the last look
MOST_BYTES = 4096  # of a fact in JSON
READING = {0xA4, 0xB2, 0xC0}
LONG = msgspec.structs.replace(EXAMPLE, name="阿卜杜拉\u00b7示例\u00b7样本\u00b7虚构\u00b7拟山")
Mutate = Callable[[bytes], bytes]

status_words = st.sampled_from(
    ["9000", "6100", "61FF", "6C00", "6C05", "6982", "6A82", "6A83", "6A86", "63C2", "6F00"]
).map(bytes.fromhex) | st.binary(min_size=2, max_size=2)


def _flip(at: int, mask: int) -> Mutate:
    def mutate(answer: bytes) -> bytes:
        place = at % len(answer)
        return answer[:place] + bytes((answer[place] ^ mask,)) + answer[place + 1 :]

    return mutate


def _repair(body: bytes) -> Mutate:
    """Another value, in a record whose tag, length and status are right."""

    def mutate(answer: bytes) -> bytes:
        value = body[: max(0, len(answer) - 4)]
        return answer[:1] + bytes((len(value),)) + value + b"\x90\x00"

    return mutate


broken = st.one_of(
    st.builds(_flip, st.integers(0, 300), st.integers(1, 255)),
    st.integers(0, 40).map(lambda size: lambda answer: answer[:size]),
    st.binary(max_size=300).map(lambda more: lambda answer: answer + more),
    st.binary(max_size=300).map(lambda body: lambda answer: body),
    status_words.map(lambda status: lambda answer: answer[:-2] + status),
    st.just(lambda answer: bytes(60_000)),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
    lambda text: text.encode("gb18030")
)
repaired = (st.binary(max_size=60) | texts).map(_repair)
mutations = st.lists(
    st.tuples(st.integers(0, RECORDS + 1), st.booleans(), broken, repaired),
    min_size=AN_EXAMPLE,
    max_size=AN_EXAMPLE,
)
chips = st.builds(
    lambda person, version, transfer, padded, short: msgspec.structs.replace(
        card_of(person, version), transfer=transfer, padded=padded, short_identifiers=short
    ),
    st.sampled_from([EXAMPLE, LONG]),
    st.sampled_from(VERSIONS),
    st.sampled_from(["whole", "fetch"]),
    st.booleans(),
    st.booleans(),
).map(Chip)


def _read(chip: Chip, at: int, mutate: Mutate, *, on: bool) -> CardRead | DeviceError:
    """One reading in which answer `at` is another; with `on`, all that come after it, too."""
    heard: list[bytes] = []

    def exchange(command: bytes) -> bytes:
        heard.append(command)
        assert len(heard) <= MOST_COMMANDS
        answer = chip.answer(command)
        number = len(heard) - 1
        return mutate(answer) if number == at or (on and number > at) else answer

    chip.reset()
    try:
        return read_card(exchange)
    except DeviceError as error:
        return error
    finally:
        assert {command[1] for command in heard} <= READING


def _check(outcome: CardRead | DeviceError, chip: Chip) -> None:
    if isinstance(outcome, DeviceError):
        personal = (chip.card.number, chip.card.name, chip.card.card_number)
        assert not any(secret in outcome.cause for secret in personal)
        assert outcome.__context__ is None or outcome.__suppress_context__
        return
    body = msgspec.json.encode(outcome)
    assert len(body) < MOST_BYTES
    assert msgspec.json.decode(body, type=CardRead) == outcome
    assert is_text(outcome.name or "")
    assert is_text(outcome.name_extension or "")


@settings(
    max_examples=max(1, ANSWERS // AN_EXAMPLE),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(chips, mutations, st.booleans())
def test_no_answer_harms_the_reader(
    chip: Chip, drawn: list[tuple[int, bool, Mutate, Mutate]], on: bool
) -> None:
    """Half of the answers are broken, half well-formed with another value in them."""
    for at, is_repaired, break_it, repair_it in drawn:
        _check(_read(chip, at, repair_it if is_repaired else break_it, on=on), chip)
    assert chip.verified == 0

"""The card reader, against cards in a pcscd of its own.

With ONEWINDOW_HARDWARE_CARD set to the PC/SC name of a real reader, the tests that take a `bench`
run on that one as well, and ask whoever runs them to move cards and cables.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest

from hal.errors import DeviceError, DeviceRefused, WireError
from hal.events.facts import CardRead, IdentityRead
from hal.interfaces import CardInserted, CardTaken, SocialSecurityCardRead, Unreadable
from hal.same_person import bearer, compare
from sim.card import EXAMPLE
from sim.card_person import VERSIONS, card_of
from sim.pcscd import Pcscd
from sim.twins.card import FAULTS, HARMLESS, Fault

Run = Callable[[str, dict[str, object]], Any]
CARD = card_of(EXAMPLE)
OTHER = msgspec.structs.replace(CARD, name="甄\u00b7虚构", card_number="B00000002")
LONG_NAME = "阿卜杜拉\u00b7示例\u00b7样本\u00b7虚构\u00b7拟山"
WAIT_S = 10.0
BY_HAND_S = 60.0
OPEN_S = 2.0
SELECT_AND_TWO = 3  # commands after which a card is in the middle of being read
HOSTILE = [fault for fault in FAULTS if fault not in HARMLESS]


@pytest.fixture(scope="module")
def _namespaces() -> None:
    probe = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("the kernel does not permit mount and network namespaces here")


@pytest.fixture
def pcscd(_namespaces: None, tmp_path: Path) -> Iterator[Pcscd]:
    made = Pcscd(tmp_path / "pcscd", ["Sim Card W01", "Sim Card W02"])
    made.start()
    yield made
    made.stop()


class TwinBench:
    """A reader without hardware."""

    wait_s = WAIT_S

    def __init__(self, pcscd: Pcscd) -> None:
        self.pcscd = pcscd
        self.reader = pcscd.reader(0)
        self.table: dict[str, object] = {"reader": self.reader, "socket": str(pcscd.socket)}

    def lay(self) -> None:
        self.pcscd.lay(0, CARD)

    def withdraw(self) -> None:
        self.pcscd.withdraw(0)

    def unplug(self) -> None:
        self.pcscd.unplug(0)

    def plug(self) -> None:
        self.pcscd.plug(0)


class HardwareBench:
    """A real reader, and somebody beside it."""

    wait_s = BY_HAND_S

    def __init__(self, reader: str, say: Callable[[str], None]) -> None:
        self.reader = reader
        self.table: dict[str, object] = {"reader": reader}
        self._say = say

    def lay(self) -> None:
        self._say("put a social-security card into the reader")

    def withdraw(self) -> None:
        self._say("take the card out")

    def unplug(self) -> None:
        self._say("pull the reader's cable")

    def plug(self) -> None:
        self._say("connect the reader again")


Bench = TwinBench | HardwareBench


@pytest.fixture(params=["twin", "hardware"])
def bench(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Bench:
    if request.param == "twin":
        return TwinBench(request.getfixturevalue("pcscd"))
    reader = os.environ.get("ONEWINDOW_HARDWARE_CARD")
    if reader is None:
        pytest.skip("no card reader: ONEWINDOW_HARDWARE_CARD does not name one")

    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n>>> {text} (within {BY_HAND_S:.0f} s)")

    return HardwareBench(reader, say)


def reader_of(run: Run, pcscd: Pcscd, index: int = 0) -> Any:
    table: dict[str, object] = {"reader": pcscd.reader(index), "socket": str(pcscd.socket)}
    return run("card_pcsc", table)


@pytest.fixture
def reader(run: Run, pcscd: Pcscd) -> Any:
    return reader_of(run, pcscd).started()


def coming(reader: Any, wait_s: float = WAIT_S) -> Any:
    """What is said next, but for the word of a reader that has opened with an empty slot."""
    said = reader.reports.get(timeout=wait_s)
    return reader.reports.get(timeout=wait_s) if isinstance(said, CardTaken) else said


def card_read(reader: Any, wait_s: float = WAIT_S) -> CardRead:
    """What is on the card that comes next, which must be told of first."""
    assert isinstance(coming(reader, wait_s), CardInserted)
    observation = reader.next()
    assert isinstance(observation, SocialSecurityCardRead)
    return observation.data


def take_out(bench: Bench, device: Any) -> None:
    bench.withdraw()
    assert device.reports.get(timeout=bench.wait_s) == CardTaken(bench.reader)


def opened_again(device: Any, wait_s: float) -> None:
    """Open it as the supervisor does, again and again, until it is there."""
    deadline_s = monotonic() + wait_s
    while not device.start().opened.wait(OPEN_S):
        device.lost()
        assert monotonic() < deadline_s


def name_read(reader: Any) -> str | None:
    return card_read(reader).name


def complaint(reader: Any) -> DeviceError:
    """What is said of the card that comes next, which must be told of first."""
    assert isinstance(coming(reader), CardInserted)
    observation = reader.next()
    assert isinstance(observation, Unreadable)
    return observation.error


def test_a_card_already_inside_is_read(run: Run, bench: Bench) -> None:
    """Somebody may have been quicker than the terminal."""
    bench.lay()
    device = run("card_pcsc", bench.table).started()
    assert card_read(device, bench.wait_s).scheme == "social_security"
    take_out(bench, device)


def test_an_empty_slot_is_told_at_the_start(run: Run, bench: Bench) -> None:
    """A card may have been taken out while nobody looked; the window must not wait for it."""
    device = run("card_pcsc", bench.table).started()
    assert device.next() == CardTaken(bench.reader)


def test_cards_come_and_go(run: Run, bench: Bench) -> None:
    """Each insertion is read, each removal told, in their order."""
    device = run("card_pcsc", bench.table).started()
    for _ in range(2):
        bench.lay()
        assert card_read(device, bench.wait_s).card_number
        take_out(bench, device)


def test_an_unplugged_reader_is_a_loss_and_its_return_a_return(run: Run, bench: Bench) -> None:
    """While it is away somebody must look at it; back, it reads the next card."""
    device = run("card_pcsc", bench.table).started()
    bench.unplug()
    device.ends.get(timeout=bench.wait_s)
    assert device.start().lost().remedy == "maintain"
    bench.plug()
    opened_again(device, bench.wait_s)
    bench.lay()
    assert card_read(device, bench.wait_s).card_number
    take_out(bench, device)


def test_an_unknown_reader_is_a_loss(run: Run, bench: Bench) -> None:
    """A name that pcscd does not know: somebody must look at the reader."""
    device = run("card_pcsc", {**bench.table, "reader": "Other 00 00"})
    assert device.start().lost().cause == "the card reader is not there"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "changes",
    [{}, {"transfer": "fetch"}, {"padded": False}, {"short_identifiers": False}],
    ids=["whole", "fetched", "other lengths", "files selected"],
)
def test_a_whole_card_is_read(
    pcscd: Pcscd, reader: Any, version: str, changes: dict[str, Any]
) -> None:
    """Every field of every generation arrives, and the holder's tries are untouched."""
    pcscd.lay(0, msgspec.structs.replace(OTHER, version=version, **changes))
    assert reader.next() == CardInserted("Sim Card W01 00 00", "social_security")
    read = reader.next().data
    assert (read.name, read.social_security_number) == ("甄\u00b7虚构", EXAMPLE.number)
    assert (read.card_number, read.generation, read.sex) == (
        "B00000002",
        version[0],
        EXAMPLE.sex,
    )
    assert (read.birth_date, read.valid_until) == ("1949-12-31", "2030-01-01")
    assert read.withheld == []
    assert pcscd.verified(0) == 0


@pytest.mark.parametrize(
    ("version", "found"), [("1.00", "prefix"), ("2.00", "agree"), ("3.00", "agree")]
)
def test_a_long_name_is_that_of_the_identity_card(
    pcscd: Pcscd, reader: Any, version: str, found: str
) -> None:
    """By its extension where the card has one, and by its beginning, with a warning, otherwise."""
    person = msgspec.structs.replace(EXAMPLE, name=LONG_NAME)
    identity = IdentityRead(document="resident", name=LONG_NAME, number=EXAMPLE.number)
    pcscd.lay(0, card_of(person, version))
    assert compare(bearer(identity), bearer(card_read(reader))) == found


def test_a_rare_name_is_read(pcscd: Pcscd, reader: Any) -> None:
    """By a code that moved in GB 18030-2022, beside a character that somebody made for himself."""
    pcscd.lay(0, msgspec.structs.replace(CARD, values={"09": "BCD6FE59AAA1" + "00" * 24}))
    assert name_read(reader) == "贾\u9fb4\ue000"


def test_what_needs_a_key_is_withheld(pcscd: Pcscd, reader: Any) -> None:
    """A card of the third generation may refuse records; the others are read."""
    pcscd.lay(0, msgspec.structs.replace(CARD, version="3.00", withheld=("08", "0D")))
    read = card_read(reader)
    assert (read.generation, read.withheld, read.name) == ("3", ["08", "0D"], CARD.name)


def test_windows_do_not_hear_each_other(run: Run, pcscd: Pcscd, reader: Any) -> None:
    """Two readers of one pcscd read two people."""
    second = reader_of(run, pcscd, 1).started()
    pcscd.lay(1, OTHER)
    assert name_read(second) == OTHER.name
    pcscd.lay(0, CARD)
    assert name_read(reader) == CARD.name
    assert second.reports.empty()


@pytest.mark.parametrize("fault", sorted(HARMLESS))
def test_a_slow_line_is_waited_for(pcscd: Pcscd, reader: Any, fault: Fault) -> None:
    """Answers that come late or byte by byte are answers."""
    pcscd.lay(0, OTHER, fault)
    assert name_read(reader) == OTHER.name


@pytest.mark.parametrize("fault", HOSTILE)
def test_a_hostile_card_does_no_harm(pcscd: Pcscd, reader: Any, fault: Fault) -> None:
    """Its owner is told once, its removal too, and the next card is read."""
    pcscd.lay(0, CARD, fault, SELECT_AND_TWO)
    presented = fault != "mute"  # nothing but the complaint is told of that one
    error = complaint(reader) if presented else reader.next().error
    assert isinstance(error, WireError)
    assert error.remedy in ("clear", "replace")
    pcscd.withdraw(0)
    if presented:
        assert isinstance(reader.next(), CardTaken)
    pcscd.lay(0, OTHER)
    assert name_read(reader) == OTHER.name


@pytest.mark.parametrize("after", [0, 1, 8])
def test_a_card_may_be_torn_out_at_any_command(pcscd: Pcscd, reader: Any, after: int) -> None:
    """At the selection, between the records, and in the second file."""
    pcscd.lay(0, CARD, "withdraw", after)
    assert isinstance(complaint(reader), WireError)
    assert isinstance(reader.next(), CardTaken)


def test_another_application_is_refused(pcscd: Pcscd, reader: Any) -> None:
    """A card that is none of ours answers 6A82, and its owner is told to take another."""
    pcscd.lay(0, msgspec.structs.replace(CARD, application="6A82"))
    error = complaint(reader)
    assert isinstance(error, DeviceRefused)
    assert error.code == 0x6A82


def test_a_dead_pcscd_is_a_loss_and_its_return_a_return(pcscd: Pcscd, reader: Any) -> None:
    """One loss; opened again after the restart, it reads the card that still lies there."""
    pcscd.lay(0, CARD)
    assert name_read(reader) == CARD.name
    pcscd.kill_daemon()
    assert reader.lost().remedy in ("reset", "configure")  # as far as it came with asking polkit
    pcscd.start_daemon()
    assert name_read(reader.started()) == CARD.name


def test_a_pcscd_that_dies_while_a_card_hangs_is_a_loss(pcscd: Pcscd, reader: Any) -> None:
    """The card is not blamed for it."""
    pcscd.lay(0, CARD, "hang")
    assert isinstance(reader.next(), CardInserted)
    pcscd.kill_daemon()
    assert reader.lost().remedy in ("reset", "configure")
    assert reader.reports.empty()


@pytest.mark.parametrize("fault", [None, "hang"])
def test_a_frozen_pcscd_is_a_loss_and_its_waking_a_return(
    pcscd: Pcscd, reader: Any, fault: Fault | None
) -> None:
    """It takes connections and answers nothing. A card in the middle is not blamed for it."""
    pcscd.lay(0, CARD, fault)
    assert isinstance(reader.next(), CardInserted)
    if fault is None:
        assert isinstance(reader.next(), SocialSecurityCardRead)
    pcscd.freeze_daemon()
    assert reader.lost().cause == "pcscd does not answer"
    assert reader.reports.empty()
    pcscd.resume_daemon()
    reader.started()


def test_a_restarted_pcscd_is_a_loss_and_a_return(pcscd: Pcscd, reader: Any) -> None:
    """Also of one that was frozen, as its service manager restarts it."""
    for freeze in (False, True):
        if freeze:
            pcscd.freeze_daemon()
        pcscd.restart_daemon()
        assert reader.lost().remedy in ("reset", "configure")
        reader.started()
    pcscd.lay(0, CARD)
    assert name_read(reader) == CARD.name


def test_no_pcscd_is_a_loss(run: Run, tmp_path: Path) -> None:
    """Without its daemon the reader cannot be opened."""
    table: dict[str, object] = {"reader": "None", "socket": str(tmp_path / "none")}
    assert run("card_pcsc", table).start().lost().remedy == "reset"


def test_the_card_process_ends_with_its_parent(pcscd: Pcscd) -> None:
    """Even while a card holds it: no process is left behind that keeps the reader."""
    pcscd.lay(0, CARD, "hang")
    command = [sys.executable, "-m", "drivers.card_pcsc_child", pcscd.reader(0)]
    where = {**os.environ, "PCSCLITE_CSOCK_NAME": str(pcscd.socket)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=where
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        for line in child.stdout:
            if b"Inserted" in line:
                break
        child.stdin.close()
        try:
            assert child.wait(WAIT_S) == 0
        finally:
            child.kill()
